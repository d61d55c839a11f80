#include "room/evidence/saved_logs.h"

#include <algorithm>
#include <array>
#include <map>
#include <tuple>

#include "base/ascii.h"
#include "base/text.h"
#include "record/limits.h"
#include "room/evidence/loose_json.h"
#include "room/evidence/mine.h"

namespace carrel {
namespace {

constexpr std::size_t largest_answer = 4 << 20;
constexpr std::size_t most_speakers = 256;  // of a file; what others said is read as nobody's
constexpr std::size_t least_quoted = 16;    // bytes of a line that can be quoted in part alone

struct Line {
  std::string_view time;  // nanoseconds since 1970, in decimal, or as ISO 8601 has it
  const Value* text = nullptr;
  std::uint32_t column = 0;  // that it does not begin before
  std::string head = {};     // time and level, where the store keeps them apart from the text
};

// Namespace, pod and container of a stream, as far as its labels tell.
using Speaker = std::tuple<std::string, std::string, std::string>;

std::string label(const Value& stream, std::initializer_list<std::string_view> names) {
  for (const std::string_view name : names) {
    const std::string_view value = stream[name].text();
    if (!value.empty() && value.size() <= limit::name) return std::string(value);
  }
  return {};
}

Speaker speaker_of(const Value& stream) {
  return {label(stream, {"namespace", "k8s_namespace_name", "kubernetes_namespace_name"}),
          label(stream, {"pod", "pod_name", "k8s_pod_name", "instance"}),
          label(stream, {"container", "container_name", "k8s_container_name", "app", "service_name", "job"})};
}

// The text in JSON's escapes, where the line of the file has it so; else empty.
std::string escaped_in(std::string_view line, std::string_view text) {
  std::string literal = printable_json_string(std::string(text));
  literal = literal.substr(1, literal.size() - 2);
  return literal.size() <= limit::quote && line.find(literal) != std::string_view::npos ? literal : "";
}

// The same, or as much of the text as has no escapes, however the store wrote them.
std::string part_in(std::string_view line, std::string_view text) {
  if (std::string whole = escaped_in(line, text); !whole.empty()) return whole;
  std::string_view longest;
  while (!text.empty()) {
    const std::size_t end = std::min(text.find_first_of("\"\\\t/<>&"), text.size());
    if (end > longest.size()) longest = text.substr(0, end);
    text.remove_prefix(std::min(end + 1, text.size()));
  }
  longest = cut_utf8(longest, limit::quote);
  const bool found = longest.size() >= least_quoted && line.find(longest) != std::string_view::npos;
  return found ? std::string(longest) : "";
}

// Where in the file a mined line lies, from which column on at the earliest, and what was put before it.
struct Place {
  std::uint32_t line = 0, column = 0;
  std::string head = {};
};

// An answer may be one line of megabytes.
std::string_view text_at(const Document& document, const Place& place) {
  const std::string_view line = document.line(place.line);
  return line.substr(std::min<std::size_t>(place.column, line.size()));
}

// The same lines as the file has them. A trace may lie in one line of it, or in several. `places`: by the
// number of the mined line.
std::vector<EvidenceLine> in_file(const Document& document, const std::vector<Place>& places,
                                  const std::vector<EvidenceLine>& lines) {
  std::vector<EvidenceLine> out;
  const auto add = [&](const EvidenceLine& of, std::uint32_t place, std::string quote) {
    if (quote.empty() || out.size() >= limit::citations) return;
    out.push_back(of);
    out.back().at.line = out.back().at.end_line = place;
    out.back().quote = std::move(quote);
  };
  for (const EvidenceLine& line : lines) {
    std::size_t mined = line.at.line;
    if (mined >= places.size()) continue;
    std::string_view rest = line.quote;
    if (rest.starts_with(places[mined].head)) rest.remove_prefix(places[mined].head.size());
    if (std::string whole = escaped_in(text_at(document, places[mined]), rest); !whole.empty()) {
      add(line, places[mined].line, std::move(whole));
      continue;
    }
    for (; !rest.empty() && mined < places.size(); ++mined) {
      const std::size_t end = std::min(rest.find('\n'), rest.size());
      add(line, places[mined].line, part_in(text_at(document, places[mined]), rest.substr(0, end)));
      rest.remove_prefix(std::min(end + 1, rest.size()));
    }
  }
  return out;
}

std::vector<Observation> mined(const Document& document, const Speaker& speaker, std::vector<Line> lines,
                               const std::string& question) {
  // The store answers with the latest first, unless it is asked otherwise.
  const auto key = [](const Line& line) {
    const bool number = std::ranges::all_of(line.time, is_digit);
    return std::pair(number ? line.time.size() : 0, line.time);
  };
  std::ranges::stable_sort(lines, [&](const Line& a, const Line& b) { return key(a) < key(b); });
  const auto& [space, pod, container] = speaker;
  LogMiner miner(question);
  miner.begin({document.path, TextFile::Kind::log, space, pod, container});
  std::vector<Place> places(1);
  for (const Line& line : lines) {
    miner.add(line.head + line.text->scalar + "\n");
    const auto count = static_cast<std::size_t>(std::ranges::count(line.text->scalar, '\n')) + 1;
    places.push_back({line.text->line, line.column, line.head});
    places.resize(places.size() + count - 1, {line.text->line, line.column});
  }
  miner.end();
  std::vector<Observation> found = miner.observations();
  for (Observation& each : found) each.lines = in_file(document, places, each.lines);
  std::erase_if(found, [](const Observation& each) { return each.lines.empty(); });
  return found;
}

using Speakers = std::map<Speaker, std::vector<Line>>;

std::vector<Line>& lines_of(Speakers* speakers, const Speaker& speaker) {
  return speakers->size() < most_speakers || speakers->contains(speaker) ? (*speakers)[speaker]
                                                                         : (*speakers)[Speaker()];
}

void add_apart(Speakers* speakers, const Speaker& speaker, const Value& time, const Value& level,
               const Value& text) {
  constexpr std::size_t longest = 64;  // of a time, and of a level
  if (!text.is(Value::Kind::string) || text.scalar.empty()) return;
  if (time.text().size() > longest || level.text().size() > longest) return;
  std::string head;
  if (!time.text().empty()) head += std::string(time.text()) + " ";
  for (const char c : level.text()) head += is_lower(c) ? static_cast<char>(c - 'a' + 'A') : c;
  if (!level.text().empty()) head += ' ';
  lines_of(speakers, speaker).push_back({time.text(), &text, text.column, std::move(head)});
}

Speakers loki_lines(const Value& root) {
  Speakers speakers;
  const Value& data = root["data"];
  if (data["resultType"].text() != "streams") return speakers;
  for (const Value& stream : data["result"].items) {
    std::vector<Line>& lines = lines_of(&speakers, speaker_of(stream["stream"]));
    for (const Value& pair : stream["values"].items) {
      if (pair[1].is(Value::Kind::string)) lines.push_back({pair[0].text(), &pair[1], pair.column});
    }
  }
  return speakers;
}

// The value of "pod_name:checkout-0" among an event's tags, by the first of several names that is there.
std::string tag(const Value& tags, std::initializer_list<std::string_view> names) {
  for (const std::string_view name : names) {
    for (const Value& each : tags.items) {
      const std::string_view text = each.text();
      const bool is_it = text.starts_with(name) && text.substr(name.size()).starts_with(':');
      if (is_it && text.size() - name.size() - 1 <= limit::name)
        return std::string(text.substr(name.size() + 1));
    }
  }
  return {};
}

Speakers datadog_lines(const Value& root) {
  Speakers speakers;
  for (const Value& event : root["data"].items) {
    const Value& attributes = event["attributes"];
    const Value& tags = attributes["tags"];
    const std::string container = tag(tags, {"kube_container_name", "container_name"});
    add_apart(&speakers,
              {tag(tags, {"kube_namespace"}), tag(tags, {"pod_name"}),
               container.empty() ? label(attributes, {"service"}) : container},
              attributes["timestamp"], attributes["status"], attributes["message"]);
  }
  return speakers;
}

// A member by its path, be it written as one name ("log.level") or nested.
const Value& at_path(const Value& object, std::string_view path) {
  if (object[path].exists()) return object[path];
  const std::size_t dot = path.find('.');
  if (dot == std::string_view::npos) return Value::null();
  return at_path(object[path.substr(0, dot)], path.substr(dot + 1));
}

Speakers elastic_lines(const Value& root) {
  Speakers speakers;
  const auto first = [](const Value& source, std::initializer_list<std::string_view> paths) -> const Value& {
    for (const std::string_view path : paths) {
      if (const Value& value = at_path(source, path); !value.text().empty()) return value;
    }
    return Value::null();
  };
  for (const Value& hit : root["hits"]["hits"].items) {
    const Value& source = hit["_source"];
    const auto name = [&](std::initializer_list<std::string_view> paths) {
      const std::string_view text = first(source, paths).text();
      return text.size() <= limit::name ? std::string(text) : std::string();
    };
    add_apart(&speakers,
              {name({"kubernetes.namespace", "kubernetes.namespace_name"}),
               name({"kubernetes.pod.name", "kubernetes.pod_name"}),
               name({"kubernetes.container.name", "kubernetes.container_name", "service.name", "service"})},
              first(source, {"@timestamp", "timestamp"}), first(source, {"log.level", "level", "severity"}),
              first(source, {"message", "log", "msg"}));
  }
  return speakers;
}

}  // namespace

std::vector<Observation> findings_of_saved_logs(const Inventory& inventory, const std::string& question) {
  struct Store {
    std::string_view mark;
    Speakers (*lines)(const Value& root);
  };
  static constexpr std::array<Store, 3> stores = {
      {{"\"streams\"", loki_lines}, {"\"attributes\"", datadog_lines}, {"\"_source\"", elastic_lines}}};
  std::vector<Observation> out;
  for (const Store& store : stores) {
    each_loose_json(inventory, store.mark, largest_answer, [&](const LooseJson& file) {
      for (auto& [speaker, lines] : store.lines(file.root)) {
        std::vector<Observation> found = mined(*file.document, speaker, std::move(lines), question);
        out.insert(out.end(), std::make_move_iterator(found.begin()), std::make_move_iterator(found.end()));
      }
    });
  }
  return out;
}

}  // namespace carrel
