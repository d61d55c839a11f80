// Probes: what they ask for against what the container offers, and what the kubelet says of them.
#include <algorithm>
#include <set>

#include <fmt/format.h>

#include "base/text.h"
#include "room/evidence/detectors.h"
#include "room/evidence/needs.h"

namespace carrel {
namespace {

struct Probe {
  const char* field;
  const char* word;
  const char* effect;
};
constexpr Probe probes[] = {
    {"readinessProbe", "readiness probe", "the pod never becomes Ready"},
    {"livenessProbe", "liveness probe", "the kubelet kills and restarts the container again and again"},
    {"startupProbe", "startup probe", "the kubelet kills the container before it has started"},
};

const Value& handler_of(const Value& probe) {
  for (const char* kind : {"httpGet", "tcpSocket", "grpc", "exec"}) {
    if (probe[kind].exists()) return probe[kind];
  }
  return probe;
}

std::string command_of(const Value& probe) {
  std::string text;
  for (const Value& word : probe["exec"]["command"].items) text += (text.empty() ? "" : " ") + word.scalar;
  return text;
}

std::string probe_text(const Value& probe) {
  if (probe["httpGet"].exists()) {
    const std::string_view path = probe["httpGet"]["path"].text();
    return fmt::format("HTTP GET {} on port {}", path.empty() ? "/" : path, probe["httpGet"]["port"].text());
  }
  if (probe["tcpSocket"].exists())
    return fmt::format("TCP connect to port {}", probe["tcpSocket"]["port"].text());
  if (probe["grpc"].exists()) return fmt::format("gRPC on port {}", probe["grpc"]["port"].text());
  if (probe["exec"].exists()) return fmt::format("command '{}'", brief(command_of(probe), 70));
  return brief(probe.text(), 80);
}

// A command that can only fail: "false", or a last word "exit N" with N other than 0.
bool always_fails(const std::string& words) {
  if (words.empty()) return false;
  if (words == "false" || words == "/bin/false" || words.ends_with(" false")) return true;
  const auto at = words.rfind("exit ");
  if (at == std::string::npos) return false;
  const std::string code = words.substr(at + 5, words.find_first_not_of("0123456789", at + 5) - at - 5);
  if (code.empty() || code == "0" || words.find("||") != std::string::npos ||
      words.find("if ") != std::string::npos) {
    return false;
  }
  return words.find_first_not_of("0123456789; '\"", at + 5) == std::string::npos;
}

// Seconds that a command sleeps before it does anything else.
std::int64_t sleeps_first(const std::string& command) {
  const auto at = command.find("sleep ");
  if (at == std::string::npos) return 0;
  const auto loop = std::min(command.find("while "), command.find("for "));
  const auto serve = std::min({command.find("exec "), command.find("nginx -g"), command.find("http.server"),
                               command.find("touch "), command.find("nc -l")});
  if (loop < at || serve < at) return 0;
  std::int64_t seconds = 0;
  for (std::size_t i = at + 6; i < command.size() && i < at + 12 && command[i] >= '0' && command[i] <= '9';
       ++i) {
    seconds = seconds * 10 + (command[i] - '0');
  }
  return seconds;
}

struct Looked {
  const Survey* survey;
  const PodSpec* pods;
  const Value* container;
  const Probe* kind;
  const Value* probe;
};

std::string subject(const Looked& at) {
  return fmt::format("The {} of container {} of {}", at.kind->word, (*at.container)["name"].text(),
                     described(*at.pods->owner));
}

void finish(const Looked& at, Observation* made) {
  const Object& owner = *at.pods->owner;
  for (const Happening* happening : at.survey->about(owner)) {
    if (happening->reason == "Unhealthy" && has(happening->message->text(), at.kind->word))
      cite(made, *happening);
  }
  suggest(made, fmt::format("kubectl -n {} describe {} {}", owner.space, owner.kind, owner.name),
          "shows the probe and its failures");
  if (owner.kind == "pod") {
    suggest(
        made,
        fmt::format("kubectl -n {} logs {} -c {}", owner.space, owner.name, (*at.container)["name"].text()),
        "shows what the application says when it is probed");
  } else {
    suggest(made, fmt::format("kubectl get pods -n {}", owner.space), "shows whether its pods are Ready");
  }
}

void check_port(const Looked& at, Observations* out) {
  const Value& handler = handler_of(*at.probe);
  const Value& port = handler["port"];
  const Value& ports = (*at.container)["ports"];
  if (port.text().empty()) return;
  const auto number = port.integer();
  std::string known;
  bool found = false, named = tells_all(*at.pods->owner);  // `describe` may show no names of ports
  for (const Value& one : ports.items) {
    named = named || !one["name"].text().empty();
    found = found || (number ? one["containerPort"].integer() == number : one["name"].text() == port.text());
    known += fmt::format("{}{}", known.empty() ? "" : ", ", one["containerPort"].text());
    if (!number && !one["name"].text().empty()) known += fmt::format(" ({})", one["name"].text());
  }
  const std::int64_t stock = listening_port(*at.container);
  const bool off_stock = number && stock != 0 && *number != stock;
  if ((found || (!number && !named)) && !off_stock) return;
  if (ports.size() == 0 && number && !off_stock) return;
  const Object& owner = *at.pods->owner;
  const std::string offered =
      off_stock ? fmt::format("container {} (image {}) listens on port {}", (*at.container)["name"].text(),
                              (*at.container)["image"].text(), stock)
                : fmt::format("the container's ports are {}", known.empty() ? "none" : known);
  Observation& made = report(
      out, "probe-port", number ? 0.76 : 0.86, owner,
      fmt::format(
          "{} fails: it asks port {}{}, but {} (wrong port), so {}.", subject(at), port.text(),
          handler["path"].text().empty() ? "" : fmt::format(" (path {})", brief(handler["path"].text(), 40)),
          offered, at.kind->effect));
  cite_span(&made, owner, port, handler["path"].exists() ? handler["path"] : port, "the port the probe asks");
  if (ports.exists()) cite(&made, owner, ports, "the ports of the container");
  if (off_stock) cite(&made, owner, (*at.container)["image"], "the image, whose server listens elsewhere");
  finish(at, &made);
}

// The number behind a port's name; empty where there is no port.
std::string_view number_of(const Value& container, const Value& port) {
  if (port.text().empty()) return {};
  for (const Value& one : container["ports"].items) {
    if (one["name"].text() == port.text()) return one["containerPort"].text();
  }
  return port.text();
}

// "/actuator" of "/actuator/health/readiness"
std::string_view first_part(std::string_view path) {
  return path.substr(0, path.find('/', 1));
}

// Two HTTP probes of one container that ask different ports, where a setting of the container names the other
// probe's port as that of health and management (Spring Boot's MANAGEMENT_SERVER_PORT), for paths of one
// root.
void check_sibling(const Looked& at, Observations* out) {
  const Value& port = (*at.probe)["httpGet"]["port"];
  const std::string_view path = first_part((*at.probe)["httpGet"]["path"].text());
  if (port.text().empty() || path.size() < 2) return;
  for (const Probe& kind : probes) {
    const Value& other = (*at.container)[kind.field]["httpGet"];
    const Value& sibling = other["port"];
    const std::string_view number = number_of(*at.container, sibling);
    if (&kind == at.kind || number.empty() || number == number_of(*at.container, port)) continue;
    if (first_part(other["path"].text()) != path) continue;  // served elsewhere on purpose
    const auto& settings = (*at.container)["env"].items;
    const auto names_it = std::find_if(settings.begin(), settings.end(), [&](const Value& setting) {
      return setting["value"].text() == number &&
             (has(setting["name"].text(), "management") || has(setting["name"].text(), "health"));
    });
    if (names_it == settings.end()) continue;
    const Object& owner = *at.pods->owner;
    Observation& made =
        report(out, "probe-sibling-port", 0.84, owner,
               fmt::format("{} asks the wrong port: {}, while {} sets {} and the {} asks port {}, so {}.",
                           subject(at), probe_text(*at.probe), (*names_it)["name"].text(), sibling.text(),
                           kind.word, sibling.text(), at.kind->effect));
    cite_span(&made, owner, port, (*at.probe)["httpGet"]["path"], "the port the probe asks");
    cite(&made, owner, *names_it, "the port where health is served");
    cite(&made, owner, sibling, "the port the other probe asks");
    finish(at, &made);
    return;
  }
}

void check_path(const Looked& at, Observations* out) {
  const Value& path = (*at.probe)["httpGet"]["path"];
  const std::string_view wanted = path.text();
  if (stock_port(*at.container) != 80 || wanted.size() < 2 || wanted == "/index.html") return;
  const Object& owner = *at.pods->owner;
  Observation& made =
      report(out, "probe-path", 0.72, owner,
             fmt::format("{} fails: it asks for HTTP path {}, which image {} as shipped does not serve (404 "
                         "Not Found), so {}.",
                         subject(at), wanted, (*at.container)["image"].text(), at.kind->effect));
  cite_span(&made, owner, path, (*at.probe)["httpGet"]["port"], "the path the probe asks for");
  cite(&made, owner, (*at.container)["image"], "the image");
  finish(at, &made);
}

void check_command(const Looked& at, Observations* out) {
  const std::string words = command_of(*at.probe);
  const Object& owner = *at.pods->owner;
  const Value& command = (*at.probe)["exec"]["command"].exists() ? (*at.probe)["exec"]["command"] : *at.probe;
  if (always_fails(words)) {
    Observation& made =
        report(out, "probe-always-fails", 0.93, owner,
               fmt::format("{} always fails: its command is '{}', which can never succeed, so {}.",
                           subject(at), brief(words, 80), at.kind->effect));
    cite(&made, owner, command, "the command of the probe");
    finish(at, &made);
    return;
  }
  const std::string run = command_text(*at.container);
  for (const std::string& file : paths_in(words)) {
    for (const std::string_view removal : {"rm -f ", "rm -rf ", "rm "}) {
      if (run.find(fmt::format("{}{}", removal, file)) == std::string::npos) continue;
      Observation& made =
          report(out, "probe-file-removed", 0.88, owner,
                 fmt::format("{} fails after a while: it reads {}, which the container's own command removes "
                             "({}{}), so {}.",
                             subject(at), file, removal, file, at.kind->effect));
      cite(&made, owner, command, "the command of the probe");
      cite(&made, owner,
           (*at.container)["args"].exists() ? (*at.container)["args"] : (*at.container)["command"],
           "the command that removes the file");
      finish(at, &made);
      return;
    }
  }
}

void check_delay(const Looked& at, Observations* out) {
  const bool ready = at.kind == &probes[0];
  const std::int64_t sleeps = sleeps_first(command_text(*at.container));
  if (ready || sleeps == 0 || (*at.container)["startupProbe"].exists()) return;
  const Value& delay = (*at.probe)["initialDelaySeconds"];
  const auto period = (*at.probe)["periodSeconds"].integer().value_or(10);
  const auto failures = (*at.probe)["failureThreshold"].integer().value_or(3);
  const std::int64_t patience = delay.integer().value_or(0) + period * failures;
  if (sleeps < patience) return;
  const Object& owner = *at.pods->owner;
  Observation& made = report(out, "probe-too-early", 0.82, owner,
                             fmt::format("{} starts too early: initialDelaySeconds {} and {} failures every "
                                         "{}s give it {}s, but the application "
                                         "needs {}s to start (sleep {}), so {}.",
                                         subject(at), delay.exists() ? delay.text() : "0", failures, period,
                                         patience, sleeps, sleeps, at.kind->effect));
  cite(&made, owner, delay.exists() ? delay : *at.probe, "the delay of the probe");
  cite(&made, owner, (*at.container)["args"].exists() ? (*at.container)["args"] : (*at.container)["command"],
       "how long it takes to start");
  finish(at, &made);
}

// How often the kubelet killed the container (empty: any) of the pod because a probe failed, as its events
// tell.
std::int64_t kills(const Survey& survey, const Object& pod, std::string_view container = {}) {
  std::int64_t count = 0;
  const std::string whose = container.empty() ? "" : fmt::format("container {} failed", to_lower(container));
  for (const Happening* happening : survey.about(pod, true)) {
    const std::string_view text = happening->message->text();
    const bool by_probe = has(text, "failed liveness probe") || has(text, "failed startup probe");
    if (happening->reason == "Killing" && by_probe && has(text, whose)) count += happening->count;
  }
  return count;
}

// True where a pod that is well for the moment is killed again and again.
bool keeps_being_killed(const Survey& survey, const Object& pod) {
  constexpr std::int64_t kAgain = 3;
  return restarts_of(pod) >= kAgain && kills(survey, pod) >= kAgain;
}

// True where the container ended with an exit code of its own: a probe found nobody there because of that.
bool ends_by_itself(const Survey& survey, const Object& pod, std::string_view container) {
  constexpr std::int64_t kKilled = 137, kTerminated = 143;
  const Value& status = container_status(pod, container);
  for (const char* state : {"state", "lastState"}) {
    const auto code = status[state]["terminated"]["exitCode"].integer();
    if (code && *code != 0 && *code != kKilled && *code != kTerminated)
      return kills(survey, pod, container) == 0;
  }
  return false;
}

// The containers that end by themselves, each as its pod and as its workload's.
class Ended {
 public:
  explicit Ended(const Survey& survey) {
    for (const Object* pod : survey.each("pod")) {
      for (const Value& status : (*pod)["status"]["containerStatuses"].items) {
        const std::string_view container = status["name"].text();
        if (!ends_by_itself(survey, *pod, container)) continue;
        keys_.insert(key(*pod, "pod", pod->name, container));
        const auto [kind, name] = workload_of(*pod);
        keys_.insert(key(*pod, kind, name, container));
      }
    }
  }
  bool has(const Object& owner, std::string_view container) const {
    return keys_.contains(key(owner, owner.kind, owner.name, container));
  }

