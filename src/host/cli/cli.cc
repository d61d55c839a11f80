#include "host/cli/cli.h"

#include <csignal>
#include <cstdio>
#include <filesystem>
#include <map>

#include <CLI/CLI.hpp>
#include <fmt/format.h>

#include "base/text.h"
#include "command_line/command_line.h"
#include "host/cli/record_commands.h"
#include "host/flow/choose_wall.h"
#include "record/exit_status.h"

namespace carrel {

std::atomic<bool> stop_requested{false};

namespace {

constexpr const char* model_examples = R"(
Examples:
  carrel models pull hf:Qwen/Qwen3-4B-GGUF:Qwen3-4B-Q4_K_M.gguf --name qwen3-4b
  carrel models add ~/models/phi-4-q4_k_m.gguf
  carrel models import ollama
  carrel models list --json
  carrel models inspect qwen3-4b
  carrel models fit qwen3-4b --context 16384 --tries 5
  carrel triage customer-123.tar.gz --model qwen3-4b

Exit status: 0 done, 2 usage, 4 not a model that can be used, 5 does not fit,
6 a room was refused, 7 this machine or the network, 130 interrupted.)";

constexpr const char* examples = R"(
Examples:
  carrel triage customer-123.tar.gz
  carrel triage bundle/ --ask "Why is the api Deployment not available?"
  carrel triage *.tar.gz --model qwen3-4b.gguf --tenant acme
  carrel run explain-logs /var/log/myapp
  carrel eval k8s-triage --cases old-incidents/ --html eval.html
  carrel ask 20260102-030405 "Since when is the database slow?"
  carrel runs --tenant acme
  carrel show 20260102-030405 --json | jq .root_cause
  carrel search fast-ssd --tenant acme

`carrel help COMMAND` tells of one command.

Exit status: 0 the report passed its checks, 3 a check failed, 2 usage, 4 bad input,
5 does not fit, 6 a room was refused, 7 this machine, 130 interrupted.)";

constexpr const char* ask_help = R"(
A further question about a run's bundle, with its playbook, model and settings. What the earlier run showed the model
comes first, in the same order, so that of a named tenant the model's work on it is taken up and not done again; then
what the new question brings. It is a run of its own, which names the one that it follows.

Examples:
  carrel ask 20260102-030405-9f3a61 "Which pods use that claim?"
  carrel ask 20260102-030405 "Since when?" --input /mnt/bundles/customer-123.tar.gz --json

Exit status: as of carrel triage; 4 too where the bundle has changed.)";

constexpr const char* prove_help = R"(
Of a run: each room as it was seen from outside, what it tried and was denied, how it ended, what it used and sent,
what it read, before and after, and what probes of its twin came to. Of a tenant: every input, model and room that
touched its data, that its files are its own, and where canaries are found.

Examples:
  carrel prove 20260102-030405
  carrel prove --tenant acme --canary canary-7f3c9a52e1

Exit status: 0 nothing was found that must not be, 3 something was, 2 usage, 7 this machine.)";

constexpr const char* probe_help = R"(
Each probe is one attempt, by name. It runs in a room of the same configuration as a run's, where it must fail in its
own exact way, and once outside, where it must come through: a probe whose control fails proves nothing here. What
was found is kept by the configuration's digest, and `carrel prove RUN` shows it.

Examples:
  carrel room probe
  carrel room probe --room all --json | jq '.[] | {room, held, broken}'

Exit status: 0 none is broken, 6 one is or no room can be made, 2 usage, 7 this machine, 130 interrupted.)";

void on_signal(int number) {
  // A second one ends the program at once; the rooms die with it.
  stop_requested = true;
  std::signal(number, SIG_DFL);
}

std::string own_path() {
  std::error_code error;
  return std::filesystem::read_symlink("/proc/self/exe", error);
}

// Environment and files, weakest last told: sources have their own order.
Status load_sources(Settings* settings) {
  const auto environment = [](const char* name) { return std::getenv(name); };
  if (Status done = settings->load_environment(environment); !done) return done;
  std::error_code error;
  const std::string project = find_project_file(std::filesystem::current_path(error));
  if (!project.empty()) {
    if (Status done = settings->load_file(project, Source::project_file); !done) return done;
  }
  const std::string user = user_config_file(environment);
  if (!user.empty() && std::filesystem::exists(user, error)) {
    if (Status done = settings->load_file(user, Source::user_file); !done) return done;
  }
  return {};
}

