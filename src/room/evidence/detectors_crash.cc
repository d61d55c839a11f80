// Containers that end: out of memory, by a signal, by an exit code, by a command that cannot succeed.
#include <algorithm>
#include <array>
#include <chrono>
#include <map>
#include <optional>

#include <fmt/format.h>

#include "room/evidence/detectors.h"
#include "room/evidence/memory_asked.h"

namespace carrel {
namespace {

// What an exit code says by itself. Source: POSIX shells (2, 126, 127), signal(7) for 128 + n, `docker run`
// (125).
std::string_view exit_meaning(std::int64_t code) {
  switch (code) {
    case 2:
      return "misuse of a shell command, or a syntax error in its script";
    case 125:
      return "the container's command itself failed";
    case 126:
      return "the command was found but cannot be executed (permission denied)";
    case 127:
      return "command not found";
    case 130:
      return "interrupted, SIGINT";
    case 132:
      return "illegal instruction, SIGILL";
    case 134:
      return "aborted, SIGABRT";
    case 135:
      return "bus error, SIGBUS";
    case 136:
      return "arithmetic error, SIGFPE";
    case 137:
      return "killed, SIGKILL";
    case 139:
      return "segmentation fault, SIGSEGV";
    case 143:
      return "terminated, SIGTERM";
    default:
      return {};
  }
}

struct End {
  const Object* pod = nullptr;
  const Value* status = nullptr;      // of the container
  const Value* terminated = nullptr;  // its present or last termination
  const Value* spec = nullptr;        // of the container, may be null
  std::string name;
  bool init = false, looping = false, past = false;
};

bool killed_by_liveness(const Survey& survey, const Object& pod) {
  for (const Happening* happening : survey.about(pod, true)) {
    const std::string_view text = happening->message->text();
    if (has(text, "failed liveness probe") || has(text, "liveness probe failed")) return true;
    if (has(text, "failed startup probe")) return true;
  }
  return false;
}

std::string restarts_text(const End& end) {
  const auto restarts = (*end.status)["restartCount"].integer().value_or(0);
  if (restarts == 0) return end.looping ? " (CrashLoopBackOff)" : "";
  return fmt::format(" ({}{} restarts)", end.looping ? "CrashLoopBackOff, " : "", restarts);
}

// "Init container migrate"; a row of `get pods` does not name its containers.
std::string container_words(const End& end) {
  const std::string_view what = end.init ? "Init container" : "Container";
  return end.name.empty() ? fmt::format("A {}", end.init ? "init container" : "container")
                          : fmt::format("{} {}", what, end.name);
}

// Seconds since 1970 of a time as the API writes it ("2024-05-14T07:05:41Z").
std::optional<std::int64_t> seconds_of(std::string_view text) {
  constexpr std::string_view form = "dddd-dd-ddTdd:dd:dd";
  if (text.size() < form.size()) return std::nullopt;
  std::array<int, 6> parts{};
  std::size_t part = 0;
  for (std::size_t i = 0; i < form.size(); ++i) {
    const bool digit = text[i] >= '0' && text[i] <= '9';
    if (digit != (form[i] == 'd') || (!digit && text[i] != form[i])) return std::nullopt;
    if (digit) {
      parts[part] = parts[part] * 10 + (text[i] - '0');
    } else {
      ++part;
    }
  }
  const std::chrono::year_month_day day(std::chrono::year(parts[0]),
                                        std::chrono::month(static_cast<unsigned>(parts[1])),
                                        std::chrono::day(static_cast<unsigned>(parts[2])));
  if (!day.ok()) return std::nullopt;
  const std::int64_t days = std::chrono::sys_days(day).time_since_epoch().count();
  return days * 86400 + parts[3] * 3600 + parts[4] * 60 + parts[5];
}

// The latest time that nodes and events tell: about when the bundle was collected. 0: nothing tells.
std::int64_t collected_at(const Survey& survey) {
  std::int64_t latest = 0;
  const auto see = [&](const Value& time) { latest = std::max(latest, seconds_of(time.text()).value_or(0)); };
  for (const Object* node : survey.each("node")) {
    for (const Value& condition : (*node)["status"]["conditions"].items) see(condition["lastHeartbeatTime"]);
  }
  for (const Happening& happening : survey.happenings()) see((*happening.event)["lastTimestamp"]);
  return latest;
}

// True where the container ended more than a day before the bundle was collected and its pod is well since:
// what killed it then keeps nothing from working now.
bool long_over(const Survey& survey, const End& end) {
  constexpr std::int64_t kDay = 86400;
  if (!end.past || pod_health(*end.pod) != Health::healthy) return false;
  const auto ended = seconds_of((*end.terminated)["finishedAt"].text());
  return ended && *ended + kDay < collected_at(survey);
}

// Whoever asks whether there is a fault asks of now: a container that is well and ended once or twice is
// none.
bool is_one_of_few(const Survey& survey, const End& end) {
  constexpr std::int64_t few = 2;
  return survey.only_whether && end.past && pod_health(*end.pod) == Health::healthy &&
         (*end.status)["restartCount"].integer().value_or(few + 1) <= few;
}

// The LimitRange of the pod's namespace whose default is this limit; null: none.
const Value* default_limit(const Survey& survey, const Object& pod, const Value& limit,
                           const Object** range) {
  for (const Object* each : survey.each("limitrange")) {
    if (each->space != pod.space) continue;
    for (const Value& item : (*each)["spec"]["limits"].items) {
      const Value& memory = item["default"]["memory"];
      if (memory.text().empty() || quantity(memory.text()) != quantity(limit.text())) continue;
      *range = each;
      return &memory;
    }
  }
  return nullptr;
}

void tell_out_of_memory(const Survey& survey, const End& end, Observations* out) {
  const Value& limits = end.spec ? (*end.spec)["resources"]["limits"] : Value::null();
  const Value& memory = limits["memory"];
  const bool unlimited = end.spec != nullptr && tells_all(*end.pod) && !memory.exists();
  std::string allowed = memory.exists() ? fmt::format("its memory limit of {}", memory.text())
                        : unlimited     ? "its node"
                                        : "its memory limit";
  const Object* range = nullptr;
  const Value* by_default = default_limit(survey, *end.pod, memory, &range);
  if (by_default != nullptr) allowed += fmt::format(", the default that {} sets,", described(*range));
  const AskedItself itself = end.spec != nullptr ? memory_asked_by(*end.spec) : AskedItself();
  const bool asks_too_much = itself.bytes > of_limit_for_heap * quantity(memory.text()).value_or(1e30);
  if (asks_too_much) allowed += fmt::format(" (its heap alone may grow as {} says)", itself.words);
  const AskedInPieces asked =
      end.spec == nullptr ? memory_asked_in_pieces(survey, end.pod->name) : AskedInPieces();
  if (asked.document != nullptr) allowed += fmt::format(" (it asks for {} itself)", asked.words);
  Observation& made =
      report(out, "container-out-of-memory",
             long_over(survey, end) || is_one_of_few(survey, end) ? 0.3
             : end.past                                           ? 0.68
                                                                  : 0.9,
             *end.pod,
             fmt::format("{} of {} was OOMKilled (exit code {}): it needs more memory than {} {}{}.",
                         container_words(end), described(*end.pod),
                         (*end.terminated)["exitCode"].integer().value_or(137), allowed,
                         unlimited ? "has (it has no limit)" : "allows", restarts_text(end)));
  cite_span(&made, *end.pod, (*end.terminated)["reason"], (*end.terminated)["exitCode"],
            "why the container ended");
  if (memory.exists()) cite_span(&made, *end.pod, limits, memory, "the memory limit");
  if (asks_too_much) cite(&made, *end.pod, *itself.place, "the memory that it asks for");
  if (asked.document != nullptr) cite_line(&made, *asked.document, asked.line, "the memory that it asks for");
  if (by_default != nullptr) cite(&made, *range, *by_default, "the limit of containers that name none");
  cite(&made, *end.pod, (*end.status)["restartCount"], "how often it restarted");
  suggest(&made,
          fmt::format("kubectl -n {} logs {} -c {} --previous", end.pod->space, end.pod->name, end.name),
          "shows what it did before it was killed");
  suggest(&made, fmt::format("kubectl -n {} top pod {} --containers", end.pod->space, end.pod->name),
          "shows its memory use now");
  lack(&made, fmt::format("memory use of container {} over time", end.name));
}

// The end of a script that fails by its own command: "exit 125", where that is the code it ended with.
bool ends_itself(std::string_view command, std::int64_t code) {
  const std::string exit = fmt::format("exit {}", code);
  const auto at = command.rfind(exit);
  if (at == std::string_view::npos || code == 0) return false;
  const char next = at + exit.size() < command.size() ? command[at + exit.size()] : ' ';
  return next < '0' || next > '9';
}

void tell_exit(const Survey& survey, const End& end, Observations* out) {
  const Value& terminated = *end.terminated;
  const auto code = terminated["exitCode"].integer();
  if (!code) return;
  const std::string command = end.spec ? command_text(*end.spec) : std::string();
  const std::string_view message = terminated["message"].text();
  const bool by_probe = (*code == 137 || *code == 143) && killed_by_liveness(survey, *end.pod);
  const bool job = workload_of(*end.pod).first == "job";
  std::string why;
  double weight = 0.45;
  if (by_probe) {
    why = "it was killed because its liveness probe failed";
    weight = 0.6;
  } else if (*code == 0) {
    why = "its command finishes although its pod is to keep running (reason Completed)";
    weight = 0.7;
  } else if (!message.empty()) {
    why = fmt::format("its last message was \"{}\"", brief(message, 120));
    weight = 0.62;
  } else if (ends_itself(command, *code)) {
    why = fmt::format("its own command ends with \"exit {}\"", *code);
    weight = 0.55;
  } else if (const std::string_view meaning = exit_meaning(*code); !meaning.empty()) {
    why = std::string(meaning);
    weight = *code == 126 || *code == 127 || *code == 139 ? 0.58 : 0.48;
  } else {
    why = "the application itself failed; its log tells why";
  }
  if (end.past) weight *= 0.4;
  const std::string verb = end.looping ? "crash loops" : *code == 0 ? "ended" : "failed";
  Observation& made = report(out,
                             end.init ? "init-container-crash"
                             : job    ? "job-container-crash"
                                      : "container-crash",
                             weight, *end.pod,
                             fmt::format("{} of {} {}{} with exit code {}: {}.", container_words(end),
                                         described(*end.pod), verb, restarts_text(end), *code, why));
  if (!message.empty()) cite(&made, *end.pod, terminated["message"], "its termination message");
  cite_span(&made, *end.pod, terminated["reason"], terminated["exitCode"], "how the container ended");
  if (end.spec && ends_itself(command, *code)) {
    const Value& words = (*end.spec)["args"].exists() ? (*end.spec)["args"] : (*end.spec)["command"];
    cite(&made, *end.pod, words, "the command that ends so");
  }
  cite(&made, *end.pod, (*end.status)["restartCount"], "how often it restarted");
  suggest(&made,
          fmt::format("kubectl -n {} logs {} -c {}{}", end.pod->space, end.pod->name, end.name,
                      end.looping ? " --previous" : ""),
          "shows what the container said before it ended");
  suggest(&made, fmt::format("kubectl -n {} describe pod {}", end.pod->space, end.pod->name),
          "shows its states and events");
  if (message.empty())
    lack(&made, fmt::format("previous log of container {} of pod {}", end.name, end.pod->name));
}

// A workload whose command can only fail, where its pods are known to.
void tell_failing_command(const Survey& survey, const PodSpec& pods, Observations* out) {
  if (pods.is_pod || pods.health == Health::healthy) return;
  const Object* failing = nullptr;
  for (const Object* pod : survey.each("pod")) {
    if (pod->space != pods.owner->space || pod_health(*pod) == Health::healthy) continue;
    const auto [kind, name] = workload_of(*pod);
    const bool mine = (kind == pods.owner->kind && name == pods.owner->name) ||
                      (pods.labels->size() > 0 && selects(*pods.labels, (*pod)["metadata"]["labels"]));
    if (mine) failing = pod;
  }
  for (const Container& container : containers_of(*pods.spec)) {
    const std::string command = command_text(*container.spec);
    const auto at = command.rfind("exit ");
    if (at == std::string::npos) continue;
    const std::string_view rest = std::string_view(command).substr(at + 5);
    const std::string code(rest.substr(0, rest.find_first_not_of("0123456789")));
    const auto after = rest.find_first_not_of("0123456789; \n\"'");
    if (code.empty() || code == "0" || code.size() > 3 || after != std::string_view::npos) continue;
    const Value& words =
        (*container.spec)["args"].exists() ? (*container.spec)["args"] : (*container.spec)["command"];
    Observation& made =
        report(out, "command-always-fails", failing ? 0.58 : 0.5, *pods.owner,
               fmt::format("{} cannot stay up: the command of its container {} always ends with \"exit {}\", "
                           "so the container "
                           "fails with exit code {} and crash loops.",
                           described(*pods.owner), (*container.spec)["name"].text(), code, code));
    cite(&made, *pods.owner, words, "the command, which ends so");
    if (failing) cite(&made, *failing, (*failing)["status"], "the state of its pod");
    if (failing) {
      suggest(&made, fmt::format("kubectl -n {} logs {} --previous", failing->space, failing->name),
              "shows what it said before it ended");
    }
    suggest(
        &made,
        fmt::format("kubectl -n {} describe {} {}", pods.owner->space, pods.owner->kind, pods.owner->name),
        "shows the command");
    lack(&made, "previous log of the container");
  }
}

void tell_large_heap(const PodSpec& pods, Observations* out) {
  if (pods.health == Health::healthy) return;
  for (const Container& container : containers_of(*pods.spec)) {
    const Value& limit = (*container.spec)["resources"]["limits"]["memory"];
    const auto most = quantity(limit.text());
    if (!most) continue;
    const AskedItself asked = memory_asked_by(*container.spec);
    if (asked.bytes <= *most) continue;
    Observation& made = report(
        out, "memory-limit-too-small", 0.8, *pods.owner,
        fmt::format("{} runs out of memory (OOMKilled): container {} asks for more memory ({}) than its "
                    "memory limit of {} allows.",
                    described(*pods.owner), (*container.spec)["name"].text(), asked.words, limit.text()));
    cite(&made, *pods.owner, limit, "the memory limit");
    cite(&made, *pods.owner, *asked.place, "the memory that is asked for");
    suggest(
        &made,
        fmt::format("kubectl -n {} describe {} {}", pods.owner->space, pods.owner->kind, pods.owner->name),
        "shows the limits");
    suggest(&made, fmt::format("kubectl get pods -n {}", pods.owner->space), "shows restarts");
  }
}

// Who asks why a pod ended in the past, where the bundle has nothing of that: it runs, and neither its last
// state nor an event tells of an end. A log of the instance before is told by what is in it.
void tell_unknown_end(const Survey& survey, Observations* out) {
  if (!survey.asks({"restarted", "crashed", "died", "was killed", "went down"}) || survey.only_whether)
    return;
  // Of the pods of a workload the one that has restarted most.
  std::map<std::string, const Object*> of_workload;
  for (const Object* pod : survey.each("pod")) {
    const std::string workload = without_hashes(workload_of(*pod).second);
    if (!survey.names(pod->name) && !survey.names(workload)) continue;
    const Object*& most = of_workload[pod->space + "/" + workload];
    if (most == nullptr || restarts_of(*pod) > restarts_of(*most)) most = pod;
  }
  for (const auto& [workload, pod] : of_workload) {
    const auto& statuses = (*pod)["status"]["containerStatuses"].items;
    const bool known = pod_health(*pod) != Health::healthy || has_completed(*pod) || statuses.empty() ||
                       !survey.about(*pod).empty() || std::ranges::any_of(statuses, [](const Value& status) {
                         return status["lastState"]["terminated"].exists();
                       });
    if (known) continue;
    const auto restarts = restarts_of(*pod);
    Observation& made = report(
        out, "end-unknown", 0.45, *pod,
        fmt::format("It cannot be determined from this bundle why {} ended: it runs now ({}); the log of the "
                    "previous container, its last state and the events of that time are missing.",
                    described(*pod),
                    restarts == 0 ? "with 0 restarts" : fmt::format("restarts: {}", restarts)));
    made.verdict = Verdict::insufficient_evidence;
    cite(&made, *pod, statuses[0]["restartCount"], "its restarts");
    lack(&made, "the log of the instance that ended (kubectl logs --previous)");
    lack(&made, "its last state: exit code and reason");
    lack(&made, "events and logs of the time at which it ended");
    suggest(&made, fmt::format("kubectl -n {} describe pod {}", pod->space, pod->name),
            "shows its last state");
    suggest(&made, fmt::format("kubectl -n {} logs {} --previous --tail=200", pod->space, pod->name),
            "shows how the instance before ended");
  }
}

}  // namespace

void detect_container_ends(const Survey& survey, Observations* out) {
  for (const Object* pod : survey.each("pod")) {
    for (const char* list : {"initContainerStatuses", "containerStatuses"}) {
      for (const Value& status : (*pod)["status"][list].items) {
        End end;
        end.pod = pod;
        end.status = &status;
        end.name = std::string(status["name"].text());
        end.init = list[0] == 'i';
        const std::string_view waiting = status["state"]["waiting"]["reason"].text();
        end.looping = waiting == "CrashLoopBackOff";
        const Value& now = status["state"]["terminated"];
        const Value& last = status["lastState"]["terminated"];
        end.terminated = now.exists() ? &now : &last;
        end.past =
            status["ready"].is_true() || (status["state"]["running"].exists() && restarts_of(*pod) < 3);
        for (const Container& container : containers_of((*pod)["spec"])) {
          if ((*container.spec)["name"].text() == end.name) end.spec = container.spec;
        }
        if (!end.terminated->exists()) continue;
        const std::string_view reason = (*end.terminated)["reason"].text();
        const auto code = (*end.terminated)["exitCode"].integer();
        if (reason == "OOMKilled") {
          tell_out_of_memory(survey, end, out);
        } else if (reason == "ContainerCannotRun" || reason == "StartError") {
          continue;  // detect_container_starts
        } else if ((code && *code != 0) || (end.looping && code)) {
          tell_exit(survey, end, out);
        }
      }
    }
  }
  for (const PodSpec& pods : survey.pod_specs()) {
    tell_failing_command(survey, pods, out);
    tell_large_heap(pods, out);
  }
  tell_unknown_end(survey, out);
}

}  // namespace carrel
