#include <algorithm>

#include "room/constrain/random_schema.h"

namespace carrel {
namespace {

using Type = Schema::Type;
using Made = std::shared_ptr<const Schema>;

constexpr const char* keys[] = {"a", "ab", "abc", "b", "ba", "é"};
constexpr const char* values[] = {"\"a\"", "\"ab\"", "\"b\"",   "\"\\\"\"", "\"é\"",    "\"è\"",
                                  "1",     "12",     "123",     "-1",       "0",        "true",
                                  "false", "null",   "\"low\"", "\"a b\"",  "\"\\\\n\""};

// Over the few characters that the reference tries.
constexpr const char* text_patterns[] = {"^[ab]+$",      "^a(b|c)*$",   "^(ab|a)?b$",   "^[^ab]{1,2}$",
                                         R"(^\d-?\d?$)", R"(^[\\"]+$)", "^(a|b|c)?1*$", "^[a-c0]{2,3}$",
                                         R"(^\w[^\w]$)", "^[^\\n]*$"};

Made leaf(const Draw& below) {
  Schema schema;
  switch (below(7)) {
    case 0:
      schema.type = Type::string;
      schema.min_count = static_cast<std::uint32_t>(below(3));
      schema.max_count = schema.min_count + static_cast<std::uint32_t>(below(3));
      break;
    case 1:
      schema.type = Type::integer;
      schema.minimum = static_cast<std::int64_t>(below(300)) - 150;
      schema.maximum = *schema.minimum + static_cast<std::int64_t>(below(200));
      break;
    case 2:
      schema.type = below(2) == 0 ? Type::boolean : Type::null;
      break;
    case 3:
      schema.type = Type::evidence;
      break;
    case 4:
      schema.type = Type::command;
      break;
    case 5: {
      schema.type = Type::string;
      schema.pattern_text = text_patterns[below(std::size(text_patterns))];
      schema.min_count = static_cast<std::uint32_t>(below(3));
      schema.max_count = schema.min_count + static_cast<std::uint32_t>(below(3));
      auto pattern = TextPattern::make(schema.pattern_text, schema.min_count, schema.max_count);
      if (pattern) {
        schema.pattern = std::move(*pattern);
      } else {
        schema.pattern_text.clear();  // no text has it at these lengths
      }
      break;
    }
    default:
      schema.type = Type::literal;
      for (const char* value : values) {
        if (below(3) == 0) schema.literals.emplace_back(value);
      }
      if (schema.literals.empty()) schema.literals.emplace_back("1");
  }
  return std::make_shared<const Schema>(std::move(schema));
}

Made object(const Draw& below, int depth);

Made value(const Draw& below, int depth) {
  if (depth == 0) return leaf(below);
  Schema schema;
  switch (below(5)) {
    case 0:
      return object(below, depth);
    case 1:
      schema.type = Type::array;
      schema.items = value(below, depth - 1);
      schema.unique =
          schema.items->type == Type::evidence || (schema.items->type == Type::literal && below(2) == 0);
      schema.min_count = static_cast<std::uint32_t>(below(3));
      schema.max_count = schema.min_count + static_cast<std::uint32_t>(below(4));
      break;
    case 2:
      schema.type = Type::any_of;
      for (std::size_t count = 1 + below(3); count > 0; --count)
        schema.choices.push_back(value(below, depth - 1));
      break;
    default:
      return leaf(below);
  }
  return std::make_shared<const Schema>(std::move(schema));
}

Made object(const Draw& below, int depth) {
  Schema schema;
  schema.type = Type::object;
  for (const char* key : keys) {
    if (below(2) == 0) schema.properties.push_back({key, below(2) == 0, value(below, depth - 1)});
  }
  if (below(4) == 0) {
    Schema id, quote;
    id.type = Type::evidence;
    schema.properties.push_back({"id", true, std::make_shared<const Schema>(std::move(id))});
    quote.type = Type::quote;
    quote.quote_of = "id";
    quote.min_count = 1 + static_cast<std::uint32_t>(below(3));
    quote.max_count = quote.min_count + static_cast<std::uint32_t>(below(4));
    schema.properties.push_back({"words", below(2) == 0, std::make_shared<const Schema>(std::move(quote))});
  }
  return std::make_shared<const Schema>(std::move(schema));
}

}  // namespace

RandomLanguage random_language(const Draw& below) {
  RandomLanguage out;
  if (below(2) == 0) {
    out.schema = object(below, 3);
  } else {
    Schema schema;
    schema.type = Type::any_of;
    for (std::size_t count = 2 + below(2); count > 0; --count) schema.choices.push_back(object(below, 3));
    out.schema = std::make_shared<const Schema>(std::move(schema));
  }
  out.evidence_count = below(3) == 0 ? 0 : 1 + below(30);
  static constexpr const char* words[] = {"a",      "ab", "b",    "\"",   "\\", "/",
                                          "\u00e9", "\n", "\x01", "\xff", " "};
  for (std::size_t line = 0; line < out.evidence_count; ++line) {
    out.lines.emplace_back();
    for (std::size_t count = below(7); count > 0; --count) out.lines.back() += words[below(std::size(words))];
  }
  static constexpr const char* kinds[] = {"pod",     "pod",  "poddisruptionbudget",
                                          "service", "node", "namespace"};
  static constexpr const char* names[] = {"a", "ab", "a-b", "b", "b.c", "system:a", "UNSAFE", "a;b"};
  static constexpr const char* spaces[] = {"a", "ab", "x"};
  for (std::size_t count = below(12); count > 0; --count) {
    Name name{kinds[below(std::size(kinds))], spaces[below(std::size(spaces))],
              names[below(std::size(names))], below(2) == 0};
    if (is_cluster_scoped(name.kind) || below(6) == 0) name.space.clear();
    out.names.push_back(name);
    if (name.kind == "pod" && below(2) == 0) {
      out.names.push_back({"container", name.space + "/" + name.name, names[below(4)], true});
    }
  }
  static constexpr const char* patterns[] = {
      "k -n {namespace} d {pod}",
      "k -n {namespace} logs {pod.name} [-c {container}] [--p]",
      "k -n {namespace} logs {pod.name} -c {container}",
      "k get {pod} [-o wide]",
      "k get {object}",
      "k -n {namespace} get {object} [-o yaml]",
      "k get nodes",
      "k get {node} [-w]",
      "k n/{node.name}/x",
      "k top pod {pod.name} [-c {container}]",
      "k -n {namespace} pf {service.name}:{pod.name}",
      "k [-n {namespace}] get {service}",
      "j -u {unit.name}",
      "k -n {namespace}",
  };
  for (const char* pattern : patterns) {
    if (below(3) != 0) continue;
    auto parsed = parse_command_pattern(pattern);
    if (parsed) out.patterns.push_back(*std::move(parsed));
  }
  return out;
}

}  // namespace carrel
