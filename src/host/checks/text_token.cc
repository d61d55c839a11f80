#include "host/checks/text_token.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <cstdlib>
#include <set>

#include "base/ascii.h"
#include "base/text.h"

namespace carrel {
namespace {

bool any_of(std::string_view text, bool (*is)(char)) {
  return std::any_of(text.begin(), text.end(), is);
}
bool all_of(std::string_view text, bool (*is)(char)) {
  return std::all_of(text.begin(), text.end(), is);
}

// Marks that may stand around a word without being part of it.
std::string_view bare(std::string_view word) {
  if (word.ends_with("\xe2\x80\xa6")) word.remove_suffix(3);
  static constexpr std::string_view around = "\"'`()[]{}<>,;:!?.*|\\";
  while (!word.empty() && around.find(word.front()) != std::string_view::npos) word.remove_prefix(1);
  while (!word.empty() && around.find(word.back()) != std::string_view::npos) word.remove_suffix(1);
  if (word.ends_with("'s")) word.remove_suffix(2);
  return word;
}

bool is_cut(std::string_view word) {
  while (!word.empty() && std::string_view("\"'`)]").find(word.back()) != std::string_view::npos)
    word.remove_suffix(1);
  return word.ends_with("...") || word.ends_with("\xe2\x80\xa6");
}

// Words behind which a name stands.
bool names_follow(const std::string& word) {
  static const std::set<std::string> kinds = {"pod",
                                              "service",
                                              "deployment",
                                              "statefulset",
                                              "daemonset",
                                              "replicaset",
                                              "job",
                                              "cronjob",
                                              "container",
                                              "namespace",
                                              "node",
                                              "secret",
                                              "configmap",
                                              "serviceaccount",
                                              "ingress",
                                              "pvc",
                                              "claim",
                                              "persistentvolumeclaim",
                                              "persistentvolume",
                                              "storageclass",
                                              "image",
                                              "host",
                                              "hostname",
                                              "file",
                                              "user",
                                              "role",
                                              "rolebinding",
                                              "clusterrole",
                                              "networkpolicy",
                                              "quota",
                                              "volume",
                                              "named",
                                              "called",
                                              "label",
                                              "key",
                                              "unit",
                                              "process"};
  return kinds.contains(word);
}

// A word that a dash joins of English parts: "read-only", "out-of-memory", "non-zero".
bool is_english_compound(std::string_view word) {
  static const std::set<std::string_view> parts = {
      "above",  "after",    "aged",     "all",     "anti",     "auto",      "aware",     "back",   "based",
      "before", "by",       "co",       "cross",   "cut",      "day",       "de",        "deny",   "depth",
      "double", "down",     "driven",   "end",     "ever",     "existent",  "existing",  "fail",   "first",
      "follow", "free",     "full",     "half",    "hand",     "hard",      "high",      "hour",   "ill",
      "in",     "init",     "inter",    "kernel",  "large",    "last",      "left",      "less",   "level",
      "like",   "liveness", "long",     "low",     "managed",  "mid",       "minute",    "mis",    "multi",
      "near",   "never",    "new",      "no",      "non",      "not",       "of",        "off",    "old",
      "on",     "one",      "only",     "open",    "out",      "over",      "owned",     "per",    "point",
      "post",   "pre",      "provided", "pull",    "re",       "read",      "readiness", "ready",  "related",
      "right",  "run",      "scale",    "second",  "self",     "semi",      "set",       "shared", "short",
      "side",   "single",   "so",       "soft",    "specific", "specified", "start",     "state",  "still",
      "sub",    "super",    "three",    "through", "time",     "to",        "two",       "un",     "under",
      "up",     "valued",   "well",     "wide",    "write",    "wrong",     "year",      "zero"};
  std::size_t begin = 0;
  while (begin <= word.size()) {
    const std::size_t dash = std::min(word.find('-', begin), word.size());
    if (parts.contains(word.substr(begin, dash - begin))) return true;
    begin = dash + 1;
  }
  return false;
}

// Terms of the field that hold digits or marks and name nothing in a bundle.
bool is_term(std::string_view word) {
  static const std::set<std::string_view> terms = {
      "x509",   "x.509",      "k8s",     "ipv4",    "ipv6", "http2",     "http/1.1", "http/2",
      "h2",     "utf-8",      "sha256",  "sha-256", "sha1", "md5",       "oauth2",   "base64",
      "e.g",    "i.e",        "and/or",  "tcp/udp", "i/o",  "tls1.2",    "tls1.3",   "n/a",
      "a/aaaa", "read/write", "ssl/tls", "s3",      "ec2",  "cpu/memory"};
  return terms.contains(word);
}

bool is_moment(std::string_view word) {
  bool digit = false;
  for (const char c : word) {
    digit = digit || is_digit(c);
    if (!is_digit(c) && std::string_view(":.-/+tz").find(c) == std::string_view::npos) return false;
  }
  return digit && is_digit(word.front());
}

bool is_ordinal(std::string_view word) {
  if (word.size() < 3 || !all_of(word.substr(0, word.size() - 2), is_digit)) return false;
  const std::string_view end = word.substr(word.size() - 2);
  return end == "st" || end == "nd" || end == "rd" || end == "th";
}

// Upper case inside the word: "CrashLoopBackOff", not "Pod" and not "HTTP".
bool is_camel(std::string_view word) {
  bool hump = false;
  for (std::size_t at = 1; at < word.size(); ++at) {
    hump = hump || (word[at] >= 'A' && word[at] <= 'Z' && word[at - 1] >= 'a' && word[at - 1] <= 'z');
  }
  return hump && all_of(word, is_letter);
}

std::vector<std::string> humps_of(std::string_view word) {
  std::vector<std::string> out;
  if (!is_camel(word)) return out;
  for (std::size_t at = 0; at < word.size(); ++at) {
    const bool begins =
        word[at] >= 'A' && word[at] <= 'Z' && at > 0 && word[at - 1] >= 'a' && word[at - 1] <= 'z';
    if (at == 0 || begins) out.emplace_back();
    out.back() += word[at];
  }
  for (std::string& hump : out) hump = to_lower(hump);
  return out;
}

std::optional<TextToken::Kind> kind_of(std::string_view word, const std::string& lower,
                                       const std::string& before) {
  using Kind = TextToken::Kind;
  if (lower.size() < 2 && !any_of(lower, is_digit)) return std::nullopt;
  if (is_term(lower) || is_ordinal(lower)) return std::nullopt;
  if (quantity_of(lower)) return Kind::number;
  const auto dots = std::count(lower.begin(), lower.end(), '.');
  const bool address = dots >= 2 && lower.find('-') == std::string::npos;
  if (is_moment(lower)) return address ? Kind::name : Kind::moment;
  if (any_of(lower, is_digit) && any_of(lower, is_letter)) {
    // "exit-1" and "5xx" are said, "E012" is an id that other checks know.
    return lower.ends_with("xx") ? std::nullopt : std::optional(Kind::name);
  }
  if (lower.starts_with("spec.") || lower.starts_with("status.") || lower.starts_with("metadata."))
    return Kind::maybe;
  if (!any_of(lower, is_letter)) return std::nullopt;
  if (lower.starts_with("-")) return std::nullopt;  // a flag of a command
  // A variable or a constant is often told by its own name where the evidence has its effect.
  if (lower.find('_') != std::string::npos && to_lower(word) != word) return Kind::maybe;
  if (lower.find_first_of("_=@") != std::string::npos) return Kind::name;
  if (lower.find_first_of("./:") != std::string::npos) return names_follow(before) ? Kind::name : Kind::maybe;
  if (lower.find('-') != std::string::npos) {
    if (is_english_compound(lower)) return std::nullopt;
    return names_follow(before) ? Kind::name : Kind::maybe;
  }
  if (is_camel(word)) return Kind::maybe;
  return std::nullopt;
}

// The quoted text that begins at `at`, or nothing; an apostrophe inside a word opens no quote.
std::optional<std::string_view> quoted(std::string_view text, std::size_t at) {
  const char mark = text[at];
  if (mark != '"' && mark != '`' && mark != '\'') return std::nullopt;
  if (mark == '\'' && at > 0 && text[at - 1] != ' ' && text[at - 1] != '(') return std::nullopt;
  const std::size_t end = text.find(mark, at + 1);
  if (end == std::string_view::npos || end == at + 1) return std::nullopt;
  return text.substr(at + 1, end - at - 1);
}

struct Unit {
  std::string_view name;
  char measure;  // b: bytes, c: cores, s: seconds, %: percent
  double factor;
};
constexpr double ki = 1024;
constexpr std::array<Unit, 42> units = {{
    {"ki", 'b', ki},
    {"mi", 'b', ki* ki},
    {"gi", 'b', ki* ki* ki},
    {"ti", 'b', ki* ki* ki* ki},
    {"kib", 'b', ki},
    {"mib", 'b', ki* ki},
    {"gib", 'b', ki* ki* ki},
    {"tib", 'b', ki* ki* ki* ki},
    {"k", 'b', 1e3},
    {"m", 'c', 1e-3},
    {"g", 'b', 1e9},
    {"t", 'b', 1e12},
    {"kb", 'b', 1e3},
    {"mb", 'b', 1e6},
    {"gb", 'b', 1e9},
    {"tb", 'b', 1e12},
    {"b", 'b', 1},
    {"bytes", 'b', 1},
    {"byte", 'b', 1},
    {"m", 'b', 1e6},
    {"m", 's', 60},
    {"s", 's', 1},
    {"ms", 's', 1e-3},
    {"us", 's', 1e-6},
    {"ns", 's', 1e-9},
    {"h", 's', 3600},
    {"d", 's', 86400},
    {"min", 's', 60},
    {"sec", 's', 1},
    {"seconds", 's', 1},
    {"second", 's', 1},
    {"minutes", 's', 60},
    {"minute", 's', 60},
    {"hours", 's', 3600},
    {"hour", 's', 3600},
    {"days", 's', 86400},
    {"day", 's', 86400},
    {"%", '%', 1},
    {"x", 'x', 1},
    {"", 'b', 1},
    {"", 'c', 1},
    {"", 's', 1},
}};

bool near(double a, double b) {
  return std::fabs(a - b) <= 1e-9 * std::max({1.0, std::fabs(a), std::fabs(b)});
}

bool is_unit(std::string_view unit) {
  return std::any_of(units.begin(), units.end(), [&](const Unit& known) { return known.name == unit; });
}

}  // namespace

std::optional<Quantity> quantity_of(std::string_view text) {
  std::string digits;
  std::size_t at = 0;
  if (text.starts_with('-') || text.starts_with('+')) at = 1;
  bool point = false;
  for (; at < text.size(); ++at) {
    const char c = text[at];
    const bool inner = at > 0 && at + 1 < text.size() && is_digit(text[at - 1]) && is_digit(text[at + 1]);
    if (is_digit(c)) {
      digits += c;
    } else if (c == '.' && inner && !point) {
      digits += c;
      point = true;
    } else if (c != ',' || !inner) {
      break;
    }
  }
  if (digits.empty()) return std::nullopt;
  const std::string unit = to_lower(text.substr(at));
  if (!is_unit(unit)) return std::nullopt;
  return Quantity{std::strtod(digits.c_str(), nullptr), unit};
}

bool same_quantity(const Quantity& a, const Quantity& b) {
  if (near(a.number, b.number)) return a.unit == b.unit || a.unit.empty() || b.unit.empty();
  for (const Unit& left : units) {
    if (left.name != a.unit) continue;
    for (const Unit& right : units) {
      if (right.name != b.unit || right.measure != left.measure) continue;
      if (near(a.number * left.factor, b.number * right.factor)) return true;
    }
  }
  return false;
}

std::vector<Quantity> quantities_in(std::string_view text) {
  std::vector<Quantity> out;
  for (std::size_t at = 0; at < text.size();) {
    if (!is_digit(text[at])) {
      ++at;
      continue;
    }
    std::size_t end = at;
    while (end < text.size() && (is_digit(text[end]) || ((text[end] == '.' || text[end] == ',') &&
                                                         end + 1 < text.size() && is_digit(text[end + 1])))) {
      ++end;
    }
    std::size_t behind = end;
    while (behind < text.size() && (is_letter(text[behind]) || text[behind] == '%')) ++behind;
    auto whole = quantity_of(text.substr(at, behind - at));
    if (!whole) whole = quantity_of(text.substr(at, end - at));
    if (whole) out.push_back(*whole);
    // "1.29.3" and "10,5,2" hold each of their numbers too.
    for (std::size_t part = at; part < end;) {
      std::size_t part_end = part;
      while (part_end < end && is_digit(text[part_end])) ++part_end;
      if (const auto one = quantity_of(text.substr(part, part_end - part))) out.push_back(*one);
      part = part_end + 1;
    }
    at = end;
  }
  return out;
}

std::vector<TextToken> tokens_of(std::string_view text) {
  std::vector<TextToken> out;
  std::string before;
  bool behind_number = false;  // the last word was a number without unit
  const auto word = [&](std::string_view raw) {
    const std::string_view trimmed = bare(raw);
    if (trimmed.empty()) return;
    std::string lower = to_lower(trimmed);
    // "128 MiB": the unit is a word of its own.
    if (!out.empty() && behind_number && is_unit(lower)) {
      out.back().text += lower;
      behind_number = false;
      before = std::move(lower);
      return;
    }
    if (const auto kind = kind_of(trimmed, lower, before))
      out.push_back({*kind, lower, is_cut(raw), humps_of(trimmed)});
    behind_number = quantity_of(lower) && quantity_of(lower)->unit.empty() && raw.ends_with(lower);
    before = std::move(lower);
  };
  for (std::size_t at = 0; at < text.size();) {
    if (const auto inside = quoted(text, at)) {
      const std::string_view content = trim(*inside);
      if (content.find(' ') != std::string_view::npos) {
        const bool cut = is_cut(content);
        out.push_back({TextToken::Kind::phrase, to_lower(cut ? bare(content) : content), cut});
      } else if (!content.empty()) {
        const std::string lower = to_lower(bare(content));
        const bool number = quantity_of(lower).has_value();
        if (!lower.empty())
          out.push_back({number ? TextToken::Kind::number : TextToken::Kind::name, lower, is_cut(content)});
      }
      at += inside->size() + 2;
      before.clear();
      continue;
    }
    const std::size_t end = std::min(text.find_first_of(" \t\n\"`", at), text.size());
    if (end == at) {
      ++at;
      continue;
    }
    word(text.substr(at, end - at));
    at = end;
  }
  return out;
}

}  // namespace carrel
