#include <algorithm>
#include <cstdint>
#include <map>
#include <new>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include <fmt/format.h>
#include <yaml.h>

#include "base/read_value.h"
#include "base/text.h"
#include "base/value_builder.h"

namespace carrel {
namespace {

// Text that aliases may copy, all together: "*a" is two bytes and may stand for a megabyte.
constexpr std::size_t most_copied_bytes = 64 << 20;

// libyaml's parser over a text that outlives it.
class Parser {
 public:
  explicit Parser(std::string_view text) {
    if (yaml_parser_initialize(&parser_) == 0) throw std::bad_alloc();
    // Said outright: otherwise it would look for the marks of other encodings.
    yaml_parser_set_encoding(&parser_, YAML_UTF8_ENCODING);
    yaml_parser_set_input_string(&parser_, reinterpret_cast<const unsigned char*>(text.data()), text.size());
  }
  Parser(const Parser&) = delete;
  Parser& operator=(const Parser&) = delete;
  ~Parser() {
    yaml_event_delete(&event_);
    yaml_parser_delete(&parser_);
  }

  // The next event, good until the next call; null where the text is malformed.
  const yaml_event_t* next() {
    yaml_event_delete(&event_);
    return yaml_parser_parse(&parser_, &event_) == 0 ? nullptr : &event_;
  }
  const yaml_parser_t& state() const { return parser_; }

 private:
  yaml_parser_t parser_ = {};
  yaml_event_t event_ = {};
};

// Turns the parser's places, which are characters and mostly grow, into bytes and lines. The parser's own
// lines also count breaks that no other tool takes for one.
class Place {
 public:
  explicit Place(std::string_view text) : text_(text) {}

  Place& go_to(std::size_t character) {
    while (character_ < character && byte_ < text_.size()) forward();
    while (character_ > character) back();
    return *this;
  }
  Place& go_to_byte(std::size_t byte) {
    while (byte_ < std::min(byte, text_.size())) forward();
    while (byte_ > byte) back();
    return *this;
  }
  // Back over white space before it, so that it follows something written.
  Place& skip_back_blanks() {
    while (byte_ > 0 && (last() == '\n' || last() == '\r' || last() == ' ')) back();
    return *this;
  }
  char last() const { return byte_ == 0 ? '\0' : text_[byte_ - 1]; }
  std::uint32_t line() const { return line_; }

 private:
  std::string_view text_;
  std::size_t character_ = 0, byte_ = 0;
  std::uint32_t line_ = 1;

  bool inside_character() const {
    return byte_ < text_.size() && (static_cast<unsigned char>(text_[byte_]) & 0xc0) == 0x80;
  }
  void forward() {
    if (text_[byte_] == '\n') ++line_;
    do ++byte_;
    while (inside_character());
    ++character_;
  }
  void back() {
    do --byte_;
    while (inside_character());
    --character_;
    if (text_[byte_] == '\n') --line_;
  }
};

std::string_view text_of(const yaml_char_t* name) {
  return name == nullptr ? std::string_view() : std::string_view(reinterpret_cast<const char*>(name));
}

bool is_number(std::string_view text) {
  if (!text.empty() && (text[0] == '-' || text[0] == '+')) text.remove_prefix(1);
  if (text.starts_with("0x") || text.starts_with("0o")) {
    return text.size() > 2 && text.find_first_not_of("0123456789abcdefABCDEF", 2) == std::string_view::npos;
  }
  bool digits = false, point = false;
  std::size_t i = 0;
  for (; i < text.size(); ++i) {
    if (text[i] >= '0' && text[i] <= '9') {
      digits = true;
    } else if (text[i] == '.' && !point) {
      point = true;
    } else {
      break;
    }
  }
  if (!digits) return false;
  if (i == text.size()) return true;
  if (text[i] != 'e' && text[i] != 'E') return false;
  ++i;
  if (i < text.size() && (text[i] == '-' || text[i] == '+')) ++i;
  return i < text.size() && text.find_first_not_of("0123456789", i) == std::string_view::npos;
}

// YAML 1.2's core schema, for plain scalars.
Value::Kind plain_kind(std::string_view text) {
  if (text.empty() || text == "~" || text == "null" || text == "Null" || text == "NULL")
    return Value::Kind::null;
  const std::string folded = text.size() <= 5 ? to_lower(text) : std::string();
  if (folded == "true" || folded == "false") return Value::Kind::boolean;
  return is_number(text) ? Value::Kind::number : Value::Kind::string;
}

std::size_t count_values(const Value& value, std::size_t* bytes) {
  std::size_t values = 1;
  *bytes += value.scalar.size();
  for (const Value& item : value.items) values += count_values(item, bytes);
  for (const auto& [key, member] : value.members) {
    *bytes += key.size();
    values += count_values(member, bytes);
  }
  return values;
}

class YamlReader {
 public:
  explicit YamlReader(std::string_view text) : parser_(text), place_(text) {}

  Result<std::vector<Value>> read() {
    for (;;) {
      const yaml_event_t* event = parser_.next();
      if (event == nullptr) return malformed();
      if (event->type == YAML_STREAM_END_EVENT) return std::move(documents_);
      if (!take(*event)) return fail(why_.empty() ? builder_.refusal() : why_);
    }
  }

