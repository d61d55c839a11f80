#include "room/evidence/template.h"

#include <array>
#include <bit>
#include <cstring>

#ifdef __SSE2__
#include <emmintrin.h>
#endif

namespace carrel {
namespace {

enum : std::uint8_t { kWord = 1, kDigit = 2, kNotHex = 4, kTime = 8, kJoins = 16 };

constexpr std::array<std::uint8_t, 256> kClasses = [] {
  std::array<std::uint8_t, 256> classes{};
  for (int c = 0; c < 256; ++c) {
    std::uint8_t bits = 0;
    const bool digit = c >= '0' && c <= '9';
    const bool letter = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c >= 0x80;
    const bool hex = digit || (c >= 'a' && c <= 'f') || (c >= 'A' && c <= 'F');
    if (digit) bits |= kDigit;
    if (digit || letter) bits |= kWord;
    if (!hex) bits |= kNotHex;
    if (digit || c == ':' || c == '-' || c == '.' || c == ',' || c == '/' || c == '+' || c == '[' ||
        c == ']' || c == 'T' || c == 'Z') {
      bits |= kTime;
    }
    // Between two parameters these make one: 10.0.0.1:80, 2025-01-02T03:04:05.678+02:00, 1/3.
    if (c == '.' || c == ':' || c == ',' || c == '-' || c == '/' || c == '+') bits |= kJoins;
    classes[static_cast<std::size_t>(c)] = bits;
  }
  return classes;
}();

std::uint8_t class_of(char c) {
  return kClasses[static_cast<std::uint8_t>(c)];
}

constexpr std::uint64_t kMultiplier = 0x9E3779B97F4A7C15ull;

std::uint64_t mix(std::uint64_t state, std::uint64_t bits) {
  const unsigned __int128 product = static_cast<unsigned __int128>(state ^ bits) * kMultiplier;
  return static_cast<std::uint64_t>(product) ^ static_cast<std::uint64_t>(product >> 64);
}

std::uint64_t load(const char* at, std::size_t bytes) {
  std::uint64_t bits = 0;
  if (bytes >= 8) {
    std::memcpy(&bits, at, 8);
  } else if (bytes >= 4) {
    std::uint32_t low = 0;
    std::uint32_t high = 0;
    std::memcpy(&low, at, 4);
    std::memcpy(&high, at + bytes - 4, 4);
    bits = low | (std::uint64_t{high} << 32);
  } else if (bytes > 0) {
    bits = static_cast<std::uint8_t>(at[0]) | (std::uint64_t{static_cast<std::uint8_t>(at[bytes / 2])} << 8) |
           (std::uint64_t{static_cast<std::uint8_t>(at[bytes - 1])} << 16);
  }
  return bits;
}

// Which bytes of a line are of words and which are digits, a bit each.
struct Bitmaps {
  std::array<std::uint64_t, kHashedBytes / 64 + 1> word;
  std::array<std::uint64_t, kHashedBytes / 64 + 1> digit;

  explicit Bitmaps(std::string_view line) {
    std::size_t block = 0;
    for (; (block + 1) * 64 <= line.size(); ++block) read(line.data() + block * 64, block);
    std::array<char, 64> tail{};
    std::memcpy(tail.data(), line.data() + block * 64, line.size() - block * 64);
    read(tail.data(), block);  // ends in a byte that is of no word, or in an empty block
  }

  struct Word {
    std::size_t end;
    bool has_digit;
  };

  // The word that begins at `at`.
  Word word_at(std::size_t at) const {
    std::size_t block = at / 64;
    const std::uint64_t others = ~word[block] >> (at % 64);
    const std::uint64_t digits = digit[block] >> (at % 64);
    if (others != 0) {
      const auto length = static_cast<unsigned>(std::countr_zero(others));
      return {at + length, (digits & ((std::uint64_t{1} << length) - 1)) != 0};
    }
    // It fills its block to the end and may go on in the next.
    bool has_digit = digits != 0;
    while (~word[++block] == 0) has_digit |= digit[block] != 0;
    const auto length = static_cast<unsigned>(std::countr_zero(~word[block]));
    return {block * 64 + length, has_digit || (digit[block] & ((std::uint64_t{1} << length) - 1)) != 0};
  }

