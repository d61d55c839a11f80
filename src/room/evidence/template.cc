#include "room/evidence/template.h"

#include <array>
#include <cstring>

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

struct HashSink {
  std::uint64_t state = 0x2545F4914F6CDD1Dull;
  void text(const char* at, std::size_t bytes) {
    state = mix(state, bytes);
    while (bytes > 8) {
      state = mix(state, load(at, 8));
      at += 8;
      bytes -= 8;
    }
    state = mix(state, load(at, bytes));
  }
  void mark(char c) { state = mix(state, 0x100u | static_cast<std::uint8_t>(c)); }
  void parameter() { state = mix(state, 0x200); }
};

struct TextSink {
  std::string text_;
  void text(const char* at, std::size_t bytes) { text_.append(at, bytes); }
  void mark(char c) { text_.push_back(c); }
  void parameter() { text_.push_back('#'); }
};

bool ends_value(char c) {
  return c == ' ' || c == '"' || c == ',' || c == '}' || c == ')';
}

// A number that tells severity: an HTTP status that is an error, or the level of a JSON log.
bool tells_severity(const char* begin, const char* end, const char* line, const char* line_end) {
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
      std::uint8_t all = kind;
      while (++at < end && (class_of(*at) & kWord)) all |= class_of(*at);
      const std::ptrdiff_t length = at - word;
      const bool uuid_group = parameter && joint == '-' && !(all & kNotHex) && (length == 4 || length == 12);
      if ((all & kDigit) ? !tells_severity(word, at, begin, end) : (id_follows || uuid_group)) {
        emit_parameter();
        continue;
      }
      if (joint != 0) sink->mark(joint);
      joint = 0;
      parameter = id_follows = false;
      sink->text(word, static_cast<std::size_t>(length));
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
  HashSink sink;
  mask(line, &sink);
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
