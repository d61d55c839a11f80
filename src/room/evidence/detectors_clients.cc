// Who holds a server's connections. Source: Redis's CLIENT LIST, a line a client ("id=7 addr=10.1.2.3:51000
// ... name=web age=60 idle=0 ..."), and the same counted by name (`sort | uniq -c`: "   480 name=web").
#include <algorithm>
#include <cstdlib>
#include <map>

#include <fmt/format.h>

#include "base/ascii.h"
#include "base/text.h"
#include "room/evidence/detectors.h"

namespace carrel {
namespace {

constexpr std::size_t most_names = 1000;
constexpr long hour = 3600;

// The value of "name=" in a line of such fields; "" where it has none.
std::string_view field(std::string_view line, std::string_view name) {
  for (std::size_t at = line.find(name); at != std::string_view::npos; at = line.find(name, at + 1)) {
    if (at > 0 && line[at - 1] != ' ') continue;
    const std::string_view value = line.substr(at + name.size());
    return value.substr(0, value.find(' '));
  }
  return {};
}

struct Holder {
  std::uint64_t clients = 0;
  std::uint32_t line = 0;       // that tells it, or of one of them
  std::uint64_t idle_long = 0;  // of those that are listed, idle for an hour or more
};

// "   480 name=web" to its number; 0: it is no such line.
std::uint64_t counted(std::string_view line) {
  line = trim(line);
  const std::size_t digits = line.find_first_not_of("0123456789");
  if (digits == 0 || digits > 9 || digits == std::string_view::npos) return 0;
  if (!line.substr(digits).starts_with(" name=")) return 0;
  return static_cast<std::uint64_t>(std::atoll(std::string(line.substr(0, digits)).c_str()));
}

std::map<std::string, Holder> holders_in(const Document& document) {
  std::map<std::string, Holder> out;
  for (std::uint32_t number = 1; number <= document.starts.size(); ++number) {
    const std::string_view line = document.line(number);
    const std::string_view name = field(line, "name=");
    if (!is_plain_name(name) || out.size() >= most_names) continue;
    const std::uint64_t many = counted(line);
    const std::string_view idle = field(line, "idle=");
    if (many == 0 && (idle.empty() || !line.starts_with("id="))) continue;
    Holder& holder = out[std::string(name)];
    holder.clients += std::max<std::uint64_t>(many, 1);
    holder.line = number;
    if (many == 0 && std::atol(std::string(idle).c_str()) >= hour) ++holder.idle_long;
  }
  return out;
}

}  // namespace

void detect_clients(const Survey& survey, Observations* out) {
  constexpr std::uint64_t least = 50;
  constexpr std::uint64_t times = 3;  // the next one
  struct Found {
    const Document* document;
    std::string name;
    Holder holder;
    Holder next;
  };
  std::vector<Found> found;
  for (const Document& document : survey.inventory.documents()) {
    if (document.text.find(" name=") == std::string::npos) continue;
    Found most{&document, "", {}, {}};
    for (const auto& [name, holder] : holders_in(document)) {
      if (holder.clients > most.next.clients) most.next = holder;
      if (most.next.clients <= most.holder.clients) continue;
      std::swap(most.holder, most.next);
      most.name = name;
    }
    if (most.holder.clients >= least && most.holder.clients >= times * most.next.clients)
      found.push_back(most);
  }
  if (found.empty()) return;
  // A list may be a sample; a count is of all.
  const Found& most =
      *std::ranges::max_element(found, {}, [](const Found& each) { return each.holder.clients; });
  const auto idle = std::ranges::find_if(found, [&](const Found& each) {
    return each.name == most.name && each.holder.idle_long * 2 > each.holder.clients;
  });
  const bool asked = survey.asks({"client", "connection", "redis"});
  Observation& made = report_missing(
      out, holds_connections, asked ? 0.62 : 0.3, "client", "", most.name,
      fmt::format("{} holds {} connections, and the next client {}{}.", most.name, most.holder.clients,
                  most.next.clients,
                  idle == found.end()
                      ? ""
                      : "; most of them have been idle for hours: it does not close them (a leak)"));
  made.culprit.present = true;
  cite_line(&made, *most.document, most.holder.line, "how many connections it holds");
  if (most.next.line != 0)
    cite_line(&made, *most.document, most.next.line, "how many the next has, or one of them");
  if (idle != found.end() && idle->document != most.document)
    cite_line(&made, *idle->document, idle->holder.line, "one of them, and how long it has been idle");
  lack(&made, fmt::format("where {} opens its connections, and whether it closes them", most.name));
}

}  // namespace carrel