 private:
  void read(const char* bytes, std::size_t block) {
    std::uint64_t words = 0;
    std::uint64_t digits = 0;
#ifdef __SSE2__
    // 16 bytes at a time; comparisons are of signed bytes, so ranges are moved to the lowest values.
    const auto below = [](__m128i values, char first, char count) {
      const __m128i moved = _mm_add_epi8(values, _mm_set1_epi8(static_cast<char>(-128 - first)));
      return _mm_cmplt_epi8(moved, _mm_set1_epi8(static_cast<char>(-128 + count)));
    };
    for (unsigned part = 0; part < 4; ++part) {
      const __m128i values = _mm_loadu_si128(reinterpret_cast<const __m128i*>(bytes + part * 16));
      const __m128i digit_mask = below(values, '0', 10);
      const __m128i letter_mask = below(_mm_or_si128(values, _mm_set1_epi8(0x20)), 'a', 26);
      const __m128i word_mask =
          _mm_or_si128(_mm_or_si128(digit_mask, letter_mask), values);  // top bit: not ASCII
      words |= std::uint64_t{static_cast<std::uint16_t>(_mm_movemask_epi8(word_mask))} << (part * 16);
      digits |= std::uint64_t{static_cast<std::uint16_t>(_mm_movemask_epi8(digit_mask))} << (part * 16);
    }
#else
    for (unsigned at = 0; at < 64; ++at) {
      const std::uint8_t kind = class_of(bytes[at]);
      words |= std::uint64_t{(kind & kWord) != 0} << at;
      digits |= std::uint64_t{(kind & kDigit) != 0} << at;
    }
#endif
    word[block] = words;
    digit[block] = digits;
  }
};

// The chain of dependent multiplications is what hashing costs, so marks and parameters are gathered in a
// register and enter it with the next word.
struct HashSink {
  const char* limit;  // the end of the bytes that may be read
  std::uint64_t state = 0x2545F4914F6CDD1Dull;
  std::uint64_t marks = 1;  // a byte each, the last lowest, below a leading 1

