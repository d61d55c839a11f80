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

void add_volume(const Value& volume, std::string_view use, std::vector<Need>* out) {
  const auto add = [&](const char* kind, const Value& source, const Value& name) {
    // The cluster itself puts this one into every namespace.
    if (name.text().empty() || name.text() == "kube-root-ca.crt" || optional(source)) return;
    const std::string text = fmt::format("volume {}", use);
    out->push_back({kind, &name, nullptr, text});
    for (const Value& item : source["items"].items) out->push_back({kind, &name, &item["key"], text});
  };
  add("configmap", volume["configMap"], volume["configMap"]["name"]);
  const Value& secret = volume["secret"];
  add("secret", secret, secret["secretName"].exists() ? secret["secretName"] : secret["name"]);
  for (const Value& source : volume["projected"]["sources"].items) add_volume(source, use, out);
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
            found.push_back(
                {kind, &reference["name"], reference["key"].exists() ? &reference["key"] : nullptr, use});
          }
        }
      }
      for (const Value& source : container["envFrom"].items) {
        for (const auto& [kind, key] :
             {std::pair{"configmap", "configMapRef"}, std::pair{"secret", "secretRef"}}) {
          const Value& reference = source[key];
          if (!reference["name"].text().empty() && !optional(reference)) {
            found.push_back({kind, &reference["name"], nullptr, "envFrom"});
          }
        }
      }
    }
  }
  for (const Value& volume : pod_spec["volumes"].items) add_volume(volume, volume["name"].text(), &found);
  for (const Value& secret : pod_spec["imagePullSecrets"].items) {
    if (!secret["name"].text().empty())
      found.push_back({"secret", &secret["name"], nullptr, "imagePullSecrets"});
  }
  const Value& account = pod_spec["serviceAccountName"];
  if (!account.text().empty() && account.text() != "default") {
    found.push_back({"serviceaccount", &account, nullptr, "serviceAccountName"});
  }
  return found;
}

std::vector<Mention> hosts_of(const Value& pod_spec) {
  std::vector<Mention> found;
  for (const char* list : {"initContainers", "containers"}) {
    for (const Value& container : pod_spec[list].items) {
      for (const Value& variable : container["env"].items)
        hosts_in(variable["value"], variable["name"].text(), &found);
      for (const char* words : {"command", "args"}) {
        for (const Value& word : container[words].items) hosts_in(word, {}, &found);
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

std::size_t edit_distance(std::string_view a, std::string_view b) {
  a = a.substr(0, limit::name);
  b = b.substr(0, limit::name);
  std::vector<std::size_t> row(b.size() + 1);
  for (std::size_t j = 0; j <= b.size(); ++j) row[j] = j;
  for (std::size_t i = 1; i <= a.size(); ++i) {
    std::size_t diagonal = row[0];
    row[0] = i;
    for (std::size_t j = 1; j <= b.size(); ++j) {
      const std::size_t above = row[j];
      row[j] = std::min({row[j] + 1, row[j - 1] + 1, diagonal + (a[i - 1] == b[j - 1] ? 0 : 1)});
      diagonal = above;
    }
  }
  return row[b.size()];
}

}  // namespace carrel