// Every setting is a flag of the same name.
void add_settings(CLI::App* command, std::map<std::string, std::string>* flags) {
  for (const SettingRule& rule : setting_rules()) {
    std::string meaning = rule.meaning;
    if (rule.built_in[0] != '\0') meaning += std::string(" [") + rule.built_in + "]";
    if (rule.kind == SettingRule::Kind::truth) {
      command
          ->add_flag_callback(
              std::string("--") + rule.name, [flags, &rule] { (*flags)[rule.name] = "true"; }, meaning)
          ->group("Settings");
    } else {
      command
          ->add_option_function<std::string>(
              std::string("--") + rule.name,
              [flags, &rule](const std::string& value) { (*flags)[rule.name] = value; }, meaning)
          ->group("Settings");
    }
  }
}

// A model that is named by a flag, the environment or a file is asked, unless the engine was named too.
void choose_engine(Settings* settings) {
  if (settings->source("engine") == Source::built_in && !settings->text("model").empty()) {
    (void)settings->set("engine", "llama", settings->source("model"), "model");
  }
}

}  // namespace

void ask_house_model(const Playbook& playbook, const std::string& rooms, Settings* settings) {
  const std::string model = rooms + "/house.gguf";
  std::error_code error;
  if (!playbook.house_model || settings->source("engine") != Source::built_in ||
      !std::filesystem::exists(model, error) || !std::filesystem::exists(rooms + "/think-root", error))
    return;
  Settings asking = *settings;
  const bool set = asking.set("engine", "llama", Source::playbook, playbook.title()) &&
                   asking.set("model", model, Source::playbook, playbook.title());
  // A wall that takes no model is no reason not to run: the detectors' report is what there is without one.
  if (set && wall_takes_engine(asking)) *settings = std::move(asking);
}

int tell(const Error& error) {
  std::fprintf(stderr, "carrel: %s\n", escape_for_terminal(error.what, true).c_str());
  if (!error.remedy.empty()) std::fprintf(stderr, "  %s\n", escape_for_terminal(error.remedy, true).c_str());
  return exit_status::of(error.code);
}

std::string Desk::data_folder() const {
  // Paths below it are compared as text.
  std::string given = std::filesystem::path(settings.text("data")).lexically_normal();
  if (given.size() > 1 && given.ends_with('/')) given.pop_back();
  return given.empty() ? user_data_folder([](const char* name) { return std::getenv(name); }) : given;
}

Result<std::string> Desk::rooms_folder() const {
  namespace fs = std::filesystem;
  std::error_code error;
  const std::string& given = settings.text("rooms");
  if (!given.empty()) {
    if (fs::is_directory(given + "/read-root", error)) return fs::absolute(given, error).string();
    return Error{Code::usage, given + " holds no read-root",
                 "name the folder libexec/carrel of an installation"};
  }
  const fs::path folder = fs::path(program).parent_path();
  for (const fs::path& place : {folder / "libexec/carrel", folder.parent_path() / "libexec/carrel"}) {
    if (fs::is_directory(place / "read-root", error)) return place.string();
  }
  return Error{Code::machine, "the rooms' roots are not beside " + program,
               "build with `make`, install with `make install`, or name them with --rooms"};
}

Result<std::string> Desk::playbook_folder(const std::string& name) const {
  namespace fs = std::filesystem;
  std::error_code error;
  if (fs::is_directory(name, error)) return name;
  auto rooms = rooms_folder();
  if (!rooms) return rooms.error();
  const std::string shipped = *rooms + "/playbooks/" + name;
  if (name.find('/') == std::string::npos && fs::is_directory(shipped, error)) return shipped;
  return Error{Code::usage, "there is no playbook " + name,
               "`carrel playbook list` lists those that came with Carrel"};
}

