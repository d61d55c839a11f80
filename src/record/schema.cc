#include "record/schema.h"

#include <algorithm>
#include <map>
#include <set>

#include <fmt/format.h>

#include "record/limits.h"
#include "record/schema_text.h"

namespace carrel {
namespace {

constexpr std::size_t deepest = 10;            // objects and arrays inside one another
constexpr std::size_t most_alternatives = 64;  // of one anyOf, those of nested ones included
constexpr std::int64_t longest_string = limit::answer;
constexpr std::int64_t longest_list = 4096;
constexpr std::int64_t longest_quote = limit::quote;

bool is_annotation(std::string_view key) {
  static const std::set<std::string_view> annotations = {"title",   "description", "$schema",  "$id",
                                                         "default", "examples",    "$comment", "definitions"};
  return annotations.contains(key);
}

// The words that a schema of this type may hold besides "type" and annotations.
const std::set<std::string_view>& words_of(std::string_view type) {
  static const std::set<std::string_view> none,
      object = {"properties", "required", "additionalProperties"},
      array = {"items", "minItems", "maxItems", "uniqueItems"},
      string = {"minLength", "maxLength", "pattern", "x-carrel-set", "x-carrel-grammar", "x-carrel-quote"},
      integer = {"minimum", "maximum", "exclusiveMinimum", "exclusiveMaximum"};
  if (type == "object") return object;
  if (type == "array") return array;
  if (type == "string") return string;
  if (type == "integer") return integer;
  return none;
}

const char* type_of(const PlacedJson& value) {
  switch (value.kind) {
    case PlacedJson::Kind::null:
      return "null";
    case PlacedJson::Kind::boolean:
      return "boolean";
    case PlacedJson::Kind::number:
      return value.is_integer() ? "integer" : "number";
    case PlacedJson::Kind::string:
      return "string";
    case PlacedJson::Kind::array:
      return "array";
    case PlacedJson::Kind::object:
      break;
  }
  return "object";
}

class SchemaReader {
 public:
  SchemaReader(const PlacedJson& root, std::vector<Mistake>* mistakes) : root_(root), mistakes_(mistakes) {}

  std::shared_ptr<const Schema> read() {
    if (const PlacedJson* definitions = root_.find("definitions")) {
      if (definitions->kind != PlacedJson::Kind::object) {
        mistake(*definitions, "\"definitions\" must be an object");
      } else {
        for (const PlacedJson::Member& member : definitions->members)
          definition(member.name, definitions->place);
      }
    }
    auto schema = value(root_, 0);
    if (schema && !is_object(*schema))
      mistake(root_, "an answer is an object, so the schema's type must be object");
    return schema;
  }

 private:
  using Made = std::shared_ptr<const Schema>;

  static bool is_object(const Schema& schema) {
    if (schema.type != Schema::Type::any_of) return schema.type == Schema::Type::object;
    return std::all_of(schema.choices.begin(), schema.choices.end(),
                       [](const Made& c) { return is_object(*c); });
  }

  void mistake(const PlacedJson& at, std::string what) { mistake(at.place, std::move(what)); }
  void mistake(const PlacedJson::Place& at, std::string what) {
    mistakes_->push_back({at.line, at.column, std::move(what)});
  }

  // A schema of "definitions", made once. Null where it is missing, wrong or inside itself.
  Made definition(const std::string& name, const PlacedJson::Place& asked_at) {
    if (const auto made = definitions_.find(name); made != definitions_.end()) return made->second;
    const PlacedJson* definitions = root_.find("definitions");
    const PlacedJson* source = definitions == nullptr ? nullptr : definitions->find(name);
    if (source == nullptr) {
      mistake(asked_at, fmt::format("there is no definition \"{}\"", name));
      return nullptr;
    }
    if (!open_.insert(name).second) {
      mistake(asked_at,
              fmt::format("the definition \"{}\" contains itself; an answer must have a largest size", name));
      return nullptr;
    }
    Made made = value(*source, 0);
    open_.erase(name);
    return definitions_[name] = made;
  }