 private:
  Parser parser_;
  Place place_;
  ValueBuilder builder_;
  std::uint32_t line_ = 1;  // where the newest event begins
  std::vector<Value> documents_;
  std::vector<std::string> anchors_open_;  // one for each open collection, empty for none
  std::map<std::string, Value, std::less<>> anchors_;
  std::size_t copied_bytes_ = 0;
  std::string why_;

  Error fail(std::string_view why) const {
    return Error{Code::bad_input, fmt::format("line {}: no valid YAML: {}", line_, why), ""};
  }

  Error malformed() {
    const yaml_parser_t& state = parser_.state();
    if (state.error == YAML_MEMORY_ERROR) throw std::bad_alloc();
    const bool no_text = state.error == YAML_READER_ERROR;
    line_ =
        (no_text ? place_.go_to_byte(state.problem_offset) : place_.go_to(state.problem_mark.index)).line();
    return fail(state.problem == nullptr ? "the text breaks off or is malformed" : state.problem);
  }

  bool refuse(std::string why) {
    why_ = std::move(why);
    return false;
  }

  bool take(const yaml_event_t& event) {
    line_ = place_.go_to(event.start_mark.index).line();
    switch (event.type) {
      case YAML_DOCUMENT_START_EVENT:
        anchors_.clear();
        return true;
      case YAML_DOCUMENT_END_EVENT:
        documents_.push_back(builder_.take());
        return true;
      case YAML_MAPPING_START_EVENT:
        return begin(Value::Kind::object, text_of(event.data.mapping_start.anchor));
      case YAML_SEQUENCE_START_EVENT:
        return begin(Value::Kind::array, text_of(event.data.sequence_start.anchor));
      case YAML_MAPPING_END_EVENT:
      case YAML_SEQUENCE_END_EVENT:
        return end(event);
      case YAML_SCALAR_EVENT:
        return scalar(event);
      case YAML_ALIAS_EVENT:
        return alias(text_of(event.data.alias.anchor));
      default:
        return true;
    }
  }

  bool begin(Value::Kind kind, std::string_view anchor) {
    if (builder_.inside_object_before_key()) return refuse("a key is a list or an object");
    anchors_open_.emplace_back(anchor);
    return builder_.begin(kind, line_);
  }

  bool end(const yaml_event_t& event) {
    // A flow collection ends with its bracket, a block one with its last child.
    place_.go_to(event.end_mark.index);
    const bool flow = place_.last() == '}' || place_.last() == ']';
    if (!builder_.end(flow ? place_.line() : 0)) return false;
    const std::string anchor = std::move(anchors_open_.back());
    anchors_open_.pop_back();
    return anchor.empty() || remember(anchor);
  }

  bool scalar(const yaml_event_t& event) {
    const auto& written = event.data.scalar;
    const std::string_view text(reinterpret_cast<const char*>(written.value), written.length);
    if (builder_.inside_object_before_key()) return builder_.key(std::string(text), line_);
    const bool plain = written.style == YAML_PLAIN_SCALAR_STYLE && written.tag == nullptr;
    Value value;
    value.kind = plain ? plain_kind(text) : Value::Kind::string;
    value.line = line_;
    // A block scalar ends where the next token begins.
    value.end_line = std::max(line_, place_.go_to(event.end_mark.index).skip_back_blanks().line());
    if (value.kind == Value::Kind::boolean) {
      value.scalar = to_lower(text);
    } else if (value.kind != Value::Kind::null) {
      value.scalar = std::string(text);
    }
    if (!builder_.add(std::move(value))) return false;
    const std::string anchor(text_of(written.anchor));
    return anchor.empty() || remember(anchor);
  }

  // Copies are counted like what was written, so that a few nested anchors cannot fill the memory.
  bool count_copy(const Value& value) {
    const std::size_t values = count_values(value, &copied_bytes_);
    if (copied_bytes_ > most_copied_bytes) return refuse("its aliases repeat more than 64 MiB of text");
    return builder_.count(values);
  }

  bool remember(const std::string& anchor) {
    const Value* newest = builder_.newest();
    if (newest == nullptr) return true;
    if (!count_copy(*newest)) return false;
    anchors_[anchor] = *newest;
    return true;
  }

  bool alias(std::string_view name) {
    const auto found = anchors_.find(name);
    if (found == anchors_.end())
      return refuse(fmt::format("the alias '{}' stands for nothing", cut_utf8(name, 80)));
    if (builder_.inside_object_before_key()) {
      if (!found->second.items.empty() || !found->second.members.empty())
        return refuse("a key is a list or an object");
      return builder_.key(found->second.scalar, line_);
    }
    if (!count_copy(found->second)) return false;
    return builder_.add(found->second);
  }
};

}  // namespace

Result<std::vector<Value>> read_yaml(std::string_view text) {
  if (text.starts_with("\xef\xbb\xbf")) text.remove_prefix(3);
  if (is_utf8(text)) return YamlReader(text).read();
  const std::string valid = to_utf8(text);
  return YamlReader(valid).read();
}

}  // namespace carrel
