#include "record/text_pattern.h"

#include <algorithm>
#include <array>
#include <bit>
#include <bitset>
#include <deque>
#include <map>
#include <optional>

#include <fmt/format.h>

#include "base/text.h"

namespace carrel {
namespace {

constexpr std::size_t symbols = 129;
constexpr std::size_t most_parts = 4096;  // states before they are made deterministic
constexpr std::size_t most_states = 512;  // and after
constexpr std::uint32_t most_repeats = 1000;
constexpr std::uint32_t unbounded = UINT32_MAX;
constexpr std::uint32_t longest_text = 1024;  // code points
constexpr std::size_t longest_pattern = 1024;
constexpr std::size_t deepest_group = 32;

using Set = std::bitset<symbols>;

// Thompson's construction: a part takes one symbol of a set and goes on, goes on to two others, or to one, or
// is an end that goes nowhere yet. Source: K. Thompson, "Regular expression search algorithm", 1968.
struct Part {
  enum class Kind : std::uint8_t { end, pass, fork, take };
  Kind kind = Kind::end;
  Set set;
  std::uint32_t out = 0, other_out = 0;
};

// A piece of the automaton: where it begins, and its one end, which goes nowhere yet.
struct Piece {
  std::uint32_t begin = 0, end = 0;
};

class TextPatternReader {
 public:
  explicit TextPatternReader(std::string_view pattern) : text_(pattern) {}

  // The part at which a match begins and the one at which it ends; an Error with its place.
  Result<Piece> read() {
    if (text_.size() > longest_pattern)
      return Error{Code::bad_input, fmt::format("it is longer than {} bytes", longest_pattern), ""};
    if (!take('^')) return wrong("a pattern begins with ^");
    Piece piece = empty();
    while (at_ < text_.size() && text_[at_] != '$') {
      if (text_[at_] == '|') return wrong("alternatives stand in a group: ^(a|b)$");
      const auto next = term(0);
      if (!next) return *error_;
      join(&piece, *next);
    }
    if (!take('$')) return wrong("a pattern ends with $");
    if (at_ != text_.size()) return wrong("nothing may stand behind $");
    return piece;
  }
  const std::vector<Part>& parts() const { return parts_; }

 private:
  Error wrong(const std::string& what) {
    return {Code::bad_input, fmt::format("{} (at character {} of the pattern)", what, at_ + 1), ""};
  }
  std::nullopt_t fail(const std::string& what) {
    if (!error_) error_ = wrong(what);
    return std::nullopt;
  }
  bool take(char c) {
    if (at_ == text_.size() || text_[at_] != c) return false;
    ++at_;
    return true;
  }

  std::uint32_t add(Part part) {
    parts_.push_back(part);
    return static_cast<std::uint32_t>(parts_.size() - 1);
  }
  Piece empty() {
    const std::uint32_t only = add({});
    return {only, only};
  }
  Piece one(const Set& set) {
    const std::uint32_t end = add({});
    return {add({Part::Kind::take, set, end, 0}), end};
  }
  // An end goes on to another part.
  void link(std::uint32_t end, std::uint32_t to) {
    parts_[end].kind = Part::Kind::pass;
    parts_[end].out = to;
  }
  void join(Piece* first, const Piece& second) {
    link(first->end, second.begin);
    first->end = second.end;
  }
  Piece either(const Piece& a, const Piece& b) {
    const std::uint32_t end = add({});
    link(a.end, end);
    link(b.end, end);
    return {add({Part::Kind::fork, {}, a.begin, b.begin}), end};
  }
  Piece many(const Piece& piece) {
    const std::uint32_t end = add({});
    const std::uint32_t begin = add({Part::Kind::fork, {}, piece.begin, end});
    link(piece.end, begin);
    return {begin, end};
  }

