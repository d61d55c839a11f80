// Every layer of the wall is needed: without it, and sometimes without another, probes come through.
// SECURITY.md shows which, and is held to it here. CARREL_WRITE_TABLE=1 writes its table anew.
#include "tests/escape/ablation.h"

#include <algorithm>
#include <cstdlib>
#include <fstream>
#include <iterator>

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <unistd.h>

#include "tests/escape/withheld.h"

namespace carrel::escape {
namespace {

using testing::Contains;
using testing::IsEmpty;
using testing::Not;

constexpr const char* begin_mark = "<!-- made by tests/escape: begin -->\n";
constexpr const char* end_mark = "<!-- made by tests/escape: end -->\n";
const std::string security = CARREL_SOURCE_DIR "/SECURITY.md";

std::string read_whole(const std::string& path) {
  std::ifstream in(path);
  return {std::istreambuf_iterator<char>(in), {}};
}

// A probe that comes through on some kernels alone proves nothing of a layer on the others.
bool depends_on_the_host(const std::string& probe) {
  return std::ranges::any_of(absent_somewhere, [&](const Withheld& one) { return probe == one.probe; });
}

void expect_each_layer_stops_what_it_is_there_for() {
  const auto of = [](const std::string& layer, const std::string& besides) {
    const auto found = std::ranges::find_if(
        ablations(), [&](const Ablation& one) { return layer == one.layer && besides == one.besides; });
    return stopped_by(*found);
  };
  EXPECT_THAT(of("seccomp", ""),
              testing::IsSupersetOf({"socket_unix", "unshare_user", "add_key", "page_cache_by_mincore",
                                     "handle_of_input", "map_writable_executable", "fork"}));
  EXPECT_THAT(of("Landlock", ""), testing::IsSupersetOf({"read_program", "read_root_folder"}));
  EXPECT_THAT(of("root of its own", "Landlock"), testing::IsSupersetOf({"read_passwd", "read_outside_file"}));
  EXPECT_THAT(of("network namespace", "seccomp, Landlock"),
              testing::IsSupersetOf({"udp_send", "tcp_connect"}));
  EXPECT_THAT(of("read-only root", "seccomp, Landlock"), Contains("create_file"));
  EXPECT_THAT(of("no capabilities", "seccomp, Landlock"), Contains("mount_tmpfs"));
  EXPECT_THAT(of("a user id of its own", "seccomp, Landlock"), Contains("change_mode_of_input"));
  EXPECT_THAT(of("limits", ""), Contains("memory_by_mapping"));
}

void expect_security_shows_them() {
  const std::string text = read_whole(security);
  const std::size_t begin = text.find(begin_mark), end = text.find(end_mark);
  ASSERT_NE(begin, std::string::npos);
  ASSERT_NE(end, std::string::npos);
  const std::size_t from = begin + std::string(begin_mark).size();
  if (std::getenv("CARREL_WRITE_TABLE") != nullptr) {
    std::ofstream(security) << text.substr(0, from) << table() << text.substr(end);
    return;
  }
  const auto shown = parse_table(text.substr(from, end - from));
  const auto found = parse_table(table());
  ASSERT_EQ(shown.size(), found.size());
  for (const auto& [layer, probes] : found) {
    ASSERT_TRUE(shown.contains(layer)) << layer;
    for (const std::string& probe : probes) {
      EXPECT_TRUE(shown.at(layer).contains(probe) || depends_on_the_host(probe))
          << probe << " comes through without " << layer << ", and SECURITY.md does not say so";
    }
    for (const std::string& probe : shown.at(layer)) {
      EXPECT_TRUE(probes.contains(probe) || depends_on_the_host(probe))
          << probe << " does not come through without " << layer << ", and SECURITY.md says so";
    }
  }
}

// One test, because what each room comes to is asked for again and again.
TEST(Layers, EachIsNeededAndSecuritySaysForWhat) {
  // Ordinary users' rooms have no user id of their own, and no cgroups to be counted by.
  if (::geteuid() != 0) GTEST_SKIP() << "the table is root's: an ordinary user's rooms have other layers";
  EXPECT_THAT(come_through({}), IsEmpty()) << "of a whole room";
  for (const Ablation& ablation : ablations()) {
    EXPECT_THAT(stopped_by(ablation), Not(IsEmpty())) << ablation.layer << " besides " << ablation.besides;
  }
  expect_each_layer_stops_what_it_is_there_for();
  expect_security_shows_them();
}

}  // namespace
}  // namespace carrel::escape
