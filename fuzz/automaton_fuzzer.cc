// The bytes draw a schema, names and patterns, then walk the automaton: it must agree with its reference at
// every step, be closable everywhere, and end in a whole answer only. And whatever text is given as a schema
// or as a pattern is read or refused.
//
// links: room/constrain
#include <string>
#include <string_view>

#include "expect.h"
#include "room/constrain/automaton.h"
// The reference is part of no library, so it is compiled here.
#include "room/constrain/constrain_reference.cc"
#include "room/constrain/random_schema_reference.cc"

namespace {

using namespace carrel;

class Bytes {
 public:
  Bytes(const unsigned char* data, std::size_t size) : data_(data), left_(size) {}
  std::size_t below(std::size_t count) {
    if (left_ == 0) return 0;
    --left_;
    return *data_++ % count;
  }
  bool empty() const { return left_ == 0; }

 private:
  const unsigned char* data_;
  std::size_t left_;
};

void walk(Bytes bytes) {
  const RandomLanguage language = random_language([&](std::size_t count) { return bytes.below(count); });
  const ReferenceLanguage reference(*language.schema, language.evidence_count, language.patterns,
                                    language.names, language.lines);
  auto grammar = compile(*language.schema, language.evidence_count, language.patterns, language.names,
                         {language.lines.begin(), language.lines.end()});
  expect(static_cast<bool>(grammar) == reference.possible());
  if (!grammar) return;
  auto constraint = start(*grammar);
  std::string text;
  while (!bytes.empty() && !constraint->finished() && text.size() < 200) {
    const std::string one(1, static_cast<char>(bytes.below(256)));
    const bool allowed = constraint->allows(one);
    expect(allowed == reference.begins(text + one));
    const std::string close = constraint->shortest_close();
    expect(reference.holds(text + close));
    expect(constraint->clone()->accept(close));
    const std::string forced = constraint->forced(16);
    expect(forced.empty() || (constraint->allows(forced) && (!allowed || one[0] == forced[0])));
    const std::string next = allowed ? one : close.substr(0, 1);
    expect(constraint->accept(next));
    text += next;
  }
  expect(constraint->finished() == reference.holds(text));
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const unsigned char* data, std::size_t size) {
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  if (text.empty()) return 0;
  if (text[0] == '{') {
    std::vector<Mistake> mistakes;
    auto schema = parse_schema(text, &mistakes);
    expect(static_cast<bool>(schema) == mistakes.empty());
    if (!schema) return 0;
    auto grammar = compile(**schema, 3, {}, {});
    if (grammar) expect(start(*grammar)->accept(start(*grammar)->shortest_close()));
  } else if (text[0] == 'k') {
    auto pattern = parse_command_pattern(text);
    if (pattern) expect(pattern->source == text);
  } else {
    walk(Bytes(data, size));
  }
  return 0;
}
