// Names that a question says in words: "invoices are not sent by mail" means invoice-mailer.
#pragma once

#include <string>

#include "room/inventory/inventory.h"

namespace carrel {

// The workload whose name consists of words of the question, two or more beside everyday ones ("api",
// "worker"), where it is the only one and the question names none as it is written; empty: there is none.
std::string workload_in_words(const Inventory& inventory, const std::string& question);

}  // namespace carrel
