#include "room/constrain/grammar.h"

#include <algorithm>
#include <set>

#include <fmt/format.h>

#include "record/schema_text.h"

namespace carrel {
namespace {

constexpr std::size_t most_kinds = 60;  // a bit each in CommandGrammar

// The least and the largest magnitude of the numbers of one sign; false where there are none.
bool magnitudes(const IntegerBounds& bounds, bool negative, std::uint64_t* low, std::uint64_t* high) {
  const auto magnitude = [](std::int64_t number) {
    return std::uint64_t{0} - static_cast<std::uint64_t>(number);
  };
  if (negative) {
    if (bounds.least >= 0) return false;
    *low = bounds.most >= 0 ? 1 : magnitude(bounds.most);
    *high = magnitude(bounds.least);
  } else {
    if (bounds.most < 0) return false;
    *low = bounds.least <= 0 ? 0 : static_cast<std::uint64_t>(bounds.least);
    *high = static_cast<std::uint64_t>(bounds.most);
  }
  return *low <= *high;
}

bool has(const Schema& schema, Schema::Type type) {
  return schema.type == type || (schema.items && has(*schema.items, type)) ||
         std::any_of(schema.choices.begin(), schema.choices.end(),
                     [&](const auto& choice) { return has(*choice, type); }) ||
         std::any_of(schema.properties.begin(), schema.properties.end(),
                     [&](const auto& property) { return has(*property.schema, type); });
}

}  // namespace

bool IntegerBounds::holds(bool negative, std::uint64_t value) const {
  std::uint64_t low = 0, high = 0;
  return magnitudes(*this, negative, &low, &high) && value >= low && value <= high;
}

bool IntegerBounds::shortest_rest(bool negative, std::uint64_t value, std::uint32_t digits,
                                  std::string* rest) const {
  std::uint64_t low = 0, high = 0;
  if (!magnitudes(*this, negative, &low, &high)) return false;
  if (digits == 0) {
    if (rest != nullptr) *rest = fmt::format("{}", low);
    return true;
  }
  // With k more digits the value lies between first and last.
  std::uint64_t first = value, last = value;
  for (std::size_t more = 0;; ++more) {
    if (first > high) return false;
    if (last >= low) {
      if (rest == nullptr) return true;
      const std::string whole = fmt::format("{}", std::max(first, low));
      *rest = whole.substr(whole.size() - more);
      return true;
    }
    if (value == 0 || first > high / 10) return false;  // no leading zeros
    first *= 10;
    last = last > (UINT64_MAX - 9) / 10 ? UINT64_MAX : last * 10 + 9;
  }
}

Grammar::Grammar(std::size_t evidence_count, const std::vector<CommandPattern>& patterns,
                 const std::vector<Name>& names, const std::vector<std::string_view>& lines)
    : evidence_count_(static_cast<std::uint32_t>(evidence_count)),
      evidence_digits_(
          evidence_count == 0 ? 0 : static_cast<std::uint32_t>(evidence_id(0, evidence_count).size()) - 1),
      commands_(patterns, names),
      lines_(lines) {}

bool Grammar::add_root(const Schema& schema) {
  roots_ = alternatives(schema);
  return !roots_.empty();
}

const std::string& Grammar::shortest_of(const std::vector<std::uint32_t>& starts) const {
  const auto shorter = [&](std::uint32_t a, std::uint32_t b) {
    return nodes_[a].shortest.size() < nodes_[b].shortest.size();
  };
  return nodes_[*std::min_element(starts.begin(), starts.end(), shorter)].shortest;
}

std::vector<std::uint32_t> Grammar::alternatives(const Schema& schema) {
  std::vector<std::uint32_t> out;
  if (schema.type == Schema::Type::any_of) {
    for (const auto& choice : schema.choices) {
      for (const std::uint32_t node : alternatives(*choice)) {
        if (std::find(out.begin(), out.end(), node) == out.end()) out.push_back(node);
      }
    }
  } else if (const std::uint32_t node = make(schema); node != none) {
    out.push_back(node);
  }
  return out;
}

std::uint32_t Grammar::make(const Schema& schema) {
  for (const auto& [known, node] : made_) {
    if (known == &schema) return node;
  }
  Node node;
  std::uint32_t number = none;
  if (fill(schema, &node)) {
    number = static_cast<std::uint32_t>(nodes_.size());
    nodes_.push_back(std::move(node));
  }
  made_.emplace_back(&schema, number);
  return number;
}

bool Grammar::fill(const Schema& schema, Node* node) {
  node->type = schema.type;
  switch (schema.type) {
    case Schema::Type::object:
      return fill_object(schema, node);
    case Schema::Type::array:
      return fill_array(schema, node);
    case Schema::Type::string:
      node->least = schema.min_count;
      node->most = schema.max_count;
      node->pattern = schema.pattern;
      node->shortest = '"' +
                       (schema.pattern ? schema.pattern->rest(schema.pattern->start(), 0)
                                       : std::string(schema.min_count, '-')) +
                       '"';
      return schema.min_count <= schema.max_count;
    case Schema::Type::quote:  // its shortest text is another for each line: property_starts()
      node->least = schema.min_count;
      node->most = schema.max_count;
      return evidence_count_ > 0;
    case Schema::Type::integer: {
      if (schema.minimum) node->bounds.least = *schema.minimum;
      if (schema.maximum) node->bounds.most = *schema.maximum;
      std::string negative;
      const bool below = node->bounds.shortest_rest(true, 0, 0, &negative);
      if (!node->bounds.shortest_rest(false, 0, 0, &node->shortest))
        node->shortest = '-' + negative;
      else if (below && negative.size() + 1 < node->shortest.size())
        node->shortest = '-' + negative;
      return below || node->bounds.most >= std::max<std::int64_t>(node->bounds.least, 0);
    }
    case Schema::Type::boolean:
      node->literals = {"false", "true"};
      break;
    case Schema::Type::null:
      node->literals = {"null"};
      break;
    case Schema::Type::literal:
      node->literals = schema.literals;
      break;
    case Schema::Type::evidence:
      if (evidence_count_ == 0) return false;
      node->shortest = '"' + evidence_id(0, evidence_count_) + '"';
      return true;
    case Schema::Type::command:
      if (commands_.empty()) return false;
      node->shortest = '"' + commands_.close(CommandState{}) + '"';
      return true;
    case Schema::Type::any_of:
      return false;  // alternatives() takes it apart
  }
  node->type = Schema::Type::literal;
  std::sort(node->literals.begin(), node->literals.end());
  node->literals.erase(std::unique(node->literals.begin(), node->literals.end()), node->literals.end());
  if (node->literals.empty()) return false;
  node->shortest = *std::min_element(node->literals.begin(), node->literals.end(),
                                     [](const auto& a, const auto& b) { return a.size() < b.size(); });
  return true;
}

std::vector<std::uint32_t> Grammar::property_starts(const Schema& object, const Schema::Property& property,
                                                    std::uint32_t* line, std::string* shortest) {
  const Schema& schema = *property.schema;
  std::uint32_t quoted = 0;  // code points that some quote of this id needs
  for (const Schema::Property& other : object.properties) {
    if (other.schema->type == Schema::Type::quote && other.schema->quote_of == property.name)
      quoted = std::max(quoted, other.schema->min_count);
  }
  std::vector<std::uint32_t> starts;
  if (schema.type == Schema::Type::evidence && quoted > 0) {
    Node node;
    if (!fill(schema, &node)) return {};
    node.quoted = true;
    node.left_out = lines_.too_short(quoted);
    for (*line = 1; std::binary_search(node.left_out.begin(), node.left_out.end(), *line);) ++*line;
    if (*line > evidence_count_) return {};
    node.shortest = '"' + evidence_id(*line - 1, evidence_count_) + '"';
    starts.push_back(static_cast<std::uint32_t>(nodes_.size()));
    nodes_.push_back(std::move(node));
  } else {
    starts = alternatives(schema);
  }
  if (starts.empty()) return {};
  *shortest =
      schema.type == Schema::Type::quote
          ? json_string(lines_.next(*line, lines_.first_run(*line, schema.min_count), schema.min_count))
          : shortest_of(starts);
  return starts;
}

bool Grammar::fill_object(const Schema& schema, Node* node) {
  node->shortest = "{";
  std::uint32_t line = 0;
  for (const Schema::Property& from : schema.properties) {
    Property property;
    property.key = json_string(from.name) + ':';
    property.required = from.required;
    std::string shortest;
    property.starts = property_starts(schema, from, &line, &shortest);
    if (property.starts.empty()) {
      if (from.required) return false;
      continue;
    }
    if (from.required) {
      if (node->shortest.size() > 1) node->shortest += ',';
      node->shortest += property.key + shortest;
      node->last_required = static_cast<std::uint32_t>(node->properties.size()) + 1;
    }
    node->properties.push_back(std::move(property));
  }
  node->shortest += '}';
  return true;
}

bool Grammar::fill_array(const Schema& schema, Node* node) {
  node->least = schema.min_count;
  node->most = schema.max_count;
  node->unique = schema.unique;
  node->starts = alternatives(*schema.items);
  std::vector<std::string> distinct;  // of a list without duplicates: its shortest items
  if (node->starts.empty()) {
    node->most = 0;
  } else if (schema.unique) {
    const Node& item = nodes_[node->starts.front()];
    const std::size_t all = item.type == Schema::Type::evidence ? evidence_count_ : item.literals.size();
    node->most = static_cast<std::uint32_t>(std::min<std::size_t>(node->most, all));
    if (item.type == Schema::Type::evidence) {
      for (std::size_t at = 0; at < std::min<std::size_t>(node->least, all); ++at) {
        distinct.push_back('"' + evidence_id(at, evidence_count_) + '"');
      }
    } else {
      distinct = item.literals;
      std::stable_sort(distinct.begin(), distinct.end(),
                       [](const auto& a, const auto& b) { return a.size() < b.size(); });
    }
  }
  if (node->least > node->most) return false;
  node->shortest = "[";
  for (std::uint32_t at = 0; at < node->least; ++at) {
    if (at > 0) node->shortest += ',';
    node->shortest += node->unique ? distinct[at] : shortest_of(node->starts);
  }
  node->shortest += ']';
  return true;
}

Result<std::shared_ptr<const Grammar>> compile(const Schema& schema, std::size_t evidence_count,
                                               const std::vector<CommandPattern>& patterns,
                                               const std::vector<Name>& names,
                                               const std::vector<std::string_view>& lines) {
  if (evidence_count > limit::evidence_lines) {
    return Error{Code::does_not_fit,
                 fmt::format("there are more than {} evidence lines", limit::evidence_lines), ""};
  }
  std::set<std::string_view> kinds;
  for (const CommandPattern& pattern : patterns) {
    for (const CommandGroup& group : pattern.groups) {
      for (const CommandPart& part : group.parts) {
        if (part.kind == CommandPart::Kind::slot) kinds.insert(part.text);
      }
    }
  }
  if (kinds.size() > most_kinds) {
    return Error{Code::bad_input,
                 fmt::format("the command patterns use more than {} kinds of names", most_kinds),
                 "use {object} for kinds that are used alike"};
  }
  // Only what the schema asks for is prepared.
  const bool quotes = has(schema, Schema::Type::quote), commands = has(schema, Schema::Type::command);
  if (quotes && lines.size() != evidence_count)
    return Error{Code::internal, "the schema quotes lines, and not all of them are there", ""};
  static const std::vector<CommandPattern> no_patterns;
  static const std::vector<Name> no_names;
  static const std::vector<std::string_view> no_lines;
  auto grammar = std::make_shared<Grammar>(evidence_count, commands ? patterns : no_patterns,
                                           commands ? names : no_names, quotes ? lines : no_lines);
  if (!grammar->add_root(schema)) {
    return Error{Code::bad_input,
                 fmt::format("the answer's schema allows no answer with {} evidence lines and these names",
                             evidence_count),
                 "give the schema an alternative without evidence, for a verdict of insufficient_evidence"};
  }
  for (const std::uint32_t root : grammar->roots()) {
    if (grammar->node(root).type == Schema::Type::object) continue;
    return Error{Code::bad_input, "an answer is an object, and the schema is not",
                 "make its type \"object\""};
  }
  return std::shared_ptr<const Grammar>(std::move(grammar));
}

}  // namespace carrel
