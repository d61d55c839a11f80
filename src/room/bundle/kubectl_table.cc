#include "room/bundle/kubectl_table.h"

#include <algorithm>
#include <utility>

#include <fmt/format.h>

#include "base/text.h"
#include "room/bundle/kubectl_event.h"
#include "room/bundle/kubectl_value.h"
#include "room/inventory/kinds.h"

namespace carrel::kubectl {
namespace {

constexpr std::size_t most_columns = 40;

struct Column {
  std::string name;
  std::size_t begin = 0;  // in characters
};

bool is_header_word(std::string_view word) {
  bool letter = false;
  for (const char c : word) {
    const bool capital = c >= 'A' && c <= 'Z';
    letter = letter || capital;
    if (capital || (c >= '0' && c <= '9') || c == '-' || c == '(' || c == ')' || c == '%' || c == '/' ||
        c == ' ' || c == '_' || c == '.' || c == ':') {
      continue;
    }
    // top prints "CPU(cores)" and "MEMORY(bytes)".
    if (word == "CPU(cores)" || word == "MEMORY(bytes)") return true;
    return false;
  }
  return letter;
}

std::vector<Column> read_header(std::string_view line) {
  std::vector<Column> columns;
  for (const std::string_view word : split_columns(line)) {
    columns.push_back({std::string(word), static_cast<std::size_t>(word.data() - line.data())});
  }
  return columns;
}

bool has_column(const std::vector<Column>& columns, std::string_view name) {
  return std::any_of(columns.begin(), columns.end(),
                     [&](const Column& column) { return column.name == name; });
}

// The byte where the character at `column` begins; the size where there are fewer.
class CharacterPlaces {
 public:
  explicit CharacterPlaces(std::string_view line) : line_(line) {}
  std::size_t at(std::size_t column) {
    while (column_ < column && byte_ < line_.size()) {
      const std::size_t length = utf8_length(line_.substr(byte_));
      byte_ += length == 0 ? 1 : length;
      ++column_;
    }
    return byte_;
  }

