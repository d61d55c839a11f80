// A playbook: a folder that says what to ask, in which shape the answer comes, and what is allowed.
//
//   playbook.yaml        name, version, input, question, variants, commands, checks, caps, sampling
//   answer.schema.json   the answer's shape (record/schema.h)
//   prompts/*.md         the system text and one file a variant
//   calibration.json     how often answers were right on labelled cases (record/calibration.h); may be left
//   out cases/               labelled cases (not read by a run)
//
// docs/playbooks.md describes every key. Loading tells all mistakes together, each with file, line and
// column.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "base/result.h"
#include "record/calibration.h"
#include "record/command.h"
#include "record/room.h"
#include "record/schema.h"

namespace carrel {

struct Playbook {
  std::string name;
  std::uint32_t version = 1;
  std::string description;
  bool kubernetes = false;  // input: kubernetes | text
  std::string question;     // asked where the user asks nothing
  std::string system;
  std::vector<Variant> variants;
  std::string schema_text;
  std::shared_ptr<const Schema> schema;
  std::vector<CommandPattern> commands;
  // Names of check_names(), in its order: all where the playbook names none; schema and citations always.
  std::vector<std::string> checks;
  // Settings that the playbook gives (caps, sampling), by the names of host/settings, with the line they
  // stand at.
  std::vector<std::pair<std::string, std::string>> settings;
  std::shared_ptr<const Calibration> calibration;  // null where it has none
  bool house_model = false;                        // the model that comes with Carrel is asked by default
  std::string file;                                // of playbook.yaml
  std::string sha256;                              // over every file that shapes a run, by name and content

  std::string title() const { return name + "@" + std::to_string(version); }
};

// The checks a playbook may name: schema, citations, searched, names, commands, text.
const std::vector<std::string>& check_names();

// What is wrong with the value of a setting; empty where it is right. host/settings has the rules.
using SettingCheck = std::function<std::string(const std::string& name, const std::string& value)>;

// Reads a folder. On failure the Error's text lists every mistake, a line each: "file:line:column: what".
// Without a `check` the values under caps and sampling are not tested.
Result<Playbook> load_playbook(const std::string& folder, const SettingCheck& check = {});

// Makes a folder with a playbook that works, to be changed: a copy of the one in `from`, named as the folder.
// Never overwrites.
Status new_playbook(const std::string& folder, const std::string& from);

}  // namespace carrel
