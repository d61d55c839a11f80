#include "collect/cli.h"

#include <algorithm>
#include <charconv>
#include <csignal>
#include <cstdio>
#include <cstdlib>
#include <map>

#include <CLI/CLI.hpp>
#include <fmt/format.h>
#include <rapidjson/prettywriter.h>
#include <unistd.h>

#include "base/text.h"
#include "collect/collect.h"
#include "collect/commands.h"
#include "collect/gather.h"
#include "collect/out/inspect.h"
#include "command_line/command_line.h"
#include "record/exit_status.h"

namespace carrel {
namespace {

std::atomic<bool> stop_requested{false};

constexpr const char* exit_statuses = R"(
Exit status: 0 done, also where something could not be had (the manifest says what and why);
2 usage, 3 a bundle's sums do not hold or it is not whole, 4 no bundle, 7 this machine, 130 interrupted.)";

constexpr const char* examples = R"(
Examples:
  support-diag collect --namespace platform --out customer-123.tar.gz
  support-diag collect --namespace platform --explain
  support-diag inspect customer-123.tar.gz
  support-diag redact --map secrets.map --map-key secrets.key app.log > app.redacted.log
  support-diag reveal --map secrets.map --map-key secrets.key reply.txt
  support-diag seal customer-123.tar.gz --encrypt-to support.key.pub
)";

constexpr const char* collect_examples = R"(
Examples:
  support-diag collect --namespace platform --out customer-123.tar.gz
  support-diag collect --namespace platform --explain
  support-diag collect --all-namespaces --since 24h --out customer-123.tar.gz
  support-diag collect -n platform --encrypt-to support.key.pub --sign site.key --out customer-123.sealed
  support-diag collect --no-cluster --host --config '/etc/app/*.yaml' --out host.tar.gz
  support-diag collect -n shop --db-export postgres://app@db/shop --tables orders --mask status=keep --out x.tar.gz
)";

void on_signal(int number) {
  // A second one ends the program at once: there is no bundle then.
  stop_requested = true;
  std::signal(number, SIG_DFL);
}

template <class... T>
void print(fmt::format_string<T...> format, T&&... values) {
  std::fputs(fmt::format(format, std::forward<T>(values)...).c_str(), stdout);
}

std::string counted(std::uint64_t count, const char* noun) {
  return fmt::format(fmt::runtime("{} {}{}"), count, noun, count == 1 ? "" : "s");
}

