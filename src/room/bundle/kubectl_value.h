// Makes Values in the API's shape out of words of a text, each with the line it was read from.
#pragma once

#include <cstdint>
#include <initializer_list>
#include <string_view>
#include <vector>

#include "base/value.h"

namespace carrel::kubectl {

// What kubectl writes for nothing: "<none>", "<unset>", "<nil>", "-" and the empty text.
bool is_nothing(std::string_view text);

Value text_value(std::string_view text, std::uint32_t line);
Value number_value(std::int64_t number, std::uint32_t line);
Value boolean_value(bool is_true, std::uint32_t line);
Value empty_array(std::uint32_t line);
Value empty_object(std::uint32_t line);

// The member at the end of a path of keys, made with every object on the way to it.
Value& member(Value* root, std::initializer_list<std::string_view> path);
// Puts a value there; a text that is_nothing() is left out.
void set_text(Value* root, std::initializer_list<std::string_view> path, std::string_view text,
              std::uint32_t line);
// A number where the text is a whole one, else nothing.
void set_number(Value* root, std::initializer_list<std::string_view> path, std::string_view text,
                std::uint32_t line);
// True and False (in any case); anything else is left out.
void set_boolean(Value* root, std::initializer_list<std::string_view> path, std::string_view text,
                 std::uint32_t line);
void set_value(Value* root, std::initializer_list<std::string_view> path, Value value);
// Adds to the array at the path and returns the new item.
Value& append(Value* root, std::initializer_list<std::string_view> path, Value item);

// "a=b,c=d" as members of an object; also keys without a value. The first 1,000 of them, as for selectors.
void set_pairs(Value* root, std::initializer_list<std::string_view> path, std::string_view text,
               std::uint32_t line);
// A label selector: "a=b,c in (d,e),!f" as matchLabels and matchExpressions.
void set_selector(Value* root, std::initializer_list<std::string_view> path, std::string_view text,
                  std::uint32_t line);

// Finishes a tree: gives every array and object the lines of what it holds, and no more memory than it needs.
void settle_lines(Value* value);

// The parts between separators, trimmed; empty ones are left out.
std::vector<std::string_view> split(std::string_view text, char separator);
// The parts between runs of at least `spaces` spaces (or a tab).
std::vector<std::string_view> split_columns(std::string_view text, std::size_t spaces = 2);
// Takes `prefix` from the front of the text.
bool take_prefix(std::string_view* text, std::string_view prefix);

}  // namespace carrel::kubectl
