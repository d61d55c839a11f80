// Backups of Velero: whether the newest of each schedule came to its end. Source: velero.io/v1 Backup, and
// the table of `velero backup get`.
#include <algorithm>
#include <map>

#include <fmt/format.h>

#include "room/evidence/detectors.h"

namespace carrel {
namespace {

bool failed(std::string_view phase) {
  return phase == "Failed" || phase == "PartiallyFailed" || phase == "FailedValidation" ||
         phase == "FinalizingPartiallyFailed" || phase == "WaitingForPluginOperationsPartiallyFailed";
}

// "daily-full" of "daily-full-20250828013000": Velero adds the time to the schedule's name.
std::string schedule_of(const Object& backup) {
  if (const std::string_view label = backup["metadata"]["labels"]["velero.io/schedule-name"].text();
      !label.empty())
    return std::string(label);
  const std::size_t end = backup.name.find_last_not_of("0123456789");
  return end == std::string::npos ? backup.name : backup.name.substr(0, end + 1);
}

std::string count_of(const Value& count) {
  return count.text().empty() ? "0" : std::string(count.text());
}

void suggest_backup(Observation* made, const Object& backup) {
  if (backup.space.empty()) return;
  suggest(made, fmt::format("kubectl -n {} describe backup {}", backup.space, backup.name),
          "shows what the backup came to");
}

}  // namespace

void detect_backups(const Survey& survey, Observations* out) {
  std::map<std::string, const Object*> newest;
  for (const Object* backup : survey.each("backup")) {
    if ((*backup)["status"]["phase"].text().empty()) continue;
    const Object*& kept = newest[backup->space + "/" + schedule_of(*backup)];
    if (kept == nullptr || backup->name > kept->name) kept = backup;
  }
  const bool asked = survey.asks({"backup", "velero", "restore"});
  const Object* well = nullptr;
  bool all_well = true;
  for (const auto& [schedule, backup] : newest) {
    const Value& status = (*backup)["status"];
    const Value& phase = status["phase"];
    if (phase.text() == "Completed" && count_of(status["errors"]) == "0") {
      if (well == nullptr || survey.names(backup->name)) well = backup;
      continue;
    }
    all_well = false;
    if (!failed(phase.text())) continue;
    const Value& why = status["failureReason"];
    Observation& made =
        report(out, "backup-failed", asked ? 0.8 : 0.5, *backup,
               fmt::format("{} is {}: {} errors, {} warnings{}.", described(*backup), phase.text(),
                           count_of(status["errors"]), count_of(status["warnings"]),
                           why.text().empty() ? "" : fmt::format(": {}", brief(why.text(), 160))));
    cite(&made, *backup, phase, "what it came to");
    if (why.exists()) cite(&made, *backup, why, "why");
    suggest_backup(&made, *backup);
    lack(&made, "the backup's own log (velero backup logs)");
  }
  if (!asked || well == nullptr || !all_well) return;
  Observation& made = report(
      out, "no-fault", survey.only_whether ? 0.6 : 0.34, *well,
      fmt::format("No fault found: {} is Completed with 0 errors and {} warnings{}.", described(*well),
                  count_of((*well)["status"]["warnings"]),
                  newest.size() > 1
                      ? fmt::format(", and so are the newest of the other {} schedules", newest.size() - 1)
                      : ""));
  made.verdict = Verdict::no_fault;
  cite(&made, *well, (*well)["status"]["phase"], "what it came to");
  suggest_backup(&made, *well);
}

}  // namespace carrel