std::string size_text(std::uint64_t bytes) {
  if (bytes < 10'000) return fmt::format("{} bytes", bytes);
  if (bytes < 10'000'000) return fmt::format("{} kB", bytes / 1000);
  return fmt::format("{} MB", bytes / 1'000'000);
}

// "90s", "30m", "48h", "7d"; 0 where it is none of these.
std::uint64_t seconds_of(const std::string& text) {
  static const std::map<char, std::uint64_t> units = {{'s', 1}, {'m', 60}, {'h', 3600}, {'d', 86400}};
  if (text.size() < 2 || text.size() > 8 || !units.contains(text.back())) return 0;
  if (text.find_first_not_of("0123456789") != text.size() - 1) return 0;
  return std::strtoull(text.c_str(), nullptr, 10) * units.at(text.back());
}

// RFC 1123: what a namespace can be called.
bool is_label(const std::string& name) {
  if (name.empty() || name.size() > 63 || name.front() == '-' || name.back() == '-') return false;
  return name.find_first_not_of("abcdefghijklmnopqrstuvwxyz0123456789-") == std::string::npos;
}

// One line on stderr: rewritten on a terminal, one for each stage elsewhere.
class ProgressLine {
 public:
  explicit ProgressLine(bool quiet) : quiet_(quiet), terminal_(::isatty(2) != 0) {}
  ~ProgressLine() {
    if (!quiet_ && terminal_) std::fputs("\r\x1b[K", stderr);
  }
  ProgressLine(const ProgressLine&) = delete;
  ProgressLine& operator=(const ProgressLine&) = delete;

  void stage(const std::string& name) {
    stage_ = name;
    if (!quiet_) std::fprintf(stderr, terminal_ ? "\r\x1b[K%s" : "support-diag: %s\n", name.c_str());
  }
  void progress(std::uint64_t done, std::uint64_t of, std::uint64_t bytes) {
    const auto now = std::chrono::steady_clock::now();
    if (quiet_ || !terminal_ || now - shown_ < std::chrono::milliseconds(100)) return;
    shown_ = now;
    std::fprintf(stderr, "\r\x1b[K%s: %llu of %llu, %s", stage_.c_str(),
                 static_cast<unsigned long long>(done), static_cast<unsigned long long>(of),
                 size_text(bytes).c_str());
  }

 private:
  bool quiet_, terminal_;
  std::string stage_;
  std::chrono::steady_clock::time_point shown_;
};

struct Arguments {
  CollectOptions collect;
  std::string prometheus, queries, range = "6h";
  std::vector<std::string> masks;
  bool no_cluster = false;
  bool all_namespaces = false, no_logs = false, no_custom = false, no_helm = false;
  std::string since;
  unsigned timeout = 60, database_timeout = 30;
  bool dry_run = false, explain = false, json = false, quiet = false;
  std::string bundle;
};

// A whole number in these bounds.
CLI::Validator within(std::uint64_t least, std::uint64_t most) {
  const auto check = [least, most](const std::string& text) {
    std::uint64_t number = 0;
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
    const bool fits =
        error == std::errc() && end == text.data() + text.size() && number >= least && number <= most;
    return fits ? std::string() : fmt::format("must be a whole number from {} to {}", least, most);
  };
  return {check, ""};
}

void add_cluster_options(CLI::App* command, Arguments* arguments) {
  ClusterOptions& cluster = arguments->collect.kubernetes;
  command->add_option("-n,--namespace", cluster.namespaces, "collect this namespace; may be repeated")
      ->type_name("NAME")
      ->allow_extra_args(false);
  command->add_flag("-A,--all-namespaces", arguments->all_namespaces, "collect every namespace");
  command->add_option("--kubectl", cluster.kubectl.program, "the kubectl to use")
      ->type_name("PROGRAM")
      ->capture_default_str();
  command->add_option("--kubeconfig", cluster.kubectl.kubeconfig, "handed to kubectl")->type_name("FILE");
  command->add_option("--context", cluster.kubectl.context, "handed to kubectl")->type_name("NAME");
  command->add_flag("--no-logs", arguments->no_logs, "leave the containers' logs out");
  command->add_option("--tail", cluster.tail, "newest lines of each log")
      ->type_name("LINES")
      ->capture_default_str()
      ->check(within(1, 1'000'000'000));
  command->add_option("--since", arguments->since, "logs not older than this: 90s, 30m, 48h, 7d")
      ->type_name("TIME");
  command->add_option("--log-bytes", cluster.log_bytes, "most bytes of each log; the newest lines that fit")
      ->type_name("BYTES")
      ->capture_default_str()
      ->check(within(1, std::uint64_t{1} << 40));
  command->add_flag("--no-custom-resources", arguments->no_custom, "leave operators' objects out");
  command->add_flag("--no-helm", arguments->no_helm,
                    "leave Helm's releases out; kubectl then lets no list of Secrets through");
  command->add_flag("--no-cluster", arguments->no_cluster, "ask no cluster: only what is named below");
}

void add_machine_options(CLI::App* command, Arguments* arguments) {
  command->add_flag("--host", arguments->collect.machine.facts,
                    "kernel, disks, memory, network, journal of the kubelet");
  command
      ->add_option("--config", arguments->collect.machine.patterns,
                   "files by a pattern, as '/etc/app/*.yaml'; may be repeated")
      ->type_name("PATTERN")
      ->allow_extra_args(false);
}

void add_prometheus_options(CLI::App* command, Arguments* arguments) {
  command
      ->add_option("--prometheus", arguments->prometheus,
                   "http://HOST:PORT, or service:NAMESPACE/NAME:PORT to reach it through the cluster")
      ->type_name("URL");
  command->add_option("--metrics", arguments->queries, "a file of queries, one a line, as 'NAME: PROMQL'")
      ->type_name("FILE");
  command->add_option("--metrics-range", arguments->range, "how far back they go")
      ->type_name("TIME")
      ->capture_default_str();
}

void add_database_options(CLI::App* command, Arguments* arguments) {
  DatabaseOptions& database = arguments->collect.database;
  command
      ->add_option("--db-export", database.url,
                   "postgres://USER@HOST/DATABASE; the password comes from PGPASSWORD or ~/.pgpass")
      ->type_name("URL");
  command->add_option("--tables", database.tables, "tables of which rows are sampled, parted by commas")
      ->type_name("NAMES")
      ->delimiter(',')
      ->allow_extra_args(false);
  command->add_option("--rows", database.rows, "rows of each")->type_name("ROWS")->capture_default_str();
  command
      ->add_option("--where", database.where,
                   "which rows: 'TABLE: CONDITION', or a condition for every table; may be repeated")
      ->type_name("CONDITION")
      ->allow_extra_args(false);
  command
      ->add_option("--mask", arguments->masks,
                   "COLUMN=hash, =null or =keep, also TABLE.COLUMN and '*'; text is hashed unless kept")
      ->type_name("MASK")
      ->allow_extra_args(false);
  command->add_option("--db-timeout", arguments->database_timeout, "for each question to the database")
      ->type_name("SECONDS")
      ->capture_default_str()
      ->check(within(1, 3600));
}

void add_collect_options(CLI::App* command, Arguments* arguments) {
  CollectOptions& options = arguments->collect;
  command->add_option("-o,--out", options.out, "the bundle, as customer-123.tar.gz")->type_name("FILE");
  command->add_flag("--force", options.replace, "replace a file of that name");
  command->add_flag("--dry-run", arguments->dry_run, "print each command that would run, and run none");
  command->add_flag("--explain", arguments->explain, "the same, with the file that each becomes, and why");
  command->add_option("--parallel", options.parallel, "most requests at the same time")
      ->type_name("COUNT")
      ->capture_default_str()
      ->check(within(1, 64));
  command->add_option("--timeout", arguments->timeout, "to wait for an answer")
      ->type_name("SECONDS")
      ->capture_default_str()
      ->check(within(1, 3600));
  const auto headed = [command](const char* heading) {
    command->option_defaults()->group(heading);
    return command;
  };
  add_cluster_options(headed("The cluster"), arguments);
  add_machine_options(headed("This machine"), arguments);
  add_prometheus_options(headed("A Prometheus"), arguments);
  add_database_options(headed("A PostgreSQL"), arguments);
  add_redaction_options(headed("Secrets"), &options.redaction);
  add_delivery_options(headed("Delivery"), &options.delivery);
  headed("Options");
}

// service:NAMESPACE/NAME:PORT, the path of the API server's own proxy to a Service.
Status settle_service(const std::string& place, CollectOptions* options) {
  const std::size_t slash = place.find('/');
  const std::size_t colon = place.find(':', std::min(slash, place.size()));
  const std::string space = place.substr(0, slash);
  if (slash == std::string::npos || colon == std::string::npos || !is_label(space) ||
      !is_label(place.substr(slash + 1, colon - slash - 1)) || !is_label(place.substr(colon + 1)))
    return Error{Code::usage, "--prometheus service:" + place + " names no Service",
                 "write service:NAMESPACE/NAME:PORT, as service:monitoring/prometheus:9090"};
  if (!options->cluster)
    return Error{Code::usage, "a Service is reached through the cluster, and --no-cluster asks none", ""};
  options->metrics_in_cluster = true;
  options->metrics.path =
      fmt::format("/api/v1/namespaces/{}/services/{}/proxy", space, place.substr(slash + 1));
  options->metrics.url = options->metrics.path;
  options->kubernetes.kubectl.prometheus_proxy = options->metrics.path;
  return {};
}

Status settle_metrics(Arguments* arguments) {
  CollectOptions& options = arguments->collect;
  options.prometheus = !arguments->prometheus.empty();
  if (!options.prometheus && !arguments->queries.empty())
    return Error{Code::usage, "--metrics needs a Prometheus", "name it with --prometheus"};
  if (!options.prometheus) return {};
  constexpr std::string_view service = "service:";
  Status done = arguments->prometheus.starts_with(service)
                    ? settle_service(arguments->prometheus.substr(service.size()), &options)
                    : set_url(arguments->prometheus, &options.metrics);
  if (!done) return done;
  options.metrics.range_seconds = seconds_of(arguments->range);
  if (options.metrics.range_seconds == 0)
    return Error{Code::usage, "--metrics-range " + arguments->range + " is no length of time",
                 "write 90s, 30m, 48h or 7d"};
  options.metrics.end = BundleClock().now();
  options.metrics.timeout = options.kubernetes.timeout;
  if (arguments->queries.empty()) return {};
  const auto text = read_file(arguments->queries, 1 << 20);
  if (!text) return text.error();
  auto queries = read_queries(*text);
  if (!queries) return std::move(queries.error()).in(arguments->queries);
  options.metrics.queries = std::move(*queries);
  return {};
}

Status settle_database(Arguments* arguments) {
  DatabaseOptions& database = arguments->collect.database;
  arguments->collect.postgres = !database.url.empty();
  database.timeout = std::chrono::seconds(arguments->database_timeout);
  if (database.url.empty() &&
      !(database.tables.empty() && database.where.empty() && arguments->masks.empty()))
    return Error{Code::usage, "--tables, --where and --mask need a database", "name it with --db-export"};
  static const std::map<std::string, ColumnMask> kinds = {
      {"hash", ColumnMask::hash}, {"null", ColumnMask::null}, {"keep", ColumnMask::keep}};
  for (const std::string& mask : arguments->masks) {
    const std::size_t equals = mask.rfind('=');
    const auto kind = kinds.find(equals == std::string::npos ? "" : mask.substr(equals + 1));
    if (kind == kinds.end())
      return Error{Code::usage, "--mask " + mask + " says not how to mask",
                   "write COLUMN=hash, COLUMN=null or COLUMN=keep"};
    database.masks[mask.substr(0, equals)] = kind->second;
  }
  return {};
}

Status settle_machine(Arguments* arguments) {
  MachineOptions& machine = arguments->collect.machine;
  machine.since = arguments->since;
  machine.timeout_seconds = arguments->timeout;
  for (const std::string& pattern : machine.patterns) {
    if (!pattern.starts_with('/') || pattern.find("/..") != std::string::npos)
      return Error{Code::usage, "--config " + pattern + " is no absolute pattern",
                   "begin it with /, and without /.."};
  }
  return {};
}

Status settle(Arguments* arguments) {
  CollectOptions& options = arguments->collect;
  ClusterOptions& cluster = options.kubernetes;
  arguments->dry_run |= arguments->explain;
  if (options.out.empty() && !arguments->dry_run)
    return Error{Code::usage, "no bundle is named", "name one with --out NAME.tar.gz"};
  options.cluster = !arguments->no_cluster;
  if (arguments->all_namespaces && !cluster.namespaces.empty())
    return Error{Code::usage, "--all-namespaces and --namespace say different things", "give one of them"};
  if (options.cluster && !arguments->all_namespaces && cluster.namespaces.empty())
    return Error{Code::usage, "it is not said which namespaces to collect",
                 "give --namespace NAME, more than once if need be, or --all-namespaces"};
  for (const std::string& space : cluster.namespaces) {
    if (!is_label(space)) return Error{Code::usage, "no namespace can be called \"" + space + "\"", ""};
  }
  std::sort(cluster.namespaces.begin(), cluster.namespaces.end());
  cluster.namespaces.erase(std::unique(cluster.namespaces.begin(), cluster.namespaces.end()),
                           cluster.namespaces.end());
  cluster.since_seconds = seconds_of(arguments->since);
  if (!arguments->since.empty() && cluster.since_seconds == 0)
    return Error{Code::usage, "--since " + arguments->since + " is no length of time",
                 "write 90s, 30m, 48h or 7d"};
  cluster.logs = !arguments->no_logs;
  cluster.custom_resources = !arguments->no_custom;
  cluster.helm = cluster.kubectl.secrets = !arguments->no_helm;
  cluster.timeout = std::chrono::seconds(arguments->timeout);
  options.tool_version = CARREL_VERSION;
  if (Status done = settle_metrics(arguments); !done) return done;
  if (Status done = settle_database(arguments); !done) return done;
  return settle_machine(arguments);
}

std::string joined(const std::vector<std::string>& words) {
  std::string line;
  for (const std::string& word : words) line += (line.empty() ? "" : " ") + word;
  return line;
}

// What the manifest keeps of the command line.
void tell_options(Arguments* arguments) {
  const ClusterOptions& cluster = arguments->collect.kubernetes;
  const std::string spaces = joined(cluster.namespaces);
  const auto yes = [](bool value) { return std::string(value ? "yes" : "no"); };
  arguments->collect.told = {{"namespaces", spaces.empty() && arguments->collect.cluster ? "all" : spaces},
                             {"logs", yes(cluster.logs)},
                             {"tail", std::to_string(cluster.tail)},
                             {"since", arguments->since.empty() ? "the beginning" : arguments->since},
                             {"log-bytes", std::to_string(cluster.log_bytes)},
                             {"custom-resources", yes(cluster.custom_resources)},
                             {"helm", yes(cluster.helm)},
                             {"host", yes(arguments->collect.machine.facts)},
                             {"config", joined(arguments->collect.machine.patterns)},
                             {"prometheus", arguments->prometheus},
                             {"database", shown_url(arguments->collect.database.url)},
                             {"tables", joined(arguments->collect.database.tables)},
                             {"masks", joined(arguments->masks)},
                             {"rules", arguments->collect.redaction.rules},
                             {"addresses", yes(arguments->collect.redaction.addresses)},
                             {"encrypt-to", joined(arguments->collect.delivery.recipients)},
                             {"signed", yes(!arguments->collect.delivery.sign.empty())},
                             {"parallel", std::to_string(arguments->collect.parallel)},
                             {"timeout", std::to_string(arguments->timeout)}};
}

// Reasons, the most frequent first, each with how many files it kept away and the first of them.
void print_missing(const std::vector<ManifestMissing>& missing, std::size_t most) {
  struct Reason {
    std::size_t count = 0;
    std::string first;
  };
  std::map<std::string, Reason> by_reason;
  for (const ManifestMissing& one : missing) {
    Reason& reason = by_reason[one.status.empty() ? one.reason : one.status + ": " + one.reason];
    if (reason.count++ == 0) reason.first = one.path;
  }
  std::vector<std::pair<std::string, Reason>> sorted(by_reason.begin(), by_reason.end());
  std::stable_sort(sorted.begin(), sorted.end(),
                   [](const auto& a, const auto& b) { return a.second.count > b.second.count; });
  for (std::size_t i = 0; i < sorted.size() && i < most; ++i) {
    const Reason& reason = sorted[i].second;
    print("  not had  {}{}: {}\n", escape_for_terminal(reason.first),
          reason.count == 1 ? "" : fmt::format(" and {} more", reason.count - 1),
          escape_for_terminal(sorted[i].first));
  }
  if (sorted.size() > most)
    print("  not had  for {} further reasons: `support-diag inspect` lists all\n", sorted.size() - most);
}

// How many secrets were masked, by class; the manifest has them for each file.
void print_masked(const Manifest& manifest) {
  std::map<std::string, std::uint64_t> classes;
  std::uint64_t all = 0;
  for (const ManifestFile& file : manifest.files) {
    for (const auto& [name, count] : file.redactions) classes[name] += count, all += count;
  }
  std::string list;
  for (const auto& [name, count] : classes)
    list += fmt::format("{}{} {}", list.empty() ? ": " : ", ", escape_for_terminal(name), count);
  print("  masked   {}{}\n", counted(all, "secret"), list);
}

// A shell could run what is printed: what is no command is a comment.
int dry_run(const Arguments& arguments) {
  for (const Task& task : planned(arguments.collect)) {
    if (task.made) {
      print("# {} is made of what was had\n", task.path);
    } else if (task.source.starts_with('/')) {
      print("cat {}\n", escape_for_terminal(shell_word(task.source)));
    } else {
      print("{}\n", escape_for_terminal(task.source));
    }
    if (!arguments.explain) continue;
    if (!task.path.empty()) print("#   becomes  {}\n", escape_for_terminal(task.path));
    print("#   why      {}\n", escape_for_terminal(task.why));
  }
  return exit_status::passed;
}

int collect_command(Arguments& arguments) {
  if (Status done = settle(&arguments); !done) return tell(done.error());
  tell_options(&arguments);
  if (arguments.dry_run) return dry_run(arguments);
  std::optional<ProgressLine> line(std::in_place, arguments.quiet);
  const CollectObserver observer = {
      [&](const std::string& stage) { line->stage(stage); },
      [&](std::uint64_t done, std::uint64_t of, std::uint64_t bytes) { line->progress(done, of, bytes); }};
  auto collected = collect(arguments.collect, observer, stop_requested);
  line.reset();
  if (!collected) return tell(collected.error());
  const Manifest& manifest = collected->manifest;
  const std::size_t cut =
      static_cast<std::size_t>(std::count_if(manifest.files.begin(), manifest.files.end(),
                                             [](const ManifestFile& file) { return !file.cut.empty(); }));
  if (arguments.json) {
    print(
        "{{\"bundle\":{},\"complete\":{},\"files\":{},\"bytes\":{},\"packed_bytes\":{},\"missing\":{},"
        "\"cut\":{}}}\n",
        printable_json_string(arguments.collect.out), manifest.stopped.empty(), manifest.files.size(),
        collected->bytes, collected->packed_bytes, manifest.missing.size(), cut);
  } else {
    print("{}: {}, {} ({} packed)\n", escape_for_terminal(arguments.collect.out),
          counted(manifest.files.size(), "file"), size_text(collected->bytes),
          size_text(collected->packed_bytes));
    const DeliveryOptions& delivery = arguments.collect.delivery;
    if (!delivery.recipients.empty()) print("  sealed   to {}\n", counted(delivery.recipients.size(), "key"));
    if (!delivery.sign.empty())
      print("  signed   {}\n", escape_for_terminal(signature_path(arguments.collect.out)));
    print_masked(manifest);
    if (cut > 0) print("  cut      {}, each to a limit that the manifest names\n", counted(cut, "file"));
    print_missing(manifest.missing, 8);
  }
  if (manifest.stopped.empty()) return exit_status::passed;
  std::fputs(
      "support-diag: interrupted: the bundle holds what was collected until then, and its manifest says so\n",
      stderr);
  return exit_status::interrupted;
}

void print_inspection_json(const Inspection& found) {
  rapidjson::StringBuffer out;
  rapidjson::PrettyWriter<rapidjson::StringBuffer> writer(out);
  writer.StartObject();
  writer.Key("intact");
  writer.Bool(found.damage.empty());
  writer.Key("damage");
  writer.StartArray();
  for (const std::string& one : found.damage) {
    const std::string text = printable_json_string(one);
    writer.RawValue(text.data(), text.size(), rapidjson::kStringType);
  }
  writer.EndArray();
  writer.Key("manifest");
  const std::string manifest = to_json(found.manifest);
  writer.RawValue(manifest.data(), manifest.size() - 1, rapidjson::kObjectType);
  writer.EndObject();
  print("{}\n", out.GetString());
}

// Folders of the bundle, to two levels, with what lies in each.
void print_folders(const Manifest& manifest) {
  struct Folder {
    std::uint64_t files = 0, bytes = 0;
  };
  std::map<std::string, Folder> folders;
  for (const ManifestFile& file : manifest.files) {
    const std::size_t first = file.path.find('/');
    const std::size_t second = first == std::string::npos ? first : file.path.find('/', first + 1);
    Folder& folder = folders[file.path.substr(0, second == std::string::npos ? first : second)];
    ++folder.files;
    folder.bytes += file.size;
  }
  for (const auto& [name, folder] : folders)
    print("  {:<48} {:>12}  {:>10}\n", escape_for_terminal(name), counted(folder.files, "file"),
          size_text(folder.bytes));
}

int inspect_command(const Arguments& arguments) {
  auto file = open_read(arguments.bundle);
  if (!file) return tell(file.error());
  auto found =
      inspect_bundle([&](char* into, std::size_t size) { return read_some(file->get(), into, size); });
  if (!found) return tell(std::move(found.error()).in(arguments.bundle));
  const Manifest& manifest = found->manifest;
  const bool whole = found->damage.empty() && manifest.stopped.empty();
  if (arguments.json) {
    print_inspection_json(*found);
    return whole ? exit_status::passed : exit_status::checks_failed;
  }
  print("{}: made by support-diag {}, {} to {}\n", escape_for_terminal(arguments.bundle),
        escape_for_terminal(manifest.tool_version), escape_for_terminal(manifest.started),
        escape_for_terminal(manifest.finished));
  print("{}, {}\n", counted(found->files, "file"), size_text(found->bytes));
  print_folders(manifest);
  print_masked(manifest);
  for (const ManifestFile& one : manifest.files) {
    if (!one.cut.empty())
      print("  cut      {}: {}\n", escape_for_terminal(one.path), escape_for_terminal(one.cut));
  }
  print_missing(manifest.missing, manifest.missing.size());
  for (const std::string& one : found->damage) print("  damaged  {}\n", escape_for_terminal(one));
  if (!manifest.stopped.empty()) print("not whole: {}\n", escape_for_terminal(manifest.stopped));
  print("{}\n", found->damage.empty() ? "every sum holds" : "the bundle is not what its manifest says");
  return whole ? exit_status::passed : exit_status::checks_failed;
}

int run_command_line(int count, const char* const* words) {
  CLI::App app("Collects a support bundle at the customer's site. It reads and never changes the cluster.",
               "support-diag");
  app.footer(std::string(examples) + exit_statuses);
  app.require_subcommand(1);
  app.set_version_flag("--version", "support-diag " CARREL_VERSION);
  Arguments arguments;
  CLI::App* const collect_app = app.add_subcommand("collect", "Collect a bundle");
  add_collect_options(collect_app, &arguments);
  CLI::App* const inspect_app =
      app.add_subcommand("inspect", "Tell what is in a bundle and what is missing, and verify its sums");
  inspect_app->add_option("BUNDLE", arguments.bundle, "a bundle that support-diag made")->required();
  collect_app->footer(std::string(collect_examples) + exit_statuses);
  inspect_app->footer("\nExample:\n  support-diag inspect customer-123.tar.gz\n");
  for (CLI::App* command : {collect_app, inspect_app}) {
    command->add_flag("--json", arguments.json, "JSON on stdout");
    command->add_flag("-q,--quiet", arguments.quiet, "no progress");
  }
  Chosen chosen;
  add_redact_command(&app, &chosen);
  add_reveal_command(&app, &chosen);
  add_seal_commands(&app, &chosen);
  const std::vector<const char*> all = with_flags(count, words);
  if (const auto unknown = unknown_command(app, all)) return tell(*unknown);
  try {
    app.parse(static_cast<int>(all.size()), all.data());
  } catch (const CLI::ParseError& error) {
    if (error.get_exit_code() == 0) return app.exit(error);  // --help, --version
    return tell(usage_error(app, error));
  }
  std::signal(SIGPIPE, SIG_IGN);
  std::signal(SIGXFSZ, SIG_IGN);  // a limit on file sizes is an error like a full disk
  if (chosen) return chosen();
  struct sigaction action {};
  action.sa_handler = on_signal;
  ::sigaction(SIGINT, &action, nullptr);
  ::sigaction(SIGTERM, &action, nullptr);
  return collect_app->parsed() ? collect_command(arguments) : inspect_command(arguments);
}

}  // namespace

int tell(const Error& error) {
  std::fprintf(stderr, "support-diag: %s\n", escape_for_terminal(error.what, true).c_str());
  if (!error.remedy.empty()) std::fprintf(stderr, "  %s\n", escape_for_terminal(error.remedy, true).c_str());
  return exit_status::of(error.code);
}

int run_support_diag(int count, const char* const* arguments) {
  return status_at_end(run_command_line(count, arguments), tell, "see whether its disk is full");
}

}  // namespace carrel
