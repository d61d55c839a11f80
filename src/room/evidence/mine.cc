#include "room/evidence/mine.h"

#include <algorithm>
#include <array>
#include <cstring>

#include <fmt/format.h>

#include "base/text.h"
#include "record/limits.h"
#include "room/evidence/duration.h"
#include "room/evidence/log_findings.h"
#include "room/evidence/log_score.h"
#include "room/evidence/log_store.h"
#include "room/evidence/question.h"
#include "room/evidence/stack_trace.h"
#include "room/evidence/template.h"

namespace carrel {
namespace {

// What bounds memory. A template costs 64 bytes and its example; an entry about 1 KiB.
constexpr std::size_t kTemplatesOfFile = 1 << 16;
constexpr std::size_t kFaultTemplatesOfFile = kTemplatesOfFile + (1 << 14);  // room that only faults may use
constexpr std::size_t kExampleBytesOfFile = 16 << 20;
constexpr std::size_t kFaultsKeptOfFile = 512;
constexpr std::size_t kOthersKeptOfFile = 128;
constexpr std::size_t kEntriesKept = 48 << 10;
constexpr std::size_t kFilesNamed = 200'000;
constexpr std::size_t kCached = 1 << 12;
constexpr std::size_t kSmallTable = 1 << 10;
constexpr std::uint32_t kStartLines = 40;
constexpr std::uint32_t kEndLines = 3;
constexpr std::uint32_t kWindow = 256;  // lines in which a burst is looked for

constexpr std::uint32_t kNoTemplate = 0xffffffff;

struct Template {
  std::uint64_t hash = 0;
  std::uint32_t count = 0;
  std::uint32_t first = 0;
  std::uint32_t last = 0;
  std::uint32_t window = 0;
  std::uint16_t in_window = 0;
  std::uint16_t most_in_window = 0;
  Severity severity = Severity::unknown;
  bool absorbed = false;      // is told as a part of another's trace
  bool example_cut = false;   // its line was longer, or not UTF-8 to its end
  std::uint32_t example = 0;  // offset into the arena
  std::uint16_t example_size = 0;
  std::uint16_t ending_size = 0;  // of the end of its line, which stands behind the example in the arena
  std::uint8_t last_size = 0;
  std::int8_t in_time = 0;            // Question::in_time: 1 once a line was; then that line is the example
  float longest_s = 0;                // where slowness is asked for: the longest time that a line tells
  std::array<char, 26> last_head{};   // the start of the last line: its time
  std::uint32_t trace = kNoTemplate;  // index into traces
};

struct Trace {
  std::uint32_t first = 0;
  std::uint32_t end = 0;
  std::string text;
  bool whole = true;  // text holds all lines up to now
  std::uint32_t decisive_line = 0;
  std::string decisive;
  std::vector<TraceCause> causes;  // the decisive lines before the last
  std::string frame;               // where in the program's own code, if it tells
  std::uint32_t frame_line = 0;
  bool frame_is_old = false;  // a cause came after it
};

// The longest stretch of valid UTF-8 from the line's start; a line that begins otherwise gives nothing.
std::string_view valid_prefix(std::string_view line, std::size_t most) {
  line = line.substr(0, most);
  std::size_t at = 0;
  while (at < line.size()) {
    const std::size_t length = utf8_length(line.substr(at));
    if (length == 0) break;
    at += length;
  }
  return line.substr(0, at);
}

constexpr std::size_t kEnding = 200;  // bytes that are kept of what stands behind a quote

// The mechanism that a line of JSON tells behind what is quoted of it, where it tells none before, in the
// words around it; empty: none.
std::string_view told_behind_quote(std::string_view line) {
  constexpr std::size_t kAround = 80;
  if (find_mechanism(line.substr(0, limit::quote)).mechanism != nullptr) return {};
  const std::string_view rest = line.substr(limit::quote);
  const MechanismMatch match = find_mechanism(rest);
  if (match.mechanism == nullptr || !match.mechanism->fault || match.mechanism->root < 0.1) return {};
  const std::size_t begin = match.begin - std::min<std::size_t>(match.begin, kAround);
  const std::size_t end = std::min(rest.find_first_of("\"\\", match.end), rest.size());
  return rest.substr(begin, std::min(end - begin, kEnding));
}

// What decides of a line that is longer than what is quoted of it: its last clause, since what wraps errors,
// as Go's programs do, tells the deciding one last. Empty: nothing.
std::string_view ending_of(std::string_view line) {
  if (line.size() <= limit::quote || line.size() > kHashedBytes) return {};
  std::string_view ending;
  if (line.front() == '{') {
    ending = told_behind_quote(line);
  } else {
    ending = line.substr(line.size() - std::min(kEnding, line.size() - limit::quote));
    const std::size_t clause = ending.find(": ");
    ending.remove_prefix(clause != ending.npos ? clause + 2 : ending.find(' ') + 1);  // npos + 1 is 0
  }
  return is_utf8(ending) ? ending : std::string_view();
}

}  // namespace

class LogMiner::Impl {
 public:
  explicit Impl(const std::string& text) : question(text) {}

