#include "collect/cluster/copy_list.h"

#include <optional>
#include <utility>
#include <vector>

#include <fmt/format.h>
#include <rapidjson/error/en.h>
#include <rapidjson/prettywriter.h>
#include <rapidjson/reader.h>

namespace carrel {
namespace {

constexpr std::size_t block = 64 << 10;
constexpr std::size_t deepest = 128;

// RapidJSON's input stream over a body. RapidJSON asks for the next byte and has no word for failure: the
// body's error is kept here and the text ends.
class BodyStream {
 public:
  using Ch = char;
  explicit BodyStream(const BodyReader& body) : body_(body), buffer_(block) { fill(); }

  Ch Peek() const { return at_ < size_ ? buffer_[at_] : '\0'; }
  Ch Take() {
    if (at_ >= size_) return '\0';
    const char c = buffer_[at_++];
    ++taken_;
    if (at_ == size_) fill();
    return c;
  }
  std::size_t Tell() const { return taken_; }

  Ch* PutBegin() { return nullptr; }
  void Put(Ch) {}
  void Flush() {}
  std::size_t PutEnd(Ch*) { return 0; }

  const std::optional<Error>& error() const { return error_; }

 private:
  const BodyReader& body_;
  std::vector<char> buffer_;
  std::size_t at_ = 0, size_ = 0, taken_ = 0;
  std::optional<Error> error_;

  void fill() {
    at_ = size_ = 0;
    if (error_) return;
    auto n = body_(buffer_.data(), buffer_.size());
    if (n) {
      size_ = *n;
    } else {
      error_ = n.error();
    }
  }
};

// RapidJSON's output stream into a sink.
class SinkStream {
 public:
  using Ch = char;
  explicit SinkStream(ByteSink write) : write_(std::move(write)) { buffer_.reserve(block); }
  void Put(char c) {
    buffer_ += c;
    if (buffer_.size() >= block) Flush();
  }
  void Flush() {
    if (done_) done_ = write_(buffer_);
    buffer_.clear();
  }
  const Status& done() const { return done_; }

 private:
  ByteSink write_;
  std::string buffer_;
  Status done_;
};

using SinkWriter = rapidjson::PrettyWriter<SinkStream>;
constexpr unsigned parse_flags = rapidjson::kParseIterativeFlag | rapidjson::kParseNumbersAsStringsFlag |
                                 rapidjson::kParseStopWhenDoneFlag;

Status outcome(const rapidjson::ParseResult& parsed, const BodyStream& body, const SinkStream& sink) {
  if (body.error()) return *body.error();
  if (!sink.done()) return sink.done();
  if (!parsed) {
    return Error{Code::bad_input,
                 fmt::format("the answer is no valid JSON at byte {}: {}", parsed.Offset(),
                             rapidjson::GetParseError_En(parsed.Code())),
                 ""};
  }
  return {};
}

// Hands everything on to the writer.
class Copier {
 public:
  explicit Copier(SinkWriter* writer) : writer_(writer) {}
  bool Null() { return writer_->Null(); }
  bool Bool(bool value) { return writer_->Bool(value); }
  bool RawNumber(const char* text, rapidjson::SizeType size, bool) {
    return writer_->RawValue(text, size, rapidjson::kNumberType);
  }
  bool String(const char* text, rapidjson::SizeType size, bool) { return writer_->String(text, size); }
  bool Key(const char* text, rapidjson::SizeType size, bool) { return writer_->Key(text, size); }
  bool StartObject() { return ++depth_ < deepest && writer_->StartObject(); }
  bool EndObject(rapidjson::SizeType) { return --depth_, writer_->EndObject(); }
  bool StartArray() { return ++depth_ < deepest && writer_->StartArray(); }
  bool EndArray(rapidjson::SizeType) { return --depth_, writer_->EndArray(); }
  // Never called: numbers come as they are written.
  bool Int(int) { return false; }
  bool Uint(unsigned) { return false; }
  bool Int64(std::int64_t) { return false; }
  bool Uint64(std::uint64_t) { return false; }
  bool Double(double) { return false; }

 private:
  SinkWriter* writer_;
  std::size_t depth_ = 0;
};

}  // namespace

// A list is {"kind", "apiVersion", "metadata": {"resourceVersion", "continue"}, "items": [...]}. Of the first
// page all is copied but what tells of further pages; of the others, the items.
class ListCopy::Handler {
 public:
  Handler(ByteSink write, ItemVisitor visit)
      : sink_(std::move(write)), writer_(sink_), visit_(std::move(visit)) {
    writer_.SetIndent(' ', 2);
  }

  Status page(const BodyReader& body) {
    next_.clear();
    path_.clear();
    depth_ = 0;
    in_items_ = false;
    BodyStream stream(body);
    rapidjson::Reader reader;
    const rapidjson::ParseResult parsed = reader.Parse<parse_flags>(stream, *this);
    Status done = outcome(parsed, stream, sink_);
    if (done && !began_) return Error{Code::bad_input, "the answer is no list", ""};
    first_ = false;
    return done;
  }

  Status finish() {
    if (!items_open_) {
      writer_.Key("items");
      writer_.StartArray();
    }
    writer_.EndArray();
    writer_.EndObject();
    sink_.Put('\n');
    sink_.Flush();
    return sink_.done();
  }

