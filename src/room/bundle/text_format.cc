#include "room/bundle/text_format.h"

#include <algorithm>
#include <array>

#include "base/ascii.h"
#include "base/text.h"

namespace carrel {
namespace {

constexpr std::size_t looked = 4096;

std::string_view line_of(std::string_view text) {
  return text.substr(0, text.find('\n'));
}

// "NAMESPACE   NAME   READY": words of capitals with two blanks or more between them, NAME among them.
bool is_table_head(std::string_view line) {
  if (line.find("  ") == line.npos) return false;
  const bool capitals = std::all_of(line.begin(), line.end(), [](char c) {
    return is_upper(c) || c == ' ' || c == '-' || c == '(' || c == ')' || c == '/' || c == '%' || c == '\r';
  });
  return capitals && (line.starts_with("NAME") || line.starts_with("LAST SEEN"));
}

// "Name:         api-0", and what every description has below it.
bool is_description(std::string_view text) {
  if (!text.starts_with("Name:  ")) return false;
  for (const std::string_view field : {"\nNamespace:  ", "\nLabels:  ", "\nRoles:  ", "\nAnnotations:  "}) {
    if (text.find(field) != text.npos) return true;
  }
  return false;
}

// "Jun 12 10:00:00 host kubelet[812]: …"
bool is_journal_line(std::string_view line) {
  if (line.size() < 20 || !is_upper(line[0]) || line[3] != ' ' || line[6] != ' ') return false;
  if (!is_digit(line[5]) || (line[4] != ' ' && !is_digit(line[4]))) return false;
  if (!is_digit(line[7]) || line[9] != ':' || line[12] != ':' || line[15] != ' ') return false;
  const std::size_t process = line.find(' ', 16);
  return process != line.npos && line.find(": ", process) != line.npos;
}

bool has_member(std::string_view line, std::string_view name) {
  const std::size_t at = line.find(name);
  return at != line.npos && at > 0 && line[at - 1] == '"' && line.substr(at + name.size()).starts_with('"');
}

TextFormat json_format(std::string_view head) {
  const std::string_view line = line_of(head);
  if (has_member(line, "__REALTIME_TIMESTAMP") || has_member(line, "__CURSOR"))
    return TextFormat::journal_json;
  if (has_member(line, "log") && has_member(line, "stream") && has_member(line, "time"))
    return TextFormat::docker_json;
  return has_member(head, "apiVersion") && has_member(head, "kind") ? TextFormat::objects : TextFormat::plain;
}

// The answer of a log store, whatever it was saved as: one document, and no log of JSON lines.
bool is_stored_answer(std::string_view head) {
  head.remove_prefix(std::min(head.find_first_not_of(" \t\r\n"), head.size()));
  if (!head.starts_with('{')) return false;
  head.remove_prefix(1);
  head.remove_prefix(std::min(head.find_first_not_of(" \t\r\n"), head.size()));
  // A log of JSON lines has a whole object in its first line, and more behind it.
  const std::size_t end = head.find('\n');
  if (end != std::string_view::npos && end + 1 < head.size() && trim(head.substr(0, end)).ends_with('}'))
    return false;
  static constexpr std::array<std::string_view, 5> firsts = {"\"data\"", "\"took\"", "\"hits\"",
                                                             "\"timed_out\"", "\"status\""};
  static constexpr std::array<std::string_view, 3> within = {"\"resultType\"", "\"hits\"", "\"attributes\""};
  return std::ranges::any_of(firsts, [&](std::string_view first) { return head.starts_with(first); }) &&
         std::ranges::any_of(within, [&](std::string_view key) { return head.find(key) != head.npos; });
}

}  // namespace

TextFormat text_format(std::string_view head) {
  head = head.substr(0, looked);
  head.remove_prefix(std::min(head.find_first_not_of(" \t\r\n"), head.size()));
  // A shell's line before the output: "$ kubectl get pods".
  if (head.starts_with("$ ") || head.starts_with("# kubectl"))
    head.remove_prefix(std::min(head.find('\n') + 1, head.size()));
  if (head.starts_with('{')) return json_format(head);
  if (head.starts_with("---\n")) head.remove_prefix(4);
  if (head.starts_with("__CURSOR=") || head.starts_with("__REALTIME_TIMESTAMP="))
    return TextFormat::journal_export;
  if (head.starts_with("-- Logs begin at") || head.starts_with("-- Journal begins at") ||
      is_journal_line(line_of(head)))
    return TextFormat::journal_text;
  if (is_table_head(line_of(head)) || is_description(head)) return TextFormat::kubectl;
  return head.starts_with("apiVersion:") || head.starts_with("kind:") ? TextFormat::objects
                                                                      : TextFormat::plain;
}

TextFile::Kind kind_of_content(TextFile::Kind by_name, std::string_view head) {
  using Kind = TextFile::Kind;
  if (by_name == Kind::log && is_stored_answer(head)) return Kind::structured;
  if (by_name == Kind::log || by_name == Kind::previous_log) return by_name;
  switch (text_format(head)) {
    case TextFormat::journal_export:
    case TextFormat::journal_json:
    case TextFormat::journal_text:
    case TextFormat::docker_json:
      return Kind::log;
    case TextFormat::kubectl:
    case TextFormat::objects:
      return by_name == Kind::other ? Kind::tool_output : by_name;
    case TextFormat::plain:
      break;
  }
  return by_name;
}

}  // namespace carrel
