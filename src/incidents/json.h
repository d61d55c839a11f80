// Json: a JSON value that is being made. Any value may carry a mark, and writing tells on which line each
// marked value came to stand: so a label knows its deciding lines by construction and never searches for
// them.
#pragma once

#include <cstdint>
#include <functional>
#include <initializer_list>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace carrel::incidents {

class Json {
 public:
  Json() = default;
  Json(bool is_true) : kind_(Kind::bare), text_(is_true ? "true" : "false") {}  // NOLINT(google-explicit-*)
  Json(int number) : kind_(Kind::bare), text_(std::to_string(number)) {}        // NOLINT
  Json(std::int64_t number) : kind_(Kind::bare), text_(std::to_string(number)) {}   // NOLINT
  Json(std::uint64_t number) : kind_(Kind::bare), text_(std::to_string(number)) {}  // NOLINT
  Json(const char* text) : kind_(Kind::string), text_(text) {}                      // NOLINT
  Json(std::string text) : kind_(Kind::string), text_(std::move(text)) {}           // NOLINT

  using Members = std::vector<std::pair<std::string, Json>>;
  static Json object(Members members = {});
  static Json array(std::vector<Json> items = {});

  bool is_null() const { return kind_ == Kind::null; }
  // The member of that name, made (as null) where there is none; a null value becomes an object.
  Json& operator[](const std::string& key);
  // The item at an index that exists.
  Json& at(std::size_t index) { return items_[index]; }
  const Json* find(std::string_view key) const;
  void remove(std::string_view key);
  // Appends to an array (a null value becomes one).
  Json& add(Json item);

  const std::string& text() const { return text_; }  // of a string; "12" and "true" of the others
  const std::vector<Json>& items() const { return items_; }
  std::vector<Json>& items() { return items_; }
  const Members& members() const { return members_; }
  bool empty() const { return items_.empty() && members_.empty(); }

  int mark = 0;  // 0: none

  // Called for each marked value with its mark, the lines it stands on (from 1) and the first of them,
  // trimmed.
  using Seen = std::function<void(int mark, std::uint32_t line, std::uint32_t end_line, std::string text)>;
  // The document, indented by two spaces, ended by a newline.
  std::string written(const Seen& seen = nullptr) const;
  // On one line.
  std::string compact() const;

 private:
  enum class Kind { null, bare, string, array, object };
  friend class JsonWriter;

  Kind kind_ = Kind::null;
  std::string text_;
  std::vector<Json> items_;
  Members members_;
};

}  // namespace carrel::incidents
