// What a detector suggests is a command that the playbook allows: another would fail the report's own check.
#include <algorithm>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <regex>
#include <sstream>
#include <string>
#include <vector>

#include <gtest/gtest.h>

namespace carrel::rules {
namespace {

const std::filesystem::path sources = CARREL_SOURCE_DIR;

std::string text_of(const std::filesystem::path& path) {
  std::ifstream in(path, std::ios::binary);
  EXPECT_TRUE(in) << path;
  return {std::istreambuf_iterator<char>(in), {}};
}

// The playbook's patterns as expressions: "kubectl get pods -n {namespace} [-o wide]".
std::vector<std::regex> patterns() {
  std::vector<std::regex> out;
  std::istringstream lines(text_of(sources / "playbooks/k8s-triage/playbook.yaml"));
  bool here = false;
  for (std::string line; std::getline(lines, line);) {
    if (line == "commands:") {
      here = true;
    } else if (here && !line.starts_with("  - ")) {
      break;
    } else if (here) {
      std::string pattern = std::regex_replace(line.substr(4), std::regex(R"([.\-])"), "\\$&");
      pattern = std::regex_replace(pattern, std::regex(R"( \[([^\]]*)\])"), "( $1)?");
      pattern = std::regex_replace(pattern, std::regex(R"(\{object\})"), "[^- ]\\S* [^- ]\\S*");
      pattern = std::regex_replace(pattern, std::regex(R"(\{[^}]*\})"), "[^- ]\\S*");
      out.emplace_back(pattern);
    }
  }
  return out;
}

TEST(Detectors, SuggestOnlyCommandsOfThePlaybook) {
  const std::vector<std::regex> allowed = patterns();
  ASSERT_GT(allowed.size(), 20U);
  // The first text of each call of suggest(), its pieces side by side.
  const std::regex call(R"rx(suggest\(\s*&?\w+,\s*(?:fmt::format\(\s*)?((?:"(?:[^"\\]|\\.)*"\s*)+))rx");
  const std::regex piece(R"rx("((?:[^"\\]|\\.)*)")rx");
  std::size_t seen = 0;
  for (const auto& entry : std::filesystem::directory_iterator(sources / "src/room/evidence")) {
    if (entry.path().extension() != ".cc") continue;
    const std::string source = text_of(entry.path());
    for (std::sregex_iterator at(source.begin(), source.end(), call), end; at != end; ++at) {
      std::string command;
      const std::string written = (*at)[1];
      for (std::sregex_iterator part(written.begin(), written.end(), piece); part != end; ++part)
        command += (*part)[1];
      // Objects that may be missing, of which all are asked for: Secrets and ConfigMaps.
      command = std::regex_replace(command, std::regex(R"(\{\}s )"), "secrets ");
      command = std::regex_replace(command, std::regex(R"(\{\})"), "x");
      ++seen;
      EXPECT_TRUE(std::ranges::any_of(
          allowed, [&](const std::regex& pattern) { return std::regex_match(command, pattern); }))
          << entry.path().filename() << " suggests " << command;
    }
  }
  EXPECT_GT(seen, 60U);
}

}  // namespace
}  // namespace carrel::rules
