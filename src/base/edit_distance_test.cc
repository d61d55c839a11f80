#include "base/edit_distance.h"

#include <algorithm>
#include <random>
#include <string>
#include <vector>

#include <gtest/gtest.h>

namespace carrel {
namespace {

// Wagner and Fischer's, all of the table.
std::size_t slow_distance(const std::string& a, const std::string& b) {
  std::vector<std::vector<std::size_t>> table(a.size() + 1, std::vector<std::size_t>(b.size() + 1));
  for (std::size_t i = 0; i <= a.size(); ++i) {
    for (std::size_t j = 0; j <= b.size(); ++j) {
      table[i][j] = i == 0   ? j
                    : j == 0 ? i
                             : std::min({table[i - 1][j] + 1, table[i][j - 1] + 1,
                                         table[i - 1][j - 1] + (a[i - 1] == b[j - 1] ? 0 : 1)});
    }
  }
  return table[a.size()][b.size()];
}

TEST(EditDistance, IsThatOfTheWholeTableUpToItsBound) {
  std::mt19937 random(7);
  for (int round = 0; round < 20'000; ++round) {
    std::string a, b;
    for (auto n = random() % 9; n > 0; --n) a += static_cast<char>('a' + random() % 3);
    for (auto n = random() % 9; n > 0; --n) b += static_cast<char>('a' + random() % 3);
    const std::size_t most = random() % 5;
    ASSERT_EQ(edit_distance(a, b, most), std::min(slow_distance(a, b), most + 1))
        << a << " " << b << " " << most;
  }
}

}  // namespace
}  // namespace carrel
