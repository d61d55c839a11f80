// The tree holds the folder rules, and the rules catch a tree that does not.
#include "rules.h"

#include <filesystem>
#include <fstream>
#include <iterator>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace carrel::rules {
namespace {

using testing::Contains;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::Not;
using testing::SizeIs;

const std::filesystem::path tree = CARREL_SOURCE_DIR;
const std::filesystem::path build = CARREL_BINARY_DIR;

std::string contents(const std::filesystem::path& path) {
  std::ifstream in(path, std::ios::binary);
  EXPECT_TRUE(in) << path;
  return {std::istreambuf_iterator<char>(in), {}};
}

Folders folders_of_the_tree() {
  std::string text = contents(tree / "CMakeLists.txt");
  for (const auto& entry : std::filesystem::directory_iterator(tree / "cmake"))
    text += contents(entry.path());
  return parse_folders(text);
}

std::vector<Include> includes_of_the_tree() {
  std::vector<Include> includes;
  for (const auto& entry : std::filesystem::recursive_directory_iterator(tree / "src")) {
    const std::string extension = entry.path().extension();
    if (extension != ".cc" && extension != ".h") continue;
    const std::string file = entry.path().lexically_relative(tree / "src");
    for (Include& include : parse_includes(file, contents(entry.path())))
      includes.push_back(std::move(include));
  }
  return includes;
}

TEST(Tree, HasNoForbiddenDependency) {
  const Folders folders = folders_of_the_tree();
  EXPECT_GT(folders.size(), 10u);
  EXPECT_THAT(breaches(folders), IsEmpty());
}

TEST(Tree, IncludesOnlyWhatItDependsOn) {
  const std::vector<Include> includes = includes_of_the_tree();
  EXPECT_GT(includes.size(), 100u);
  EXPECT_THAT(stray_includes(folders_of_the_tree(), includes), IsEmpty());
}

// No way leads from the command line to a room with layers left out.
TEST(Tree, NamesAWallWithHolesInItsTestsAlone) {
  for (const char* const top : {"src", "apps", "bench", "fuzz", "tests"}) {
    for (const auto& entry : std::filesystem::recursive_directory_iterator(tree / top)) {
      const std::string extension = entry.path().extension();
      if (extension != ".cc" && extension != ".h") continue;
      const std::string file = entry.path().lexically_relative(tree);
      if (file.starts_with("src/host/walls/") || file.starts_with("tests/escape/") ||
          file.starts_with("tests/rules/")) {
        continue;
      }
      EXPECT_THAT(contents(entry.path()), Not(HasSubstr("LayersLeftOut"))) << file;
    }
  }
}

// A program's link line names none of these libraries, whether as a shared object, an archive or with -l.
void expect_not_linked(const std::string& program, const std::vector<std::string>& libraries) {
  const std::vector<std::string> line = link_line(contents(build / "build.ninja"), program);
  EXPECT_THAT(line, Not(IsEmpty())) << "there is no program " << program;
  for (const std::string& library : libraries) {
    EXPECT_THAT(line, Not(Contains(HasSubstr("lib" + library + ".")))) << program;
    EXPECT_THAT(line, Not(Contains("-l" + library))) << program;
  }
}

TEST(Tree, TheHostProgramLinksNothingThatReadsHostileBytes) {
  expect_not_linked("carrel", {"archive", "llama", "ggml", "ggml-base"});
}

TEST(Tree, OneProgramAloneTalksToANetwork) {
  expect_not_linked("carrel", {"curl"});
  EXPECT_THAT(link_line(contents(build / "build.ninja"), "carrel-fetch"), Contains("-lcurl"));
  expect_not_linked("carrel-fetch", {"sqlite3", "archive", "llama"});
}

// The library that serves the review page has a client in it as well.
TEST(Tree, OneFileServesAndNoneAsks) {
  for (const auto& entry : std::filesystem::recursive_directory_iterator(tree / "src")) {
    const std::string extension = entry.path().extension();
    if (extension != ".cc" && extension != ".h") continue;
    const std::string file = entry.path().lexically_relative(tree);
    const std::string source = contents(entry.path());
    EXPECT_THAT(source, Not(HasSubstr("httplib::Client"))) << file;
    if (file != "src/host/http/server.cc") {
      EXPECT_THAT(source, Not(HasSubstr("<httplib.h>"))) << file;
    }
  }
}

TEST(Tree, TheRoomProgramsLinkNothingOfTheHost) {
  const std::vector<std::string> of_the_host = {"sqlite3", "crypto", "ssl", "curl", "cpp-httplib"};
  expect_not_linked("carrel-read", of_the_host);
  expect_not_linked("carrel-think", of_the_host);
}

TEST(Tree, TheReaderHasNoModelAndTheThinkerNoArchive) {
  expect_not_linked("carrel-read", {"llama", "ggml", "ggml-base"});
  expect_not_linked("carrel-think", {"archive"});
}

TEST(Tree, TheCollectorLinksNeitherRoomNorHost) {
  expect_not_linked("support-diag", {"archive", "llama", "ggml", "sqlite3", "seccomp", "curl", "ssl"});
  for (const std::string& word : link_line(contents(build / "build.ninja"), "support-diag")) {
    EXPECT_THAT(word, Not(HasSubstr("carrel-room"))) << word;
    EXPECT_THAT(word, Not(HasSubstr("carrel-host"))) << word;
  }
}

TEST(Tree, TheProgramsThatStandAloneAreStatic) {
  for (const char* const program : {"carrel-read", "carrel-init", "carrel-boot"})
    EXPECT_THAT(link_line(contents(build / "build.ninja"), program), Contains(HasSubstr("-static")))
        << program;
}

TEST(Tree, TheVirtualMachinesProgramsReadNoBundleAndNoModel) {
  for (const char* const program : {"carrel-init", "carrel-boot"})
    expect_not_linked(program, {"archive", "llama", "ggml", "sqlite3", "crypto", "ssl"});
}

// ---- the rules themselves ----

TEST(Rules, ReadsTheFolderLinesOfABuild) {
  const Folders folders =
      parse_folders("carrel_folder(base fmt)\n  carrel_folder(room/bundle record\n   archive)\n#x");
  EXPECT_THAT(folders, SizeIs(2));
  EXPECT_EQ(folders.at("room/bundle"), (std::set<std::string>{"record", "archive"}));
}

TEST(Rules, CatchesAStepAcrossTheWall) {
  EXPECT_THAT(breaches({{"room/bundle", {"host/ledger"}}, {"host/ledger", {}}}),
              Contains(HasSubstr("crosses the wall")));
  EXPECT_THAT(breaches({{"host/flow", {"room/seal"}}, {"room/seal", {}}}),
              Contains(HasSubstr("crosses the wall")));
}

TEST(Rules, CatchesALeafThatUsesALeaf) {
  EXPECT_THAT(breaches({{"room/bundle", {"room/evidence"}}, {"room/evidence", {}}}),
              Contains("room/bundle uses room/evidence: leaves do not use each other"));
  EXPECT_THAT(breaches({{"room/worker", {"room/evidence"}}, {"room/evidence", {}}}), IsEmpty());
  EXPECT_THAT(breaches({{"room/bundle", {"room/inventory"}}, {"room/inventory", {}}}), IsEmpty());
}

TEST(Rules, ALeafOfNoSideIsNotForRooms) {
  EXPECT_THAT(breaches({{"host/ledger", {"digest"}}, {"collect", {"digest"}}, {"digest", {}}}), IsEmpty());
  EXPECT_THAT(breaches({{"room/bundle", {"digest"}}, {"digest", {}}}),
              Contains(HasSubstr("crosses the wall")));
}

TEST(Rules, CatchesWhatTheLowestFoldersMustNotKnow) {
  EXPECT_THAT(breaches({{"base", {"record"}}, {"record", {}}}),
              Contains(HasSubstr("base knows nothing of us")));
  EXPECT_THAT(breaches({{"record", {"room/seal"}}, {"room/seal", {}}}),
              Contains(HasSubstr("record knows base alone")));
  EXPECT_THAT(breaches({{"crypto", {"record"}}, {"record", {}}}),
              Contains(HasSubstr("crypto knows base alone")));
}

TEST(Rules, CatchesACircle) {
  EXPECT_THAT(breaches({{"room/inventory", {"room/worker"}}, {"room/worker", {"room/inventory"}}}),
              Contains("room/worker depends on itself"));
}

TEST(Rules, CatchesAnIncludeThatIsNoDependency) {
  const Folders folders = {
      {"base", {}}, {"record", {"base"}}, {"host/ledger", {"record"}}, {"room/seal", {"record"}}};
  EXPECT_THAT(stray_includes(folders, parse_includes("host/ledger/a.cc", "#include \"base/fd.h\"\n")),
              IsEmpty());
  EXPECT_THAT(
      stray_includes(folders, parse_includes("host/ledger/a.cc", "x\n #include \"room/seal/seal.h\"\n")),
      Contains(HasSubstr("host/ledger does not depend on room/seal")));
  EXPECT_THAT(stray_includes(folders, parse_includes("other/a.cc", "#include \"base/fd.h\"\n")),
              Contains(HasSubstr("no carrel_folder() names")));
}

TEST(Rules, HoldsWhatComposesToItsSide) {
  const Folders folders = {{"base", {}}, {"host/ledger", {"base"}}, {"room/bundle", {"base"}}};
  EXPECT_THAT(stray_includes(
                  folders, {{"room/worker/read.cc", "room/bundle/read.h"}, {"room/worker/a.h", "base/fd.h"}}),
              IsEmpty());
  EXPECT_THAT(stray_includes(folders, {{"room/worker/read.cc", "host/ledger/ledger.h"}}), SizeIs(1));
}

TEST(Rules, ReadsALinkLine) {
  const std::string ninja =
      "build carrel: CXX_EXECUTABLE_LINKER__carrel_Release a.o | libx.a\n  LINK_LIBRARIES = libx.a  "
      "-lsqlite3\n  X = y\n"
      "build carrel-read: CXX_EXECUTABLE_LINKER__carrel-read_Release b.o\n  LINK_FLAGS = -static\n";
  EXPECT_THAT(link_line(ninja, "carrel"), Contains("-lsqlite3"));
  EXPECT_THAT(link_line(ninja, "carrel-read"), Contains("-static"));
  EXPECT_THAT(link_line(ninja, "other"), IsEmpty());
}

}  // namespace
}  // namespace carrel::rules
