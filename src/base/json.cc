#include <algorithm>
#include <cstdint>
#include <string>
#include <string_view>
#include <utility>

#include <fmt/format.h>
#include <rapidjson/error/en.h>
#include <rapidjson/reader.h>

#include "base/read_value.h"
#include "base/text.h"
#include "base/value_builder.h"

namespace carrel {
namespace {

// RapidJSON's input stream over a text, counting lines as it goes. JSON's tokens hold no line end, so that
// the line where a token was read to its end is the one where it began.
class LineStream {
 public:
  using Ch = char;
  explicit LineStream(std::string_view text) : text_(text) {}

  Ch Peek() const { return at_ < text_.size() ? text_[at_] : '\0'; }
  Ch Take() {
    if (at_ >= text_.size()) return '\0';
    const char c = text_[at_++];
    if (c == '\n') {
      ++line_;
      line_begin_ = at_;
    }
    return c;
  }
  std::size_t Tell() const { return at_; }
  std::uint32_t line() const { return line_; }
  // Where in its line a token of this size began that was just read to its end.
  std::uint32_t column_of(std::size_t size) const {
    const std::size_t read = at_ - line_begin_;
    return static_cast<std::uint32_t>(read - std::min(read, size));
  }
  bool at_end() const { return at_ >= text_.size(); }

  // The writing half of the concept, which only parsing in place would use.
  Ch* PutBegin() { return nullptr; }
  void Put(Ch) {}
  void Flush() {}
  std::size_t PutEnd(Ch*) { return 0; }

 private:
  std::string_view text_;
  std::size_t at_ = 0;
  std::size_t line_begin_ = 0;
  std::uint32_t line_ = 1;
};

std::string valid_text(std::string_view bytes) {
  return is_utf8(bytes) ? std::string(bytes) : to_utf8(bytes);
}

class Handler {
 public:
  Handler(const LineStream* stream, ValueBuilder* builder) : stream_(stream), builder_(builder) {}

  bool Null() { return scalar(Value::Kind::null, {}); }
  bool Bool(bool is_true) { return scalar(Value::Kind::boolean, is_true ? "true" : "false"); }
  bool RawNumber(const char* text, rapidjson::SizeType size, bool) {
    return scalar(Value::Kind::number, std::string(text, size));
  }
  bool String(const char* text, rapidjson::SizeType size, bool) {
    return scalar(Value::Kind::string, valid_text({text, size}));
  }
  bool Key(const char* text, rapidjson::SizeType size, bool) {
    return builder_->key(valid_text({text, size}), stream_->line(), stream_->column_of(size + 2));
  }
  bool StartObject() { return begin(Value::Kind::object); }
  bool EndObject(rapidjson::SizeType) { return builder_->end(stream_->line()); }
  bool StartArray() { return begin(Value::Kind::array); }
  bool EndArray(rapidjson::SizeType) { return builder_->end(stream_->line()); }

  // Never called: numbers come as they are written.
  bool Int(int) { return false; }
  bool Uint(unsigned) { return false; }
  bool Int64(std::int64_t) { return false; }
  bool Uint64(std::uint64_t) { return false; }
  bool Double(double) { return false; }

 private:
  const LineStream* stream_;
  ValueBuilder* builder_;

  // Called before the bracket is taken.
  bool begin(Value::Kind kind) { return builder_->begin(kind, stream_->line(), stream_->column_of(0)); }

  bool scalar(Value::Kind kind, std::string text) {
    Value value;
    value.kind = kind;
    value.line = value.end_line = stream_->line();
    value.column = stream_->column_of(text.size() + (kind == Value::Kind::string ? 2 : 0));
    value.scalar = std::move(text);
    return builder_->add(std::move(value));
  }
};

}  // namespace

Result<Value> read_json(std::string_view text) {
  if (text.starts_with("\xef\xbb\xbf")) text.remove_prefix(3);
  LineStream stream(text);
  ValueBuilder builder;
  Handler handler(&stream, &builder);
  rapidjson::Reader reader;
  constexpr unsigned flags = rapidjson::kParseIterativeFlag | rapidjson::kParseNumbersAsStringsFlag;
  const rapidjson::ParseResult parsed = reader.Parse<flags>(stream, handler);
  if (!parsed) {
    const std::string why = builder.refusal().empty()
                                ? std::string(rapidjson::GetParseError_En(parsed.Code()))
                                : builder.refusal();
    return Error{Code::bad_input, fmt::format("line {}: no valid JSON: {}", stream.line(), why), ""};
  }
  if (!stream.at_end() || !builder.complete()) {
    return Error{Code::bad_input, fmt::format("line {}: no valid JSON: a NUL byte", stream.line()), ""};
  }
  return builder.take();
}

}  // namespace carrel
