#include "host/http/message.h"

namespace carrel {

std::optional<std::string> HttpRequest::header(std::string_view name) const {
  const std::string key(name);
  if (headers.count(key) != 1) return std::nullopt;
  return headers.find(key)->second;
}

}  // namespace carrel
