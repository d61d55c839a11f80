// `carrel models pull`: a program of its own fetches, the host compares the sum and lists the file.
#include <cstdlib>
#include <filesystem>

#include <fmt/format.h>

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

// A file with another sum than was named is of no use: it goes, so that the next pull begins anew. One that
// is whole stays, even where no room can use it.
Result<ListedModel> list_pulled(const Desk& desk, const ModelArguments& arguments, const std::string& file,
                                const ExpectedSum& sum) {
  ListedModel model;
  model.name = arguments.name.empty() ? model_name_of(fs::path(file).stem()) : arguments.name;
  model.path = file;
  model.source = "pull " + arguments.what;
  auto listed = list_file(desk, std::move(model), sum, arguments.name.empty());
  if (listed || sum.sha256.empty()) return listed;
  const auto found = HashedFile::open(
      file, [](std::uint64_t, std::uint64_t) {}, stop_requested);
  if (found && found->sha256() != sum.sha256) {
    std::error_code error;
    fs::remove(file, error);
    listed.error().what += "; it was removed";
  }
  return listed;
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
  FetchOutcome outcome;
  if (fs::exists(file, error)) {
    std::fprintf(stderr, "%s is there already\n", escape_for_terminal(file).c_str());
  } else {
    ProgressLine progress(source->file, desk.quiet);
    progress.stage("fetch");
    auto fetched = run_fetch_program(
        {*rooms + "/carrel-fetch", source->url, file, source->from_hub},
        [&](std::uint64_t done, std::uint64_t total) { progress.progress(done, total); }, stop_requested);
    progress.clear();
    if (!fetched) return tell(fetched.error());
    outcome = std::move(*fetched);
  }
  const ExpectedSum sum =
      !wanted.empty() ? ExpectedSum{wanted, "--sha256"} : ExpectedSum{outcome.sha256, "the server"};
  auto listed = list_pulled(desk, arguments, file, sum);
  if (!listed) return tell(listed.error());
  if (desk.json) return models_list_command(desk);
  print("listed {}: {}\n  {}\n  sha256 {} ({})\n", listed->name, escape_for_terminal(listed->about),
        escape_for_terminal(listed->path), listed->sha256,
        listed->verified.empty() ? "nobody named the sum that it must have"
                                 : "as named by " + listed->verified);
  return exit_status::passed;
}

}  // namespace carrel
