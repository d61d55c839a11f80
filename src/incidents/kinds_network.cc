// Networking inside the cluster: services, policies, DNS, connection tracking.
#include <fmt/format.h>

#include "incidents/kind.h"

namespace carrel::incidents {
namespace {

void service_selector(Scene& s) {
  Workload& w = s.victim();
  const std::string wrong = w.name + s.phrase({"-v2", "-new", "s"}, {"-blue", "-next", "-x"});
  w.service["spec"]["selector"]["app"] = wrong;
  s.decide(w.service["spec"]["selector"]["app"]);
  s.callers_fail(w);
  s.culprit("service", w.space, w.name);
  s.cause(w, "The Service {0} has no endpoints: its selector app={1} matches no pods (they carry app={0}).",
          {wrong}, {"Selector of Service {0} is wrong."});
  s.expect_name({w.name});
  s.expect({"selector"});
}

void service_port(Scene& s) {
  Workload& w = s.victim();
  const int wrong = w.port + s.random.between(1, 40);
  w.service["spec"]["ports"].at(0)["targetPort"] = wrong;
  s.decide(w.service["spec"]["ports"].at(0)["targetPort"]);
  s.callers_fail(w);
  s.culprit("service", w.space, w.name);
  s.cause(w, "The Service {0} sends to targetPort {1}, but the container listens on {2}.",
          {std::to_string(wrong), std::to_string(w.port)},
          {"targetPort {1} of Service {0} is wrong: nothing listens there."});
  s.expect_name({w.name});
  s.expect({"port"});
  s.expect({literal(std::to_string(wrong))});
}

void policy_denies(Scene& s) {
  Workload& w = s.victim();
  Workload& caller = s.caller_of(w);
  const std::string name =
      s.phrase({"deny-all", "restrict-ingress", "lockdown"}, {"isolate", "no-entry", "zero-trust"});
  Json& policy = s.put("network-policy", w.space, name);
  policy["spec"]["podSelector"]["matchLabels"] = Json::object({{"app", w.name}});
  policy["spec"]["policyTypes"] = Json::array({"Ingress"});
  policy["spec"]["ingress"] = Json::array({Json::object(
      {{"from",
        Json::array({Json::object(
            {{"podSelector", Json::object({{"matchLabels", Json::object({{"access", "granted"}})}})}})})}})});
  s.decide(policy["spec"]["ingress"].at(0)["from"].at(0)["podSelector"]["matchLabels"]["access"]);
  s.decide(policy["spec"]["podSelector"]["matchLabels"]["app"]);
  s.decide(policy["spec"]["policyTypes"].at(0));
  s.decide(policy["metadata"]["name"]);
  for (Pod& pod : caller.pods)
    s.repeat(
        pod, caller,
        {Level::error,
         s.phrase({"call to {0} failed: i/o timeout", "{0}: context deadline exceeded"},
                  {"{0} gave no answer within 10 s (ETIMEDOUT)", "connecting to {0}: timed out"}, {w.name})},
        15);
  s.noticed(caller);
  s.culprit("networkpolicy", w.space, name);
  s.cause(w, "The NetworkPolicy {1} lets only pods labelled access=granted reach {0}, so {2} times out.",
          {name, caller.name}, {"NetworkPolicy {1} blocks traffic to {0}."});
  s.expect_name({name});
  s.expect({"polic"});
}

void policy_egress_dns(Scene& s) {
  Workload& w = s.victim();
  const std::string name = s.phrase({"egress-internal", "limit-egress"}, {"outbound-rules", "egress-guard"});
  Json& policy = s.put("network-policy", w.space, name);
  policy["spec"]["podSelector"]["matchLabels"] = Json::object({{"app", w.name}});
  policy["spec"]["policyTypes"] = Json::array({"Egress"});
  policy["spec"]["egress"] = Json::array(
      {Json::object({{"ports", Json::array({Json::object({{"protocol", "TCP"}, {"port", 443}})})}})});
  s.decide(policy["spec"]["policyTypes"].at(0));
  s.decide(policy["spec"]["egress"].at(0)["ports"].at(0)["port"]);
  s.decide(policy["spec"]["podSelector"]["matchLabels"]["app"]);
  s.decide(policy["metadata"]["name"]);
  const std::string host = w.calls.empty() ? "db" : w.calls.front();
  for (Pod& pod : w.pods)
    s.repeat(
        pod, w,
        {Level::error,
         s.phrase({"lookup {0} on 10.96.0.10:53: read udp: i/o timeout", "getaddrinfo EAI_AGAIN {0}"},
                  {"name resolution of {0} timed out", "temporary failure in name resolution: {0}"}, {host})},
        20);
  s.unready(w);
  s.culprit("networkpolicy", w.space, name);
  s.cause(w, "The NetworkPolicy {1} allows {0} only TCP 443 outward, so its DNS lookups (port 53) time out.",
          {name}, {"Egress policy {1} blocks DNS of {0}."});
  s.expect_name({name});
  s.expect({"dns", "53", "egress"});
}

void dns_down(Scene& s) {
  Workload* dns = s.world.find("coredns");
  if (dns == nullptr) {
    Wish wish;
    wish.name = "coredns";
    wish.space = "kube-system";
    wish.runtime = Runtime::coredns;
    wish.service = false;
    dns = &add_workload(&s.world, wish);
  }
  Workload& w = s.victim();
  const std::string upstream = fmt::format("10.{}.0.2", s.random.between(1, 200));
  const std::string text =
      s.random.chance(50)
          ? fmt::format("plugin/errors: 2 {}. A: read udp 10.244.1.7:40711->{}:53: i/o timeout",
                        s.world.domain, upstream)
          : "plugin/loop: Loop (127.0.0.1:55953 -> :53) detected for zone \".\", see "
            "https://coredns.io/plugins/loop#troubleshooting";
  const bool loop = text.find("Loop") != std::string::npos;
  if (loop) {
    s.crash(*dns, 1, {{Level::fatal, text, true}});
  } else {
    for (Pod& pod : dns->pods) s.repeat(pod, *dns, {Level::error, text, true}, 25);
  }
  for (Pod& pod : w.pods)
    s.repeat(pod, w,
             {Level::error,
              s.phrase({"lookup {0}: server misbehaving", "getaddrinfo EAI_AGAIN {0}"},
                       {"resolving {0} failed: SERVFAIL", "Temporary failure in name resolution ({0})"},
                       {"api." + s.world.domain})},
             15);
  s.unready(w);
  s.culprit("deployment", "kube-system", "coredns");
  s.cause(w,
          loop ? "Name resolution fails because CoreDNS crashes: it detected a forwarding loop."
               : "Name resolution fails because CoreDNS gets no answer from its upstream {1} (i/o timeout).",
          {upstream}, {"CoreDNS does not resolve names, so {0} fails."});
  s.expect({"coredns", "dns"});
  s.expect({"loop", "upstream", "time-?out", "timed out", "not resolve", "resol"});
}

void host_wrong(Scene& s) {
  Workload& w = s.victim();
  const std::string right = w.calls.empty() ? "db" : w.calls.front();
  const std::string wrong = right + s.phrase({"x", "-old", "0"}, {"-legacy", "q", "-tmp"});
  const std::string host = fmt::format("{}.{}.svc.cluster.local", wrong, w.space);
  s.config_of(w)["UPSTREAM_HOST"] = host;
  s.decide(s.config_of(w)["UPSTREAM_HOST"]);
  const std::string text =
      s.phrase({"dial tcp: lookup {0} on 10.96.0.10:53: no such host", "getaddrinfo ENOTFOUND {0}"},
               {"host {0} is unknown (NXDOMAIN)", "java.net.UnknownHostException: {0}"}, {host});
  s.crash(w, 1, {{Level::info, "connecting"}, {Level::fatal, text, true}});
  s.callers_fail(w);
  s.cause(w, "{0} is configured with the host name {1}, which does not exist (there is {2}).", {host, right},
          {"{1} cannot be resolved: no such host, a wrong name in the configuration of {0}."});
  s.expect_name({wrong});
  s.expect({"no such host", "not (exist|found|resolve|be resolved)", "wrong", "does ?n[o']t (exist|resolve)",
            "doesn't exist", "unknown", "resol", "ENOTFOUND", "missing"});
}

void other_namespace(Scene& s) {
  Workload& w = s.victim();
  const std::string space = s.world.names.space();
  const std::string target = w.calls.empty() ? "db" : w.calls.front();
  const std::string host = fmt::format("{}.{}.svc.cluster.local", target, space);
  s.config_of(w)["TARGET_ADDR"] = host;
  s.decide(s.config_of(w)["TARGET_ADDR"]);
  const std::string text = s.phrase({"cannot resolve {0}: NXDOMAIN", "lookup {0}: no such host"},
                                    {"unknown host {0}", "{0}: Name or service not known"}, {host});
  for (Pod& pod : w.pods) s.repeat(pod, w, {Level::error, text, true}, 18);
  s.unready(w);
  s.callers_fail(w);
  s.cause(w, "{0} looks for {1} in namespace {2}, but it runs in {3}: the name cannot be resolved.",
          {target, space, w.space},
          {"Host {1}.{2} of {0} does not exist; the Service is in another namespace."});
  s.expect_name({space});
  s.expect({"resol", "no such host", "not (exist|known)", "namespace", "unknown", "does ?n[o']t exist",
            "doesn't exist", "NXDOMAIN"});
}

void conntrack_full(Scene& s) {
  Workload& w = s.victim();
  Node& node = s.worker();
  for (Pod& pod : w.pods) pod.node = node.name;
  s.repeat("host-logs/" + node.name + "/dmesg.log", {Style::kernel, node.name, 1},
           {Level::warn, "nf_conntrack: nf_conntrack: table full, dropping packet", true}, 30);
  for (Pod& pod : w.pods)
    s.repeat(
        pod, w,
        {Level::error, s.phrase({"connect: operation timed out (attempt 3)", "upstream timeout after 10s"},
                                {"handshake did not finish in time", "no reply from peer, dropped"})},
        15);
  s.culprit("node", "", node.name);
  s.cause(w, "The connection tracking table of node {1} is full, so packets of {0} are dropped.", {node.name},
          {"nf_conntrack: table full on {1}."});
  s.expect({"conntrack", "connection track"});
}

void proxy_broken(Scene& s) {
  Workload& w = s.victim();
  Node& node = s.worker();
  Wish wish;
  wish.kind = "DaemonSet";
  wish.name = "kube-proxy";
  wish.space = "kube-system";
  wish.runtime = Runtime::controller;
  wish.replicas = static_cast<int>(s.world.nodes.size());
  wish.service = false;
  Workload* found = s.world.find("kube-proxy");
  Workload& proxy = found == nullptr ? add_workload(&s.world, wish) : *found;
  for (Pod& pod : proxy.pods)
    s.repeat(pod, proxy,
             {Level::error,
              "\"Failed to execute iptables-restore\" err=\"exit status 4: Another app is currently holding "
              "the xtables lock\"",
              true},
             20);
  s.callers_fail(w);
  s.culprit("daemonset", "kube-system", "kube-proxy");
  s.cause(
      w,
      "kube-proxy cannot write its iptables rules (xtables lock is held), so the Service {0} leads nowhere.",
      {node.name}, {"iptables-restore of kube-proxy fails."});
  s.expect({"kube-proxy", "iptables", "xtables"});
}

}  // namespace

Kinds network_kinds() {
  return {
      {"service-selector", "network", "the selector of a Service matches no pods", service_selector},
      {"service-port", "network", "the Service sends to a port that nothing listens on", service_port},
      {"policy-denies", "network", "a NetworkPolicy keeps the callers out", policy_denies},
      {"policy-dns", "network", "an egress policy forgets DNS", policy_egress_dns},
      {"dns-down", "network", "CoreDNS loops or gets no answer from its upstream", dns_down},
      {"host-wrong", "network", "a configured host name does not exist", host_wrong},
      {"host-other-namespace", "network", "a configured host is in another namespace", other_namespace},
      {"conntrack-full", "network", "the node's connection tracking table is full", conntrack_full},
      {"kube-proxy-broken", "network", "kube-proxy cannot write its rules", proxy_broken, true},
  };
}

}  // namespace carrel::incidents
