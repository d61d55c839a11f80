// Events as kubectl's texts tell them, made into objects of kind "event" in the API's shape:
// type, reason, message, count, age (as printed, no field of the API), source.component,
// involvedObject.{kind,namespace,name}.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "room/inventory/inventory.h"

namespace carrel::kubectl {

struct EventText {
  std::string_view type, reason, message;
  std::string_view age;    // "27s", "2m (x6 over 27s)"
  std::string_view count;  // "6"; empty to take it from the age
  std::string_view source;
  std::string_view object_kind;  // resource name, "pod"
  std::string_view object_name;
  std::string_view space;
  std::uint32_t line = 0;
};

Value event_value(const EventText& event);

// Adds a line to the message of an event that was made last.
void continue_event_message(Value* event, std::string_view text, std::uint32_t line);

void add_event(Inventory* inventory, const Document& document, const EventText& event, Object::Source source);

// Adds an event whose value is finished, under the name of its object and its line.
void add_event_value(Inventory* inventory, const Document& document, Value value, std::uint32_t line,
                     Object::Source source);

// Reads the table below "Events:" of a description, whose header is at `line`, up to `end` (not included).
void read_described_events(Inventory* inventory, const Document& document, std::uint32_t line,
                           std::uint32_t end, std::string_view object_kind, std::string_view object_name,
                           std::string_view space);

}  // namespace carrel::kubectl
