#include "host/eval/pattern.h"

#include <regex>

#include <fmt/format.h>

#include "base/code_points.h"
#include "base/text.h"

namespace carrel {
namespace {

constexpr std::size_t most_source = 1024;

std::wstring wide(const std::u32string& points) {
  return {points.begin(), points.end()};
}

}  // namespace

struct Pattern::Compiled {
  std::wregex regex;     // for where it matches
  std::wregex anywhere;  // for whether it does: begun once, and not again at every place of the text
};

Result<Pattern> Pattern::make(const std::string& source) {
  const auto wrong = [&](const std::string& why) {
    return Error{Code::bad_input,
                 fmt::format("\"{}\" is no regular expression: {}", escape_for_terminal(source), why), ""};
  };
  if (source.empty()) return wrong("it is empty");
  if (source.size() > most_source) return wrong(fmt::format("it has more than {} bytes", most_source));
  // libstdc++'s other matcher tries alternatives one after the other, in a recursion as deep as the text is
  // long. This one refuses back references, which no label needs.
  constexpr auto flags = std::regex_constants::ECMAScript | std::regex_constants::icase |
                         std::regex_constants::nosubs | std::regex_constants::__polynomial;
  Pattern pattern;
  pattern.source_ = source;
  try {
    const std::wstring text = wide(to_code_points(source));
    pattern.compiled_ = std::make_shared<Compiled>(
        Compiled{std::wregex(text, flags), std::wregex(L"[\\s\\S]*?(?:" + text + L")", flags)});
  } catch (const std::regex_error& error) {  // the standard library's only way to say so
    return wrong(error.what());
  }
  return pattern;
}

bool Pattern::matches(std::string_view text) const {
  return std::regex_search(wide(to_code_points(text)), compiled_->anywhere,
                           std::regex_constants::match_continuous);
}

std::vector<std::pair<std::size_t, std::size_t>> Pattern::places(const std::u32string& text) const {
  std::vector<std::pair<std::size_t, std::size_t>> found;
  const std::wstring points = wide(text);
  for (std::wsregex_iterator match(points.begin(), points.end(), compiled_->regex), end; match != end;
       ++match) {
    const auto begin = static_cast<std::size_t>(match->position());
    found.emplace_back(begin, begin + static_cast<std::size_t>(match->length()));
  }
  return found;
}

}  // namespace carrel