  // One atom with its quantifier. An atom is read again for each time it is repeated.
  std::optional<Piece> term(std::size_t depth) {
    const std::size_t start = at_;
    auto piece = atom(depth);
    if (!piece) return std::nullopt;
    std::uint32_t least = 1;
    std::uint32_t most = 1;
    if (take('?')) {
      least = 0;
    } else if (take('*')) {
      least = 0;
      most = unbounded;
    } else if (take('+')) {
      most = unbounded;
    } else if (at_ < text_.size() && text_[at_] == '{') {
      if (!braces(&least, &most)) return std::nullopt;
    } else {
      return piece;
    }
    if (at_ < text_.size() && std::string_view("?*+{").find(text_[at_]) != std::string_view::npos)
      return fail("a quantifier of a quantifier is not supported");
    const std::size_t behind = at_;
    Piece all = empty();
    const std::uint32_t copies = most == unbounded ? least + 1 : most;
    for (std::uint32_t count = 0; count < copies; ++count) {
      at_ = start;
      auto again = atom(depth);
      if (!again) return std::nullopt;
      if (count >= least) again = most == unbounded ? many(*again) : either(*again, empty());
      join(&all, *again);
      if (parts_.size() > most_parts) return fail("the pattern is too large");
    }
    at_ = behind;
    return all;
  }

  bool braces(std::uint32_t* least, std::uint32_t* most) {
    ++at_;
    const auto first = number();
    if (!first) return fail_quantifier();
    *least = *first;
    *most = *first;
    if (take(',')) {
      *most = unbounded;
      if (at_ < text_.size() && text_[at_] != '}') {
        const auto second = number();
        if (!second) return fail_quantifier();
        *most = *second;
      }
    }
    if (!take('}') || *most < *least) return fail_quantifier();
    if (*least <= most_repeats && (*most <= most_repeats || *most == unbounded)) return true;
    fail(fmt::format("at most {} repetitions are supported", most_repeats));
    return false;
  }
  bool fail_quantifier() {
    fail("a quantifier is {n}, {n,} or {n,m}, the smaller number first");
    return false;
  }
  std::optional<std::uint32_t> number() {
    std::uint32_t value = 0;
    const std::size_t start = at_;
    for (; at_ < text_.size() && text_[at_] >= '0' && text_[at_] <= '9' && value < 100'000; ++at_)
      value = value * 10 + static_cast<std::uint32_t>(text_[at_] - '0');
    return at_ == start ? std::nullopt : std::optional(value);
  }

  std::optional<Piece> atom(std::size_t depth) {
    if (at_ == text_.size()) return fail("the pattern ends too early");
    const char c = text_[at_];
    if (c == '(') return group(depth);
    if (c == '[') {
      const auto set = brackets();
      return set ? std::optional(one(*set)) : std::nullopt;
    }
    if (c == '\\') {
      const auto set = escaped();
      return set ? std::optional(one(*set)) : std::nullopt;
    }
    if (c == '.') return fail("a dot is not supported; write [^\\n]");
    if (std::string_view("^$?*+{}|)]").find(c) != std::string_view::npos)
      return fail(fmt::format("'{}' cannot stand here; for itself write \\{}", c, c));
    if (c < ' ' || c > '~') return fail("only printable ASCII is supported in a pattern");
    ++at_;
    Set set;
    set.set(static_cast<unsigned char>(c));
    return one(set);
  }

  std::optional<Piece> group(std::size_t depth) {
    if (depth == deepest_group) return fail("groups stand too deep in one another");
    ++at_;
    if (take('?') && !take(':')) return fail("of groups that begin with (? only (?: is supported");
    std::optional<Piece> all;
    for (;;) {
      Piece piece = empty();
      while (at_ < text_.size() && text_[at_] != '|' && text_[at_] != ')') {
        const auto next = term(depth + 1);
        if (!next) return std::nullopt;
        join(&piece, *next);
      }
      all = all ? either(*all, piece) : piece;
      if (take(')')) return all;
      if (!take('|')) return fail("a group is not closed");
    }
  }

  static Set range(unsigned char first, unsigned char last) {
    Set set;
    for (unsigned c = first; c <= last; ++c) set.set(c);
    return set;
  }

  // Behind a backslash: \d, \w, or a character that is itself.
  std::optional<Set> escaped() {
    ++at_;
    if (at_ == text_.size()) return fail("the pattern ends too early");
    const char c = text_[at_++];
    if (c == 'd') return range('0', '9');
    if (c == 'w') return range('0', '9') | range('A', 'Z') | range('a', 'z') | range('_', '_');
    if (c == 'n') return range('\n', '\n');
    if (c == 't') return range('\t', '\t');
    const bool letter = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9');
    if (letter || c < ' ' || c > '~') {
      --at_;
      return fail("this escape is not supported");
    }
    return range(static_cast<unsigned char>(c), static_cast<unsigned char>(c));
  }

  std::optional<Set> brackets() {
    ++at_;
    const bool negated = take('^');
    Set all;
    while (at_ < text_.size() && text_[at_] != ']') {
      std::optional<Set> first = class_member();
      if (!first) return std::nullopt;
      // A '-' between two single characters makes a range; at the end it is itself.
      if (at_ + 1 < text_.size() && text_[at_] == '-' && text_[at_ + 1] != ']') {
        ++at_;
        const auto last = class_member();
        if (!last) return std::nullopt;
        if (first->count() != 1 || last->count() != 1) return fail("a range is of single characters");
        const auto low = first->_Find_first(), high = last->_Find_first();
        if (high < low) return fail("a range ends before it begins");
        first = range(static_cast<unsigned char>(low), static_cast<unsigned char>(high));
      }
      all |= *first;
    }
    if (!take(']')) return fail("a class is not closed");
    if (negated) all.flip();
    if (all.none()) return fail("a class holds nothing");
    return all;
  }
  std::optional<Set> class_member() {
    const char c = text_[at_];
    if (c == '\\') return escaped();
    if (c == '[') return fail("'[' in a class is written \\[");
    if (c < ' ' || c > '~') return fail("only printable ASCII is supported in a pattern");
    ++at_;
    return range(static_cast<unsigned char>(c), static_cast<unsigned char>(c));
  }

  std::string_view text_;
  std::size_t at_ = 0;
  std::vector<Part> parts_;
  std::optional<Error> error_;
};

}  // namespace

// Makes the parts deterministic by the sets of them that a match may stand at.
class PatternBuilder {
 public:
  explicit PatternBuilder(const std::vector<Part>& parts) : parts_(parts) {}

