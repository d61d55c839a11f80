#include "host/playbook/playbook.h"

#include <algorithm>
#include <charconv>
#include <filesystem>

#include <fmt/format.h>

#include "base/fd.h"
#include "base/read_value.h"
#include "base/text.h"
#include "digest/sha256.h"

namespace carrel {
namespace {

constexpr std::size_t most_patterns = 256;

// Collects mistakes while it reads, so that a person mends a file once.
class Reader {
 public:
  Reader(std::string folder, const SettingCheck& check) : folder_(std::move(folder)), check_(check) {}

  Result<Playbook> read() {
    playbook_.file = folder_ + "/playbook.yaml";
    auto bytes = file("playbook.yaml", limit::instructions);
    if (!bytes) return bytes.error();
    yaml_ = *bytes;
    auto documents = read_yaml(*bytes);
    if (!documents) return std::move(documents.error()).in(playbook_.file);
    if (documents->size() != 1 || !documents->front().is(Value::Kind::object)) {
      return Error{Code::bad_input, playbook_.file + " is not one mapping", "see docs/playbooks.md"};
    }
    const Value& root = documents->front();
    for (const auto& [key, value] : root.members) read_member(key, value);
    for (const char* needed : {"name", "version", "input", "question", "schema", "system", "variants"}) {
      if (!root[needed].exists()) mistake(root, fmt::format("\"{}\" is missing", needed));
    }
    if (!mistakes_.empty()) {
      return Error{Code::bad_input,
                   fmt::format("the playbook has {} mistake{}:\n{}", mistakes_.size(),
                               mistakes_.size() == 1 ? "" : "s", fmt::join(mistakes_, "\n")),
                   ""};
    }
    choose_checks(root["checks"].exists());
    playbook_.sha256 = digest_.hex();
    return std::move(playbook_);
  }

 private:
  void read_member(const std::string& key, const Value& value) {
    if (key == "name") {
      playbook_.name = value.text();
      if (!is_safe_name(playbook_.name)) mistake(value, "name must be of a-z, 0-9, '-' and '.'");
    } else if (key == "version") {
      playbook_.version = static_cast<std::uint32_t>(whole(value, 1, 1'000'000));
    } else if (key == "description") {
      playbook_.description = value.text();
    } else if (key == "input") {
      playbook_.kubernetes = value.text() == "kubernetes";
      if (!playbook_.kubernetes && value.text() != "text") mistake(value, "input must be kubernetes or text");
    } else if (key == "question") {
      playbook_.question = text(value, limit::question);
    } else if (key == "system") {
      playbook_.system = file_text(value);
    } else if (key == "schema") {
      read_schema(value);
    } else if (key == "calibration") {
      read_calibration(value);
    } else if (key == "model") {
      playbook_.house_model = value.text() == "house";
      if (!playbook_.house_model)
        mistake(value, "model can only be house, the one that comes with Carrel; --model names another");
    } else if (key == "variants") {
      read_variants(value);
    } else if (key == "commands") {
      read_commands(value);
    } else if (key == "checks") {
      read_checks(value);
    } else if (key == "caps") {
      read_settings(value, {"output-tokens", "wall-seconds", "context", "memory", "tries"});
    } else if (key == "sampling") {
      read_settings(value, {"temperature", "top-k", "top-p", "min-p", "seed"});
    } else {
      mistake(value, fmt::format("there is no key \"{}\"", escape_for_terminal(key)));
    }
  }

  void read_schema(const Value& value) {
    playbook_.schema_text = file_text(value);
    if (playbook_.schema_text.empty()) return;
    std::vector<Mistake> found;
    auto schema = parse_schema(playbook_.schema_text, &found);
    add_mistakes(value, found);
    if (schema) playbook_.schema = *schema;
  }

  void read_calibration(const Value& value) {
    const std::string text = file_text(value);
    if (text.empty()) return;
    std::vector<Mistake> found;
    auto calibration = parse_calibration(text, &found);
    add_mistakes(value, found);
    if (calibration) playbook_.calibration = std::make_shared<Calibration>(std::move(*calibration));
  }

  // Mistakes in a file that the playbook names.
  void add_mistakes(const Value& file, const std::vector<Mistake>& found) {
    for (const Mistake& each : found) {
      mistakes_.push_back(
          fmt::format("{}/{}:{}:{}: {}", folder_, file.text(), each.line, each.column, each.what));
    }
  }

  void read_variants(const Value& list) {
    if (!list.is(Value::Kind::array) || list.items.empty() || list.items.size() > limit::tries) {
      return mistake(list, fmt::format("variants must list 1 to {} prompts", limit::tries));
    }
    for (const Value& item : list.items) {
      Variant variant{std::string(item["name"].text()), file_text(item["prompt"])};
      if (variant.name.empty()) mistake(item, "a variant needs a name");
      for (const Variant& other : playbook_.variants) {
        if (other.name == variant.name) mistake(item, fmt::format("\"{}\" names two variants", variant.name));
      }
      playbook_.variants.push_back(std::move(variant));
    }
  }