  void begin(const TextFile& next) {
    file = LogFile();
    file.file = next;
    file.mined = next.kind != TextFile::Kind::structured;
    ++ordinal;
    partial.clear();
    pending = false;
    line_number = 0;
    tracker.reset();
    open_trace = told_below = kNoTemplate;
    previous = before_previous = kNoTemplate;
    previous_line = before_previous_line = 0;
  }

  void add(std::string_view bytes) {
    while (!bytes.empty()) {
      const void* found = std::memchr(bytes.data(), '\n', bytes.size());
      if (found == nullptr) {
        keep_partial(bytes);
        return;
      }
      const auto length = static_cast<std::size_t>(static_cast<const char*>(found) - bytes.data());
      if (partial.empty() && !pending) {
        line(bytes.substr(0, length));
      } else {
        keep_partial(bytes.substr(0, length));
        line(partial);
        partial.clear();
        pending = false;
      }
      bytes.remove_prefix(length + 1);
    }
  }

  void end() {
    if (!partial.empty() || pending) line(partial);
    partial.clear();
    pending = false;
    finish_trace();
    file.lines = line_number;
    store.lines += line_number;
    keep_entries();
    if (table.size() > kSmallTable) table.resize(kSmallTable);
    std::fill(table.begin(), table.end(), kNoTemplate);
    templates.clear();
    traces.clear();
    arena.clear();
  }

  Question question;
  LogStore store;
  ListeningPorts listening;
  std::uint64_t unnamed_files = 0;
  std::uint64_t unnamed_lines = 0;

 private:
  void keep_partial(std::string_view bytes) {
    // What goes beyond the bytes that are hashed is only waited out.
    const std::size_t room = kHashedBytes - std::min(partial.size(), kHashedBytes);
    partial.append(bytes.substr(0, room));
    pending = true;
  }

  // A line below an error that ends in a colon: an item of a list, or indented; a line of the log itself has
  // a time.
  static bool is_detail(std::string_view text) {
    const bool item = text.starts_with("* ") || text.starts_with("- ") || text.starts_with("\xe2\x80\xa2");
    return (item || text[0] == ' ' || text[0] == '\t') && after_time(text) == 0;
  }

  // What `kubectl logs --previous` says where there was no instance before, or where its log is gone, saved
  // in place of it.
  static bool is_refused_log(std::string_view text) {
    return text.starts_with("Error from server (BadRequest): previous terminated container") ||
           text.starts_with("unable to retrieve container logs for ");
  }

  // The first such line decides.
  void add_detail(std::string_view text) {
    Template& owner = templates[told_below];
    told_below = kNoTemplate;
    if (owner.trace != kNoTemplate || open_trace != kNoTemplate || traces.size() >= kFaultsKeptOfFile) return;
    Trace trace;
    trace.first = trace.end = owner.first;
    trace.text = std::string(example(owner));
    trace.decisive_line = line_number;
    trace.decisive = std::string(valid_prefix(text, limit::quote));
    if (trace.decisive.empty()) return;
    owner.trace = static_cast<std::uint32_t>(traces.size());
    traces.push_back(std::move(trace));
  }

  std::size_t slot_of(std::uint64_t hash) const {
    std::size_t slot = hash & (table.size() - 1);
    while (table[slot] != kNoTemplate && templates[table[slot]].hash != hash)
      slot = (slot + 1) & (table.size() - 1);
    return slot;
  }