  // The schema at `source`, or null with at least one mistake told. `depth`: objects and arrays around it.
  Made value(const PlacedJson& source, std::size_t depth) {
    if (source.kind != PlacedJson::Kind::object) {
      mistake(source, "a schema must be an object");
      return nullptr;
    }
    if (depth > deepest) {
      mistake(source, fmt::format("more than {} objects and arrays inside one another", deepest));
      return nullptr;
    }
    if (&source != &root_ && source.find("definitions") != nullptr) {
      mistake(*source.find("definitions"), "\"definitions\" may stand at the top only");
    }
    for (const char* alone : {"$ref", "anyOf", "enum", "const"}) {
      if (const PlacedJson* given = source.find(alone)) return special(source, alone, *given, depth);
    }
    const PlacedJson* type = source.find("type");
    if (type == nullptr) {
      mistake(source, "a schema needs \"type\", \"enum\", \"const\", \"anyOf\" or \"$ref\"");
      unknown_words(source, {});
      return nullptr;
    }
    if (type->kind == PlacedJson::Kind::array) {
      mistake(*type, "a list of types is not supported; use \"anyOf\"");
      return nullptr;
    }
    static const std::set<std::string_view> types = {"object",  "array",   "string",
                                                     "integer", "boolean", "null"};
    if (type->kind != PlacedJson::Kind::string || !types.contains(type->text)) {
      mistake(*type, "the types are object, array, string, integer, boolean and null");
      return nullptr;
    }
    const std::size_t before = mistakes_->size();
    std::set<std::string_view> known = words_of(type->text);
    known.insert("type");
    unknown_words(source, known);
    Schema schema;
    if (type->text == "object") {
      object(source, depth, &schema);
    } else if (type->text == "array") {
      array(source, depth, &schema);
    } else if (type->text == "string") {
      string(source, &schema);
    } else if (type->text == "integer") {
      integer(source, &schema);
    } else {
      schema.type = type->text == "null" ? Schema::Type::null : Schema::Type::boolean;
    }
    if (mistakes_->size() != before) return nullptr;
    return std::make_shared<const Schema>(std::move(schema));
  }

  // Everything in `source` that is neither known here nor an annotation.
  void unknown_words(const PlacedJson& source, const std::set<std::string_view>& known) {
    for (const PlacedJson::Member& member : source.members) {
      if (known.contains(member.name) || is_annotation(member.name)) continue;
      mistake(member.place, fmt::format("\"{}\" is not supported here", member.name));
    }
  }

  Made special(const PlacedJson& source, std::string_view word, const PlacedJson& given, std::size_t depth) {
    const std::size_t before = mistakes_->size();
    std::set<std::string_view> known = {word};
    if (word == "enum" || word == "const") known.insert("type");
    unknown_words(source, known);
    Made made;
    if (word == "$ref") {
      made = reference(given, depth);
    } else if (word == "anyOf") {
      made = any_of(given, depth);
    } else {
      made = literals(source, word, given);
    }
    return mistakes_->size() == before ? made : nullptr;
  }

  Made reference(const PlacedJson& given, std::size_t depth) {
    static constexpr std::string_view start = "#/definitions/";
    if (given.kind != PlacedJson::Kind::string || !given.text.starts_with(start)) {
      mistake(given, "\"$ref\" must be \"#/definitions/...\"");
      return nullptr;
    }
    Made made = definition(given.text.substr(start.size()), given.place);
    if (made && depth + depth_of(*made) > deepest) {
      mistake(given, fmt::format("more than {} objects and arrays inside one another", deepest));
    }
    return made;
  }

  static std::size_t depth_of(const Schema& schema) {
    std::size_t inner = 0;
    for (const auto& property : schema.properties) inner = std::max(inner, depth_of(*property.schema));
    for (const Made& choice : schema.choices) inner = std::max(inner, depth_of(*choice));
    if (schema.items) inner = depth_of(*schema.items);
    return inner + (schema.type == Schema::Type::object || schema.type == Schema::Type::array ? 1 : 0);
  }