namespace {

constexpr const char* eval_examples = R"(
Cases are labelled old incidents: a folder with cases.json and <id>.tar.gz for each of them. Every case is a
run; its report is graded by fixed rules, beside the floors of no model and of pasted lines. A second evaluation
takes what is the same from the first, and tells what became worse.

Examples:
  carrel eval k8s-triage --cases old-incidents/
  carrel eval k8s-triage --cases old-incidents/ --model qwen3-4b.gguf --html eval.html
  carrel eval my-playbook --cases old-incidents/ --split test --junit eval.xml --no-worse
  carrel eval k8s-triage --cases old-incidents/ --answers other-tool/    # <id>.json of another program

Exit status: 0 every case was evaluated, whatever is right; 3 --at-least or --no-worse does not hold;
of a case that could not be run, that of its run; 2 usage, 4 bad cases, 7 this machine, 130 interrupted.)";

// What is written there replaces the whole file, as nothing can in a stream; and is written at the end, so
// that a folder that is not there is told at the beginning.
CLI::Validator a_file() {
  return {[](const std::string& path) -> std::string {
            if (path == "-") return "stdout is no file: name one";
            const auto folder = std::filesystem::path(path).parent_path();
            std::error_code error;
            if (folder.empty() || std::filesystem::is_directory(folder, error)) return {};
            return fmt::format("there is no folder {}", escape_for_terminal(folder.string()));
          },
          ""};
}

void add_eval(CLI::App* eval, EvalArguments* arguments) {
  eval->footer(eval_examples);
  eval->add_option("PLAYBOOK", arguments->playbook, "name of one that came with Carrel, or a folder")
      ->required();
  eval->add_option("--cases", arguments->cases, "folder of labelled cases")->required();
  eval->add_option("--only", arguments->only, "ids of cases, with commas between them")->delimiter(',');
  eval->add_option("--split", arguments->split, "the cases of this split alone: train, test, unknown");
  eval->add_option("--jobs", arguments->jobs, "cases at a time; 0: what the machine has room for [0]")
      ->check(CLI::Range(0, 256));
  eval->add_option("--answers", arguments->answers,
                   "grade another program's answers: a folder with <id>.json");
  eval->add_option("--against", arguments->against, "compare with this evaluation, not the last one");
  eval->add_option("--junit", arguments->junit, "write JUnit's XML to this file")->check(a_file());
  eval->add_option("--html", arguments->html, "write a page to this file")->check(a_file());
  eval->add_option("--calibrate", arguments->calibrate, "add to this file how often what was right")
      ->check(a_file());
  eval->add_option("--at-least", arguments->at_least, "exit with 3 where a smaller share is right, 0 to 1")
      ->check(CLI::Range(0.0, 1.0));
  eval->add_flag("--no-worse", arguments->no_worse, "exit with 3 where a case became worse");
  eval->add_flag("--afresh", arguments->afresh, "take nothing from earlier evaluations");
  eval->add_flag("--recall", arguments->recall, "show how often a deciding line is in the budget");
}

constexpr const char* sweep_help = R"(
Every combination of what is varied is evaluated on the same cases as by carrel eval, one after the other. The table has
what was right, with its 95 % interval, and how fast; the recommended combination is the fastest of those that cannot
be told from the best. The same command, interrupted or not, takes what is done from before.

Examples:
  carrel sweep k8s-triage --cases old-incidents/ --models qwen3-4b-q4.gguf,qwen3-4b-q8.gguf
  carrel sweep k8s-triage --cases old-incidents/ --model qwen3-4b --vary-context 4096,8192 --vary-tries 1,3,5
  carrel sweep my-playbook --cases old-incidents/ --vary-temperature 0,0.7 --vary-jobs 1,2,4 --html sweep.html

Exit status: 0 every combination was evaluated, 2 usage, 4 bad cases, 5 does not fit, 7 this machine, 130 interrupted.)";