  void read_commands(const Value& list) {
    if (!list.is(Value::Kind::array) || list.items.size() > most_patterns) {
      return mistake(list, fmt::format("commands must be a list of at most {} patterns", most_patterns));
    }
    for (const Value& item : list.items) {
      auto pattern = parse_command_pattern(item.text());
      if (pattern) {
        playbook_.commands.push_back(std::move(*pattern));
      } else {
        mistake(item, pattern.error().what);
      }
    }
  }

  void read_checks(const Value& list) {
    if (!list.is(Value::Kind::array)) return mistake(list, "checks must be a list");
    for (const Value& item : list.items) {
      const std::string name(item.text());
      if (std::find(check_names().begin(), check_names().end(), name) == check_names().end()) {
        mistake(item, fmt::format("there is no check \"{}\"; there are {}", escape_for_terminal(name),
                                  fmt::join(check_names(), ", ")));
      }
      playbook_.checks.push_back(name);
    }
  }

  // An answer without its shape or with a quote nobody found is no report: those two cannot be left out.
  void choose_checks(bool given) {
    std::vector<std::string> chosen;
    for (const std::string& name : check_names()) {
      const bool named =
          std::find(playbook_.checks.begin(), playbook_.checks.end(), name) != playbook_.checks.end();
      if (!given || named || name == "schema" || name == "citations") chosen.push_back(name);
    }
    playbook_.checks = std::move(chosen);
  }

  void read_settings(const Value& map, const std::vector<std::string>& allowed) {
    if (!map.is(Value::Kind::object)) return mistake(map, "must be a mapping");
    for (const auto& [key, value] : map.members) {
      if (std::find(allowed.begin(), allowed.end(), key) == allowed.end()) {
        mistake(value, fmt::format("there is no \"{}\" here; there are {}", escape_for_terminal(key),
                                   fmt::join(allowed, ", ")));
      } else if (check_) {
        if (const std::string wrong = check_(key, std::string(value.text())); !wrong.empty())
          mistake(value, wrong);
      }
      playbook_.settings.emplace_back(key, std::string(value.text()));
    }
  }

  std::string text(const Value& value, std::size_t most) {
    if (!value.is(Value::Kind::string) || value.text().empty() || value.text().size() > most) {
      mistake(value, fmt::format("must be a text of 1 to {} bytes", most));
    }
    return std::string(value.text());
  }

  std::int64_t whole(const Value& value, std::int64_t least, std::int64_t most) {
    const auto number = value.integer();
    if (!number || *number < least || *number > most) {
      mistake(value, fmt::format("must be a whole number from {} to {}", least, most));
      return least;
    }
    return *number;
  }

  // The text of a file of the playbook, named relative to its folder. It may not leave the folder.
  std::string file_text(const Value& value) {
    const std::string name(value.text());
    const std::filesystem::path path(name);
    if (name.empty() || path.is_absolute() || std::find(path.begin(), path.end(), "..") != path.end()) {
      mistake(value, "must name a file inside the playbook's folder");
      return {};
    }
    auto bytes = file(name, limit::instructions);
    if (!bytes) {
      mistake(value, bytes.error().what);
      return {};
    }
    if (!is_utf8(*bytes)) mistake(value, name + " is not UTF-8");
    return std::move(*bytes);
  }

  Result<std::string> file(const std::string& name, std::size_t most) {
    auto bytes = read_file(folder_ + "/" + name, most);
    if (bytes) {
      digest_.add(fmt::format("{} {}\n", name, bytes->size()));
      digest_.add(*bytes);
    }
    return bytes;
  }

  void mistake(const Value& at, const std::string& what) {
    const std::uint32_t line = std::max(1U, at.line);
    mistakes_.push_back(fmt::format("{}:{}:{}: {}", playbook_.file, line, column(line), what));
  }

  // Where the text of a line of playbook.yaml begins, from 1: after its indent and the dash of a list.
  std::size_t column(std::uint32_t line) const {
    std::string_view rest = yaml_;
    for (; line > 1 && !rest.empty(); --line)
      rest.remove_prefix(std::min(rest.find('\n'), rest.size() - 1) + 1);
    return std::min(rest.find_first_not_of(" -"), rest.size()) + 1;
  }

  std::string folder_;
  const SettingCheck& check_;
  std::string yaml_;
  Playbook playbook_;
  Sha256 digest_;
  std::vector<std::string> mistakes_;
};

}  // namespace

const std::vector<std::string>& check_names() {
  static const std::vector<std::string> names = {"schema", "citations", "searched",
                                                 "names",  "commands",  "text"};
  return names;
}

Result<Playbook> load_playbook(const std::string& folder, const SettingCheck& check) {
  std::error_code error;
  if (!std::filesystem::is_regular_file(folder + "/playbook.yaml", error)) {
    return Error{Code::bad_input, fmt::format("{} holds no playbook.yaml", folder),
                 "`carrel playbook new FOLDER` makes one"};
  }
  return Reader(folder, check).read();
}

}  // namespace carrel
