// Value: a JSON or YAML value that knows where it stands in its file.
//
// Both readers (base/read_value.h) and the reader of kubectl's text make these, so that whatever looks
// at objects is written once. A Value never changes after it was read; asking it for what it lacks gives the
// one null Value, so chains of look-ups need no tests:
//
//   const Value& reason = pod["status"]["containerStatuses"][0]["state"]["waiting"]["reason"];
//   if (reason.text() == "CrashLoopBackOff") cite(reason.line);
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace carrel {

// A vector behind one pointer. Most values are neither array nor object, and a bundle has a million of them.
template <class T>
class Sequence {
 public:
  Sequence() = default;
  Sequence(const Sequence& other)
      : all_(other.all_ ? std::make_unique<std::vector<T>>(*other.all_) : nullptr) {}
  Sequence(Sequence&&) noexcept = default;
  Sequence& operator=(const Sequence& other) {
    if (this != &other) *this = Sequence(other);
    return *this;
  }
  Sequence& operator=(Sequence&&) noexcept = default;
  ~Sequence() = default;

  bool empty() const { return size() == 0; }
  std::size_t size() const { return all_ ? all_->size() : 0; }
  const T* begin() const { return all_ ? all_->data() : nullptr; }
  const T* end() const { return begin() + size(); }
  T* begin() { return all_ ? all_->data() : nullptr; }
  T* end() { return begin() + size(); }
  const T& operator[](std::size_t index) const { return (*all_)[index]; }
  T& operator[](std::size_t index) { return (*all_)[index]; }
  const T& front() const { return all_->front(); }
  const T& back() const { return all_->back(); }
  T& back() { return all_->back(); }

  // The vector itself, made when there is none.
  std::vector<T>& vector() {
    if (!all_) all_ = std::make_unique<std::vector<T>>();
    return *all_;
  }
  void push_back(T item) { vector().push_back(std::move(item)); }
  template <class... Parts>
  T& emplace_back(Parts&&... parts) {
    return vector().emplace_back(std::forward<Parts>(parts)...);
  }

 private:
  std::unique_ptr<std::vector<T>> all_;
};

class Value {
 public:
  enum class Kind : std::uint8_t { null, boolean, number, string, array, object };

  Kind kind = Kind::null;
  std::uint32_t line = 0;      // of its first byte, from 1; for an object's member, of the key
  std::uint32_t end_line = 0;  // of its last byte
  std::uint32_t column = 0;  // of JSON: bytes of the line before it or its key, escapes in it counted as one
  std::string scalar;        // boolean ("true"), number as written, string unescaped (valid UTF-8)
  Sequence<std::pair<std::string, Value>> members;  // object, in the file's order
  Sequence<Value> items;                            // array

  bool exists() const { return kind != Kind::null; }
  bool is(Kind other) const { return kind == other; }
  const Value& operator[](std::string_view key) const;  // null when it is not an object with that member
  const Value& operator[](std::size_t index) const;     // null when it is not an array of that length
  std::string_view text() const { return scalar; }      // empty for null, arrays and objects
  std::optional<std::int64_t> integer() const;          // a whole number, also one written as a string
  bool is_true() const { return scalar == "true"; }
  std::size_t size() const { return items.size() + members.size(); }

  static const Value& null();
};

}  // namespace carrel
