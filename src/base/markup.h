// Text for HTML and XML.
#pragma once

#include <string>
#include <string_view>

namespace carrel {

// As text or as a quoted attribute: what a terminal would not show is escaped as for one, its lines kept, and
// &, <, > and both quotes are entities.
std::string escape_for_markup(std::string_view text);

}  // namespace carrel
