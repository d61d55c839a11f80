#include "room/bundle/kubectl_event.h"

#include <utility>
#include <vector>

#include <fmt/format.h>

#include "base/text.h"
#include "room/bundle/kubectl_value.h"
#include "room/inventory/kinds.h"

namespace carrel::kubectl {
namespace {

// "(x6 over 27s)" -> "6".
std::string_view repeated(std::string_view age) {
  const std::size_t at = age.find("(x");
  if (at == std::string_view::npos) return {};
  const std::string_view rest = age.substr(at + 2);
  return rest.substr(0, rest.find_first_not_of("0123456789"));
}

std::string api_kind(std::string_view kind) {
  const KindEntry* entry = find_kind(kind);
  return entry == nullptr ? std::string(kind) : std::string(entry->api);
}

}  // namespace

Value event_value(const EventText& event) {
  Value value;
  set_text(&value, {"type"}, event.type, event.line);
  set_text(&value, {"reason"}, event.reason, event.line);
  set_text(&value, {"message"}, event.message, event.line);
  set_text(&value, {"age"}, event.age, event.line);
  const std::string_view count = event.count.empty() ? repeated(event.age) : event.count;
  set_number(&value, {"count"}, count.empty() ? "1" : count, event.line);
  set_text(&value, {"source", "component"}, event.source, event.line);
  set_text(&value, {"involvedObject", "kind"}, api_kind(event.object_kind), event.line);
  set_text(&value, {"involvedObject", "name"}, event.object_name, event.line);
  set_text(&value, {"involvedObject", "namespace"}, event.space, event.line);
  set_text(&value, {"metadata", "namespace"}, event.space, event.line);
  return value;
}

void continue_event_message(Value* event, std::string_view text, std::uint32_t line) {
  Value& message = member(event, {"message"});
  if (!message.is(Value::Kind::string)) message = text_value("", line);
  if (message.scalar.size() > (64U << 10)) return;
  message.scalar += '\n';
  message.scalar += to_utf8(text);
  message.end_line = line;
}

void add_event_value(Inventory* inventory, const Document& document, Value value, std::uint32_t line,
                     Object::Source source) {
  settle_lines(&value);
  Object object;
  object.source = source;
  object.kind = "event";
  object.space = std::string(value["involvedObject"]["namespace"].text());
  object.name = fmt::format("{}.{}", value["involvedObject"]["name"].text(), line);
  object.file = &document;
  object.line = line;
  object.value = &inventory->keep(std::move(value));
  inventory->add(std::move(object));
}

void add_event(Inventory* inventory, const Document& document, const EventText& event,
               Object::Source source) {
  add_event_value(inventory, document, event_value(event), event.line, source);
}

void read_described_events(Inventory* inventory, const Document& document, std::uint32_t line,
                           std::uint32_t end, std::string_view object_kind, std::string_view object_name,
                           std::string_view space) {
  // Type  Reason  Age  From  Message; before 1.8 FirstSeen  LastSeen  Count  From  SubObjectPath  Type Reason
  // Message.
  const std::string_view header = document.line(line);
  const std::vector<std::string_view> titles = split_columns(header);
  std::vector<std::size_t> places;
  for (const std::string_view title : titles)
    places.push_back(static_cast<std::size_t>(title.data() - header.data()));
  if (titles.size() < 4 || titles.back() != "Message") return;
  Value open;
  std::uint32_t open_line = 0;
  for (++line; line < end; ++line) {
    const std::string_view text = document.line(line);
    const std::vector<std::string_view> cells = split_columns(text);
    if (!cells.empty() && cells[0].starts_with("--")) continue;
    EventText event;
    event.line = line;
    event.object_kind = object_kind;
    event.object_name = object_name;
    event.space = space;
    // A row begins below its header, and its type is one word.
    const std::size_t indent = text.find_first_not_of(' ');
    bool is_row = indent == places[0] && cells.size() + 1 >= titles.size();
    if (is_row && cells.size() >= titles.size()) {
      for (std::size_t i = 0; i < titles.size(); ++i) {
        const std::string_view cell = cells[i];
        if (titles[i] == "Type") event.type = cell;
        if (titles[i] == "Reason") event.reason = cell;
        if (titles[i] == "Age" || titles[i] == "LastSeen") event.age = cell;
        if (titles[i] == "Count") event.count = cell;
        if (titles[i] == "From") event.source = cell;
      }
      const std::size_t message = static_cast<std::size_t>(cells[titles.size() - 1].data() - text.data());
      event.message = trim(text.substr(message));
    } else if (is_row && titles[0] == "Type") {
      // No component, or no message.
      event.type = cells[0];
      event.reason = cells[1];
      event.age = cells[2];
      if (cells.size() > 3) event.message = cells[3];
    } else {
      is_row = false;
    }
    is_row = is_row && !event.type.empty() && event.type.find(' ') == std::string_view::npos &&
             !event.reason.empty();
    if (!is_row) {
      if (open_line != 0 && !trim(text).empty()) continue_event_message(&open, text, line);
      continue;
    }
    if (open_line != 0)
      add_event_value(inventory, document, std::move(open), open_line, Object::Source::describe);
    open = event_value(event);
    open_line = line;
  }
  if (open_line != 0)
    add_event_value(inventory, document, std::move(open), open_line, Object::Source::describe);
}

}  // namespace carrel::kubectl
