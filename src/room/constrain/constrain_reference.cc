#include <algorithm>
#include <optional>

#include "room/constrain/reference.h"

namespace carrel {
namespace {

struct Written {
  std::string text;
  std::optional<std::string> space;  // chosen by {namespace}
  std::string pod, pod_space;
};

// Everything that the rest of a pattern can add, part by part.
void write_out(const std::vector<CommandPart>& parts, std::size_t next, const Written& so_far,
               const std::vector<Name>& names, std::set<std::string>* out) {
  if (next == parts.size()) {
    out->insert(so_far.text);
    return;
  }
  const CommandPart& part = parts[next];
  const auto go_on = [&](const std::string& text, const auto& change) {
    Written after = so_far;
    after.text += text;
    change(&after);
    write_out(parts, next + 1, after, names, out);
  };
  const auto nothing = [](Written*) {};
  if (part.kind == CommandPart::Kind::text) return go_on(part.text, nothing);
  if (part.text == "number") {
    for (int number = 1; number <= 9999; ++number) go_on(std::to_string(number), nothing);
    return;
  }
  std::set<std::string> spaces;
  for (const Name& name : names) {
    if (!is_safe_name(name.name) || name.name.size() > limit::command / 4) continue;
    const std::string here = so_far.space.value_or("");
    if (part.text == "namespace") {
      if (name.kind == "namespace" && name.space.empty()) spaces.insert(name.name);
      if (is_safe_name(name.space)) spaces.insert(name.space);
    } else if (part.text == "container") {
      if (name.kind == "container" && name.space == so_far.pod_space + "/" + so_far.pod)
        go_on(name.name, nothing);
    } else if (part.text == "object") {
      if (name.space == here) go_on(name.kind + " " + name.name, nothing);
    } else if (name.kind == part.text && name.space == (is_cluster_scoped(name.kind) ? "" : here)) {
      go_on(part.name_only ? name.name : name.kind + " " + name.name, [&](Written* after) {
        if (name.kind != "pod") return;
        after->pod = name.name;
        after->pod_space = name.space;
      });
    }
  }
  for (const std::string& space : spaces) go_on(space, [&](Written* after) { after->space = space; });
}

void leave_out(const CommandPattern& pattern, std::size_t group, std::vector<CommandPart> parts,
               const std::vector<Name>& names, std::set<std::string>* out) {
  if (group == pattern.groups.size()) return write_out(parts, 0, {}, names, out);
  if (pattern.groups[group].optional) leave_out(pattern, group + 1, parts, names, out);
  for (const CommandPart& part : pattern.groups[group].parts) parts.push_back(part);
  leave_out(pattern, group + 1, parts, names, out);
}

std::string quoted(const std::string& text) {
  return '"' + text + '"';
}

// How many bytes the code point at the start has, by decoding it; 0: no code point; -1: cut short by the end.
int code_point(std::string_view text) {
  const auto byte = [&](std::size_t at) { return static_cast<unsigned char>(text[at]); };
  int more = 0;
  unsigned value = byte(0);
  if (value < 0x80) return 1;
  if (value >= 0xc0 && value < 0xe0) {
    more = 1;
    value &= 0x1f;
  } else if (value >= 0xe0 && value < 0xf0) {
    more = 2;
    value &= 0x0f;
  } else if (value >= 0xf0 && value < 0xf8) {
    more = 3;
    value &= 0x07;
  } else {
    return 0;
  }
  unsigned low = value, high = value;  // what the value may become with the bytes that are not there yet
  bool cut = false;
  for (int at = 1; at <= more; ++at) {
    low <<= 6;
    high <<= 6;
    if (static_cast<std::size_t>(at) >= text.size()) {
      cut = true;
      high |= 0x3f;
      continue;
    }
    if ((byte(static_cast<std::size_t>(at)) & 0xc0) != 0x80) return 0;
    low |= byte(static_cast<std::size_t>(at)) & 0x3f;
    high |= byte(static_cast<std::size_t>(at)) & 0x3f;
  }
  const unsigned least = more == 1 ? 0x80 : more == 2 ? 0x800 : 0x10000;
  for (unsigned point = low; point <= high; ++point) {
    if (point >= least && point <= 0x10ffff && !(point >= 0xd800 && point <= 0xdfff))
      return cut ? -1 : more + 1;
  }
  return 0;
}

}  // namespace

ReferenceLanguage::ReferenceLanguage(const Schema& schema, std::size_t evidence_count,
                                     const std::vector<CommandPattern>& patterns,
                                     const std::vector<Name>& names, const std::vector<std::string>& lines)
    : schema_(schema), lines_(lines) {
  for (std::size_t at = 0; at < evidence_count; ++at) ids_.push_back(quoted(evidence_id(at, evidence_count)));
  for (const CommandPattern& pattern : patterns) leave_out(pattern, 0, {}, names, &commands_);
}

bool ReferenceLanguage::holds(std::string_view text) const {
  return match(schema_, text, 0).ends.contains(text.size());
}

bool ReferenceLanguage::begins(std::string_view text) const {
  const Match found = match(schema_, text, 0);
  return found.cut || found.ends.contains(text.size());
}

// The values of a schema that has few, written out.
const std::vector<std::string>& ReferenceLanguage::listed(const Schema& schema) const {
  const auto [at, fresh] = listed_.try_emplace(&schema);
  if (fresh) at->second = list(schema);
  return at->second;
}

std::vector<std::string> ReferenceLanguage::list(const Schema& schema) const {
  switch (schema.type) {
    case Schema::Type::literal:
      return schema.literals;
    case Schema::Type::boolean:
      return {"true", "false"};
    case Schema::Type::null:
      return {"null"};
    case Schema::Type::evidence:
      return ids_;
    case Schema::Type::command: {
      std::vector<std::string> out;
      for (const std::string& command : commands_) out.push_back(quoted(command));
      return out;
    }
    default:
      return {};
  }
}

bool ReferenceLanguage::possible(const Schema& schema) const {
  if (const auto known = possible_.find(&schema); known != possible_.end()) return known->second;
  return possible_[&schema] = find_possible(schema);
}

bool ReferenceLanguage::find_possible(const Schema& schema) const {
  switch (schema.type) {
    case Schema::Type::object:
      return std::all_of(schema.properties.begin(), schema.properties.end(), [&](const auto& p) {
        if (!p.required) return true;
        if (p.schema->type != Schema::Type::evidence) return possible(*p.schema);
        for (std::size_t line = 0; line < ids_.size(); ++line) {
          if (id_possible(schema, p.name, line)) return true;
        }
        return false;
      });
    case Schema::Type::array: {
      if (schema.min_count == 0) return true;
      if (schema.unique && listed(*schema.items).size() < schema.min_count) return false;
      return possible(*schema.items) && schema.min_count <= schema.max_count;
    }
    case Schema::Type::string:
      return schema.min_count <= schema.max_count && begins_pattern(schema, L"");
    case Schema::Type::quote:
      return !ids_.empty();  // of which line is the object's matter
    case Schema::Type::integer:
      return schema.minimum.value_or(INT64_MIN) <= schema.maximum.value_or(INT64_MAX);
    case Schema::Type::any_of:
      return std::any_of(schema.choices.begin(), schema.choices.end(),
                         [&](const auto& c) { return possible(*c); });
    default:
      return !listed(schema).empty();
  }
}

ReferenceLanguage::Match ReferenceLanguage::match_text(std::string_view word, std::string_view text,
                                                       std::size_t at) const {
  Match out;
  const std::string_view rest = text.substr(at);
  if (rest.starts_with(word)) {
    out.ends.insert(at + word.size());
  } else if (word.starts_with(rest)) {
    out.cut = true;
  }
  return out;
}

ReferenceLanguage::Match ReferenceLanguage::match(const Schema& schema, std::string_view text,
                                                  std::size_t at) const {
  Match out;
  if (!possible(schema)) return out;
  const auto add = [&](const Match& found) {
    out.ends.insert(found.ends.begin(), found.ends.end());
    out.cut = out.cut || found.cut;
  };
  if (schema.type == Schema::Type::any_of) {
    for (const auto& choice : schema.choices) add(match(*choice, text, at));
  } else if (schema.type == Schema::Type::string) {
    add(match_string(schema, text, at));
  } else if (schema.type == Schema::Type::integer) {
    add(match_integer(schema, text, at));
  } else if (schema.type == Schema::Type::object || schema.type == Schema::Type::array) {
    const bool object = schema.type == Schema::Type::object;
    if (at == text.size()) {
      out.cut = true;
    } else if (text[at] == (object ? '{' : '[')) {
      std::vector<std::string> taken;
      if (object) {
        match_properties(schema, 0, false, 0, text, at + 1, &out);
      } else {
        match_items(schema, &taken, text, at + 1, &out);
      }
    }
  } else {
    for (const std::string& value : listed(schema)) add(match_text(value, text, at));
  }
  return out;
}

bool ReferenceLanguage::of_pattern(const Schema& schema, const std::wstring& value) const {
  if (schema.pattern_text.empty()) return true;
  const auto [known, fresh] = patterns_.try_emplace(&schema);
  if (fresh)
    known->second = std::wregex(std::wstring(schema.pattern_text.begin(), schema.pattern_text.end()));
  return std::regex_match(value, known->second);
}

// By trying every text of the characters that the tests' patterns tell apart.
bool ReferenceLanguage::begins_pattern(const Schema& schema, const std::wstring& value) const {
  if (schema.pattern_text.empty()) return true;
  const auto [known, fresh] = begun_.try_emplace({&schema, value}, false);
  if (!fresh) return known->second;
  bool found =
      value.size() >= schema.min_count && value.size() <= schema.max_count && of_pattern(schema, value);
  for (const wchar_t c : std::wstring(L"abc01-\"\\\n\u00e9")) {
    if (found || value.size() >= schema.max_count) break;
    found = begins_pattern(schema, value + c);
  }
  return begun_[{&schema, value}] = found;
}

ReferenceLanguage::Match ReferenceLanguage::match_string(const Schema& schema, std::string_view text,
                                                         std::size_t at) const {
  static constexpr std::string_view escapes = "\"\\/nt";
  const auto meant = [](char c) { return c == 'n' ? L'\n' : c == 't' ? L'\t' : static_cast<wchar_t>(c); };
  Match out;
  if (at < text.size() && text[at] != '"') return out;
  std::wstring value;
  for (++at; at < text.size();) {
    if (text[at] == '"') {
      if (value.size() >= schema.min_count && of_pattern(schema, value)) out.ends.insert(at + 1);
      return out;
    }
    if (value.size() == schema.max_count || static_cast<unsigned char>(text[at]) < 0x20) return out;
    if (text[at] == '\\') {
      if (at + 1 == text.size()) {
        out.cut = std::any_of(escapes.begin(), escapes.end(),
                              [&](char c) { return begins_pattern(schema, value + meant(c)); });
        return out;
      }
      if (escapes.find(text[at + 1]) == std::string_view::npos) return out;
      value += meant(text[at + 1]);
      at += 2;
    } else {
      const int length = code_point(text.substr(at));
      if (length == 0) return out;
      // No pattern tells characters beyond ASCII apart.
      value += static_cast<unsigned char>(text[at]) < 0x80 ? static_cast<wchar_t>(text[at]) : L'\u00e9';
      if (length < 0) {
        out.cut = begins_pattern(schema, value);
        return out;
      }
      at += static_cast<std::size_t>(length);
    }
    if (!begins_pattern(schema, value)) return out;
  }
  out.cut = true;
  return out;
}

// Every way to quote: all words of the line, in all their spellings.
ReferenceLanguage::Match ReferenceLanguage::match_quote(const Schema& schema, std::size_t line,
                                                        std::string_view text, std::size_t at) const {
  Match out;
  if (at == text.size()) out.cut = true;
  if (at >= text.size() || text[at] != '"') return out;
  const std::string& all = lines_[line];
  for (std::size_t begin = 0; begin < all.size(); ++begin) {
    if ((static_cast<unsigned char>(all[begin]) & 0xc0) == 0x80) continue;
    // The run of characters that can be written, from here.
    std::vector<std::string> run;
    for (std::size_t place = begin; place < all.size() && run.size() < schema.max_count;) {
      const int length = code_point(std::string_view(all).substr(place));
      const auto byte = static_cast<unsigned char>(all[place]);
      if (length <= 0 || (byte < 0x20 && byte != '\n' && byte != '\t')) break;
      run.push_back(all.substr(place, static_cast<std::size_t>(length)));
      place += static_cast<std::size_t>(length);
    }
    if (run.size() < schema.min_count) continue;
    std::set<std::size_t> places = {at + 1};
    for (std::size_t count = 0; count <= run.size(); ++count) {
      std::set<std::size_t> next;
      for (const std::size_t place : places) {
        if (place == text.size()) out.cut = true;
        if (count >= schema.min_count && place < text.size() && text[place] == '"')
          out.ends.insert(place + 1);
        if (count == run.size()) continue;
        const std::string& c = run[count];
        std::vector<std::string> spellings;
        if (c == "\n") spellings = {"\\n"};
        if (c == "\t") spellings = {"\\t"};
        if (c == "\"" || c == "\\") spellings = {"\\" + c};
        if (c == "/") spellings = {"/", "\\/"};
        if (spellings.empty()) spellings = {c};
        for (const std::string& spelling : spellings) {
          const Match found = match_text(spelling, text, place);
          out.cut = out.cut || found.cut;
          next.insert(found.ends.begin(), found.ends.end());
        }
      }
      places = std::move(next);
    }
  }
  return out;
}

bool ReferenceLanguage::may_quote(const Schema& schema, std::size_t line) const {
  return match_quote(schema, line, "\"", 0).cut;
}

// Whether the property may have this line's id: every quote of it can be written.
bool ReferenceLanguage::id_possible(const Schema& object, const std::string& property,
                                    std::size_t line) const {
  return std::all_of(object.properties.begin(), object.properties.end(), [&](const auto& other) {
    return other.schema->type != Schema::Type::quote || other.schema->quote_of != property ||
           may_quote(*other.schema, line);
  });
}

ReferenceLanguage::Match ReferenceLanguage::match_integer(const Schema& schema, std::string_view text,
                                                          std::size_t at) const {
  // Bounds are near each other in tests, so that all numbers can be written out.
  Match out;
  for (std::int64_t number = schema.minimum.value_or(0); number <= schema.maximum.value_or(0); ++number) {
    const Match found = match_text(std::to_string(number), text, at);
    out.ends.insert(found.ends.begin(), found.ends.end());
    out.cut = out.cut || found.cut;
  }
  return out;
}

// Behind '{' or a value; properties before `next` are past.
void ReferenceLanguage::match_properties(const Schema& schema, std::size_t next, bool any, std::size_t line,
                                         std::string_view text, std::size_t at, Match* out) const {
  // In tests the property "id" has the line that is quoted.
  const auto& properties = schema.properties;
  const bool may_close = std::none_of(properties.begin() + static_cast<std::ptrdiff_t>(next),
                                      properties.end(), [](const auto& p) { return p.required; });
  if (at == text.size()) {
    out->cut = true;
    return;
  }
  if (may_close && text[at] == '}') out->ends.insert(at + 1);
  for (std::size_t which = next; which < properties.size(); ++which) {
    const Schema& of = *properties[which].schema;
    const auto go_on = [&](const Match& value, std::size_t with_line) {
      out->cut = out->cut || value.cut;
      for (const std::size_t end : value.ends)
        match_properties(schema, which + 1, true, with_line, text, end, out);
    };
    if (possible(of)) {
      const Match key = match_text((any ? ",\"" : "\"") + properties[which].name + "\":", text,
                                   at);  // plain names in tests
      out->cut = out->cut || key.cut;
      for (const std::size_t behind_key : key.ends) {
        if (of.type == Schema::Type::quote) {
          go_on(match_quote(of, line, text, behind_key), line);
        } else if (of.type == Schema::Type::evidence) {
          for (std::size_t id = 0; id < ids_.size(); ++id) {
            if (id_possible(schema, properties[which].name, id))
              go_on(match_text(ids_[id], text, behind_key), id);
          }
        } else {
          go_on(match(of, text, behind_key), line);
        }
      }
    }
    if (properties[which].required) break;
  }
}

void ReferenceLanguage::match_items(const Schema& schema, std::vector<std::string>* taken,
                                    std::string_view text, std::size_t at, Match* out) const {
  if (at == text.size()) {
    out->cut = true;
    return;
  }
  if (text[at] == ']' && taken->size() >= schema.min_count) out->ends.insert(at + 1);
  if (taken->size() == schema.max_count || !possible(*schema.items)) return;
  if (!taken->empty()) {
    if (text[at] != ',') return;
    ++at;
  }
  const auto one = [&](const Match& item) {
    out->cut = out->cut || item.cut;
    for (const std::size_t end : item.ends) {
      taken->emplace_back(text.substr(at, end - at));
      match_items(schema, taken, text, end, out);
      taken->pop_back();
    }
  };
  if (!schema.unique) return one(match(*schema.items, text, at));
  for (const std::string& value : listed(*schema.items)) {
    if (std::find(taken->begin(), taken->end(), value) != taken->end()) continue;
    one(match_text(value, text, at));
  }
}

}  // namespace carrel
