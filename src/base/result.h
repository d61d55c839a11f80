// Result<T>: a value, or the one Error that kept it from being made.
//
// Carrel reports every failure that a user, a file or the machine can cause this way; exceptions are left to
// the standard library's own (memory) and are caught in main(). The Error says what is wrong in one sentence
// and what to do about it in another, and its code decides the exit status.
//
//   Result<Fd> open_bundle(const std::string& path);
//   auto bundle = open_bundle(path);
//   if (!bundle) return bundle.error();
//   read(*bundle);
#pragma once

#include <optional>
#include <string>
#include <utility>
#include <variant>

namespace carrel {

// What kind of failure it is. docs/exit-codes.md maps each to the exit status of `carrel`.
enum class Code {
  usage,         // the command line or a setting is wrong
  bad_input,     // a bundle, model or playbook cannot be used
  does_not_fit,  // prompt, model or bundle is larger than a limit allows
  room_refused,  // a wall could not be made, did not hold, or the room broke a rule
  interrupted,   // the user or a signal ended it
  machine,       // disk full, permission, missing kernel feature
  internal,      // a defect of Carrel
};

struct Error {
  Code code = Code::internal;
  std::string what;    // one sentence, no full stop: "customer.tar.gz is encrypted"
  std::string remedy;  // what to do, may be empty: "decrypt it first with ..."

  // The same error with the place it happened put in front: "reading x.json: ...".
  Error in(const std::string& place) && { return {code, place + ": " + what, std::move(remedy)}; }
};

template <class T>
class [[nodiscard]] Result {
 public:
  // NOLINTNEXTLINE(google-explicit-constructor): a function returns either as it is
  Result(T value) : state_(std::in_place_index<0>, std::move(value)) {}
  // NOLINTNEXTLINE(google-explicit-constructor)
  Result(Error error) : state_(std::in_place_index<1>, std::move(error)) {}

  explicit operator bool() const { return state_.index() == 0; }
  T& operator*() & { return std::get<0>(state_); }
  const T& operator*() const& { return std::get<0>(state_); }
  T&& operator*() && { return std::get<0>(std::move(state_)); }
  T* operator->() { return &std::get<0>(state_); }
  const T* operator->() const { return &std::get<0>(state_); }
  Error& error() { return std::get<1>(state_); }
  const Error& error() const { return std::get<1>(state_); }

 private:
  std::variant<T, Error> state_;
};

// A Result without a value: success, or the error.
template <>
class [[nodiscard]] Result<void> {
 public:
  Result() = default;
  Result(Error error) : error_(std::move(error)) {}  // NOLINT(google-explicit-constructor)

  explicit operator bool() const { return !error_; }
  Error& error() { return *error_; }
  const Error& error() const { return *error_; }

 private:
  std::optional<Error> error_;
};

using Status = Result<void>;

}  // namespace carrel
