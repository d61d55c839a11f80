// What Prometheus measured, where its answers were saved beside the objects: queries over time and targets.
// Source: Prometheus' HTTP API, /api/v1/query, /api/v1/query_range ("data"."result"), /api/v1/targets
// ("data"."activeTargets") and /api/v1/rules ("data"."groups"); a saved answer has its query beside it.
#include <algorithm>
#include <cmath>
#include <map>

#include <fmt/format.h>

#include "base/ascii.h"
#include "room/evidence/detectors.h"
#include "room/evidence/loose_json.h"

namespace carrel {
namespace {

constexpr std::size_t largest_answer = 4 << 20;
constexpr std::size_t most_of_one_query = 8;
constexpr int deepest = 6;

struct Point {
  double value = 0;
  const Value* place = nullptr;
};

// One series of an answer, by time.
struct Series {
  std::string query;
  const Value* asked = nullptr;  // the query, where the answer has it
  const Value* labels = nullptr;
  std::vector<Point> points;

  std::string_view label(std::initializer_list<std::string_view> names) const {
    for (const std::string_view name : names) {
      if (const std::string_view value = (*labels)[name].text(); !value.empty()) return value;
    }
    return {};
  }
  std::string_view pod() const { return label({"pod", "pod_name", "kubernetes_pod_name"}); }
  // As a label, else as the query asks for it.
  std::string space() const {
    const std::string_view own = label({"namespace", "exported_namespace", "kubernetes_namespace"});
    return std::string(own.empty() ? between(query, "namespace=\"", "\"") : own);
  }
  // The middle one of its last third by its value: how it is now, whatever a single sample says.
  const Point& recent() const {
    std::vector<const Point*> last;
    for (std::size_t i = points.size() - (points.size() + 2) / 3; i < points.size(); ++i)
      last.push_back(&points[i]);
    std::nth_element(last.begin(), last.begin() + last.size() / 2, last.end(),
                     [](const Point* a, const Point* b) { return a->value < b->value; });
    return *last[last.size() / 2];
  }
};

void add_point(const Value& pair, std::vector<Point>* out) {
  const std::string& text = pair[1].scalar;
  char* end = nullptr;
  const double value = std::strtod(text.c_str(), &end);
  if (end != text.c_str() && std::isfinite(value)) out->push_back({value, &pair[1]});
}

// Every answer below a value, with the query that stands beside it or above.
void collect_series(const Value& value, const Value* asked, int depth, std::vector<Series>* out) {
  if (depth > deepest) return;
  if (value["query"].is(Value::Kind::string)) asked = &value["query"];
  const Value& result = value["result"];
  if (value["resultType"].exists() && result.is(Value::Kind::array)) {
    for (std::size_t i = 0; i < result.size() && i < most_of_one_query * 8; ++i) {
      Series series;
      series.labels = &result[i]["metric"];
      const std::string_view name = (*series.labels)["__name__"].text();
      series.asked = asked;
      series.query = asked == nullptr ? std::string(name) : asked->scalar;
      for (const Value& pair : result[i]["values"].items) add_point(pair, &series.points);
      if (result[i]["value"].exists()) add_point(result[i]["value"], &series.points);
      if (!series.points.empty() && !series.query.empty()) out->push_back(std::move(series));
    }
    return;
  }
  for (const auto& [key, member] : value.members) collect_series(member, asked, depth + 1, out);
  for (const Value& item : value.items) collect_series(item, asked, depth + 1, out);
}

// The name of what is measured: the label's, else the first word of the query that is none of the language's
// own.
std::string measured(const Series& series) {
  for (const char* label : {"__name__", "metric"}) {
    if (const std::string_view name = (*series.labels)[label].text(); !name.empty()) return brief(name, 80);
  }
  // "rate(apiserver_requests_total[5m])": a word with '_' before a bracket, else the first such word.
  const std::string_view query = series.query;
  std::string_view first;
  for (std::size_t at = 0, end = 0; at < query.size(); at = std::max(end, at + 1)) {
    end = at;
    while (end < query.size() && (is_alphanumeric(query[end]) || query[end] == '_' || query[end] == ':'))
      ++end;
    const std::string_view word = query.substr(at, end - at);
    if (word.find('_') == std::string_view::npos) continue;
    if (end < query.size() && (query[end] == '{' || query[end] == '[')) return brief(word, 80);
    if (first.empty()) first = word;
  }
  return brief(first.empty() ? query : first, 80);
}

void cite_name(Observation* made, const Object& source, const Series& series) {
  for (const char* label : {"__name__", "metric"}) {
    const Value& name = (*series.labels)[label];
    if (name.text().empty()) continue;
    cite(made, source, name, "what is measured");
    return;
  }
  if (series.asked != nullptr) cite(made, source, *series.asked, "what is measured");
}

// The first label that tells whose it is; null: none.
const std::pair<std::string, Value>* naming_label(const Series& series) {
  const auto found = std::ranges::find_if(series.labels->members,
                                          [](const auto& label) { return label.first != "__name__"; });
  return found == series.labels->members.end() ? nullptr : &*found;
}

void cite_series(Observation* made, const Object& source, const Series& series, const Point& point,
                 const char* what) {
  cite(made, source, *point.place, what);
  const auto* label = naming_label(series);
  if (label != nullptr) cite(made, source, label->second, "whose measurement it is");
}

// A CPU limit that cuts a container off: the share of its periods in which it had to wait.
void check_throttling(const Survey& survey, const Object& source, const Series& series, Observations* out) {
  constexpr double much = 0.25;
  const Point& now = series.recent();
  const Point& first = series.points.front();
  if (!has(series.query, "throttled") || series.query.find('/') == std::string::npos || now.value > 1.01 ||
      now.value < much)
    return;
  const std::string space = series.space();
  const std::string pod(series.pod());
  const bool rose = first.value < now.value / 4;
  const bool asked = survey.asks({"slow", "cpu", "throttl", "latency", "performance", "p9", "second"});
  Observation& made = report_missing(
      out, "cpu-limit-reached", asked ? 0.85 : 0.5, pod.empty() ? "namespace" : "pod",
      pod.empty() ? "" : space, pod.empty() ? space : pod,
      fmt::format("{} is throttled and answers slowly: the share of its periods in which its CPU limit cuts "
                  "it off is "
                  "{}{}.",
                  pod.empty() ? fmt::format("What the query measures in namespace {}", space)
                              : described("pod", space, pod),
                  now.place->text(), rose ? fmt::format(" (it was {} before)", first.place->text()) : ""));
  made.culprit.present = true;
  cite_series(&made, source, series, now, "the share of periods in which it was throttled");
  if (rose) cite(&made, source, *first.place, "the share when the measurement began");
  if (survey.find("pod", space, pod) != nullptr)
    suggest(&made, fmt::format("kubectl -n {} describe pod {}", space, pod), "shows its CPU limit");
  lack(&made, "the CPU limit that the container had before");
}

// A node's clock beside that of who measures it, in seconds.
void check_clock(const Survey& survey, const Object& source, const Series& series, Observations* out) {
  constexpr double off = 1;
  const bool offset = has(series.query, "timex_offset_seconds") ||
                      (has(series.query, "node_time_seconds") &&
                       series.query.find('-') != std::string::npos && has(series.query, "time"));
  const std::string node(series.label({"node", "instance", "kubernetes_node", "nodename"}));
  if (!offset || node.empty() || std::abs(series.recent().value) < off ||
      std::abs(series.recent().value) > 1e8)
    return;
  const bool asked = survey.asks({"clock", "time", "ntp", "403", "token", "signature", "auth", "late"});
  Observation& made = report_missing(
      out, "node-clock", asked ? 0.8 : 0.6, "node", "", node,
      fmt::format("The clock of node {} is off by {} seconds (clock skew), so what its pods sign or check by "
                  "time is refused.",
                  node, series.recent().place->text()));
  made.culprit.present = true;
  cite_series(&made, source, series, series.recent(), "by how much its clock is off");
  if (survey.find("node", "", node) != nullptr)
    suggest(&made, fmt::format("kubectl describe node {}", node), "shows the node's conditions and events");
  lack(&made, "the state of time synchronisation on the node (chronyc tracking, timedatectl)");
}

// True where a measurement rises all the time beneath its noise: the middle of each sixth of it lies above
// that of the sixth before.
bool rises_steadily(const Series& series) {
  constexpr std::size_t parts = 6, least_points = 24;
  if (series.points.size() < least_points) return false;
  double before = 0;
  for (std::size_t part = 0; part < parts; ++part) {
    std::vector<double> values;
    for (std::size_t i = part * series.points.size() / parts; i < (part + 1) * series.points.size() / parts;
         ++i)
      values.push_back(series.points[i].value);
    std::ranges::nth_element(values, values.begin() + static_cast<std::ptrdiff_t>(values.size() / 2));
    const double middle = values[values.size() / 2];
    // A twentieth more: what rises by less is as good as level. The first sixth may come before it began.
    if (part > 1 && middle < 1.05 * before) return false;
    if (part == 1 && middle < 0.9 * before) return false;
    before = middle;
  }
  return true;
}

// Memory that grows for as long as it was measured.
void check_memory_growth(const Survey& survey, const Object& source, const Series& series,
                         Observations* out) {
  constexpr double times = 2;
  const bool memory = has(series.query, "memory") || has(series.query, "_rss") || has(series.query, "heap");
  const bool amount = !has(series.query, "_total") && !has(series.query, "rate(") &&
                      series.query.find('/') == std::string::npos && !has(series.query, "limit");
  if (!memory || !amount || !rises_steadily(series)) return;
  const Point& first = series.points.front();
  // The highest: the last may be of the time after a restart.
  const Point& highest = *std::ranges::max_element(series.points, {}, &Point::value);
  if (highest.value < times * std::max(first.value, 1.0)) return;
  const std::string space = series.space();
  const std::string pod(series.pod()), container(series.label({"container", "container_name"}));
  const bool asked = survey.asks({"memory", "leak", "restart", "crash", "grow", "oom", "heap", "kill"});
  const std::string whose = pod.empty() ? container.empty() ? "" : " of container " + container
                                        : " of " + described("pod", space, pod);
  constexpr double mebi = 1 << 20;
  Observation& made =
      report_missing(out, only_grows, asked ? 0.55 : 0.4, pod.empty() ? "container" : "pod",
                     pod.empty() ? container : space, pod.empty() ? container : pod,
                     fmt::format("its memory{} grows steadily, from {:.0f} to {:.0f} MiB: a memory leak.",
                                 whose, first.value / mebi, highest.value / mebi));
  made.culprit.present = true;
  cite(&made, source, *highest.place, "the most memory");
  cite(&made, source, *first.place, "its memory at first");
  if (series.asked != nullptr) cite(&made, source, *series.asked, "what is measured");
  if (const auto* label = naming_label(series)) cite(&made, source, label->second, "whose measurement it is");
}

// A number of things that only ever grows: what is kept and never given back.
void check_growth(const Survey& survey, const Object& source, const Series& series, Observations* out) {
  constexpr std::size_t least_points = 6;
  constexpr double times = 3;
  const bool counter =
      has(series.query, "_total") || has(series.query, "_count") || has(series.query, "_sum");
  const bool counts = has(series.query, "entries") || has(series.query, "cache") ||
                      has(series.query, "queue") || has(series.query, "connections") ||
                      has(series.query, "goroutines") || has(series.query, "threads") ||
                      has(series.query, "_fds") || has(series.query, "lag");
  if (counter || !counts || series.points.size() < least_points) return;
  std::size_t falls = 0;
  for (std::size_t i = 1; i < series.points.size(); ++i)
    falls += series.points[i].value < series.points[i - 1].value ? 1 : 0;
  const Point& first = series.points.front();
  const Point& last = series.points.back();
  if (falls * 10 > series.points.size() || last.value < times * std::max(first.value, 1.0)) return;
  const std::string space = series.space();
  const std::string pod(series.pod());
  const std::string what = measured(series);
  const auto* label = naming_label(series);
  std::string whose;
  if (!pod.empty()) {
    whose = " of " + described("pod", space, pod);
  } else if (label != nullptr) {
    whose = fmt::format(" of {}", label->second.text());
  }
  const bool asked = survey.asks({"memory", "leak", "restart", "crash", "grow", "oom", "lag", "heap"});
  Observation& made =
      report_missing(out, only_grows, asked ? 0.5 : 0.35, pod.empty() ? "namespace" : "pod",
                     pod.empty() ? "" : space, pod.empty() ? space : pod,
                     fmt::format("{}{} only grows, from {} to {}: nothing takes any of it away.", what, whose,
                                 first.place->text(), last.place->text()));
  made.culprit.present = true;
  cite(&made, source, *last.place, "its last value");
  cite(&made, source, *first.place, "its first value");
  cite_name(&made, source, series);
  cite_series(&made, source, series, last, "its last value");
}

// What is refused, dropped or used up, and was not before.
void check_refusals(const Survey& survey, const Object& source, const Series& series, Observations* out) {
  constexpr std::size_t least_points = 6;
  const std::string what = measured(series);
  const bool refuses = has(what, "allocation") || has(what, "drop") || has(what, "reject") ||
                       has(what, "overflow") || has(what, "exhaust") || has(what, "evict") ||
                       has(what, "discard") || has(what, "exceeded");
  if (!refuses || series.points.size() < least_points) return;
  const auto largest = [&](std::size_t from, std::size_t to) {
    return *std::max_element(series.points.begin() + static_cast<std::ptrdiff_t>(from),
                             series.points.begin() + static_cast<std::ptrdiff_t>(to),
                             [](const Point& a, const Point& b) { return a.value < b.value; });
  };
  const std::size_t third = series.points.size() / 3;
  const Point before = largest(0, third), after = largest(third, series.points.size());
  if (after.value <= 0 || before.value > after.value / 20) return;
  const auto* label = naming_label(series);
  const bool asked = survey.asks({"alert", "time out", "timeout", "fail", "error", "refus", "reject",
                                  "connect", "drop", "lost", "cause", "too many"});
  Observation& made = report_missing(
      out, "refusals-rise", asked ? 0.8 : 0.4, "namespace", "", series.space(),
      fmt::format("{}{} rises from {} to {} in the time that was measured: something is used up, and what "
                  "comes then is "
                  "refused or dropped.",
                  what, label == nullptr ? "" : fmt::format(" of {} {}", label->first, label->second.text()),
                  before.place->text(), after.place->text()));
  made.culprit.present = !series.space().empty();
  cite(&made, source, *after.place, "its highest value");
  cite_name(&made, source, series);
  cite(&made, source, *before.place, "how it was before");
  if (label != nullptr) cite(&made, source, label->second, "whose measurement it is");
}

// Of all that one query tells apart, the one that makes most of it.
void check_largest(const Survey& survey, const Object& source, const std::vector<const Series*>& answer,
                   Observations* out) {
  constexpr std::size_t least = 3;
  constexpr double times = 3;  // the next one
  if (answer.size() < least) return;
  const Series& most = *answer[0];
  const bool connections =
      has(most.query, "stat_activity") || has(most.query, "connections") || has(most.query, "sessions");
  const bool counts =
      has(most.query, "rate(") || has(most.query, "increase(") || has(most.query, "requests") || connections;
  const auto* label = naming_label(most);
  if (!counts || label == nullptr || most.recent().value <= 0 ||
      most.recent().value < times * std::abs(answer[1]->recent().value))
    return;
  const std::string what = measured(most);
  if (has(what, "reject") || has(what, "error") || has(what, "fail") || has(what, "drop")) return;  // victims
  const bool asked =
      survey.asks({"who ", "which", "too many", "overload", "load", "most", "what causes", "429", "rate"}) ||
      (connections && survey.asks({"connect"}));
  const bool of_requests =
      survey.asks({"too many requests", "429", "rate limit"}) && has(most.query, "request");
  Observation& made =
      report_missing(out, connections ? holds_connections : "makes-most-of-it",
                     of_requests ? 0.92
                     : asked     ? 0.62
                                 : 0.3,
                     "namespace", "", most.space(),
                     fmt::format("Most of {} comes from {} (its {}): {}, while the next has {}.", what,
                                 brief(label->second.text(), 80), label->first, most.recent().place->text(),
                                 answer[1]->recent().place->text()));
  made.culprit.present = !most.space().empty();
  cite(&made, source, label->second, "who makes most of it");
  cite(&made, source, *most.recent().place, "how much that is");
  cite_name(&made, source, most);
  cite(&made, source, *answer[1]->recent().place, "how much the next makes");
}

// Rules that Prometheus cannot evaluate.
void check_rules(const Survey& survey, const LooseJson& file, Observations* out) {
  constexpr std::size_t most_rules = 8;
  const bool asked = survey.asks({"rule", "prometheus", "alert", "monitoring"});
  std::size_t told = 0;
  for (const Value& group : file.root["data"]["groups"].items) {
    for (const Value& rule : group["rules"].items) {
      const std::string_view error = rule["lastError"].text();
      if (rule["health"].text() != "err" || error.empty() || ++told > most_rules) continue;
      Observation& made = report_missing(
          out, "rule-failed", asked ? 0.85 : 0.45, "rule", "", rule["name"].text(),
          fmt::format("Prometheus cannot evaluate rule {} of group {}: {}", brief(rule["name"].text(), 60),
                      brief(group["name"].text(), 40), brief(error, 170)));
      made.culprit.present = true;
      cite(&made, file.source(), rule["lastError"], "what its evaluation ended in");
      cite(&made, file.source(), rule["name"], "the rule");
      cite(&made, file.source(), rule["query"], "what it computes");
      cite(&made, file.source(), group["name"], "its group");
      lack(&made, "the series that the rule joins");
    }
  }
}

// Targets that Prometheus cannot scrape, a finding for each pool and error.
void check_targets(const Survey& survey, const LooseJson& file, Observations* out) {
  const Value& active = file.root["data"]["activeTargets"];
  struct Down {
    const Value* target = nullptr;
    std::size_t count = 0;
  };
  std::map<std::pair<std::string, std::string>, Down> down;
  for (const Value& target : active.items) {
    if (target["health"].text() != "down" || target["lastError"].text().empty()) continue;
    Down& one = down[{std::string(target["scrapePool"].text()), std::string(target["lastError"].text())}];
    if (one.count++ == 0) one.target = &target;
  }
  const bool asked = survey.asks({"scrap", "target", "prometheus", "monitoring"});
  for (const auto& [key, one] : down) {
    const Value& target = *one.target;
    const Value& labels = target["labels"];
    Observation& made = report_missing(
        out, "scrape-failed", asked ? 0.88 : 0.45, "pod", labels["namespace"].text(), labels["pod"].text(),
        fmt::format(
            "Prometheus cannot scrape {} ({} of {} targets): {} answers: {}. The program itself may be well.",
            labels["job"].exists() ? fmt::format("job {}", labels["job"].text()) : key.first, one.count,
            active.size(), brief(target["scrapeUrl"].text(), 80), brief(key.second, 100)));
    made.culprit.present = true;
    cite(&made, file.source(), target["lastError"], "what the scrape ended in");
    cite(&made, file.source(), target["scrapeUrl"], "what is scraped");
    cite(&made, file.source(), target["health"], "its state");
    lack(&made, "the credentials and the path that the monitor uses");
  }
}

}  // namespace

void detect_measurements(const Survey& survey, Observations* out) {
  each_loose_json(survey.inventory, "\"activeTargets\"", largest_answer,
                  [&](const LooseJson& file) { check_targets(survey, file, out); });
  each_loose_json(survey.inventory, "\"lastError\"", largest_answer,
                  [&](const LooseJson& file) { check_rules(survey, file, out); });
  each_loose_json(survey.inventory, "\"resultType\"", largest_answer, [&](const LooseJson& file) {
    std::vector<Series> all;
    collect_series(file.root, nullptr, 0, &all);
    // The strongest of a query tell enough.
    std::stable_sort(all.begin(), all.end(), [](const Series& a, const Series& b) {
      return a.query != b.query ? a.query < b.query : std::abs(a.recent().value) > std::abs(b.recent().value);
    });
    std::vector<const Series*> answer;
    for (std::size_t i = 0; i < all.size(); ++i) {
      if (i > 0 && all[i].query != all[i - 1].query) {
        check_largest(survey, file.source(), answer, out);
        answer.clear();
      }
      answer.push_back(&all[i]);
      if (answer.size() > most_of_one_query) continue;
      check_throttling(survey, file.source(), all[i], out);
      check_clock(survey, file.source(), all[i], out);
      check_growth(survey, file.source(), all[i], out);
      check_memory_growth(survey, file.source(), all[i], out);
      check_refusals(survey, file.source(), all[i], out);
    }
    check_largest(survey, file.source(), answer, out);
  });
}

}  // namespace carrel
