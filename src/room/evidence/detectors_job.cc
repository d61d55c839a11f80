// Jobs and CronJobs.
#include <algorithm>
#include <array>
#include <cstdlib>
#include <set>

#include <fmt/format.h>

#include "room/evidence/detectors.h"

namespace carrel {
namespace {

void suggest_job(Observation* made, const Object& job) {
  suggest(made, fmt::format("kubectl -n {} describe {} {}", job.space, job.kind, job.name),
          "shows its conditions and pods");
  suggest(made, fmt::format("kubectl get pods -n {}", job.space), "shows its pods");
}

// " its container X ended with exit code 2" of the job's latest failed pod.
std::string last_end(const Survey& survey, const Object& job, const Object** found, const Value** place) {
  for (const Object* pod : survey.each("pod")) {
    if (pod->space != job.space || workload_of(*pod).second != job.name) continue;
    for (const Value& status : (*pod)["status"]["containerStatuses"].items) {
      const Value& ended = status["state"]["terminated"].exists() ? status["state"]["terminated"]
                                                                  : status["lastState"]["terminated"];
      const auto code = ended["exitCode"].integer();
      if (!code || *code == 0) continue;
      *found = pod;
      *place = &ended;
      return fmt::format("; its container {} ends with exit code {}{}", status["name"].text(), *code,
                         ended["reason"].text() == "OOMKilled" ? " (OOMKilled)" : "");
    }
  }
  return {};
}

// The CronJob and the minute of a run that it started, as the job's name tells ("rollup-29389035"); nothing
// where it is no such name.
std::optional<std::pair<std::string_view, std::int64_t>> run_of(std::string_view job) {
  constexpr std::size_t least_digits = 8, most_digits = 10;
  const std::size_t dash = job.rfind('-');
  if (dash == std::string_view::npos || dash == 0) return std::nullopt;
  const std::string_view minute = job.substr(dash + 1);
  if (minute.size() < least_digits || minute.size() > most_digits ||
      minute.find_first_not_of("0123456789") != std::string_view::npos)
    return std::nullopt;
  return std::pair(job.substr(0, dash), std::atoll(std::string(minute).c_str()));
}

// The latest run of the job's CronJob, where that came after the job and completed; null: none.
const Object* made_good_by(const Survey& survey, const Object& job) {
  const auto own = run_of(job.name);
  if (!own) return nullptr;
  const Object* latest = &job;
  auto minute = own->second;
  for (const Object* other : survey.each("job")) {
    const auto run = run_of(other->name);
    if (other->space != job.space || !run || run->first != own->first || run->second <= minute) continue;
    minute = run->second;
    latest = other;
  }
  return latest != &job && is_complete(*latest) ? latest : nullptr;
}

// A CronJob's run that failed, and after it others that did not: what it is for is done.
void tell_made_good(const Object& failed, const Object& latest, Observations* out) {
  Observation& made =
      report(out, "no-fault", 0.5, latest,
             fmt::format(
                 "No fault found: {}, the latest run of its CronJob, has completed; only an earlier one ({}) "
                 "failed.",
                 described(latest), failed.name));
  made.verdict = Verdict::no_fault;
  cite(&made, latest, Value::null(), "the latest run");
  cite(&made, failed, Value::null(), "the run that failed");
  suggest_job(&made, latest);
}

void check_job(const Survey& survey, const Object& job, Observations* out) {
  const Value& spec = job["spec"];
  const Value& status = job["status"];
  const Object* pod = nullptr;
  const Value* ended = &Value::null();
  const std::string how = last_end(survey, job, &pod, &ended);
  const Value* told = nullptr;
  std::string cause;
  double weight = 0.46;
  for (const Value& condition : status["conditions"].items) {
    if (condition["type"].text() != "Failed" || condition["status"].text() == "False") continue;
    told = &condition["reason"];
    if (condition["reason"].text() == "DeadlineExceeded") {
      weight = 0.85;
      cause = fmt::format(
          "{} failed because it was active longer than its activeDeadlineSeconds of {} (DeadlineExceeded).",
          described(job),
          spec["activeDeadlineSeconds"].exists() ? spec["activeDeadlineSeconds"].text() : "the spec");
    } else {
      const std::string reason(condition["reason"].text());
      cause = fmt::format("{} failed{}: its pods failed {} times, the backoff limit is {}{}.", described(job),
                          reason.empty() ? "" : " (" + reason + ")",
                          status["failed"].exists() ? status["failed"].text() : "too many",
                          spec["backoffLimit"].exists() ? spec["backoffLimit"].text() : "6", how);
    }
  }
  // Where the conditions are not there, as in what describe prints, its events tell.
  const Happening* deadline = nullptr;
  for (const Happening* happening : survey.about(job, true)) {
    if (happening->reason == "DeadlineExceeded") deadline = happening;
  }
  if (deadline != nullptr && weight < 0.85) {
    weight = 0.85;
    cause = fmt::format(
        "{} was ended because it ran longer than its activeDeadlineSeconds{} (DeadlineExceeded).",
        described(job),
        spec["activeDeadlineSeconds"].exists() ? " of " + std::string(spec["activeDeadlineSeconds"].text())
                                               : "");
  }
  const auto failed = status["failed"].integer().value_or(0);
  const auto succeeded = status["succeeded"].integer().value_or(0);
  if (cause.empty() && failed > 0 && succeeded < spec["completions"].integer().value_or(1)) {
    told = &status["failed"];
    cause = fmt::format("{} fails: {} of its pods failed and {} succeeded{}.", described(job), failed,
                        succeeded, how);
    weight = 0.44;
  }
  const Object* const good = cause.empty() || survey.names(job.name) ? nullptr : made_good_by(survey, job);
  if (good != nullptr) {
    tell_made_good(job, *good, out);
    weight = 0.2;
  }
  if (!cause.empty()) {
    Observation& made = report(out, "job-failed", weight, job, cause);
    if (deadline) cite(&made, *deadline);
    if (told) cite(&made, job, *told, "the state of the job");
    if (pod) cite(&made, *pod, *ended, "how a pod of it ended");
    cite(&made, job,
         spec["activeDeadlineSeconds"].exists() ? spec["activeDeadlineSeconds"] : spec["backoffLimit"],
         "its limit");
    suggest_job(&made, job);
    lack(&made, fmt::format("logs of the failed pods of job {}", job.name));
  }
  if (spec["suspend"].is_true()) {
    Observation& made =
        report(out, "job-suspended", 0.75, job,
               fmt::format("{} is suspended (spec.suspend is true), so it creates no pods.", described(job)));
    cite(&made, job, spec["suspend"], "it is suspended");
    suggest_job(&made, job);
  }
}

// A schedule has five fields (or is "@daily" and the like) of digits, names and */,-.
bool is_schedule(std::string_view text) {
  if (!text.empty() && text[0] == '@') return true;
  std::size_t fields = 0;
  bool inside = false;
  for (const char c : text) {
    if (c == ' ' || c == '\t') {
      inside = false;
      continue;
    }
    if (!inside) ++fields;
    inside = true;
    const bool letter = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
    if (!letter && (c < '0' || c > '9') && std::string_view("*/,-?=_+").find(c) == std::string_view::npos)
      return false;
  }
  return fields == 5 || text.substr(0, 3) == "TZ=" || text.substr(0, 8) == "CRON_TZ=";
}

// The numbers of a list of a schedule ("4,6,9", "29-31"), of a range its least; nothing where there is more
// to it.
std::optional<std::vector<int>> listed_numbers(std::string_view field) {
  std::vector<int> out;
  while (!field.empty()) {
    const std::size_t end = std::min(field.find(','), field.size());
    const std::string_view part = field.substr(0, end);
    const std::string_view least = part.substr(0, part.find('-'));
    if (least.empty() || least.size() > 2 || part.find_first_not_of("0123456789-") != std::string_view::npos)
      return std::nullopt;
    out.push_back(std::atoi(std::string(least).c_str()));
    field.remove_prefix(std::min(end + 1, field.size()));
  }
  return out;
}

// True where no month of the schedule has its day: "0 0 31 2 *".
bool never_comes(std::string_view schedule) {
  constexpr std::array<int, 13> most_days = {0, 31, 29, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31};
  std::vector<std::string_view> fields;
  while (!schedule.empty() && fields.size() < 6) {
    const std::size_t end = std::min(schedule.find_first_of(" \t"), schedule.size());
    if (end > 0) fields.push_back(schedule.substr(0, end));
    schedule.remove_prefix(std::min(end + 1, schedule.size()));
  }
  // A day of the week beside the day of the month is another day on which it runs.
  if (fields.size() != 5 || fields[4] != "*") return false;
  const auto days = listed_numbers(fields[2]), months = listed_numbers(fields[3]);
  if (!days || !months || days->empty() || months->empty()) return false;
  const int least = *std::ranges::min_element(*days);
  return std::ranges::all_of(*months, [&](int month) {
    return month >= 1 && month <= 12 && least > most_days[static_cast<std::size_t>(month)];
  });
}

// A pod of a job whose work is done and which goes on because another container of it never ends.
void check_sidecars(const Object& pod, Observations* out) {
  const bool of_job = std::any_of(pod["metadata"]["ownerReferences"].items.begin(),
                                  pod["metadata"]["ownerReferences"].items.end(),
                                  [](const Value& owner) { return owner["kind"].text() == "Job"; });
  const std::string_view restarts = pod["spec"]["restartPolicy"].text();
  const Value* done = nullptr;
  const Value* runs = nullptr;
  for (const Value& status : pod["status"]["containerStatuses"].items) {
    const Value& ended = status["state"]["terminated"];
    if (ended.exists() && ended["exitCode"].integer() == 0) done = &status;
    if (status["state"]["running"].exists()) runs = &status;
  }
  if ((!of_job && restarts != "Never" && restarts != "OnFailure") || done == nullptr || runs == nullptr)
    return;
  Observation& made = report(out, "job-sidecar", 0.88, pod,
                             fmt::format("{} does not end: its container {} has completed, but its container "
                                         "{} (a sidecar) keeps running, so the "
                                         "Job never completes.",
                                         described(pod), (*done)["name"].text(), (*runs)["name"].text()));
  cite_span(&made, pod, (*runs)["name"], (*runs)["state"]["running"], "the container that goes on");
  cite_span(&made, pod, (*done)["name"], (*done)["state"]["terminated"], "the container that is done");
  suggest(&made, fmt::format("kubectl -n {} get pod {} -o yaml", pod.space, pod.name),
          "shows both containers' states");
}

// True for a container beside the one that does the work, which serves it and never ends by itself.
bool is_helper(const Value& container) {
  static constexpr std::array<std::string_view, 9> parts = {
      "proxy", "sidecar", "envoy", "linkerd", "agent", "tunnel", "exporter", "fluent", "collector"};
  return std::ranges::any_of(parts, [&](std::string_view part) {
    return has(container["name"].text(), part) || has(container["image"].text(), part);
  });
}

// A job whose template has a container that never ends beside the one that does: no run of it completes, and
// where runs exclude each other there is one alone.
void check_helper(const Object& object, const Value& template_spec, const Value& policy, Observations* out) {
  const Value& containers = template_spec["containers"];
  if (containers.size() < 2) return;
  const Value* helper = nullptr;
  const Value* worker = nullptr;
  for (const Value& container : containers.items) (is_helper(container) ? helper : worker) = &container;
  if (helper == nullptr || worker == nullptr) return;
  const bool alone = policy.text() == "Forbid";
  Observation& made = report(
      out, "job-sidecar", alone ? 0.72 : 0.56, object,
      fmt::format("{} has a second container, the sidecar {}, which runs forever beside {}, so its Job "
                  "never completes{}.",
                  described(object), (*helper)["name"].text(), (*worker)["name"].text(),
                  alone ? " and no later run is started (concurrencyPolicy Forbid)" : ""));
  cite_span(&made, object, (*helper)["name"], (*helper)["image"], "the container that never ends");
  if (alone) cite(&made, object, policy, "its concurrency policy");
  cite_span(&made, object, (*worker)["name"], (*worker)["image"], "the container that does the work");
  suggest(&made, fmt::format("kubectl get pods -n {}", object.space), "shows whether a pod of it still runs");
  lack(&made, "the state of the containers of its last pod");
}

// The namespaces and names of the CronJobs a run of which is known to have completed.
using Completed = std::set<std::pair<std::string_view, std::string_view>>;

Completed completed_crons(const Survey& survey) {
  Completed completed;
  for (const Object* job : survey.each("job")) {
    if (const auto run = run_of(job->name); run && is_complete(*job))
      completed.emplace(job->space, run->first);
  }
  return completed;
}

void check_cron(const Survey& survey, const Completed& completed, const Object& cron, Observations* out) {
  const Value& spec = cron["spec"];
  if (tells_all(cron) && !completed.contains({cron.space, cron.name}))
    check_helper(cron, spec["jobTemplate"]["spec"]["template"]["spec"], spec["concurrencyPolicy"], out);
  if (spec["suspend"].is_true()) {
    // Many are suspended for good. Who speaks of no schedule and not of this one may ask about something
    // else.
    const bool asked = survey.names(cron.name) || survey.asks({"cron", "schedule", "suspend", "not run",
                                                               "no longer run", "never run", "not start"});
    Observation& made = report(
        out, "cronjob-suspended", asked || !survey.complains ? 0.78 : 0.36, cron,
        fmt::format("{} is suspended (spec.suspend is true), so no job of it is started.", described(cron)));
    cite(&made, cron, spec["suspend"], "it is suspended");
    suggest(&made, fmt::format("kubectl -n {} get cronjob {} -o yaml", cron.space, cron.name),
            "shows schedule and suspension");
  }
  if (!spec["schedule"].text().empty() && !is_schedule(spec["schedule"].text())) {
    Observation& made =
        report(out, "cronjob-schedule", 0.88, cron,
               fmt::format("{} never runs: its schedule \"{}\" is not a valid cron expression.",
                           described(cron), spec["schedule"].text()));
    cite(&made, cron, spec["schedule"], "its schedule");
  }
  if (never_comes(spec["schedule"].text())) {
    Observation& made = report(
        out, "cronjob-schedule", 0.88, cron,
        fmt::format(
            "{} never runs: the day of its schedule \"{}\" never comes, no month in it has that many days.",
            described(cron), spec["schedule"].text()));
    cite(&made, cron, spec["schedule"], "its schedule");
  }
  if (spec["concurrencyPolicy"].text() == "Forbid" && cron["status"]["active"].size() > 0) {
    Observation& made = report(
        out, "cronjob-blocked", 0.5, cron,
        fmt::format("{} starts no new job while one is active (concurrencyPolicy Forbid), and {} is still "
                    "active.",
                    described(cron), cron["status"]["active"][0]["name"].text()));
    cite(&made, cron, spec["concurrencyPolicy"], "its concurrency policy");
    cite(&made, cron, cron["status"]["active"], "the job that is active");
  }
  for (const Happening* happening : survey.about(cron, true)) {
    if (happening->reason == "JobAlreadyActive" || happening->reason == "UnknownTimeZone") {
      const bool active = happening->reason == "JobAlreadyActive";
      Observation& made = report(
          out, active ? "cronjob-blocked" : "cronjob-schedule", active ? 0.8 : 0.88, cron,
          fmt::format("{} starts no jobs: {}{}", described(cron), brief(happening->message->text(), 150),
                      active && cron["status"]["active"].size() > 0
                          ? fmt::format("; {} is still active", cron["status"]["active"][0]["name"].text())
                          : ""));
      cite(&made, *happening);
      if (active && cron["status"]["active"].size() > 0)
        cite(&made, cron, cron["status"]["active"], "the job that is active");
      if (active) cite(&made, cron, spec["concurrencyPolicy"], "its concurrency policy");
      if (!active) cite(&made, cron, spec["timeZone"], "its time zone");
      suggest(&made, fmt::format("kubectl -n {} get cronjob {} -o yaml", cron.space, cron.name),
              "shows its schedule and policy");
      continue;
    }
    if (!happening->warning) continue;
    if (happening->reason != "FailedNeedsStart" && happening->reason != "TooManyMissedTimes" &&
        happening->reason != "InvalidSchedule" && happening->reason != "UnparseableSchedule") {
      continue;
    }
    Observation& made = report(out, "cronjob-missed", 0.8, cron,
                               fmt::format("{} starts no jobs ({}): {}", described(cron), happening->reason,
                                           brief(happening->message->text(), 180)));
    cite(&made, *happening);
  }
}

// The run that is asked about did its work: the Job by its name, or the latest of its CronJob.
void tell_succeeded(const Survey& survey, Observations* out) {
  const auto& jobs = survey.each("job");
  const bool in_a_space =
      std::ranges::any_of(jobs, [&](const Object* job) { return survey.names(job->space); });
  const Object* asked = nullptr;
  bool last = false;  // of its CronJob
  for (const Object* job : jobs) {
    if (in_a_space && !survey.names(job->space)) continue;
    const auto own = run_of(job->name);
    if (survey.names(job->name)) {
      asked = job;
      last = false;
      break;
    }
    if (!own || !survey.names(own->first)) continue;
    if (asked != nullptr && asked->space != job->space) return;  // which of them is meant cannot be told
    if (asked == nullptr || own->second > run_of(asked->name).value_or(*own).second) asked = job, last = true;
  }
  if (asked == nullptr || !is_complete(*asked)) return;
  Observation& made = report(
      out, run_succeeded, 0.5, *asked,
      fmt::format("No fault found: {}{} did not fail, it is complete.", described(*asked),
                  last ? fmt::format(", the last run of CronJob {},", run_of(asked->name)->first) : ""));
  made.verdict = Verdict::no_fault;
  cite(&made, *asked, (*asked)["metadata"]["name"], "the run");
  cite(&made, *asked, (*asked)["status"]["succeeded"], "how many of its pods did their work");
  suggest(&made, fmt::format("kubectl -n {} describe job {}", asked->space, asked->name),
          "shows how it went");
}

}  // namespace

void detect_jobs(const Survey& survey, Observations* out) {
  for (const Object* job : survey.each("job")) check_job(survey, *job, out);
  const Completed completed = completed_crons(survey);
  for (const Object* cron : survey.each("cronjob")) check_cron(survey, completed, *cron, out);
  for (const Object* pod : survey.each("pod")) check_sidecars(*pod, out);
  tell_succeeded(survey, out);
}

}  // namespace carrel