  void line(std::string_view text) {
    ++line_number;
    if (!file.mined) return;
    if (!text.empty() && text.back() == '\r') text.remove_suffix(1);
    listening.note(file.file, line_number, text);
    // Only lines that begin so can open a trace.
    if (tracker.open() || text.empty() || text[0] == ' ' || text[0] == '\t' || text[0] == 'T' ||
        text[0] == 'g') {
      if (part_of_trace(text)) return;
    }
    if (text.empty() || is_refused_log(text)) return;
    if (told_below != kNoTemplate && is_detail(text)) {
      add_detail(text);
      return;
    }
    told_below = kNoTemplate;
    const std::uint32_t index = template_of(text);
    if (index == kNoTemplate) {
      ++file.overflow_lines;
      return;
    }
    count(index, text);
    if (templates[index].severity >= Severity::error && templates[index].count == 1 && text.ends_with(':'))
      told_below = index;
    before_previous = previous;
    before_previous_line = previous_line;
    previous = index;
    previous_line = line_number;
  }

  void count(std::uint32_t index, std::string_view text) {
    Template& entry = templates[index];
    ++entry.count;
    entry.last = line_number;
    const std::uint32_t window = line_number / kWindow;
    if (entry.window != window) {
      entry.window = window;
      entry.in_window = 0;
    }
    if (++entry.in_window > entry.most_in_window) entry.most_in_window = entry.in_window;
    if (question.asks_time() && entry.in_time <= 0) meet_time(&entry, text);
    if (question.about_performance() && !question.asks_time()) meet_longest(&entry, text);
    entry.last_size = static_cast<std::uint8_t>(std::min(text.size(), entry.last_head.size()));
    std::memcpy(entry.last_head.data(), text.data(), entry.last_size);
    if (entry.severity >= Severity::error) {
      ++file.error_lines;
    } else if (entry.severity == Severity::warning) {
      ++file.warning_lines;
    }
  }

  // The example of a template is its first line within the time that is asked for, where there is one.
  void meet_time(Template* entry, std::string_view text) {
    const int met = question.in_time(text);
    if (met != 0) entry->in_time = static_cast<std::int8_t>(met);
    if (met > 0 && entry->count > 1) show_instead(entry, text);
  }

  // Who asks why something is slow is shown the line that took longest; one that took little longer is not
  // worth a change.
  void meet_longest(Template* entry, std::string_view text) {
    constexpr float kLonger = 1.2f;
    const auto took = static_cast<float>(longest_time(text.substr(0, kHashedBytes)));
    if (took <= entry->longest_s * kLonger) return;
    entry->longest_s = took;
    if (entry->count > 1) show_instead(entry, text);
  }

  // Makes this line the template's example.
  void show_instead(Template* entry, std::string_view text) {
    if (arena.size() >= kExampleBytesOfFile) return;
    const std::string_view example = valid_prefix(text, limit::quote);
    entry->example = static_cast<std::uint32_t>(arena.size());
    entry->example_size = static_cast<std::uint16_t>(example.size());
    entry->ending_size = 0;
    entry->example_cut = example.size() < text.size();
    arena.append(example);
    entry->first = line_number;
    entry->trace = kNoTemplate;
  }

  std::uint32_t template_of(std::string_view text) {
    std::string_view hashed = text.substr(0, kHashedBytes);
    hashed.remove_prefix(after_time(hashed));
    const std::uint64_t exact = exact_hash(hashed, ordinal);
    Cached& cached = cache[exact & (kCached - 1)];
    if (cached.exact == exact && cached.ordinal == ordinal) return cached.index;
    const std::uint64_t hash = template_hash(hashed);
    std::size_t slot = slot_of(hash);
    std::uint32_t index = table[slot];
    if (index == kNoTemplate) index = create(hash, text);
    if (index != kNoTemplate) cached = {exact, ordinal, index};
    return index;
  }

  std::uint32_t create(std::uint64_t hash, std::string_view text) {
    if (templates.size() >= kFaultTemplatesOfFile || arena.size() >= kExampleBytesOfFile) return kNoTemplate;
    const Severity severity = classify(text.substr(0, 2048)).severity;
    if (templates.size() >= kTemplatesOfFile && severity < Severity::error) return kNoTemplate;
    if (templates.size() * 2 >= table.size()) grow();
    const auto index = static_cast<std::uint32_t>(templates.size());
    const std::string_view example = valid_prefix(text, limit::quote);
    Template entry;
    entry.hash = hash;
    entry.first = line_number;
    entry.severity = severity;
    entry.example = static_cast<std::uint32_t>(arena.size());
    entry.example_size = static_cast<std::uint16_t>(example.size());
    entry.example_cut = example.size() < text.size();
    arena.append(example);
    if (severity >= Severity::warning) {
      const std::string_view ending = ending_of(text);
      entry.ending_size = static_cast<std::uint16_t>(ending.size());
      arena.append(ending);
    }
    table[slot_of(hash)] = index;
    templates.push_back(entry);
    return index;
  }