  void text(const char* at, std::size_t bytes) {
    state += bytes * 0xD6E8FEB86659FD93ull ^ marks * 0xA0761D6478BD642Full;
    marks = 1;
    while (bytes > 8) {
      state = mix(state, load(at, 8));
      at += 8;
      bytes -= 8;
    }
    // A whole load with what is beyond the word masked: no branch on its length.
    state =
        mix(state, limit - at >= 8 ? load(at, 8) & (~std::uint64_t{0} >> (64 - 8 * bytes)) : load(at, bytes));
  }
  void mark(char c) {
    if (marks >> 56 != 0) flush();
    marks = marks << 8 | static_cast<std::uint8_t>(c);
  }
  void parameter() { mark('\x80'); }  // is of no mark: bytes beyond ASCII are of words
  void flush() {
    state = mix(state, marks);
    marks = 1;
  }
};

struct TextSink {
  std::string text_;
  void text(const char* at, std::size_t bytes) { text_.append(at, bytes); }
  void mark(char c) { text_.push_back(c); }
  void parameter() { text_.push_back('#'); }
};

// The hexadecimal groups of a UUID that happen to be without a digit.
bool is_uuid_group(const char* word, std::size_t length) {
  if (length != 4 && length != 12) return false;
  for (std::size_t at = 0; at < length; ++at) {
    if (class_of(word[at]) & kNotHex) return false;
  }
  return true;
}

bool ends_value(char c) {
  return c == ' ' || c == '"' || c == ',' || c == '}' || c == ')';
}

// A number that tells severity: an HTTP status that is an error, or the level of a JSON log.
bool tells_severity(const char* begin, const char* end, const char* line, const char* line_end) {
  if (end - begin != 3 && end - begin != 2) return false;
  const char before = begin == line ? ' ' : begin[-1];
  const char after = end == line_end ? ' ' : *end;
  if (!ends_value(after)) return false;
  if (end - begin == 3) {
    return (begin[0] == '4' || begin[0] == '5') && begin[1] >= '0' && begin[1] <= '2' && begin[2] <= '9' &&
           (before == ' ' || before == '"' || before == ':' || before == '=');
  }
  return end - begin == 2 && begin[1] == '0' && begin - line >= 7 &&
         std::memcmp(begin - 7, "level\":", 7) == 0;
}

// "requestId", "trace_id", "ID": the words after which, with a ':' or '=', comes an id.
bool names_id(const char* begin, const char* end) {
  if (end - begin < 2 || (end[-1] != 'd' && end[-1] != 'D') || (end[-2] != 'i' && end[-2] != 'I'))
    return false;
  return end - begin == 2 || end[-2] == 'I';
}

// The end of a quoted value in running text that begins at `quote`, or null: `near "SELCT" in`.
const char* quoted_value(const char* quote, const char* line, const char* end) {
  if (quote - line < 2 || quote[-1] != ' ' || !(class_of(quote[-2]) & kWord)) return nullptr;
  const char* limit = end - quote > 80 ? quote + 80 : end;
  for (const char* at = quote + 1; at < limit; ++at) {
    if (*at == ' ') return nullptr;
    if (*at == *quote) {
      const bool key = at + 1 < end && (at[1] == ':' || at[1] == '=');
      return at == quote + 1 || key ? nullptr : at + 1;
    }
  }
  return nullptr;
}

template <class Sink>
void mask(std::string_view line, Sink* sink) {
  line = line.substr(0, kHashedBytes);
  const Bitmaps bitmaps(line);
  const char* const begin = line.data();
  const char* const end = begin + line.size();
  const char* at = begin;
  char joint = 0;           // a mark after a parameter, held back until it is known what follows
  bool parameter = false;   // the last thing emitted was one
  bool id_named = false;    // a word that names an id was just seen
  bool id_follows = false;  // ... and a ':' or '=' after it
  const auto emit_parameter = [&] {
    if (!parameter) sink->parameter();
    joint = 0;
    parameter = true;
    id_named = id_follows = false;
  };
  while (at < end) {
    const std::uint8_t kind = class_of(*at);
    if (kind & kWord) {
      const char* const word = at;
      const auto first = static_cast<std::size_t>(word - begin);
      const auto [last, has_digit] = bitmaps.word_at(first);
      at = begin + last;
      const std::size_t length = last - first;
      const bool masked = has_digit
                              ? !tells_severity(word, at, begin, end)
                              : id_follows || (parameter && joint == '-' && is_uuid_group(word, length));
      if (masked) {
        emit_parameter();
        continue;
      }
      if (joint != 0) sink->mark(joint);
      joint = 0;
      parameter = id_follows = false;
      sink->text(word, length);
      id_named = names_id(word, at);
      continue;
    }
    if ((*at == '"' || *at == '\'')) {
      if (const char* after = quoted_value(at, begin, end)) {
        if (joint != 0) sink->mark(joint);
        joint = 0;
        parameter = false;
        sink->mark(*at);
        sink->parameter();
        sink->mark(*at);
        at = after;
        id_named = id_follows = false;
        continue;
      }
    }
    if (joint != 0) sink->mark(joint);
    joint = 0;
    if (parameter && (kind & kJoins)) {
      joint = *at;
    } else {
      sink->mark(*at);
      parameter = false;
    }
    if (id_named || id_follows) {
      id_follows = (id_named && (*at == ':' || *at == '=')) || (id_follows && (*at == ' ' || *at == '"'));
      id_named = id_named && *at == '"';
    }
    ++at;
  }
  if (joint != 0) sink->mark(joint);
}

}  // namespace

std::uint64_t template_hash(std::string_view line) {
  HashSink sink{line.data() + line.size()};
  mask(line, &sink);
  sink.flush();
  return sink.state;
}

std::string template_text(std::string_view line) {
  TextSink sink;
  mask(line, &sink);
  return sink.text_;
}

std::uint64_t exact_hash(std::string_view bytes, std::uint64_t seed) {
  const char* at = bytes.data();
  std::size_t left = bytes.size();
  std::uint64_t first = mix(seed, left);
  std::uint64_t second = seed ^ kMultiplier;
  while (left > 16) {
    first = mix(first, load(at, 8));
    second = mix(second, load(at + 8, 8));
    at += 16;
    left -= 16;
  }
  first = mix(first, load(at, left));
  if (left > 8) second = mix(second, load(at + left - 8, 8));
  return mix(first, second);
}

std::size_t after_time(std::string_view line) {
  std::size_t end = 0;
  for (std::size_t at = 0; at < line.size() && at < 40;) {
    bool separated = false;
    bool digit = false;
    std::size_t stop = at;
    while (stop < line.size() && (class_of(line[stop]) & kTime)) {
      separated |= line[stop] == ':' || line[stop] == '-' || line[stop] == '/';
      digit |= (class_of(line[stop]) & kDigit) != 0;
      ++stop;
    }
    if (stop == at || !separated || !digit || (stop < line.size() && line[stop] != ' ')) break;
    end = at = stop < line.size() ? stop + 1 : stop;
  }
  return end;
}

}  // namespace carrel
