// Settings, each with the source of its value. The strongest source wins:
//
//   flag > environment (CARREL_OUTPUT_TOKENS) > project file (carrel.yaml here or in a folder above) >
//   user file ($XDG_CONFIG_HOME/carrel/config.yaml) > playbook > model file > default
//
// The files are YAML mappings of the names below. An unknown name or a value that does not fit is an Error
// that names the source and the place. `carrel config` prints the list.
//
// A project file may have come with a checkout or lie in a folder that others write to, such as /tmp. It is
// used only where the user or root owns it and nobody else may write it, and it cannot say which programs and
// model are trusted, where data goes, what opens it or which wall holds: rooms, data, model, template,
// tenant, key-command, passphrase, wall, vm-accel, socket and after.
#pragma once

#include <array>
#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"

namespace carrel {

// Weakest first.
enum class Source : std::uint8_t {
  built_in,
  model_file,
  playbook,
  user_file,
  project_file,
  environment,
  flag,
  count_
};

struct SettingRule {
  enum class Kind : std::uint8_t { text, whole, number, truth };
  const char* name;
  Kind kind;
  const char* built_in;
  double least, most;  // of numbers
  const char* meaning;
};

// All settings there are, in the order they are shown.
const std::vector<SettingRule>& setting_rules();

// What is wrong with this value of this setting; empty where it is right.
std::string setting_mistake(std::string_view name, const std::string& value);

class Settings {
 public:
  Settings();

  // Gives a setting a value from a source; `place` says where exactly ("CARREL_TRIES",
  // "/home/a/carrel.yaml:3").
  Status set(std::string_view name, const std::string& value, Source source, const std::string& place);

  // Environment, project file and user file. A project file that is not to be trusted (above) is an Error.
  // `environment` is getenv or a twin of it in tests.
  Status load_environment(const std::function<const char*(const char*)>& environment);
  Status load_file(const std::string& path, Source source);

  const std::string& text(std::string_view name) const;
  std::uint64_t whole(std::string_view name) const;
  double number(std::string_view name) const;
  bool truth(std::string_view name) const;
  Source source(std::string_view name) const;
  // "flag", "environment CARREL_TRIES", "project file /x/carrel.yaml:3", ..., "default"
  std::string source_text(std::string_view name) const;

  // {"tries":{"value":"2","source":"default"},...}; of the key's command only that there is one.
  std::string to_json() const;

 private:
  struct Given {
    std::string value, place;
  };
  struct Slot {
    const SettingRule* rule = nullptr;
    std::array<std::optional<Given>, static_cast<std::size_t>(Source::count_)> given;
    Source strongest() const;
  };
  const Slot& slot(std::string_view name) const;
  std::vector<Slot> slots_;
};

// The XDG base directories, with their defaults below HOME. Empty where neither is set.
std::string user_config_file(const std::function<const char*(const char*)>& environment);
std::string user_data_folder(const std::function<const char*(const char*)>& environment);

// carrel.yaml in `folder` or the nearest folder above it; empty where there is none.
std::string find_project_file(const std::string& folder);

}  // namespace carrel
