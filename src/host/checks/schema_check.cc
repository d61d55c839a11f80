#include <algorithm>
#include <cmath>
#include <memory>
#include <set>

#include <fmt/format.h>
#include <rapidjson/document.h>
#include <rapidjson/error/en.h>
#include <rapidjson/stringbuffer.h>
#include <rapidjson/writer.h>

#include "base/text.h"
#include "host/checks/checks.h"
#include "host/checks/command_check.h"
#include "record/schema_text.h"

namespace carrel {
namespace {

using Value = rapidjson::Value;

std::string_view text_of(const Value& value) {
  return {value.GetString(), value.GetStringLength()};
}

// The number, where it is a whole one; draft 7 takes 3.0 for an integer.
std::optional<std::int64_t> whole_number(const Value& value) {
  if (value.IsInt64()) return value.GetInt64();
  if (!value.IsDouble()) return std::nullopt;
  const double number = value.GetDouble();
  if (std::trunc(number) != number || std::fabs(number) > 9007199254740992.0) return std::nullopt;
  return static_cast<std::int64_t>(number);
}

// The text that parse_schema would give this value in Schema::literals; empty where it has none.
std::string canonical(const Value& value) {
  if (value.IsString()) return json_string(text_of(value));
  if (value.IsBool()) return value.GetBool() ? "true" : "false";
  if (value.IsNull()) return "null";
  const auto number = whole_number(value);
  return number ? fmt::format("{}", *number) : "";
}

std::size_t code_points(std::string_view text) {
  return static_cast<std::size_t>(std::count_if(
      text.begin(), text.end(), [](char c) { return (static_cast<unsigned char>(c) & 0xc0) != 0x80; }));
}

class Validator {
 public:
  Validator(std::size_t ids, const std::vector<EvidenceLine>& lines,
            const std::vector<CommandPattern>& patterns, const std::vector<Name>& names)
      : ids_(ids), lines_(lines), patterns_(patterns), names_(names) {}

  // The first thing that is wrong at or below `path` (a JSON pointer), or nothing.
  std::string wrong(const Schema& schema, const Value& value, const std::string& path) {
    switch (schema.type) {
      case Schema::Type::object:
        return wrong_object(schema, value, path);
      case Schema::Type::array:
        return wrong_array(schema, value, path);
      case Schema::Type::string:
      case Schema::Type::quote:  // of which line is seen where its object is: wrong_quote()
        return wrong_string(schema, value, path);
      case Schema::Type::integer: {
        const auto number = whole_number(value);
        if (!number) return at(path, "is not an integer");
        if (schema.minimum && *number < *schema.minimum)
          return at(path, fmt::format("is below {}", *schema.minimum));
        if (schema.maximum && *number > *schema.maximum)
          return at(path, fmt::format("is above {}", *schema.maximum));
        return {};
      }
      case Schema::Type::boolean:
        return value.IsBool() ? "" : at(path, "is neither true nor false");
      case Schema::Type::null:
        return value.IsNull() ? "" : at(path, "is not null");
      case Schema::Type::literal: {
        const std::string text = canonical(value);
        const bool known =
            std::find(schema.literals.begin(), schema.literals.end(), text) != schema.literals.end();
        return known ? "" : at(path, fmt::format("is none of {}", fmt::join(schema.literals, ", ")));
      }
      case Schema::Type::evidence: {
        if (!value.IsString()) return at(path, "is not a string");
        const std::string id(text_of(value));
        return evidence_index(id, ids_) < ids_
                   ? ""
                   : at(path, fmt::format("\"{}\" is the id of no evidence line", escape_for_terminal(id)));
      }
      case Schema::Type::command: {
        if (!value.IsString()) return at(path, "is not a string");
        if (!rules_) rules_ = std::make_unique<CommandRules>(patterns_, names_);
        const std::string why = rules_->why_not(std::string(text_of(value)));
        return why.empty() ? "" : at(path, "is a command that is not allowed: " + why);
      }
      case Schema::Type::any_of:
        break;
    }
    return wrong_choice(schema, value, path);
  }

 private:
  static std::string at(const std::string& path, const std::string& what) {
    return fmt::format("{} {}", path.empty() ? "the answer" : path, what);
  }

  static std::string wrong_string(const Schema& schema, const Value& value, const std::string& path) {
    if (!value.IsString()) return at(path, "is not a string");
    const std::size_t length = code_points(text_of(value));
    if (length < schema.min_count)
      return at(path, fmt::format("has {} characters, at least {} are due", length, schema.min_count));
    if (length > schema.max_count)
      return at(path, fmt::format("has {} characters, at most {} are allowed", length, schema.max_count));
    if (schema.pattern && !schema.pattern->holds(text_of(value)))
      return at(path, fmt::format("is not of the pattern {}", schema.pattern_text));
    return {};
  }

