#include "record/text_pattern.h"

#include <cstdlib>
#include <random>
#include <regex>

#include <gmock/gmock.h>

namespace carrel {
namespace {

using testing::HasSubstr;

std::shared_ptr<const TextPattern> made(const std::string& pattern, std::uint32_t least = 0,
                                        std::uint32_t most = 40) {
  auto result = TextPattern::make(pattern, least, most);
  EXPECT_TRUE(result) << pattern << ": " << (result ? "" : result.error().what);
  return result ? *result : nullptr;
}

TEST(TextPattern, HoldsWhatItSays) {
  struct Case {
    const char* pattern;
    std::vector<const char*> good, bad;
  };
  const Case cases[] = {
      {"^$", {""}, {"a"}},
      {"^abc$", {"abc"}, {"", "ab", "abcd", "xabc"}},
      {"^a?b*c+$", {"c", "ac", "bbcc", "abc"}, {"a", "ab", "aac"}},
      {"^(cat|dog)s?$", {"cat", "dogs"}, {"cats ", "do", "catdog"}},
      {"^v\\d{1,3}(\\.\\d{1,3}){2}$", {"v1.2.3", "v100.20.3"}, {"v1.2", "v1.2.3.4", "v1000.2.3"}},
      {"^[a-z0-9]([a-z0-9-]*[a-z0-9])?$", {"a", "api-0", "a--b"}, {"", "-a", "a-", "A"}},
      {"^[^\\n\"]{2,}$", {"ab", "é€", "😀😀"}, {"a", "a\"", "a\nb"}},
      {"^[\\]\\-\\\\^]+$", {"]", "-\\^"}, {"", "a"}},
      {"^(?:a(b|))*$", {"", "a", "abab", "aab"}, {"b", "abb"}},
      {"^\\w+\\/\\$$", {"a_1/$"}, {"/$", "a-b/$"}},
      {"^(a*)*b$", {"b", "aaaaaaaaaaaaaaaaaaab"}, {"aaaaaaaaaaaaaaaaaaaa"}},
      {"^[a-]$", {"a", "-"}, {"b"}},
      {"^a{0}b{2}$", {"bb"}, {"b", "abb"}},
  };
  for (const Case& one : cases) {
    const auto pattern = made(one.pattern);
    ASSERT_TRUE(pattern);
    for (const char* text : one.good) EXPECT_TRUE(pattern->holds(text)) << one.pattern << " " << text;
    for (const char* text : one.bad) EXPECT_FALSE(pattern->holds(text)) << one.pattern << " " << text;
  }
}

TEST(TextPattern, CountsCodePoints) {
  const auto pattern = made("^[^x]*$", 2, 3);
  EXPECT_FALSE(pattern->holds("é"));
  EXPECT_TRUE(pattern->holds("éé"));
  EXPECT_TRUE(pattern->holds("😀😀😀"));
  EXPECT_FALSE(pattern->holds("aaaa"));
  EXPECT_FALSE(pattern->holds("a\xff"));
}

TEST(TextPattern, RefusesWhatItDoesNotSupport) {
  const struct {
    const char* pattern;
    const char* why;
  } bad[] = {{"", "begins with ^"},
             {"a", "begins with ^"},
             {"^a", "ends with $"},
             {"^a$b", "behind $"},
             {"^a|b$", "in a group"},
             {"^.$", "dot"},
             {"^a*?$", "quantifier of"},
             {"^a**$", "quantifier of"},
             {"^(?=a)$", "(?:"},
             {"^(?<n>a)$", "(?:"},
             {"^(a)\\1$", "escape"},
             {"^\\s$", "escape"},
             {"^\\bx$", "escape"},
             {"^é$", "ASCII"},
             {"^[é]$", "ASCII"},
             {"^[b-a]$", "ends before"},
             {"^[\\d-z]$", "single"},
             {"^[a$", "not closed"},
             {"^(a$", "cannot stand"},
             {"^a)$", "cannot stand"},
             {"^*$", "cannot stand"},
             {"^a{2,1}$", "quantifier is"},
             {"^a{x}$", "quantifier is"},
             {"^a{1001}$", "1000"},
             {"^[]$", "holds nothing"},
             {"^a\\", "too early"},
             {"^((a{900}){900}){900}$", "too large"},
             {"^(a|aa|b){600}$", "large"},
             {"^]$", "cannot stand"},
             {"^[[]$", "written"}};
  for (const auto& [pattern, why] : bad) {
    const auto result = TextPattern::make(pattern, 0, 40);
    ASSERT_FALSE(result) << pattern;
    EXPECT_EQ(result.error().code, Code::bad_input);
    EXPECT_THAT(result.error().what, HasSubstr(why)) << pattern;
  }
  EXPECT_FALSE(TextPattern::make("^a$", 2, 3));      // no text has it
  EXPECT_FALSE(TextPattern::make("^a*$", 0, 5000));  // too long
  EXPECT_FALSE(TextPattern::make("^" + std::string(2000, 'a') + "$", 0, 40));
  const std::string deep = std::string(40, '(') + "a" + std::string(40, ')');
  EXPECT_FALSE(TextPattern::make("^" + deep + "$", 0, 40));
}

TEST(TextPattern, EveryStateThatIsOfferedCanBeCompleted) {
  for (const char* text : {"^(ab|cd)*e{2}$", "^[a-f]{3}-[^0-9]+$", "^\\\\?\"$"}) {
    const auto pattern = made(text, 1, 9);
    std::mt19937 random(5);
    for (int turn = 0; turn < 200; ++turn) {
      TextPattern::State state = pattern->start();
      std::string value;
      std::uint32_t written = 0;
      while (!pattern->may_end(state, written) || random() % 2 == 0) {
        std::vector<unsigned char> offered;
        for (unsigned char c = 0; c < 128; ++c) {
          if (pattern->after(state, c, written) != TextPattern::none) offered.push_back(c);
        }
        if (offered.empty()) break;
        const unsigned char c = offered[random() % offered.size()];
        state = pattern->after(state, c, written++);
        value += static_cast<char>(c);
      }
      EXPECT_TRUE(pattern->holds(value)) << text << " " << value;
    }
  }
}

// Random patterns and texts against the standard library's own regular expressions. CARREL_PATTERN_TEXTS asks
// for more of them: `make differential` for a million.
class Writer {
 public:
  explicit Writer(unsigned seed) : random_(seed) {}
  std::size_t below(std::size_t count) { return random_() % count; }
  std::string pattern(int depth) {
    static constexpr const char* atoms[] = {"a",   "b",   "c",    "1",    "-",      "\\.",
                                            "\\d", "\\w", "[ab]", "[^a]", "[a-c1]", "\\\""};
    static constexpr const char* counts[] = {"", "", "", "?", "*", "+", "{2}", "{1,2}", "{0,3}", "{2,}"};
    std::string out;
    for (std::size_t count = 1 + below(3); count > 0; --count) {
      if (depth > 0 && below(3) == 0) {
        out += "(" + pattern(depth - 1);
        while (below(2) == 0) out += "|" + pattern(depth - 1);
        out += ")";
      } else {
        out += atoms[below(std::size(atoms))];
      }
      out += counts[below(std::size(counts))];
    }
    return out;
  }
  std::string text() {
    std::string out;
    for (std::size_t count = below(9); count > 0; --count) out += "abc1-.\"z"[below(8)];
    return out;
  }

 private:
  std::mt19937 random_;
};

TEST(TextPattern, AgreesWithTheStandardLibrary) {
  const char* asked = std::getenv("CARREL_PATTERN_TEXTS");
  const std::size_t wanted = asked == nullptr ? 20'000 : std::strtoul(asked, nullptr, 10);
  Writer writer(11);
  std::size_t texts = 0, held = 0;
  while (texts < wanted) {
    const std::string body = writer.pattern(2);
    const auto pattern = TextPattern::make("^" + body + "$", 0, 12);
    if (!pattern) continue;  // too large, or no text of at most 12 characters
    const std::regex standard("^" + body + "$");
    for (int turn = 0; turn < 100; ++turn, ++texts) {
      const std::string text = writer.text();
      const bool holds = std::regex_match(text, standard);
      ASSERT_EQ((*pattern)->holds(text), holds) << body << " " << text;
      held += holds;
    }
    const std::string shortest = (*pattern)->rest((*pattern)->start(), 0);
    if (shortest.find('\\') == std::string::npos) {
      ASSERT_TRUE(std::regex_match(shortest, standard)) << body << " " << shortest;
    }
  }
  EXPECT_GT(held, wanted / 100);
}

}  // namespace
}  // namespace carrel