void add_sweep(CLI::App* sweep, SweepArguments* arguments) {
  sweep->footer(sweep_help);
  sweep->add_option("PLAYBOOK", arguments->playbook, "name of one that came with Carrel, or a folder")
      ->required();
  sweep->add_option("--cases", arguments->cases, "folder of labelled cases")->required();
  sweep->add_option("--only", arguments->only, "ids of cases, with commas between them")->delimiter(',');
  sweep->add_option("--split", arguments->split, "the cases of this split alone: train, test, unknown");
  sweep->add_option("--models", arguments->models, "model files or names to vary, with commas between them")
      ->delimiter(',');
  sweep->add_option("--vary-context", arguments->contexts, "values of --context")->delimiter(',');
  sweep->add_option("--vary-tries", arguments->tries, "values of --tries")->delimiter(',');
  sweep->add_option("--vary-temperature", arguments->temperatures, "values of --temperature")->delimiter(',');
  sweep->add_option("--vary-jobs", arguments->jobs, "numbers of cases at a time")
      ->delimiter(',')
      ->check(CLI::Range(1, 64));
  sweep->add_option("--html", arguments->html, "write a page with a plot to this file")->check(a_file());
  sweep->add_flag("--afresh", arguments->afresh, "take nothing from earlier evaluations");
}

constexpr const char* serve_help = R"(
Keeps the think rooms of named tenants, with their models loaded, for a while after each run: `carrel triage
--tenant`, `carrel ask` and the review page then find them by a socket that only this user can open. A room is of one
tenant and one model, and begins each run with nothing of the one before; `carrel prove RUN` shows what it was. Runs
are recorded as they always are, by the carrel that was called: the server sees no ledger and no bundle.

Examples:
  carrel serve
  carrel serve --keep 3600 --memory-mib 16384 --metrics 127.0.0.1:9464
  carrel triage customer-123.tar.gz --tenant acme --model qwen3-4b
  curl -s http://127.0.0.1:9464/metrics

Exit status: 0 it was ended (SIGINT, SIGTERM), and its rooms with it; 2 usage; 7 this machine.)";

