#include "collect/redact/key_name.h"

#include <algorithm>
#include <array>
#include <functional>
#include <span>

#include "base/ascii.h"
#include "base/text.h"

namespace carrel {
namespace {

constexpr std::size_t longest_name = 128;
constexpr std::size_t most_parts = 24;

// "clientSecret_v2" -> client, secret, v2; in lower case.
struct Parts {
  std::array<char, longest_name> text{};
  std::array<std::string_view, most_parts> part;
  std::size_t count = 0;

  explicit Parts(std::string_view name) {
    std::size_t begin = 0;
    const auto close = [&](std::size_t end) {
      if (end > begin && count < most_parts) part[count++] = {text.data() + begin, end - begin};
    };
    for (std::size_t i = 0; i < name.size(); ++i) {
      const char c = name[i];
      text[i] = is_upper(c) ? static_cast<char>(c + 32) : c;
      if (!is_upper(c) && !is_lower(c) && !is_digit(c)) {
        close(i);
        begin = i + 1;
      } else if (i > begin && is_upper(c) &&
                 (!is_upper(name[i - 1]) || (i + 1 < name.size() && is_lower(name[i + 1])))) {
        close(i);
        begin = i;
      }
    }
    close(name.size());
  }
};

struct Word {
  std::string_view text;
  std::string_view label;
};

// A part that is one of these, or ends with one, tells.
constexpr Word strong_words[] = {
    {"password", "password"},
    {"passwd", "password"},
    {"passphrase", "password"},
    {"passcode", "password"},
    {"passwort", "password"},
    {"pwd", "password"},
    {"secret", "secret"},
    {"token", "token"},
    {"credential", "credential"},
    {"credentials", "credential"},
    {"apikey", "key"},
    {"accesskey", "key"},
    {"secretkey", "key"},
    {"privatekey", "private-key"},
    {"authkey", "key"},
    {"masterkey", "key"},
    {"signingkey", "key"},
    {"encryptionkey", "key"},
    {"accountkey", "key"},
    {"sharedkey", "key"},
    {"sessionkey", "key"},
    {"licensekey", "key"},
    {"clientkey", "private-key"},
    {"accesskeyid", "account"},
    {"dockerconfigjson", "credential"},
    {"dockercfg", "credential"},
    {"masterauth", "password"},
    {"requirepass", "password"},
};
// A whole part alone.
constexpr Word exact_words[] = {
    {"pass", "password"},
    {"pw", "password"},
    {"psk", "key"},
    {"jwt", "token"},
    {"dbpass", "password"},
    {"userpass", "password"},
    {"rootpass", "password"},
    {"adminpass", "password"},
    {"smtppass", "password"},
    {"mysqlpass", "password"},
    {"pgpass", "password"},
    {"keypass", "password"},
    {"storepass", "password"},
    {"authorization", "authorization"},
    {"cookie", "cookie"},
};
constexpr std::string_view before_key[] = {
    "api",          "app",     "access",     "secret",  "private", "auth",   "master",  "signing", "sign",
    "encryption",   "encrypt", "decryption", "account", "shared",  "client", "license", "licence", "session",
    "ssh",          "storage", "root",       "unseal",  "tls",     "hmac",   "webhook", "service", "consumer",
    "subscription", "deploy",  "admin",      "aes",     "rsa",     "cipher", "crypt",   "jwt",     "cookie",
    "integration",  "ingest",  "recovery",   "server",  "etcd",    "ca",     "host",    "write",   "read"};
constexpr std::string_view weak_words[] = {
    "key",     "keys",    "auth",   "session", "sessionid", "sid",  "signature", "sig",  "salt",  "seed",
    "license", "licence", "tokens", "secrets", "passwords", "csrf", "hmac",      "cred", "creds", "cookies"};
constexpr std::string_view environment_words[] = {"user", "username", "database", "owneraccount", "account"};

// Behind a telling part these say that its value is something about the secret, not the secret.
constexpr std::string_view harmless_after[] = {"name",
                                               "names",
                                               "file",
                                               "files",
                                               "filename",
                                               "path",
                                               "paths",
                                               "ref",
                                               "refs",
                                               "dir",
                                               "directory",
                                               "mount",
                                               "mounts",
                                               "type",
                                               "types",
                                               "ttl",
                                               "expiry",
                                               "expires",
                                               "expired",
                                               "expiration",
                                               "expire",
                                               "seconds",
                                               "minutes",
                                               "hours",
                                               "ms",
                                               "policy",
                                               "length",
                                               "len",
                                               "min",
                                               "max",
                                               "count",
                                               "size",
                                               "limit",
                                               "limits",
                                               "url",
                                               "uri",
                                               "endpoint",
                                               "endpoints",
                                               "enabled",
                                               "disabled",
                                               "required",
                                               "optional",
                                               "provider",
                                               "version",
                                               "kind",
                                               "format",
                                               "field",
                                               "keyref",
                                               "selector",
                                               "namespace",
                                               "issuer",
                                               "audience",
                                               "audiences",
                                               "status",
                                               "state",
                                               "error",
                                               "errors",
                                               "valid",
                                               "invalid",
                                               "validation",
                                               "verification",
                                               "rotation",
                                               "rotated",
                                               "rotate",
                                               "age",
                                               "mode",
                                               "class",
                                               "method",
                                               "header",
                                               "prefix",
                                               "suffix",
                                               "regex",
                                               "pattern",
                                               "rule",
                                               "rules",
                                               "created",
                                               "updated",
                                               "timestamp",
                                               "time",
                                               "date",
                                               "last",
                                               "hint",
                                               "label",
                                               "title",
                                               "placeholder",
                                               "reset",
                                               "request",
                                               "requests",
                                               "review",
                                               "reviews",
                                               "controller",
                                               "manager",
                                               "store",
                                               "cache",
                                               "backend",
                                               "driver",
                                               "plugin",
                                               "source",
                                               "sources",
                                               "generator",
                                               "info",
                                               "available",
                                               "needed",
                                               "used",
                                               "usage",
                                               "total",
                                               "budget",
                                               "per",
                                               "rate",
                                               "algorithm",
                                               "encoding",
                                               "hashing",
                                               "template",
                                               "projected",
                                               "cleaner",
                                               "authentication",
                                               "authenticator",
                                               "missing",
                                               "failed",
                                               "failures",
                                               "attempts",
                                               "changed",
                                               "exists",
                                               "found",
                                               "lookup",
                                               "owner",
                                               "item",
                                               "items",
                                               "usages",
                                               "uid",
                                               "resource",
                                               "checksum",
                                               "scope",
                                               "scopes",
                                               "strategy",
                                               "mountpath"};
// Before "secret" these say that its value is the name of a Secret.
constexpr std::string_view harmless_before_secret[] = {"existing", "pull", "tls", "ca", "cert", "volume"};
// Behind a telling part these change nothing.
constexpr std::string_view fillers[] = {
    "value", "b64",  "base64", "data", "enc",     "encoded", "plain",   "text",    "string", "old",
    "new",   "prod", "dev",    "test", "staging", "default", "primary", "current", "main",   "env"};

bool among(std::span<const std::string_view> words, std::string_view part) {
  return std::find(words.begin(), words.end(), part) != words.end();
}

bool is_number_part(std::string_view part) {
  return std::all_of(part.begin(), part.end(), is_digit) ||
         (part[0] == 'v' && part.size() > 1 && is_digit(part[1]));
}

// The label of a part that tells by itself; empty where it does not.
std::string_view label_of(std::string_view part) {
  for (const Word& word : exact_words) {
    if (part == word.text) return word.label;
  }
  while (!part.empty() && is_digit(part.back())) part.remove_suffix(1);
  for (const Word& word : strong_words) {
    if (part.ends_with(word.text)) return word.label;
  }
  return {};
}

bool names_object(const Parts& parts, std::size_t index) {
  return index > 0 && parts.part[index] == "secret" && among(harmless_before_secret, parts.part[index - 1]);
}

// "access key", "private key" and "access key id" tell as pairs.
KeyVerdict judge_pair(const Parts& parts, std::size_t index) {
  const std::string_view part = parts.part[index];
  if (part == "id") {
    if (index < 2 || parts.part[index - 1] != "key" || parts.part[index - 2] != "access") return {};
    return {Telling::strong, "account"};
  }
  if (index < 1 || (part != "key" && part != "keys") || !among(before_key, parts.part[index - 1])) return {};
  if (part == "keys") return {Telling::weak, "key"};
  return {Telling::strong, parts.part[index - 1] == "private" ? "private-key" : "key"};
}

}  // namespace

KeyVerdict judge_key(std::string_view name) {
  if (name.empty() || name.size() > longest_name) return {};
  const Parts parts(name);
  // From the end: what stands last says most.
  bool last = true;  // but for fillers
  for (std::size_t i = parts.count; i-- > 0;) {
    const std::string_view part = parts.part[i];
    if (const KeyVerdict verdict = judge_pair(parts, i); !verdict.label.empty()) return verdict;
    if (const std::string_view label = label_of(part); !label.empty() && !names_object(parts, i)) {
      // "pass" is a word of its own in names such as passCount.
      if (part == "pass" && !last) return {};
      return {Telling::strong, label};
    }
    if (among(harmless_after, part) || (part == "id" && i > 0 && parts.part[i - 1] == "key")) break;
    if (is_number_part(part) || among(fillers, part)) continue;
    if (last && among(weak_words, part))
      return {Telling::weak, part.starts_with("key") ? "key" : part == "passwords" ? "password" : "secret"};
    last = false;
  }
  for (std::size_t i = 0; i < parts.count; ++i) {
    const std::string_view part = parts.part[i];
    for (const std::string_view word : environment_words) {
      if (part.ends_with(word))
        return {Telling::environment, word == "username"       ? "user"
                                      : word == "owneraccount" ? "account"
                                                               : word};
    }
  }
  return {};
}

KeyVerdict KeyJudge::judge(std::string_view name) {
  Known& known = known_[std::hash<std::string_view>()(name) % known_.size()];
  if (known.name != name) known = {std::string(name), judge_key(name)};
  return known.verdict;
}

const std::vector<std::string>& telling_phrases() {
  static const std::vector<std::string> phrases = {
      "pass",  "pwd",  "pw",   "secret", "token",   "credential", "key",    "dockercfg", "dockerconfigjson",
      "auth",  "psk",  "jwt",  "cookie", "session", "sid",        "sig",    "salt",      "seed",
      "licen", "csrf", "hmac", "cred",   "user",    "database",   "account"};
  return phrases;
}

}  // namespace carrel
