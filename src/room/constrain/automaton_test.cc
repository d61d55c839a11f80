#include "room/constrain/automaton.h"

#include <random>

#include <gtest/gtest.h>

namespace carrel {
namespace {

constexpr std::string_view report = R"({
  "anyOf": [
    {"type": "object", "additionalProperties": false, "required": ["evidence", "verdict", "cause", "commands"],
     "properties": {
       "evidence": {"$ref": "#/definitions/ids"},
       "verdict": {"enum": ["fault", "no_fault"]},
       "cause": {"type": "string", "minLength": 2, "maxLength": 20},
       "commands": {"type": "array", "maxItems": 2, "items": {"type": "string", "x-carrel-grammar": "command"}},
       "score": {"type": "integer", "minimum": 0, "maximum": 100}}},
    {"type": "object", "additionalProperties": false, "required": ["evidence", "verdict", "cause"],
     "properties": {
       "evidence": {"type": "array", "maxItems": 5, "uniqueItems": true,
                    "items": {"type": "string", "x-carrel-set": "evidence"}},
       "verdict": {"const": "insufficient_evidence"},
       "cause": {"type": "string", "minLength": 2, "maxLength": 20}}}],
  "definitions": {"ids": {"type": "array", "minItems": 1, "maxItems": 5, "uniqueItems": true,
                          "items": {"type": "string", "x-carrel-set": "evidence"}}}})";

std::vector<CommandPattern> patterns(std::initializer_list<const char*> sources) {
  std::vector<CommandPattern> out;
  for (const char* source : sources) {
    auto pattern = parse_command_pattern(source);
    if (!pattern) {
      ADD_FAILURE() << pattern.error().what;
      continue;
    }
    out.push_back(*std::move(pattern));
  }
  return out;
}

Result<std::shared_ptr<const Grammar>> compiled(std::string_view json, std::size_t evidence,
                                                const std::vector<CommandPattern>& commands = {},
                                                const std::vector<Name>& names = {}) {
  auto schema = parse_schema(json, nullptr);
  if (!schema) return schema.error();
  return compile(**schema, evidence, commands, names);
}

std::unique_ptr<Constraint> make(std::string_view json, std::size_t evidence,
                                 const std::vector<CommandPattern>& commands = {},
                                 const std::vector<Name>& names = {}) {
  auto grammar = compiled(json, evidence, commands, names);
  if (!grammar) throw std::runtime_error(grammar.error().what);
  return start(*grammar);
}

std::unique_ptr<Constraint> at(std::string_view json, std::size_t evidence, std::string_view text,
                               const std::vector<CommandPattern>& commands = {},
                               const std::vector<Name>& names = {}) {
  auto constraint = make(json, evidence, commands, names);
  EXPECT_TRUE(constraint->accept(text)) << text;
  return constraint;
}

std::string one_property(std::string_view schema) {
  return R"({"type":"object","additionalProperties":false,"required":["a"],"properties":{"a":)" +
         std::string(schema) + "}}";
}

const std::vector<Name> two_namespaces = {
    {"namespace", "", "one", true}, {"namespace", "", "two", true},           {"pod", "one", "api", true},
    {"pod", "one", "api-0", true},  {"container", "one/api-0", "main", true}, {"service", "two", "web", true},
    {"pod", "two", "web-1", false},
};

TEST(Automaton, APrefixIsNotFinished) {
  auto c = make(report, 12);
  const std::string answer = R"({"evidence":["E003"],"verdict":"fault","cause":"it is so","commands":[]})";
  for (std::size_t length = 0; length < answer.size(); ++length) {
    EXPECT_FALSE(c->finished()) << length;
    ASSERT_TRUE(c->accept(answer.substr(length, 1))) << length;
  }
  EXPECT_TRUE(c->finished());
  for (int byte = 0; byte < 256; ++byte) EXPECT_FALSE(c->allows(std::string(1, static_cast<char>(byte))));
  std::vector<bool> mask(300, true);
  c->mask(TokenTrie({"a", "}", " ", "\n"}), &mask);
  EXPECT_EQ(std::count(mask.begin(), mask.end(), true), 0);
}

TEST(Automaton, RefusesFreeWhiteSpace) {
  auto c = make(report, 12);
  EXPECT_FALSE(c->allows(" {"));
  EXPECT_FALSE(c->allows("{ \""));
  EXPECT_FALSE(c->allows("{\"evidence\": ["));
  EXPECT_FALSE(c->allows("{\"evidence\":[\"E001\", "));
  EXPECT_TRUE(c->allows("{\"evidence\":[\"E001\",\"E002\""));
}