  // The words of a quote stand in the line whose id the object has.
  std::string wrong_quote(const Schema& schema, const Value& object, const Value& quote,
                          const std::string& path) {
    const auto id = object.FindMember(schema.quote_of.c_str());
    const std::size_t line = id != object.MemberEnd() && id->value.IsString()
                                 ? evidence_index(std::string(text_of(id->value)), ids_)
                                 : ids_;
    if (line >= ids_ || line >= lines_.size()) return at(path, "quotes no evidence line");
    return lines_[line].quote.find(text_of(quote)) != std::string::npos
               ? ""
               : at(path, fmt::format("does not stand in the evidence line of \"{}\"", schema.quote_of));
  }

  std::string wrong_object(const Schema& schema, const Value& value, const std::string& path) {
    if (!value.IsObject()) return at(path, "is not an object");
    std::set<std::string_view> seen;
    for (const auto& member : value.GetObject()) {
      const std::string_view name = text_of(member.name);
      const auto property = std::find_if(schema.properties.begin(), schema.properties.end(),
                                         [&](const Schema::Property& known) { return known.name == name; });
      if (!seen.insert(name).second)
        return at(path, fmt::format("has \"{}\" twice", escape_for_terminal(name)));
      if (property == schema.properties.end()) {
        return at(path, fmt::format("has \"{}\", which the schema does not know", escape_for_terminal(name)));
      }
      const std::string inner_path = fmt::format("{}/{}", path, name);
      std::string inner = wrong(*property->schema, member.value, inner_path);
      if (inner.empty() && property->schema->type == Schema::Type::quote)
        inner = wrong_quote(*property->schema, value, member.value, inner_path);
      if (!inner.empty()) return inner;
    }
    for (const Schema::Property& property : schema.properties) {
      if (property.required && !seen.contains(property.name))
        return at(path, fmt::format("lacks \"{}\"", property.name));
    }
    return {};
  }

  std::string wrong_array(const Schema& schema, const Value& value, const std::string& path) {
    if (!value.IsArray()) return at(path, "is not a list");
    if (value.Size() < schema.min_count) {
      return at(path, fmt::format("has {} items, at least {} are due", value.Size(), schema.min_count));
    }
    if (value.Size() > schema.max_count) {
      return at(path, fmt::format("has {} items, at most {} are allowed", value.Size(), schema.max_count));
    }
    std::set<std::string> seen;
    for (rapidjson::SizeType item = 0; item < value.Size(); ++item) {
      const std::string inner_path = fmt::format("{}/{}", path, item);
      std::string inner = wrong(*schema.items, value[item], inner_path);
      if (!inner.empty()) return inner;
      if (schema.unique && !seen.insert(canonical(value[item])).second)
        return at(inner_path, "stands in the list twice");
    }
    return {};
  }

  // Of the alternatives' mistakes the one deepest in the answer: it is of the alternative that was meant.
  std::string wrong_choice(const Schema& schema, const Value& value, const std::string& path) {
    std::string deepest;
    std::ptrdiff_t depth = -1;
    for (const auto& choice : schema.choices) {
      std::string inner = wrong(*choice, value, path);
      if (inner.empty()) return {};
      const std::string_view where = std::string_view(inner).substr(0, inner.find(' '));
      const std::ptrdiff_t slashes = std::count(where.begin(), where.end(), '/');
      if (slashes > depth) {
        depth = slashes;
        deepest = std::move(inner);
      }
    }
    return deepest;
  }

  std::size_t ids_;
  const std::vector<EvidenceLine>& lines_;
  const std::vector<CommandPattern>& patterns_;
  const std::vector<Name>& names_;
  std::unique_ptr<CommandRules> rules_;  // made when the first command comes
};

}  // namespace

Check check_schema(const std::string& answer_json, const Schema& schema, std::size_t ids,
                   const std::vector<EvidenceLine>& lines, const std::vector<CommandPattern>& patterns,
                   const std::vector<Name>& names) {
  Check check;
  check.name = "schema";
  rapidjson::Document document;
  constexpr unsigned flags = rapidjson::kParseIterativeFlag | rapidjson::kParseValidateEncodingFlag;
  document.Parse<flags>(answer_json.data(), answer_json.size());
  if (document.HasParseError()) {
    check.detail =
        fmt::format("the answer is not JSON: {}", rapidjson::GetParseError_En(document.GetParseError()));
    return check;
  }
  const std::string wrong = Validator(ids, lines, patterns, names).wrong(schema, document, "");
  check.verdict = wrong.empty() ? Check::Verdict::pass : Check::Verdict::fail;
  check.detail = wrong.empty() ? "the answer has the schema's shape" : wrong;
  return check;
}

}  // namespace carrel