  // False where that takes too many states.
  bool build(const Piece& piece, TextPattern* out) {
    std::map<Places, TextPattern::State> known;
    std::deque<const Places*> waiting;
    const auto state_of = [&](Places places) {
      const auto [at, fresh] =
          known.try_emplace(std::move(places), static_cast<TextPattern::State>(known.size()));
      if (fresh) waiting.push_back(&at->first);
      return at->second;
    };
    state_of(closed({piece.begin}));
    for (; !waiting.empty(); waiting.pop_front()) {
      if (known.size() > most_states) return false;
      const Places& places = *waiting.front();
      out->accepts_.push_back(std::binary_search(places.begin(), places.end(), piece.end));
      // Symbols that lead to the same parts lead to the same state: only the first of them is worked out.
      std::map<Places, TextPattern::State> seen;
      for (std::size_t symbol = 0; symbol < symbols; ++symbol) {
        Places to;
        for (const std::uint32_t place : places) {
          if (parts_[place].kind == Part::Kind::take && parts_[place].set[symbol])
            to.push_back(parts_[place].out);
        }
        if (to.empty()) {
          out->next_.push_back(TextPattern::none);
          continue;
        }
        const auto found = seen.find(to);
        const TextPattern::State state = found != seen.end() ? found->second : state_of(closed(to));
        seen.emplace(std::move(to), state);
        out->next_.push_back(state);
      }
    }
    return true;
  }

 private:
  using Places = std::vector<std::uint32_t>;

