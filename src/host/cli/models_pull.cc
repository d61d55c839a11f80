// `carrel models pull`: a program of its own fetches, the host compares the sum and lists the file.
#include <cstdlib>
#include <filesystem>

#include <fmt/format.h>
#include <unistd.h>

#include "base/fd.h"
#include "base/text.h"
#include "host/cli/cli.h"
#include "host/cli/fetch_program.h"
#include "host/cli/model_desk.h"
#include "host/cli/print.h"
#include "host/cli/progress.h"
#include "host/models/pull_source.h"
#include "record/exit_status.h"

namespace carrel {
namespace {

namespace fs = std::filesystem;

// Another file than was asked for: no GGUF (a page that asks to sign in), or of another sum.
bool is_another_file(const std::string& file, const ExpectedSum& sum) {
  const auto opened = open_read(file);
  std::string magic(4, '\0');
  if (!opened || ::pread(opened->get(), magic.data(), magic.size(), 0) < 0) return false;
  if (magic != "GGUF") return true;
  if (sum.sha256.empty()) return false;
  const auto hashed = HashedFile::open(
      file, [](std::uint64_t, std::uint64_t) {}, stop_requested);
  return hashed && hashed->sha256() != sum.sha256;
}

void remove_part(const std::string& part) {
  std::error_code error;
  fs::remove(part, error);
  fs::remove(part + ".origin", error);
}

// What was fetched cannot be listed. Another file goes, so that the same command fetches anew; a model that
// no room here can use stays, for the carrel that can.
Error refused_part(Error error, const std::string& part, const ExpectedSum& sum) {
  if (error.code == Code::bad_input && is_another_file(part, sum)) {
    remove_part(part);
    error.what += "; it was removed";
    error.remedy = "see what the URL gives; it may be a page that asks to sign in";
  } else if (error.code != Code::interrupted) {
    error.what += "; what was fetched is kept";
  }
  return error;
}

// What arrived gets its name once a room has looked at it.
Status name_part(const std::string& part, const std::string& file) {
  std::error_code error;
  fs::rename(part, file, error);
  if (error) return Error{Code::machine, fmt::format("cannot name {}: {}", file, error.message()), ""};
  fs::remove(part + ".origin", error);
  return sync_folder_of(file);
}

}  // namespace

int models_pull_command(const Desk& desk, const ModelArguments& arguments) {
  const std::string wanted = to_lower(arguments.sha256);
  if (!wanted.empty() && !is_sha256(wanted))
    return tell({Code::usage, "--sha256 takes 64 hexadecimal figures", ""});
  if (!arguments.name.empty() && !is_model_name(arguments.name)) {
    return tell({Code::usage,
                 fmt::format("\"{}\" cannot be a model's name", escape_for_terminal(arguments.name)),
                 "use letters, digits and . _ - + : only"});
  }
  auto source =
      parse_pull_source(arguments.what, !wanted.empty(), [](const char* name) { return std::getenv(name); });
  if (!source) return tell(source.error());
  auto rooms = desk.rooms_folder();
  if (!rooms) return tell(rooms.error());
  if (desk.data_folder().empty())
    return tell({Code::usage, "there is no folder for models", "set HOME, or name one with --data"});

  const fs::path folder = fs::path(desk.data_folder()) / "models";
  std::error_code error;
  fs::create_directories(folder, error);
  const std::string file = fs::absolute(folder / source->file, error);
  const bool there = fs::exists(file, error);
  const std::string held = there ? file : file + ".part";
  FetchOutcome outcome;
  if (there) {
    std::fprintf(stderr, "%s is there already\n", escape_for_terminal(file).c_str());
  } else {
    ProgressLine progress(source->file, desk.quiet);
    progress.stage("fetch");
    auto fetched =
        run_fetch_program({*rooms + "/carrel-fetch", source->url, file, source->from_hub},
                          {[&](std::uint64_t done, std::uint64_t total) { progress.progress(done, total); },
                           [&](const std::string& line) { progress.note(line); }},
                          stop_requested);
    progress.clear();
    if (!fetched) return tell(fetched.error());
    outcome = std::move(*fetched);
  }
  const ExpectedSum sum =
      !wanted.empty() ? ExpectedSum{wanted, "--sha256"} : ExpectedSum{outcome.sha256, "the server"};
  auto opened = open_model(desk, held, sum);
  if (!opened && !there) return tell(refused_part(std::move(opened.error()), held, sum));
  if (!opened) {
    if (opened.error().code == Code::bad_input)
      opened.error().remedy = "it was there before and stays; move it away, and the same command fetches it";
    return tell(opened.error());
  }
  if (Status named = there ? Status() : name_part(held, file); !named) return tell(named.error());
  ListedModel model;
  model.name = arguments.name.empty() ? model_name_of(fs::path(file).stem()) : arguments.name;
  model.path = file;
  model.source = "pull " + arguments.what;
  auto listed = list_opened(desk, std::move(model), *opened, sum, arguments.name.empty());
  if (!listed) return tell(listed.error());
  if (desk.json) return models_list_command(desk);
  print("listed {}: {}\n  {}\n  sha256 {} ({})\n", listed->name, escape_for_terminal(listed->about),
        escape_for_terminal(listed->path), listed->sha256,
        listed->verified.empty() ? "nobody named the sum that it must have"
                                 : "as named by " + listed->verified);
  return exit_status::passed;
}

}  // namespace carrel
