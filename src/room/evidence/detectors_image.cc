// Images that cannot be pulled, or that are not the same for all replicas: the waiting reason of a container,
// and what the kubelet's events say of it.
#include <algorithm>
#include <map>
#include <set>

#include <fmt/format.h>

#include "base/brief.h"
#include "base/edit_distance.h"
#include "room/evidence/detectors.h"
#include "room/evidence/needs.h"

namespace carrel {
namespace {

struct Reading {
  std::string why;  // ends a sentence
  double weight;
};

// Source of the texts: containerd's and Docker's registry clients, the registry API's error codes, and the
// kubelet's pkg/kubelet/images.
Reading read_pull_error(std::string_view message, std::string_view image) {
  const std::string_view slash = image.substr(0, image.find('/'));
  const std::string_view host = slash.find('.') == std::string_view::npos ? std::string_view() : slash;
  const std::string registry = host.empty() ? "the registry" : fmt::format("the registry {}", host);
  if (has(message, "no such host") || has(message, "server misbehaving") || has(message, "name resolution")) {
    std::string_view asked = between(message, "lookup ", " on");
    if (asked.empty()) asked = between(message, "lookup ", ":");
    if (asked.empty()) asked = host;
    return {
        fmt::format("the registry host {} does not exist, its name cannot be resolved (no such host)", asked),
        0.9};
  }
  if (has(message, "toomanyrequests") || has(message, "rate limit") || has(message, "429 too many")) {
    return {fmt::format("{} refuses it because the pull rate limit is reached (toomanyrequests)", registry),
            0.9};
  }
  if (has(message, "x509") || has(message, "certificate")) {
    return {fmt::format("the TLS certificate of {} is not trusted (x509: {})", registry,
                        brief(between(fmt::format("{}\n", message), "x509: ", "\n"), 80)),
            0.9};
  }
  if (has(message, "no match for platform") || has(message, "no matching manifest for")) {
    return {"the image has no build for the node's platform (no match for platform in manifest)", 0.9};
  }
  if (has(message, "http response to https client")) {
    return {fmt::format("{} speaks HTTP where HTTPS is expected", registry), 0.9};
  }
  if (has(message, "no space left")) return {"the node's disk is full (no space left on device)", 0.85};
  if (has(message, "pull access denied") || has(message, "insufficient_scope")) {
    return {"access is denied: the repository does not exist or needs a login (imagePullSecrets)", 0.88};
  }
  if (has(message, "unauthorized") || has(message, "authentication required") || has(message, "401") ||
      has(message, "403 forbidden") || has(message, "no basic auth") || has(message, "denied")) {
    return {fmt::format("{} refuses the credentials (unauthorized): the pull secret is missing or wrong",
                        registry),
            0.88};
  }
  if (has(message, "not found") || has(message, "manifest unknown") || has(message, "name unknown") ||
      has(message, "does not exist")) {
    return {"that image or tag does not exist in the registry (not found)", 0.9};
  }
  if (has(message, "timeout") || has(message, "deadline exceeded") || has(message, "connection refused") ||
      has(message, "no route to host") || has(message, "network is unreachable") ||
      has(message, "connection reset")) {
    return {fmt::format("{} cannot be reached ({})", registry,
                        has(message, "refused") ? "connection refused" : "connection timed out"),
            0.85};
  }
  if (has(message, "invalid reference format") || has(message, "couldn't parse image") ||
      has(message, "invalidimagename")) {
    return {"that is not a valid image name (invalid reference format)", 0.92};
  }
  if (has(message, "neverpull") || has(message, "never pull") || has(message, "pull policy of never")) {
    return {"its imagePullPolicy is Never and the image is not present on the node", 0.9};
  }
  if (message.empty()) return {"the bundle does not tell why", 0.72};
  return {fmt::format("{}", brief(message, 120)), 0.78};
}

bool is_pull_reason(std::string_view reason) {
  return reason == "ErrImagePull" || reason == "ImagePullBackOff" || reason == "InvalidImageName" ||
         reason == "ErrImageNeverPull" || reason == "ImageInspectError" || reason == "RegistryUnavailable";
}

bool is_pull_event(const Happening& happening) {
  const std::string_view text = happening.message->text();
  if (happening.reason == "InspectFailed" || happening.reason == "ErrImageNeverPull") return true;
  return (happening.reason == "Failed" || happening.reason == "FailedPull" ||
          happening.reason == "BackOff") &&
         (has(text, "pull image") || has(text, "pulling image") || has(text, "imagepull") ||
          has(text, "invalidimage"));
}

std::string image_in(std::string_view text) {
  return std::string(between(text, "image \"", "\""));
}

struct Pull {
  const Object* pod = nullptr;
  const Value* image = nullptr;   // in the pod's spec
  const Value* reason = nullptr;  // of the waiting container
  std::string image_name, container;
  const Happening* event = nullptr;  // the one that tells most
  const Happening* second = nullptr;
  std::string_view message;
};

void tell(const Survey& survey, const Pull& pull, const Happening* subject, Observations* out) {
  const std::string space = pull.pod ? pull.pod->space : subject->space;
  const std::string name = pull.pod ? pull.pod->name : subject->name;
  const Reading reading = read_pull_error(pull.message, pull.image_name);
  const std::string reason(pull.reason ? pull.reason->text() : "ErrImagePull");
  const bool healthy = pull.pod && pod_health(*pull.pod) == Health::healthy;
  const std::string cause = fmt::format("{} {} pull its image {} ({}): {}.", described("pod", space, name),
                                        healthy ? "could at first not" : "cannot",
                                        brief(pull.image_name, 100), reason, reading.why);
  Observation& made =
      report_missing(out, "image-pull", healthy ? 0.2 : reading.weight, "pod", space, name, cause);
  made.culprit.present = pull.pod != nullptr;
  if (pull.event) cite(&made, *pull.event);
  if (pull.pod && pull.image) cite(&made, *pull.pod, *pull.image, "the image the container asks for");
  if (pull.pod && pull.reason) cite(&made, *pull.pod, *pull.reason, "why the container waits");
  if (pull.second) cite(&made, *pull.second);
  suggest(&made, fmt::format("kubectl -n {} describe pod {}", space, name),
          "shows the pull error of the image in full");
  if (has(reading.why, "secret") || has(reading.why, "login")) {
    suggest(&made, fmt::format("kubectl -n {} get pod {} -o yaml", space, name),
            "shows which pull secrets the pod uses");
    suggest(&made, fmt::format("kubectl get secrets -n {}", space), "shows whether the pull secret exists");
  }
  if (pull.message.empty()) lack(&made, "the events of the pod, with the registry's answer");
  (void)survey;
}

// A name on Docker Hub that is one letter away from an official image: "ngnix".
void check_name(const PodSpec& pods, Observations* out) {
  static constexpr std::string_view official[] = {"nginx",    "redis",  "postgres", "mysql",    "mariadb",
                                                  "busybox",  "alpine", "python",   "httpd",    "mongo",
                                                  "rabbitmq", "ubuntu", "debian",   "memcached"};
  if (pods.health == Health::healthy || pods.is_pod) return;
  for (const Container& container : containers_of(*pods.spec)) {
    const Value& image = (*container.spec)["image"];
    const std::string_view name = image.text().substr(0, image.text().find_first_of(":@"));
    if (name.size() < 5 || name.find('/') != std::string_view::npos) continue;
    const bool known = std::find(std::begin(official), std::end(official), name) != std::end(official);
    for (const std::string_view one : official) {
      const std::size_t far = edit_distance(one, name, 2);
      if (known || far == 0 || far > 2 || name[0] != one[0] || (far == 2 && name.size() != one.size()))
        continue;
      Observation& made =
          report(out, "image-name", 0.6, *pods.owner,
                 fmt::format("{} cannot pull its image {}: that image does not exist, the name is probably a "
                             "typo of {}.",
                             described(*pods.owner), image.text(), one));
      cite(&made, *pods.owner, image, "the image the container asks for");
      suggest(&made, fmt::format("kubectl get pods -n {}", pods.owner->space),
              "shows whether the image is pulled");
      break;
    }
  }
}

}  // namespace

void detect_image_pulls(const Survey& survey, Observations* out) {
  std::set<std::pair<std::string, std::string>> told;
  for (const Object* pod : survey.each("pod")) {
    Pull pull;
    pull.pod = pod;
    std::string_view waiting_text;
    for (const char* list : {"initContainerStatuses", "containerStatuses"}) {
      for (const Value& status : (*pod)["status"][list].items) {
        const Value& waiting = status["state"]["waiting"];
        if (pull.reason != nullptr || !is_pull_reason(waiting["reason"].text())) continue;
        pull.reason = &waiting["reason"];
        pull.container = std::string(status["name"].text());
        pull.image_name = std::string(status["image"].text());
        waiting_text = waiting["message"].text();
      }
    }
    for (const Happening* happening : survey.about(*pod, true)) {
      if (!is_pull_event(*happening)) continue;
      const bool tells_why = has(happening->message->text(), "failed to pull") ||
                             happening->reason == "InspectFailed" || happening->reason == "ErrImageNeverPull";
      if (tells_why && (pull.event == nullptr || happening->message->text().size() > pull.message.size())) {
        pull.event = happening;
        pull.message = happening->message->text();
      } else if (pull.second == nullptr) {
        pull.second = happening;
      }
    }
    if (pull.reason == nullptr && pull.event == nullptr) continue;
    if (pull.message.empty()) pull.message = waiting_text;
    if (pull.message.empty() && pull.reason != nullptr && pull.reason->text() == "InvalidImageName") {
      pull.message = "InvalidImageName";
    }
    if (pull.message.empty() && pull.reason != nullptr && pull.reason->text() == "ErrImageNeverPull") {
      pull.message = "ErrImageNeverPull";
    }
    const std::string in_event = pull.event ? image_in(pull.event->message->text()) : std::string();
    for (const Container& container : containers_of((*pod)["spec"])) {
      const Value& image = (*container.spec)["image"];
      if ((!pull.container.empty() && (*container.spec)["name"].text() == pull.container) ||
          (!in_event.empty() && image.text() == in_event)) {
        pull.image = &image;
        pull.image_name = std::string(image.text());
        break;
      }
    }
    if (pull.image_name.empty()) pull.image_name = in_event;
    told.emplace(pod->space, pod->name);
    tell(survey, pull, pull.event, out);
  }
  for (const PodSpec& pods : survey.pod_specs()) check_name(pods, out);
  // Pods that the bundle has events of and nothing else.
  for (const Happening& happening : survey.happenings()) {
    if (happening.kind != "pod" || !is_pull_event(happening)) continue;
    if (!has(happening.message->text(), "failed to pull image")) continue;
    if (!told.emplace(happening.space, happening.name).second) continue;
    Pull pull;
    pull.event = &happening;
    pull.message = happening.message->text();
    pull.image_name = image_in(pull.message);
    tell(survey, pull, &happening, out);
  }
}

namespace {

// "sha256:1b77aa09c3f2" of "repo@sha256:..."; empty: it names no digest of a manifest. What stands without a
// name is that of a configuration, which runtimes tell of the same image.
std::string_view digest_in(std::string_view image_id) {
  constexpr std::size_t shown = 19;
  const std::size_t at = image_id.rfind("@sha256:");
  return at == std::string_view::npos ? std::string_view() : image_id.substr(at + 1, shown);
}

// A container of pods that were made from one template, and what each of them runs.
struct Replicas {
  struct Replica {
    const Object* pod = nullptr;
    const Value* image_id = nullptr;
    const Value* policy = nullptr;
    const Value* tag = nullptr;
  };
  std::map<std::string_view, std::vector<Replica>> by_digest;
  std::string_view image;
};

}  // namespace

// A tag that was moved: who had pulled it before keeps what it meant then.
void detect_unlike_images(const Survey& survey, Observations* out) {
  std::map<std::string, Replicas> all;
  for (const Object* pod : survey.each("pod")) {
    const Value& labels = (*pod)["metadata"]["labels"];
    const Value& hash = labels["pod-template-hash"].exists() ? labels["pod-template-hash"]
                                                             : labels["controller-revision-hash"];
    if (!hash.exists()) continue;
    for (const Container& container : containers_of((*pod)["spec"])) {
      const Value& image_id = container_status(*pod, (*container.spec)["name"].text())["imageID"];
      const std::string_view digest = digest_in(image_id.text()), image = (*container.spec)["image"].text();
      if (digest.empty() || image.find('@') != std::string_view::npos) continue;
      Replicas& replicas = all[fmt::format("{}/{}/{}/{}/{}", pod->space, workload_of(*pod).second,
                                           hash.text(), (*container.spec)["name"].text(), image)];
      replicas.image = image;
      replicas.by_digest[digest].push_back(
          {pod, &image_id, &(*container.spec)["imagePullPolicy"], &(*container.spec)["image"]});
    }
  }
  const bool asked = survey.asks({"differ", "one of", "one in", "some of", "which of", "replica", "stale",
                                  "old ", "last week", "version", "sometimes", "inconsistent"});
  for (const auto& [key, replicas] : all) {
    if (replicas.by_digest.size() < 2) continue;
    const auto fewest =
        std::ranges::min_element(replicas.by_digest, {}, [](const auto& each) { return each.second.size(); });
    const auto most =
        std::ranges::max_element(replicas.by_digest, {}, [](const auto& each) { return each.second.size(); });
    if (fewest == most) continue;  // who of two is the odd one cannot be told
    const Replicas::Replica &odd = fewest->second.front(), &usual = most->second.front();
    const std::string_view node = (*odd.pod)["spec"]["nodeName"].text();
    const bool keeps = odd.policy->text() == "IfNotPresent";
    Observation& made = report(
        out, "image-unlike", asked ? 0.93 : 0.55, *odd.pod,
        fmt::format(
            "{} runs another image than its other replicas: under the same tag {} its digest is not "
            "theirs{}.",
            described(*odd.pod), brief(replicas.image, 100),
            keeps && !node.empty()
                ? fmt::format("; IfNotPresent keeps what node {} pulled before the tag was moved", node)
                : ""));
    cite(&made, *odd.pod, *odd.image_id, "the image that it runs");
    cite(&made, *usual.pod, *usual.image_id, "the image that the others run");
    cite(&made, *odd.pod, *odd.tag, "the tag");
    if (keeps && !node.empty())
      cite(&made, *odd.pod, (*odd.pod)["spec"]["nodeName"], "the node that it is on");
    if (keeps) cite(&made, *odd.pod, *odd.policy, "an image that is there is not pulled again");
    suggest(&made, fmt::format("kubectl -n {} get pod {} -o yaml", odd.pod->space, odd.pod->name),
            "shows the image that it runs");
  }
}

}  // namespace carrel
