#include "incidents/json.h"

#include <algorithm>

#include "base/text.h"

namespace carrel::incidents {

Json Json::object(Members members) {
  Json made;
  made.kind_ = Kind::object;
  made.members_ = std::move(members);
  return made;
}

Json Json::array(std::vector<Json> items) {
  Json made;
  made.kind_ = Kind::array;
  made.items_ = std::move(items);
  return made;
}

Json& Json::operator[](const std::string& key) {
  if (kind_ == Kind::null) kind_ = Kind::object;
  for (auto& [name, value] : members_) {
    if (name == key) return value;
  }
  return members_.emplace_back(key, Json()).second;
}

const Json* Json::find(std::string_view key) const {
  for (const auto& [name, value] : members_) {
    if (name == key) return &value;
  }
  return nullptr;
}

void Json::remove(std::string_view key) {
  std::erase_if(members_, [&](const auto& member) { return member.first == key; });
}

Json& Json::add(Json item) {
  if (kind_ == Kind::null) kind_ = Kind::array;
  return items_.emplace_back(std::move(item));
}

class JsonWriter {
 public:
  JsonWriter(const Json::Seen& seen, bool lines) : seen_(seen), lines_(lines) {}

  void write(const Json& value, int depth) {
    const std::uint32_t line = line_;
    // A member's value begins where its key does.
    const std::size_t from = out_.rfind('\n') == std::string::npos ? 0 : out_.rfind('\n') + 1;
    switch (value.kind_) {
      case Json::Kind::null:
        out_ += "null";
        break;
      case Json::Kind::bare:
        out_ += value.text_;
        break;
      case Json::Kind::string:
        out_ += printable_json_string(value.text_);
        break;
      case Json::Kind::array:
        between('[', ']', value.items_, depth, [&](const Json& item) { write(item, depth + 1); });
        break;
      case Json::Kind::object:
        between('{', '}', value.members_, depth, [&](const auto& member) {
          out_ += printable_json_string(member.first);
          out_ += lines_ ? ": " : ":";
          write(member.second, depth + 1);
        });
        break;
    }
    if (value.mark == 0 || !seen_) return;
    const std::size_t end = std::min(out_.find('\n', from), out_.size());
    seen_(value.mark, line, line_, std::string(trim(std::string_view(out_).substr(from, end - from))));
  }

  std::string take() { return std::move(out_); }

 private:
  template <class All, class Write>
  void between(char open, char close, const All& all, int depth, Write write_one) {
    out_ += open;
    bool first = true;
    for (const auto& one : all) {
      if (!first) out_ += ',';
      first = false;
      new_line(depth + 1);
      write_one(one);
    }
    if (!all.empty()) new_line(depth);
    out_ += close;
  }

  void new_line(int depth) {
    if (!lines_) return;
    out_ += '\n';
    out_.append(2 * static_cast<std::size_t>(depth), ' ');
    ++line_;
  }

  const Json::Seen& seen_;
  const bool lines_;
  std::string out_;
  std::uint32_t line_ = 1;
};

std::string Json::written(const Seen& seen) const {
  JsonWriter writer(seen, true);
  writer.write(*this, 0);
  return writer.take() + "\n";
}

std::string Json::compact() const {
  const Seen nobody;
  JsonWriter writer(nobody, false);
  writer.write(*this, 0);
  return writer.take();
}

}  // namespace carrel::incidents
