#include "room/evidence/needs.h"

#include <algorithm>
#include <cctype>

#include <fmt/format.h>

#include "base/text.h"
#include "record/limits.h"

namespace carrel {
namespace {

bool optional(const Value& reference) {
  return reference["optional"].is_true();
}

void add_volume(const Value& volume, const Value& user, std::vector<Need>* out) {
  const auto add = [&](const char* kind, const Value& source, const Value& name) {
    // The cluster itself puts this one into every namespace.
    if (name.text().empty() || name.text() == "kube-root-ca.crt" || optional(source)) return;
    const std::string text = fmt::format("volume {}", user.text());
    out->push_back({kind, &name, nullptr, text, &user});
    for (const Value& item : source["items"].items) out->push_back({kind, &name, &item["key"], text, &user});
  };
  add("configmap", volume["configMap"], volume["configMap"]["name"]);
  const Value& secret = volume["secret"];
  add("secret", secret, secret["secretName"].exists() ? secret["secretName"] : secret["name"]);
  for (const Value& source : volume["projected"]["sources"].items) add_volume(source, user, out);
}

bool is_host_character(char c) {
  return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '-' || c == '.';
}

bool looks_like_host(std::string_view host) {
  if (host.size() < 2 || host.size() > limit::name || host.front() == '-' || host.back() == '-' ||
      host.back() == '.') {
    return false;
  }
  return std::any_of(host.begin(), host.end(), [](char c) { return c >= 'a' && c <= 'z'; });
}

// "host:port" at the start of `text`.
bool read_host(std::string_view text, Mention* mention) {
  std::size_t end = 0;
  while (end < text.size() && is_host_character(text[end])) ++end;
  // A name that goes on in other letters is a variable or a file.
  if (end < text.size() && (std::isalnum(static_cast<unsigned char>(text[end])) || text[end] == '_'))
    return false;
  mention->host = std::string(text.substr(0, end));
  mention->port = 0;
  if (end < text.size() && text[end] == ':') {
    std::size_t at = end + 1;
    while (at < text.size() && at < end + 6 && text[at] >= '0' && text[at] <= '9') {
      mention->port = mention->port * 10 + (text[at++] - '0');
    }
  }
  return looks_like_host(mention->host);
}

void hosts_in(const Value& place, std::string_view variable, std::vector<Mention>* out) {
  const std::string_view text = place.text();
  bool found = false;
  for (std::size_t at = text.find("://"); at != std::string_view::npos; at = text.find("://", at + 3)) {
    std::string_view rest = text.substr(at + 3);
    const auto slash = rest.find_first_of("/ \"'\n?");
    const auto user = rest.find('@');
    if (user != std::string_view::npos && (slash == std::string_view::npos || user < slash))
      rest = rest.substr(user + 1);
    Mention mention;
    mention.place = &place;
    mention.sure = true;
    if (read_host(rest, &mention)) out->push_back(mention);
    found = true;
  }
  if (found || variable.empty()) return;
  const std::string name = to_lower(variable);
  const bool says_host = name.ends_with("host") || name.ends_with("hostname") || name.ends_with("server") ||
                         name.ends_with("addr") || name.ends_with("address") || name.ends_with("endpoint") ||
                         name.ends_with("_url") || name.ends_with("_service") || name.ends_with("servers") ||
                         name.ends_with("brokers");
  Mention mention;
  mention.place = &place;
  if (!says_host || !read_host(text, &mention)) return;
  // The whole value is a host, or a list that begins with one.
  const std::size_t length = mention.host.size();
  if (length < text.size() && text[length] != ':' && text[length] != ',' && text[length] != '/') return;
  out->push_back(mention);
}

// Words of a shell script; quotes and separators part them.
std::vector<std::string_view> shell_words(std::string_view text) {
  constexpr std::string_view separators = " \t\n;|&()'\"`<>";
  std::vector<std::string_view> words;
  std::size_t at = text.find_first_not_of(separators);
  while (at != std::string_view::npos) {
    std::size_t end = text.find_first_of(separators, at);
    if (end == std::string_view::npos) end = text.size();
    words.push_back(text.substr(at, end - at));
    at = text.find_first_not_of(separators, end);
  }
  return words;
}

std::int64_t port_of(std::string_view text) {
  std::int64_t port = 0;
  for (const char c : text) {
    if (c < '0' || c > '9' || port > 65535) return 0;
    port = port * 10 + (c - '0');
  }
  return port > 65535 ? 0 : port;
}

// Hosts that tools are given as arguments: "nc -zv db 5432", "psql -h db", "nslookup db", "curl
// api:8080/health".
void hosts_of_tools(const Value& place, std::vector<Mention>* out) {
  static constexpr std::string_view tools[] = {"nc",   "telnet", "nslookup", "ping", "curl",
                                               "wget", "getent", "dig",      "host"};
  static constexpr std::string_view clients[] = {"psql",      "pg_isready", "mysql",  "mysqladmin",
                                                 "redis-cli", "mongo",      "mongosh"};
  const std::vector<std::string_view> words = shell_words(place.text());
  for (std::size_t i = 0; i < words.size(); ++i) {
    const std::string_view tool =
        words[i].substr(words[i].rfind('/') == std::string_view::npos ? 0 : words[i].rfind('/') + 1);
    const bool takes_host = std::find(std::begin(tools), std::end(tools), tool) != std::end(tools);
    const bool takes_option = std::find(std::begin(clients), std::end(clients), tool) != std::end(clients);
    if (!takes_host && !takes_option) continue;
    Mention mention;
    mention.place = &place;
    mention.sure = true;
    for (std::size_t j = i + 1; j < words.size() && j < i + 8; ++j) {
      const std::string_view word = words[j];
      if (takes_option) {
        if (word == "-h" || word == "--host") {
          if (j + 1 < words.size() && read_host(words[j + 1], &mention)) out->push_back(mention);
          break;
        }
        if (word.substr(0, 7) == "--host=") {
          if (read_host(word.substr(7), &mention)) out->push_back(mention);
          break;
        }
        continue;
      }
      // Options come first; a path, a variable or a URL (found elsewhere) is no host.
      if (word[0] == '-' || port_of(word) > 0 || word == "hosts" || word == "ahosts" || word == "GET" ||
          word == "POST")
        continue;
      const bool bare =
          tool == "nc" || tool == "telnet" || tool == "nslookup" || tool == "getent" || tool == "ping";
      if (!read_host(word, &mention) || word.find("://") != std::string_view::npos) break;
      if (!bare && mention.port == 0) break;
      if (mention.port == 0 && j + 1 < words.size()) mention.port = port_of(words[j + 1]);
      out->push_back(mention);
      break;
    }
  }
}

// NAME_PORT beside NAME_HOST; its value, or null.
const Value* sibling_port(const Value& variables, std::string_view name) {
  const std::string folded = to_lower(name);
  const auto at = folded.rfind("host");
  if (at == std::string::npos) return nullptr;
  const std::string wanted = folded.substr(0, at) + "port";
  for (const Value& variable : variables.items) {
    if (to_lower(variable["name"].text()) == wanted) return &variable["value"];
  }
  for (const auto& [key, value] : variables.members) {
    if (to_lower(key) == wanted) return &value;
  }
  return nullptr;
}

void hosts_of_variable(const Value& variables, std::string_view name, const Value& value,
                       std::vector<Mention>* out) {
  const std::size_t before = out->size();
  hosts_in(value, name, out);
  if (out->size() != before + 1 || out->back().port != 0) return;
  if (const Value* port = sibling_port(variables, name); port != nullptr) {
    out->back().port = port_of(port->text());
    out->back().port_place = port;
  }
}

}  // namespace

std::vector<Need> needs_of(const Value& pod_spec) {
  std::vector<Need> found;
  for (const char* list : {"initContainers", "containers"}) {
    for (const Value& container : pod_spec[list].items) {
      for (const Value& variable : container["env"].items) {
        const std::string use = fmt::format("env {}", variable["name"].text());
        const Value& from = variable["valueFrom"];
        for (const auto& [kind, key] :
             {std::pair{"configmap", "configMapKeyRef"}, std::pair{"secret", "secretKeyRef"}}) {
          const Value& reference = from[key];
          if (!reference["name"].text().empty() && !optional(reference)) {
            found.push_back({kind, &reference["name"],
                             reference["key"].exists() ? &reference["key"] : nullptr, use,
                             &variable["name"]});
          }
        }
      }
      for (const Value& source : container["envFrom"].items) {
        for (const auto& [kind, key] :
             {std::pair{"configmap", "configMapRef"}, std::pair{"secret", "secretRef"}}) {
          const Value& reference = source[key];
          if (!reference["name"].text().empty() && !optional(reference)) {
            found.push_back({kind, &reference["name"], nullptr, "envFrom", nullptr});
          }
        }
      }
    }
  }
  for (const Value& volume : pod_spec["volumes"].items) add_volume(volume, volume["name"], &found);
  for (const Value& secret : pod_spec["imagePullSecrets"].items) {
    if (!secret["name"].text().empty())
      found.push_back({"secret", &secret["name"], nullptr, "imagePullSecrets", nullptr});
  }
  const Value& account = pod_spec["serviceAccountName"];
  if (!account.text().empty() && account.text() != "default") {
    found.push_back({"serviceaccount", &account, nullptr, "serviceAccountName", nullptr});
  }
  return found;
}

std::vector<Mention> hosts_of(const Value& pod_spec) {
  std::vector<Mention> found;
  for (const char* list : {"initContainers", "containers"}) {
    for (const Value& container : pod_spec[list].items) {
      for (const Value& variable : container["env"].items) {
        hosts_of_variable(container["env"], variable["name"].text(), variable["value"], &found);
      }
      for (const char* words : {"command", "args"}) {
        for (const Value& word : container[words].items) {
          hosts_in(word, {}, &found);
          hosts_of_tools(word, &found);
        }
      }
    }
  }
  // What the pod's own hosts file has needs no Service.
  std::erase_if(found, [&](const Mention& mention) {
    return std::ranges::any_of(pod_spec["hostAliases"].items, [&](const Value& alias) {
      return std::ranges::any_of(alias["hostnames"].items,
                                 [&](const Value& name) { return name.text() == mention.host; });
    });
  });
  return found;
}

std::vector<Mention> hosts_of_data(const Value& data) {
  std::vector<Mention> found;
  for (const auto& [key, value] : data.members) hosts_of_variable(data, key, value, &found);
  return found;
}

std::vector<std::pair<std::string, const Value*>> demanded_variables(const Value& container) {
  std::vector<std::pair<std::string, const Value*>> found;
  const auto read_name = [](std::string_view text) {
    std::size_t end = 0;
    while (end < text.size() && (std::isupper(static_cast<unsigned char>(text[end])) || text[end] == '_' ||
                                 (end > 0 && std::isdigit(static_cast<unsigned char>(text[end]))))) {
      ++end;
    }
    return std::string(text.substr(0, end));
  };
  for (const char* words : {"command", "args"}) {
    for (const Value& word : container[words].items) {
      const std::string_view text = word.text();
      for (const std::string_view test : {"-z \"$", "-z \"${", "-z $", "-z ${"}) {
        for (auto at = text.find(test); at != std::string_view::npos; at = text.find(test, at + 1)) {
          const std::string name = read_name(text.substr(at + test.size()));
          if (name.size() > 1) found.emplace_back(name, &word);
        }
      }
      for (auto at = text.find("${"); at != std::string_view::npos; at = text.find("${", at + 2)) {
        const std::string name = read_name(text.substr(at + 2));
        if (name.size() > 1 && text.substr(at + 2 + name.size(), 2) == ":?") found.emplace_back(name, &word);
      }
    }
  }
  return found;
}

std::string text_of_use(const Value& container) {
  std::string text;
  for (const char* words : {"command", "args"}) {
    for (const Value& word : container[words].items) text += word.scalar + "\n";
  }
  for (const Value& variable : container["env"].items) text += variable["value"].scalar + "\n";
  return text;
}

std::vector<std::string> paths_in(std::string_view text) {
  std::vector<std::string> paths;
  for (std::size_t at = 0; at < text.size(); ++at) {
    const bool starts =
        text[at] == '/' &&
        (at == 0 || std::string_view(" \"'\n=(<`[;|&\t").find(text[at - 1]) != std::string_view::npos);
    if (!starts) continue;
    std::size_t end = at;
    while (end < text.size() && (std::isalnum(static_cast<unsigned char>(text[end])) ||
                                 std::string_view("/._-*").find(text[end]) != std::string_view::npos)) {
      ++end;
    }
    std::string path(text.substr(at, end - at));
    while (path.size() > 1 && (path.back() == '/' || path.back() == '.')) path.pop_back();
    if (path.size() > 1) paths.push_back(std::move(path));
    at = end;
  }
  return paths;
}

}  // namespace carrel
