// What tools tell of the way that packets take and of who writes to a disk: `ping -M do -s N` that gets
// through with small packets and not with large ones, `pidstat -d`.
#include <algorithm>
#include <charconv>
#include <map>

#include <fmt/format.h>

#include "base/ascii.h"
#include "base/text.h"
#include "room/evidence/detectors.h"

namespace carrel {
namespace {

constexpr std::size_t largest_transcript = 4 << 20;  // bytes of a document that is looked at
constexpr std::size_t most_paths = 16, most_writers = 16;
constexpr std::uint32_t most_transcript_lines = 50'000;
constexpr std::uint32_t lines_of_a_ping = 24;  // from the command to its statistics
constexpr int header_bytes = 28;               // of IPv4 and ICMP

double rate_in(std::string_view word) {
  double value = 0;
  std::from_chars(word.data(), word.data() + word.size(), value);
  return value;
}

// The largest packets that get through to a host without being cut up, and the smallest that do not.
struct PingedPath {
  int through = 0, lost = 0;  // bytes, headers included
  std::uint32_t through_line = 0, lost_line = 0;
};

void note_ping(const Document& document, std::uint32_t number, std::map<std::string, PingedPath>* paths) {
  const std::vector<std::string_view> words = fields_of(document.line(number));
  int size = 0;
  for (std::size_t i = 0; i + 1 < words.size(); ++i)
    if (words[i] == "-s") size = static_cast<int>(rate_in(words[i + 1]));
  if (size <= 0 || size > 65'535 || !is_plain_name(words.back())) return;
  for (std::uint32_t at = number + 1; at <= document.starts.size() && at < number + lines_of_a_ping; ++at) {
    const std::string_view line = document.line(at);
    if (line.find("% packet loss") == line.npos) continue;
    PingedPath& path = (*paths)[std::string(words.back())];
    const int bytes = size + header_bytes;
    if (line.find(" 100% packet loss") != line.npos) {
      if (path.lost == 0 || bytes < path.lost) path.lost = bytes, path.lost_line = at;
    } else if (line.find(" 0% packet loss") != line.npos && bytes > path.through) {
      path.through = bytes, path.through_line = at;
    }
    return;
  }
}

// The node that a file was collected on, by a part of its path that is a node's name, or one of hosts';
// empty: none is told.
std::string_view node_of(const Survey& survey, std::string_view path) {
  std::string_view folder;
  while (path.find('/') != path.npos) {
    const std::string_view part = path.substr(0, path.find('/'));
    const bool of_hosts = folder == "nodes" || folder == "node" || folder == "hosts" || folder == "host";
    if (is_plain_name(part) && (of_hosts || survey.find("node", "", part) != nullptr)) return part;
    folder = part;
    path.remove_prefix(part.size() + 1);
  }
  return {};
}

void tell_paths(const Survey& survey, const Document& document, std::size_t* told, Observations* out) {
  std::map<std::string, PingedPath> paths;
  const auto lines = std::min<std::size_t>(document.starts.size(), most_transcript_lines);
  for (std::uint32_t number = 1; number <= lines && paths.size() < 256; ++number) {
    const std::string_view line = document.line(number);
    if (line.find("ping ") != line.npos && line.find("-M do") != line.npos)
      note_ping(document, number, &paths);
  }
  const bool asked = survey.asks({"time out", "timeout", "times out", "hang", "slow", "large", "big", "some ",
                                  "reach", "network", "mtu", "connect"});
  for (const auto& [host, path] : paths) {
    if (path.through == 0 || path.lost <= path.through || ++*told > most_paths) continue;
    const std::string_view node = node_of(survey, document.path);
    Observation& made = report_missing(
        out, path_mtu, asked ? 0.9 : 0.6, "host", "", "",
        fmt::format("Large packets do not reach {}{}: those of {} bytes are lost, those of {} get through "
                    "(path MTU). "
                    "What answers with more than fits into one hangs, where nobody is told to send less.",
                    host, node.empty() ? "" : fmt::format(" from node {}", node), path.lost, path.through));
    cite_line(&made, document, path.lost_line, "large packets are lost");
    cite_line(&made, document, path.through_line, "smaller ones get through");
    lack(&made, "the MTU of each interface and tunnel on the way");
  }
}

// Who writes most to a node's disks, where that is much and no other comes near.
void tell_writer(const Document& document, std::uint32_t header, std::size_t* told, Observations* out) {
  constexpr double much = 20'000, times_the_next = 4;  // kB/s
  const std::vector<std::string_view> names = fields_of(document.line(header));
  const auto column = static_cast<std::size_t>(std::ranges::find(names, "kB_wr/s") - names.begin());
  std::map<std::string, std::pair<double, std::uint32_t>> writers;  // by command: most at once, and where
  for (std::uint32_t number = header + 1; number <= document.starts.size() && number < header + 2000;
       ++number) {
    const std::vector<std::string_view> words = fields_of(document.line(number));
    if (words.size() != names.size() || !is_plain_name(words.back()) || !is_digit(words[column][0])) continue;
    auto& most = writers[std::string(words.back())];
    if (const double rate = rate_in(words[column]); rate > most.first) most = {rate, number};
  }
  const auto first = std::ranges::max_element(
      writers, [](const auto& a, const auto& b) { return a.second.first < b.second.first; });
  if (first == writers.end() || first->second.first < much || ++*told > most_writers) return;
  for (const auto& [name, most] : writers)
    if (name != first->first && most.first * times_the_next > first->second.first) return;
  Observation& made =
      report_missing(out, disk_writer, 0, "process", "", first->first,
                     fmt::format("{} writes {:.0f} MB/s to that node's disk, more than all others",
                                 first->first, first->second.first / 1000));
  made.culprit.present = true;
  cite_line(&made, document, first->second.second, "who writes most");
  cite_line(&made, document, header, "what the columns are");
}

}  // namespace

void detect_transcripts(const Survey& survey, Observations* out) {
  std::size_t paths = 0, writers = 0;
  for (const Document& document : survey.inventory.documents()) {
    if (document.text.size() > largest_transcript) continue;
    if (document.text.find("ping -M do") != std::string::npos) tell_paths(survey, document, &paths, out);
    if (document.text.find("kB_wr/s") == std::string::npos) continue;
    for (std::uint32_t number = 1; number <= std::min<std::size_t>(document.starts.size(), 64); ++number) {
      if (document.line(number).find("kB_wr/s") == std::string_view::npos) continue;
      tell_writer(document, number, &writers, out);
      break;
    }
  }
}

}  // namespace carrel
