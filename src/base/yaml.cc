#include <algorithm>
#include <cstdint>
#include <map>
#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include <fmt/format.h>
#include <libfyaml.h>

#include "base/read_value.h"
#include "base/text.h"
#include "base/value_builder.h"

namespace carrel {
namespace {

// Text that aliases may copy, all together: "*a" is two bytes and may stand for a megabyte.
constexpr std::size_t most_copied_bytes = 64 << 20;

struct ParserClose {
  void operator()(fy_parser* parser) const { fy_parser_destroy(parser); }
};
struct DiagnosticClose {
  void operator()(fy_diag* diagnostic) const { fy_diag_destroy(diagnostic); }
};

// Turns byte offsets that mostly grow into lines.
class Lines {
 public:
  explicit Lines(std::string_view text) : text_(text) {}
  std::uint32_t at(std::size_t offset) {
    offset = std::min(offset, text_.size());
    if (offset >= at_) {
      line_ += static_cast<std::uint32_t>(std::count(text_.begin() + at_, text_.begin() + offset, '\n'));
    } else {
      line_ -= static_cast<std::uint32_t>(std::count(text_.begin() + offset, text_.begin() + at_, '\n'));
    }
    at_ = offset;
    return line_;
  }

 private:
  std::string_view text_;
  std::size_t at_ = 0;
  std::uint32_t line_ = 1;
};

std::string_view token_text(fy_token* token) {
  if (token == nullptr) return {};
  std::size_t size = 0;
  const char* text = fy_token_get_text(token, &size);
  return text == nullptr ? std::string_view() : std::string_view(text, size);
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
  explicit YamlReader(std::string_view text) : text_(text), lines_(text) {}

  Result<std::vector<Value>> read() {
    // Not fy_diag_cfg_default(): it asks whether stderr is a terminal, a call that a room denies and records.
    fy_diag_cfg quiet = {};
    quiet.level = FYET_ERROR;
    quiet.module_mask = (1U << FYEM_MAX) - 1;
    quiet.output_fn = [](fy_diag*, void*, const char*, std::size_t) {};
    const std::unique_ptr<fy_diag, DiagnosticClose> diagnostic(fy_diag_create(&quiet));
    fy_parse_cfg config = {};
    // Depth is counted by the builder; anchors and aliases come as events and are resolved here.
    config.flags = static_cast<fy_parse_cfg_flags>(FYPCF_QUIET | FYPCF_DISABLE_DEPTH_LIMIT);
    config.diag = diagnostic.get();
    const std::unique_ptr<fy_parser, ParserClose> parser(fy_parser_create(&config));
    if (!parser || fy_parser_set_string(parser.get(), text_.data(), text_.size()) != 0) {
      return Error{Code::internal, "the YAML parser cannot be made", ""};
    }
    bool ended = false;
    while (!ended) {
      fy_event* event = fy_parser_parse(parser.get());
      if (event == nullptr) return fail("the text breaks off or is malformed");
      const bool taken = take(event, &ended);
      fy_parser_event_free(parser.get(), event);
      if (!taken) return fail(why_.empty() ? builder_.refusal() : why_);
    }
    return std::move(documents_);
  }

 private:
  std::string_view text_;
  Lines lines_;
  ValueBuilder builder_;
  std::uint32_t line_ = 1;
  std::vector<Value> documents_;
  std::vector<std::string> anchors_open_;  // one for each open collection, empty for none
  std::map<std::string, Value, std::less<>> anchors_;
  std::size_t copied_bytes_ = 0;
  std::string why_;

  Error fail(const std::string& why) const {
    return Error{Code::bad_input, fmt::format("line {}: no valid YAML: {}", line_, why), ""};
  }

  bool refuse(std::string why) {
    why_ = std::move(why);
    return false;
  }

  std::uint32_t line_at(const fy_mark* mark) {
    if (mark != nullptr) line_ = lines_.at(mark->input_pos);
    return line_;
  }

  // The line of the last byte before a mark that is not white space: block scalars end at the next token.
  std::uint32_t last_line_before(const fy_mark* mark) {
    if (mark == nullptr) return line_;
    std::size_t offset = std::min(mark->input_pos, text_.size());
    while (offset > 0 && (text_[offset - 1] == '\n' || text_[offset - 1] == '\r' || text_[offset - 1] == ' '))
      --offset;
    return lines_.at(offset);
  }

  bool take(fy_event* event, bool* ended) {
    const std::uint32_t line = line_at(fy_event_start_mark(event));
    switch (event->type) {
      case FYET_STREAM_END:
        *ended = true;
        return true;
      case FYET_DOCUMENT_START:
        anchors_.clear();
        return true;
      case FYET_DOCUMENT_END:
        documents_.push_back(builder_.take());
        return true;
      case FYET_MAPPING_START:
        return begin(Value::Kind::object, event->mapping_start.anchor, line);
      case FYET_SEQUENCE_START:
        return begin(Value::Kind::array, event->sequence_start.anchor, line);
      case FYET_MAPPING_END:
      case FYET_SEQUENCE_END:
        return end(event);
      case FYET_SCALAR:
        return scalar(event, line);
      case FYET_ALIAS:
        return alias(std::string(token_text(event->alias.anchor)));
      default:
        return true;
    }
  }

  bool begin(Value::Kind kind, fy_token* anchor, std::uint32_t line) {
    if (builder_.inside_object_before_key()) return refuse("a key is a list or an object");
    anchors_open_.emplace_back(token_text(anchor));
    return builder_.begin(kind, line);
  }

  bool end(fy_event* event) {
    // A flow collection ends with its bracket, a block one with its last child.
    const fy_mark* mark = fy_event_end_mark(event);
    const bool flow = mark != nullptr && mark->input_pos > 0 && mark->input_pos <= text_.size() &&
                      (text_[mark->input_pos - 1] == '}' || text_[mark->input_pos - 1] == ']');
    if (!builder_.end(flow ? lines_.at(mark->input_pos - 1) : 0)) return false;
    const std::string anchor = std::move(anchors_open_.back());
    anchors_open_.pop_back();
    return anchor.empty() || remember(anchor);
  }

  bool scalar(fy_event* event, std::uint32_t line) {
    const std::string_view text = token_text(event->scalar.value);
    if (builder_.inside_object_before_key()) return builder_.key(std::string(text), line);
    const bool plain =
        event->scalar.value == nullptr || fy_token_scalar_style(event->scalar.value) == FYSS_PLAIN;
    Value value;
    value.kind = plain && event->scalar.tag == nullptr ? plain_kind(text) : Value::Kind::string;
    value.line = line;
    value.end_line = std::max(line, last_line_before(fy_event_end_mark(event)));
    if (value.kind == Value::Kind::boolean) {
      value.scalar = to_lower(text);
    } else if (value.kind != Value::Kind::null) {
      value.scalar = std::string(text);
    }
    if (!builder_.add(std::move(value))) return false;
    const std::string anchor(token_text(event->scalar.anchor));
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

  bool alias(const std::string& name) {
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
