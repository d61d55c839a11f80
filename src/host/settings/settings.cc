#include "host/settings/settings.h"

#include <algorithm>
#include <array>
#include <cctype>
#include <charconv>
#include <cmath>
#include <cstdlib>
#include <filesystem>

#include <fmt/format.h>
#include <rapidjson/stringbuffer.h>
#include <rapidjson/writer.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/fd.h"
#include "base/read_value.h"
#include "base/text.h"
#include "record/limits.h"

namespace carrel {
namespace {

using Kind = SettingRule::Kind;
using Environment = std::function<const char*(const char*)>;

constexpr std::size_t file_limit = 1 << 20;

// What a project file may not say; settings.h has the reason.
constexpr std::array<std::string_view, 14> not_in_project_files = {
    "rooms",      "data",   "model",
    "template",   "tenant", "key-command",
    "passphrase", "key",    "bundle-key-command",
    "signed-by",  "wall",   "vm-accel",
    "after",      "socket"};

// Their values may hold a secret: they are never written down.
constexpr std::array<std::string_view, 2> never_kept = {"key-command", "bundle-key-command"};

std::string environment_name(std::string_view setting) {
  std::string out = "CARREL_";
  for (const char c : setting)
    out += c == '-' ? '_' : static_cast<char>(std::toupper(static_cast<unsigned char>(c)));
  return out;
}

std::optional<double> as_number(const std::string& value) {
  double number = 0;
  const char* end = value.data() + value.size();
  const auto [rest, error] = std::from_chars(value.data(), end, number);
  if (value.empty() || error != std::errc() || rest != end || !std::isfinite(number)) return std::nullopt;
  return number;
}

// Texts of which there are only some.
std::string one_of(std::string_view name, std::string_view value) {
  if (name == "wall") return value == "namespace" || value == "vm" ? "" : "must be namespace or vm";
  if (name == "serve")
    return value == "auto" || value == "never" || value == "only" ? "" : "must be auto, never or only";
  if (name == "vm-accel") return value == "kvm" || value == "tcg" ? "" : "must be kvm or tcg";
  return "";
}

// What is wrong with a value, empty where it is right.
std::string refusal(const SettingRule& rule, const std::string& value) {
  switch (rule.kind) {
    case Kind::text:
      return one_of(rule.name, value);
    case Kind::truth:
      return value == "true" || value == "false" ? "" : "must be true or false";
    case Kind::whole:
    case Kind::number:
      break;
  }
  const auto number = as_number(value);
  if (!number || (rule.kind == Kind::whole && std::floor(*number) != *number)) {
    return rule.kind == Kind::whole ? "must be a whole number" : "must be a number";
  }
  if (*number < rule.least || *number > rule.most)
    return fmt::format("must be from {} to {}", rule.least, rule.most);
  return "";
}

std::string folder_of(const Environment& environment, const char* variable, const char* below_home) {
  const char* given = environment(variable);
  // The XDG specification: a path that is not absolute is to be ignored.
  if (given != nullptr && given[0] == '/') return std::string(given) + "/carrel";
  const char* home = environment("HOME");
  return home != nullptr && home[0] == '/' ? fmt::format("{}/{}/carrel", home, below_home) : "";
}

// The descriptor is asked and not the path, so that what was tested is what is read.
Status test_owner(int file, const std::string& path) {
  struct stat info {};
  if (::fstat(file, &info) != 0) return errno_error("cannot look at " + path);
  if (info.st_uid != ::geteuid() && info.st_uid != 0) {
    return Error{Code::usage, fmt::format("the project file {} belongs to another user", path),
                 "read it and make a copy of your own, or work in another folder"};
  }
  if ((info.st_mode & (S_IWGRP | S_IWOTH)) != 0) {
    return Error{Code::usage, fmt::format("the project file {} can be written by others", path),
                 fmt::format("read it, then `chmod go-w {}`", path)};
  }
  return {};
}

}  // namespace

std::string setting_mistake(std::string_view name, const std::string& value) {
  for (const SettingRule& rule : setting_rules()) {
    if (name != rule.name) continue;
    const std::string why = refusal(rule, value);
    return why.empty() ? "" : fmt::format("{} {}, not \"{}\"", name, why, escape_for_terminal(value));
  }
  return fmt::format("there is no setting \"{}\"", escape_for_terminal(name));
}

const std::vector<SettingRule>& setting_rules() {
  static const std::vector<SettingRule> rules = {
      {"engine", Kind::text, "none", 0, 0,
       "none: the detectors' best finding; llama: a model (set by --model)"},
      {"model", Kind::text, "", 0, 0, "a GGUF file"},
      {"template", Kind::text, "", 0, 0,
       "a file with the chat template, where the model file has none that is known"},
      {"tenant", Kind::text, "", 0, 0, "whose data it is; empty: a throw-away tenant for each run"},
      {"tries", Kind::whole, "0", 0, 16, "tries a run, one for each prompt variant; 0: all variants"},
      {"early-stop", Kind::truth, "true", 0, 0,
       "tries end once none of them can change any more which answer is chosen"},
      {"draft", Kind::whole, "0", 0, limit::draft,
       "tokens guessed ahead of a try that is written alone; the playbook's calibration sets it where it "
       "earns "
       "its cost"},
      {"variants", Kind::text, "", 0, 0,
       "the playbook's prompt variants to try, by name, with commas between; empty: all"},
      {"context", Kind::whole, "8192", 0, 1 << 20,
       "most tokens of prompt and answers, never over the trained context; 0: that one"},
      {"output-tokens", Kind::whole, "768", 64, 8192, "most tokens of one try"},
      {"temperature", Kind::number, "0", 0, 2, "0: always the best token"},
      {"top-k", Kind::whole, "0", 0, 1000, "sample from the best so many tokens; 0: all"},
      {"top-p", Kind::number, "1", 0, 1, "sample from the best tokens that together have this probability"},
      {"min-p", Kind::number, "0", 0, 1,
       "sample from tokens with at least this part of the best one's probability"},
      {"seed", Kind::whole, "1", 0, 4294967295.0, "of the sampling"},
      {"threads", Kind::whole, "0", 0, 256,
       "of the engine; 0: one for each core, one left free from four cores up"},
      {"exact", Kind::truth, "false", 0, 0,
       "results that do not depend on the batch schedule, at lower speed"},
      {"wall-seconds", Kind::whole, "600", 1, 86400, "most seconds for each room"},
      {"wall", Kind::text, "namespace", 0, 0,
       "namespace, or vm: each room in a virtual machine of its own (`make vm-image`)"},
      {"vm-accel", Kind::text, "kvm", 0, 0,
       "of the vm wall: kvm, or tcg: software, slow, for rooms without a model"},
      {"serve", Kind::text, "auto", 0, 0,
       "think rooms of a named tenant out of `carrel serve`: auto, where one answers; never; or only"},
      {"socket", Kind::text, "", 0, 0, "of carrel serve; empty: $XDG_RUNTIME_DIR/carrel/serve.sock"},
      {"memory", Kind::whole, "0", 0, 1048576, "most MiB for the think room; 0: what the model file needs"},
      {"prefix-mib", Kind::whole, "2048", 0, 1048576,
       "most MiB a named tenant keeps of what engines know after reading evidence; 0: nothing is used or "
       "kept"},
      {"after", Kind::text, "", 0, 0, "a run of the tenant that this one follows (`carrel ask` sets it)"},
      {"key", Kind::text, "", 0, 0,
       "a file with the secret key that opens a sealed bundle (support-diag keys)"},
      {"bundle-key-command", Kind::text, "", 0, 0, "a command that prints that key"},
      {"signed-by", Kind::text, "", 0, 0,
       "a file with the sender's public signing key: a bundle that another signed is refused"},
      {"key-command", Kind::text, "", 0, 0,
       "a command that prints the tenant's key (CARREL_TENANT names the tenant): its ledger is sealed"},
      {"passphrase", Kind::truth, "false", 0, 0,
       "seal a new tenant's ledger with a passphrase, asked for at the terminal"},
      {"data", Kind::text, "", 0, 0, "folder of the ledgers; empty: $XDG_DATA_HOME/carrel"},
      {"rooms", Kind::text, "", 0, 0,
       "folder with the rooms' roots and the playbooks; empty: beside the program"},
  };
  return rules;
}

Settings::Settings() {
  for (const SettingRule& rule : setting_rules()) {
    Slot slot;
    slot.rule = &rule;
    slot.given[0] = Given{rule.built_in, ""};
    slots_.push_back(std::move(slot));
  }
}

Source Settings::Slot::strongest() const {
  std::size_t source = given.size() - 1;
  while (!given[source]) --source;  // the default is always given
  return static_cast<Source>(source);
}

Status Settings::set(std::string_view name, const std::string& value, Source source,
                     const std::string& place) {
  for (Slot& slot : slots_) {
    if (name != slot.rule->name) continue;
    if (const std::string mistake = setting_mistake(name, value); !mistake.empty()) {
      // A flag is called as its setting: "--context must be ...", not "--context: context must be ...".
      const bool flag = place == "--" + std::string(name);
      return Error{Code::usage, flag ? "--" + mistake : fmt::format("{}: {}", place, mistake), ""};
    }
    slot.given[static_cast<std::size_t>(source)] = Given{value, place};
    return {};
  }
  return Error{Code::usage, fmt::format("{}: there is no setting \"{}\"", place, escape_for_terminal(name)),
               "`carrel config` lists them"};
}

Status Settings::load_environment(const Environment& environment) {
  for (const SettingRule& rule : setting_rules()) {
    const std::string variable = environment_name(rule.name);
    const char* value = environment(variable.c_str());
    if (value == nullptr) continue;
    if (Status done = set(rule.name, value, Source::environment, variable); !done) return done;
  }
  return {};
}

Status Settings::load_file(const std::string& path, Source source) {
  auto file = open_read(path);
  if (!file) return file.error();
  if (source == Source::project_file) {
    if (Status trusted = test_owner(file->get(), path); !trusted) return trusted;
  }
  auto bytes = read_all(file->get(), file_limit);
  if (!bytes) return std::move(bytes.error()).in(path);
  auto documents = read_yaml(*bytes);
  if (!documents) return std::move(documents.error()).in(path);
  if (documents->empty()) return {};
  const Value& root = documents->front();
  if (documents->size() > 1 || (root.exists() && !root.is(Value::Kind::object))) {
    return Error{Code::usage, path + " is not one mapping of settings", "write lines like `tries: 2`"};
  }
  for (const auto& [name, value] : root.members) {
    const std::string place = fmt::format("{}:{}", path, value.line);
    if (source == Source::project_file && std::find(not_in_project_files.begin(), not_in_project_files.end(),
                                                    name) != not_in_project_files.end()) {
      return Error{Code::usage, fmt::format("{}: a project file cannot set {}", place, name),
                   fmt::format("use --{}, {} or the user file", name, environment_name(name))};
    }
    if (Status done = set(name, std::string(value.text()), source, place); !done) return done;
  }
  return {};
}

const Settings::Slot& Settings::slot(std::string_view name) const {
  for (const Slot& slot : slots_) {
    if (name == slot.rule->name) return slot;
  }
  std::abort();  // a name that is not in setting_rules(): a defect that any test of the caller shows
}

const std::string& Settings::text(std::string_view name) const {
  const Slot& found = slot(name);
  return found.given[static_cast<std::size_t>(found.strongest())]->value;
}

std::uint64_t Settings::whole(std::string_view name) const {
  return static_cast<std::uint64_t>(number(name));
}

double Settings::number(std::string_view name) const {
  return as_number(text(name)).value_or(0);
}

bool Settings::truth(std::string_view name) const {
  return text(name) == "true";
}

Source Settings::source(std::string_view name) const {
  return slot(name).strongest();
}

std::string Settings::source_text(std::string_view name) const {
  const Slot& found = slot(name);
  const Source source = found.strongest();
  const std::string& place = found.given[static_cast<std::size_t>(source)]->place;
  switch (source) {
    case Source::flag:
      return "flag " + place;
    case Source::environment:
      return "environment " + place;
    case Source::project_file:
      return "project file " + place;
    case Source::user_file:
      return "user file " + place;
    case Source::playbook:
      return "playbook " + place;
    case Source::model_file:
      return "model file " + place;
    case Source::built_in:
    case Source::count_:
      break;
  }
  return "default";
}

std::string Settings::to_json() const {
  rapidjson::StringBuffer buffer;
  rapidjson::Writer<rapidjson::StringBuffer> json(buffer);
  const auto write = [&](const std::string& value) {
    const std::string literal = printable_json_string(value);
    json.RawValue(literal.data(), literal.size(), rapidjson::kStringType);
  };
  json.StartObject();
  for (const Slot& slot : slots_) {
    json.Key(slot.rule->name);
    json.StartObject();
    json.Key("value");
    const bool hidden =
        std::find(never_kept.begin(), never_kept.end(), slot.rule->name) != never_kept.end() &&
        !text(slot.rule->name).empty();
    write(hidden ? "(not kept)" : text(slot.rule->name));
    json.Key("source");
    write(source_text(slot.rule->name));
    json.EndObject();
  }
  json.EndObject();
  return {buffer.GetString(), buffer.GetSize()};
}

std::string user_config_file(const Environment& environment) {
  const std::string folder = folder_of(environment, "XDG_CONFIG_HOME", ".config");
  return folder.empty() ? "" : folder + "/config.yaml";
}

std::string user_data_folder(const Environment& environment) {
  return folder_of(environment, "XDG_DATA_HOME", ".local/share");
}

std::string find_project_file(const std::string& folder) {
  std::error_code error;
  std::filesystem::path at = std::filesystem::absolute(folder, error);
  for (;;) {
    if (std::filesystem::is_regular_file(at / "carrel.yaml", error)) return at / "carrel.yaml";
    if (at == at.parent_path()) return "";
    at = at.parent_path();
  }
}

}  // namespace carrel
