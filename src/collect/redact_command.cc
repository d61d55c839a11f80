// `support-diag redact`: masks secrets in files or in what comes through a pipe.
#include <cstdio>
#include <filesystem>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include <CLI/CLI.hpp>
#include <fcntl.h>
#include <fmt/format.h>
#include <unistd.h>

#include "base/fd.h"
#include "base/text.h"
#include "collect/commands.h"
#include "collect/map_key.h"
#include "collect/redact/redactor.h"
#include "collect/redact/report.h"
#include "record/exit_status.h"

namespace carrel {
namespace {

namespace fs = std::filesystem;

constexpr std::size_t piece_bytes = 256 << 10;
constexpr std::size_t rules_bytes = 1 << 20;

struct Arguments {
  std::vector<std::string> files;
  std::string out, rules, map, map_key, report;
  bool addresses = false;
};

// What is packed hides what is in it: masking nothing there would be a false promise.
bool is_packed(std::string_view head) {
  using namespace std::string_view_literals;
  for (const std::string_view magic : {"\x1f\x8b"sv, "\x28\xb5\x2f\xfd"sv,
                                       "\xfd"
                                       "7zXZ"sv,
                                       "BZh"sv, "PK\x03\x04"sv, "7z\xbc\xaf"sv}) {
    if (head.starts_with(magic)) return true;
  }
  return head.size() > 262 && head.substr(257, 5) == "ustar";
}

Status redact_stream(int from, const std::string& name, int to, Redactor* redactor) {
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
    if (first && is_packed(bytes))
      return Error{Code::bad_input, name + " is packed, and secrets in it would stay",
                   "unpack it and give what is inside"};
    redactor->feed(bytes, &out);
    if (held < piece.size()) redactor->finish(&out);
    if (Status written = write_all(to, out); !written) return written;
    out.clear();
    if (held < piece.size()) return {};
  }
}

class Redaction {
 public:
  explicit Redaction(const Arguments& arguments)
      : arguments_(arguments), pseudonyms_(!arguments.map.empty()) {}

  Status run() {
    // All that can be wrong is found before the first byte is written.
    auto rules = read_rules();
    if (!rules) return rules.error();
    plan_.emplace(std::move(*rules));
    if (Status fits = check_names(); !fits) return fits;
    std::optional<MapLock> lock;
    if (!arguments_.map.empty()) {
      auto made = lock_for_new_map(arguments_.map_key);
      if (!made) return made.error();
      lock = std::move(*made);
    }
    if (Status done = redact_all(); !done) return done;
    if (lock) {
      if (Status kept = write_file_durably(arguments_.map, seal_map(pseudonyms_.kept(), *lock)); !kept)
        return kept;
    }
    if (!arguments_.report.empty()) {
      const std::string json = redaction_report_json(reports_, pseudonyms_);
      if (Status kept = write_file_durably(arguments_.report, json, 0644); !kept) return kept;
    }
    std::fprintf(stderr, "support-diag: %s\n", redaction_summary(reports_, pseudonyms_).c_str());
    return {};
  }

 private:
  Result<RedactionRules> read_rules() const {
    RedactionRules rules;
    if (!arguments_.rules.empty()) {
      auto text = read_file(arguments_.rules, rules_bytes);
      if (!text) return text.error();
      auto read = read_redaction_rules(arguments_.rules, *text);
      if (!read) return read.error();
      rules = std::move(*read);
    }
    rules.addresses |= arguments_.addresses;
    return rules;
  }

  Status check_names() const {
    std::error_code error;
    if (!arguments_.map.empty() && fs::exists(arguments_.map, error))
      return Error{Code::usage, arguments_.map + " exists already, and a map is never overwritten",
                   "name another file"};
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
    fs::create_directories(arguments_.out, error);
    if (error)
      return Error{Code::machine, fmt::format("cannot make {}: {}", arguments_.out, error.message()), ""};
    return {};
  }

  std::string target(const std::string& file) const {
    return (fs::path(arguments_.out) / fs::path(file).filename()).string();
  }

  Status redact_all() {
    Redactor redactor(*plan_, &pseudonyms_);
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
    if (arguments_.out.empty()) return redact_stream(input, name, STDOUT_FILENO, redactor);
    // Under its own name only when it is whole.
    const std::string to = target(file);
    const std::string partial = to + ".partial";
    const Fd output(open(partial.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC | O_NOFOLLOW, 0600));
    if (!output.valid()) return errno_error("cannot write " + partial);
    Status done = redact_stream(input, name, output.get(), redactor);
    if (done && rename(partial.c_str(), to.c_str()) != 0) done = errno_error("cannot write " + to);
    if (!done) unlink(partial.c_str());
    return done;
  }

  const Arguments& arguments_;
  Pseudonyms pseudonyms_;
  std::optional<RedactionPlan> plan_;
  std::vector<FileRedactions> reports_;
};

}  // namespace

void add_redact_command(CLI::App* app, Chosen* chosen) {
  const auto arguments = std::make_shared<Arguments>();
  CLI::App* redact = app->add_subcommand("redact", "Mask secrets in files, or in what comes through a pipe");
  redact->footer(
      "\nExample:\n  support-diag redact --map secrets.map --map-key secrets.key --out redacted/ *.log\n");
  redact->add_option("FILE", arguments->files, "what to read; without one, and for \"-\", stdin");
  redact->add_option("-o,--out", arguments->out, "a folder to write each file into, by its name [stdout]");
  redact->add_option("--rules", arguments->rules, "your own rules, in YAML (docs/redaction.md)");
  redact->add_flag("--addresses", arguments->addresses, "mask IP and MAC addresses too");
  redact->add_option("--map", arguments->map, "write the sealed map from pseudonyms to values, for `reveal`");
  redact->add_option("--map-key", arguments->map_key,
                     "the map's key file, made where there is none [a passphrase is asked]");
  redact->add_option("--report", arguments->report, "write what was masked where, as JSON");
  redact->callback([arguments, chosen] {
    *chosen = [arguments] {
      const Status done = Redaction(*arguments).run();
      return done ? exit_status::passed : tell(done.error());
    };
  });
}

}  // namespace carrel