  const std::string& next() const { return next_; }
  std::uint64_t items() const { return items_; }

  bool Null() { return scalar("") && (!copies() || writer_.Null()); }
  bool Bool(bool value) { return scalar(value ? "true" : "false") && (!copies() || writer_.Bool(value)); }
  bool RawNumber(const char* text, rapidjson::SizeType size, bool) {
    return scalar({text, size}) && (!copies() || writer_.RawValue(text, size, rapidjson::kNumberType));
  }
  bool String(const char* text, rapidjson::SizeType size, bool) {
    return scalar({text, size}) && (!copies() || writer_.String(text, size));
  }
  bool Key(const char* text, rapidjson::SizeType size, bool) {
    const std::string_view key(text, size);
    levels_.back().key.assign(key);
    if (depth_ == 1) {
      paging_ = false;
      in_items_ = key == "items";
      // Its array is opened once and closed by finish(); other members of the head must come before it.
      skips_ = in_items_ || !first_ || items_open_;
      return skips_ || writer_.Key(text, size);
    }
    if (depth_ == 2 && !in_items_ && levels_.front().key == "metadata")
      paging_ = key == "continue" || key == "remainingItemCount";
    return !copies() || writer_.Key(text, size);
  }
  bool StartObject() {
    if (depth_ == 0) {
      enter(false);
      if (std::exchange(began_, true)) return true;
      return writer_.StartObject();
    }
    if ((depth_ == 1 && in_items_) || paging_) return false;
    enter(false);
    return depth_ < deepest && (!copies() || writer_.StartObject());
  }
  bool EndObject(rapidjson::SizeType) {
    if (depth_ == 2 && !in_items_) paging_ = false;
    const bool copied = copies();
    leave();
    if (depth_ == 0) return true;  // finish() closes it
    if (in_items_ && depth_ == 2) {
      ++items_;
      if (visit_.end) visit_.end();
    }
    return !copied || writer_.EndObject();
  }
  bool StartArray() {
    if (depth_ == 0 || paging_) return false;
    enter(true);
    if (in_items_ && depth_ == 2) {
      if (items_open_) return true;
      items_open_ = true;
      return writer_.Key("items") && writer_.StartArray();
    }
    return depth_ < deepest && (!copies() || writer_.StartArray());
  }
  bool EndArray(rapidjson::SizeType) {
    const bool copied = copies();
    leave();
    if (in_items_ && depth_ == 1) return true;
    return !copied || writer_.EndArray();
  }
  bool Int(int) { return false; }
  bool Uint(unsigned) { return false; }
  bool Int64(std::int64_t) { return false; }
  bool Uint64(std::uint64_t) { return false; }
  bool Double(double) { return false; }

 private:
  struct Level {
    bool array = false;
    std::string key;
    std::size_t path_size = 0;  // of the path before this level
  };

  // What is read now is written too.
  bool copies() const {
    if (in_items_) return depth_ >= 2;
    return !skips_ && !(paging_ && depth_ == 2);
  }

  void enter(bool array) {
    Level level;
    level.array = array;
    level.path_size = path_.size();
    if (in_items_ && depth_ >= 3) add_step();
    levels_.push_back(std::move(level));
    ++depth_;
  }
  void leave() {
    path_.resize(levels_.back().path_size);
    levels_.pop_back();
    --depth_;
  }
  void add_step() {
    if (!path_.empty()) path_ += '/';
    path_ += levels_.back().array ? "*" : levels_.back().key;
  }

  bool scalar(std::string_view value) {
    if (depth_ == 0 || (depth_ == 1 && in_items_ && !value.empty())) return false;
    if (paging_ && depth_ == 2 && !in_items_) {
      if (levels_.back().key == "continue") next_.assign(value);
    } else if (in_items_ && depth_ >= 3 && visit_.scalar) {
      const std::size_t before = path_.size();
      add_step();
      visit_.scalar(path_, value);
      path_.resize(before);
    }
    return true;
  }

  SinkStream sink_;
  SinkWriter writer_;
  ItemVisitor visit_;
  std::vector<Level> levels_;
  std::string path_, next_;
  std::size_t depth_ = 0;
  std::uint64_t items_ = 0;
  bool began_ = false, first_ = true, items_open_ = false, in_items_ = false, skips_ = false, paging_ = false;
};

ListCopy::ListCopy(ByteSink write, ItemVisitor visit)
    : handler_(std::make_unique<Handler>(std::move(write), std::move(visit))) {}
ListCopy::~ListCopy() = default;
Status ListCopy::page(const BodyReader& body) {
  return handler_->page(body);
}
const std::string& ListCopy::next() const {
  return handler_->next();
}
std::uint64_t ListCopy::items() const {
  return handler_->items();
}
Status ListCopy::finish() {
  return handler_->finish();
}

Status copy_json(const BodyReader& body, const ByteSink& write) {
  BodyStream stream(body);
  SinkStream sink(write);
  SinkWriter writer(sink);
  writer.SetIndent(' ', 2);
  Copier copier(&writer);
  rapidjson::Reader reader;
  const rapidjson::ParseResult parsed = reader.Parse<parse_flags>(stream, copier);
  sink.Put('\n');
  sink.Flush();
  return outcome(parsed, stream, sink);
}

}  // namespace carrel
