#include <algorithm>
#include <array>
#include <string>
#include <vector>

#include "base/ascii.h"
#include "base/phrase_set.h"
#include "base/text.h"
#include "room/evidence/line_class.h"

namespace carrel {
namespace {

bool is_word(char c) {
  return is_letter(c) || is_digit(c) || c == '_';
}

// True where what stands at a place is a part of the name of a picture, a page or a program's text:
// "ErrorBoundary.png".
bool is_in_file_name(std::string_view text, std::size_t at) {
  static constexpr std::array<std::string_view, 14> kEndings = {
      "png", "svg", "jpg", "jpeg", "gif", "webp", "ico", "css", "map", "pdf", "vue", "tsx", "jsx", "mp4"};
  constexpr std::size_t kLongest = 64;
  text = text.substr(0, at + kLongest);
  std::size_t end = at;
  while (end < text.size() && (is_word(text[end]) || text[end] == '-')) ++end;
  if (end >= text.size() || text[end] != '.') return false;
  std::size_t last = end + 1;
  while (last < text.size() && is_word(text[last])) ++last;
  return std::ranges::find(kEndings, text.substr(end + 1, last - end - 1)) != kEndings.end();
}

}  // namespace

Severity severity_of_words(std::string_view message) {
  struct Word {
    std::string text;
    Severity severity;
  };
  static const std::vector<Word> kWords = {
      {"panic:", Severity::fatal},
      {"fatal error", Severity::fatal},
      {"<fatal>", Severity::fatal},
      {"exception in thread", Severity::fatal},
      {"unhandledpromiserejection", Severity::fatal},
      {"unhandled exception", Severity::fatal},
      {"uncaught exception", Severity::fatal},
      {"out of memory", Severity::fatal},
      {"segmentation fault", Severity::fatal},
      {"core dumped", Severity::fatal},
      {"killed process", Severity::fatal},
      {"syntax error", Severity::error},
      {"no space left on device", Severity::error},
      {"error>", Severity::error},
      {"<errors>", Severity::error},
      {"exception>", Severity::error},
      {"<failed>", Severity::error},
      {"<failure>", Severity::error},
      {"<fails>", Severity::error},
      {"<fail>", Severity::error},
      {"<unable to>", Severity::error},
      {"<cannot>", Severity::error},
      {"<can't>", Severity::error},
      {"<could not>", Severity::error},
      {"<couldn't>", Severity::error},
      {"<refused>", Severity::error},
      {"<denied>", Severity::error},
      {"<forbidden>", Severity::error},
      {"<unauthorized>", Severity::error},
      {"<timed out>", Severity::error},
      {"<timeout>", Severity::warning},
      {"timeouterror", Severity::error},
      {"deadline exceeded", Severity::error},
      {"<not found>", Severity::error},
      {"no such file", Severity::error},
      {"no such host", Severity::error},
      {"has expired", Severity::error},
      {"<expired>", Severity::warning},
      {"<invalid>", Severity::warning},
      {"<missing>", Severity::warning},
      {"<unreachable>", Severity::error},
      {"<unavailable>", Severity::error},
      {"<not ready>", Severity::warning},
      {"<aborted>", Severity::error},
      {"<aborting>", Severity::error},
      {"<crashed>", Severity::error},
      {"<corrupt", Severity::error},
      {"<deadlock", Severity::error},
      {"<warning>", Severity::warning},
      {"<warn>", Severity::warning},
      {"<deprecated>", Severity::info},
      {"<retrying>", Severity::warning},
      {"<does not exist>", Severity::error},
      {"traceback (most", Severity::error},
      {"<rejected>", Severity::error},
      {"<killed>", Severity::error},
      {"<slow query", Severity::warning},
  };
  static const PhraseSet kSet = [] {
    std::vector<std::string> phrases;
    for (const Word& word : kWords) phrases.push_back(word.text);
    return PhraseSet(phrases);
  }();
  // What takes the word's sense away, just before it or just after it.
  static const std::vector<std::string_view> kBefore = {
      "no ",       "0 ",   "without ", "zero ", "not ", "on ",     "if ",      "ignore ",
      "ignoring ", "any ", "never ",   "for ",  "non-", "handle ", "handles ", "handling "};
  static const std::vector<std::string_view> kAfter = {
      "=nil",     "=<nil>", "=null",  "=none",    "=\"\"",   "=false",  ": nil",    ": []",      ": 0",
      "=0",       ":0",     ": null", ": none",   "=[]",     ": <nil>", "\":null",  "\":\"\"",   "\":[]",
      "\":false", "\":0",   "-free",  " handler", "handler", " rate 0", " rate: 0", " count: 0", " count 0",
      " page",    " log",   ".log",   ".html",    "/",       "_"};
  std::vector<PhraseSet::Match> matches;
  kSet.find(message, &matches);
  Severity worst = Severity::unknown;
  for (const PhraseSet::Match& match : matches) {
    const Severity severity = kWords[match.phrase].severity;
    if (severity <= worst) continue;
    const std::string before = to_lower(
        message.substr(match.begin > 12 ? match.begin - 12 : 0, std::min<std::size_t>(match.begin, 12)));
    const std::string after = to_lower(message.substr(match.end, 10));
    const auto ends = [&](std::string_view text) { return before.ends_with(text); };
    const auto begins = [&](std::string_view text) { return after.starts_with(text); };
    if (is_in_file_name(message, match.begin)) continue;
    const char left = match.begin > 0 ? message[match.begin - 1] : ' ';
    // Part of a path, a file name, an option or a metric's name.
    if (left == '/' || left == '.' || left == '-' || left == '_') continue;
    if (std::any_of(kAfter.begin(), kAfter.end(), begins)) continue;
    const bool plain_negation = std::any_of(kBefore.begin(), kBefore.end(), ends);
    // "No such file", "not found" negate themselves; "10 errors" is not "0 errors".
    if (plain_negation && !(ends("0 ") && before.size() >= 3 && is_digit(before[before.size() - 3])))
      continue;
    worst = severity;
  }
  return worst;
}

}  // namespace carrel
