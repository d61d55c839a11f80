#include "collect/collect.h"

#include <algorithm>

#include <fmt/format.h>

#include "collect/gather.h"

namespace carrel {
namespace {

constexpr const char* version_path = "version.yaml";

Task version_task(const CollectOptions& options) {
  const std::string text = fmt::format(
      "apiVersion: troubleshoot.sh/v1beta2\nkind: SupportBundle\nspec:\n  versionNumber: support-diag {}\n",
      options.tool_version);
  return text_task(version_path, "support-diag", "tells readers which layout this is", text);
}

std::string command_line(const std::vector<std::string>& words) {
  std::string line;
  for (const std::string& word : words) line += (line.empty() ? "" : " ") + shell_word(word);
  return line;
}

class Collection {
 public:
  Collection(const CollectOptions& options, const CollectObserver& observer, std::atomic<bool>& stop,
             Redaction redaction, DeliveredFile out)
      : options_(options),
        observer_(observer),
        stop_(stop),
        redaction_(std::move(redaction)),
        out_(std::move(out)),
        writer_(top_folder(), gathering_.clock.now(),
                [this](std::string_view bytes) { return out_.write(bytes); }) {
    gathering_.parallel = options.parallel;
    gathering_.folder = out_.folder();
    gathering_.stop = &stop;
    gathering_.redactor = &redactor_;
    gathering_.progress = observer.progress;
  }

  Result<Collected> run() {
    Manifest& manifest = collected_.manifest;
    manifest.tool_version = options_.tool_version;
    manifest.options = options_.told;
    manifest.started = BundleClock::rfc3339(gathering_.clock.now());
    if (Status done = add({version_task(options_)}); !done) return done.error();

    // The cluster, through one kubectl: what it serves, then the lists, then what the lists lead to.
    if (options_.cluster) {
      if (Status done = cluster(); !done) return done.error();
    }

    // What lies beside the cluster: a Prometheus, this machine, a database.
    if (Status done = beside(); !done) return done.error();

    // What support-diag made itself is no reason for a bundle.
    const bool any = std::any_of(manifest.files.begin(), manifest.files.end(),
                                 [](const ManifestFile& file) { return file.status != status_made; });
    if (!any) return nothing_had();

    // The manifest last, for it has every file's sum; then the map and the bundle get their names.
    if (stop_) manifest.stopped = "interrupted";
    manifest.finished = BundleClock::rfc3339(gathering_.clock.now());
    if (Status done = writer_.finish(manifest); !done) return done.error();
    if (Status done = redaction_.keep_map(); !done) return done.error();
    if (Status done = out_.finish(); !done) return done.error();
    collected_.packed_bytes = out_.bytes();
    for (const ManifestFile& file : manifest.files) collected_.bytes += file.size;
    return std::move(collected_);
  }

 private:
  const CollectOptions& options_;
  const CollectObserver& observer_;
  std::atomic<bool>& stop_;
  Redaction redaction_;
  Redactor redactor_{redaction_.redactor()};  // one table of pseudonyms serves the bundle
  Gathering gathering_;
  Collected collected_;
  DeliveredFile out_;
  BundleWriter writer_;

  std::string top_folder() const {
    std::string time = BundleClock::rfc3339(gathering_.clock.now());
    std::replace(time.begin(), time.end(), ':', '_');
    return "support-bundle-" + time.substr(0, time.size() - 1);
  }

  Status add(std::vector<Task> tasks) {
    return gather(std::move(tasks), gathering_, &writer_, &collected_.manifest);
  }

  Status cluster() {
    observer_.stage("asking the cluster");
    auto proxy = KubectlProxy::start(options_.kubernetes.kubectl, stop_);
    if (!proxy) {
      if (proxy.error().code == Code::interrupted) return {};
      collected_.manifest.missing.push_back(
          {"cluster-resources", command_line(kubectl_proxy_command(options_.kubernetes.kubectl, "SOCKET")),
           "", proxy.error().what});
      return {};
    }
    Api api((*proxy)->server(), options_.kubernetes.timeout, stop_);
    ClusterTasks tasks(&api, options_.kubernetes);
    if (Status done = add(tasks.first()); !done) return done;
    observer_.stage("reading lists");
    if (Status done = add(tasks.lists()); !done) return done;
    observer_.stage("reading logs");
    if (Status done = add(tasks.rest()); !done) return done;
    if (!options_.metrics_in_cluster) return {};
    observer_.stage("reading metrics");
    PrometheusOptions metrics = options_.metrics;
    metrics.server = (*proxy)->server();
    return add(prometheus_tasks(metrics, stop_));
  }

  Status beside() {
    if (options_.prometheus && !options_.metrics_in_cluster) {
      observer_.stage("reading metrics");
      if (Status done = add(prometheus_tasks(options_.metrics, stop_)); !done) return done;
    }
    if (options_.machine.facts || !options_.machine.patterns.empty()) {
      observer_.stage("reading this machine");
      if (Status done = add(machine_tasks(options_.machine, stop_)); !done) return done;
    }
    if (!options_.postgres) return {};
    observer_.stage("reading the database");
    return add(database_tasks(options_.database));
  }

  Error nothing_had() const {
    if (stop_)
      return {Code::interrupted, "interrupted before anything was collected: there is no bundle", ""};
    const auto& missing = collected_.manifest.missing;
    const std::string why = missing.empty() ? "nothing was asked for" : missing.front().reason;
    return {Code::machine, "nothing could be collected, so there is no bundle: " + why,
            options_.cluster
                ? "`support-diag collect --dry-run` shows what is asked; see whether `kubectl version` works"
                : "`support-diag collect --dry-run` with the same options shows what is asked"};
  }
};

}  // namespace

Result<Collected> collect(const CollectOptions& options, const CollectObserver& observer,
                          std::atomic<bool>& stop) {
  // Whether the bundle can be written is found out before anybody is asked anything.
  auto delivery = read_delivery(options.delivery);
  if (!delivery) return delivery.error();
  auto out = DeliveredFile::create(options.out, options.replace, std::move(*delivery));
  if (!out) return out.error();
  auto redaction = Redaction::prepare(options.redaction);
  if (!redaction) return redaction.error();
  return Collection(options, observer, stop, std::move(*redaction), std::move(*out)).run();
}

std::vector<Task> planned(const CollectOptions& options) {
  std::vector<Task> all = {version_task(options)};
  const auto add = [&all](std::vector<Task> tasks) {
    std::move(tasks.begin(), tasks.end(), std::back_inserter(all));
  };
  if (options.cluster) {
    all.push_back({"",
                   command_line(kubectl_proxy_command(options.kubernetes.kubectl, "SOCKET")),
                   "one child through which all of the cluster is read: it rejects every method but GET",
                   {}});
    ClusterTasks tasks(nullptr, options.kubernetes);
    add(tasks.first());
    add(tasks.lists());
    add(tasks.rest());
  }
  const std::atomic<bool> never = false;
  if (options.prometheus) add(prometheus_tasks(options.metrics, never));
  add(machine_tasks(options.machine, never));
  if (options.postgres) add(database_tasks(options.database));
  all.push_back({manifest_path,
                 "support-diag",
                 "what is in the bundle, where it came from, what is missing",
                 {},
                 true});
  return all;
}

}  // namespace carrel
