// Calls to the cluster's own names that are sent through a proxy for the outside: HTTP_PROXY is set, and
// NO_PROXY does not except them. Found in text of any kind (manifests, Helm values, ConfigMaps, `env`), since
// that is what programs are given it by.
#include <algorithm>
#include <array>

#include <fmt/format.h>

#include "base/ascii.h"
#include "base/brief.h"
#include "base/text.h"
#include "room/evidence/detectors.h"

namespace carrel {
namespace {

constexpr std::size_t largest_settings = 1 << 20;  // bytes of a document that is looked at
constexpr std::size_t most_proxied = 16;           // findings
constexpr std::uint32_t most_setting_lines = 20'000;

struct Setting {
  std::string_view value;
  std::uint32_t line = 0;
};

// "x" of "HTTP_PROXY: x", "HTTP_PROXY=x", `"HTTP_PROXY": "x"`; empty where the line has only the name.
std::string_view value_behind(std::string_view line, std::size_t end_of_name) {
  std::string_view rest = line.substr(end_of_name);
  rest.remove_prefix(std::min(rest.find_first_not_of("\"' :="), rest.size()));
  return rest.substr(0, rest.find_first_of("\"' \t\r"));
}

// The value of an environment variable at a line that names it: there, or in the next line's "value: x".
Setting setting_at(const Document& document, std::uint32_t number, std::size_t end_of_name) {
  if (const std::string_view value = value_behind(document.line(number), end_of_name); !value.empty())
    return {value, number};
  if (number >= document.starts.size()) return {};
  const std::string_view next = document.line(number + 1);
  const std::size_t at = next.find("value");
  if (at == next.npos) return {};
  return {value_behind(next, at + 5), number + 1};
}

// The end of a variable's name in a line, where it stands as a word, in either case.
std::size_t end_of_variable(std::string_view line, std::string_view name) {
  const std::string folded = to_lower(line.substr(0, 256));
  const std::size_t at = folded.find(name);
  if (at == std::string::npos) return 0;
  const std::size_t end = at + name.size();
  const auto is_part = [](char c) { return is_letter(c) || is_digit(c) || c == '_'; };
  if ((at > 0 && is_part(folded[at - 1])) || (end < folded.size() && is_part(folded[end]))) return 0;
  return end;
}

// The host of the first HTTP address of the cluster's own in a line: "api.shop.svc.cluster.local".
std::string_view own_host_in(std::string_view line) {
  for (const std::string_view scheme : {"http://", "https://"}) {
    const std::size_t at = line.find(scheme);
    if (at == line.npos) continue;
    const std::string_view rest = line.substr(at + scheme.size());
    const std::string_view host = rest.substr(0, rest.find_first_of(":/\"' \t\r?"));
    if ((host.ends_with(".svc") || host.find(".svc.") != host.npos) && is_plain_name(host)) return host;
  }
  return {};
}

// Whether NO_PROXY excepts a host: by a name that it ends in, with or without a dot or a star before.
bool excepts(std::string_view no_proxy, std::string_view host) {
  while (!no_proxy.empty()) {
    const std::size_t comma = std::min(no_proxy.find(','), no_proxy.size());
    std::string_view one = trim(no_proxy.substr(0, comma));
    no_proxy.remove_prefix(std::min(comma + 1, no_proxy.size()));
    if (one == "*") return true;
    while (one.starts_with('*') || one.starts_with('.')) one.remove_prefix(1);
    if (!one.empty() && host.ends_with(one)) return true;
  }
  return false;
}

struct Proxied {
  Setting proxy, exceptions, address;
};

// What a document sets of proxies, and the first of the cluster's own addresses that no exception covers.
Proxied proxied_in(const Document& document) {
  Proxied out;
  const auto lines = std::min<std::size_t>(document.starts.size(), most_setting_lines);
  for (std::uint32_t number = 1; number <= lines; ++number) {
    const std::string_view line = document.line(number);
    for (const std::string_view name : {"http_proxy", "https_proxy"}) {
      const std::size_t end = end_of_variable(line, name);
      if (end != 0 && out.proxy.line == 0) out.proxy = setting_at(document, number, end);
    }
    if (const std::size_t end = end_of_variable(line, "no_proxy"); end != 0)
      out.exceptions = setting_at(document, number, end);
  }
  // Without any exception it is not told whether there is a default for them.
  if (out.proxy.value.empty() || out.exceptions.value.empty()) return {};
  for (std::uint32_t number = 1; number <= lines && out.address.line == 0; ++number) {
    const std::string_view host = own_host_in(document.line(number));
    if (!host.empty() && !excepts(out.exceptions.value, host)) out.address = {host, number};
  }
  return out;
}

}  // namespace

void detect_proxied_calls(const Survey& survey, Observations* out) {
  std::size_t told = 0;
  const bool asked = survey.asks({"proxy", "503", "502", "403", "504", "timeout", "connect", "reach", "fail",
                                  "refused", "answer", "call"});
  for (const Document& document : survey.inventory.documents()) {
    if (told == most_proxied) return;
    if (document.text.size() > largest_settings || !has(document.text, "no_proxy") ||
        !has(document.text, ".svc"))
      continue;
    const Proxied found = proxied_in(document);
    if (found.address.line == 0) continue;
    ++told;
    Observation& made = report_missing(
        out, proxied_call, asked ? 0.8 : 0.35, "setting", "", "",
        fmt::format(
            "Calls to {} go through the proxy {}, since NO_PROXY ({}) does not except the cluster's own "
            "names (.svc, .cluster.local).",
            brief(found.address.value, 80), brief(found.proxy.value, 60), brief(found.exceptions.value, 80)));
    cite_line(&made, document, found.exceptions.line, "what is not sent through the proxy");
    cite_line(&made, document, found.proxy.line, "the proxy");
    cite_line(&made, document, found.address.line, "the address in the cluster");
    lack(&made, "the log of the proxy");
  }
}

}  // namespace carrel
