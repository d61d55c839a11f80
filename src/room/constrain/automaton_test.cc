#include "room/constrain/automaton.h"

#include <gtest/gtest.h>

namespace carrel {
namespace {

std::unique_ptr<Constraint> make(std::string_view json, std::size_t evidence, std::vector<CommandPattern> patterns = {},
                                 const std::vector<Name>& names = {}) {
  std::vector<Mistake> mistakes;
  auto schema = parse_schema(json, &mistakes);
  if (!schema) {
    ADD_FAILURE() << schema.error().what;
    return nullptr;
  }
  auto grammar = compile(**schema, evidence, patterns, names);
  if (!grammar) {
    ADD_FAILURE() << grammar.error().what;
    return nullptr;
  }
  return start(*grammar);
}

TEST(Automaton, WritesAnObject) {
  auto c = make(R"({"type":"object","additionalProperties":false,"required":["a"],
    "properties":{"a":{"type":"string","maxLength":3},"b":{"type":"integer","minimum":-5,"maximum":120}}})", 0);
  EXPECT_EQ(c->forced(100), R"({"a":")");
  EXPECT_TRUE(c->accept(R"({"a":"xy)"));
  EXPECT_EQ(c->shortest_close(), R"("})");
  EXPECT_TRUE(c->accept(R"(","b":12)"));
  EXPECT_FALSE(c->allows("1"));
  EXPECT_TRUE(c->allows("0}"));
  EXPECT_FALSE(c->allows("0} "));
  EXPECT_TRUE(c->accept("}"));
  EXPECT_TRUE(c->finished());
}

}  // namespace
}  // namespace carrel
