// What comes from outside the product: other companies' services, and changes that somebody made.
#include <fmt/format.h>

#include "incidents/kind.h"

namespace carrel::incidents {
namespace {

std::string outside_host(Scene& s) {
  return s.phrase({"api.payfast.", "sms.", "rates."}, {"push.", "addresses.", "scoring."}) +
         s.world.names.domain();
}

void fail_calls(Scene& s, Workload& w, const Phrases& training, const Phrases& testing,
                const Phrases& values) {
  const std::string text = s.phrase(training, testing, values);
  for (Pod& pod : w.pods) s.repeat(pod, w, {Level::error, text, true}, 25);
}

void upstream_outage(Scene& s) {
  Workload& w = s.victim();
  const std::string host = outside_host(s);
  const std::string status = s.random.chance(50) ? "503" : "502";
  fail_calls(s, w, {"POST https://{0}/v1: {1} from upstream, giving up", "external service {0} answered {1}"},
             {"{0} replied with HTTP {1}, breaker open", "third party {0} is failing ({1})"}, {host, status});
  s.cause(w, "The outside service {1} answers {2}, so {0} cannot do its work.", {host, status},
          {"Outage at {1}."});
  s.expect_name({host});
  s.expect({literal(status), "outage", "fail", "down", "unavailable", "error"});
}

void upstream_limit(Scene& s) {
  Workload& w = s.victim();
  const std::string host = outside_host(s);
  fail_calls(s, w, {"429 Too Many Requests from {0}, retry after 60", "rate limit of {0} reached"},
             {"{0} throttles us: HTTP 429", "request quota at {0} is used up (429)"}, {host});
  s.cause(w, "{0} is throttled by the outside service {1}: its rate limit is reached (429).", {host},
          {"{1} answers 429 Too Many Requests."});
  s.expect_name({host});
  s.expect({"429", "rate ?limit", "throttl", "too many requests", "quota"});
}

void upstream_timeout(Scene& s) {
  Workload& w = s.victim();
  const std::string host = outside_host(s);
  fail_calls(s, w, {"GET https://{0}: context deadline exceeded after 30s", "read timeout talking to {0}"},
             {"{0} did not answer within 20000 ms", "socket hang up after long wait for {0}"}, {host});
  s.cause(w, "The outside service {1} does not answer in time, so the requests of {0} time out.", {host},
          {"Timeouts towards {1}."});
  s.expect_name({host});
  s.expect({"time-?out", "timed? out", "not answer", "deadline", "in time", "hang", "slow"});
}

void upstream_key_rejected(Scene& s) {
  Workload& w = s.victim();
  const std::string host = outside_host(s);
  fail_calls(s, w, {"{0} answered 401: invalid api key", "API key refused by {0}"},
             {"403 from {0}: the client secret was revoked", "{0} does not accept our credentials"}, {host});
  s.cause(w, "{1} does not accept the API key of {0}.", {host},
          {"The credentials of {0} for {1} are invalid or revoked."});
  s.expect_name({host});
  s.expect({"key", "credential", "401", "403", "secret", "revoked", "refus"});
}

void changed_endpoint(Scene& s) {
  Workload& w = s.victim();
  const std::string right = w.calls.empty() ? "db" : w.calls.front();
  const std::string address =
      fmt::format("10.99.{}.{}:{}", s.random.between(1, 250), s.random.between(2, 250), 5432);
  Json& map = *s.world.object("configmaps", w.space, w.name + "-config");
  map["metadata"]["annotations"] =
      Json::object({{"changed-at", rfc3339(s.world.trouble)}, {"changed-by", "deploy-pipeline"}});
  const std::string key = s.world.names.key();
  map["data"][key] = address;
  s.decide(map["data"][key]);
  w.annotations = Json::object({{"config-revision", "57"}});
  const std::string text =
      s.phrase({"dial tcp {0}: connect: no route to host", "connect {0} failed: EHOSTUNREACH"},
               {"cannot open a socket to {0}: host unreachable", "{0}: No route to host"}, {address});
  s.crash(w, 1, {{Level::info, "configuration revision 57"}, {Level::fatal, text, true}});
  s.callers_fail(w);
  s.culprit("configmap", w.space, w.name + "-config");
  s.cause(w, "Since its ConfigMap was changed, {0} connects to {1} ({2}), which cannot be reached.",
          {address, key}, {"The changed address {1} of {0} is wrong: no route to host."});
  s.expect_name({address, key});
  s.expect({"no route", "unreach", "cannot be reached", "wrong", "refused", "not reach", "changed"});
}

void helm_value(Scene& s) {
  Workload& w = s.victim();
  const std::string level = s.phrase({"productoin", "prd"}, {"lvie", "acceptnace"});
  const std::string key = s.world.names.key();
  w.container()["env"].add(Json::object({{"name", key}, {"value", level}}));
  s.decide(w.container()["env"].items().back()["value"]);
  const std::string text =
      s.phrase({"unknown profile \"{0}\" ({1})", "no settings for environment {0} ({1})"},
               {"profile {0} is not defined ({1})", "{1}={0} does not name a stage"}, {level, key});
  s.crash(w, 1, {{Level::info, "selecting profile"}, {Level::fatal, text, true}});
  s.callers_fail(w);
  s.cause(w, "{0} exits because {1} is set to {2}, a profile that does not exist.", {key, level},
          {"The value {2} of {1} is misspelt."});
  s.expect_name({level});
  s.expect({"profile", "unknown", "not exist", "not defined", "does ?n[o']t exist", "misspel", "wrong",
            "no settings", "not name", "invalid"});
}

void proxy_unreachable(Scene& s) {
  Workload& w = s.victim();
  const std::string proxy = "proxy." + s.world.domain + ":3128";
  w.container()["env"].add(Json::object({{"name", "HTTPS_PROXY"}, {"value", "http://" + proxy}}));
  s.decide(w.container()["env"].items().back()["value"]);
  fail_calls(s, w, {"proxyconnect tcp: dial tcp {0}: connect: connection refused"},
             {"tunneling socket could not be established via {0}: ECONNREFUSED"}, {proxy});
  s.cause(w, "{0} goes through the proxy {1}, which refuses connections.", {proxy},
          {"HTTPS_PROXY {1} is down."});
  s.expect_name({proxy});
  s.expect({"proxy"});
}

}  // namespace

Kinds outside_kinds() {
  return {
      {"upstream-outage", "outside", "a service outside answers 5xx", upstream_outage},
      {"upstream-rate-limit", "outside", "a service outside throttles", upstream_limit},
      {"upstream-timeout", "outside", "a service outside does not answer in time", upstream_timeout},
      {"upstream-key-rejected", "outside", "a service outside rejects the API key", upstream_key_rejected},
      {"config-changed", "config", "a changed ConfigMap leads to an address that is not there",
       changed_endpoint},
      {"profile-unknown", "config", "a value names a profile that does not exist", helm_value},
      {"proxy-refuses", "outside", "the outward proxy refuses connections", proxy_unreachable, true},
  };
}

}  // namespace carrel::incidents
