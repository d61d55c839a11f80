#include "made_model/vocabulary.h"

#include <array>
#include <random>
#include <string_view>
#include <unordered_set>

namespace carrel::made_model {
namespace {

// GPT-2 writes each byte as a printable letter: itself where it is one, else U+0100 and up in order of the
// bytes. Source: bytes_to_unicode() in openai/gpt-2, src/encoder.py.
std::array<std::string, 256> byte_letters() {
  std::array<std::string, 256> letters;
  unsigned next = 0x100;
  for (unsigned byte = 0; byte < 256; ++byte) {
    const bool printable = (byte >= 0x21 && byte <= 0x7e) || (byte >= 0xa1 && byte <= 0xac) || byte >= 0xae;
    const unsigned letter = printable ? byte : next++;
    if (letter < 0x80) {
      letters[byte] = static_cast<char>(letter);
    } else {
      letters[byte] = {static_cast<char>(0xc0 | (letter >> 6)), static_cast<char>(0x80 | (letter & 0x3f))};
    }
  }
  return letters;
}

// What logs and answers are full of; each becomes a token, and so does each of its beginnings.
constexpr std::string_view kWords[] = {
    "\":",      "\",",         "\":\"",    "\",\"",    "[\"",       "{\"",        "\"}",       "\"]",
    "}]",       "\"],\"",      "\"},{\"",  "--",       "...",       "::",         "[E",        "the",
    "and",      "for",         "not",      "error",    "failed",    "pod",        "container", "image",
    "node",     "service",     "evidence", "verdict",  "root",      "cause",      "command",   "why",
    "missing",  "kubectl",     "get",      "describe", "logs",      "namespace",  "status",    "ready",
    "restart",  "message",     "reason",   "warning",  "event",     "secret",     "config",    "map",
    "volume",   "claim",       "mount",    "connect",  "refused",   "timeout",    "memory",    "limit",
    "request",  "exit",        "code",     "back",     "off",       "pull",       "probe",     "health",
    " the",     " of",         " to",      " in",      " and",      " is",        " not",      " for",
    " with",    " from",       " error",   " failed",  " pod",      " container", " image",    " node",
    " service", " to connect", " was",     " has",     " no",       " on",        " at",       " by",
    " line",    " file",       " found",   " kubectl", " describe", " namespace"};

// Letters by how often English has them, so that random syllables look like some.
constexpr std::string_view kLetters =
    "eeeeeeeetttttaaaaaooooiiiinnnnsssshhhrrrdddlllcucmmwffggyyppbbvkjxqzAESTCIPNRM";

class Maker {
 public:
  explicit Maker(std::uint64_t seed) : letters_(byte_letters()), random_(seed) {
    for (const std::string& letter : letters_) add(letter);
  }

  std::size_t size() const { return out_.tokens.size(); }

  void add_word(std::string_view word, std::size_t limit) {
    std::string whole = letters_[static_cast<unsigned char>(word[0])];
    for (std::size_t i = 1; i < word.size() && size() < limit; ++i) {
      const std::string& next = letters_[static_cast<unsigned char>(word[i])];
      merge(whole, next);
      whole += next;
    }
  }

  void add_pairs(std::size_t limit) {
    for (char first = 'a'; first <= 'z' && size() < limit; ++first) {
      for (char second = 'a'; second <= 'z' && size() < limit; ++second) {
        merge(std::string(1, first), std::string(1, second));
      }
    }
    for (char letter = 'a'; letter <= 'z' && size() < limit; ++letter)
      merge(letters_[' '], std::string(1, letter));
  }

  void add_syllables(std::size_t limit) {
    std::vector<std::string> parts;  // letters only, one byte a letter
    while (size() < limit) {
      std::string left = parts.empty() || random_() % 4 == 0 ? letter() : parts[random_() % parts.size()];
      std::string right =
          parts.empty() || random_() % 2 == 0 ? letter() + letter() : parts[random_() % parts.size()];
      if (right.size() == 2) merge(right.substr(0, 1), right.substr(1));
      if (left.size() + right.size() > 11 || size() >= limit) continue;
      if (merge(left, right)) parts.push_back(left + right);
      if (size() < limit && random_() % 3 == 0) merge(letters_[' '], left + right);
    }
  }

  std::uint32_t add_special(std::string_view text, std::int32_t type) {
    out_.tokens.emplace_back(text);
    out_.types.push_back(type);
    return static_cast<std::uint32_t>(size() - 1);
  }

  Vocabulary& out() { return out_; }

 private:
  bool add(const std::string& token) {
    if (!known_.insert(token).second) return false;
    out_.tokens.push_back(token);
    out_.types.push_back(1);
    return true;
  }
  bool merge(const std::string& left, const std::string& right) {
    if (!add(left + right)) return false;
    out_.merges.push_back(left + " " + right);
    return true;
  }
  std::string letter() { return std::string(1, kLetters[random_() % kLetters.size()]); }

  std::array<std::string, 256> letters_;
  std::mt19937_64 random_;
  Vocabulary out_;
  std::unordered_set<std::string> known_;
};

}  // namespace

Vocabulary make_vocabulary(std::size_t size, std::uint64_t seed) {
  constexpr std::size_t specials = 6;
  Maker maker(seed);
  const std::size_t limit = size - specials;
  for (std::string_view word : kWords) maker.add_word(word, limit);
  maker.add_pairs(limit);
  maker.add_syllables(limit);
  const std::uint32_t end_of_text = maker.add_special("<|endoftext|>", 3);
  maker.add_special("<|im_start|>", 3);
  const std::uint32_t end_of_turn = maker.add_special("<|im_end|>", 3);
  maker.add_special("<think>", 4);
  maker.add_special("</think>", 4);
  maker.add_special("<tool_call>", 4);
  maker.out().end_of_text = end_of_text;
  maker.out().end_of_turn = end_of_turn;
  return std::move(maker.out());
}

}  // namespace carrel::made_model
