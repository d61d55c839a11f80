#include "room/evidence/listening.h"

#include <algorithm>
#include <array>

#include <fmt/format.h>

#include "base/ascii.h"
#include "base/phrase_set.h"
#include "base/text.h"
#include "record/limits.h"
#include "room/evidence/survey.h"

namespace carrel {
namespace {

constexpr std::uint32_t lines_at_start = 500;       // of a file, in which a program says where it listens
constexpr std::size_t most_ports_of_workload = 32;  // ports of the pods of a workload
constexpr std::size_t most_ports = 4096;
constexpr std::size_t longest_start_line = 512;
constexpr std::size_t most_before_port = 100;  // bytes between the words and the port

// Words behind which a port stands, and those that make a line one of something else.
const PhraseSet& listening_words() {
  static const PhraseSet set({"listening",
                              "<listens on",
                              "<listen on",
                              "started on port",
                              "starting on port",
                              "running on http",
                              "running at http",
                              "running on port",
                              "<serving on",
                              "<serving at",
                              "<serving http",
                              "- local:",
                              "\xe2\x9e\x9c  local:",
                              "- network:",
                              "server started on",
                              "server started at",
                              "started http server on",
                              "server running on",
                              "server running at",
                              "server is running",
                              "starting server",
                              "starting http server",
                              "server starting"});
  return set;
}
const PhraseSet& contrary_words() {
  static const PhraseSet set({"<in use", "refused", "<fail", "error", "<cannot", "can't", "unable",
                              "connecting", "connected", "connection", "<stop", "no longer", "not listening",
                              "<waiting", "upstream", "listening for"});
  return set;
}
const PhraseSet& aside_words() {
  static const PhraseSet set({"metric",     "prometheus", "admin",    "pprof",     "debug",   "health",
                              "probe",      "manage",     "profil",   "telemetry", "<jmx",    "internal",
                              "livereload", "actuator",   "grpc",     "gossip",    "cluster", "webhook",
                              "<peer",      "raft",       "inspector"});
  return set;
}

// The number of a port at the start of a text, of two to five digits that nothing goes on behind.
std::int64_t port_at(std::string_view text) {
  const std::size_t digits = std::min(text.find_first_not_of("0123456789"), text.size());
  if (digits < 2 || digits > 5) return 0;
  if (digits < text.size() && (text[digits] == ':' || text[digits] == '.') && digits + 1 < text.size() &&
      is_digit(text[digits + 1]))
    return 0;  // a time of day, an address
  std::int64_t port = 0;
  for (const char digit : text.substr(0, digits)) port = port * 10 + (digit - '0');
  return port <= 65535 ? port : 0;
}

// True where the colon at a place ends an address: no time of day, and no member of an object ("pid":4711).
bool ends_address(std::string_view text, std::size_t at) {
  if (at == 0) return true;
  const char before = text[at - 1];
  if (before == '"') return at >= 2 && (text[at - 2] == ':' || text[at - 2] == '=' || text[at - 2] == ' ');
  return !is_digit(before) || text.substr(0, at).find('.') != text.npos;
}

// The first port in a text: behind a colon ("0.0.0.0:8080", "[::]:80", ":9090"), or behind the word.
std::int64_t first_port(std::string_view text) {
  for (std::size_t at = 0; at < text.size(); ++at) {
    if (text[at] == ':' && ends_address(text, at)) {
      if (const std::int64_t port = port_at(text.substr(at + 1)); port != 0) return port;
    }
    const std::string_view rest = text.substr(at);
    const bool begins = at == 0 || !is_letter(text[at - 1]);
    if (begins && (rest.starts_with("port") || rest.starts_with("Port") || rest.starts_with("PORT"))) {
      std::string_view behind = rest.substr(4);
      if (behind.starts_with("(s)")) behind.remove_prefix(3);
      behind.remove_prefix(std::min(behind.find_first_not_of(" :=\"'"), behind.size()));
      if (const std::int64_t port = port_at(behind); port != 0) return port;
    }
  }
  return 0;
}

}  // namespace

std::optional<ListeningPort> listening_in(std::string_view line) {
  line = line.substr(0, longest_start_line);
  std::vector<PhraseSet::Match> matches;
  listening_words().find(line, &matches);
  if (matches.empty() || contrary_words().found_in(line)) return std::nullopt;
  // From the words on: some of them end in "port" or in the scheme of an address.
  const std::string_view behind = line.substr(matches.front().begin, most_before_port);
  ListeningPort out;
  out.number = first_port(behind);
  if (out.number == 0) return std::nullopt;
  const bool kestrel =
      contains_folded(line, "now listening on: http") && contains_folded(behind, "localhost");
  out.loopback = kestrel || behind.find("127.0.0.1") != behind.npos || behind.find("[::1]") != behind.npos;
  out.aside = aside_words().found_in(line);
  return out;
}

void ListeningPorts::note(const TextFile& file, std::uint32_t number, std::string_view line) {
  if (file.pod.empty() || number > lines_at_start || count_ == most_ports) return;
  const auto port = listening_in(line);
  if (!port) return;
  std::vector<Said>& of_workload = said_[fmt::format("{}/{}", file.space, without_hashes(file.pod))];
  const bool known = std::ranges::any_of(of_workload, [&](const Said& one) {
    return one.port.number == port->number && one.port.loopback == port->loopback &&
           one.container == file.container;
  });
  if (known || of_workload.size() == most_ports_of_workload) return;
  Said said{*port, file.pod, file.container, {}};
  said.line.at.file = file.path;
  said.line.at.line = said.line.at.end_line = number;
  said.line.quote = std::string(cut_utf8(line, limit::quote));
  said.line.reason = "where its log says that it listens";
  if (!is_utf8(said.line.quote)) return;
  of_workload.push_back(std::move(said));
  ++count_;
}

const std::vector<ListeningPorts::Said>& ListeningPorts::of(std::string_view space,
                                                            std::string_view workload) const {
  static const std::vector<Said> none;
  const auto found = said_.find(fmt::format("{}/{}", space, workload));
  return found == said_.end() ? none : found->second;
}

Unheard unheard(const std::vector<ListeningPorts::Said>& said, std::string_view container,
                std::int64_t port) {
  Unheard out;
  for (const ListeningPorts::Said& one : said) {
    // Whose port it is cannot be told where several containers speak.
    if (container.empty() ? one.container != said.front().container : one.container != container) {
      if (container.empty()) return {};
      continue;
    }
    if (one.port.number == port && !one.port.loopback) return {};
    if (one.port.number == port) {
      out = {&one, true};
    } else if (!one.port.aside && out.instead == nullptr) {
      out.instead = &one;
    }
  }
  return out;
}

}  // namespace carrel
