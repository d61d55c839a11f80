// Traffic from outside and between services: ingress, TLS, time.
#include <fmt/format.h>

#include "incidents/kind.h"

namespace carrel::incidents {
namespace {

Json& ingress_to(Scene& s, const Workload& w, const std::string& service) {
  Json& made = s.put("ingress", w.space, w.name);
  made["spec"]["ingressClassName"] = "nginx";
  if (s.world.objects[{"ingress-classes", ""}].empty()) {
    Json& known = s.put("ingress-classes", "", "nginx");
    known["spec"]["controller"] = "k8s.io/ingress-nginx";
  }
  Json path = Json::object({{"path", "/"}, {"pathType", "Prefix"}});
  path["backend"]["service"] =
      Json::object({{"name", service}, {"port", Json::object({{"number", w.port}})}});
  made["spec"]["rules"] =
      Json::array({Json::object({{"host", w.name + "." + s.world.domain},
                                 {"http", Json::object({{"paths", Json::array({std::move(path)})}})}})});
  return made;
}

void ingress_backend(Scene& s) {
  Workload& w = s.victim();
  const std::string wrong = w.name + s.phrase({"-svc", "-http"}, {"-endpoint", "-public"});
  Json& ingress = ingress_to(s, w, wrong);
  s.decide(ingress["spec"]["rules"].at(0)["http"]["paths"].at(0)["backend"]["service"]["name"]);
  Wish wish;
  wish.name = "ingress-nginx-controller";
  wish.space = "ingress-nginx";
  wish.runtime = Runtime::controller;
  wish.service = false;
  wish.replicas = 1;
  Workload& controller = add_workload(&s.world, wish);
  s.repeat(controller.pods.front(), controller,
           {Level::warn,
            fmt::format("Error obtaining Endpoints for Service \"{0}/{1}\": no object matching key "
                        "\"{0}/{1}\" in local store",
                        w.space, wrong),
            true},
           20);
  s.culprit("ingress", w.space, w.name);
  s.cause(w, "The Ingress {0} names the Service {1}, which does not exist.", {wrong},
          {"Backend Service {1} of the Ingress is missing, so it answers 503."});
  s.expect_name({wrong});
  s.expect(
      {"not exist", "missing", "not found", "does ?n[o']t exist", "doesn't exist", "no object", "no such"});
}

void ingress_class(Scene& s) {
  Workload& w = s.victim();
  Json& ingress = ingress_to(s, w, w.name);
  const std::string wrong = s.phrase({"nginx-internal", "traefik-ext"}, {"haproxy-public", "contour-edge"});
  ingress["spec"]["ingressClassName"] = wrong;
  s.decide(ingress["spec"]["ingressClassName"]);
  s.culprit("ingress", w.space, w.name);
  s.cause(
      w,
      "The Ingress {0} has the class {1}, which does not exist (there is nginx), so no controller serves it.",
      {wrong}, {"IngressClass {1} is missing."});
  s.expect_name({wrong});
  s.expect({"class"});
}

void certificate_expired(Scene& s) {
  Workload& w = s.victim();
  Workload& caller = s.caller_of(w);
  const std::string until = rfc3339(s.world.trouble);
  const std::string text = s.phrase({"tls: failed to verify certificate: x509: certificate has expired or is "
                                     "not yet valid: current time {0} is after {1}",
                                     "x509: certificate has expired: {1} is before {0}"},
                                    {"CERT_HAS_EXPIRED: certificate valid until {1}",
                                     "SSL: CERTIFICATE_VERIFY_FAILED certificate has expired (notAfter={1})"},
                                    {rfc3339(s.world.now), until});
  for (Pod& pod : caller.pods)
    s.repeat(pod, caller, {Level::error, fmt::format("request to https://{}: {}", w.name, text), true}, 20);
  s.unready(caller);
  s.noticed(caller);
  s.cause(w, "The TLS certificate of {0} has expired ({1}), so {2} refuses to talk to it.",
          {until, caller.name}, {"x509: the certificate of {0} is expired."});
  s.expect_name({w.name, caller.name});
  s.expect({"expired"});
  s.expect({"certificate", "x509", "tls", "CERT"});
}

void authority_unknown(Scene& s) {
  Workload& w = s.victim();
  Workload& caller = s.caller_of(w);
  const std::string text =
      s.phrase({"x509: certificate signed by unknown authority", "unable to get local issuer certificate"},
               {"SELF_SIGNED_CERT_IN_CHAIN: self-signed certificate in certificate chain",
                "PKIX path building failed: unable to find valid certification path to requested target"});
  for (Pod& pod : caller.pods)
    s.repeat(pod, caller, {Level::error, fmt::format("https://{}.{}.svc: {}", w.name, w.space, text), true},
             20);
  s.unready(caller);
  s.noticed(caller);
  s.cause(caller, "{0} does not trust the certificate of {1}: it was signed by an authority unknown to it.",
          {w.name}, {"TLS from {0} to {1} fails: unknown authority."});
  s.expect_name({w.name, caller.name});
  s.expect({"authority", "trust", "issuer", "self-?signed", "certification path", "certificate"});
}

void name_not_in_certificate(Scene& s) {
  Workload& w = s.victim();
  Workload& caller = s.caller_of(w);
  const std::string host = fmt::format("{}.{}.svc", w.name, w.space);
  const std::string text = s.phrase({"x509: certificate is valid for {1}, not {0}"},
                                    {"ERR_TLS_CERT_ALTNAME_INVALID: Hostname/IP does not match certificate's "
                                     "altnames: Host: {0}. is not in the cert's altnames: DNS:{1}"},
                                    {host, w.name + "." + s.world.domain});
  for (Pod& pod : caller.pods) s.repeat(pod, caller, {Level::error, text, true}, 20);
  s.unready(caller);
  s.noticed(caller);
  s.cause(w, "The certificate of {0} is not valid for the name {1} that {2} uses.", {host, caller.name},
          {"Host name {1} does not match the certificate's names."});
  s.expect_name({w.name, host, caller.name});
  s.expect({"certificate", "x509", "tls"});
  s.expect({"not valid for", "valid for", "match", "altname", "name"});
}

void clock_skew(Scene& s) {
  Workload& w = s.victim();
  Node& node = s.worker();
  for (Pod& pod : w.pods) pod.node = node.name;
  const int seconds = s.random.between(200, 4000);
  s.repeat(
      "host-logs/" + node.name + "/chronyd.log", {Style::syslog, node.name + " chronyd[512]:", 1},
      {Level::warn,
       fmt::format("System clock wrong by {}.{} seconds", seconds, s.random.between(100000, 999999)), true},
      4);
  for (Pod& pod : w.pods)
    s.repeat(pod, w,
             {Level::error,
              s.phrase({"token rejected: used before issued", "jwt not active yet (nbf in the future)"},
                       {"signature refused: request time too skewed",
                        "credential is not valid yet, check the clock"}),
              true},
             14);
  s.unready(w);
  s.culprit("node", "", node.name);
  s.cause(w,
          "The clock of node {1} is wrong by about {2} s, so the tokens that {0} gets look as if they were "
          "not valid yet.",
          {node.name, std::to_string(seconds)}, {"Clock skew on {1}."});
  s.expect_name({w.name, node.name});
  s.expect({"clock", "skew", "time (is|of)"});
}

void certificate_not_issued(Scene& s) {
  Workload& w = s.victim();
  const std::string name = w.name + "-tls";
  const std::string issuer = s.phrase({"letsencrypt-prod", "corp-issuer"}, {"acme-main", "internal-pki"});
  Json& certificate = s.put("certificates", w.space, name);
  certificate["spec"] =
      Json::object({{"secretName", name},
                    {"issuerRef", Json::object({{"kind", "ClusterIssuer"}, {"name", issuer}})},
                    {"dnsNames", Json::array({w.name + "." + s.world.domain})}});
  const std::string why = fmt::format(
      "Referenced \"ClusterIssuer\" not found: clusterissuer.cert-manager.io \"{}\" not found", issuer);
  certificate["status"]["conditions"] =
      Json::array({Json::object({{"type", "Ready"},
                                 {"status", "False"},
                                 {"reason", "DoesNotExist"},
                                 {"message", "Issuing certificate as Secret does not exist"}})});
  s.decide(s.event("CertificateRequest", w.space, name + "-1", "IssuerNotFound", why, 30,
                   "cert-manager-certificaterequests-issuer-acme", "Normal"));
  s.decide(certificate["spec"]["issuerRef"]["name"]);
  w.spec["volumes"].add(Json::object({{"name", "tls"}, {"secret", Json::object({{"secretName", name}})}}));
  s.decide(w.spec["volumes"].items().back()["secret"]["secretName"]);
  s.decide(s.hold(w, "",
                  fmt::format("MountVolume.SetUp failed for volume \"tls\" : secret \"{}\" not found", name),
                  "FailedMount"));
  s.callers_fail(w);
  s.label.difficulty = "hard";
  s.culprit("certificate", w.space, name);
  s.cause(w,
          "{0} cannot mount the Secret {1}: cert-manager cannot issue it, because the ClusterIssuer {2} does "
          "not exist.",
          {name, issuer}, {"ClusterIssuer {2} is missing, so the certificate {1} is not issued."});
  s.expect_name({name, issuer});
  s.expect(saying::missing);
}

void body_too_large(Scene& s) {
  Workload& w = s.front();
  for (Pod& pod : w.pods)
    s.repeat(pod, w,
             {Level::error,
              fmt::format("*{} client intended to send too large body: {} bytes, client: 10.1.2.{}, server: "
                          "_, request: \"POST {} HTTP/1.1\"",
                          s.random.between(100, 9000), s.random.between(2000000, 90000000),
                          s.random.between(2, 250), s.random.pick(s.words.routes)),
              true},
             25);
  s.noticed(w);
  s.cause(w,
          "The proxy {0} refuses uploads because their body is larger than its limit (client intended to "
          "send too large body).",
          {}, {"{0} answers 413: client_max_body_size is too small."});
  s.expect_name({w.name});
  s.expect({"too large", "body", "413"});
}

}  // namespace

Kinds traffic_kinds() {
  return {
      {"ingress-backend-missing", "traffic", "the Ingress names a Service that does not exist",
       ingress_backend},
      {"ingress-class-missing", "traffic", "no controller serves the class of the Ingress", ingress_class},
      {"certificate-expired", "traffic", "the TLS certificate of a service has expired", certificate_expired},
      {"certificate-authority", "traffic", "the certificate's authority is not trusted", authority_unknown},
      {"certificate-name", "traffic", "the certificate is for another name", name_not_in_certificate},
      {"certificate-not-issued", "traffic", "cert-manager cannot issue: its issuer does not exist",
       certificate_not_issued},
      {"clock-skew", "traffic", "the clock of a node is wrong", clock_skew},
      {"body-too-large", "traffic", "the proxy refuses large uploads", body_too_large, true},
  };
}

}  // namespace carrel::incidents
