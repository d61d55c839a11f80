// Images that cannot be pulled or run.
#include <fmt/format.h>

#include "incidents/kind.h"

namespace carrel::incidents {
namespace {

// The pods wait for the image; every text that names the reason decides.
void fail_pull(Scene& s, Workload& w, const std::string& message) {
  const std::string image = w.image();
  const bool backing_off = s.random.chance(60);
  for (Pod& pod : w.pods) {
    pod.created = s.world.trouble + s.random.between(0, 90) * kSecond;
    pod.phase = "Pending";
    pod.ready = pod.started = false;
    pod.state["waiting"] = Json::object(
        {{"reason", backing_off ? "ImagePullBackOff" : "ErrImagePull"},
         {"message", backing_off ? fmt::format("Back-off pulling image \"{}\"", image) : message}});
    if (!backing_off) s.decide(pod.state["waiting"]["message"]);
    s.event(w, pod, "Pulling", fmt::format("Pulling image \"{}\"", image), s.random.between(3, 8));
    s.decide(s.event(w, pod, "Failed", fmt::format("Failed to pull image \"{}\": {}", image, message),
                     s.random.between(3, 8)));
    s.event(w, pod, "Failed", "Error: ErrImagePull", s.random.between(3, 8));
    s.event(w, pod, "BackOff", fmt::format("Back-off pulling image \"{}\"", image), s.random.between(10, 90));
  }
  s.callers_fail(w);
}

std::string rpc(const std::string& image, const std::string& rest) {
  return fmt::format(
      "rpc error: code = Unknown desc = failed to pull and unpack image \"{0}\": failed to resolve reference "
      "\"{0}\": {1}",
      image, rest);
}

std::string host_of(const std::string& image) {
  return image.substr(0, image.find('/'));
}

std::string path_of(const std::string& image) {
  return image.substr(image.find('/') + 1, image.rfind(':') - image.find('/') - 1);
}

void name_wrong(Scene& s) {
  Workload& w = s.victim();
  const std::string wrong = s.world.registry + "/" + w.space + "/" + w.name +
                            s.phrase({"x", "-ap", "-prod"}, {"-e", "-sevice", "-live"}) + ":1.0.4";
  w.container()["image"] = wrong;
  s.decide(w.container()["image"]);
  fail_pull(s, w,
            rpc(wrong,
                "pull access denied, repository does not exist or may require authorization: server message: "
                "insufficient_scope: authorization failed"));
  s.cause(w, "{0} cannot start: its image {1} does not exist in the registry (wrong repository name).",
          {wrong}, {"The repository of image {1} is not found."});
  s.expect_name({w.name, wrong});
  s.expect({"image"});
  s.expect({"not exist", "not found", "wrong", "typo", "pull access denied", "authoriz", "pull"});
}

void tag_missing(Scene& s) {
  Workload& w = s.victim();
  const std::string tag =
      s.phrase({"2.31.0-rc9", "latest-stable", "v9.9.9"}, {"2024.13", "release-77", "main-0000000"});
  const std::string image = s.world.registry + "/" + w.space + "/" + w.name + ":" + tag;
  w.container()["image"] = image;
  s.decide(w.container()["image"]);
  w.conditions = Json();
  fail_pull(s, w,
            fmt::format("rpc error: code = NotFound desc = failed to pull and unpack image \"{0}\": failed "
                        "to resolve reference \"{0}\": {0}: not found",
                        image));
  s.cause(w, "{0} cannot start: the tag {1} of its image does not exist in the registry.", {tag},
          {"Image tag {1} was not found for {0}."});
  s.expect_name({tag});
  s.expect({"not (found|exist)", "(does|do)n't exist", "missing", "no such", "does not exist", "unknown"});
}

void credentials_missing(Scene& s) {
  Workload& w = s.victim();
  const std::string image = w.image();
  const std::string name = s.phrase({"regcred", "pull-secret"}, {"registry-login", "image-credentials"});
  w.spec["imagePullSecrets"] = Json::array({Json::object({{"name", name}})});
  fail_pull(
      s, w,
      fmt::format(
          "{}: unexpected status from HEAD request to https://{}/v2/{}/manifests/latest: 401 Unauthorized",
          rpc(image, "failed to authorize: failed to fetch oauth token"), host_of(image), path_of(image)));
  s.cause(w,
          "The image of {0} cannot be pulled: the registry {1} answers 401 Unauthorized, its pull "
          "credentials are not accepted.",
          {host_of(image)}, {"Pulling the image of {0} fails with an authorization error."});
  s.expect_name({w.name, host_of(image)});
  s.expect({"401", "unauthori", "authori", "credential", "pull secret", "authentication"});
}

void registry_down(Scene& s) {
  Workload& w = s.victim();
  const std::string image = w.image();
  const std::string why =
      s.random.chance(50)
          ? fmt::format("dial tcp 10.40.{}.9:443: i/o timeout", s.random.between(1, 200))
          : fmt::format("dial tcp 10.40.{}.9:443: connect: connection refused", s.random.between(1, 200));
  fail_pull(s, w,
            rpc(image, fmt::format("failed to do request: Head \"https://{}/v2/{}/manifests/latest\": {}",
                                   host_of(image), path_of(image), why)));
  s.cause(w, "The image of {0} cannot be pulled because the registry {1} cannot be reached ({2}).",
          {host_of(image), why}, {"Registry {1} is down."});
  s.expect_name({w.name, host_of(image)});
  s.expect({"registry", literal(host_of(image))});
  s.expect(saying::unreachable);
}

void architecture_missing(Scene& s) {
  Workload& w = s.victim();
  for (Node& node : s.world.nodes) {
    node.arch = "arm64";
    node.labels["kubernetes.io/arch"] = "arm64";
  }
  if (s.random.chance(50)) {
    fail_pull(s, w,
              fmt::format("rpc error: code = NotFound desc = failed to pull and unpack image \"{}\": no "
                          "match for platform in manifest: not found",
                          w.image()));
  } else {
    s.crash(w, 1,
            {{Level::raw,
              s.random.chance(50) ? "exec /app/" + w.name + ": exec format error"
                                  : "standard_init_linux.go:228: exec user process caused: exec format error",
              true}});
    s.callers_fail(w);
  }
  s.cause(
      w, "The image of {0} was not built for the nodes' architecture (arm64), so it cannot run there.", {},
      {"{0}: exec format error or no platform match, because the image is for amd64 and the node is arm64."});
  s.expect_name({w.name});
  s.expect({"architecture", "platform", "arm64", "exec format"});
}

void rate_limited(Scene& s) {
  Workload& w = s.victim();
  w.container()["image"] = "docker.io/library/" + w.name + ":3.1";
  fail_pull(s, w,
            rpc(w.image(),
                "unexpected status code 429 Too Many Requests - toomanyrequests: You have reached your pull "
                "rate limit. You may increase the limit by authenticating and upgrading"));
  s.cause(w, "The image of {0} cannot be pulled because the registry's pull rate limit is reached (429).", {},
          {"toomanyrequests: {0} hits the rate limit of docker.io."});
  s.expect_name({w.name, "docker.io"});
  s.expect({"rate limit", "too ?many ?requests", "429"});
}

void never_pulled(Scene& s) {
  Workload& w = s.victim();
  w.container()["imagePullPolicy"] = "Never";
  s.decide(w.container()["imagePullPolicy"]);
  s.decide(s.hold(w, "ErrImageNeverPull",
                  fmt::format("Container image \"{}\" is not present with pull policy of Never", w.image()),
                  "ErrImageNeverPull"));
  s.callers_fail(w);
  s.cause(w, "{0} cannot start: its imagePullPolicy is Never and the image is not on the node.", {},
          {"ErrImageNeverPull: the image of {0} is not present and may not be pulled."});
  s.expect_name({w.name});
  s.expect({"never"});
}

void registry_certificate(Scene& s) {
  Workload& w = s.victim();
  const std::string image = w.image();
  fail_pull(
      s, w,
      rpc(image, fmt::format("failed to do request: Head \"https://{}/v2/{}/manifests/latest\": tls: failed "
                             "to verify certificate: x509: certificate signed by unknown authority",
                             host_of(image), path_of(image))));
  s.cause(w,
          "The image of {0} cannot be pulled: the nodes do not trust the certificate of the registry {1} "
          "(x509: unknown authority).",
          {host_of(image)}, {"x509 error when pulling from {1}."});
  s.expect_name({w.name, host_of(image)});
  s.expect({"x509", "certificate", "tls", "unknown authority"});
}

}  // namespace

Kinds image_kinds() {
  return {
      {"image-name-wrong", "image", "the repository does not exist", name_wrong},
      {"image-tag-missing", "image", "the tag does not exist", tag_missing},
      {"image-credentials", "image", "the registry refuses the credentials", credentials_missing},
      {"image-registry-down", "image", "the registry cannot be reached", registry_down},
      {"image-architecture", "image", "the image is for another architecture", architecture_missing},
      {"image-rate-limit", "image", "the registry's rate limit is reached", rate_limited},
      {"image-never-pulled", "image", "the pull policy is Never and the image is not there", never_pulled},
      {"image-registry-certificate", "image", "the registry's certificate is not trusted",
       registry_certificate, true},
  };
}

}  // namespace carrel::incidents