 private:
  std::string_view line_;
  std::size_t byte_ = 0, column_ = 0;
};

// By the header's places where the row keeps to them, else by runs of spaces where their number fits.
bool split_row(std::string_view line, const std::vector<Column>& columns,
               std::vector<std::string_view>* cells) {
  cells->clear();
  CharacterPlaces places(line);
  bool aligned = true;
  std::size_t begin = places.at(columns.front().begin);
  for (std::size_t i = 0; i < columns.size(); ++i) {
    const std::size_t end = i + 1 < columns.size() ? places.at(columns[i + 1].begin) : line.size();
    cells->push_back(trim(line.substr(begin, end - begin)));
    if (end < line.size() && end > 0 && i + 1 < columns.size() && line[end - 1] != ' ') aligned = false;
    begin = end;
  }
  if (aligned) return true;
  *cells = split_columns(line);
  if (cells->size() > columns.size() && columns.back().name == "MESSAGE") {
    // Runs of spaces inside of the message part nothing.
    cells->resize(columns.size());
    cells->back() = trim(line.substr(static_cast<std::size_t>(cells->back().data() - line.data())));
  }
  return cells->size() == columns.size();
}

std::string kind_by_columns(const std::vector<Column>& columns) {
  const auto has = [&](std::string_view name) { return has_column(columns, name); };
  if (has("LAST SEEN") && has("REASON")) return "event";
  if (has("CPU(cores)")) return has("CPU%") || has("CPU(%)") ? "nodemetrics" : "podmetrics";
  if (has("RESTARTS") && has("READY")) return "pod";
  if (has("ROLES") && has("VERSION")) return "node";
  if (has("UP-TO-DATE") && has("NODE SELECTOR")) return "daemonset";
  if (has("UP-TO-DATE") && has("AVAILABLE")) return "deployment";
  if (has("DESIRED") && has("CURRENT") && has("READY")) return "replicaset";
  if (has("CLUSTER-IP")) return "service";
  if (has("ADDRESSTYPE")) return "endpointslice";
  if (has("ENDPOINTS")) return "endpoints";
  if (has("RECLAIM POLICY")) return "persistentvolume";
  if (has("VOLUME") && has("CAPACITY") && has("ACCESS MODES")) return "persistentvolumeclaim";
  if (has("PROVISIONER")) return "storageclass";
  if (has("REFERENCE") && has("MINPODS")) return "horizontalpodautoscaler";
  if (has("HOSTS") && has("PORTS")) return "ingress";
  if (has("SCHEDULE") && has("SUSPEND")) return "cronjob";
  if (has("COMPLETIONS")) return "job";
  if (has("POD-SELECTOR")) return "networkpolicy";
  if (has("ALLOWED DISRUPTIONS")) return "poddisruptionbudget";
  if (has("TYPE") && has("DATA")) return "secret";
  if (has("STATUS") && has("ERRORS") && has("EXPIRES")) return "backup";  // `velero backup get`
  if (has("REVISION") && has("STATUS") && has("CHART")) return "release";
  return {};
}

// What stands behind the branches of a drawn tree.
std::string_view without_branches(std::string_view text) {
  while (!text.empty()) {
    const std::size_t length = utf8_length(text);
    if (text[0] != ' ' && length != 3) break;
    // Box drawing, U+2500 to U+257F.
    if (length == 3 && !(text[0] == '\xe2' && (text[1] == '\x94' || text[1] == '\x95'))) break;
    text.remove_prefix(length == 3 ? 3 : 1);
  }
  return text;
}

// The release whose history a file is: "helm/history-web.txt", "helm-history-web.txt".
std::string_view release_of(std::string_view path) {
  std::string_view name = path.substr(path.rfind('/') + 1);
  name = name.substr(0, name.rfind('.'));
  for (const std::string_view word : {"helm", "history"}) {
    if (name.starts_with(word)) name.remove_prefix(word.size());
    while (!name.empty() && (name[0] == '-' || name[0] == '_')) name.remove_prefix(1);
  }
  return name;
}

bool ends_table(std::string_view line) {
  return trim(line).empty() || line.starts_with("Name:") || line.starts_with("Error from server") ||
         line.starts_with("No resources found") || is_table_header(line) ||
         invocation_of_prompt(line).verb != Invocation::Verb::unknown;
}

class TableReader {
 public:
  TableReader(Inventory* inventory, const Document& document, const Invocation& command,
              std::vector<Column> columns)
      : inventory_(inventory), document_(document), command_(command), columns_(std::move(columns)) {
    if (columns_.size() > most_columns) columns_.resize(most_columns);
    for (const Column& column : columns_) headers_.push_back(column.name);
    kind_ = kind_by_columns(columns_);
    if (kind_.empty()) kind_ = command_.kind;
    // `get sts` has columns that others have too; a header that fits the file's own word is read as that.
    if (kind_ == "podmetrics" && command_.kind == "node") kind_ = "nodemetrics";
  }

  std::uint32_t read(std::uint32_t line, bool* recognised) {
    const auto last = static_cast<std::uint32_t>(document_.starts.size());
    for (++line; line <= last; ++line) {
      const std::string_view text = document_.line(line);
      if (ends_table(text)) break;
      take(line, text);
    }
    find_space();
    for (Entry& entry : entries_) add(&entry);
    if (!entries_.empty()) {
      *recognised = true;
      say_searched();
    }
    return line;
  }

 private:
  struct Entry {
    std::string kind, space, name;
    std::uint32_t line = 0;
    Value value;
    bool healthy = false;
  };

  Inventory* inventory_;
  const Document& document_;
  const Invocation& command_;
  std::vector<Column> columns_;
  std::vector<std::string> headers_;
  std::string kind_;
  std::vector<Entry> entries_;
  std::string space_;  // of all rows, where there is no column for it
  bool target_is_space_ = false;
  bool mixed_kinds_ = false;

  void take(std::uint32_t line, std::string_view text) {
    Row row;
    row.line = line;
    row.headers = &headers_;
    const bool fits = split_row(text, columns_, &row.cells);
    if (kind_ == "event") {
      if (fits) {
        take_event(row, text);
      } else {
        continue_event(line, text);
      }
      return;
    }
    if (!fits) return;
    Entry entry;
    entry.line = line;
    if (kind_ == "release" && !row.has("NAME"))
      entries_.clear();  // `helm history`: its last row is how it stands
    entry.space = std::string(row.cell("NAMESPACE"));
    // `top pod --containers` has the pod under POD and the container under NAME.
    std::string_view name = without_branches(row.cell(row.has("POD") ? "POD" : "NAME"));
    entry.kind = kind_;
    std::string_view bare;
    if (split_kind_and_name(name, &entry.kind, &bare)) {
      name = bare;
      mixed_kinds_ = true;
    }
    if (kind_ == "release" && !row.has("NAME")) name = release_of(document_.path);
    if (kind_ == "storageclass") name = name.substr(0, name.find(' '));  // "standard (default)"
    if (entry.kind.empty() || !is_object_name(name)) return;
    if (!entry.space.empty() && !is_object_name(entry.space)) return;
    entry.name = std::string(name);
    if (entry.kind == "event") {
      take_tree_event(row, &entry);
    } else {
      fill_from_row(entry.kind, row, &entry.value);
      const std::string_view ready = row.cell("READY");
      const std::size_t slash = ready.find('/');
      entry.healthy =
          entry.kind != "pod" || (row.cell("STATUS") == "Running" && slash != std::string_view::npos &&
                                  ready.substr(0, slash) == ready.substr(slash + 1));
      set_text(&entry.value, {"metadata", "name"}, name, line);
    }
    entries_.push_back(std::move(entry));
  }