TEST(Automaton, RefusesAnIdTwiceAndIdsThatAreNotThere) {
  auto c = at(report, 12, R"({"evidence":["E003")");
  EXPECT_FALSE(c->allows(R"(,"E003")"));
  EXPECT_FALSE(c->allows(R"(,"E013")"));
  EXPECT_FALSE(c->allows(R"(,"E000")"));
  EXPECT_FALSE(c->allows(R"(,"E1")"));
  EXPECT_TRUE(c->allows(R"(,"E012")"));
  // The last id of a list is forced, and no more than there are can be cited.
  auto last = at(report, 2, R"({"evidence":["E002")");
  EXPECT_TRUE(last->accept(","));
  EXPECT_EQ(last->forced(99), R"("E001"],"verdict":")");
}

TEST(Automaton, NoIdIsAPrefixOfAnother) {
  for (const std::size_t count : {9U, 10U, 999U, 1000U, 8192U}) {
    auto c = at(report, count, R"({"evidence":[")");
    for (const std::size_t index : {std::size_t{0}, count / 2, count - 1}) {
      const std::string id = evidence_id(index, count);
      EXPECT_TRUE(c->allows(id + '"')) << id;
      for (char digit = '0'; digit <= '9'; ++digit) EXPECT_FALSE(c->allows(id + digit)) << id << digit;
    }
  }
}

TEST(Automaton, WithoutEvidenceOnlyTheInsufficientBranchIsLeft) {
  auto c = make(report, 0);
  EXPECT_EQ(c->forced(200), R"({"evidence":[],"verdict":"insufficient_evidence","cause":")");
  EXPECT_FALSE(compiled(one_property(R"({"type":"array","minItems":1,"maxItems":2,"uniqueItems":true,
                                         "items":{"type":"string","x-carrel-set":"evidence"}})"),
                        0));
}

TEST(Automaton, ForcesWhatHasNoChoice) {
  auto c = make(report, 12);
  EXPECT_EQ(c->forced(100), R"({"evidence":[)");
  EXPECT_EQ(c->forced(4), R"({"ev)");
  EXPECT_TRUE(c->accept(R"({"evidence":["E001"],"verdict":"n)"));
  EXPECT_EQ(c->forced(100), R"(o_fault","cause":")");
}

TEST(Automaton, ForcesWholeCodePointsOnly) {
  auto c = at(one_property(R"({"enum":["né","nè"]})"), 0, R"({"a":"n)");
  EXPECT_EQ(c->forced(100), "");  // both go on with the byte C3
  EXPECT_TRUE(c->accept("\xc3"));
  EXPECT_EQ(c->forced(100), "");
  EXPECT_TRUE(c->accept("\xa9"));
  EXPECT_EQ(c->forced(100), "\"}");
}

TEST(Automaton, WritesWholeCodePointsAndCountsThem) {
  auto c = at(one_property(R"({"type":"string","minLength":2,"maxLength":3})"), 0, R"({"a":")");
  EXPECT_TRUE(c->allows("é€😀\"}"));
  EXPECT_FALSE(c->allows("é€😀x"));
  EXPECT_FALSE(c->allows("é\""));
  EXPECT_FALSE(c->allows("\xc3\""));
  EXPECT_FALSE(c->allows("\xc0\xaf"));          // overlong
  EXPECT_FALSE(c->allows("\xed\xa0\x80"));      // a surrogate
  EXPECT_FALSE(c->allows("\xf4\x90\x80\x80"));  // above U+10FFFF
  EXPECT_FALSE(c->allows("a\nb"));
  EXPECT_TRUE(c->allows("a\\n\\\"\"}"));
  EXPECT_FALSE(c->allows("\\u0041"));
  EXPECT_TRUE(c->accept("\xf0\x9f"));
  EXPECT_EQ(c->shortest_close(), "\x80\x80-\"}");
}

TEST(Automaton, KeepsIntegersInTheirBounds) {
  auto c = at(one_property(R"({"type":"integer","minimum":-20,"maximum":105})"), 0, R"({"a":)");
  for (const char* good : {"0}", "-1}", "-20}", "105}", "99}"}) EXPECT_TRUE(c->allows(good)) << good;
  for (const char* bad : {"-0", "01", "106", "-21", "1e", "1.", "+1", "--"})
    EXPECT_FALSE(c->allows(bad)) << bad;
  auto wide = at(one_property(R"({"type":"integer"})"), 0, R"({"a":)");
  EXPECT_TRUE(wide->allows("9223372036854775807}"));
  EXPECT_FALSE(wide->allows("9223372036854775808"));
  EXPECT_TRUE(wide->allows("-9223372036854775808}"));
  EXPECT_FALSE(wide->allows("-9223372036854775809"));
}

TEST(Automaton, ClosesFromEverywhere) {
  const std::string answer =
      R"({"evidence":["E003","E004"],"verdict":"fault","cause":"a\"é","commands":[],"score":7})";
  auto c = make(report, 12);
  for (const char byte : answer) {
    auto copy = c->clone();
    const std::string close = copy->shortest_close();
    EXPECT_TRUE(copy->accept(close)) << close;
    EXPECT_TRUE(copy->finished()) << close;
    ASSERT_TRUE(c->accept(std::string(1, byte)));
  }
  EXPECT_EQ(make(report, 12)->shortest_close(),
            R"({"evidence":[],"verdict":"insufficient_evidence","cause":"--"})");
}