int run_command_line(int count, const char* const* arguments) {
  CLI::App app(
      "Runs local language models on data that may not leave: in sealed rooms, with every claim checked.",
      "carrel");
  app.footer(examples);
  app.require_subcommand(1);
  app.set_version_flag("--version", "carrel " CARREL_VERSION);
  app.fallthrough(false);

  Desk desk;
  desk.program = own_path();
  std::map<std::string, std::string> flags;
  RunArguments run;
  std::string id, folder, from = "explain-logs";
  std::vector<std::string> folders;
  RoomArguments rooms;
  ProveArguments proof;
  std::size_t most = 20;

  const auto add_output = [&](CLI::App* command) {
    command->add_flag("--json", desk.json, "JSON on stdout");
    command->add_flag("-q,--quiet", desk.quiet, "no progress");
    command->add_flag("--plain", desk.plain, "no colour (NO_COLOR is honoured too)");
  };

  CLI::App* triage =
      app.add_subcommand("triage", "Find the likely root cause in a support bundle (run k8s-triage)");
  triage->add_option("INPUT", run.inputs, "archives, files or folders")->required();
  CLI::App* run_app = app.add_subcommand("run", "Run a playbook over inputs");
  run_app->add_option("PLAYBOOK", run.playbook, "name of one that came with Carrel, or a folder")->required();
  run_app->add_option("INPUT", run.inputs, "archives, files or folders")->required();
  for (CLI::App* command : {triage, run_app}) {
    command->add_option("--ask", run.question, "the question, in place of the playbook's");
    add_output(command);
    add_settings(command, &flags);
  }

  AskArguments ask_arguments;
  CLI::App* ask = app.add_subcommand("ask", "Ask a further question about the bundle of a run");
  not_empty(ask->add_option("RUN", ask_arguments.run, "its id, or the beginning of it"))->required();
  ask->add_option("QUESTION", ask_arguments.question, "the question")->required();
  ask->add_option("--input", ask_arguments.input, "where the bundle is now");
  ask->footer(ask_help);
  add_output(ask);
  add_settings(ask, &flags);

  EvalArguments eval_arguments;
  CLI::App* eval = app.add_subcommand("eval", "Evaluate a playbook on labelled cases");
  add_eval(eval, &eval_arguments);
  add_output(eval);
  add_settings(eval, &flags);

  SweepArguments sweep_arguments;
  CLI::App* sweep =
      app.add_subcommand("sweep", "Evaluate a playbook in many combinations of model and settings");
  add_sweep(sweep, &sweep_arguments);
  add_output(sweep);
  add_settings(sweep, &flags);

  ServeArguments serve_arguments;
  CLI::App* serve = app.add_subcommand("serve", "Keep think rooms with their models loaded between runs");
  serve->add_option("--keep", serve_arguments.keep_seconds, "seconds that a room is kept after its last run")
      ->check(CLI::Range(1, 86400))
      ->capture_default_str();
  serve
      ->add_option("--memory-mib", serve_arguments.memory_mib,
                   "most MiB for all rooms together; 0: half of this machine's [0]")
      ->check(CLI::Range(0, 16 << 20));
  serve->add_option("--metrics", serve_arguments.metrics,
                    "serve figures for Prometheus at [ADDRESS:]PORT; the address is 127.0.0.1 unless given");
  serve->footer(serve_help);
  add_output(serve);
  add_settings(serve, &flags);

  CLI::App* runs = app.add_subcommand("runs", "List runs, the newest first");
  runs->add_option("-n,--limit", most, "most runs")->check(CLI::Range(1, 100000))->capture_default_str();
  CLI::App* show = app.add_subcommand("show", "Print the report of a run again");
  not_empty(show->add_option("RUN", id, "its id, or the beginning of it"))->required();
  CLI::App* config = app.add_subcommand("config", "Print each setting, its value and its source");
  CLI::App* doctor = app.add_subcommand("doctor", "Tell what this machine can and cannot do, and the remedy");
  CLI::App* prove =
      app.add_subcommand("prove", "Show what a run's rooms did, or that nothing of a tenant is another's");
  not_empty(
      prove->add_option("RUN", proof.run, "its id, or the beginning of it; without one, --tenant is proven"));
  prove->add_option("--canary", proof.canaries,
                    "a text that only the tenant's data holds, searched for elsewhere");
  prove->footer(prove_help);
  CLI::App* room = app.add_subcommand("room", "Try to get out of the rooms that runs are made in");
  room->require_subcommand(1);
  CLI::App* probe = room->add_subcommand(
      "probe", "Run hostile programs in twins of the rooms, each with a control outside, and tell what held");
  probe
      ->add_option("--room", rooms.room,
                   "read, check, inspect, think, kept (a think room that carrel serve keeps), or all")
      ->capture_default_str();
  probe->footer(probe_help);
  for (CLI::App* command : {runs, show, config, doctor, probe, prove}) {
    add_output(command);
    add_settings(command, &flags);
  }

  const RecordCommands records(app, [&](CLI::App* command) {
    add_output(command);
    add_settings(command, &flags);
  });

  CLI::App* playbook = app.add_subcommand("playbook", "List, check or make playbooks");
  playbook->require_subcommand(1);
  CLI::App* lint = playbook->add_subcommand("lint", "Tell every mistake of playbooks, with line and column");
  lint->add_option("FOLDER", folders, "folders, or names of those that came with Carrel")->required();
  CLI::App* make = playbook->add_subcommand("new", "Make a playbook that works, to be changed");
  make->add_option("FOLDER", folder, "where; its last part is the playbook's name")->required();
  make->add_option("--from", from, "the playbook to begin with")->capture_default_str();
  CLI::App* list = playbook->add_subcommand("list", "List the playbooks that came with Carrel");

  ModelArguments model;
  CLI::App* models = app.add_subcommand("models", "List, add, get, look into and try out model files");
  models->require_subcommand(1);
  models->footer(model_examples);
  CLI::App* models_list = models->add_subcommand("list", "The models that have a name");
  CLI::App* models_add =
      models->add_subcommand("add", "Give a GGUF file, or those of a folder, a name; they stay there");
  models_add->add_option("FILE|DIR", model.what, "a GGUF file or a folder with some")->required();
  models_add->add_option("--name", model.name, "the name of a file; else its own");
  CLI::App* models_import =
      models->add_subcommand("import", "List the models that another program keeps; nothing is copied");
  models_import->add_option("STORE", model.what, "ollama, lmstudio or hf-cache")->required();
  models_import->add_option("--from", model.from, "the store's folder; else where that program looks");
  CLI::App* models_remove = models->add_subcommand("remove", "Take a model off the list; its file stays");
  models_remove->add_option("NAME", model.what, "its name")->required();
  models_remove->add_flag("--delete-file", model.delete_file, "delete the file too, where it was pulled");
  CLI::App* models_inspect =
      models->add_subcommand("inspect", "What a model file says of itself, read in a room");
  models_inspect->add_option("MODEL", model.what, "a name of the list or a file")->required();
  CLI::App* models_fit =
      models->add_subcommand("fit", "What a model needs here, by a short measurement in a room");
  models_fit->add_option("MODEL", model.what, "a name of the list or a file")->required();
  models_fit->add_option("--slots", model.slots, "runs at the same time")
      ->check(CLI::Range(1, 64))
      ->capture_default_str();
  CLI::App* models_pull = models->add_subcommand("pull", "Get a model file; what arrived is never lost");
  models_pull->add_option("SOURCE", model.what, "https://... or hf:ORG/REPO:FILE.gguf")->required();
  models_pull->add_option("--name", model.name, "its name; else the file's own");
  models_pull->add_option("--sha256", model.sha256, "what the file must be");
  for (CLI::App* command :
       {models_list, models_add, models_import, models_remove, models_inspect, models_fit, models_pull}) {
    add_output(command);
    add_settings(command, &flags);
  }

  const std::vector<const char*> words = with_flags(count, arguments);
  if (const auto unknown = unknown_command(app, words)) return tell(*unknown);
  try {
    app.parse(static_cast<int>(words.size()), words.data());
  } catch (const CLI::ParseError& error) {
    if (error.get_exit_code() == 0) return app.exit(error);  // --help, --version
    return tell(usage_error(app, error));
  }
  std::signal(SIGPIPE, SIG_IGN);
  struct sigaction action {};
  action.sa_handler = on_signal;  // without SA_RESTART: waits end at once
  ::sigaction(SIGINT, &action, nullptr);
  ::sigaction(SIGTERM, &action, nullptr);

  if (Status loaded = load_sources(&desk.settings); !loaded) return tell(loaded.error());
  for (const auto& [name, value] : flags) {
    if (Status done = desk.settings.set(name, value, Source::flag, "--" + name); !done)
      return tell(done.error());
  }
  choose_engine(&desk.settings);

  if (const auto status = records.run(desk)) return *status;
  if (triage->parsed()) run.playbook = "k8s-triage";
  if (triage->parsed() || run_app->parsed()) return run_command(desk, run);
  if (ask->parsed()) return ask_command(desk, ask_arguments);
  if (eval->parsed()) return eval_command(desk, eval_arguments);
  if (sweep->parsed()) return sweep_command(desk, sweep_arguments);
  if (serve->parsed()) return serve_command(desk, serve_arguments);
  if (runs->parsed()) return runs_command(desk, most);
  if (show->parsed()) return show_command(desk, id);
  if (config->parsed()) return config_command(desk);
  if (prove->parsed()) return prove_command(desk, proof);
  if (probe->parsed()) return room_probe_command(desk, rooms);
  if (doctor->parsed()) return doctor_command(desk);
  if (lint->parsed()) return playbook_lint_command(desk, folders);
  if (list->parsed()) return playbook_list_command(desk);
  if (models_list->parsed()) return models_list_command(desk);
  if (models_add->parsed()) return models_add_command(desk, model);
  if (models_import->parsed()) return models_import_command(desk, model);
  if (models_remove->parsed()) return models_remove_command(desk, model);
  if (models_inspect->parsed()) return models_inspect_command(desk, model);
  if (models_fit->parsed()) return models_fit_command(desk, model);
  if (models_pull->parsed()) return models_pull_command(desk, model);
  return playbook_new_command(desk, folder, from);
}

}  // namespace

int run_cli(int count, const char* const* arguments) {
  return status_at_end(run_command_line(count, arguments), tell,
                       "see whether its disk is full; `carrel show` prints a report again");
}

}  // namespace carrel