  void take_event(const Row& row, std::string_view text) {
    const std::string_view type = row.cell("TYPE");
    const std::string_view reason = row.cell("REASON");
    if (type.empty() || reason.empty() || reason.find(' ') != std::string_view::npos) {
      continue_event(row.line, text);
      return;
    }
    EventText event;
    event.line = row.line;
    event.type = type;
    event.reason = reason;
    event.message = row.cell("MESSAGE");
    event.age = row.cell("LAST SEEN");
    event.count = row.cell("COUNT");
    event.source = row.cell("SOURCE");
    std::string kind;
    std::string_view name;
    if (row.has("OBJECT")) {
      if (!split_kind_and_name(row.cell("OBJECT"), &kind, &name, true)) return;
    } else {
      kind = resource_name(row.cell("KIND"));
      name = row.cell("NAME");
      name = name.substr(0, name.rfind('.'));
    }
    Entry entry;
    entry.kind = "event";
    entry.space = std::string(row.cell("NAMESPACE"));
    entry.line = row.line;
    entry.name = fmt::format("{}.{}", name, row.line);
    event.object_kind = kind;
    event.object_name = name;
    entry.value = event_value(event);
    entries_.push_back(std::move(entry));
  }

  // A message of several lines goes on where the next row would begin.
  void continue_event(std::uint32_t line, std::string_view text) {
    if (!entries_.empty()) continue_event_message(&entries_.back().value, text, line);
  }

  // The lineage plugin draws events as children: STATUS is "Reason: message".
  void take_tree_event(const Row& row, Entry* entry) {
    const std::string_view status = row.cell("STATUS");
    const std::size_t colon = status.find(": ");
    EventText event;
    event.line = row.line;
    event.reason = status.substr(0, colon);
    event.message = colon == std::string_view::npos ? std::string_view() : status.substr(colon + 2);
    event.age = row.cell("AGE");
    event.object_name = std::string_view(entry->name).substr(0, entry->name.rfind('.'));
    constexpr std::size_t farthest = 1000;  // its object stands a few rows above
    for (std::size_t i = entries_.size(); i-- > 0 && i + farthest > entries_.size();) {
      if (entries_[i].name == event.object_name && entries_[i].kind != "event") {
        event.object_kind = entries_[i].kind;
        break;
      }
    }
    entry->value = event_value(event);
  }

  // One namespace for all rows of a table that has no column for it: told by the command, or by what the
  // file's name ends with where that is neither an object here nor the beginning of all the names.
  void find_space() {
    if (has_column(columns_, "NAMESPACE")) return;
    space_ = command_.space;
    if (!space_.empty() || command_.typed || command_.target.empty() || command_.every_space) return;
    if (!command_.whole || !is_object_name(command_.target) || entries_.empty()) return;
    if (command_.verb != Invocation::Verb::get && command_.verb != Invocation::Verb::events) return;
    if (kind_ == "event") {
      const bool of_one_object = std::any_of(entries_.begin(), entries_.end(), [&](const Entry& entry) {
        return entry.name.starts_with(command_.target);
      });
      if (!of_one_object) space_ = command_.target;
    } else {
      const bool chosen = std::all_of(entries_.begin(), entries_.end(), [&](const Entry& entry) {
        return entry.name.starts_with(command_.target);
      });
      if (!chosen) space_ = command_.target;
    }
    target_is_space_ = !space_.empty();
  }

