#include "room/evidence/host_chains.h"

#include <algorithm>
#include <string>
#include <string_view>

#include <fmt/format.h>

#include "base/ascii.h"
#include "record/limits.h"
#include "room/evidence/detectors.h"
#include "room/evidence/relations.h"
#include "room/evidence/telling.h"

namespace carrel {
namespace {

// The port on which somebody cannot listen: "0.0.0.0:443", "tcp :8080: bind", "[::]:80", "Port 8080 was
// already in use"; not the parts of a time of day. Empty: none is told.
std::string_view port_in_error(std::string_view text) {
  constexpr std::string_view kOfAddress = "0123456789abcdefABCDEF.:[]*";
  for (std::size_t colon = text.find(':'); colon != std::string_view::npos;
       colon = text.find(':', colon + 1)) {
    const std::size_t end = std::min(text.find_first_not_of("0123456789", colon + 1), text.size());
    const std::size_t before = text.find_last_not_of(kOfAddress, colon);
    const std::string_view host = text.substr(before + 1, colon - before - 1);  // npos + 1 is 0
    const bool is_host =
        host.empty() || host.ends_with(']') || host.ends_with('*') || host.find('.') != host.npos;
    const bool ends =
        end == text.size() || text[end] != ':' || end + 1 == text.size() || text[end + 1] == ' ';
    if (end > colon + 2 && end <= colon + 6 && is_host && ends)
      return text.substr(colon + 1, end - colon - 1);
  }
  for (const std::string_view mark : {"port ", "Port "}) {
    const std::size_t at = text.find(mark);
    if (at == std::string_view::npos) continue;
    const std::string_view rest = text.substr(at + mark.size());
    return rest.substr(0, std::min(rest.find_first_not_of("0123456789"), rest.size()));
  }
  return {};
}

// Who cannot listen is told who does, where the host's tools show it. A pod has ports of its own.
void tell_who_listens(const std::vector<Observation>& objects, std::vector<Observation>* logs) {
  for (Observation& log : *logs) {
    if (log.detector != "log-port-in-use" || log.lines.empty() || log.culprit.kind == "pod") continue;
    const std::string_view port = port_in_error(log.lines[0].quote);
    const std::string listens = fmt::format(" listens on port {}", port);
    for (const Observation& holder : objects) {
      const bool elsewhere = log.culprit.kind == "node" && !holder.culprit.name.empty() &&
                             holder.culprit.name != log.culprit.name;
      if (port.empty() || elsewhere || holder.detector != port_held) continue;
      const std::size_t at = holder.cause.find(listens);
      if (at == std::string::npos || is_digit(holder.cause[at + listens.size()])) continue;
      Observation told = holder;
      tell_with(&log, &told, 1);
      break;
    }
  }
}

// A certificate that is valid for a search domain of the resolver shows that the name was found there.
void tell_search_domains(const std::vector<Observation>& objects, std::vector<Observation>* logs) {
  for (Observation& log : *logs) {
    if (log.detector != "log-certificate-name" || log.lines.empty()) continue;
    for (const Observation& domain : objects) {
      if (domain.detector != searched_domain) continue;
      const std::string wildcard = fmt::format("*.{}", domain.culprit.name);
      if (log.lines.front().quote.find(wildcard) == std::string::npos) continue;
      Observation told = domain;
      told.cause = fmt::format("{}, where another server seems to answer", domain.cause);
      tell_with(&log, &told, 1);
      break;
    }
  }
}

// A certificate that has expired although it was renewed is told with who has not reloaded it: the workload
// that the address in the error names.
void tell_who_serves_the_old_certificate(const std::vector<Observation>& objects,
                                         std::vector<Observation>* logs) {
  for (Observation& log : *logs) {
    if (log.detector != "log-certificate-expired" || log.lines.empty()) continue;
    for (const Observation& old : objects) {
      if (old.detector != old_certificate) continue;
      const std::string server(without_added(old.culprit.name));
      const bool is_its = std::ranges::any_of(
          log.lines, [&](const EvidenceLine& line) { return has_name(line.quote, server, false); });
      if (!is_its) continue;
      Observation told = old;
      tell_with(&log, &told, 2);
      break;
    }
  }
}

// A disk that is slow is told with who writes most to it.
void tell_who_writes(const std::vector<Observation>& objects, std::vector<Observation>* logs) {
  const auto writer = std::ranges::find(objects, disk_writer, &Observation::detector);
  if (writer == objects.end()) return;
  for (Observation& log : *logs) {
    if (log.detector != "log-slow-disk" && log.detector != "log-disk-saturated") continue;
    Observation told = *writer;
    tell_with(&log, &told, 1);
  }
}

// What the logs of several nodes tell alike is told once, with the nodes.
void tell_on_which_nodes(std::vector<Observation>* logs) {
  constexpr std::size_t most_named = 4;
  for (std::size_t i = 0; i < logs->size(); ++i) {
    Observation& first = (*logs)[i];
    if (first.culprit.kind != "node" || first.verdict != Verdict::fault) continue;
    std::vector<Observation*> others;
    for (std::size_t j = 0; j < logs->size(); ++j) {
      Observation& other = (*logs)[j];
      const bool alike = other.detector == first.detector && other.culprit.kind == "node" &&
                         other.culprit.name != first.culprit.name;
      if (!alike) continue;
      // The heaviest tells, of equals the first.
      if (other.weight > first.weight || (other.weight == first.weight && j < i)) {
        others.clear();
        break;
      }
      others.push_back(&other);
    }
    if (others.empty() || others.size() >= most_named) continue;
    std::string names;
    for (Observation* other : others) {
      names += fmt::format("{}{}", names.empty() ? "" : ", ", other->culprit.name);
      cite_first(&first, *other, 1);
      other->weight *= 0.9;
    }
    const std::string more = fmt::format("; {} nodes in all, with {}", others.size() + 1, names);
    first.cause = shortened(first.cause, limit::sentence - more.size()) + more;
  }
}

}  // namespace

void tell_of_hosts(const std::vector<Observation>& objects, std::vector<Observation>* logs) {
  tell_who_listens(objects, logs);
  tell_on_which_nodes(logs);
  tell_search_domains(objects, logs);
  tell_who_serves_the_old_certificate(objects, logs);
  tell_who_writes(objects, logs);
}

}  // namespace carrel
