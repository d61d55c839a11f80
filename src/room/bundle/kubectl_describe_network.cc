// Services, Endpoints, Ingresses and NetworkPolicies of `kubectl describe`.
#include <string>
#include <utility>

#include "base/text.h"
#include "room/bundle/kubectl_describe.h"
#include "room/bundle/kubectl_value.h"

namespace carrel::kubectl {
namespace {

// "http  80/TCP", "<unset>  80/TCP", "8080/TCP"
void set_port(std::string_view text, const char* field, std::uint32_t line, Value* port) {
  const std::vector<std::string_view> words = split(text, ' ');
  if (words.empty()) return;
  const std::string_view number = words.back();
  const std::size_t slash = number.find('/');
  if (words.size() > 1 && std::string_view(field) == "port") set_text(port, {"name"}, words.front(), line);
  const std::string_view bare = number.substr(0, slash);
  if (!bare.empty() && bare.find_first_not_of("0123456789") == std::string_view::npos) {
    set_number(port, {field}, bare, line);
  } else {
    set_text(port, {field}, bare, line);  // a target port may be a name
  }
  if (slash != std::string_view::npos && std::string_view(field) == "port") {
    set_text(port, {"protocol"}, number.substr(slash + 1), line);
  }
}

void describe_service(const Part& root, Value* object) {
  const auto text = [&](const char* key, std::initializer_list<std::string_view> path) {
    set_text(object, path, root.child(key).value(), root.child(key).line());
  };
  text("Type", {"spec", "type"});
  text("IP", {"spec", "clusterIP"});
  text("External Name", {"spec", "externalName"});
  text("External Traffic Policy", {"spec", "externalTrafficPolicy"});
  describe_pairs(root.child("Selector"), {"spec", "selector"}, object);
  const Part balancer = root.child("LoadBalancer Ingress");
  if (balancer) {
    set_text(&append(object, {"status", "loadBalancer", "ingress"}, empty_object(balancer.line())), {"ip"},
             balancer.value().substr(0, balancer.value().find(' ')), balancer.line());
  }
  Value port;
  const auto close = [&] {
    if (port.exists()) append(object, {"spec", "ports"}, std::exchange(port, Value()));
  };
  for (const Part& line : root.children()) {
    if (line.key() == "Port") {
      close();
      port = empty_object(line.line());
      set_port(line.value(), "port", line.line(), &port);
    } else if (line.key() == "TargetPort" && port.exists()) {
      set_port(line.value(), "targetPort", line.line(), &port);
    } else if (line.key() == "NodePort" && port.exists()) {
      set_port(line.value(), "nodePort", line.line(), &port);
    }
  }
  close();
}

void add_addresses(const Part& part, const char* field, Value* subset) {
  if (is_nothing(part.value())) return;
  for (const std::string_view address : split(part.value(), ',')) {
    set_text(&append(subset, {field}, empty_object(part.line())), {"ip"}, address, part.line());
  }
}

void describe_endpoints(const Part& root, Value* object) {
  const Part subsets = root.child("Subsets");
  if (!subsets) return;
  set_value(object, {"subsets"}, empty_array(subsets.line()));
  Value subset;
  const auto close = [&] {
    if (subset.exists()) append(object, {"subsets"}, std::exchange(subset, Value()));
  };
  for (const Part& line : subsets.children()) {
    if (line.key() == "Addresses") {
      close();
      subset = empty_object(line.line());
      add_addresses(line, "addresses", &subset);
    } else if (line.key() == "NotReadyAddresses") {
      if (!subset.exists()) subset = empty_object(line.line());
      add_addresses(line, "notReadyAddresses", &subset);
    } else if (line.key() == "Ports") {
      const DescribedTable table(line);
      for (const auto& row : table.rows()) {
        Value& port = append(&subset, {"ports"}, empty_object(row.line));
        set_text(&port, {"name"}, table.cell(row, "Name"), row.line);
        set_number(&port, {"port"}, table.cell(row, "Port"), row.line);
        set_text(&port, {"protocol"}, table.cell(row, "Protocol"), row.line);
      }
    }
  }
  close();
}

// "web:80 (10.0.0.1:8080)", "web:http (<error: endpoints "web" not found>)"
void set_backend(std::string_view text, std::uint32_t line, Value* backend) {
  text = text.substr(0, text.find(' '));
  const std::size_t colon = text.rfind(':');
  if (colon == std::string_view::npos) return;
  const std::string_view port = text.substr(colon + 1);
  set_text(backend, {"service", "name"}, text.substr(0, colon), line);
  if (port.find_first_not_of("0123456789") == std::string_view::npos) {
    set_number(backend, {"service", "port", "number"}, port, line);
  } else {
    set_text(backend, {"service", "port", "name"}, port, line);
  }
}

//   Host        Path  Backends
//   ----        ----  --------
//   shop.test
//               /     web:80 (10.0.0.1:8080)
void describe_ingress_rules(const Part& part, Value* object) {
  for (const Part::Word& word : part.lines_below()) {
    const std::vector<std::string_view> cells = split_columns(word.text);
    if (cells.empty() || cells[0] == "Host" || cells[0].starts_with("---")) continue;
    if (cells.size() == 1 && !cells[0].starts_with('/')) {
      Value& rule = append(object, {"spec", "rules"}, empty_object(word.line));
      if (cells[0] != "*") set_text(&rule, {"host"}, cells[0], word.line);
      continue;
    }
    Value& rules = member(object, {"spec", "rules"});
    if (rules.items.empty()) append(object, {"spec", "rules"}, empty_object(word.line));
    Value& rule = member(object, {"spec", "rules"}).items.back();
    Value& path = append(&rule, {"http", "paths"}, empty_object(word.line));
    const bool has_path = cells[0].starts_with('/') && cells.size() > 1;
    if (has_path) set_text(&path, {"path"}, cells[0], word.line);
    set_backend(has_path ? cells[1] : cells[0], word.line, &member(&path, {"backend"}));
  }
}

void describe_ingress(const Part& root, Value* object) {
  const Part of_class = root.child("Ingress Class");
  set_text(object, {"spec", "ingressClassName"}, of_class.value(), of_class.line());
  const Part backend =
      root.child("Default backend") ? root.child("Default backend") : root.child("Default Backend");
  // What stands in for it where the ingress has none.
  if (!is_nothing(backend.value()) && !backend.value().starts_with("<") &&
      !backend.value().starts_with("default-http-backend:")) {
    set_backend(backend.value(), backend.line(), &member(object, {"spec", "defaultBackend"}));
  }
  for (const Part& line : root.child("TLS").children()) {
    const std::string_view text = line.text();
    const std::size_t ends = text.find(" terminates ");
    if (ends == std::string_view::npos) continue;
    Value& tls = append(object, {"spec", "tls"}, empty_object(line.line()));
    if (text.substr(0, ends) != "SNI routes")
      set_text(&tls, {"secretName"}, text.substr(0, ends), line.line());
    for (const std::string_view host : split(text.substr(ends + 12), ',')) {
      append(&tls, {"hosts"}, text_value(host, line.line()));
    }
  }
  const Part address = root.child("Address");
  if (!is_nothing(address.value())) {
    set_text(&append(object, {"status", "loadBalancer", "ingress"}, empty_object(address.line())), {"ip"},
             address.value(), address.line());
  }
  describe_ingress_rules(root.child("Rules"), object);
}

// The lines below "Allowing ingress traffic:" or "Allowing egress traffic:". Rules are parted by lines of
// dashes:
//   To Port: 80/TCP
//   From:
//     NamespaceSelector: team=web
//     PodSelector: app=front
//   ----------
//   To Port: <any> (traffic allowed to all ports)
//   From: <any> (traffic not restricted by source)
void describe_traffic(const Part& part, const char* direction, Value* object) {
  set_value(object, {"spec", direction}, empty_array(part.line()));
  const char* peers = std::string_view(direction) == "ingress" ? "from" : "to";
  Value rule;
  Value peer;
  const auto close_peer = [&] {
    if (peer.exists()) append(&rule, {peers}, std::exchange(peer, Value()));
  };
  const auto close_rule = [&] {
    close_peer();
    if (rule.exists()) append(object, {"spec", direction}, std::exchange(rule, Value()));
  };
  for (const Part::Word& word : part.lines_below()) {
    std::string_view text = word.text;
    if (text.starts_with("<none>")) return;
    if (text.starts_with("---")) {
      close_rule();
      continue;
    }
    if (!rule.exists()) rule = empty_object(word.line);
    if (take_prefix(&text, "To Port:")) {
      text = trim(text);
      if (text.starts_with("<any>")) continue;
      const std::size_t slash = text.find('/');
      Value& port = append(&rule, {"ports"}, empty_object(word.line));
      set_text(&port, {"port"}, text.substr(0, slash), word.line);
      if (slash != std::string_view::npos) set_text(&port, {"protocol"}, text.substr(slash + 1), word.line);
    } else if (text.starts_with("From:") || text.starts_with("To:")) {
      close_peer();
    } else if (take_prefix(&text, "PodSelector:") || take_prefix(&text, "NamespaceSelector:")) {
      const bool pods = word.text.starts_with("Pod");
      const char* field = pods ? "podSelector" : "namespaceSelector";
      if (!peer.exists()) peer = empty_object(word.line);
      set_value(&peer, {field}, empty_object(word.line));
      if (!trim(text).starts_with("<none>")) set_selector(&peer, {field}, trim(text), word.line);
    } else if (text == "IPBlock:") {
      close_peer();
      peer = empty_object(word.line);
    } else if (take_prefix(&text, "CIDR:")) {
      if (!peer.exists()) peer = empty_object(word.line);
      set_text(&peer, {"ipBlock", "cidr"}, text, word.line);
    } else if (take_prefix(&text, "Except:")) {
      for (const std::string_view block : split(text, ',')) {
        append(&peer, {"ipBlock", "except"}, text_value(block, word.line));
      }
    }
  }
  close_rule();
}

void describe_policy(const Part& root, Value* object) {
  const Part spec = root.child("Spec");
  if (!spec) return;
  const Part selector = spec.child("PodSelector");
  set_value(object, {"spec", "podSelector"}, empty_object(selector.line()));
  if (!selector.value().starts_with("<none>")) {
    set_selector(object, {"spec", "podSelector"}, selector.value(), selector.line());
  }
  for (const Part& line : spec.children()) {
    if (line.key() == "Allowing ingress traffic") describe_traffic(line, "ingress", object);
    if (line.key() == "Allowing egress traffic") describe_traffic(line, "egress", object);
  }
  const Part types = spec.child("Policy Types");
  for (const std::string_view type : split(types.value(), ',')) {
    append(object, {"spec", "policyTypes"}, text_value(type, types.line()));
  }
}

}  // namespace

bool describe_network(const std::string& kind, const Part& root, Value* object) {
  if (kind == "service") {
    describe_service(root, object);
  } else if (kind == "endpoints") {
    describe_endpoints(root, object);
  } else if (kind == "ingress") {
    describe_ingress(root, object);
  } else if (kind == "networkpolicy") {
    describe_policy(root, object);
  } else {
    return false;
  }
  return true;
}

}  // namespace carrel::kubectl
