// How records are written to bytes and read back, on the wire between a room and the host and in stored
// objects.
//
// A record lists its fields once, and both directions use that list:
//
//   struct Address {
//     std::string file;
//     std::uint32_t line = 0;
//     template <class Codec> void fields(Codec& c) { c(file, limit::path); c(line); }
//   };
//   std::string bytes = encode(address);
//   Result<Address> back = decode<Address>(bytes);
//
// Every string and list names its limit, and the reader enforces it before it allocates. The reader treats
// its input as hostile: whatever the bytes, it returns a record within the limits or an Error
// (Code::room_refused). Format (docs/formats/wire.md): integers as LEB128, doubles as 8 bytes little endian,
// strings and lists with their length before them.
#pragma once

#include <bit>
#include <cmath>
#include <cstdint>
#include <cstring>
#include <string>
#include <string_view>
#include <type_traits>
#include <vector>

#include "base/result.h"

namespace carrel {

class Encoder {
 public:
  explicit Encoder(std::string& out) : out_(out) {}

  template <class T>
  requires(std::is_integral_v<T> || std::is_enum_v<T>) void operator()(const T& value) {
    auto rest = static_cast<std::uint64_t>(value);
    while (rest >= 0x80) {
      out_ += static_cast<char>((rest & 0x7f) | 0x80);
      rest >>= 7;
    }
    out_ += static_cast<char>(rest);
  }
  void operator()(const double& value) {
    char bytes[8];
    std::memcpy(bytes, &value, 8);
    out_.append(bytes, 8);
  }
  void operator()(const std::string& value, std::size_t limit) {
    if (value.size() > limit) fits_ = false;
    (*this)(value.size());
    out_ += value;
  }
  void operator()(const std::vector<std::string>& values, std::size_t count_limit, std::size_t limit) {
    if (values.size() > count_limit) fits_ = false;
    (*this)(values.size());
    for (const std::string& value : values) (*this)(value, limit);
  }
  template <class T>
  void operator()(const std::vector<T>& values, std::size_t count_limit) {
    if (values.size() > count_limit) fits_ = false;
    (*this)(values.size());
    for (const T& value : values) (*this)(value);
  }
  template <class T>
  requires std::is_class_v<T>
  void operator()(const T& record) {
    const_cast<T&>(record).fields(
        *this);  // the one list of fields serves both directions; writing changes nothing
  }

  // False once a value was over its limit: the bytes must not be sent.
  bool fits() const { return fits_; }

 private:
  std::string& out_;
  bool fits_ = true;
};

class Decoder {
 public:
  explicit Decoder(std::string_view bytes) : bytes_(bytes) {}

  template <class T>
  requires(std::is_integral_v<T> || std::is_enum_v<T>) void operator()(T& value) {
    const std::uint64_t number = varint();
    if constexpr (std::is_same_v<T, bool>) {
      if (number > 1) fail("a flag that is neither 0 nor 1");
      value = number == 1;
    } else if constexpr (std::is_enum_v<T>) {
      // Each enumeration of a record ends with `count_`, so an unknown value cannot enter.
      if (number >= static_cast<std::uint64_t>(T::count_)) return fail("an unknown enumerator");
      value = static_cast<T>(number);
    } else {
      value = static_cast<T>(number);
      if (static_cast<std::uint64_t>(value) != number) fail("a number out of range");
    }
  }
  void operator()(double& value) {
    if (bytes_.size() < 8) return fail("a number cut short");
    std::memcpy(&value, bytes_.data(), 8);
    bytes_.remove_prefix(8);
    // What is not finite has no order, and the host sorts by scores.
    if (!std::isfinite(value)) fail("a number that is not finite");
  }
  void operator()(std::string& value, std::size_t limit) {
    const std::uint64_t size = varint();
    if (size > limit) return fail("a text over its limit");
    if (size > bytes_.size()) return fail("a text cut short");
    value.assign(bytes_.substr(0, size));
    bytes_.remove_prefix(size);
  }
  void operator()(std::vector<std::string>& values, std::size_t count_limit, std::size_t limit) {
    if (!count(values, count_limit)) return;
    for (std::string& value : values) (*this)(value, limit);
  }
  template <class T>
  void operator()(std::vector<T>& values, std::size_t count_limit) {
    if (!count(values, count_limit)) return;
    for (T& value : values) (*this)(value);
  }
  template <class T>
  requires std::is_class_v<T>
  void operator()(T& record) {
    if (ok()) record.fields(*this);
  }

  bool ok() const { return why_ == nullptr; }
  const char* why() const { return why_; }
  bool done() const { return bytes_.empty(); }

 private:
  void fail(const char* why) {
    if (why_ == nullptr) why_ = why;
    bytes_ = {};
  }
  std::uint64_t varint() {
    std::uint64_t number = 0;
    for (unsigned shift = 0; shift < 64; shift += 7) {
      if (bytes_.empty()) break;
      const auto byte = static_cast<unsigned char>(bytes_[0]);
      bytes_.remove_prefix(1);
      if (shift == 63 && byte > 1) break;
      number |= static_cast<std::uint64_t>(byte & 0x7f) << shift;
      if (byte < 0x80) return number;
    }
    fail("a number cut short or too long");
    return 0;
  }
  // Makes room for the elements; each takes at least one byte, so a count beyond the bytes left is a lie.
  template <class T>
  bool count(std::vector<T>& values, std::size_t limit) {
    const std::uint64_t size = varint();
    if (size > limit) fail("a list over its limit");
    if (size > bytes_.size()) fail("a list cut short");
    values.clear();
    if (ok()) values.resize(size);
    return ok();
  }

  std::string_view bytes_;
  const char* why_ = nullptr;
};

// The record as bytes; a value over its limit is an Error of Code::does_not_fit.
template <class T>
Result<std::string> encode(const T& record) {
  std::string out;
  Encoder encoder(out);
  encoder(record);
  if (!encoder.fits()) return Error{Code::does_not_fit, "a record holds more than its limits allow", ""};
  return out;
}

// The record these bytes hold, all of them.
template <class T>
Result<T> decode(std::string_view bytes) {
  T record;
  Decoder decoder(bytes);
  decoder(record);
  if (!decoder.ok()) return Error{Code::room_refused, std::string("a message holds ") + decoder.why(), ""};
  if (!decoder.done()) return Error{Code::room_refused, "a message is longer than its fields", ""};
  return record;
}

}  // namespace carrel
