#include "base/edit_distance.h"

#include <algorithm>
#include <vector>

namespace carrel {

constexpr std::size_t longest_compared = 253;

std::size_t edit_distance(std::string_view a, std::string_view b, std::size_t most) {
  a = a.substr(0, longest_compared);
  b = b.substr(0, longest_compared);
  const std::size_t beyond = most + 1;
  if (std::max(a.size(), b.size()) - std::min(a.size(), b.size()) > most) return beyond;
  std::vector<std::size_t> row(b.size() + 1);
  for (std::size_t j = 0; j <= b.size(); ++j) row[j] = std::min(j, beyond);
  for (std::size_t i = 1; i <= a.size(); ++i) {
    const std::size_t first = i > most ? i - most : 1, last = std::min(b.size(), i + most);
    std::size_t diagonal = row[first - 1];
    row[first - 1] = first == 1 ? std::min(i, beyond) : beyond;
    std::size_t least = row[first - 1];
    for (std::size_t j = first; j <= last; ++j) {
      const std::size_t above = j == i + most ? beyond : row[j];
      row[j] = std::min({above + 1, row[j - 1] + 1, diagonal + (a[i - 1] == b[j - 1] ? 0 : 1), beyond});
      least = std::min(least, row[j]);
      diagonal = above;
    }
    if (least > most) return beyond;
  }
  return row[b.size()];
}

}  // namespace carrel
