// Storage: claims that are not bound and why, claims that pods name and nobody made, volumes that cannot be
// attached or mounted where the pod is.
#include <algorithm>
#include <set>

#include <fmt/format.h>

#include "room/evidence/detectors.h"

namespace carrel {
namespace {

const Value& class_of(const Object& claim) {
  const Value& name = claim["spec"]["storageClassName"];
  return name.exists() ? name : claim["metadata"]["annotations"]["volume.beta.kubernetes.io/storage-class"];
}

void suggest_claim(Observation* made, const Object& claim) {
  suggest(made, fmt::format("kubectl -n {} describe persistentvolumeclaim {}", claim.space, claim.name),
          "shows why it is not bound");
  suggest(made, "kubectl get storageclass", "shows the storage classes that exist");
}

// Whose pods wait for the claim: " Pod web-0 waits for it."
std::string waits_for(const Survey& survey, const Object& claim, bool pods_alone = false) {
  for (const PodSpec& pods : survey.pod_specs()) {
    if (pods.owner->space != claim.space || (pods_alone && !pods.is_pod)) continue;
    for (const Value& volume : (*pods.spec)["volumes"].items) {
      if (volume["persistentVolumeClaim"]["claimName"].text() == claim.name) {
        return fmt::format(" ({} {} mounts it)", pods.is_pod ? "pod" : pods.owner->kind, pods.owner->name);
      }
    }
  }
  return {};
}

// The first volume meant for a claim (by its name or its class) and why it does not fit; nothing where one
// fits.
std::string misfit(const Survey& survey, const Object& claim, const Object** volume, const Value** place) {
  const double wanted = quantity(claim["spec"]["resources"]["requests"]["storage"].text()).value_or(0);
  std::string first;
  for (const Object* pv : survey.each("persistentvolume")) {
    std::string why;
    const Value* where = nullptr;
    const Value& spec = (*pv)["spec"];
    const Value& claimed = spec["claimRef"];
    const bool same_class = spec["storageClassName"].text() == class_of(claim).text();
    const bool named = claim["spec"]["volumeName"].text() == pv->name;
    if (!same_class && !named) continue;
    if (claimed.exists() &&
        (claimed["name"].text() != claim.name || claimed["namespace"].text() != claim.space)) {
      where = &claimed;
      why = fmt::format("PersistentVolume {} is already bound to claim {}/{}", pv->name,
                        claimed["namespace"].text(), claimed["name"].text());
    } else if (quantity(spec["capacity"]["storage"].text()).value_or(0) < wanted) {
      where = &spec["capacity"];
      why = fmt::format("PersistentVolume {} has a capacity of only {} and the claim requests {}", pv->name,
                        spec["capacity"]["storage"].text(),
                        claim["spec"]["resources"]["requests"]["storage"].text());
    } else {
      for (const Value& mode : claim["spec"]["accessModes"].items) {
        const auto& offered = spec["accessModes"].items;
        if (std::none_of(offered.begin(), offered.end(),
                         [&](const Value& o) { return o.text() == mode.text(); })) {
          where = &spec["accessModes"];
          std::string modes;
          for (const Value& one : offered) modes += (modes.empty() ? "" : ", ") + one.scalar;
          why = fmt::format(
              "PersistentVolume {} does not offer the access mode {} that the claim requests, "
              "only {}",
              pv->name, mode.text(), modes.empty() ? "none" : brief(modes, 60));
        }
      }
      if (why.empty() && !same_class) {
        where = &spec["storageClassName"];
        why = fmt::format("PersistentVolume {} has the storage class {}, but the claim asks for {}", pv->name,
                          where->text().empty() ? "none" : where->text(), class_of(claim).text());
      }
    }
    if (why.empty()) {
      *volume = nullptr;
      return {};
    }
    // One that nobody has is nearer to what was meant.
    const bool nearer = *volume != nullptr && (**volume)["spec"]["claimRef"].exists() && !claimed.exists();
    if (first.empty() || nearer) {
      first = why;
      *volume = pv;
      *place = where->exists() ? where : &(*pv)["metadata"]["name"];
    }
  }
  return first;
}

// True where volumes for the claim come by hand alone: it names one, or its class provisions none.
bool made_by_hand(const Survey& survey, const Object& claim) {
  if (!claim["spec"]["volumeName"].text().empty()) return true;
  const Object* made_by = survey.find("storageclass", "", class_of(claim).text());
  if (made_by != nullptr) return has((*made_by)["provisioner"].text(), "no-provisioner");
  if (class_of(claim).text().empty()) return false;
  // A class of which there are volumes that nothing provisioned, and no StorageClass.
  const auto& volumes = survey.each("persistentvolume");
  return std::any_of(volumes.begin(), volumes.end(), [&](const Object* volume) {
    const bool provisioned =
        (*volume)["metadata"]["annotations"]["pv.kubernetes.io/provisioned-by"].exists() ||
        volume->name.starts_with("pvc-");
    return !provisioned && (*volume)["spec"]["storageClassName"].text() == class_of(claim).text();
  });
}

// A claim that is not bound, and what is known of why.
struct Unbound {
  const Object* claim = nullptr;
  std::string who, state;                // "PersistentVolumeClaim data in namespace shop", "is Pending"
  std::string waiting;                   // who waits for it, as a part of a sentence
  const Happening* telling = nullptr;    // the event that tells most
  const Value* storage_class = nullptr;  // its name, as the claim has it
};

Unbound unbound(const Survey& survey, const Object& claim) {
  const std::string_view phase = claim["status"]["phase"].text();
  Unbound out{&claim,
              described(claim),
              phase.empty() ? "cannot be bound" : fmt::format("is {}", phase),
              waits_for(survey, claim),
              nullptr,
              &class_of(claim)};
  for (const Happening* happening : survey.about(claim, true)) {
    const bool tells = happening->reason == "ProvisioningFailed" || happening->reason == "FailedBinding" ||
                       happening->reason == "WaitForFirstConsumer" ||
                       happening->reason == "ExternalProvisioning";
    if (tells && (out.telling == nullptr || happening->warning)) out.telling = happening;
  }
  return out;
}

void tell_lost(const Unbound& lost, Observations* out) {
  const Object& claim = *lost.claim;
  Observation& made = report(out, "claim-lost", 0.88, claim,
                             fmt::format("{} is Lost: its PersistentVolume {} does not exist any more.",
                                         lost.who, claim["spec"]["volumeName"].text()));
  cite(&made, claim, claim["status"]["phase"], "the state of the claim");
  cite(&made, claim, claim["spec"]["volumeName"], "the volume it is tied to");
  suggest_claim(&made, claim);
}

// True where its class does not exist.
bool tell_missing_class(const Survey& survey, const Unbound& one, Observations* out) {
  const std::string_view name = one.storage_class->text();
  if (name.empty()) return false;
  const bool is_said = one.telling && has(one.telling->message->text(), "storageclass") &&
                       has(one.telling->message->text(), "not found");
  const bool missing = survey.lacks("storageclass", "", name) || is_said;
  const bool unseen =
      (*one.claim)["status"]["phase"].text().empty() && survey.unseen("storageclass", "", name);
  // A volume made by hand may carry a class name that no StorageClass object has.
  const bool by_hand = std::ranges::any_of(survey.each("persistentvolume"), [&](const Object* volume) {
    return (*volume)["spec"]["storageClassName"].text() == name;
  });
  if ((!missing && !unseen) || by_hand) return false;
  std::string others;
  for (const Object* each : survey.each("storageclass")) others += (others.empty() ? "" : ", ") + each->name;
  Observation& made = report_missing(
      out, "claim-class-missing", missing ? 0.92 : 0.62, "storageclass", "", name,
      fmt::format("{} {}: its storageClassName {} {}{}, so no volume can be provisioned{}.", one.who,
                  one.state, name, missing ? "does not exist" : "is not in the bundle and may not exist",
                  others.empty() ? "" : fmt::format(" (there is {})", brief(others, 60)), one.waiting));
  cite(&made, *one.claim, *one.storage_class, "the class the claim names");
  if (one.telling) cite(&made, *one.telling);
  cite(&made, *one.claim, (*one.claim)["status"]["phase"], "the state of the claim");
  looked_for(&made, survey, "storageclass", "");
  suggest_claim(&made, *one.claim);
  if (!missing) lack(&made, "the list of storage classes");
  return true;
}

void tell_not_provisioned(const Unbound& one, Observations* out) {
  Observation& made = report(out, "claim-provisioning", 0.88, *one.claim,
                             fmt::format("{} is Pending because its volume cannot be provisioned: {}{}",
                                         one.who, brief(one.telling->message->text(), 170), one.waiting));
  cite(&made, *one.telling);
  cite(&made, *one.claim, *one.storage_class, "the class the claim names");
  suggest_claim(&made, *one.claim);
}

// True where there is a volume that it should be bound to, and does not fit.
bool tell_misfit(const Survey& survey, const Unbound& one, Observations* out) {
  const Object& claim = *one.claim;
  const Object* volume = nullptr;
  const Value* place = &Value::null();
  const std::string why_not = misfit(survey, claim, &volume, &place);
  if (volume == nullptr) return false;
  Observation& made = report(out, "claim-misfit", 0.86, claim,
                             fmt::format("{} {}: {}{}.", one.who, one.state, why_not, one.waiting));
  cite(&made, *volume, *place, "why the volume does not fit");
  if (place == &(*volume)["spec"]["accessModes"])
    cite(&made, claim, claim["spec"]["accessModes"], "the access modes the claim asks for");
  cite(&made, claim, claim["spec"]["resources"], "what the claim asks for");
  cite(&made, claim, *one.storage_class, "the class the claim names");
  suggest_claim(&made, claim);
  return true;
}

// True where its class binds only once a pod uses it, as an event tells or the class itself.
bool tell_waits_for_consumer(const Survey& survey, const Unbound& one, Observations* out) {
  const bool is_said = one.telling && one.telling->reason == "WaitForFirstConsumer";
  const Object* its_class = survey.find("storageclass", "", one.storage_class->text());
  const Value& mode = its_class == nullptr ? Value::null() : (*its_class)["volumeBindingMode"];
  if (!is_said && (one.telling != nullptr || mode.text() != "WaitForFirstConsumer" || !one.waiting.empty()))
    return false;
  const Object& claim = *one.claim;
  const bool asked =
      survey.names(claim.name) || survey.asks({"pvc", "claim", "volume", "pending", "storage"});
  Observation& made = report(out, "claim-waits", one.waiting.empty() && asked ? 0.6 : 0.3, claim,
                             fmt::format("{} is Pending because its storage class binds only when a pod that "
                                         "uses it is scheduled (WaitForFirstConsumer){}.",
                                         one.who, one.waiting));
  // What would use it and has no pod now, as a CronJob between its runs, does not wait for it.
  if (survey.only_whether && waits_for(survey, claim, true).empty()) {
    made.weight = 0.6;
    made.verdict = Verdict::no_fault;
    made.cause = fmt::format(
        "No fault: {} is Pending by design: its storage class binds only when a pod uses the claim "
        "(WaitForFirstConsumer), and none does yet.",
        one.who);
  }
  if (is_said) cite(&made, *one.telling);
  if (mode.exists()) cite(&made, *its_class, mode, "when the class binds");
  cite(&made, claim, claim["status"]["phase"], "the state of the claim");
  suggest_claim(&made, claim);
  return true;
}

void tell_pending(const Survey& survey, const Unbound& one, Observations* out) {
  const Object& claim = *one.claim;
  const std::string_view name = one.storage_class->text();
  const bool none_default =
      name.empty() && !one.storage_class->exists() && survey.inventory.lists_all("storageclass", "");
  Observation& made = report(
      out, "claim-pending", none_default ? 0.82 : 0.6, claim,
      none_default
          ? fmt::format(
                "{} is Pending: it names no storage class, no default one takes it, and no volume fits{}.",
                one.who, one.waiting)
          : fmt::format("{} is Pending, not bound to any volume{}{}{}.", one.who,
                        name.empty() ? "" : fmt::format(", storage class {}", name),
                        one.telling ? ": " + brief(one.telling->message->text(), 120) : "", one.waiting));
  if (one.telling) cite(&made, *one.telling);
  cite(&made, claim, claim["status"]["phase"], "the state of the claim");
  if (one.storage_class->exists()) cite(&made, claim, *one.storage_class, "the class the claim names");
  suggest_claim(&made, claim);
}

void check_claim(const Survey& survey, const Object& claim, Observations* out) {
  const std::string_view phase = claim["status"]["phase"].text();
  if (phase == "Bound") return;
  const Unbound one = unbound(survey, claim);
  if (phase == "Lost") return tell_lost(one, out);
  if (tell_missing_class(survey, one, out)) return;
  if (phase != "Pending" && !(phase.empty() && tells_all(claim) && made_by_hand(survey, claim))) return;
  if (one.telling && one.telling->reason == "ProvisioningFailed") return tell_not_provisioned(one, out);
  // Whom nobody uses yet waits for that, whatever volumes there are.
  if (one.waiting.empty() && phase == "Pending" && tell_waits_for_consumer(survey, one, out)) return;
  if (tell_misfit(survey, one, out) || phase.empty()) return;
  if (!tell_waits_for_consumer(survey, one, out)) tell_pending(survey, one, out);
}

void check_pod_volumes(const Survey& survey, const PodSpec& pods, Observations* out) {
  if (!tells_all(*pods.owner) && pods.owner->source != Object::Source::describe) return;
  const std::string& space = pods.owner->space;
  for (const Value& volume : (*pods.spec)["volumes"].items) {
    const Value& name = volume["persistentVolumeClaim"]["claimName"];
    if (name.text().empty()) continue;
    const Object* claim = survey.find("persistentvolumeclaim", space, name.text());
    if (claim == nullptr) {
      if (pods.health == Health::healthy || !survey.lacks("persistentvolumeclaim", space, name.text()))
        continue;
      Observation& made =
          report_missing(out, "claim-missing", 0.9, "persistentvolumeclaim", space, name.text(),
                         fmt::format("{} cannot start: it mounts PersistentVolumeClaim {}, which does not "
                                     "exist in namespace {}.",
                                     described(*pods.owner), name.text(), space));
      cite(&made, *pods.owner, name, "the claim it names");
      looked_for(&made, survey, "persistentvolumeclaim", space);
      suggest(&made, fmt::format("kubectl get pvc -n {}", space), "shows the claims that exist");
      continue;
    }
    const std::string_view node = pods.is_pod ? (*pods.spec)["nodeName"].text() : std::string_view();
    const Object* pv = survey.find("persistentvolume", "", (*claim)["spec"]["volumeName"].text());
    if (pv == nullptr || node.empty() || pods.health == Health::healthy) continue;
    const Value& nodes = volume_nodes(*pv);
    const Value* attached = nullptr;
    const Object* attachment_object = nullptr;
    for (const Object* attachment : survey.each("volumeattachment")) {
      const Value& spec = (*attachment)["spec"];
      if (spec["source"]["persistentVolumeName"].text() == pv->name && spec["nodeName"].text() != node &&
          !(*attachment)["status"]["attached"].text().empty()) {
        attached = &spec["nodeName"];
        attachment_object = attachment;
      }
    }
    const bool tied = nodes.size() > 0 && std::none_of(nodes.items.begin(), nodes.items.end(),
                                                       [&](const Value& one) { return one.text() == node; });
    if (!tied && attached == nullptr) continue;
    const std::string there(tied ? nodes[0].text() : attached->text());
    Observation& made =
        report(out, "volume-other-node", 0.93, *pods.owner,
               fmt::format("{} cannot start: its volume {} (PersistentVolumeClaim {}) is {} {}, but the "
                           "pod was placed on {}, another node, so the volume cannot be attached there.",
                           described(*pods.owner), pv->name, claim->name,
                           tied ? "tied by its node affinity to" : "still attached to", there, node));
    for (const Happening* happening : survey.about(*pods.owner)) {
      if (has(happening->message->text(), "attach")) cite(&made, *happening);
    }
    if (tied) cite(&made, *pv, nodes, "the node the volume is tied to");
    if (attached) cite(&made, *attachment_object, *attached, "the node the volume is attached to");
    cite(&made, *pods.owner, (*pods.spec)["nodeName"], "the node the pod was placed on");
    suggest(&made, fmt::format("kubectl get persistentvolume {} -o yaml", pv->name),
            "shows the volume's node affinity");
    suggest(&made, fmt::format("kubectl -n {} describe pod {}", space, pods.owner->name),
            "shows the attach error");
  }
}

// True where a container of the pod has run: no container starts before all volumes are mounted.
bool has_run(const Object& pod) {
  for (const char* list : {"containerStatuses", "initContainerStatuses"}) {
    for (const Value& status : pod["status"][list].items) {
      if (status["state"]["running"].exists() || status["state"]["terminated"].exists() ||
          status["lastState"]["terminated"].exists() || status["restartCount"].integer().value_or(0) > 0)
        return true;
    }
  }
  return false;
}

// "MountVolume.SetUp failed for volume "config" : configmap "app-config" not found"
void tell_mount(const Survey& survey, const Happening& happening, Observations* out) {
  const std::string_view text = happening.message->text();
  const Object* pod = survey.find("pod", happening.space, happening.name);
  const std::string who = described("pod", happening.space, happening.name);
  std::string cause;
  double weight = 0.85;
  std::string kind, name;
  for (const char* word : {"configmap", "secret"}) {
    const std::string_view missing = between(text, fmt::format("{} \"", word), "\" not found");
    if (missing.empty()) continue;
    kind = word;
    name = missing;
  }
  if (!name.empty()) {
    cause = fmt::format("{} cannot start: {}, which it mounts as volume {}, does not exist.", who,
                        described(kind, happening.space, name), between(text, "volume \"", "\""));
    weight = 0.92;
  } else if (has(text, "references non-existent config key") ||
             has(text, "references non-existent secret key")) {
    cause = fmt::format(
        "{} cannot start: its volume {} wants the key {} that is not in its ConfigMap or Secret ({}).", who,
        between(text, "volume \"", "\""), brief(text.substr(text.rfind(' ') + 1), 60), brief(text, 100));
    weight = 0.92;
  } else if (has(text, "multi-attach")) {
    cause = fmt::format(
        "{} cannot start: its volume {} is attached to another node already (Multi-Attach error): {}", who,
        between(text, "volume \"", "\""), brief(text, 120));
    weight = 0.9;
  } else if (happening.reason == "FailedAttachVolume") {
    cause = fmt::format("{} cannot start because its volume cannot be attached: {}", who, text);
    weight = 0.88;
  } else if (has(text, "timed out waiting") || has(text, "unmounted volumes")) {
    cause = fmt::format("{} cannot start because its volumes cannot be mounted: {}", who, text);
    weight = 0.6;
  } else {
    const std::string_view node = pod == nullptr ? std::string_view() : (*pod)["spec"]["nodeName"].text();
    cause = fmt::format("{} cannot start{} because a volume cannot be mounted: {}", who,
                        node.empty() ? "" : fmt::format(" on node {}", node), text);
  }
  if (pod != nullptr && (pod_health(*pod) == Health::healthy || has_run(*pod))) weight = 0.2;
  Observation& made =
      report_missing(out, "volume-mount", weight, "pod", happening.space, happening.name, cause);
  made.culprit.present = pod != nullptr;
  cite(&made, happening);
  if (pod != nullptr && !(*pod)["spec"]["nodeName"].text().empty())
    cite(&made, *pod, (*pod)["spec"]["nodeName"], "the node that it is on");
  if (pod != nullptr) {
    for (const Value& volume : (*pod)["spec"]["volumes"].items) {
      if (volume["name"].exists() && volume["name"].text() == between(text, "volume \"", "\"")) {
        cite(&made, *pod, volume, "the volume of the pod");
      }
    }
  }
  suggest(&made, fmt::format("kubectl -n {} describe pod {}", happening.space, happening.name),
          "shows the mount error");
  if (!name.empty()) {
    suggest(&made, fmt::format("kubectl -n {} get {} {}", happening.space, kind, name),
            "shows whether it exists");
    looked_for(&made, survey, kind, happening.space);
  } else {
    suggest(&made, fmt::format("kubectl get pvc -n {}", happening.space),
            "shows the claims and their volumes");
  }
}

}  // namespace

void detect_claims(const Survey& survey, Observations* out) {
  for (const Object* claim : survey.each("persistentvolumeclaim")) check_claim(survey, *claim, out);
  // Claims that a StatefulSet would make: only their class can be looked at.
  for (const Object* set : survey.each("statefulset")) {
    for (const Value& made_from : (*set)["spec"]["volumeClaimTemplates"].items) {
      const Value& name = made_from["spec"]["storageClassName"];
      if (name.text().empty() || !survey.lacks("storageclass", "", name.text())) continue;
      Observation& made =
          report_missing(out, "claim-class-missing", 0.88, "storageclass", "", name.text(),
                         fmt::format("{} makes claims with storageClassName {}, which does not exist, so its "
                                     "pods stay Pending with unbound claims.",
                                     described(*set), name.text()));
      cite(&made, *set, name, "the class its claims name");
      looked_for(&made, survey, "storageclass", "");
      suggest(&made, "kubectl get storageclass", "shows the storage classes that exist");
    }
  }
}

void detect_volumes(const Survey& survey, Observations* out) {
  for (const PodSpec& pods : survey.pod_specs()) check_pod_volumes(survey, pods, out);
  std::set<std::string> told;
  for (const Happening& happening : survey.happenings()) {
    const bool mounts = happening.reason == "FailedMount" || happening.reason == "FailedAttachVolume" ||
                        happening.reason == "FailedMapVolume";
    if (!mounts || happening.kind != "pod") continue;
    // One pod tells the same in several events: the specific ones are told, at most two.
    const std::string key = happening.space + "/" + happening.name;
    if (!told.insert(key).second && !told.insert(key + "/2").second) continue;
    tell_mount(survey, happening, out);
  }
}

}  // namespace carrel
