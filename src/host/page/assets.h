// What is built into the program: the page (web/, bundled when the program is built) and the contract.
#pragma once

#include <string_view>

namespace carrel {

struct Asset {
  const char* path;  // as it is asked for
  const char* type;
  std::string_view bytes;
};

// Null where there is none of this path. "/api/v1/openapi.yaml" is one.
const Asset* find_asset(std::string_view path);

}  // namespace carrel