TEST(Automaton, PairsNamesWithTheirNamespace) {
  const auto commands =
      patterns({"k -n {namespace} logs {pod.name} [-c {container}]", "k -n {namespace} get {object}"});
  const std::string start_of = R"({"evidence":["E001"],"verdict":"fault","cause":"so","commands":["k -n )";
  auto c = at(report, 1, start_of, commands, two_namespaces);
  for (const char* good : {"one logs api-0 -c main\"", "one logs api\"", "two logs web-1\"",
                           "two get service web\"", "one get pod api\"", "two get pod web-1\",\"k -n one"}) {
    EXPECT_TRUE(c->allows(good)) << good;
  }
  for (const char* bad : {"one logs web-1", "two logs api", "one logs api -c", "one get service", "three",
                          "one\"", "one logs api-0 -c main;", "one logs api-0\" ", "one get namespace"}) {
    EXPECT_FALSE(c->allows(bad)) << bad;
  }
  EXPECT_TRUE(c->accept("two logs "));
  EXPECT_EQ(c->forced(99), "web-1\"");
}

TEST(Automaton, LeavesOutPatternsThatNoNameFills) {
  const std::string start_of = R"({"evidence":["E001"],"verdict":"fault","cause":"so","commands":[)";
  // Namespace "two" has no pod with containers and "one" no service.
  auto c = at(report, 1, start_of + "\"",
              patterns({"k -n {namespace} logs {pod.name} -c {container}",
                        "k -n {namespace} s {service.name}", "k get {deployment}"}),
              two_namespaces);
  EXPECT_EQ(c->forced(99), "k -n ");
  EXPECT_TRUE(c->allows("k -n one l"));
  EXPECT_FALSE(c->allows("k -n one s"));
  EXPECT_TRUE(c->allows("k -n two s"));
  EXPECT_FALSE(c->allows("k -n two l"));
  EXPECT_TRUE(c->accept("k -n one logs "));
  EXPECT_EQ(c->forced(99), "api-0 -c main\"");  // "api" has no container
  // No pattern is left: the list of commands is empty.
  auto none = at(report, 1, start_of, patterns({"k get {deployment}"}), two_namespaces);
  EXPECT_EQ(none->forced(9), "]");
}

TEST(Automaton, LeavesOutNamesThatAreNotSafe) {
  const std::vector<Name> hostile = {{"node", "", "a;reboot", true}, {"node", "", "$(x)", true},
                                     {"node", "", "A", true},        {"node", "", "\"]", true},
                                     {"node", "", "-f", true},       {"no de", "", "x", true}};
  auto c = at(report, 1, R"({"evidence":["E001"],"verdict":"fault","cause":"so","commands":[)",
              patterns({"k describe node {node.name}", "k get {object}"}), hostile);
  EXPECT_EQ(c->forced(9), "]");
}

TEST(Automaton, WritesNumbersInCommands) {
  auto c = at(report, 1, R"({"evidence":["E001"],"verdict":"fault","cause":"so","commands":["k --tail=)",
              patterns({"k --tail={number}"}), {});
  for (const char* good : {"1\"", "9999\"", "10\""}) EXPECT_TRUE(c->allows(good)) << good;
  for (const char* bad : {"0", "10000", "\"", "1 "}) EXPECT_FALSE(c->allows(bad)) << bad;
}

