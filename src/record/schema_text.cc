#include "record/schema_text.h"

#include <algorithm>
#include <charconv>

#include <fmt/format.h>
#include <rapidjson/error/en.h>
#include <rapidjson/memorystream.h>
#include <rapidjson/reader.h>

#include "record/limits.h"

namespace carrel {
namespace {

class LineTable {
 public:
  explicit LineTable(std::string_view text) {
    for (std::size_t i = 0; i < text.size(); ++i) {
      if (text[i] == '\n') starts_.push_back(i + 1);
    }
  }
  PlacedJson::Place at(std::size_t offset) const {
    const auto after = std::upper_bound(starts_.begin(), starts_.end(), offset);
    return {static_cast<std::size_t>(after - starts_.begin()), offset - *(after - 1) + 1};
  }

 private:
  std::vector<std::size_t> starts_ = {0};
};

// Builds the tree from RapidJSON's events. An event arrives when the stream stands behind its text, so the
// text begins at the first byte after the event before that is neither white space nor a separator.
class TreeBuilder : public rapidjson::BaseReaderHandler<rapidjson::UTF8<>, TreeBuilder> {
 public:
  TreeBuilder(std::string_view json, const rapidjson::MemoryStream& stream, std::vector<Mistake>* mistakes)
      : json_(json), lines_(json), stream_(stream), mistakes_(mistakes) {}

  bool Null() { return add(PlacedJson::Kind::null, {}); }
  bool Bool(bool flag) {
    add(PlacedJson::Kind::boolean, {}).flag = flag;
    return true;
  }
  bool RawNumber(const char* text, rapidjson::SizeType size, bool) {
    add(PlacedJson::Kind::number, std::string(text, size));
    return true;
  }
  bool String(const char* text, rapidjson::SizeType size, bool) {
    add(PlacedJson::Kind::string, std::string(text, size));
    return true;
  }
  bool Key(const char* text, rapidjson::SizeType size, bool) {
    const PlacedJson::Place place = next_place();
    std::string name(text, size);
    PlacedJson& object = *open_.back();
    if (object.find(name) != nullptr) {
      mistakes_->push_back(
          {place.line, place.column, fmt::format("\"{}\" stands in the object twice", name)});
    }
    object.members.push_back({std::move(name), place, {}});
    return true;
  }
  bool StartObject() { return start(PlacedJson::Kind::object); }
  bool StartArray() { return start(PlacedJson::Kind::array); }
  bool EndObject(rapidjson::SizeType) { return end(); }
  bool EndArray(rapidjson::SizeType) { return end(); }

  const LineTable& lines() const { return lines_; }
  PlacedJson take() { return std::move(root_); }

 private:
  struct Added {
    PlacedJson* value;
    bool& flag = value->flag;
    operator bool() const { return true; }  // NOLINT(google-explicit-constructor): an event's answer
  };

  PlacedJson::Place next_place() {
    while (after_ < json_.size() &&
           std::string_view(" \t\r\n,:]}").find(json_[after_]) != std::string_view::npos)
      ++after_;
    begin_ = after_;
    after_ = std::max(after_, stream_.Tell());
    return lines_.at(begin_);
  }

  Added add(PlacedJson::Kind kind, std::string text) {
    PlacedJson value;
    value.kind = kind;
    value.place = next_place();
    value.text = std::move(text);
    if (open_.empty()) {
      root_ = std::move(value);
      return {&root_};
    }
    std::vector<PlacedJson>& place = open_.back()->kind == PlacedJson::Kind::array
                                         ? open_.back()->items
                                         : open_.back()->members.back().holder;
    place.push_back(std::move(value));
    return {&place.back()};
  }
  bool start(PlacedJson::Kind kind) {
    open_.push_back(add(kind, {}).value);
    after_ = begin_ + 1;
    return true;
  }
  bool end() {
    open_.pop_back();
    return true;
  }

  std::string_view json_;
  LineTable lines_;
  const rapidjson::MemoryStream& stream_;
  std::vector<Mistake>* mistakes_;
  PlacedJson root_;
  // The values being read, outermost first. A parent's list grows only between its children, so these stay
  // valid.
  std::vector<PlacedJson*> open_;
  std::size_t begin_ = 0;  // of the text of the last event
  std::size_t after_ = 0;  // behind it
};

}  // namespace

const PlacedJson* PlacedJson::find(std::string_view name) const {
  for (const Member& member : members) {
    if (member.name == name && !member.holder.empty()) return &member.value();
  }
  return nullptr;
}

bool PlacedJson::is_integer() const {
  return kind == Kind::number && text.find_first_of(".eE") == std::string::npos;
}

std::optional<std::int64_t> PlacedJson::integer() const {
  std::int64_t number = 0;
  if (!is_integer()) return std::nullopt;
  const auto [rest, error] = std::from_chars(text.data(), text.data() + text.size(), number);
  if (error != std::errc() || rest != text.data() + text.size()) return std::nullopt;
  return number;
}

std::string PlacedJson::canonical() const {
  switch (kind) {
    case Kind::boolean:
      return flag ? "true" : "false";
    case Kind::number:
      return fmt::format("{}", integer().value_or(0));
    case Kind::string:
      return json_string(text);
    default:
      return "null";
  }
}

std::optional<PlacedJson> read_placed_json(std::string_view json, std::vector<Mistake>* mistakes) {
  if (json.size() > limit::schema) {
    mistakes->push_back({1, 1, fmt::format("it is longer than {} bytes", limit::schema)});
    return std::nullopt;
  }
  rapidjson::MemoryStream stream(json.data(), json.size());
  TreeBuilder builder(json, stream, mistakes);
  rapidjson::Reader reader;
  constexpr unsigned flags = rapidjson::kParseIterativeFlag | rapidjson::kParseNumbersAsStringsFlag |
                             rapidjson::kParseValidateEncodingFlag;
  const rapidjson::ParseResult result = reader.Parse<flags>(stream, builder);
  if (result.IsError()) {
    const PlacedJson::Place place = builder.lines().at(std::min(result.Offset(), json.size()));
    mistakes->push_back({place.line, place.column,
                         fmt::format("it is not JSON: {}", rapidjson::GetParseError_En(result.Code()))});
    return std::nullopt;
  }
  return builder.take();
}

std::string json_string(std::string_view text) {
  std::string out = "\"";
  for (const char c : text) {
    if (c == '"' || c == '\\') {
      out += '\\';
      out += c;
    } else if (c == '\n') {
      out += "\\n";
    } else if (c == '\t') {
      out += "\\t";
    } else if (static_cast<unsigned char>(c) < 0x20) {
      out += fmt::format("\\u{:04x}", static_cast<unsigned>(c));
    } else {
      out += c;
    }
  }
  return out + '"';
}

}  // namespace carrel