  void grow() {
    table.assign(table.size() * 2, kNoTemplate);
    for (std::uint32_t index = 0; index < templates.size(); ++index)
      table[slot_of(templates[index].hash)] = index;
  }

  std::string_view example(const Template& entry) const {
    return std::string_view(arena).substr(entry.example, entry.example_size);
  }

  // True where the line belongs to a stack trace and is no entry of its own.
  bool part_of_trace(std::string_view text) {
    const bool was_open = tracker.open();
    const TraceTracker::Role role = tracker.next(text);
    switch (role) {
      case TraceTracker::Role::none:
        if (was_open) finish_trace();
        return false;
      case TraceTracker::Role::starts:
        finish_trace();
        start_trace(text, false);
        return true;
      case TraceTracker::Role::continues:
      case TraceTracker::Role::cause:
        if (open_trace == kNoTemplate) start_trace(text, true);
        extend_trace(text, role == TraceTracker::Role::cause);
        return true;
      case TraceTracker::Role::ends:
        extend_trace(text, true);
        finish_trace();
        return true;
    }
    return false;
  }

  // Opens a trace with this line, and with the line(s) before it as its head where they announce it.
  void start_trace(std::string_view text, bool needs_head) {
    Trace trace;
    trace.first = line_number;
    trace_owner = kNoTemplate;
    // Go leaves a line empty between what it panics of and the goroutines.
    const std::uint32_t apart = text.starts_with("goroutine ") ? 2 : 1;
    // A line of which nothing can be quoted is no head: the quote would not begin where the trace does.
    const bool adjacent = previous != kNoTemplate && previous_line + apart >= line_number &&
                          templates[previous].example_size > 0;
    if (adjacent && (needs_head || templates[previous].severity >= Severity::warning)) {
      trace_owner = previous;
      trace.first = previous_line;
      // "ERROR request failed", then the exception on a line of its own, then its frames.
      const std::string head(example(templates[previous]));
      trace.text = head;
      bool cut = templates[previous].example_cut || previous_line + 1 < line_number;
      // Spring leaves a line empty between what failed and the exception.
      const bool adjoins = before_previous_line + 1 == previous_line;
      const bool near = before_previous != kNoTemplate && before_previous_line + 2 >= previous_line &&
                        templates[before_previous].severity >= Severity::error && before_previous != previous;
      const bool announced =
          near && needs_head && classify(head).time.empty() && !head.starts_with("[signal ");
      if (near && adjoins && head.starts_with("[signal ")) {
        trace_owner = before_previous;
        trace.first = before_previous_line;
        trace.text = std::string(example(templates[before_previous]));
        templates[previous].absorbed = true;
      } else if (announced) {
        trace_owner = before_previous;
        trace.first = before_previous_line;
        trace.text = std::string(example(templates[before_previous]));
        cut = cut || !adjoins || templates[before_previous].example_cut ||
              trace.text.size() + 1 + head.size() > limit::quote;
        if (!cut) trace.text += "\n" + head;
        trace.decisive = head;
        trace.decisive_line = previous_line;
        templates[previous].absorbed = true;
      }
      // Only the first occurrence is an example of its template, and only that stands in these lines. What
      // follows a line that was cut would not stand behind it.
      trace.whole = templates[trace_owner].first == trace.first && !cut;
    }
    traces.push_back(std::move(trace));
    open_trace = static_cast<std::uint32_t>(traces.size() - 1);
    if (!needs_head) {
      Trace& opened = traces.back();
      if (opened.text.empty()) {
        opened.text = std::string(valid_prefix(text, limit::quote));
        opened.whole = opened.text.size() == text.size();
        opened.end = line_number;
      } else {
        extend_trace(text, false);
      }
    }
  }

  void extend_trace(std::string_view text, bool decides) {
    if (open_trace == kNoTemplate) return;
    Trace& trace = traces[open_trace];
    trace.end = line_number;
    note_frame(text, decides, &trace);
    if (decides && trace_owner_is_new()) {
      if (!trace.decisive.empty()) add_cause({trace.decisive_line, trace.decisive}, &trace.causes);
      trace.decisive_line = line_number;
      trace.decisive = std::string(valid_prefix(text, limit::quote));
    }
    if (!trace.whole) return;
    const std::string_view valid = valid_prefix(text, limit::quote);
    if (trace.text.size() + 1 + text.size() <= limit::quote && valid.size() == text.size()) {
      if (!trace.text.empty()) trace.text += '\n';
      trace.text += text;
    } else {
      trace.whole = false;
    }
  }