  static std::size_t alternatives_of(const Schema& schema) {
    if (schema.type != Schema::Type::any_of) return 1;
    std::size_t all = 0;
    for (const Made& choice : schema.choices) all += alternatives_of(*choice);
    return all;
  }

  Made any_of(const PlacedJson& given, std::size_t depth) {
    if (given.kind != PlacedJson::Kind::array || given.items.empty()) {
      mistake(given, "\"anyOf\" must be a list of at least one schema");
      return nullptr;
    }
    Schema schema;
    schema.type = Schema::Type::any_of;
    for (const PlacedJson& item : given.items) {
      Made choice = value(item, depth);
      no_quote(item, choice);
      if (choice) schema.choices.push_back(std::move(choice));
    }
    if (alternatives_of(schema) > most_alternatives) {
      mistake(given, fmt::format("\"anyOf\" has more than {} alternatives", most_alternatives));
    }
    return std::make_shared<const Schema>(std::move(schema));
  }

  Made literals(const PlacedJson& source, std::string_view word, const PlacedJson& given) {
    Schema schema;
    schema.type = Schema::Type::literal;
    const PlacedJson* type = source.find("type");
    const auto add = [&](const PlacedJson& item) {
      const bool supported = item.kind != PlacedJson::Kind::object && item.kind != PlacedJson::Kind::array &&
                             (item.kind != PlacedJson::Kind::number || item.integer());
      if (!supported)
        return mistake(item, fmt::format("\"{}\" may hold strings, integers, booleans and null", word));
      if (type != nullptr && (type->kind != PlacedJson::Kind::string || type->text != type_of(item))) {
        return mistake(item, "the value is not of the schema's type");
      }
      std::string text = item.canonical();
      if (std::find(schema.literals.begin(), schema.literals.end(), text) != schema.literals.end()) {
        return mistake(item, fmt::format("{} stands in the list twice", text));
      }
      schema.literals.push_back(std::move(text));
    };
    if (word == "const") {
      add(given);
    } else if (given.kind != PlacedJson::Kind::array || given.items.empty()) {
      mistake(given, "\"enum\" must be a list of at least one value");
    } else {
      for (const PlacedJson& item : given.items) add(item);
    }
    return std::make_shared<const Schema>(std::move(schema));
  }

  void object(const PlacedJson& source, std::size_t depth, Schema* schema) {
    schema->type = Schema::Type::object;
    if (const PlacedJson* closed = source.find("additionalProperties");
        closed == nullptr || closed->kind != PlacedJson::Kind::boolean || closed->flag) {
      mistake(closed == nullptr ? source : *closed, "an object needs \"additionalProperties\": false");
    }
    if (const PlacedJson* properties = source.find("properties")) {
      if (properties->kind != PlacedJson::Kind::object)
        return mistake(*properties, "\"properties\" must be an object");
      for (const PlacedJson::Member& member : properties->members) {
        Made made = value(member.value(), depth + 1);
        schema->properties.push_back({member.name, false, std::move(made)});
      }
    }
    required(source, schema);
    if (const PlacedJson* properties = source.find("properties")) quotes(*properties, *schema);
  }

  void required(const PlacedJson& source, Schema* schema) {
    const PlacedJson* required = source.find("required");
    if (required == nullptr) return;
    if (required->kind != PlacedJson::Kind::array)
      return mistake(*required, "\"required\" must be a list of names");
    for (const PlacedJson& name : required->items) {
      const auto property = std::find_if(
          schema->properties.begin(), schema->properties.end(),
          [&](const auto& p) { return name.kind == PlacedJson::Kind::string && p.name == name.text; });
      if (property == schema->properties.end()) {
        mistake(name, "\"required\" names something that is not among the properties");
      } else if (property->required) {
        mistake(name, fmt::format("\"{}\" is required twice", name.text));
      } else {
        property->required = true;
      }
    }
  }

