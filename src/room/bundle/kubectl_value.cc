#include "room/bundle/kubectl_value.h"

#include <algorithm>
#include <charconv>
#include <string>
#include <utility>

#include "base/text.h"

namespace carrel::kubectl {
namespace {

std::string_view leading_number(std::string_view text) {
  std::size_t end = text.starts_with('-') ? 1 : 0;
  while (end < text.size() && text[end] >= '0' && text[end] <= '9') ++end;
  return text.substr(0, end);
}

// More than that are no labels that a person wrote, and looking each up would take long.
constexpr std::size_t most_pairs = 1000;

// Commas part requirements, but not inside of parentheses.
std::vector<std::string_view> split_requirements(std::string_view text) {
  std::vector<std::string_view> parts;
  std::size_t begin = 0;
  int depth = 0;
  for (std::size_t i = 0; i <= text.size(); ++i) {
    if (i < text.size() && text[i] == '(') ++depth;
    if (i < text.size() && text[i] == ')') --depth;
    if (parts.size() == most_pairs) break;
    if (i == text.size() || (text[i] == ',' && depth <= 0)) {
      const std::string_view part = trim(text.substr(begin, i - begin));
      if (!part.empty()) parts.push_back(part);
      begin = i + 1;
    }
  }
  return parts;
}

}  // namespace

bool is_nothing(std::string_view text) {
  return text.empty() || text == "<none>" || text == "<unset>" || text == "<nil>" || text == "-" ||
         text == "<not set>";
}

Value text_value(std::string_view text, std::uint32_t line) {
  Value value;
  value.kind = Value::Kind::string;
  value.line = value.end_line = line;
  value.scalar = is_utf8(text) ? std::string(text) : to_utf8(text);
  return value;
}

Value number_value(std::int64_t number, std::uint32_t line) {
  Value value;
  value.kind = Value::Kind::number;
  value.line = value.end_line = line;
  value.scalar = std::to_string(number);
  return value;
}

Value boolean_value(bool is_true, std::uint32_t line) {
  Value value;
  value.kind = Value::Kind::boolean;
  value.line = value.end_line = line;
  value.scalar = is_true ? "true" : "false";
  return value;
}

Value empty_array(std::uint32_t line) {
  Value value;
  value.kind = Value::Kind::array;
  value.line = value.end_line = line;
  return value;
}

Value empty_object(std::uint32_t line) {
  Value value = empty_array(line);
  value.kind = Value::Kind::object;
  return value;
}

Value& member(Value* root, std::initializer_list<std::string_view> path) {
  Value* at = root;
  for (const std::string_view key : path) {
    at->kind = Value::Kind::object;
    Value* next = nullptr;
    for (auto& [name, value] : at->members) {
      if (name == key) next = &value;
    }
    at = next != nullptr ? next : &at->members.emplace_back(to_utf8(key), Value()).second;
  }
  return *at;
}

void set_value(Value* root, std::initializer_list<std::string_view> path, Value value) {
  member(root, path) = std::move(value);
}

void set_text(Value* root, std::initializer_list<std::string_view> path, std::string_view text,
              std::uint32_t line) {
  text = trim(text);
  if (!is_nothing(text)) set_value(root, path, text_value(text, line));
}

void set_number(Value* root, std::initializer_list<std::string_view> path, std::string_view text,
                std::uint32_t line) {
  text = leading_number(trim(text));
  std::int64_t number = 0;
  const auto [rest, error] = std::from_chars(text.data(), text.data() + text.size(), number);
  if (error != std::errc() || text.empty()) return;
  set_value(root, path, number_value(number, line));
}

void set_boolean(Value* root, std::initializer_list<std::string_view> path, std::string_view text,
                 std::uint32_t line) {
  const std::string folded = to_lower(trim(text));
  if (folded != "true" && folded != "false") return;
  set_value(root, path, boolean_value(folded == "true", line));
}

Value& append(Value* root, std::initializer_list<std::string_view> path, Value item) {
  Value& array = member(root, path);
  if (array.kind != Value::Kind::array) array = empty_array(item.line);
  return array.items.emplace_back(std::move(item));
}

void set_pairs(Value* root, std::initializer_list<std::string_view> path, std::string_view text,
               std::uint32_t line) {
  if (is_nothing(trim(text))) return;
  Value& object = member(root, path);
  if (object.kind != Value::Kind::object) object = empty_object(line);
  for (const std::string_view part : split(text, ',')) {
    if (object.members.size() == most_pairs) break;
    const std::size_t equals = part.find('=');
    const std::string key = to_utf8(part.substr(0, equals));
    // Values of labels may be empty; they are kept all the same.
    const std::string_view value =
        equals == std::string_view::npos ? std::string_view() : part.substr(equals + 1);
    object.members.emplace_back(key, text_value(value, line));
  }
}

void set_selector(Value* root, std::initializer_list<std::string_view> path, std::string_view text,
                  std::uint32_t line) {
  if (is_nothing(trim(text))) return;
  Value& selector = member(root, path);
  if (selector.kind != Value::Kind::object) selector = empty_object(line);
  for (std::string_view part : split_requirements(text)) {
    const std::size_t in = part.find(" in (");
    const std::size_t not_in = part.find(" notin (");
    const std::size_t open = part.find('(');
    if ((in != std::string_view::npos || not_in != std::string_view::npos) && part.ends_with(')')) {
      Value& expression = append(&selector, {"matchExpressions"}, empty_object(line));
      set_text(&expression, {"key"}, part.substr(0, part.find(' ')), line);
      set_text(&expression, {"operator"}, not_in != std::string_view::npos ? "NotIn" : "In", line);
      for (const std::string_view value : split(part.substr(open + 1, part.size() - open - 2), ',')) {
        append(&expression, {"values"}, text_value(value, line));
      }
    } else if (const std::size_t equals = part.find('=');
               equals != std::string_view::npos && part[0] != '!') {
      if (equals > 0 && part[equals - 1] == '!') continue;  // "a!=b": rare, and no field of the API
      member(&selector, {"matchLabels", trim(part.substr(0, equals))}) =
          text_value(trim(part.substr(equals + 1)), line);
    } else {
      Value& expression = append(&selector, {"matchExpressions"}, empty_object(line));
      const bool absent = take_prefix(&part, "!");
      set_text(&expression, {"key"}, part, line);
      set_text(&expression, {"operator"}, absent ? "DoesNotExist" : "Exists", line);
    }
  }
}

void settle_lines(Value* value) {
  const auto take = [value](Value* child) {
    settle_lines(child);
    if (child->line == 0) return;
    if (value->line == 0 || child->line < value->line) value->line = child->line;
    value->end_line = std::max(value->end_line, child->end_line);
  };
  for (Value& item : value->items) take(&item);
  for (auto& [key, child] : value->members) take(&child);
  value->end_line = std::max(value->end_line, value->line);
  if (!value->items.empty()) value->items.vector().shrink_to_fit();
  if (!value->members.empty()) value->members.vector().shrink_to_fit();
}

std::vector<std::string_view> split(std::string_view text, char separator) {
  std::vector<std::string_view> parts;
  while (true) {
    const std::size_t end = text.find(separator);
    const std::string_view part = trim(text.substr(0, end));
    if (!part.empty()) parts.push_back(part);
    if (end == std::string_view::npos) return parts;
    text.remove_prefix(end + 1);
  }
}

std::vector<std::string_view> split_columns(std::string_view text, std::size_t spaces) {
  std::vector<std::string_view> parts;
  std::size_t at = 0;
  const auto blank = [&](std::size_t i) { return i < text.size() && (text[i] == ' ' || text[i] == '\t'); };
  while (at < text.size()) {
    while (blank(at)) ++at;
    std::size_t end = at;
    while (end < text.size()) {
      std::size_t run = 0;
      while (blank(end + run)) ++run;
      if (run >= spaces || (run > 0 && text[end] == '\t')) break;
      end += run > 0 ? run : 1;
    }
    const std::string_view part = trim(text.substr(at, end - at));
    if (!part.empty()) parts.push_back(part);
    at = end;
  }
  return parts;
}

bool take_prefix(std::string_view* text, std::string_view prefix) {
  if (!text->starts_with(prefix)) return false;
  text->remove_prefix(prefix.size());
  return true;
}

}  // namespace carrel::kubectl
