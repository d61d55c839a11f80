// How a detector says what it found: the part of survey.h that makes Observations.
#include <algorithm>

#include <fmt/format.h>

#include "base/text.h"
#include "record/limits.h"
#include "room/evidence/survey.h"

namespace carrel {
namespace {

// The JSON pointer of `wanted` below `from`, found by its address; false where it is not there.
bool find_pointer(const Value& from, const Value* wanted, std::string* pointer) {
  if (&from == wanted) return true;
  const std::size_t length = pointer->size();
  for (const auto& [key, value] : from.members) {
    *pointer += '/';
    for (const char c : key) *pointer += c == '~' ? "~0" : c == '/' ? "~1" : std::string(1, c);
    if (find_pointer(value, wanted, pointer)) return true;
    pointer->resize(length);
  }
  for (std::size_t i = 0; i < from.items.size(); ++i) {
    *pointer += fmt::format("/{}", i);
    if (find_pointer(from.items[i], wanted, pointer)) return true;
    pointer->resize(length);
  }
  return false;
}

// What is quoted of a line: all of it or, of one that is longer than a quote, the part about the value, which
// begins at this column, with a little of what stands before it.
std::string quotable(std::string_view line, std::uint32_t column) {
  constexpr std::size_t before = 80;
  if (line.size() > limit::quote && column > before && column < line.size()) {
    line.remove_prefix(std::min<std::size_t>(column - before, line.size() - limit::quote));
    while ((static_cast<unsigned char>(line.front()) & 0xc0) == 0x80)
      line.remove_prefix(1);  // whole characters
  }
  return to_utf8(cut_utf8(line, limit::quote));
}

void cite_lines(Observation* observation, const Object& object, std::uint32_t first, std::uint32_t last,
                const Value* part, const std::string& reason) {
  if (observation->lines.size() >= limit::citations || object.file == nullptr || first == 0) return;
  EvidenceLine line;
  line.at.file = object.file->path;
  line.at.line = first;
  line.at.end_line = first;
  // Cut before it is made valid: a document of one line may be as long as the bundle, and is cited many
  // times.
  line.quote = quotable(object.file->line(first), part == nullptr ? 0 : part->column);
  for (std::uint32_t number = first + 1; number <= last; ++number) {
    const std::string next = to_utf8(cut_utf8(object.file->line(number), limit::quote));
    if (line.quote.size() + 1 + next.size() > limit::quote) break;
    line.quote += '\n';
    line.quote += next;
    line.at.end_line = number;
  }
  line.quote = std::string(cut_utf8(line.quote, limit::quote));
  if (trim(line.quote).empty()) return;
  if (object.source == Object::Source::api) {
    std::string pointer = object.pointer;
    if (part != nullptr && find_pointer(*object.value, part, &pointer)) {
      line.at.path = pointer;
    } else {
      line.at.path = object.pointer;
    }
  }
  line.reason = brief(reason, limit::reason);
  line.score = observation->weight;
  const bool known =
      std::any_of(observation->lines.begin(), observation->lines.end(), [&](const EvidenceLine& other) {
        return other.at.file == line.at.file && other.at.line == line.at.line &&
               other.at.end_line >= line.at.end_line && other.quote.find(line.quote) != std::string::npos;
      });
  if (!known) observation->lines.push_back(std::move(line));
}

}  // namespace

Observation& report_missing(Observations* out, std::string_view detector, double weight,
                            std::string_view kind, std::string_view space, std::string_view name,
                            const std::string& cause) {
  Observation observation;
  observation.detector = std::string(detector);
  observation.weight = weight;
  observation.cause = brief(to_utf8(cause), limit::sentence);
  // Labels of measurements and traces may be of any length; what is longer than a name can be is none.
  if (kind.size() <= limit::name && space.size() <= limit::name && name.size() <= limit::name)
    observation.culprit = {std::string(kind), std::string(space), std::string(name), false};
  out->push_back(std::move(observation));
  return out->back();
}

Observation& report(Observations* out, std::string_view detector, double weight, const Object& culprit,
                    const std::string& cause) {
  Observation& made = report_missing(out, detector, weight, culprit.kind, culprit.space, culprit.name, cause);
  made.culprit.present = true;
  return made;
}

void cite(Observation* observation, const Object& object, const Value& value, const std::string& reason) {
  const Value& name = (*object.value)["metadata"]["name"];
  if (value.exists() && value.line > 0) {
    cite_lines(observation, object, value.line, value.end_line, &value, reason);
  } else if (name.exists() && name.line > 0) {
    cite_lines(observation, object, name.line, name.end_line, &name, reason);
  } else {
    cite_lines(observation, object, object.line, object.line, nullptr, reason);
  }
}

void cite_span(Observation* observation, const Object& object, const Value& from, const Value& to,
               const std::string& reason) {
  if (!from.exists() || !to.exists()) {
    cite(observation, object, from.exists() ? from : to, reason);
    return;
  }
  const std::uint32_t first = std::min(from.line, to.line);
  const std::uint32_t last = std::max(from.end_line, to.end_line);
  std::size_t size = 0;
  for (std::uint32_t number = first; number <= last && size <= limit::quote; ++number) {
    size += object.file->line(number).size() + 1;
  }
  if (size > limit::quote + 1) {
    cite(observation, object, from, reason);
  } else {
    cite_lines(observation, object, first, last, &from, reason);
  }
}

void cite_line(Observation* observation, const Document& document, std::uint32_t line,
               const std::string& reason) {
  Object text;
  text.source = Object::Source::table;
  text.file = &document;
  cite_lines(observation, text, line, line, nullptr, reason);
}

void cite(Observation* observation, const Happening& happening) {
  const std::string reason = fmt::format("event {}, seen {} times", happening.reason, happening.count);
  const Value& message = *happening.message;
  cite_span(observation, *happening.event, message, (*happening.event)["reason"], reason);
  // A long message says at its end what it came to.
  if (message.end_line > message.line && !observation->lines.empty() &&
      observation->lines.back().at.end_line < message.end_line)
    cite_lines(observation, *happening.event, message.end_line, message.end_line, &message, reason);
}

void suggest(Observation* observation, const std::string& command, const std::string& why) {
  const bool plain = std::all_of(command.begin(), command.end(), [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
           std::string_view(" .:/=,_-").find(c) != std::string_view::npos;
  });
  const bool whole = command.find("  ") == std::string::npos && command.back() != ' ';
  const bool fits = command.size() <= limit::command && observation->commands.size() < limit::commands;
  if (!plain || !whole || !fits) return;
  observation->commands.push_back({command, brief(why, limit::remark)});
}

void lack(Observation* observation, const std::string& what) {
  if (observation->missing.size() < limit::missing)
    observation->missing.push_back(brief(what, limit::remark));
}

void looked_for(Observation* observation, const Survey& survey, std::string_view kind,
                std::string_view space) {
  // Only a full listing can be searched: the check room counts it again.
  if (!survey.inventory.lists_all(kind, space) || observation->searched.size() >= limit::citations) return;
  std::set<std::string> names;
  for (const Object* object : survey.each(kind)) {
    if (object->space == space || space == "*") names.insert(object->space + "/" + object->name);
  }
  observation->searched.push_back(
      {std::string(kind), std::string(space), static_cast<std::uint32_t>(names.size())});
}

}  // namespace carrel
