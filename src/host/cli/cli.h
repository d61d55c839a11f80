// The command line of `carrel`: `run_cli` parses it and runs one command. Output goes to stdout, progress and
// errors to stderr; exit statuses are those of record/exit_status.h.
#pragma once

#include <atomic>
#include <string>
#include <vector>

#include "base/result.h"
#include "host/playbook/playbook.h"
#include "host/settings/settings.h"

namespace carrel {

// Set by SIGINT and SIGTERM; every command ends soon after it is set.
extern std::atomic<bool> stop_requested;

int run_cli(int count, const char* const* arguments);

// What every command shares: settings with their sources, and where things are.
struct Desk {
  Settings settings;
  std::string program;  // this program's own path
  bool json = false;
  bool quiet = false;
  bool plain = false;

  std::string data_folder() const;
  // The folder with the rooms' roots and the playbooks: libexec/carrel beside the program, or beside its
  // folder.
  Result<std::string> rooms_folder() const;
  // A playbook by its folder's path, or the name of one that came with Carrel.
  Result<std::string> playbook_folder(const std::string& name) const;
};

struct ModelArguments {
  std::string what;    // a name, a path, a store or a source
  std::string name;    // --name
  std::string from;    // --from
  std::string sha256;  // --sha256
  std::size_t slots = 1;
  bool delete_file = false;  // --delete-file
};

struct RunArguments {
  std::string playbook;
  std::vector<std::string> inputs;
  std::string question;
};

struct AskArguments {
  std::string run, question, input;
};

struct RoomArguments {
  std::string room = "read";  // a kind, "kept", or "all"
};

struct EvalArguments {
  std::string playbook, cases;
  std::vector<std::string> only;  // ids; empty: all
  std::string split, answers, against, junit, html, calibrate;
  unsigned jobs = 0;  // 0: what the machine has room for
  double at_least = 0;
  bool no_worse = false, afresh = false, recall = false;
};

struct SweepArguments {
  std::string playbook, cases, html;
  std::vector<std::string> only;
  std::string split;
  std::vector<std::string> models, contexts, tries, temperatures;  // to be varied; empty: as the settings are
  std::vector<unsigned> jobs;
  bool afresh = false;
};

struct ServeArguments {
  std::uint64_t keep_seconds = 600;
  std::uint64_t memory_mib = 0;  // 0: half of the machine's
  std::string metrics;           // ADDRESS:PORT; empty: none
};

struct ProveArguments {
  std::string run;  // empty: the tenant
  std::vector<std::string> canaries;
};

// The commands. Each returns an exit status.
int run_command(const Desk& desk, const RunArguments& arguments);
int ask_command(const Desk& desk, const AskArguments& arguments);
int sweep_command(const Desk& desk, const SweepArguments& arguments);
int serve_command(const Desk& desk, const ServeArguments& arguments);
int eval_command(const Desk& desk, const EvalArguments& arguments);
int runs_command(const Desk& desk, std::size_t most);
int show_command(const Desk& desk, const std::string& run);
int config_command(const Desk& desk);
int doctor_command(const Desk& desk);
int prove_command(const Desk& desk, const ProveArguments& arguments);
int room_probe_command(const Desk& desk, const RoomArguments& arguments);
int playbook_lint_command(const Desk& desk, const std::vector<std::string>& folders);
int playbook_new_command(const Desk& desk, const std::string& folder, const std::string& from);
int playbook_list_command(const Desk& desk);

int models_list_command(const Desk& desk);
int models_add_command(const Desk& desk, const ModelArguments& arguments);
int models_import_command(const Desk& desk, const ModelArguments& arguments);
int models_remove_command(const Desk& desk, const ModelArguments& arguments);
int models_inspect_command(const Desk& desk, const ModelArguments& arguments);
int models_fit_command(const Desk& desk, const ModelArguments& arguments);
int models_pull_command(const Desk& desk, const ModelArguments& arguments);

// Where a playbook names the model that comes with Carrel and nobody else said what to ask, that is asked. It
// is not where this Carrel comes without it or without a room to ask it in.
void ask_house_model(const Playbook& playbook, const std::string& rooms, Settings* settings);

// A model that the settings name as it is listed becomes its file; `sha256` then is what the file must be.
// What is a path, or a file here, stays as it is.
Status resolve_model(const Desk& desk, Settings* settings, std::string* sha256);

// Tells an error on stderr, with its remedy; returns its exit status.
int tell(const Error& error);

}  // namespace carrel