  static void add_cause(TraceCause cause, std::vector<TraceCause>* causes) {
    constexpr std::size_t kCauseBytes = 2 * limit::quote;
    std::size_t bytes = cause.text.size();
    for (const TraceCause& before : *causes) bytes += before.text.size();
    if (bytes <= kCauseBytes) causes->push_back(std::move(cause));
  }

  void note_frame(std::string_view text, bool is_cause, Trace* trace) const {
    if (is_cause) trace->frame_is_old = true;
    const std::string_view frame = own_frame(text);
    const bool python = frame.starts_with("File \"");
    if (frame.empty() || (!trace->frame.empty() && !trace->frame_is_old && !python)) return;
    trace->frame = std::string(valid_prefix(frame, limit::remark));
    trace->frame_line = line_number;
    trace->frame_is_old = false;
  }

  bool trace_owner_is_new() const {
    return trace_owner == kNoTemplate || templates[trace_owner].trace == kNoTemplate;
  }

  void finish_trace() {
    if (open_trace == kNoTemplate) return;
    Trace trace = std::move(traces[open_trace]);
    traces.pop_back();
    open_trace = kNoTemplate;
    if (trace_owner == kNoTemplate) {
      // Python's without a line that announces it: the exception is the entry. Frames whose head is not in
      // the file (a log that was cut at its front) say nothing.
      if (trace.decisive.empty() || trace.text.empty()) return;
      const std::uint32_t line_now = line_number;
      line_number = trace.decisive_line;
      const std::uint32_t index = template_of(trace.decisive);
      if (index != kNoTemplate) {
        count(index, trace.decisive);
        if (templates[index].severity < Severity::error) templates[index].severity = Severity::error;
      }
      line_number = line_now;
      trace_owner = index;
    }
    if (trace_owner == kNoTemplate || traces.size() >= kFaultsKeptOfFile) return;
    Template& owner = templates[trace_owner];
    // Where only a later line of the template is followed by a trace, what decides there is told with the
    // first.
    const bool is_later = owner.first < trace.first && !trace.decisive.empty();
    if (is_later) {
      trace.first = trace.end = owner.first;
      trace.text = std::string(example(owner));
    }
    if (owner.trace == kNoTemplate && owner.first >= trace.first && (is_later || owner.first <= trace.end)) {
      owner.trace = static_cast<std::uint32_t>(traces.size());
      traces.push_back(std::move(trace));
    }
    trace_owner = kNoTemplate;
  }

  LogEntry entry_of(const Template& from) const;
  void keep_entries();
  void make_room();

  struct Cached {
    std::uint64_t exact = 0;
    std::uint64_t ordinal = 0;
    std::uint32_t index = 0;
  };