 private:
  static std::string key(const Object& of, std::string_view kind, std::string_view name,
                         std::string_view container) {
    return fmt::format("{}/{}/{}/{}", of.space, kind, name, container);
  }
  std::set<std::string> keys_;
};

// What a probe gets where nothing listens.
bool is_refused(std::string_view text) {
  return has(text, "connection refused") || has(text, "connection reset") || has(text, "eof");
}

// A liveness probe that finds nobody at the right port comes too early: the container is killed before it
// listens.
std::string killing_effect(const Object& pod, std::string_view container, const Probe& kind) {
  if (&kind != &probes[1]) return kind.effect;
  for (const Container& one : containers_of(pod["spec"])) {
    const Value& spec = *one.spec;
    const Value& probe = spec[kind.field];
    const bool guarded = spec["startupProbe"].exists();
    const bool ready = container_status(pod, container)["ready"].is_true();
    const auto& ports = spec["ports"].items;
    const bool right = std::any_of(ports.begin(), ports.end(), [&](const Value& port) {
      return port["containerPort"].text() == handler_of(probe)["port"].text();
    });
    if (spec["name"].text() != container || guarded || ready || !right) continue;
    return fmt::format(
        "the kubelet kills the container before it has started (initial delay {}s, no startup probe)",
        probe["initialDelaySeconds"].exists() ? probe["initialDelaySeconds"].text() : "0");
  }
  return kind.effect;
}

// Where a container listens by its own log, when a probe is refused where it asks: "dial tcp
// 10.2.3.4:8080: connect: connection refused".
Unheard refused_at(const Survey& survey, const Happening& refusal, const std::string& container,
                   std::string_view answer) {
  if (!has(answer, "connection refused")) return {};
  const std::string_view address = between(answer, "dial tcp ", ": connect");
  const std::size_t colon = address.rfind(':');
  if (colon == std::string_view::npos) return {};
  const std::int64_t port = std::atoll(std::string(address.substr(colon + 1, 5)).c_str());
  return unheard(survey.listening.of(refusal.space, without_hashes(refusal.name)), container, port);
}

// "Readiness probe failed: HTTP probe failed with statuscode: 503"
void tell_failures(const Survey& survey, const Object* pod, const std::vector<const Happening*>& happenings,
                   Observations* out) {
  for (const Probe& kind : probes) {
    const Happening* telling = nullptr;
    for (const Happening* happening : happenings) {
      const std::string_view text = happening->message->text();
      if (happening->reason != "Unhealthy" || !has(text, kind.word)) continue;
      if (telling == nullptr || happening->count > telling->count) telling = happening;
    }
    if (telling == nullptr) continue;
    std::string_view answer = telling->message->text();
    const auto colon = answer.find(": ");
    answer = colon == std::string_view::npos ? std::string_view() : answer.substr(colon + 2);
    const Value* probe = &Value::null();
    std::string container;
    if (pod != nullptr) {
      for (const Container& one : containers_of((*pod)["spec"])) {
        const Value& its = (*one.spec)[kind.field];
        if (!its.exists()) continue;
        const bool ready = container_status(*pod, (*one.spec)["name"].text())["ready"].is_true();
        if (probe->exists() && ready) continue;
        probe = &its;
        container = std::string((*one.spec)["name"].text());
      }
    }
    const bool healthy =
        pod != nullptr && pod_health(*pod) == Health::healthy && !keeps_being_killed(survey, *pod);
    const std::string asked = probe->exists() ? fmt::format(" ({})", probe_text(*probe)) : "";
    const bool hopeless = always_fails(command_of(*probe));
    std::string why = hopeless ? "the command can never succeed" : brief(answer, 100);
    // Unhealthy by an application that answers badly is its own fault; its log may tell better.
    double weight = has(answer, "statuscode: 5") ? 0.62 : has(answer, "statuscode") ? 0.76 : 0.72;
    if (pod != nullptr && is_refused(answer) && ends_by_itself(survey, *pod, container)) weight = 0.3;
    const bool killed = pod != nullptr && kills(survey, *pod, container) > 0;
    if (killed && &kind == &probes[0]) weight = 0.4;  // what kills it is told by the other probe
    // Of a pod that is gone, on its way there perhaps.
    const bool gone = pod == nullptr && survey.lacks("pod", telling->space, telling->name);
    const Unheard elsewhere = refused_at(survey, *telling, container, answer);
    if (elsewhere.instead != nullptr) {
      weight = 0.88;
      why += fmt::format("; by its log it listens on {}port {}{}", elsewhere.loopback ? "127.0.0.1, " : "",
                         elsewhere.instead->port.number, elsewhere.loopback ? " alone" : "");
    }
    const bool changes =
        pod != nullptr && &kind != &probes[1] && !survey.complains && is_changing(survey, *pod);
    if (healthy || gone || changes) weight = 0.22;
    Observation& made = report_missing(
        out, "probe-failing", hopeless && !healthy ? 0.92 : weight, "pod", telling->space, telling->name,
        fmt::format("The {} of {}{} fails{}{}: {}.", kind.word,
                    container.empty() ? "" : fmt::format("container {} of ", container),
                    described("pod", telling->space, telling->name), asked, why.empty() ? "" : ": " + why,
                    healthy                        ? "it is Ready by now"
                    : changes                      ? "it has only just begun, or is being ended"
                    : killed && is_refused(answer) ? killing_effect(*pod, container, kind)
                                                   : kind.effect));
    made.culprit.present = pod != nullptr;
    cite(&made, *telling);
    if (elsewhere.instead != nullptr) made.lines.push_back(elsewhere.instead->line);
    if (probe->exists()) cite(&made, *pod, *probe, "the probe");
    suggest(&made, fmt::format("kubectl -n {} describe pod {}", telling->space, telling->name),
            "shows probe and failures");
    suggest(&made,
            fmt::format("kubectl -n {} logs {}{}", telling->space, telling->name,
                        container.empty() ? "" : fmt::format(" -c {}", container)),
            "shows what the application says when it is probed");
  }
}

}  // namespace

void detect_probes(const Survey& survey, Observations* out) {
  const Ended ended(survey);
  for (const PodSpec& pods : survey.pod_specs()) {
    const bool healthy =
        pods.health == Health::healthy && !(pods.is_pod && keeps_being_killed(survey, *pods.owner));
    if (healthy || pods.owner->source == Object::Source::table) continue;
    if (pods.is_pod && workload_of(*pods.owner).first != "pod") {
      const auto [kind, name] = workload_of(*pods.owner);
      const Object* workload = survey.find(kind, pods.owner->space, name);
      if (workload != nullptr && tells_all(*workload)) continue;  // looked at once, there
    }
    for (const Value& container : (*pods.spec)["containers"].items) {
      for (const Probe& kind : probes) {
        const Value& probe = container[kind.field];
        if (!probe.exists()) continue;
        const Looked at{&survey, &pods, &container, &kind, &probe};
        if (!ended.has(*pods.owner, container["name"].text())) check_port(at, out);
        check_sibling(at, out);
        check_path(at, out);
        check_command(at, out);
        check_delay(at, out);
      }
    }
  }
  for (const Object* pod : survey.each("pod")) tell_failures(survey, pod, survey.about(*pod), out);
  std::vector<std::string> told;
  for (const Happening& happening : survey.happenings()) {
    if (happening.kind != "pod" || happening.reason != "Unhealthy" || !happening.warning) continue;
    if (survey.find("pod", happening.space, happening.name) != nullptr) continue;
    const std::string key = happening.space + "/" + happening.name;
    if (std::find(told.begin(), told.end(), key) != told.end()) continue;
    told.push_back(key);
    tell_failures(survey, nullptr, {&happening}, out);
  }
}

}  // namespace carrel
