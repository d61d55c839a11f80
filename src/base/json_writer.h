// Writes JSON member by member: valid UTF-8, harmless on a terminal, numbers rounded to four decimals.
//
//   JsonPage json;             // indented; JsonLine writes one line
//   json.text("name", name);
//   json.list("lines", lines, [&](const Line& line) { json.object([&] { json.count("line", line.at); }); });
//   std::string text = json.finish();
#pragma once

#include <cmath>
#include <cstdint>
#include <string>

#include <rapidjson/prettywriter.h>
#include <rapidjson/stringbuffer.h>
#include <rapidjson/writer.h>

#include "base/text.h"

namespace carrel {

template <class Writer>
class JsonText {
 public:
  JsonText() : writer_(buffer_) {
    if constexpr (requires { writer_.SetIndent(' ', 1); }) writer_.SetIndent(' ', 1);
    writer_.StartObject();
  }
  // Ends the outermost object; the text ends with a newline.
  std::string finish() {
    writer_.EndObject();
    return std::string(buffer_.GetString(), buffer_.GetSize()) + "\n";
  }
  void key(const std::string& name) {
    const std::string literal = printable_json_string(name);
    writer_.RawValue(literal.data(), literal.size(), rapidjson::kStringType);
  }
  void text(const std::string& name, const std::string& value) {
    key(name);
    text(value);
  }
  void text(const std::string& value) { key(value); }
  void count(const std::string& name, std::uint64_t value) {
    key(name);
    writer_.Uint64(value);
  }
  void number(const std::string& name, double value) {
    key(name);
    const double rounded = std::round(value * 1e4) / 1e4;
    writer_.Double(std::isfinite(rounded) ? rounded : 0);
  }
  void flag(const std::string& name, bool value) {
    key(name);
    writer_.Bool(value);
  }
  void null(const std::string& name) {
    key(name);
    writer_.Null();
  }
  // An empty text is null.
  void text_or_null(const std::string& name, const std::string& value) {
    return value.empty() ? null(name) : text(name, value);
  }
  // A value that is JSON already, of our own writing.
  void json(const std::string& name, const std::string& value) {
    key(name);
    writer_.RawValue(value.data(), value.size(), rapidjson::kObjectType);
  }
  template <class List, class Each>
  void list(const std::string& name, const List& values, Each each) {
    key(name);
    writer_.StartArray();
    for (const auto& value : values) each(value);
    writer_.EndArray();
  }
  template <class Body>
  void object(Body body) {
    writer_.StartObject();
    body();
    writer_.EndObject();
  }
  template <class Body>
  void object(const std::string& name, Body body) {
    key(name);
    object(body);
  }

 private:
  rapidjson::StringBuffer buffer_;
  Writer writer_;
};

using JsonPage = JsonText<rapidjson::PrettyWriter<rapidjson::StringBuffer>>;
using JsonLine = JsonText<rapidjson::Writer<rapidjson::StringBuffer>>;

}  // namespace carrel
