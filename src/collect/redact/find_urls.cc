#include <algorithm>
#include <string>

#include "base/ascii.h"
#include "base/text.h"
#include "collect/redact/finders.h"
#include "collect/redact/value_look.h"
#include "collect/redact/value_span.h"

namespace carrel {
namespace {

constexpr std::size_t longest_authority = 2048;
constexpr std::size_t longest_local_part = 64;  // RFC 5321, 4.5.3.1.1

bool ends_url(char c) {
  return static_cast<unsigned char>(c) <= ' ' || c == '"' || c == '\'' || c == '<' || c == '>' || c == '`' ||
         c == '\\';
}

bool is_number(std::string_view text) {
  return !text.empty() && std::all_of(text.begin(), text.end(), [](char c) { return c >= '0' && c <= '9'; });
}

// Names that mean nothing outside of the cluster, and private addresses: diagnosis needs them, and they tell
// of nobody.
bool is_internal(std::string_view host) {
  if (host.find('.') == std::string_view::npos) return true;
  for (const std::string_view end : {".svc", ".cluster.local", ".local", ".internal", ".localdomain"}) {
    if (host.ends_with(end)) return true;
  }
  return host.starts_with("127.") || host.starts_with("10.") || host.starts_with("192.168.") ||
         host.starts_with("172.") || host.starts_with("169.254.") ||
         host.find(".svc.") != std::string_view::npos || host.starts_with('$') || host.starts_with('{');
}

std::string percent_decoded(std::string_view text) {
  std::string out;
  for (std::size_t at = 0; at < text.size(); ++at) {
    const auto value = [&](char c) {
      return c >= '0' && c <= '9' ? c - '0' : (c | 32) >= 'a' && (c | 32) <= 'f' ? (c | 32) - 'a' + 10 : -1;
    };
    if (text[at] == '%' && at + 2 < text.size() && value(text[at + 1]) >= 0 && value(text[at + 2]) >= 0) {
      out += static_cast<char>(value(text[at + 1]) * 16 + value(text[at + 2]));
      at += 2;
    } else {
      out += text[at];
    }
  }
  return out;
}

void mask(std::string_view text, Span span, std::string_view label, Masks* masks) {
  const std::string_view held = piece(text, span);
  if (span.empty() || is_no_secret(held)) return;
  masks->push_back(
      {span, label, held.find('%') == std::string_view::npos ? "" : percent_decoded(held), Until::seen, 0});
}

// The '@' that ends user and password, or npos. A password may have '/', '?' and '@' in it, although it
// should not.
std::size_t user_info_end(std::string_view text, std::size_t begin) {
  std::size_t url_end = begin;
  while (url_end < text.size() && !ends_url(text[url_end]) && url_end - begin < longest_authority) ++url_end;
  const std::string_view url = text.substr(begin, url_end - begin);
  const std::size_t slash = std::min(url.find_first_of("/?#"), url.size());
  std::size_t at = url.substr(0, slash).rfind('@');
  if (at == std::string_view::npos) {
    // "host:8080/x@y" is a host and a port; "user:pa/ss@host" is not.
    const std::size_t colon = url.substr(0, slash).rfind(':');
    if (colon == std::string_view::npos || colon + 1 == slash ||
        is_number(url.substr(colon + 1, slash - colon - 1)) || url[0] == '[')
      return std::string_view::npos;
    at = url.find('@', slash);
    if (at == std::string_view::npos) return at;
    // Another URL in the same word has its own.
    if (url.substr(0, at).find("://") != std::string_view::npos) return std::string_view::npos;
  }
  return begin + at;
}

std::size_t host_end(std::string_view text, std::size_t begin) {
  std::size_t end = begin;
  while (end < text.size() && (in_key(text[end]))) ++end;
  return end;
}

// "host:port/database" behind '@' of a database's URL.
void add_host(std::string_view text, std::size_t begin, Masks* masks) {
  std::size_t end = host_end(text, begin);
  const std::string_view host = text.substr(begin, end - begin);
  if (!is_internal(host)) mask(text, {begin, end}, "host", masks);
  if (end < text.size() && text[end] == ':') {
    ++end;
    while (end < text.size() && text[end] >= '0' && text[end] <= '9') ++end;
  }
  if (end >= text.size() || text[end] != '/') return;
  const std::size_t name = end + 1;
  end = name;
  while (end < text.size() && in_key(text[end])) ++end;
  if (!is_number(text.substr(name, end - name)))
    mask(text, {name, end}, "database", masks);  // Redis counts them
}

std::string_view scheme_before(std::string_view text, std::size_t at) {
  std::size_t begin = at;
  while (begin > 0 && (in_key(text[begin - 1]) || text[begin - 1] == '+') && at - begin < 32) --begin;
  return text.substr(begin, at - begin);
}

bool is_web(std::string_view scheme) {
  for (const std::string_view web : {"http", "https", "ftp", "ftps", "ssh", "git", "ws", "wss", "sftp"}) {
    if (scheme.ends_with(web)) return true;
  }
  return false;
}

bool is_mail_domain(std::string_view domain) {
  const std::size_t dot = domain.rfind('.');
  if (dot == std::string_view::npos || dot == 0 || domain.front() == '-' || domain.front() == '.')
    return false;
  const std::string top = to_lower(domain.substr(dot + 1));
  if (top.size() < 2 || top.size() > 24 ||
      !std::all_of(top.begin(), top.end(), [](char c) { return c >= 'a' && c <= 'z'; }))
    return false;
  // systemd's units are written name@instance.type.
  for (const std::string_view unit : {"service", "socket", "timer", "slice", "target", "mount", "scope",
                                      "device", "path", "swap", "automount"}) {
    if (top == unit) return false;
  }
  return true;
}

}  // namespace

void find_in_url(const Sight& sight, Masks* masks) {
  const std::string_view text = sight.text;
  const std::size_t begin = sight.anchor.end;
  const std::size_t at = user_info_end(text, begin);
  if (at == std::string_view::npos) return;
  const std::string_view info = text.substr(begin, at - begin);
  const std::string_view scheme = scheme_before(text, sight.anchor.begin);
  const std::size_t colon = info.find(':');
  if (colon == std::string_view::npos) {
    // A token in place of a user.
    if (looks_random(info)) mask(text, {begin, at}, "token", masks);
    return;
  }
  mask(text, {begin, begin + colon}, "user", masks);
  mask(text, {begin + colon + 1, at}, "password", masks);
  if (!is_web(scheme)) add_host(text, at + 1, masks);
}

void find_at_sign(const Sight& sight, Masks* masks) {
  const std::string_view text = sight.text;
  const std::size_t at = sight.anchor.begin;
  if (at == 0) return;
  const std::size_t domain_end = host_end(text, at + 1);
  std::string_view domain = text.substr(at + 1, domain_end - at - 1);
  while (domain.ends_with('.') || domain.ends_with('-')) domain.remove_suffix(1);
  if (domain.empty()) return;

  // user:password@host, without a scheme.
  std::size_t word = at;
  while (word > 0 && !ends_url(text[word - 1]) && text[word - 1] != ',' && text[word - 1] != '(' &&
         text[word - 1] != '=' && at - word < 256)
    --word;
  const std::string_view login = text.substr(word, at - word);
  const std::size_t colon = login.find(':');
  const char behind = domain_end < text.size() ? text[domain_end] : ' ';
  if (colon != std::string_view::npos && colon > 0 && colon + 1 < login.size() &&
      login.find('/') == std::string_view::npos && (behind == ':' || behind == '/') &&
      std::all_of(login.begin(), login.begin() + static_cast<std::ptrdiff_t>(colon), in_key)) {
    mask(text, {word + colon + 1, at}, "password", masks);
    if (!masks->empty()) masks->back().whole = false;
    return;
  }
  if (!is_mail_domain(domain)) return;
  std::size_t local = at;
  while (local > 0 && (in_key(text[local - 1]) || text[local - 1] == '+') && at - local < longest_local_part)
    --local;
  if (local > 0 && text[local - 1] == '\\' && local < at &&
      (text[local] == 'n' || text[local] == 't' || text[local] == 'r'))
    ++local;
  while (local < at && !is_alphanumeric(text[local])) ++local;
  const std::string_view name = text.substr(local, at - local);
  if (name.empty() || name == "git" || name.ends_with(".git")) return;
  mask(text, {local, at + 1 + domain.size()}, "email", masks);
  if (!masks->empty()) masks->back().whole = false;  // "password@host.com" behind "user:"
}

void find_in_dsn(const Sight& sight, Masks* masks) {
  const std::string_view text = sight.text;
  const std::size_t at = sight.anchor.begin;
  std::size_t begin = at;
  while (begin > 0 && !ends_url(text[begin - 1]) && text[begin - 1] != '=' && text[begin - 1] != ',' &&
         at - begin < 512)
    --begin;
  const std::size_t scheme = text.substr(begin, at - begin).rfind("://");
  if (scheme != std::string_view::npos) begin += scheme + 3;
  const std::size_t colon = text.substr(begin, at - begin).find(':');
  if (colon != std::string_view::npos) {
    mask(text, {begin, begin + colon}, "user", masks);
    mask(text, {begin + colon + 1, at}, "password", masks);
  }
  const std::size_t host = sight.anchor.end;
  std::size_t end = host_end(text, host);
  if (!is_internal(text.substr(host, end - host))) mask(text, {host, end}, "host", masks);
  while (end < text.size() && !ends_url(text[end]) && text[end] != ')') ++end;  // the port
  if (text.substr(end, 2) != ")/") return;
  const std::size_t name = end + 2;
  end = name;
  while (end < text.size() && in_key(text[end])) ++end;
  mask(text, {name, end}, "database", masks);
}

void find_in_oracle_url(const Sight& sight, Masks* masks) {
  const std::string_view text = sight.text;
  const std::size_t begin = sight.anchor.end;
  std::size_t end = begin;
  while (end < text.size() && !ends_url(text[end]) && end - begin < 512) ++end;
  const std::string_view url = text.substr(begin, end - begin);
  const std::size_t slash = url.find('/'), at = url.rfind('@');
  if (at == std::string_view::npos || slash > at) return;  // "@//host:1521/service"
  mask(text, {begin, begin + slash}, "user", masks);
  mask(text, {begin + slash + 1, begin + at}, "password", masks);
}

void find_connection_part(const Sight& sight, std::string_view label, Masks* masks) {
  const std::string_view text = sight.text;
  if (sight.anchor.begin > 0 && in_key(text[sight.anchor.begin - 1])) return;
  std::size_t at = skip_spaces(text, sight.anchor.end);
  if (at >= text.size() || text[at] != '=') return;
  at = skip_spaces(text, at + 1);
  std::size_t end = at;
  while (end < text.size() && text[end] != ';' && text[end] != '\n' && text[end] != '"' && end - at < 256)
    ++end;
  if (end >= text.size() || text[end] != ';') return;
  std::string_view held = text.substr(at, end - at);
  if (label == "host") {
    if (held.starts_with("tcp:")) held.remove_prefix(4);
    if (is_internal(held.substr(0, held.find_first_of(",:\\")))) return;
  }
  mask(text, {at, end}, label, masks);
}

}  // namespace carrel
