// Alerts of Prometheus and Alertmanager saved in the bundle: files of JSON that are no API objects. The
// file's own place in an Inventory is a document; its values are read again here.
#include <set>

#include <fmt/format.h>

#include "base/text.h"
#include "room/evidence/detectors.h"
#include "room/evidence/loose_json.h"

namespace carrel {
namespace {

constexpr std::size_t largest_alert_file = 1 << 20;
constexpr int deepest = 12;

// Every object with labels.alertname below a value.
void collect(const Value& value, int depth, std::vector<const Value*>* found) {
  if (depth > deepest || found->size() >= 64) return;
  if (value["labels"]["alertname"].exists()) found->push_back(&value);
  for (const auto& member : value.members) collect(member.second, depth + 1, found);
  for (const Value& item : value.items) collect(item, depth + 1, found);
}

// Sentences beside the alert that hold figures: "Currently the total of your pods requests is: 2.76 ...".
void collect_figures(const Value& value, int depth, std::vector<const Value*>* found) {
  if (depth > deepest || found->size() >= 4) return;
  if (value.is(Value::Kind::string) && value.scalar.size() > 40 && value.scalar.size() < 400 &&
      value.scalar.find(' ') != std::string::npos &&
      value.scalar.find_first_of("0123456789") != std::string::npos &&
      value.scalar.find("://") == std::string::npos && value.scalar.find('{') == std::string::npos) {
    found->push_back(&value);
  }
  for (const auto& member : value.members) collect_figures(member.second, depth + 1, found);
  for (const Value& item : value.items) collect_figures(item, depth + 1, found);
}

// Without Markdown's emphasis.
std::string without_marks(std::string_view text) {
  std::string plain;
  for (const char c : text) {
    if (c != '*') plain += c;
  }
  return plain;
}

// Fires as long as all is well: an alert about alerting. Source: Watchdog of kube-prometheus; others call
// theirs DeadMansSwitch and say so in its text.
bool fires_by_design(std::string_view name, const std::string& text) {
  return name == "Watchdog" || has(text, "always firing") || has(text, "should always fire");
}

void tell(const Survey& survey, const LooseJson& file, const Value& alert, Observations* out) {
  // "status" is a word in what a webhook gets, an object in what the API lists.
  if (alert["status"].text() == "resolved" || alert["status"]["state"].text() == "resolved") return;
  const Value& labels = alert["labels"];
  const Value& notes = alert["annotations"];
  const Value& description = notes["description"].exists() ? notes["description"] : notes["message"];
  const Value& summary = notes["summary"];
  const std::string_view name = labels["alertname"].text();
  const bool asked = survey.names(name);
  // What is for knowing alone: the heartbeat, what only explains other alerts, and what is of no urgency.
  const std::string_view severity = labels["severity"].text();
  const bool by_design = fires_by_design(name, fmt::format("{} {}", description.text(), summary.text()));
  const bool quiet =
      by_design || name == "InfoInhibitor" || (!asked && (severity == "info" || severity == "none"));
  const std::string_view pod = labels["pod"].text();
  const Value& root = file.root;
  const Object source = file.source();
  std::vector<const Value*> figures;
  collect_figures(root["evidence"], 0, &figures);
  const Value& more = root["description"];
  std::string cause = fmt::format("Alert {} fires: {}", name,
                                  brief(description.exists() ? description.text() : summary.text(), 160));
  for (const Value* figure : figures) {
    if (cause.size() + figure->scalar.size() < 290) cause += " " + brief(without_marks(figure->text()), 130);
  }
  Observation& made = report_missing(out, "alert",
                                     quiet   ? 0.1
                                     : asked ? 0.62
                                             : 0.42,
                                     pod.empty() ? "alert" : "pod", labels["namespace"].text(),
                                     pod.empty() ? name : pod, cause);
  made.culprit.present = true;
  if (by_design && asked) {
    made.verdict = Verdict::no_fault;
    made.weight = 0.62;
    made.cause = std::string(cut_utf8(
        fmt::format("No fault: alert {} always fires by design, to show that alerts are delivered: {}", name,
                    brief(description.exists() ? description.text() : summary.text(), 160)),
        limit::sentence));
  }
  if (description.exists()) cite(&made, source, description, "what the alert says");
  for (const Value* figure : figures) cite(&made, source, *figure, "its figures");
  if (summary.exists()) cite(&made, source, summary, "its summary");
  if (more.exists() && more.is(Value::Kind::string)) cite(&made, source, more, "what it means");
  cite(&made, source, labels["alertname"], "the name of the alert");
  lack(&made, "the metrics behind the alert");
}

}  // namespace

void detect_alerts(const Survey& survey, Observations* out) {
  each_loose_json(survey.inventory, "\"alertname\"", largest_alert_file, [&](const LooseJson& file) {
    std::vector<const Value*> alerts;
    collect(file.root, 0, &alerts);
    std::set<std::string> told;
    for (const Value* alert : alerts) {
      const Value& labels = (*alert)["labels"];
      if (told.insert(fmt::format("{}/{}/{}", labels["alertname"].text(), labels["namespace"].text(),
                                  labels["pod"].text()))
              .second) {
        tell(survey, file, *alert, out);
      }
    }
  });
}

}  // namespace carrel