  void array(const PlacedJson& source, std::size_t depth, Schema* schema) {
    schema->type = Schema::Type::array;
    bounds(source, "minItems", "maxItems", longest_list, schema);
    const PlacedJson* items = source.find("items");
    if (items == nullptr) return mistake(source, "an array needs \"items\"");
    if (items->kind == PlacedJson::Kind::array)
      return mistake(*items, "\"items\" must be one schema, not a list");
    schema->items = value(*items, depth + 1);
    no_quote(*items, schema->items);
    if (const PlacedJson* unique = source.find("uniqueItems")) {
      if (unique->kind != PlacedJson::Kind::boolean)
        return mistake(*unique, "\"uniqueItems\" must be true or false");
      schema->unique = unique->flag;
    }
    if (!schema->items) return;
    const bool evidence = schema->items->type == Schema::Type::evidence;
    if (schema->unique && !evidence && schema->items->type != Schema::Type::literal) {
      mistake(source, "\"uniqueItems\" is supported for items of an enum and for evidence ids");
    }
    if (evidence && !schema->unique) mistake(source, "an array of evidence ids needs \"uniqueItems\": true");
  }

  void string(const PlacedJson& source, Schema* schema) {
    const PlacedJson* set = source.find("x-carrel-set");
    const PlacedJson* grammar = source.find("x-carrel-grammar");
    const PlacedJson* quote = source.find("x-carrel-quote");
    if ((set != nullptr) + (grammar != nullptr) + (quote != nullptr) > 1)
      mistake(source, "a string is of a set, of a grammar or a quote, and of one only");
    if (set == nullptr && grammar == nullptr) {
      schema->type = quote == nullptr ? Schema::Type::string : Schema::Type::quote;
      const std::size_t before = mistakes_->size();
      bounds(source, "minLength", "maxLength", quote == nullptr ? longest_string : longest_quote, schema);
      if (quote != nullptr) return quote_of(source, *quote, schema);
      if (mistakes_->size() == before) pattern(source, schema);
      return;
    }
    if (set != nullptr && (set->kind != PlacedJson::Kind::string || set->text != "evidence")) {
      mistake(*set, "the only set is \"evidence\"");
    }
    if (grammar != nullptr && (grammar->kind != PlacedJson::Kind::string || grammar->text != "command")) {
      mistake(*grammar, "the only grammar is \"command\"");
    }
    for (const char* word : {"minLength", "maxLength", "pattern"}) {
      if (const PlacedJson* given = source.find(word)) {
        mistake(*given, fmt::format("\"{}\" does not go with a set or a grammar", word));
      }
    }
    schema->type = set != nullptr ? Schema::Type::evidence : Schema::Type::command;
  }

  void pattern(const PlacedJson& source, Schema* schema) {
    const PlacedJson* given = source.find("pattern");
    if (given == nullptr) return;
    if (given->kind != PlacedJson::Kind::string) return mistake(*given, "\"pattern\" must be a string");
    auto made = TextPattern::make(given->text, schema->min_count, schema->max_count);
    if (!made) return mistake(*given, "\"pattern\": " + made.error().what);
    schema->pattern = std::move(*made);
    schema->pattern_text = given->text;
  }

  // Which line is quoted is seen where the property's object is read: quotes() below.
  void quote_of(const PlacedJson& source, const PlacedJson& given, Schema* schema) {
    if (given.kind != PlacedJson::Kind::string)
      return mistake(given, "\"x-carrel-quote\" names the property that has the line's id");
    if (schema->min_count == 0) mistake(source, "a quote needs a \"minLength\" of at least 1");
    if (const PlacedJson* pattern = source.find("pattern"))
      mistake(*pattern, "\"pattern\" does not go with a quote");
    schema->quote_of = given.text;
  }

  // A quote is a property, and the id of the line that it quotes is another of the same object: a required
  // one that is written before it.
  void quotes(const PlacedJson& properties, const Schema& schema) {
    const Schema* first = nullptr;
    for (std::size_t at = 0; at < schema.properties.size(); ++at) {
      const Made& quote = schema.properties[at].schema;
      if (!quote || quote->type != Schema::Type::quote) continue;
      const auto id = std::find_if(schema.properties.begin(), schema.properties.end(),
                                   [&](const auto& p) { return p.name == quote->quote_of; });
      const bool before = id - schema.properties.begin() < static_cast<std::ptrdiff_t>(at);
      if (id == schema.properties.end() || !before || !id->required || !id->schema ||
          id->schema->type != Schema::Type::evidence) {
        mistake(properties.members[at].value(),
                fmt::format(
                    "\"x-carrel-quote\" must name a required property before this one that is an evidence "
                    "id, and \"{}\" is none",
                    quote->quote_of));
      } else if (first != nullptr && first->quote_of != quote->quote_of) {
        mistake(properties.members[at].value(), "the quotes of an object must be of one line");
      }
      if (first == nullptr) first = quote.get();
    }
  }