TEST(Automaton, RefusedBytesChangeNothing) {
  auto c = at(report, 3, R"({"evidence":["E001",)");
  auto before = c->clone();
  EXPECT_FALSE(c->accept(R"("E002"],"verdict":"x)"));
  EXPECT_FALSE(c->accept(""));
  EXPECT_FALSE(c->allows(""));
  EXPECT_TRUE(c->allows(R"("E002"],"verdict":"fault")"));
  EXPECT_EQ(c->shortest_close(), before->shortest_close());
}

TEST(Automaton, SkipsOptionalPropertiesInOrder) {
  const char* schema = R"({"type":"object","additionalProperties":false,"required":["b"],"properties":{
    "a":{"type":"null"},"b":{"type":"null"},"ba":{"type":"boolean"},"c":{"type":"null"}}})";
  for (const char* good :
       {R"({"a":null,"b":null})", R"({"b":null,"c":null})", R"({"b":null,"ba":true,"c":null})"}) {
    EXPECT_TRUE(at(schema, 0, good)->finished()) << good;
  }
  for (const char* bad : {"{}", R"({"c)", R"({"b":null,"a)", R"({"a":null})", R"({"b":null,})", R"({,)"}) {
    EXPECT_FALSE(make(schema, 0)->allows(bad)) << bad;
  }
}

TEST(Automaton, HoldsStringsToTheirPattern) {
  const std::string schema =
      one_property(R"({"type":"string","minLength":2,"maxLength":6,"pattern":"^v[0-9]+(\\.[0-9]+)?$"})");
  auto c = at(schema, 0, R"({"a":")");
  EXPECT_EQ(c->forced(9), "v");
  for (const char* good : {"v1\"", "v1.2\"", "v1234\"", "v123.4\"}"}) EXPECT_TRUE(c->allows(good)) << good;
  for (const char* bad : {"\"", "v\"", "v1.\"", "v1234.", "x", "v12345.", "v1\\"})
    EXPECT_FALSE(c->allows(bad)) << bad;
  EXPECT_TRUE(c->accept("v1."));
  EXPECT_EQ(c->shortest_close(), "0\"}");
}

TEST(Automaton, EscapesStandForWhatThePatternSays) {
  auto c = at(one_property(R"({"type":"string","maxLength":4,"pattern":"^[\"\\\\/]+x$"})"), 0, R"({"a":")");
  for (const char* good : {"\\\"x\"", "/x\"", "\\/\\\\x\""}) EXPECT_TRUE(c->allows(good)) << good;
  for (const char* bad : {"\\n", "\\t", "x", "\"", "\\\"\""}) EXPECT_FALSE(c->allows(bad)) << bad;
  EXPECT_TRUE(c->accept("\\"));
  auto copy = c->clone();
  EXPECT_TRUE(copy->accept(c->shortest_close()));
  EXPECT_TRUE(copy->finished());
}

constexpr std::string_view quoting =
    R"({"type":"object","additionalProperties":false,"required":["id","words"],
  "properties":{"id":{"type":"string","x-carrel-set":"evidence"},
                "words":{"type":"string","x-carrel-quote":"id","minLength":4,"maxLength":9}}})";

std::unique_ptr<Constraint> quoting_at(std::string_view text, const std::vector<std::string_view>& lines) {
  const auto schema = parse_schema(quoting, nullptr);
  const auto grammar = compile(**schema, lines.size(), {}, {}, lines);
  if (!grammar) throw std::runtime_error(grammar.error().what);
  auto constraint = start(*grammar);
  EXPECT_TRUE(text.empty() || constraint->accept(text)) << text;
  return constraint;
}

TEST(Automaton, QuotesWordsOfTheChosenLine) {
  const std::vector<std::string_view> lines = {"the disk is full", "no",
                                               "caf\xc3\xa9 \"ol\xc3\xa9\" \xff down"};
  auto c = quoting_at(R"({"id":"E)", lines);
  EXPECT_TRUE(c->allows("001\""));
  EXPECT_FALSE(c->allows("002"));  // too short to be quoted
  EXPECT_TRUE(c->allows("003\""));
  auto first = quoting_at(R"({"id":"E001","words":")", lines);
  for (const char* good : {"disk\"}", "the disk \"}", "full\"}", "k is full\"}"})
    EXPECT_TRUE(first->allows(good)) << good;
  for (const char* bad : {"dsk", "ull\"", "ull", "dis\"", "the disk i", "down", "\\n"})
    EXPECT_FALSE(first->allows(bad)) << bad;
  auto third = quoting_at(R"({"id":"E003","words":")", lines);
  for (const char* good : {"caf\xc3\xa9\"}", "\\\"ol\xc3\xa9\\\"\"}", "down\"}", " down\"}"})
    EXPECT_TRUE(third->allows(good)) << good;
  for (const char* bad : {"caf\"", "\xa9", "\"ol", "\\\"ol\xc3\xa9\\\" \xff", "isk"})
    EXPECT_FALSE(third->allows(bad)) << bad;
  EXPECT_TRUE(third->accept("\\\"o"));
  auto copy = third->clone();
  EXPECT_TRUE(copy->accept(third->shortest_close()));
  EXPECT_TRUE(copy->finished());
}

