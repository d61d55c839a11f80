#include "room/evidence/log_store.h"

#include <algorithm>
#include <string_view>

namespace carrel {

std::string workload_of(const TextFile& file) {
  if (file.pod.empty()) return file.path;
  std::string name = file.pod;
  for (int round = 0; round < 2; ++round) {
    const std::size_t dash = name.rfind('-');
    if (dash == std::string::npos) break;
    const std::string_view ending = std::string_view(name).substr(dash + 1);
    const bool generated =
        ending.size() >= 5 && ending.size() <= 10 &&
        std::all_of(ending.begin(), ending.end(),
                    [](char c) { return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9'); }) &&
        (ending.find_first_of("0123456789") != std::string_view::npos ||
         ending.find_first_of("aeiou") == std::string_view::npos);
    if (!generated) break;
    name.resize(dash);
  }
  return file.space + "/" + name + "/" + file.container;
}

}  // namespace carrel