  // With all that can be gone on to without a symbol; in order.
  Places closed(Places open) const {
    std::vector<bool> seen(parts_.size());
    Places places;
    while (!open.empty()) {
      const std::uint32_t at = open.back();
      open.pop_back();
      if (seen[at]) continue;
      seen[at] = true;
      places.push_back(at);
      const Part& part = parts_[at];
      if (part.kind == Part::Kind::pass || part.kind == Part::Kind::fork) open.push_back(part.out);
      if (part.kind == Part::Kind::fork) open.push_back(part.other_out);
    }
    std::sort(places.begin(), places.end());
    return places;
  }

  const std::vector<Part>& parts_;
};

namespace {

// Bytes that a symbol takes in JSON as Carrel writes it; 0 where it cannot be written.
std::uint32_t bytes_of(std::size_t symbol) {
  if (symbol == '"' || symbol == '\\' || symbol == '\n' || symbol == '\t' || symbol >= 128) return 2;
  return symbol < 0x20 ? 0 : 1;
}

std::string text_of(std::size_t symbol) {
  if (symbol >= 128) return "\xc3\xa9";  // any code point of two bytes
  if (symbol == '\n') return "\\n";
  if (symbol == '\t') return "\\t";
  std::string text(1, static_cast<char>(symbol));
  return bytes_of(symbol) == 2 ? '\\' + text : text;
}

}  // namespace

// From the longest texts down: what one code point more leads to is known.
void TextPattern::find_costs() {
  const std::size_t states = accepts_.size(), row = std::size_t{most_} + 1;
  costs_.assign(states * row, impossible);
  struct Step {
    State to;
    std::uint32_t bytes;
  };
  std::vector<std::vector<Step>> ways(states);  // of each state: the states behind it, by the cheapest symbol
  for (std::size_t state = 0; state < states; ++state) {
    for (std::size_t symbol = 0; symbol < symbols; ++symbol) {
      State& to = next_[state * symbols + symbol];
      const std::uint32_t bytes = bytes_of(symbol);
      if (bytes == 0) to = none;  // never written
      if (to == none) continue;
      const auto known =
          std::find_if(ways[state].begin(), ways[state].end(), [&](const Step& way) { return way.to == to; });
      if (known == ways[state].end()) {
        ways[state].push_back({to, bytes});
      } else {
        known->bytes = std::min(known->bytes, bytes);
      }
    }
  }
  for (std::size_t written = row; written-- > 0;) {
    for (std::size_t state = 0; state < states; ++state) {
      std::uint32_t& cost = costs_[state * row + written];
      if (may_end(static_cast<State>(state), static_cast<std::uint32_t>(written))) {
        cost = 0;
      } else if (written < most_) {
        for (const Step& way : ways[state]) {
          const std::uint32_t behind = costs_[way.to * row + written + 1];
          if (behind != impossible) cost = std::min(cost, behind + way.bytes);
        }
      }
    }
  }
}

Letters letter_of(unsigned char byte) {
  static const std::array<unsigned char, 256> numbers = [] {
    std::array<unsigned char, 256> all{};
    constexpr std::string_view marks = " -_./:,";
    for (std::size_t at = 0; at < all.size(); ++at) {
      const char c = static_cast<char>(at);
      const std::size_t mark = marks.find(c);
      all[at] = static_cast<unsigned char>(c >= 'a' && c <= 'z'             ? c - 'a'
                                           : c >= 'A' && c <= 'Z'           ? 26 + (c - 'A')
                                           : c >= '0' && c <= '9'           ? 52
                                           : at >= 0x80                     ? 53
                                           : mark != std::string_view::npos ? 54 + mark
                                                                            : 63);
    }
    return all;
  }();
  return Letters{1} << numbers[byte];
}

void TextPattern::find_ways() {
  for (std::size_t state = 0; state < accepts_.size(); ++state) {
    Letters missing = 0;
    std::vector<Way>& ways = ways_.emplace_back();
    for (std::size_t symbol = ' '; symbol < symbols; ++symbol) {
      const Letters letter = letter_of(static_cast<unsigned char>(symbol));
      const State to = next_[state * symbols + symbol];
      const auto known = std::find_if(ways.begin(), ways.end(), [&](const Way& way) { return way.to == to; });
      if (to == none) {
        missing |= letter;
        continue;
      }
      alphabet_ |= letter;
      if (known == ways.end()) {
        ways.push_back({to, letter});
      } else {
        known->by |= letter;
      }
    }
    whole_.push_back(~missing);
  }
}

// From the largest set that the first state takes: where it leads to a state that does not take all of it,
// either the letters that lead there go or those that are not taken, whichever are fewer; then anew. Where
// the length allows no more, the steps end.
TextPattern::Run TextPattern::run(State state, std::uint32_t written, std::uint32_t steps,
                                  bool ending) const {
  Run run{whole_[state], steps};
  std::vector<State> layer = {state}, next;
  for (std::uint32_t step = 0; step < run.steps && run.letters != 0;) {
    Letters wrong = 0;
    const std::uint32_t behind = written + step + 1;
    for (const State from : layer) {
      for (const Way& way : ways_[from]) {
        const Letters by = way.by & run.letters;
        if (by == 0 || wrong != 0) continue;
        const bool fits = checked(way.to, behind - 1) != none;
        // Few letters are left out rather than steps.
        if (!fits && step > 0 && 2 * std::popcount(by) > std::popcount(run.letters)) {
          run.steps = step;
          return run;
        }
        const Letters refused = step + 1 < run.steps ? run.letters & ~whole_[way.to] : 0;
        if (!fits || (ending && !may_end(way.to, behind)) ||
            (refused != 0 && std::popcount(by) <= std::popcount(refused))) {
          wrong = by;
        } else if (refused != 0) {
          wrong = refused;
        } else if (std::find(next.begin(), next.end(), way.to) == next.end()) {
          next.push_back(way.to);
        }
      }
    }
    if (wrong != 0) {
      run.letters &= ~wrong;
      layer.assign(1, state);
      step = 0;
    } else {
      layer.swap(next);
      ++step;
    }
    next.clear();
  }
  return run;
}

Result<std::shared_ptr<const TextPattern>> TextPattern::make(std::string_view pattern, std::uint32_t least,
                                                             std::uint32_t most) {
  if (most > longest_text) {
    return Error{Code::bad_input,
                 fmt::format("a string with a pattern has at most {} characters", longest_text), ""};
  }
  TextPatternReader reader(pattern);
  const auto piece = reader.read();
  if (!piece) return piece.error();
  auto made = std::make_shared<TextPattern>();
  made->least_ = least;
  made->most_ = most;
  if (!PatternBuilder(reader.parts()).build(*piece, made.get())) {
    return Error{Code::bad_input, fmt::format("the pattern takes more than {} states", most_states),
                 "use maxLength in place of long repetitions"};
  }
  made->find_costs();
  made->find_ways();
  if (made->cost(0, 0) == impossible)
    return Error{Code::bad_input, "no text has this pattern and these lengths", ""};
  return std::shared_ptr<const TextPattern>(std::move(made));
}

bool TextPattern::holds(std::string_view text) const {
  State state = start();
  std::uint32_t written = 0;
  for (std::size_t at = 0; at < text.size(); ++written) {
    const std::size_t length = utf8_length(text.substr(at));
    if (length == 0 || written == most_) return false;
    const auto byte = static_cast<unsigned char>(text[at]);
    state = next_[state * symbols + (byte < 128 ? byte : other)];
    if (state == none) return false;
    at += length;
  }
  return may_end(state, written);
}

std::string TextPattern::rest(State state, std::uint32_t written) const {
  std::string text;
  while (!(may_end(state, written))) {
    std::size_t best = symbols;
    std::uint32_t least = impossible;
    for (std::size_t symbol = 0; symbol < symbols; ++symbol) {
      const State to = next_[state * symbols + symbol];
      if (to == none || written == most_) continue;
      const std::uint32_t behind = cost(to, written + 1);
      if (behind == impossible || behind + bytes_of(symbol) >= least) continue;
      best = symbol;
      least = behind + bytes_of(symbol);
    }
    if (best == symbols) return text;  // only from a state that after() never gave
    text += text_of(best);
    state = next_[state * symbols + best];
    ++written;
  }
  return text;
}

}  // namespace carrel
