#include "host/serve/metrics.h"

#include <map>
#include <regex>
#include <set>
#include <sstream>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace carrel {
namespace {

// The exposition format as its document has it: families in one block each, types before samples, names and
// labels of its alphabet, counters that end in _total.
TEST(Metrics, AreInTheExpositionFormat) {
  const WarmRooms rooms({std::chrono::seconds(60), 1 << 30});
  const std::string text = metrics_text(rooms, "1.2.3", 1700000000.5);
  const std::regex sample(
      R"(([a-zA-Z_:][a-zA-Z0-9_:]*)(\{[a-zA-Z_][a-zA-Z0-9_]*="[^"\\\n]*"\})? ([0-9.e+-]+))");
  std::map<std::string, std::string> types;
  std::set<std::string> seen;
  std::istringstream lines(text);
  std::string family;
  for (std::string line; std::getline(lines, line);) {
    std::istringstream words(line);
    std::string hash, what, name, rest;
    if (line.starts_with("# ")) {
      words >> hash >> what >> name >> rest;
      if (what == "HELP") {
        EXPECT_TRUE(seen.insert(name).second) << name << " is in two blocks";
        family = name;
      }
      EXPECT_EQ(name, family);
      if (what == "TYPE") types[name] = rest;
      continue;
    }
    std::smatch match;
    ASSERT_TRUE(std::regex_match(line, match, sample)) << line;
    const std::string of = match[1];
    EXPECT_TRUE(of == family || (types[family] == "summary" && of.starts_with(family + "_"))) << line;
    EXPECT_EQ(types[family] == "counter", of.ends_with("_total")) << line;
  }
  EXPECT_EQ(text.back(), '\n');
  EXPECT_THAT(text, testing::HasSubstr("carrel_rooms_limit_bytes 1073741824\n"));
  EXPECT_THAT(text, testing::HasSubstr("carrel_build_info{version=\"1.2.3\"} 1\n"));
}

}  // namespace
}  // namespace carrel
