// `support-diag redact`: masks secrets in files or in what comes through a pipe.
#include <cstdio>
#include <filesystem>
#include <memory>
#include <set>
#include <string>
#include <vector>

#include <CLI/CLI.hpp>
#include <fmt/format.h>
#include <unistd.h>

#include "base/fd.h"
#include "base/text.h"
#include "collect/commands.h"
#include "collect/out/output_file.h"
#include "collect/redact/report.h"
#include "collect/redact/unreadable.h"
#include "collect/redaction.h"
#include "collect/spool/spool.h"
#include "record/exit_status.h"

namespace carrel {
namespace {

namespace fs = std::filesystem;

constexpr std::size_t piece_bytes = 256 << 10;

struct RedactArguments {
  std::vector<std::string> files;
  std::string out, report;
  RedactionOptions redaction;
};

Status redact_stream(int from, const std::string& name, const ByteSink& write, Redactor* redactor) {
  std::string piece(piece_bytes, '\0'), out;
  redactor->begin(name);
  for (bool first = true;; first = false) {
    // Whole pieces, however small the writes into a pipe are.
    std::size_t held = 0;
    while (held < piece.size()) {
      const auto got = read_some(from, piece.data() + held, piece.size() - held);
      if (!got) return got.error();
      if (*got == 0) break;
      held += *got;
    }
    const std::string_view bytes(piece.data(), held);
    if (const auto unreadable = first ? judge_readable(bytes) : std::nullopt)
      return Error{Code::bad_input, name + " " + unreadable->what, unreadable->remedy};
    redactor->feed(bytes, &out);
    if (held < piece.size()) redactor->finish(&out);
    if (Status written = write(out); !written) return written;
    out.clear();
    if (held < piece.size()) return {};
  }
}

class RedactCommand {
 public:
  explicit RedactCommand(const RedactArguments& arguments) : arguments_(arguments) {}

  Status run() {
    // All that can be wrong is found before the first byte is written.
    if (Status fits = check_names(); !fits) return fits;
    auto redaction = Redaction::prepare(arguments_.redaction);
    if (!redaction) return redaction.error();
    if (Status made = make_folder(); !made) return made;
    if (Status done = redact_all(redaction->redactor()); !done) return done;
    if (Status kept = redaction->keep_map(); !kept) return kept;
    if (Status told = write_report(redaction->pseudonyms()); !told) return told;
    std::fprintf(stderr, "support-diag: %s\n", redaction_summary(reports_, redaction->pseudonyms()).c_str());
    return {};
  }

 private:
  Status check_names() const {
    std::error_code error;
    if (arguments_.out == "-")
      return Error{Code::usage, "--out names a folder", "leave it away: what was masked goes to stdout then"};
    if (arguments_.out.empty() && arguments_.report == "-")
      return Error{Code::usage, "stdout has what was masked, and the report would stand in it",
                   "name a file for the report, or a folder for the files with --out"};
    if (arguments_.out.empty()) return {};
    std::set<std::string> names;
    for (const std::string& file : arguments_.files) {
      const std::string to = target(file);
      if (file == "-") return Error{Code::usage, "stdin has no name to write it by", "leave --out away"};
      if (!names.insert(to).second)
        return Error{Code::usage, "two files are called " + fs::path(file).filename().string(),
                     "redact them one by one"};
      if (fs::exists(to, error))
        return Error{Code::usage, to + " exists already", "name another folder with --out"};
    }
    return {};
  }

  Status write_report(const Pseudonyms& pseudonyms) const {
    if (arguments_.report.empty()) return {};
    const std::string json = redaction_report_json(reports_, pseudonyms);
    if (arguments_.report == "-") return write_all(STDOUT_FILENO, json);
    return write_file_durably(arguments_.report, json, 0644);
  }

  Status make_folder() const {
    if (arguments_.out.empty()) return {};
    std::error_code error;
    fs::create_directories(arguments_.out, error);
    if (error)
      return Error{Code::machine, fmt::format("cannot make {}: {}", arguments_.out, error.message()), ""};
    return {};
  }

  std::string target(const std::string& file) const {
    return (fs::path(arguments_.out) / fs::path(file).filename()).string();
  }

  Status redact_all(Redactor redactor) {
    const std::vector<std::string> standard{"-"};
    for (const std::string& file : arguments_.files.empty() ? standard : arguments_.files) {
      if (Status done = redact_file(file, &redactor); !done) return done;
      reports_.push_back(redactor.redactions());
    }
    return {};
  }

  Status redact_file(const std::string& file, Redactor* redactor) {
    Fd from;
    if (file != "-") {
      auto opened = open_read(file);
      if (!opened) return opened.error();
      from = std::move(*opened);
    }
    const int input = file == "-" ? STDIN_FILENO : from.get();
    const std::string name = file == "-" ? "stdin" : file;
    if (arguments_.out.empty())
      return redact_stream(
          input, name, [](std::string_view bytes) { return write_all(STDOUT_FILENO, bytes); }, redactor);
    auto output = OutputFile::create(target(file), false);
    if (!output) return output.error();
    const auto write = [&](std::string_view bytes) { return output->write(bytes); };
    if (Status done = redact_stream(input, name, write, redactor); !done) return done;
    return output->finish();
  }

  const RedactArguments& arguments_;
  std::vector<FileRedactions> reports_;
};

}  // namespace

void add_redact_command(CLI::App* app, Chosen* chosen) {
  const auto arguments = std::make_shared<RedactArguments>();
  CLI::App* redact = app->add_subcommand("redact", "Mask secrets in files, or in what comes through a pipe");
  redact->footer(
      "\nExample:\n  support-diag redact --map secrets.map --map-key secrets.key --out redacted/ *.log\n");
  redact->add_option("FILE", arguments->files, "what to read; without one, and for \"-\", stdin");
  redact->add_option("-o,--out", arguments->out, "a folder to write each file into, by its name [stdout]");
  add_redaction_options(redact, &arguments->redaction);
  redact->add_option("--report", arguments->report, "write what was masked where, as JSON; \"-\": to stdout");
  redact->callback([arguments, chosen] {
    *chosen = [arguments] {
      const Status done = RedactCommand(*arguments).run();
      return done ? exit_status::passed : tell(done.error());
    };
  });
}

}  // namespace carrel
