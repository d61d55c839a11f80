// What is being deleted and does not go away: a namespace that something in it holds, an object whose
// finalizer nobody removes.
#include <fmt/format.h>

#include "room/evidence/detectors.h"

namespace carrel {
namespace {

// Source: the conditions of NamespaceStatus, k8s.io/api/core/v1. What remains and whose finalizers hold it
// tells more than what failed.
void check_namespace(const Object& space, Observations* out) {
  const Value& status = space["status"];
  if (status["phase"].text() != "Terminating") return;
  std::vector<const Value*> reasons;
  for (const char* word : {"finalizersremaining", "contentremaining", "failure"}) {
    const bool enough = !reasons.empty() && std::string_view(word) == "failure";
    for (const Value& condition : status["conditions"].items) {
      if (!enough && condition["status"].text() == "True" && has(condition["type"].text(), word))
        reasons.push_back(&condition["message"]);
    }
  }
  std::string why;
  for (const Value* reason : reasons) why += (why.empty() ? ": " : "; ") + brief(reason->text(), 115);
  Observation& made = report(out, "namespace-terminating", reasons.empty() ? 0.8 : 0.9, space,
                             fmt::format("Namespace {} is stuck in Terminating{}.", space.name,
                                         why.empty() ? ", finalizers are not removed" : brief(why, 240)));
  for (const Value* reason : reasons) cite(&made, space, *reason, "what keeps it from going");
  cite(&made, space, status["phase"], "the state of the namespace");
  suggest(&made, fmt::format("kubectl get namespace {} -o yaml", space.name),
          "shows its finalizers and conditions");
}

// Finalizers that hold an object on purpose, as long as it is used or its dependents are deleted.
bool holds_on_purpose(std::string_view finalizer) {
  return finalizer.ends_with("-protection") || finalizer == "foregroundDeletion" || finalizer == "orphan";
}

// A finalizer is removed by the controller that put it there; where that is gone, the object stays. How long
// it waits is not known, so this is no more than a hint where nobody asks for it.
void check_finalizers(const Object& object, bool asked, Observations* out) {
  constexpr double kHint = 0.3, kAsked = 0.8;
  const Value& finalizers = object["metadata"]["finalizers"];
  const Value& since = object["metadata"]["deletionTimestamp"];
  if (!since.exists() || finalizers.size() == 0 || holds_on_purpose(finalizers[0].text())) return;
  Observation& made =
      report(out, "deletion-waits", asked ? kAsked : kHint, object,
             fmt::format("{} is being deleted since {} and waits for its finalizer {} to be removed.",
                         described(object), since.text(), finalizers[0].text()));
  cite(&made, object, finalizers, "what has to be removed first");
  cite(&made, object, since, "when it was deleted");
  suggest(&made,
          object.space.empty()
              ? fmt::format("kubectl get {} {} -o yaml", object.kind, object.name)
              : fmt::format("kubectl -n {} get {} {} -o yaml", object.space, object.kind, object.name),
          "shows its finalizers");
}

}  // namespace

void detect_deletions(const Survey& survey, Observations* out) {
  for (const Object* space : survey.each("namespace")) check_namespace(*space, out);
  const bool asked = survey.asks({"terminating", "delet", "finaliz"});
  for (const Object& object : survey.inventory.all()) {
    const bool known = object.value != nullptr && object.kind != "namespace" && object.kind != "pod";
    if (known) check_finalizers(object, asked && survey.names(object.name), out);
  }
}

}  // namespace carrel
