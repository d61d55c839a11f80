#include "constrain_schemas.h"

#include <functional>
#include <random>

#include <fmt/format.h>

namespace carrel::bench {
namespace {

// Ten kinds of answers that playbooks have, each in twenty sizes and variations.
class Writer {
 public:
  explicit Writer(unsigned seed) : random_(seed) {}

  std::string schema(int kind, int size) {
    switch (kind) {
      case 0:
        return object(leaves(2 + size), true);
      case 1:
        return object({{"items", array(object(leaves(1 + size % 5), true), size % 3, size + 3)}}, true);
      case 2:
        return nested(1 + size % 8);
      case 3:
        return alternatives(2 + size);
      case 4:
        return object({{"level", choices(2 + size * 10)}, {"why", text()}}, true);
      case 5:
        return object({{"evidence", ids(size % 4, 5)}, {"cause", text()}, {"score", integer(size)}}, true);
      case 6:
        return object({{"findings", array(quoted(), 1, 1 + size % 6)}, {"note", text()}}, true);
      case 7:
        return object({{"name", pattern(size)}, {"tag", pattern(size + 1)}, {"rest", leaf(size)}},
                      size % 2 == 0);
      case 8:
        return object({{"commands", array(command(), 0, 1 + size % 4)}, {"checked", R"({"type":"boolean"})"}},
                      true);
      default:
        return with_definitions(1 + size % 6);
    }
  }

 private:
  using Properties = std::vector<std::pair<std::string, std::string>>;

  std::size_t below(std::size_t count) { return random_() % count; }

  std::string object(const Properties& properties, bool all_required) {
    std::string body, required;
    for (const auto& [name, schema] : properties) {
      body += fmt::format(R"({}"{}":{})", body.empty() ? "" : ",", name, schema);
      if (all_required || below(2) == 0)
        required += fmt::format(R"({}"{}")", required.empty() ? "" : ",", name);
    }
    return fmt::format(
        R"({{"type":"object","additionalProperties":false,"required":[{}],"properties":{{{}}}}})", required,
        body);
  }
  Properties leaves(int count) {
    Properties out;
    for (int at = 0; at < count; ++at) out.emplace_back(fmt::format("field_{}", at), leaf(at));
    return out;
  }
  std::string leaf(int at) {
    const std::function<std::string()> kinds[] = {[&] { return text(); },
                                                  [&] { return integer(at); },
                                                  [&] { return std::string(R"({"type":"boolean"})"); },
                                                  [&] { return choices(3 + at % 5); },
                                                  [&] { return pattern(at); },
                                                  [&] { return std::string(R"({"const":"fixed"})"); },
                                                  [&] { return optional(text()); },
                                                  [&] { return array(integer(at), 0, 4); }};
    return kinds[static_cast<std::size_t>(at) % std::size(kinds)]();
  }
  std::string text() {
    const std::size_t least = below(9);
    return fmt::format(R"({{"type":"string","minLength":{},"maxLength":{}}})", least,
                       least + 20 + below(280));
  }
  static std::string integer(int at) {
    const char* kinds[] = {R"({"type":"integer","minimum":0,"maximum":100})", R"({"type":"integer"})",
                           R"({"type":"integer","exclusiveMinimum":-1000,"exclusiveMaximum":1000000})",
                           R"({"type":"integer","minimum":-5,"maximum":5})"};
    return kinds[static_cast<std::size_t>(at) % std::size(kinds)];
  }
  static std::string choices(int count) {
    std::string values;
    for (int at = 0; at < count; ++at) values += fmt::format(R"({}"value-{}")", at == 0 ? "" : ",", at * 7);
    return fmt::format(R"({{"enum":[{},null,{},true]}})", values, count);
  }
  static std::string pattern(int at) {
    const char* kinds[] = {"^[a-z0-9]([a-z0-9-]*[a-z0-9])?$",
                           R"(^v\\d{1,3}(\\.\\d{1,3}){2}$)",
                           R"(^\\d{4}-\\d{2}-\\d{2}T\\d{2}:\\d{2}:\\d{2}Z$)",
                           R"(^(GET|POST|PUT) \\/[a-z\\/]*$)",
                           R"(^[^\\n\\t]{3,}$)",
                           R"(^(low|medium|high)( \\([^\\)]+\\))?$)"};
    return fmt::format(R"({{"type":"string","minLength":1,"maxLength":64,"pattern":"{}"}})",
                       kinds[static_cast<std::size_t>(at) % std::size(kinds)]);
  }
  static std::string optional(const std::string& schema) {
    return fmt::format(R"({{"anyOf":[{},{{"type":"null"}}]}})", schema);
  }
  static std::string array(const std::string& items, int least, int most) {
    return fmt::format(R"({{"type":"array","minItems":{},"maxItems":{},"items":{}}})", least,
                       std::max(least, most), items);
  }
  static std::string ids(int least, int most) {
    return fmt::format(
        R"({{"type":"array","minItems":{},"maxItems":{},"uniqueItems":true,"items":{{"type":"string","x-carrel-set":"evidence"}}}})",
        least, most);
  }
  static std::string command() { return R"({"type":"string","x-carrel-grammar":"command"})"; }
  std::string quoted() {
    return object({{"id", R"({"type":"string","x-carrel-set":"evidence"})"},
                   {"words", R"({"type":"string","x-carrel-quote":"id","minLength":4,"maxLength":80})"},
                   {"shows", text()}},
                  true);
  }
  std::string nested(int depth) {
    std::string inner = object(leaves(2), true);
    for (int level = 0; level < depth; ++level)
      inner = object({{"name", text()}, {fmt::format("level_{}", level), inner}}, true);
    return inner;
  }
  std::string alternatives(int count) {
    std::string out;
    for (int at = 0; at < count; ++at) {
      const Properties properties = {
          {"kind", fmt::format(R"({{"const":"kind-{}"}})", at)}, {"body", leaf(at)}, {"more", leaf(at + 1)}};
      out += (at == 0 ? "" : ",") + object(properties, true);
    }
    return fmt::format(R"({{"anyOf":[{}]}})", out);
  }
  std::string with_definitions(int count) {
    std::string definitions;
    Properties properties;
    for (int at = 0; at < count; ++at) {
      definitions += fmt::format(R"({}"part_{}":{})", at == 0 ? "" : ",", at, object(leaves(1 + at), true));
      properties.emplace_back(fmt::format("first_{}", at),
                              fmt::format(R"({{"$ref":"#/definitions/part_{}"}})", at));
      properties.emplace_back(fmt::format("second_{}", at),
                              fmt::format(R"({{"$ref":"#/definitions/part_{}"}})", at));
    }
    std::string out = object(properties, true);
    out.pop_back();
    return fmt::format(R"({},"definitions":{{{}}}}})", out, definitions);
  }

  std::mt19937 random_;
};

}  // namespace

std::vector<std::string> written_schemas() {
  std::vector<std::string> out;
  Writer writer(3);
  for (int size = 0; size < 20; ++size) {
    for (int kind = 0; kind < 10; ++kind) out.push_back(writer.schema(kind, size));
  }
  return out;
}

}  // namespace carrel::bench