  void add(Entry* entry) {
    const KindEntry* known = find_kind(entry->kind);
    const bool scoped = known == nullptr || !known->cluster_scoped;
    if (!scoped) entry->space.clear();
    if (scoped && entry->space.empty()) entry->space = space_;
    if (scoped && entry->space.empty()) entry->space = inventory_->only_space(entry->kind, entry->name);
    if (entry->kind == "event") {
      Value& involved = member(&entry->value, {"involvedObject"});
      if (entry->space.empty())
        entry->space =
            inventory_->only_space(resource_name(involved["kind"].text()), involved["name"].text());
      if (!entry->space.empty()) set_text(&involved, {"namespace"}, entry->space, entry->line);
    }
    if (!entry->space.empty()) set_text(&entry->value, {"metadata", "namespace"}, entry->space, entry->line);
    settle_lines(&entry->value);
    Object object;
    object.source = Object::Source::table;
    object.kind = entry->kind;
    object.space = entry->space;
    object.name = entry->name;
    object.file = &document_;
    object.line = entry->line;
    object.value = &inventory_->keep(std::move(entry->value));
    inventory_->add(std::move(object));
  }

  // Only a table with its header that nothing selects from is a listing. A filter like `grep -v Running`
  // keeps the header, so that a table of pods must show a healthy one too.
  void say_searched() {
    if (!command_.whole || mixed_kinds_ || kind_.empty() || kind_ == "event" || kind_ == "podmetrics" ||
        kind_ == "nodemetrics") {
      return;
    }
    if (!command_.kind.empty() && command_.kind != kind_) return;
    if (std::none_of(entries_.begin(), entries_.end(), [](const Entry& entry) { return entry.healthy; }))
      return;
    const KindEntry* known = find_kind(kind_);
    if (known == nullptr) return;
    if (known->cluster_scoped) {
      if (command_.target.empty() || command_.every_space) inventory_->add_searched(kind_, "");
    } else if (has_column(columns_, "NAMESPACE")) {
      const bool named =
          command_.verb == Invocation::Verb::get && (command_.every_space || command_.target.empty());
      if (named) inventory_->add_searched(kind_, "*");
    } else if (target_is_space_ || (!space_.empty() && command_.target.empty())) {
      inventory_->add_searched(kind_, space_);
    }
  }
};

bool is_age(std::string_view text) {
  if (text.empty() || text[0] < '0' || text[0] > '9') return text == "<unknown>";
  return text.find_first_not_of("0123456789smhdy") == std::string_view::npos &&
         text.find_first_of("smhdy") != text.npos;
}

bool is_count(std::string_view text) {
  return !text.empty() && text.find_first_not_of("0123456789") == std::string_view::npos;
}

bool is_ratio(std::string_view text) {
  const std::size_t slash = text.find('/');
  return slash != std::string_view::npos && is_count(text.substr(0, slash)) &&
         is_count(text.substr(slash + 1));
}

bool is_status_word(std::string_view text) {
  if (text.empty() || !((text[0] >= 'A' && text[0] <= 'Z') || text[0] == '<')) return false;
  return text.find(' ') == std::string_view::npos;
}

// The columns after the name, for each way that a kind's rows are printed without their header.
using Shape = std::vector<std::string>;

void add_wide(Shape* shape, std::size_t cells, const Shape& wide) {
  if (cells == shape->size() + 1) {
    shape->push_back("LABELS");
  } else if (cells >= shape->size() + wide.size()) {
    shape->insert(shape->end(), wide.begin(), wide.end());
    if (cells > shape->size()) shape->push_back("LABELS");
  }
}

// Finds the kind and the columns that cells after the name can be of.
bool find_shape(const std::string& asked, const std::vector<std::string_view>& cells, std::string* kind,
                Shape* shape) {
  const std::size_t count = cells.size();
  const auto cell = [&](std::size_t i) { return i < count ? cells[i] : std::string_view(); };
  const auto may_be = [&](std::string_view other) { return asked.empty() || asked == other; };
  if (may_be("pod") && is_ratio(cell(0)) && is_status_word(cell(1)) &&
      is_count(cell(2).substr(0, cell(2).find(' '))) && is_age(cell(3))) {
    *kind = "pod";
    *shape = {"READY", "STATUS", "RESTARTS", "AGE"};
    add_wide(shape, count, {"IP", "NODE", "NOMINATED NODE", "READINESS GATES"});
  } else if (may_be("deployment") && is_ratio(cell(0)) && is_count(cell(1)) && is_count(cell(2)) &&
             is_age(cell(3))) {
    *kind = "deployment";
    *shape = {"READY", "UP-TO-DATE", "AVAILABLE", "AGE"};
    add_wide(shape, count, {"CONTAINERS", "IMAGES", "SELECTOR"});
  } else if (may_be("node") && (cell(0).starts_with("Ready") || cell(0).starts_with("NotReady")) &&
             is_age(cell(2)) && cell(3).starts_with('v')) {
    *kind = "node";
    *shape = {"STATUS", "ROLES", "AGE", "VERSION"};
    add_wide(shape, count, {"INTERNAL-IP", "EXTERNAL-IP", "OS-IMAGE", "KERNEL-VERSION", "CONTAINER-RUNTIME"});
  } else if (asked == "namespace" && (cell(0) == "Active" || cell(0) == "Terminating") && is_age(cell(1))) {
    *kind = "namespace";
    *shape = {"STATUS", "AGE"};
    add_wide(shape, count, {});
  } else if (asked == "statefulset" && is_ratio(cell(0)) && is_age(cell(1))) {
    *kind = "statefulset";
    *shape = {"READY", "AGE"};
    add_wide(shape, count, {"CONTAINERS", "IMAGES"});
  } else if (asked == "replicaset" && is_count(cell(0)) && is_count(cell(1)) && is_count(cell(2)) &&
             is_age(cell(3))) {
    *kind = "replicaset";
    *shape = {"DESIRED", "CURRENT", "READY", "AGE"};
    add_wide(shape, count, {"CONTAINERS", "IMAGES", "SELECTOR"});
  } else if (asked == "daemonset" && is_count(cell(0)) && is_count(cell(1)) && is_count(cell(2)) &&
             is_count(cell(3)) && is_count(cell(4)) && is_age(cell(6))) {
    *kind = "daemonset";
    *shape = {"DESIRED", "CURRENT", "READY", "UP-TO-DATE", "AVAILABLE", "NODE SELECTOR", "AGE"};
    add_wide(shape, count, {"CONTAINERS", "IMAGES", "SELECTOR"});
  } else if (asked == "job" && is_ratio(cell(0)) && is_age(cell(count > 2 ? 2 : 1))) {
    *kind = "job";
    *shape = {"COMPLETIONS", "DURATION", "AGE"};
    add_wide(shape, count, {"CONTAINERS", "IMAGES", "SELECTOR"});
  } else if (asked == "job" && is_status_word(cell(0)) && is_ratio(cell(1))) {
    *kind = "job";
    *shape = {"STATUS", "COMPLETIONS", "DURATION", "AGE"};
    add_wide(shape, count, {"CONTAINERS", "IMAGES", "SELECTOR"});
  } else if (asked == "service" && is_status_word(cell(0)) && is_age(cell(4))) {
    *kind = "service";
    *shape = {"TYPE", "CLUSTER-IP", "EXTERNAL-IP", "PORT(S)", "AGE"};
    add_wide(shape, count, {"SELECTOR"});
  } else if (asked == "persistentvolumeclaim" && (cell(0) == "Bound" || cell(0) == "Lost") &&
             is_age(cell(5))) {
    *kind = "persistentvolumeclaim";
    *shape = {"STATUS", "VOLUME", "CAPACITY", "ACCESS MODES", "STORAGECLASS", "AGE"};
  } else if (asked == "persistentvolumeclaim" && cell(0) == "Pending") {
    // Nothing stands under VOLUME, CAPACITY and ACCESS MODES.
    *kind = "persistentvolumeclaim";
    *shape = {"STATUS"};
    if (count > 2 && is_age(cell(2))) *shape = {"STATUS", "STORAGECLASS", "AGE"};
  } else if (asked == "horizontalpodautoscaler" && cell(0).find('/') != std::string_view::npos &&
             is_count(cell(2)) && is_count(cell(3))) {
    *kind = "horizontalpodautoscaler";
    *shape = {"REFERENCE", "TARGETS", "MINPODS", "MAXPODS", "REPLICAS", "AGE"};
  } else {
    return false;
  }
  return true;
}

bool add_bare_event(Inventory* inventory, const Document& document, std::uint32_t line,
                    const Invocation& command) {
  const std::vector<std::string_view> cells = split_columns(document.line(line));
  std::size_t at = 0;
  std::string_view space;
  if (cells.size() > 1 && !is_age(cells[0].substr(0, cells[0].find(' ')))) {
    space = cells[0];
    at = 1;
  }
  if (cells.size() < at + 5 || !is_age(cells[at].substr(0, cells[at].find(' '))) ||
      (cells[at + 1] != "Normal" && cells[at + 1] != "Warning")) {
    return false;
  }
  EventText event;
  event.line = line;
  event.age = cells[at];
  event.type = cells[at + 1];
  event.reason = cells[at + 2];
  std::string kind;
  std::string_view name;
  if (!split_kind_and_name(cells[at + 3], &kind, &name)) return false;
  event.object_kind = kind;
  event.object_name = name;
  const std::string_view text = document.line(line);
  event.message = trim(text.substr(static_cast<std::size_t>(cells[at + 4].data() - text.data())));
  event.space = space.empty() ? std::string_view(command.space) : space;
  add_event(inventory, document, event, Object::Source::table);
  return true;
}

}  // namespace

std::string_view Row::cell(std::string_view header) const {
  for (std::size_t i = 0; i < headers->size() && i < cells.size(); ++i) {
    if ((*headers)[i] == header) return cells[i];
  }
  return {};
}

bool Row::has(std::string_view header) const {
  return std::find(headers->begin(), headers->end(), header) != headers->end();
}

bool is_object_name(std::string_view text) {
  if (text.empty() || text.size() > 253) return false;
  return std::all_of(text.begin(), text.end(), [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '-' ||
           c == '.' || c == ':' || c == '_';
  });
}

bool split_kind_and_name(std::string_view text, std::string* kind, std::string_view* name, bool any_kind) {
  const std::size_t slash = text.find('/');
  if (slash == std::string_view::npos || slash == 0) return false;
  const std::string_view rest = text.substr(slash + 1);
  const std::string_view before = text.substr(0, slash);
  // A kind of somebody's own shows its group or its capital.
  if (!any_kind && find_kind(before) == nullptr && before.find('.') == std::string_view::npos &&
      (before[0] < 'A' || before[0] > 'Z')) {
    return false;
  }
  if (!is_object_name(rest) || !is_object_name(text.substr(0, slash))) return false;
  *kind = resource_name(text.substr(0, slash));
  *name = rest;
  return true;
}

bool is_table_header(std::string_view line) {
  if (line.size() > 4096 || line.empty()) return false;
  const std::string_view start = trim(line);
  if (!start.starts_with("NAME") && !start.starts_with("LAST SEEN") && !start.starts_with("POD ") &&
      !start.starts_with("REVISION")) {
    return false;
  }
  const std::vector<std::string_view> words = split_columns(line);
  if (words.size() < 2) return false;
  return std::all_of(words.begin(), words.end(), is_header_word);
}

std::uint32_t read_table(Inventory* inventory, const Document& document, std::uint32_t line,
                         const Invocation& command, bool* recognised) {
  return TableReader(inventory, document, command, read_header(document.line(line))).read(line, recognised);
}

bool read_bare_row(Inventory* inventory, const Document& document, std::uint32_t line,
                   const Invocation& command) {
  if (command.verb == Invocation::Verb::events) return add_bare_event(inventory, document, line, command);
  if (command.verb != Invocation::Verb::get && command.verb != Invocation::Verb::unknown) return false;
  const std::vector<std::string_view> cells = split_columns(document.line(line));
  for (std::size_t named = 0; named < 2 && named + 2 < cells.size(); ++named) {
    if (!is_object_name(cells[named]) || (named == 1 && !is_object_name(cells[0]))) break;
    const std::vector<std::string_view> rest(cells.begin() + static_cast<std::ptrdiff_t>(named) + 1,
                                             cells.end());
    std::string kind;
    Shape shape;
    if (!find_shape(command.kind, rest, &kind, &shape)) continue;
    Row row;
    row.line = line;
    row.headers = &shape;
    row.cells = rest;
    Value value;
    fill_from_row(kind, row, &value);
    set_text(&value, {"metadata", "name"}, cells[named], line);
    const KindEntry* known = find_kind(kind);
    Object object;
    object.source = Object::Source::table;
    object.kind = kind;
    object.name = std::string(cells[named]);
    if (!known->cluster_scoped) object.space = named == 1 ? std::string(cells[0]) : command.space;
    if (!known->cluster_scoped && object.space.empty())
      object.space = inventory->only_space(kind, object.name);
    if (!object.space.empty()) set_text(&value, {"metadata", "namespace"}, object.space, line);
    settle_lines(&value);
    object.file = &document;
    object.line = line;
    object.value = &inventory->keep(std::move(value));
    inventory->add(std::move(object));
    return true;
  }
  return false;
}

}  // namespace carrel::kubectl