TEST(Automaton, ALineThatCannotBeQuotedIsNoLineToQuote) {
  const auto schema = parse_schema(quoting, nullptr);
  const std::vector<std::string_view> short_ones = {"no",
                                                    "a\x01"
                                                    "b\x01"
                                                    "c"};
  EXPECT_FALSE(compile(**schema, 2, {}, {}, short_ones));
  EXPECT_FALSE(compile(**schema, 2, {}, {}));  // the lines are not there
  const auto c = quoting_at("", {"no", "maybe", "12345"});
  EXPECT_EQ(c->forced(99), R"({"id":"E00)");
  EXPECT_EQ(c->shortest_close(), R"({"id":"E002","words":"mayb"})");
}

TEST(TokenTrie, MasksAsAllowsDoes) {
  const std::vector<std::string> vocabulary = {"",     "a",   "{",     "{\"",  "\"",   "é",
                                               "\xc3", "ab",  "a\"",   "\n",   "abcd", "\"}",
                                               "\\",   "\\n", "b\xc3", "\xa9", "a"};
  const TokenTrie trie(vocabulary);
  EXPECT_EQ(trie.longest_plain(), 4U);
  const std::string schema = one_property(R"({"type":"string","maxLength":6})");
  const std::string text = R"({"a":"éaaa\nx"})";
  auto c = make(schema, 0);
  for (const char byte : text) {
    std::vector<bool> mask(vocabulary.size() + 5, true);
    c->mask(trie, &mask);
    for (std::size_t token = 0; token < mask.size(); ++token) {
      EXPECT_EQ(mask[token], token < vocabulary.size() && c->allows(vocabulary[token]))
          << token << " before " << byte;
    }
    ASSERT_TRUE(c->accept(std::string(1, byte)));
  }
}

// Masks of a string with a pattern take whole branches of the vocabulary at once: far from its longest
// length, close to it, and where only some texts may end.
TEST(TokenTrie, MasksOfPatternsAsAllowsDoes) {
  std::vector<std::string> vocabulary;
  constexpr std::string_view letters = "ab-7)\\\"\n,}Z ";
  for (const char a : letters) {
    for (const char b : letters) {
      vocabulary.push_back({a, b});
      vocabulary.push_back({a, b, 'a', b, '\"'});
      vocabulary.push_back(std::string{a, b} + "é" + a + "\",");
      vocabulary.push_back(std::string(7, a) + std::string(20, b));
    }
    vocabulary.emplace_back(1, a);
  }
  const TokenTrie trie(vocabulary);
  constexpr const char* patterns[] = {"^[a-z0-9]([a-z0-9-]*[a-z0-9])?$", "^[^\\\\n\\\\t]{3,}$",
                                      "^[ab]{2,9}-?[0-9]*$", "^(ab|ba)*( \\\\([^\\\\)]+\\\\))?$"};
  std::mt19937 random(11);
  for (const char* pattern : patterns) {
    const std::string schema = one_property(
        std::string(R"({"type":"string","minLength":2,"maxLength":30,"pattern":")") + pattern + R"("})");
    for (int walk = 0; walk < 20; ++walk) {
      const auto c = at(schema, 0, R"({"a":")");
      std::string written;
      while (!c->finished()) {
        std::vector<bool> mask(vocabulary.size());
        c->mask(trie, &mask);
        std::vector<std::string> allowed;
        for (std::size_t token = 0; token < mask.size(); ++token) {
          ASSERT_EQ(mask[token], c->allows(vocabulary[token]))
              << pattern << ' ' << written << '|' << vocabulary[token];
          if (mask[token]) allowed.push_back(vocabulary[token]);
        }
        const std::string next = allowed.empty() ? c->shortest_close() : allowed[random() % allowed.size()];
        written += next;
        ASSERT_TRUE(c->accept(next)) << written;
      }
    }
  }
}

}  // namespace
}  // namespace carrel