  LogFile file;
  std::uint64_t ordinal = 0;
  std::string partial;
  bool pending = false;
  std::uint32_t line_number = 0;
  std::vector<Template> templates;
  std::vector<std::uint32_t> table = std::vector<std::uint32_t>(kSmallTable, kNoTemplate);
  std::vector<Cached> cache = std::vector<Cached>(kCached);
  std::string arena;
  TraceTracker tracker;
  std::vector<Trace> traces;
  std::uint32_t open_trace = kNoTemplate;
  std::uint32_t trace_owner = kNoTemplate;
  std::uint32_t told_below = kNoTemplate;  // an error whose end is told by the lines below it
  std::uint32_t previous = kNoTemplate, before_previous = kNoTemplate;
  std::uint32_t previous_line = 0, before_previous_line = 0;
};

LogEntry LogMiner::Impl::entry_of(const Template& from) const {
  LogEntry entry;
  entry.hash = from.hash;
  entry.count = from.count;
  entry.first_line = from.first;
  entry.last_line = from.last;
  entry.example = std::string(example(from));
  entry.last_time = std::string(classify(std::string_view(from.last_head.data(), from.last_size)).time);
  entry.at_start = from.first <= kStartLines && file.lines > 2 * kStartLines;
  entry.at_end = from.last + kEndLines > file.lines;
  entry.burst =
      from.most_in_window >= 16 && from.most_in_window * 2u >= from.count && file.lines > 4 * kWindow;
  if (from.trace != kNoTemplate) {
    const Trace& trace = traces[from.trace];
    entry.trace_first = trace.first;
    entry.trace_end = trace.end;
    entry.trace = trace.text;
    entry.decisive_line = trace.decisive_line;
    entry.decisive = trace.decisive;
    entry.causes = trace.causes;
    entry.frame = trace.frame;
    entry.frame_line = trace.frame_line;
  } else if (from.ending_size > 0) {
    entry.decisive_line = from.first;
    entry.decisive = arena.substr(from.example + from.example_size, from.ending_size);
  }
  return entry;
}

void LogMiner::Impl::keep_entries() {
  if (!file.mined || line_number == 0) return;
  if (store.files.size() >= kFilesNamed) {
    ++unnamed_files;
    unnamed_lines += line_number;
    return;
  }
  std::vector<LogEntry> faults;
  std::vector<LogEntry> entries;
  for (const Template& from : templates) {
    if (from.absorbed) continue;
    LogEntry entry = entry_of(from);
    describe_entry(file.file, question, &entry);
    if (from.in_time < 0) entry.meets_time = -1;
    (entry.is_fault() ? faults : entries).push_back(std::move(entry));
  }
  const std::size_t fault_count = faults.size();
  entries.insert(entries.begin(), std::make_move_iterator(faults.begin()),
                 std::make_move_iterator(faults.end()));
  score_entries(file, question, &entries);
  const auto better = [](const LogEntry& a, const LogEntry& b) {
    return a.score != b.score ? a.score > b.score : a.first_line < b.first_line;
  };
  const auto middle = entries.begin() + static_cast<std::ptrdiff_t>(fault_count);
  std::sort(entries.begin(), middle, better);
  std::sort(middle, entries.end(), better);
  for (std::size_t i = 0; i < entries.size(); ++i) {
    const bool kept = i < fault_count ? i < kFaultsKeptOfFile : i - fault_count < kOthersKeptOfFile;
    if (!kept) {
      file.dropped_lines += entries[i].count;
      continue;
    }
    entries[i].file = static_cast<std::uint32_t>(store.files.size());
    store.entries.push_back(std::move(entries[i]));
  }
  store.files.push_back(std::move(file));
  if (store.entries.size() > kEntriesKept) make_room();
}

// Drops the lesser half of what is kept.
void LogMiner::Impl::make_room() {
  std::vector<double> scores;
  for (const LogEntry& entry : store.entries) scores.push_back(entry.score);
  const auto middle = scores.begin() + static_cast<std::ptrdiff_t>(scores.size() / 2);
  std::nth_element(scores.begin(), middle, scores.end(), std::greater<>());
  const double least = *middle;
  std::size_t kept = 0;
  for (std::size_t i = 0; i < store.entries.size(); ++i) {
    LogEntry& entry = store.entries[i];
    if (entry.score > least || (entry.score == least && kept * 2 < store.entries.size())) {
      if (kept != i) store.entries[kept] = std::move(entry);
      ++kept;
    } else {
      store.files[entry.file].dropped_lines += entry.count;
    }
  }
  store.entries.resize(kept);
}

LogMiner::LogMiner(const std::string& question) : impl_(std::make_unique<Impl>(question)) {}
LogMiner::~LogMiner() = default;
void LogMiner::begin(const TextFile& file) {
  impl_->begin(file);
}
void LogMiner::add(std::string_view bytes) {
  impl_->add(bytes);
}
void LogMiner::end() {
  impl_->end();
}

std::uint64_t LogMiner::lines_read() const {
  return impl_->store.lines;
}

std::vector<EvidenceLine> LogMiner::candidates(const std::vector<Observation>& observations) const {
  return candidate_lines(impl_->store, observations);
}

std::vector<Observation> LogMiner::observations() const {
  return log_findings(impl_->store, impl_->question);
}

const ListeningPorts& LogMiner::listening() const {
  return impl_->listening;
}

std::vector<LeftOut> LogMiner::left_out() const {
  std::vector<LeftOut> out;
  const auto add = [&](const std::string& file, const char* reason, std::uint64_t files,
                       std::uint64_t lines) {
    if (lines > 0) out.push_back({file, reason, files, lines, 0});
  };
  for (const LogFile& file : impl_->store.files) {
    add(file.file.path, "log lines of lesser templates", 1, file.dropped_lines);
    add(file.file.path, "more different log lines than are kept of one file", 1, file.overflow_lines);
  }
  add("", "more files than are kept apart", impl_->unnamed_files, impl_->unnamed_lines);
  return out;
}

}  // namespace carrel
