#include <algorithm>

#include "base/ascii.h"
#include "collect/database/postgres.h"

namespace carrel {
namespace {

bool is_name(char c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_' ||
         static_cast<unsigned char>(c) >= 0x80;
}

// Where a string that begins at `at` ends. Statements in pg_stat_activity are cut to a length: a string
// without an end goes to the end.
std::size_t end_of_string(std::string_view sql, std::size_t at, bool escapes) {
  for (std::size_t i = at + 1; i < sql.size(); ++i) {
    if (escapes && sql[i] == '\\') {
      ++i;
    } else if (sql[i] == '\'') {
      if (i + 1 < sql.size() && sql[i + 1] == '\'') {
        ++i;
      } else {
        return i + 1;
      }
    }
  }
  return sql.size();
}

// Where $tag$...$tag$ ends; `at` itself where none begins there.
std::size_t end_of_dollars(std::string_view sql, std::size_t at) {
  std::size_t tag = at + 1;
  while (tag < sql.size() && is_name(sql[tag])) ++tag;
  if (tag >= sql.size() || sql[tag] != '$' || (tag > at + 1 && is_digit(sql[at + 1]))) return at;
  const std::string_view mark = sql.substr(at, tag + 1 - at);
  const std::size_t end = sql.find(mark, tag + 1);
  return end == std::string_view::npos ? sql.size() : end + mark.size();
}

}  // namespace

std::string without_literals(std::string_view sql) {
  std::string out;
  for (std::size_t at = 0; at < sql.size();) {
    const char c = sql[at];
    const bool in_name = !out.empty() && (is_name(out.back()) || out.back() == '$');
    if (c == '\'') {
      const bool escapes = in_name && (out.back() == 'E' || out.back() == 'e');
      at = end_of_string(sql, at, escapes);
      out += '?';
    } else if (c == '"') {
      const std::size_t end = std::min(sql.find('"', at + 1), sql.size() - 1) + 1;
      out += sql.substr(at, end - at);
      at = end;
    } else if (c == '$' && !in_name && end_of_dollars(sql, at) != at) {
      at = end_of_dollars(sql, at);
      out += '?';
    } else if (sql.substr(at, 2) == "--") {
      at = std::min(sql.find('\n', at), sql.size());
    } else if (sql.substr(at, 2) == "/*") {
      const std::size_t end = sql.find("*/", at + 2);
      at = end == std::string_view::npos ? sql.size() : end + 2;
      out += ' ';
    } else if (is_digit(c) && !in_name) {
      while (at < sql.size() && (is_name(sql[at]) || sql[at] == '.')) ++at;
      out += '?';
    } else {
      out += c;
      ++at;
    }
  }
  return out;
}

}  // namespace carrel
