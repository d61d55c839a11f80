// --encrypt-to and --sign, for every command that delivers a bundle.
#pragma once

#include <string>
#include <vector>

#include "base/result.h"
#include "collect/out/delivery.h"

namespace CLI {
class App;
}

namespace carrel {

struct DeliveryOptions {
  std::vector<std::string> recipients;  // files of public keys
  std::string sign;                     // the file of a secret key; empty: not signed
};

void add_delivery_options(CLI::App* command, DeliveryOptions* options);

// Reads the keys. Errors: a file that is no such key, too many recipients.
Result<Delivery> read_delivery(const DeliveryOptions& options);

}  // namespace carrel
