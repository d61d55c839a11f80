// `carrel playbook lint|new|list` and `carrel config`.
#include <algorithm>
#include <cstdio>
#include <filesystem>

#include <fmt/format.h>

#include "base/text.h"
#include "host/cli/cli.h"
#include "host/cli/print.h"
#include "host/playbook/playbook.h"
#include "record/exit_status.h"

namespace carrel {

int playbook_lint_command(const Desk& desk, const std::vector<std::string>& folders) {
  int status = exit_status::passed;
  for (const std::string& name : folders) {
    auto folder = desk.playbook_folder(name);
    auto playbook = folder ? load_playbook(*folder, setting_mistake) : folder.error();
    if (!playbook) {
      status = tell(playbook.error());
      continue;
    }
    print("{}: no mistakes ({}, {} variants, {} command patterns, sha256 {})\n", escape_for_terminal(name),
          playbook->title(), playbook->variants.size(), playbook->commands.size(),
          playbook->sha256.substr(0, 12));
  }
  return status;
}

int playbook_new_command(const Desk& desk, const std::string& folder, const std::string& from) {
  auto source = desk.playbook_folder(from);
  if (!source) return tell(source.error());
  if (Status made = new_playbook(folder, *source); !made) return tell(made.error());
  print(
      "Made {} from {}. Change its prompts and schema, then:\n  carrel playbook lint {}\n  carrel run {} "
      "INPUT\n",
      folder, from, folder, folder);
  return exit_status::passed;
}

int playbook_list_command(const Desk& desk) {
  auto rooms = desk.rooms_folder();
  if (!rooms) return tell(rooms.error());
  std::vector<std::string> names;
  std::error_code error;
  for (const auto& entry : std::filesystem::directory_iterator(*rooms + "/playbooks", error)) {
    names.push_back(entry.path().filename());
  }
  std::sort(names.begin(), names.end());
  for (const std::string& name : names) {
    auto playbook = load_playbook(*rooms + "/playbooks/" + name, setting_mistake);
    if (!playbook) return tell(playbook.error());
    print("{:<14}  {}\n", playbook->title(), playbook->description);
  }
  return exit_status::passed;
}

int config_command(const Desk& desk) {
  if (desk.json) {
    std::puts(desk.settings.to_json().c_str());
    return exit_status::passed;
  }
  for (const SettingRule& rule : setting_rules()) {
    const std::string& value = desk.settings.text(rule.name);
    print("{:<14} {:<12} {}\n", rule.name, value.empty() ? "-" : escape_for_terminal(value),
          escape_for_terminal(desk.settings.source_text(rule.name)));
  }
  return exit_status::passed;
}

}  // namespace carrel
