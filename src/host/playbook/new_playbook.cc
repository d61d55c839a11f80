#include <filesystem>

#include <fmt/format.h>

#include "base/fd.h"
#include "host/playbook/playbook.h"

namespace carrel {

namespace fs = std::filesystem;

Status new_playbook(const std::string& folder, const std::string& from) {
  auto model = load_playbook(from);
  if (!model) return model.error();
  std::string name = fs::path(folder).lexically_normal().filename();
  if (name.empty()) name = fs::path(folder).lexically_normal().parent_path().filename();
  if (!is_safe_name(name)) {
    return Error{Code::usage, fmt::format("\"{}\" cannot name a playbook", name),
                 "use a-z, 0-9, '-' and '.'"};
  }
  std::error_code error;
  if (fs::exists(folder, error)) {
    return Error{Code::usage, folder + " exists already", "choose another folder, or remove that one first"};
  }
  fs::create_directories(folder, error);
  if (!error) fs::copy(from, folder, fs::copy_options::recursive, error);
  if (error) return Error{Code::machine, fmt::format("cannot make {}: {}", folder, error.message()), ""};

  const std::string path = folder + "/playbook.yaml";
  auto yaml = read_file(path, limit::instructions);
  if (!yaml) return yaml.error();
  const std::string old_name = "name: " + model->name + "\n";
  const auto at = yaml->find(old_name);
  if (at == std::string::npos)
    return Error{Code::bad_input, from + " does not give its name on a line of its own", ""};
  yaml->replace(at, old_name.size(), "name: " + name + "\n");
  return write_file_durably(path, *yaml, 0644);
}

}  // namespace carrel
