// What the tests of the detectors share: a small bundle in YAML, the finding it has to lead to, and the one
// change that mends it, after which that finding must be gone. Used by tests alone.
#pragma once

#include <initializer_list>
#include <ostream>
#include <string>
#include <utility>
#include <vector>

#include <gtest/gtest.h>

#include "base/read_value.h"
#include "room/evidence/detect.h"
#include "room/inventory/api_objects.h"

namespace carrel {

struct DetectorCase {
  std::string name;
  std::string yaml;
  std::string detector;
  std::vector<std::string> says;  // in the cause
  std::string wrong, right;       // the change of the YAML that mends it
  std::vector<std::pair<std::string, std::string>> listed =
      {};  // kind and namespace that were listed in full
  std::string question = "What is wrong?";
};

// The beginning of one document of such a YAML.
inline std::string object_head(const std::string& api, const std::string& kind, const std::string& name) {
  return "---\napiVersion: " + api + "\nkind: " + kind + "\nmetadata: {name: " + name +
         ", namespace: shop}\n";
}

// A Deployment whose pods carry app=NAME; `pod` is the pod spec in flow style, without its braces.
inline std::string deployment(const std::string& name, const std::string& pod, int replicas = 1) {
  return object_head("apps/v1", "Deployment", name) + "spec:\n  replicas: " + std::to_string(replicas) +
         "\n  selector: {matchLabels: {app: " + name +
         "}}\n  template:\n    metadata: {labels: {app: " + name + "}}\n    spec: {" + pod + "}\n";
}

inline std::string event_about(const std::string& kind, const std::string& name, const std::string& reason,
                               const std::string& message) {
  return object_head("v1", "Event", "e1") + "involvedObject: {kind: " + kind + ", name: " + name +
         ", namespace: shop}\ntype: Warning\nreason: " + reason + "\nmessage: '" + message + "'\n";
}

inline const std::string plain_pod =
    "containers: [{name: main, image: 'x/y:1', ports: [{containerPort: 8080, name: http}]}]";

inline std::ostream& operator<<(std::ostream& out, const DetectorCase& one) {
  return out << one.name;
}

// Adds the objects of a YAML text as a file of that path.
inline const Document& add_yaml(Inventory* inventory, const std::string& path, const std::string& yaml) {
  const Document& document = inventory->add(Document{path, yaml, {}});
  Result<std::vector<Value>> values = read_yaml(document.text);
  EXPECT_TRUE(values) << values.error().what;
  if (!values) return document;
  for (Value& value : *values) add_api_objects(inventory, document, inventory->keep(std::move(value)));
  return document;
}

inline std::vector<Observation> detect_in(const std::string& yaml,
                                          const std::vector<std::pair<std::string, std::string>>& listed,
                                          const std::string& question) {
  Inventory inventory;
  const Document& document = add_yaml(&inventory, "objects.yaml", yaml);
  for (const auto& [kind, space] : listed) inventory.add_searched(kind, space);
  std::vector<Observation> found = detect(inventory, question);
  for (const Observation& observation : found) {
    EXPECT_LE(observation.cause.size(), limit::sentence) << observation.cause;
    EXPECT_GE(observation.lines.size(), 1u) << observation.detector;
    EXPECT_LE(observation.lines.size(), limit::citations) << observation.detector;
    EXPECT_GE(observation.weight, 0) << observation.detector;
    EXPECT_LE(observation.weight, 1) << observation.detector;
    for (const EvidenceLine& line : observation.lines) {
      std::string text;
      for (std::uint32_t number = line.at.line; number <= line.at.end_line; ++number) {
        text += (text.empty() ? "" : "\n") + std::string(document.line(number));
      }
      EXPECT_EQ(line.quote, text.substr(0, line.quote.size())) << observation.detector;
      EXPECT_FALSE(line.quote.empty()) << observation.detector;
    }
  }
  return found;
}

// What is found in files of any text.
inline std::vector<Observation> detect_in_files(const std::vector<std::pair<std::string, std::string>>& files,
                                                const std::string& question) {
  Inventory inventory;
  for (const auto& [path, text] : files) {
    Document file{path, text, {}};
    file.find_lines();
    inventory.add(std::move(file));
  }
  return detect(inventory, question);
}

inline const Observation* find_by(const std::vector<Observation>& all, const std::string& detector) {
  for (const Observation& observation : all) {
    if (observation.detector == detector) return &observation;
  }
  return nullptr;
}

inline void run_case(const DetectorCase& one) {
  const std::vector<Observation> found = detect_in(one.yaml, one.listed, one.question);
  const Observation* observation = find_by(found, one.detector);
  ASSERT_NE(observation, nullptr) << [&] {
    std::string text = "found only:";
    for (const Observation& other : found) text += "\n  " + other.detector + ": " + other.cause;
    return text;
  }();
  for (const std::string& part : one.says) {
    EXPECT_NE(observation->cause.find(part), std::string::npos)
        << part << " is not in: " << observation->cause;
  }
  // Nothing weighs more than the root.
  for (const Observation& other : found) EXPECT_LE(other.weight, observation->weight + 1e-9) << other.cause;
  std::string mended = one.yaml;
  std::size_t changes = 0;
  for (auto at = mended.find(one.wrong); !one.wrong.empty() && at != std::string::npos;
       at = mended.find(one.wrong, at + one.right.size())) {
    mended.replace(at, one.wrong.size(), one.right);
    ++changes;
  }
  ASSERT_GE(changes, 1u) << one.wrong;
  const std::vector<Observation> after = detect_in(mended, one.listed, one.question);
  const Observation* left = find_by(after, one.detector);
  EXPECT_EQ(left, nullptr) << left->cause;
}

}  // namespace carrel