  void no_quote(const PlacedJson& place, const Made& made) {
    if (made && made->type == Schema::Type::quote)
      mistake(place, "a quote must be a property of an object, beside the id of its line");
  }

  void integer(const PlacedJson& source, Schema* schema) {
    schema->type = Schema::Type::integer;
    const auto bound = [&](const char* word) -> std::optional<std::int64_t> {
      const PlacedJson* given = source.find(word);
      if (given == nullptr) return std::nullopt;
      const auto number = given->integer();
      if (!number) mistake(*given, "the bounds of an integer are integers of at most 64 bits");
      return number;
    };
    schema->minimum = bound("minimum");
    schema->maximum = bound("maximum");
    if (const auto above = bound("exclusiveMinimum")) {
      if (*above == INT64_MAX) return mistake(source, "no integer is above \"exclusiveMinimum\"");
      schema->minimum = std::max(schema->minimum.value_or(INT64_MIN), *above + 1);
    }
    if (const auto below = bound("exclusiveMaximum")) {
      if (*below == INT64_MIN) return mistake(source, "no integer is below \"exclusiveMaximum\"");
      schema->maximum = std::min(schema->maximum.value_or(INT64_MAX), *below - 1);
    }
    if (schema->minimum && schema->maximum && *schema->minimum > *schema->maximum) {
      mistake(source, "the smallest allowed integer is above the largest");
    }
  }

  // The least and the largest count; the largest must be there, so that an answer has a largest size.
  void bounds(const PlacedJson& source, const char* least, const char* most, std::int64_t ceiling,
              Schema* schema) {
    const auto read = [&](const char* word) -> std::optional<std::uint32_t> {
      const PlacedJson* given = source.find(word);
      if (given == nullptr) return std::nullopt;
      const auto number = given->integer();
      if (number && *number >= 0 && *number <= ceiling) return static_cast<std::uint32_t>(*number);
      mistake(*given, fmt::format("\"{}\" must be an integer of 0 to {}", word, ceiling));
      return std::nullopt;
    };
    if (source.find(most) == nullptr)
      mistake(source, fmt::format("\"{}\" is missing: an answer has a largest size", most));
    schema->min_count = read(least).value_or(0);
    schema->max_count = read(most).value_or(UINT32_MAX);
    if (schema->min_count > schema->max_count)
      mistake(source, fmt::format("\"{}\" is above \"{}\"", least, most));
  }

  const PlacedJson& root_;
  std::vector<Mistake>* mistakes_;
  std::map<std::string, Made> definitions_;
  std::set<std::string> open_;  // definitions being read, to find those that contain themselves
};

}  // namespace

Result<std::shared_ptr<const Schema>> parse_schema(std::string_view json, std::vector<Mistake>* mistakes) {
  std::vector<Mistake> found;
  std::shared_ptr<const Schema> schema;
  if (const auto root = read_placed_json(json, &found)) schema = SchemaReader(*root, &found).read();
  std::stable_sort(found.begin(), found.end(), [](const Mistake& a, const Mistake& b) {
    return std::pair(a.line, a.column) < std::pair(b.line, b.column);
  });
  Result<std::shared_ptr<const Schema>> result = schema;
  if (!found.empty()) {
    result = Error{Code::bad_input,
                   fmt::format("the answer's schema is wrong at line {}, column {}: {}", found[0].line,
                               found[0].column, found[0].what),
                   "docs/formats/answer-schema.md lists what a schema may hold"};
  }
  if (mistakes != nullptr) *mistakes = std::move(found);
  return result;
}

}  // namespace carrel
