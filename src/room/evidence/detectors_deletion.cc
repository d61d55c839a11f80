// What is being deleted and does not go away: a namespace that something in it holds, an object whose
// finalizer nobody removes.
#include <fmt/format.h>

#include "room/evidence/detectors.h"

namespace carrel {
namespace {

// Source: the conditions of NamespaceStatus, k8s.io/api/core/v1: those that say what is left are "True".
void check_namespace(const Object& space, Observations* out) {
  const Value& status = space["status"];
  if (status["phase"].text() != "Terminating") return;
  std::vector<const Value*> told;
  std::string left;
  for (const char* type : {"NamespaceFinalizersRemaining", "NamespaceContentRemaining",
                           "NamespaceDeletionContentFailure", "NamespaceDeletionDiscoveryFailure"}) {
    for (const Value& condition : status["conditions"].items) {
      if (condition["type"].text() != type || condition["status"].text() != "True") continue;
      told.push_back(&condition["message"]);
      left += fmt::format("{}{}", left.empty() ? "" : "; ", brief(condition["message"].text(), 120));
    }
  }
  Observation& made =
      report(out, "namespace-terminating", told.empty() ? 0.6 : 0.92, space,
             fmt::format("Namespace {} is stuck Terminating: {}.", space.name,
                         told.empty() ? "the bundle does not tell what is left in it" : left));
  for (const Value* message : told) cite(&made, space, *message, "what keeps the namespace");
  cite(&made, space, status["phase"], "its phase");
  suggest(&made, fmt::format("kubectl get namespace {} -o yaml", space.name), "shows what is left in it");
}

// A finalizer is removed by the controller that put it there; where that is gone, the object stays.
void check_finalizers(const Object& object, Observations* out) {
  const Value& finalizers = object["metadata"]["finalizers"];
  if (!object["metadata"]["deletionTimestamp"].exists() || finalizers.size() == 0) return;
  Observation& made = report(
      out, "deletion-waits", 0.6, object,
      fmt::format("{} is being deleted since {} and waits for its finalizer {} to be removed.",
                  described(object), object["metadata"]["deletionTimestamp"].text(), finalizers[0].text()));
  cite(&made, object, finalizers, "what has to be removed first");
  cite(&made, object, object["metadata"]["deletionTimestamp"], "when it was deleted");
  suggest(&made, fmt::format("kubectl -n {} get {} {} -o yaml", object.space, object.kind, object.name),
          "shows its finalizers");
}

}  // namespace

void detect_deletions(const Survey& survey, Observations* out) {
  for (const Object* space : survey.each("namespace")) check_namespace(*space, out);
  for (const Object& object : survey.inventory.all()) {
    if (object.value != nullptr && object.kind != "namespace" && object.kind != "pod")
      check_finalizers(object, out);
  }
}

}  // namespace carrel
