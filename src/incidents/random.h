// Random: the one source of chance of the incident maker. SplitMix64 (Steele, Lea and Flood, 2014): the same
// seed gives the same numbers with every compiler and library, which std::*_distribution does not promise.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace carrel::incidents {

class Random {
 public:
  explicit Random(std::uint64_t seed) : state_(seed) {}

  std::uint64_t next() {
    std::uint64_t z = (state_ += 0x9e3779b97f4a7c15ULL);
    z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9ULL;
    z = (z ^ (z >> 27)) * 0x94d049bb133111ebULL;
    return z ^ (z >> 31);
  }

  // 0 to `count` - 1. The bias of the remainder is far below what a corpus of incidents could show.
  std::size_t below(std::size_t count) { return count == 0 ? 0 : next() % count; }
  int between(int least, int most) {
    return least + static_cast<int>(below(static_cast<std::size_t>(most - least) + 1));
  }
  bool chance(int percent) { return between(1, 100) <= percent; }

  template <class T>
  const T& pick(const std::vector<T>& all) {
    return all[below(all.size())];
  }
  template <class T>
  void shuffle(std::vector<T>* all) {
    for (std::size_t i = all->size(); i > 1; --i) std::swap((*all)[i - 1], (*all)[below(i)]);
  }

  std::string of(std::string_view letters, std::size_t length) {
    std::string out;
    while (out.size() < length) out += letters[below(letters.size())];
    return out;
  }
  std::string hex(std::size_t length) { return of("0123456789abcdef", length); }
  // What Kubernetes puts behind a generated name (k8s.io/apimachinery, util/rand).
  std::string suffix(std::size_t length) { return of("bcdfghjklmnpqrstvwxz2456789", length); }
  std::string uid() {
    return hex(8) + "-" + hex(4) + "-4" + hex(3) + "-" + of("89ab", 1) + hex(3) + "-" + hex(12);
  }

 private:
  std::uint64_t state_;
};

}  // namespace carrel::incidents
