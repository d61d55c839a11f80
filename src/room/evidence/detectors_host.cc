// What a host's own tools print: file systems without free inodes (`df -i`), clocks that are off
// (`chronyc tracking`, `timedatectl`), the domains of a resolv.conf, and who listens on which port (`ss
// -ltnp`, `netstat -ltnp`).
#include <algorithm>
#include <charconv>
#include <cstdlib>

#include <fmt/format.h>

#include "base/ascii.h"
#include "base/brief.h"
#include "base/text.h"
#include "room/evidence/detectors.h"

namespace carrel {
namespace {

constexpr std::size_t largest_output = 1 << 18;  // bytes
constexpr std::size_t most_told = 16;            // file systems, and clocks
constexpr std::size_t most_domains = 32;         // of all files
constexpr std::size_t most_listeners = 64;       // of a file
constexpr std::size_t most_of_all = 512;         // listeners of all files
constexpr double least_offset =
    2;  // seconds: more than a second of difference is seen by those who compare times
constexpr double large_offset = 30;  // what tokens and tickets hardly ever allow

// The host whose output it is, where the path tells: "fc-3" of "nodes/fc-3/chronyc-tracking.txt".
std::string host_of(const Document& document) {
  const std::string_view path = document.path;
  for (const std::string_view folder : {"nodes/", "hosts/"}) {
    const std::size_t at = path.find(folder);
    if (at == std::string_view::npos || (at > 0 && path[at - 1] != '/')) continue;
    const std::string_view rest = path.substr(at + folder.size());
    const std::size_t end = rest.find('/');
    if (end != std::string_view::npos && is_plain_name(rest.substr(0, end)))
      return std::string(rest.substr(0, end));
  }
  return {};
}

std::string on_host(const std::string& host) {
  return host.empty() ? "" : fmt::format(" of node {}", host);
}

// "Filesystem Inodes IUsed IFree IUse% Mounted on"
void tell_inodes(const Survey& survey, const Document& document, std::size_t* told, Observations* out) {
  constexpr int nearly_all = 98;  // percent
  bool is_table = false;
  for (std::uint32_t number = 1; number <= document.starts.size(); ++number) {
    const std::string_view line = document.line(number);
    if (line.starts_with("Filesystem")) {
      is_table = has(line, "iuse%");
      continue;
    }
    const std::vector<std::string_view> fields = fields_of(line);
    if (!is_table || fields.size() != 6 || !fields[4].ends_with('%') || !fields[5].starts_with('/')) continue;
    // An image that is mounted is full by its nature.
    const bool is_image = fields[0].starts_with("/dev/loop") || fields[0].starts_with("/dev/sr") ||
                          fields[5].starts_with("/snap/");
    if (is_image || std::atoi(std::string(fields[4]).c_str()) < nearly_all || *told >= most_told) continue;
    ++*told;
    const bool none = fields[3] == "0";
    const std::string host = host_of(document);
    Observation& made = report_missing(
        out, no_inodes, survey.asks({"space", "disk", "inode", "write", "file", "enospc"}) ? 0.92 : 0.6,
        "node", "", host,
        fmt::format(
            "The file system {}{} has {}no inodes left ({} used, {} free): {}, however many bytes are free.",
            brief(fields[5], 80), on_host(host), none ? "" : "nearly ", brief(fields[4], 8),
            brief(fields[3], 20),
            none ? "no file can be created there" : "few more files can be created there"));
    made.culprit.present = true;
    cite_line(&made, document, number, "its inodes");
    lack(&made, "which folder holds so many files");
  }
}

// What one output tells of a clock.
struct Clock {
  double offset = 0;  // seconds
  std::string_view direction;
  std::uint32_t offset_line = 0, state_line = 0;
};

void tell_one_clock(const Survey& survey, const Document& document, const Clock& clock, Observations* out) {
  const bool off = clock.offset_line != 0 && clock.offset >= least_offset;
  if (!off && clock.state_line == 0) return;
  const std::string host = host_of(document);
  const bool asked =
      survey.asks({"clock", "time skew", "ntp", "chrony", "certificate", "token", "login", "signature"});
  const double weight = clock.offset >= large_offset ? 0.93 : off ? (asked ? 0.85 : 0.6) : asked ? 0.6 : 0.3;
  std::string cause = fmt::format("The clock{} is ", host.empty() ? " of the host" : on_host(host));
  if (off) cause += fmt::format("{:.0f} seconds {} NTP time", clock.offset, clock.direction);
  if (clock.state_line != 0) cause += fmt::format("{}not synchronised", off ? " and " : "");
  Observation& made = report_missing(
      out, "clock-off", weight, "node", "", host,
      cause +
          (off ? ": what compares times there (tokens, certificates, leases) refuses what is valid elsewhere."
               : ", so that nothing keeps it right."));
  made.culprit.present = true;
  if (off) cite_line(&made, document, clock.offset_line, "how far its clock is off");
  if (clock.state_line != 0) cite_line(&made, document, clock.state_line, "its clock follows no server");
  lack(&made, "why it reaches no time server");
}

// "System time     : 187.402118204 seconds slow of NTP time", "System clock synchronized: no"
void tell_clock(const Survey& survey, const Document& document, std::size_t* told, Observations* out) {
  Clock clock;
  const auto tell = [&] {
    if ((*told)++ < most_told) tell_one_clock(survey, document, clock, out);
    clock = {};
  };
  for (std::uint32_t number = 1; number <= document.starts.size(); ++number) {
    const std::string_view line = trim(document.line(number));
    if (line.starts_with("Reference ID") && clock.offset_line != 0) tell();  // the next host's
    if (line.starts_with("System time") && has(line, "of ntp time")) {
      const std::string_view value = trim(line.substr(std::min(line.find(':'), line.size() - 1) + 1));
      std::from_chars(value.data(), value.data() + value.size(), clock.offset);
      clock.direction = has(line, "slow") ? "behind" : "ahead of";
      clock.offset_line = number;
    }
    if ((line.starts_with("Leap status") && has(line, "not synchronised")) ||
        (line.starts_with("System clock synchronized:") && line.ends_with("no")))
      clock.state_line = number;
  }
  tell();
}

// The port of "0.0.0.0:443", "[::]:22", "*:9100"; empty: none.
std::string_view port_in(std::string_view address) {
  const std::size_t colon = address.rfind(':');
  if (colon == std::string_view::npos || colon + 1 == address.size()) return {};
  const std::string_view port = address.substr(colon + 1);
  return std::ranges::all_of(port, is_digit) && port.size() <= 5 ? port : std::string_view();
}

// The program of `users:(("haproxy",pid=903,fd=7))` and of "903/nginx:"; empty: it is not told.
std::string_view program_in(std::string_view field) {
  if (field.starts_with("users:((\"")) return between(field, "((\"", "\"");
  const std::size_t slash = field.find('/');
  const bool has_id =
      slash != std::string_view::npos && slash > 0 && std::ranges::all_of(field.substr(0, slash), is_digit);
  if (!has_id) return {};
  field.remove_prefix(slash + 1);
  return field.substr(0, field.find(':'));
}

void tell_listeners(const Document& document, std::size_t* told, Observations* out) {
  std::size_t of_file = 0;
  for (std::uint32_t number = 1; number <= document.starts.size(); ++number) {
    if (of_file == most_listeners || *told == most_of_all) return;
    const std::vector<std::string_view> fields = fields_of(document.line(number));
    const auto listens = std::ranges::find(fields, "LISTEN");
    if (fields.size() < 5 || listens == fields.end()) continue;
    // Both `ss -ltnp` and `netstat -ltnp` print the address fourth, and the program behind the word.
    std::string_view program;
    for (auto field = listens; field != fields.end() && program.empty(); ++field)
      program = program_in(*field);
    const std::string_view port = port_in(fields[3]);
    if (port.empty() || !is_plain_name(program)) continue;
    ++of_file;
    ++*told;
    const std::string host = host_of(document);
    Observation& made = report_missing(out, port_held, 0, "node", "", host,
                                       fmt::format("{} listens on port {}{}.", program, port, on_host(host)));
    made.culprit.present = true;
    cite_line(&made, document, number, "who listens there");
  }
}

// "search shop.svc.cluster.local svc.cluster.local corp.example": the domains that are not the cluster's own.
// Source: resolv.conf(5).
void tell_searched_domains(const Document& document, std::size_t* told, Observations* out) {
  constexpr std::uint32_t most_lines = 64;
  std::string_view dots;
  for (std::uint32_t number = 1; number <= std::min<std::size_t>(document.starts.size(), most_lines);
       ++number)
    if (const std::string_view line = document.line(number); line.find("ndots:") != line.npos) dots = line;
  for (std::uint32_t number = 1; number <= std::min<std::size_t>(document.starts.size(), most_lines);
       ++number) {
    const std::vector<std::string_view> fields = fields_of(document.line(number));
    if (fields.size() < 2 || fields[0] != "search") continue;
    for (std::size_t i = 1; i < fields.size(); ++i) {
      const bool own = fields[i].ends_with("cluster.local") || fields[i].find(".svc.") != fields[i].npos;
      if (own || !is_plain_name(fields[i]) || *told == most_domains) continue;
      ++*told;
      Observation& made =
          report_missing(out, searched_domain, 0, "domain", "", fields[i],
                         fmt::format("the resolver appends the search domain {} to names{}", fields[i],
                                     dots.empty() ? "" : fmt::format(" ({})", brief(trim(dots), 40))));
      cite_line(&made, document, number, "the domains that are appended to names");
    }
  }
}

}  // namespace

void detect_host_tools(const Survey& survey, Observations* out) {
  std::size_t inodes = 0, clocks = 0, listeners = 0, domains = 0;
  for (const Document& document : survey.inventory.documents()) {
    if (document.text.size() > largest_output) continue;
    if (document.text.find("IUse%") != std::string::npos) tell_inodes(survey, document, &inodes, out);
    if (document.text.find("of NTP time") != std::string::npos ||
        document.text.find("System clock synchronized") != std::string::npos)
      tell_clock(survey, document, &clocks, out);
    if (document.text.starts_with("search ") || document.text.find("\nsearch ") != std::string::npos)
      tell_searched_domains(document, &domains, out);
    if (document.text.find("LISTEN") != std::string::npos) tell_listeners(document, &listeners, out);
  }
}

}  // namespace carrel
