// Certificates, aggregated APIs, and what delivers manifests: Argo CD, Flux, Helm; and any custom resource
// that says of itself that it is not ready.
#include <algorithm>
#include <set>

#include <fmt/format.h>

#include "record/limits.h"
#include "room/evidence/detectors.h"
#include "room/evidence/telling.h"

namespace carrel {
namespace {

const Value& condition_of(const Object& object, std::string_view type) {
  for (const Value& condition : object["status"]["conditions"].items) {
    if (condition["type"].text() == type) return condition;
  }
  return Value::null();
}

void suggest_object(Observation* made, const Object& object) {
  if (object.space.empty()) {
    suggest(made, fmt::format("kubectl get {} {} -o yaml", object.kind, object.name), "shows its conditions");
  } else {
    suggest(made, fmt::format("kubectl -n {} describe {} {}", object.space, object.kind, object.name),
            "shows its conditions and events");
  }
}

// The Secret that an object is to make, by the conventions of what makes Secrets: External Secrets, Sealed
// Secrets, cert-manager.
Name secret_of(const Object& object) {
  const Value& spec = object["spec"];
  std::string_view name;
  if (object.kind == "externalsecret") {
    name = spec["target"]["name"].text().empty() ? object.name : spec["target"]["name"].text();
  } else if (object.kind == "sealedsecret") {
    name = spec["template"]["metadata"]["name"].text().empty() ? object.name
                                                               : spec["template"]["metadata"]["name"].text();
  } else if (object.kind == "certificate") {
    name = spec["secretName"].text();
  }
  return name.empty() ? Name() : Name{"secret", object.space, std::string(name), false};
}

void check_certificate(const Object& certificate, const std::string& now, Observations* out) {
  const Value& ready = condition_of(certificate, "Ready");
  const Value& until = certificate["status"]["notAfter"];
  const bool expired = !now.empty() && until.text().size() >= 19 && until.text() < now;
  if (expired) {
    Observation& made =
        report(out, "certificate-expired", 0.9, certificate,
               fmt::format("The certificate of {} (Secret {}) has expired on {}.", described(certificate),
                           certificate["spec"]["secretName"].text(), until.text()));
    cite(&made, certificate, until, "when it expired");
    suggest_object(&made, certificate);
  }
  if (ready["status"].text() != "False") return;
  // That of Ready says only what is missing; where an attempt has failed, that of Issuing says why.
  const Value& issuing = condition_of(certificate, "Issuing");
  const bool failed = issuing["status"].text() == "False" && !issuing["message"].text().empty();
  const Value& why = failed ? issuing : ready;
  Observation& made =
      report(out, "certificate-not-ready", 0.84, certificate,
             fmt::format("{} is not Ready: {}", described(certificate), brief(why["message"].text(), 200)));
  made.makes = secret_of(certificate);
  cite_span(&made, certificate, why["message"], why["reason"], "why it is not ready");
  suggest_object(&made, certificate);
}

// Argo CD. Source: argoproj.io/v1alpha1, types.go.
void check_application(const Object& application, Observations* out) {
  const Value& status = application["status"];
  const std::string_view sync = status["sync"]["status"].text();
  const std::string_view health = status["health"]["status"].text();
  const Value& operation = status["operationState"];
  const std::string_view phase = operation["phase"].text();
  const Value* message = &Value::null();
  const Value* state = &Value::null();
  if (phase == "Failed" || phase == "Error") {
    message = &operation["message"];
    state = &operation["phase"];
  }
  for (const Value& condition : status["conditions"].items) {
    if (!message->exists() && has(condition["type"].text(), "error")) {
      message = &condition["message"];
      state = &condition["type"];
    }
  }
  for (const Value& resource : operation["syncResult"]["resources"].items) {
    if (resource["status"].text() == "SyncFailed") message = &resource["message"];
  }
  if (!message->exists()) {
    if (health == "Degraded" || health == "Missing") {
      message = &status["health"]["message"];
      state = &status["health"]["status"];
    } else if (sync == "OutOfSync") {
      state = &status["sync"]["status"];
    } else {
      return;
    }
  }
  Observation& made = report(out, "delivery-failed", message->text().empty() ? 0.46 : 0.86, application,
                             fmt::format("Argo CD {} is {} ({}){}{}", described(application),
                                         sync.empty() ? "not synced" : sync, health.empty() ? phase : health,
                                         message->text().empty() ? "." : ": ", brief(message->text(), 200)));
  if (message->exists()) cite(&made, application, *message, "what the sync says");
  if (state->exists()) cite(&made, application, *state, "the state");
  suggest_object(&made, application);
}

// What a route, a listener or a policy is told by whatever it hangs on. Source: gateway.networking.k8s.io/v1.
void check_attachments(const Object& object, Observations* out) {
  for (const char* list : {"parents", "listeners", "ancestors"}) {
    for (const Value& attachment : object["status"][list].items) {
      for (const Value& condition : attachment["conditions"].items) {
        const std::string_view type = condition["type"].text();
        const bool matters = type == "Accepted" || type == "ResolvedRefs" || type == "Programmed";
        if (!matters || condition["status"].text() != "False") continue;
        Observation& made = report(out, "attachment-refused", 0.78, object,
                                   fmt::format("{} is not {} ({}): {}", described(object), type,
                                               condition["reason"].text(), condition["message"].text()));
        cite_span(&made, object, condition["message"], condition["reason"], "why it is refused");
        cite(&made, object, object["spec"]["parentRefs"], "what it is to hang on");
        suggest_object(&made, object);
        return;
      }
    }
  }
}

// A challenge by which an ACME server wants to be shown who owns a name. Source: acme.cert-manager.io/v1.
void check_challenge(const Object& challenge, Observations* out) {
  const Value& status = challenge["status"];
  const std::string_view state = status["state"].text();
  if (status["reason"].text().empty() || state == "valid" || state == "ready") return;
  Observation& made =
      report(out, "certificate-not-ready", 0.86, challenge,
             shortened(fmt::format("{} ({} for {}) is {}: {}", described(challenge),
                                   challenge["spec"]["type"].text(), challenge["spec"]["dnsName"].text(),
                                   state.empty() ? "not met" : state, status["reason"].text()),
                       limit::sentence));
  cite(&made, challenge, status["reason"], "why it is not met");
  cite_span(&made, challenge, challenge["spec"]["dnsName"], challenge["spec"]["type"], "what is to be shown");
  suggest_object(&made, challenge);
}

// What the last warning about an object says beyond its condition; empty where nothing.
const Happening* beyond(const Survey& survey, const Object& object, std::string_view message) {
  const Happening* last = nullptr;
  for (const Happening* happening : survey.about(object)) {
    const std::string_view text = happening->message->text();
    if (text.size() > message.size() && text.find(message.substr(0, 40)) == std::string_view::npos)
      last = happening;
  }
  return last;
}

// Flux, Helm, and everything else that follows the conditions' convention.
void check_conditions(const Survey& survey, const Object& object, Observations* out) {
  for (const char* type : {"Ready", "Stalled", "Healthy", "Available", "Synced", "Released", "Reconciled"}) {
    const Value& condition = condition_of(object, type);
    const bool bad = condition["status"].text() == (std::string_view(type) == "Stalled" ? "True" : "False");
    if (!bad || condition["message"].text().empty()) continue;
    const bool delivers = object.kind == "helmrelease" || object.kind == "kustomization" ||
                          object.kind == "gitrepository" || object.kind == "helmrepository" ||
                          object.kind == "ocirepository" || object.kind == "helmchart";
    Observation& made =
        report(out, delivers ? "delivery-failed" : "custom-resource", delivers ? 0.84 : 0.56, object,
               fmt::format("{} is not {} ({}): {}", described(object),
                           std::string_view(type) == "Stalled" ? "Ready" : type, condition["reason"].text(),
                           condition["message"].text()));
    made.makes = secret_of(object);
    cite_span(&made, object, condition["message"], condition["reason"], "why it is not ready");
    if (const Happening* more = beyond(survey, object, condition["message"].text())) {
      const std::size_t room = limit::sentence - std::min(limit::sentence, made.cause.size());
      if (room > 60) made.cause += "; " + brief(more->message->text(), room - 2);
      cite(&made, *more);
    }
    suggest_object(&made, object);
    return;
  }
}

// Source: the statuses of helm.sh/helm/v3/pkg/release. An operation that is cut off leaves a pending one, and
// no other can begin.
void check_release(const Object& release, Observations* out) {
  const Value& phase = release["status"]["phase"];
  const Value& said = release["status"]["description"];
  const bool pending = phase.text().starts_with("pending-");
  if (!pending && phase.text() != "failed") return;
  // That its pods did not come up in time, a hook failed or an object was not taken says nothing of why.
  const bool waited = has(said.text(), "timed out") || has(said.text(), "deadline exceeded") ||
                      has(said.text(), "hooks failed") || said.text().ends_with(" with kind Deployment") ||
                      (has(said.text(), "cannot patch") && !has(said.text(), "is invalid"));
  const std::string revision = fmt::format("revision {}", release["status"]["revision"].text());
  Observation& made = report(
      out, pending ? "release-pending" : "release-failed",
      pending  ? 0.86
      : waited ? 0.5
               : 0.7,
      release,
      pending
          ? fmt::format("{} is in status {} ({}): that operation has not come to its end, and as "
                        "long as that stands each further one is refused (another operation is in progress).",
                        described(release), phase.text(), revision)
          : fmt::format("The last operation on {} failed ({}){}.", described(release), revision,
                        said.text().empty() ? "" : ": " + brief(said.text(), 160)));
  cite(&made, release, phase, "the status of the release");
  suggest(&made, fmt::format("kubectl get secrets -n {}", release.space),
          "shows the revisions that Helm keeps");
}

// What makes a Secret and is known from its events alone says there why it does not.
void check_maker_events(const Survey& survey, Observations* out) {
  for (const Happening& happening : survey.happenings()) {
    const bool makes = happening.kind == "externalsecret" || happening.kind == "sealedsecret";
    if (!makes || !happening.warning ||
        survey.find(happening.kind, happening.space, happening.name) != nullptr)
      continue;
    Observation& made = report_missing(
        out, "custom-resource", 0.56, happening.kind, happening.space, happening.name,
        fmt::format("{} makes no Secret ({}): {}", described(happening.kind, happening.space, happening.name),
                    happening.reason, brief(happening.message->text(), 200)));
    made.culprit.present = true;
    made.makes = {"secret", happening.space, happening.name, false};
    cite(&made, happening);
    suggest(&made,
            fmt::format("kubectl -n {} describe {} {}", happening.space, happening.kind, happening.name),
            "shows its conditions and events");
  }
}

bool is_builtin(std::string_view kind) {
  static const std::set<std::string_view> builtin = {"pod",
                                                     "deployment",
                                                     "replicaset",
                                                     "statefulset",
                                                     "daemonset",
                                                     "job",
                                                     "cronjob",
                                                     "node",
                                                     "namespace",
                                                     "service",
                                                     "persistentvolumeclaim",
                                                     "persistentvolume",
                                                     "horizontalpodautoscaler",
                                                     "poddisruptionbudget",
                                                     "apiservice",
                                                     "event",
                                                     "certificate",
                                                     "certificatesigningrequest",
                                                     "application",
                                                     "customresourcedefinition",
                                                     "replicationcontroller",
                                                     "ingress",
                                                     "endpoints",
                                                     "endpointslice",
                                                     "lease",
                                                     "componentstatus"};
  return builtin.count(kind) > 0;
}

}  // namespace

void detect_certificates(const Survey& survey, Observations* out) {
  const std::string now = survey.latest_time();
  for (const Object* certificate : survey.each("certificate")) check_certificate(*certificate, now, out);
  for (const Object* challenge : survey.each("challenge")) check_challenge(*challenge, out);
  for (const Object* request : survey.each("certificatesigningrequest")) {
    if (!tells_all(*request) || (*request)["status"]["conditions"].size() > 0 ||
        (*request)["status"]["certificate"].exists()) {
      continue;
    }
    Observation& made =
        report(out, "certificate-request", 0.45, *request,
               fmt::format("CertificateSigningRequest {} of {} is Pending: nobody approved it.",
                           request->name, (*request)["spec"]["username"].text()));
    cite(&made, *request, (*request)["metadata"]["name"], "the request");
    suggest_object(&made, *request);
  }
  for (const Object* service : survey.each("apiservice")) {
    const Value& available = condition_of(*service, "Available");
    if (available["status"].text() != "False") continue;
    Observation& made = report(out, "apiservice-unavailable", 0.72, *service,
                               fmt::format("APIService {} is unavailable ({}): {}", service->name,
                                           available["reason"].text(), available["message"].text()));
    cite_span(&made, *service, available["message"], available["reason"], "why it is not available");
    suggest_object(&made, *service);
  }
  for (const Happening& happening : survey.happenings()) {
    const std::string_view text = happening.message->text();
    if (!happening.warning || !has(text, "certificate has expired")) continue;
    Observation& made = report_missing(
        out, "certificate-expired", 0.82, happening.kind, happening.space, happening.name,
        fmt::format("A certificate that {} needs has expired: {}",
                    described(happening.kind, happening.space, happening.name), brief(text, 170)));
    made.culprit.present = survey.find(happening.kind, happening.space, happening.name) != nullptr;
    cite(&made, happening);
  }
}

void detect_deliveries(const Survey& survey, Observations* out) {
  for (const Object* release : survey.each("release")) check_release(*release, out);
  for (const Object* application : survey.each("application")) check_application(*application, out);
  check_maker_events(survey, out);
  std::set<std::string> kinds;
  for (const Object& object : survey.inventory.all()) kinds.insert(object.kind);
  for (const std::string& kind : kinds) {
    if (is_builtin(kind)) continue;
    for (const Object* object : survey.each(kind)) {
      check_conditions(survey, *object, out);
      check_attachments(*object, out);
    }
  }
}

}  // namespace carrel
