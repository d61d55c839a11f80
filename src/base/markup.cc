#include "base/markup.h"

#include "base/text.h"

namespace carrel {

std::string escape_for_markup(std::string_view text) {
  std::string out;
  for (const char c : escape_for_terminal(text, true)) {
    switch (c) {
      case '&':
        out += "&amp;";
        break;
      case '<':
        out += "&lt;";
        break;
      case '>':
        out += "&gt;";
        break;
      case '"':
        out += "&quot;";
        break;
      case '\'':
        out += "&#39;";
        break;
      default:
        out += c;
    }
  }
  return out;
}

}  // namespace carrel
