#include "room/evidence/saved_logs.h"

#include <algorithm>
#include <map>
#include <tuple>

#include "base/text.h"
#include "record/limits.h"
#include "room/evidence/loose_json.h"
#include "room/evidence/mine.h"

namespace carrel {
namespace {

constexpr std::size_t largest_answer = 4 << 20;
constexpr std::size_t least_quoted = 16;  // bytes of a line that can be quoted in part alone

struct Line {
  std::string_view time;  // nanoseconds since 1970, in decimal
  const Value* text = nullptr;
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

// The same lines as the file has them. `places`: where in it each mined line lies. A trace may lie in one
// line of it, or in several.
std::vector<EvidenceLine> in_file(const Document& document, const std::vector<std::uint32_t>& places,
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
    if (std::string whole = escaped_in(document.line(places[mined]), line.quote); !whole.empty()) {
      add(line, places[mined], std::move(whole));
      continue;
    }
    std::string_view rest = line.quote;
    for (; !rest.empty() && mined < places.size(); ++mined) {
      const std::size_t end = std::min(rest.find('\n'), rest.size());
      add(line, places[mined], part_in(document.line(places[mined]), rest.substr(0, end)));
      rest.remove_prefix(std::min(end + 1, rest.size()));
    }
  }
  return out;
}

std::vector<Observation> mined(const Document& document, const Speaker& speaker, std::vector<Line> lines,
                               const std::string& question) {
  // The store answers with the latest first, unless it is asked otherwise.
  std::ranges::stable_sort(lines, [](const Line& a, const Line& b) {
    return std::pair(a.time.size(), a.time) < std::pair(b.time.size(), b.time);
  });
  const auto& [space, pod, container] = speaker;
  LogMiner miner(question);
  miner.begin({document.path, TextFile::Kind::log, space, pod, container});
  std::vector<std::uint32_t> places = {0};  // in the file, by the number of the mined line
  for (const Line& line : lines) {
    miner.add(line.text->scalar + "\n");
    const auto count = static_cast<std::size_t>(std::ranges::count(line.text->scalar, '\n')) + 1;
    places.insert(places.end(), count, line.text->line);
  }
  miner.end();
  std::vector<Observation> found = miner.observations();
  for (Observation& each : found) each.lines = in_file(document, places, each.lines);
  std::erase_if(found, [](const Observation& each) { return each.lines.empty(); });
  return found;
}

}  // namespace

std::vector<Observation> findings_of_saved_logs(const Inventory& inventory, const std::string& question) {
  std::vector<Observation> out;
  each_loose_json(inventory, "\"streams\"", largest_answer, [&](const LooseJson& file) {
    const Value& data = file.root["data"];
    if (data["resultType"].text() != "streams") return;
    std::map<Speaker, std::vector<Line>> speakers;
    for (const Value& stream : data["result"].items) {
      std::vector<Line>& lines = speakers[speaker_of(stream["stream"])];
      for (const Value& pair : stream["values"].items) {
        if (pair[1].is(Value::Kind::string)) lines.push_back({pair[0].text(), &pair[1]});
      }
    }
    for (auto& [speaker, lines] : speakers) {
      std::vector<Observation> found = mined(*file.document, speaker, std::move(lines), question);
      out.insert(out.end(), std::make_move_iterator(found.begin()), std::make_move_iterator(found.end()));
    }
  });
  return out;
}

}  // namespace carrel
