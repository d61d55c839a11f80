#include "room/evidence/log_outlier.h"

#include <algorithm>
#include <map>
#include <string>
#include <string_view>

#include <fmt/format.h>

#include "base/ascii.h"
#include "base/brief.h"
#include "base/text.h"
#include "record/limits.h"
#include "room/evidence/log_findings.h"

namespace carrel {
namespace {

constexpr std::uint32_t kSeldom = 3;   // times; what is said more often is work, and not how it is set
constexpr std::size_t kSettings = 16;  // of a line
constexpr std::size_t kPlaces = 20'000;
constexpr std::size_t kMostTold = 4;

struct Said {
  std::string value;
  const LogEntry* entry = nullptr;
  bool wavers = false;  // says several things itself
};

// What each file says in one place: a line's beginning and the name of one of its settings.
using SaidBy = std::map<std::uint32_t, Said>;

bool is_of_name(char c) {
  return is_alphanumeric(c) || c == '_' || c == '-' || c == '.';
}

// "source" and "image" of "table ready: source=image rows=17"; quotation marks are no part of a value.
std::vector<std::pair<std::string_view, std::string_view>> values_in(std::string_view message) {
  std::vector<std::pair<std::string_view, std::string_view>> out;
  for (std::size_t at = message.find('='); at != message.npos && out.size() < kSettings;
       at = message.find('=', at + 1)) {
    std::size_t begin = at;
    while (begin > 0 && is_of_name(message[begin - 1])) --begin;
    std::string_view value = message.substr(at + 1);
    if (value.starts_with('"')) value.remove_prefix(1);
    value = value.substr(0, value.find_first_of(" \",;)]}"));
    if (begin < at && !value.empty() && value.size() <= 64)
      out.emplace_back(message.substr(begin, at - begin), value);
  }
  return out;
}

bool has_digit(std::string_view text) {
  return std::ranges::any_of(text, is_digit);
}

// The words before the first setting, without those that have digits in them.
std::string beginning_of(std::string_view message) {
  message = message.substr(0, message.find('='));
  std::string out;
  while (!message.empty()) {
    const std::size_t end = std::min(message.find(' '), message.size());
    if (!has_digit(message.substr(0, end))) out += std::string(message.substr(0, end)) + " ";
    message.remove_prefix(std::min(end + 1, message.size()));
  }
  return out;
}

// The number of a job's run in its pod's name ("29354415" of "export-29354415-zrj4z"); empty: it has none.
std::string number_of_run(const std::string& pod) {
  const std::size_t last = pod.rfind('-');
  if (last == std::string::npos || last == 0) return {};
  const std::size_t before = pod.rfind('-', last - 1);
  if (before == std::string::npos) return {};
  std::string run = pod.substr(before + 1, last - before - 1);
  return run.size() >= 8 && std::ranges::all_of(run, is_digit) ? run : "";
}

Observation odd_one(const LogStore& store, const LogEntry& odd, const LogEntry& peer,
                    const std::string& others, double weight) {
  constexpr std::size_t kQuoted = 90;
  const TextFile& file = store.files[odd.file].file;
  Observation out;
  out.detector = "log-odd-pod";
  out.verdict = Verdict::fault;
  out.culprit = {"pod", file.space, file.pod, true};
  out.cause =
      std::string(cut_words(fmt::format("Pod {} says another thing than {}: {} (not {})", file.pod, others,
                                        brief(odd.message, kQuoted), brief(peer.message, kQuoted)),
                            limit::sentence));
  out.weight = out.strength = weight;
  out.lines = {lines_of(store, odd).front(), lines_of(store, peer).front()};
  out.missing = {"why it came up so: what it read or was given when it started"};
  return out;
}

}  // namespace

std::vector<Observation> odd_pods(const LogStore& store, const Question& question) {
  constexpr std::size_t kLeastReplicas = 3;
  std::map<std::pair<std::string, std::string>, SaidBy> places;
  for (const LogEntry& entry : store.entries) {
    const TextFile& file = store.files[entry.file].file;
    const bool short_name = file.pod.size() <= limit::name && file.space.size() <= limit::name;
    if (entry.count > kSeldom || file.pod.empty() || !short_name || entry.example.empty()) continue;
    const std::string where = workload_of(file), beginning = beginning_of(entry.message);
    for (const auto& [key, value] : values_in(entry.message)) {
      if (places.size() >= kPlaces) break;
      Said& said = places[{where, fmt::format("{}{}", beginning, key)}][entry.file];
      said.wavers = said.wavers || (said.entry != nullptr && said.value != value);
      if (said.entry == nullptr) said = {std::string(value), &entry};
    }
  }
  std::vector<Observation> out;
  const auto is_told = [&](const LogEntry& entry) {
    return std::ranges::any_of(out, [&](const Observation& each) {
      return each.lines[0].at.file == store.files[entry.file].file.path &&
             each.lines[0].at.line == entry.first_line;
    });
  };
  for (const auto& [key, place] : places) {
    if (out.size() >= kMostTold ||
        std::ranges::any_of(place, [](const auto& each) { return each.second.wavers; }))
      continue;
    std::map<std::string_view, std::vector<const Said*>> values;
    for (const auto& [file, said] : place) values[said.value].push_back(&said);
    if (values.size() != 2) continue;
    const auto& [one, many] = std::minmax(values.begin()->second, values.rbegin()->second,
                                          [](const auto& a, const auto& b) { return a.size() < b.size(); });
    const LogEntry &odd = *one[0]->entry, &peer = *many[0]->entry;
    if (one.size() == 1 && place.size() >= kLeastReplicas && !is_told(odd)) {
      out.push_back(odd_one(store, odd, peer, fmt::format("its {} peers", many.size()),
                            question.about_some() ? 0.8 : 0.3));
      continue;
    }
    // Of two runs the later one.
    const std::string first = number_of_run(store.files[odd.file].file.pod),
                      second = number_of_run(store.files[peer.file].file.pod);
    const bool words = !has_digit(one[0]->value) && !has_digit(many[0]->value);
    if (place.size() != 2 || first.empty() || second.empty() || !words) continue;
    if (!question.about_change() && !question.has_word("since")) continue;
    const bool later = std::pair(first.size(), first) > std::pair(second.size(), second);
    if (!is_told(later ? odd : peer))
      out.push_back(odd_one(store, later ? odd : peer, later ? peer : odd, "an earlier run", 0.8));
  }
  return out;
}

}  // namespace carrel
