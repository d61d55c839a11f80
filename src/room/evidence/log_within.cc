#include "room/evidence/log_within.h"

#include <algorithm>
#include <array>
#include <map>
#include <set>
#include <string>
#include <string_view>

#include "base/text.h"
#include "record/limits.h"
#include "room/evidence/mechanism.h"

namespace carrel {
namespace {

constexpr std::uint32_t kInOneBreath = 3;  // lines between two that tell of one thing
constexpr std::size_t kOwnLines = 4;       // of a log's finding; one place is left for an object's

// True where the one runs out or is slow because of the other, whatever their lines.
bool ends_in(const Observation& root, const Observation& end) {
  struct Row {
    std::string_view root;
    std::set<std::string_view> ends_in;
  };
  static const std::array<Row, 10> kRows = {{
      {"log-migration-failed", {"log-config-invalid", "log-unhandled-exception"}},
      {"log-license",
       {"log-permission-denied", "log-forbidden", "log-writes-refused", "log-upstream-failed"}},
      {"log-probe-unexpected", {"log-probe-failed"}},
      {"log-dns",
       {"log-database-unreachable", "log-cache-unreachable", "log-broker-unreachable", "log-unreachable"}},
      {"log-threads-starved",
       {"log-timeout", "log-slow", "log-cache-unreachable", "log-database-unreachable",
        "log-broker-unreachable", "log-too-many-connections"}},
      {"log-memory-leak",
       {"log-too-many-connections", "log-heap-exhausted", "log-out-of-memory", "log-open-files"}},
      {"log-api-overloaded", {"log-timeout", "log-slow"}},
      {"log-slow-disk", {"log-timeout", "log-slow"}},
      {"log-wal-unarchived", {"log-disk-full"}},
      {"log-service-link", {"log-config-invalid", "log-port-in-use"}},
  }};
  return std::ranges::any_of(
      kRows, [&](const Row& row) { return row.root == root.detector && row.ends_in.contains(end.detector); });
}

// The address that a setting has which was not given: "REDIS_URL not set, falling back to
// redis://127.0.0.1:6379". Empty: none.
std::string_view fallen_back_to(std::string_view line) {
  for (const std::string_view words :
       {"falling back to ", "fall back to ", "defaulting to ", "using default "}) {
    const std::size_t at = line.find(words);
    if (at == std::string_view::npos) continue;
    std::string_view address = line.substr(at + words.size());
    address = address.substr(0, address.find_first_of(" ,;)\"'"));
    if (const std::size_t scheme = address.find("://"); scheme != std::string_view::npos)
      address.remove_prefix(scheme + 3);
    address = address.substr(0, address.find('/'));
    if (address.find(':') != std::string_view::npos) return address;
  }
  return {};
}

// True where the one lacks a setting, and the other cannot reach what stands there instead.
bool is_misled(const Observation& root, const Observation& end) {
  if (root.detector != "log-config-missing") return false;
  const std::string_view address = fallen_back_to(root.lines.front().quote);
  return !address.empty() && std::ranges::any_of(end.lines, [&](const EvidenceLine& line) {
    return line.quote.find(address) != std::string::npos;
  });
}

// True where an error that nothing explains is told each time in one breath with what a mechanism explains.
bool is_told_beside(const Observation& root, const Observation& end) {
  constexpr double kExplains = 0.1;    // the least root of a mechanism
  constexpr double kOnlyTells = 0.05;  // the most of one that says no more than that something failed
  constexpr std::uint64_t kTimes = 3;
  const Mechanism* of_end = mechanism_of(end.detector);
  const bool bare =
      end.detector == "log-error" || (of_end != nullptr && of_end->fault && of_end->root < kOnlyTells);
  if (!bare) return false;
  const Mechanism* mechanism = mechanism_of(root.detector);
  if (mechanism == nullptr || !mechanism->fault || mechanism->root < kExplains) return false;
  const EvidenceLine& told = end.lines.front();
  return std::ranges::any_of(root.lines, [&](const EvidenceLine& line) {
    const bool near = line.at.file == told.at.file && line.at.end_line + kInOneBreath >= told.at.line &&
                      told.at.end_line + kInOneBreath >= line.at.line;
    return near && line.occurrences * kTimes >= told.occurrences &&
           told.occurrences * kTimes >= line.occurrences;
  });
}

}  // namespace

// What one finding of a log explains of others in it. The root may only warn.
void explain_within(std::vector<Observation>* findings) {
  std::map<std::string, std::vector<Observation*>> of_file;
  for (Observation& finding : *findings) {
    if (!finding.lines.empty()) of_file[finding.lines[0].at.file].push_back(&finding);
  }
  const auto tell = [](Observation& root, Observation& end) {
    if (&end == &root || end.culprit.name != root.culprit.name || end.weight < root.weight) return;
    const bool beside = is_told_beside(root, end);
    if (!beside && !ends_in(root, end) && !is_misled(root, end)) return;
    root.weight = std::min(0.9, end.weight + 0.03);
    if (root.lines.size() < limit::citations) root.lines.push_back(end.lines.front());
    const std::size_t told = end.cause.find(": ");
    const std::string more = "; then " + end.cause.substr(told == std::string::npos ? 0 : told + 2);
    if (!beside && root.cause.size() + 40 < limit::sentence)
      root.cause = std::string(cut_utf8(root.cause + more, limit::sentence));
    end.weight -= 0.05;
  };
  for (auto& [file, own] : of_file) {
    for (Observation* root : own) {
      for (Observation* end : own) tell(*root, *end);
    }
  }
  std::stable_sort(findings->begin(), findings->end(),
                   [](const Observation& a, const Observation& b) { return a.weight > b.weight; });
}

// The other errors of its file belong to the picture: each strong finding cites the next strongest ones.
void cite_neighbours(std::vector<Observation>* findings) {
  const std::vector<Observation> before = *findings;
  for (Observation& to : *findings) {
    for (const Observation& from : before) {
      if (to.lines.size() >= kOwnLines || to.lines.empty() || from.lines.empty()) continue;
      const EvidenceLine& line = from.lines.front();
      if (line.at.file != to.lines.front().at.file || from.weight < 0.4) continue;
      const bool cited = std::any_of(to.lines.begin(), to.lines.end(), [&](const EvidenceLine& other) {
        return other.at.line <= line.at.end_line && line.at.line <= other.at.end_line;
      });
      if (!cited) to.lines.push_back(line);
    }
  }
}

}  // namespace carrel
