#include "room/evidence/log_findings.h"

#include <algorithm>
#include <array>
#include <map>
#include <set>

#include <fmt/format.h>

#include "base/ascii.h"
#include "base/brief.h"
#include "base/text.h"
#include "record/limits.h"
#include "room/evidence/duration.h"
#include "room/evidence/lock_wait.h"
#include "room/evidence/log_outlier.h"
#include "room/evidence/log_score.h"
#include "room/evidence/log_within.h"
#include "room/evidence/mechanism.h"
#include "room/evidence/relations.h"
#include "room/evidence/telling.h"

namespace carrel {
namespace {

constexpr std::size_t kFindings = 48;
constexpr std::size_t kOfOneFile = 6;
constexpr std::uint32_t kJustBefore = 20;  // lines
constexpr std::uint32_t kJustAfter = 3;    // and after
constexpr std::uint32_t kRoutine = 8;      // lines of one template
constexpr double kShowsOnly = 0.42;        // the most that a failure weighs which nothing here explains

const LogFile& file_of(const LogStore& store, const LogEntry& entry) {
  return store.files[entry.file];
}

// "Container api of pod api-5d8f-x", "Pod api-0", "The log messages"; "api.log" of a plain file.
std::string component(const TextFile& file) {
  if (file.plain) return file.path.substr(file.path.rfind('/') + 1);
  if (!file.pod.empty()) {
    const bool plain =
        file.container.empty() || file.container == "all-containers" || file.pod.starts_with(file.container);
    return plain ? fmt::format("Pod {}", file.pod)
                 : fmt::format("Container {} of pod {}", file.container, file.pod);
  }
  if (!file.node.empty()) return fmt::format("Node {} ({})", file.node, file.container);
  if (!file.container.empty()) return fmt::format("Container {}", file.container);
  const std::size_t slash = file.path.rfind('/');
  if (file.kind == TextFile::Kind::tool_output && slash != std::string::npos)
    return file.path.substr(slash + 1);
  return fmt::format("The log {}", slash == std::string::npos ? file.path : file.path.substr(slash + 1));
}

const char* level_name(Severity severity) {
  switch (severity) {
    case Severity::fatal:
      return "fatal level";
    case Severity::error:
      return "error level";
    case Severity::warning:
      return warning_level;
    case Severity::info:
      return "info level";
    case Severity::debug:
      return "debug level";
    case Severity::unknown:
      break;
  }
  return "no level";
}

std::string reason_of(const LogFile& file, const LogEntry& entry) {
  std::string reason = level_name(entry.severity);
  if (entry.count > 1) reason += fmt::format(", seen {} times", entry.count);
  if (!entry.first_time.empty()) {
    reason += fmt::format(", first {}", cut_utf8(to_utf8(entry.first_time), 32));
  }
  if (entry.mechanism != nullptr) reason += ", " + entry.mechanism->name;
  if (entry.trace_first != 0) reason += ", stack trace";
  if (entry.first_fault && file.error_lines > 1) reason += ", the first error of its file";
  if (entry.at_end && entry.is_error()) reason += ", at the end of its file";
  if (entry.burst) reason += ", in a burst";
  if (entry.shared_words > 0) reason += ", has words of the question";
  if (entry.recovered) reason += ", recovered later";
  if (file.file.kind == TextFile::Kind::previous_log) reason += std::string(", ") + of_last_instance;
  return std::string(cut_utf8(reason, limit::reason));
}

double largest_percent(std::string_view text) {
  double largest = 0;
  for (std::size_t at = text.find('%'); at != std::string_view::npos; at = text.find('%', at + 1)) {
    std::size_t begin = at;
    while (begin > 0 && ((text[begin - 1] >= '0' && text[begin - 1] <= '9') || text[begin - 1] == '.'))
      --begin;
    largest = std::max(largest, std::atof(std::string(text.substr(begin, at - begin)).c_str()));
  }
  return std::min(largest, 100.0);
}

std::size_t shared(const std::set<std::string>& a, const std::set<std::string>& b) {
  return static_cast<std::size_t>(
      std::count_if(a.begin(), a.end(), [&](const auto& word) { return b.contains(word); }));
}

std::string one_line(std::string text) {
  for (char& c : text) {
    if (static_cast<unsigned char>(c) < 0x20) c = ' ';
  }
  return text;
}

std::string part(const LogEntry& entry, std::size_t most) {
  // Without a phrase that tells, the end of a chain of causes tells most.
  std::string told = entry.phrase_end > 0
                         ? telling_part(one_line(entry.message), entry.phrase_begin, entry.phrase_end, most)
                         : brief(entry.message, most);
  constexpr std::size_t kLeast = 24;
  if (!entry.details.empty() && told.size() + kLeast < most)
    told += fmt::format(" ({})", cut_words(one_line(entry.details), most - told.size() - 3));
  return without_credentials(std::move(told));
}

struct Group {
  const LogEntry* lead = nullptr;
  std::vector<const LogEntry*> entries;  // the lead first
  std::uint64_t count = 0;
};

// True where a line tells which message it is about: "orders-7@481", "partition orders-7 at offset 481".
bool names_message(std::string_view line) {
  for (const std::string_view mark : {"@", " offset ", "offset="}) {
    const std::size_t at = line.find(mark);
    if (at != std::string_view::npos && at + mark.size() < line.size() && is_digit(line[at + mark.size()]))
      return true;
  }
  return false;
}

double rank(const LogEntry& entry) {
  double rank = entry.score + (changes_definition(entry) ? 0.1 : 0);
  if (entry.mechanism != nullptr && !entry.mechanism->fault) {
    rank += 0.08 * largest_percent(entry.message) / 100;
    rank += 0.08 * std::min(longest_time(entry.message), 10.0) / 10;
  }
  return rank;
}

// A line that says what was changed: a setting, a flag, a release.
bool tells_change(std::string_view message) {
  static constexpr std::array<std::string_view, 22> kWords = {
      "off -> on",        "on -> off",        "false -> true",  "true -> false",  "changed from",
      "changed: ",        "toggled",          "feature flag",   "flag changed",   "reloaded",
      "flag_changed",     "config changed",   "updated from",   "upgraded",       "deploy revision",
      "setting changed",  "flag_update",      "config_changed", "is now enabled", "is now disabled",
      "now enabled (was", "now disabled (was"};
  return std::any_of(kWords.begin(), kWords.end(),
                     [&](std::string_view word) { return contains_folded(message, word); });
}

bool is_statement(std::string_view line) {
  static constexpr std::array<std::string_view, 4> kVerbs = {"SELECT ", "UPDATE ", "DELETE ", "INSERT "};
  return std::ranges::any_of(kVerbs, [&](std::string_view verb) { return line.starts_with(verb); });
}

// The statement below the line of a slow log that counts what it read.
const LogEntry* statement_of(const LogStore& store, const LogEntry& lead) {
  constexpr std::uint32_t kBelow = 4;  // lines: "use x;", "SET timestamp=...;"
  if (lead.mechanism == nullptr || lead.mechanism->name != "rows-examined") return nullptr;
  for (const LogEntry& entry : store.entries) {
    const bool below = entry.file == lead.file && entry.first_line > lead.first_line &&
                       entry.first_line <= lead.first_line + kBelow;
    if (below && is_statement(entry.example)) return &entry;
  }
  return nullptr;
}

// The first address of the web in a line; empty: none.
std::string_view url_in(std::string_view line) {
  const std::size_t at = std::min(line.find("http://"), line.find("https://"));
  if (at == std::string_view::npos) return {};
  const std::string_view rest = line.substr(at);
  return rest.substr(0, rest.find_first_of(" \t\"'<>\\?"));  // what it is asked for is told by its path
}

// The call that got the answer "404 page not found", of a lead that could not read that; null: none is told.
const LogEntry* call_of(const LogStore& store, const LogEntry& lead) {
  if (lead.mechanism == nullptr || lead.mechanism->name != "answer-not-found") return nullptr;
  for (const LogEntry& entry : store.entries) {
    const bool not_found = has_any(entry.example, {"\":404", "\": 404", " 404", "=404"});
    if (entry.file == lead.file && not_found && has_any(entry.example, {"http://", "https://"}))
      return &entry;
  }
  return nullptr;
}

// Lines that explain the lead: a value or a cause told in its file that shares its words, or the same
// condition.
std::vector<const LogEntry*> support_of(const LogStore& store, const Question& question, const Group& group) {
  const LogEntry& lead = *group.lead;
  if (std::vector<const LogEntry*> holders = holders_of(store, lead); !holders.empty()) return holders;
  if (const LogEntry* statement = statement_of(store, lead); statement != nullptr) return {statement};
  if (const LogEntry* call = call_of(store, lead); call != nullptr) return {call};
  if (lead.mechanism != nullptr && lead.mechanism->name == "message-unreadable" &&
      !names_message(lead.message)) {
    const auto named = std::ranges::find_if(
        group.entries, [](const LogEntry* each) { return names_message(each->message); });
    if (named != group.entries.end()) return {*named};
  }
  const std::set<std::string> words = telling_words(lead.message);
  const std::string_view speaker = speaker_of(lead);
  std::uint32_t began = lead.first_line;
  for (const LogEntry* each : group.entries) {
    if (each->file == lead.file) began = std::min(began, each->first_line);
  }
  std::vector<std::pair<double, const LogEntry*>> found;
  for (const LogEntry& entry : store.entries) {
    if (entry.file != lead.file || &entry == &lead || entry.severity == Severity::debug) continue;
    const bool same = entry.mechanism != nullptr && entry.mechanism == lead.mechanism;
    // A change that is asked for or came just before; the error just before that no finding of its own tells.
    const bool before = entry.first_line < began;
    const bool near = before && began - entry.first_line <= kJustBefore;
    const bool changed = (question.about_change() ? before : near) && !entry.is_fault() && entry.count <= 3 &&
                         tells_change(entry.message);
    const std::string_view its_speaker = speaker_of(entry);
    const bool goes_on = !speaker.empty() && speaker == tool_of(lead.message) && its_speaker == speaker &&
                         !before && entry.first_line - lead.first_line <= kJustAfter;
    // The message of the exception that caused it goes on below.
    const bool below = lead.trace_first != 0 && entry.first_line == lead.trace_end + 1 &&
                       lead.decisive_line == lead.trace_end && entry.first_time.empty();
    const bool opens = lead.mechanism != nullptr && entry.first_fault && entry.mechanism == nullptr && near &&
                       (speaker.empty() || its_speaker.empty() || its_speaker == speaker);
    const std::size_t common = shared(words, telling_words(entry.message));
    // What is said again and again at level info is its work, not its trouble.
    const bool is_routine = !entry.is_fault() && entry.count >= kRoutine && !question.about_performance();
    const bool explains = (entry.tells_value || entry.tells_cause) && common >= 2 && !is_routine;
    if (explains && entry.is_error() && entry.mechanism != lead.mechanism) continue;
    if (changed || goes_on || below || opens) {
      found.emplace_back(changed ? 2.0 : goes_on || below ? 1.5 : 0.2 + entry.score, &entry);
      continue;
    }
    if (!explains && !(same && !entry.mechanism->fault && question.about_performance())) continue;
    double weight = rank(entry) + 0.05 * static_cast<double>(std::min<std::size_t>(common, 4));
    if (entry.tells_value) weight += 0.1;
    found.emplace_back(weight, &entry);
  }
  std::stable_sort(found.begin(), found.end(),
                   [](const auto& a, const auto& b) { return a.first > b.first; });
  std::vector<const LogEntry*> support;
  for (const auto& [weight, entry] : found) {
    if (support.size() < 2) support.push_back(entry);
  }
  return support;
}

// The node or pod whose log it is, where the path tells it by a name that one can have; else what the file is
// named after, as far as it is a component and no tool's output.
Name owner_of(const TextFile& file) {
  const auto fits = [](const std::string& name) { return name.size() <= limit::name; };
  if (!file.node.empty() && fits(file.node)) return {"node", "", file.node, true};
  if (!file.pod.empty() && fits(file.pod) && fits(file.space)) return {"pod", file.space, file.pod, true};
  const bool log = file.kind == TextFile::Kind::log || file.kind == TextFile::Kind::previous_log;
  if (log && file.container.size() >= 3 && fits(file.container))
    return {"container", "", file.container, true};
  return {};
}

// Who asks whether all is well is not told of every line of level error, which nothing here explains; who
// asks for errors is.
bool asks_for_errors(const Question& question) {
  static constexpr std::array<std::string_view, 6> kWords = {"log",    "logs",     "error",
                                                             "errors", "warnings", "exceptions"};
  return std::any_of(kWords.begin(), kWords.end(),
                     [&](std::string_view word) { return question.has_word(word); });
}

// True where a line tells of an answer that says what was wrong with the request: the client's fault, not
// that of who logs it. Who may not do it, or too often (401, 403, 408, 429), is another matter.
bool blames_client(std::string_view line) {
  for (const std::string_view key :
       {"\"status\":", "status=", "\"status_code\":", "status_code=", "\"statusCode\":"}) {
    const std::size_t at = line.find(key);
    if (at == std::string_view::npos) continue;
    std::string_view code = line.substr(at + key.size());
    while (code.starts_with(' ') || code.starts_with('"')) code.remove_prefix(1);
    code = code.substr(0, code.find_first_not_of("0123456789"));
    return code == "400" || code == "402" || code == "404" || code == "409" || code == "410" || code == "422";
  }
  return false;
}

// A weight below 0.85, and of two beyond it the one that explains more still larger.
double below_cap(double weight, double root) {
  constexpr double kSteep = 0.84, kRoom = 0.01;
  if (weight <= kSteep) return std::max(weight, 0.02);
  const double more = weight - kSteep;
  return kSteep + kRoom * (0.6 * more / (more + 0.2) + 0.4 * std::min(root / 0.16, 1.0));
}

Observation observe(const LogStore& store, const Question& question, const Group& group) {
  const LogEntry& lead = *group.lead;
  const TextFile& file = file_of(store, lead).file;
  Observation out;
  out.detector = lead.mechanism != nullptr ? "log-" + lead.mechanism->name : "log-error";
  out.verdict = Verdict::fault;
  out.culprit = owner_of(file);
  const std::string says = lead.mechanism != nullptr
                               ? lead.mechanism->says
                               : std::string(lead.is_error() ? "logs an error" : "logs a warning");
  const bool tool = file.kind == TextFile::Kind::tool_output;
  const std::string head = fmt::format("{} {}: ", component(file), tool ? "says" : says);
  const std::vector<const LogEntry*> support = support_of(store, question, group);
  const std::size_t room = limit::sentence - std::min(head.size() + 1, limit::sentence - 40);
  out.cause = head + part(lead, support.empty() ? room : room * 3 / 5);
  // Where a change is asked for, it is told rather than the place in the program.
  const bool tells_support = !support.empty() && question.about_change();
  if (!lead.frame.empty() && !tells_support) {
    const std::string at = fmt::format(" (at {})", cut_utf8(one_line(lead.frame), 100));
    if (out.cause.size() + at.size() + 1 <= limit::sentence) out.cause += at;
  }
  for (const LogEntry* entry : support) {
    constexpr std::size_t kLeast = 40;
    const std::size_t kMost = is_statement(entry->example) ? 200 : 120;
    while (out.cause.ends_with('.')) out.cause.pop_back();
    const std::size_t left = limit::sentence - std::min(out.cause.size() + 3, limit::sentence);
    const std::string_view address = out.detector == "log-answer-not-found" ? url_in(entry->example) : "";
    if (left < kLeast) continue;
    out.cause +=
        "; " +
        (address.empty()
             ? part(*entry, std::min(left, kMost))
             : "it calls " + std::string(cut_utf8(without_credentials(std::string(address)), left - 12)));
  }
  out.cause = std::string(cut_words(out.cause, limit::sentence));

  double weight = lead.score;
  if (lead.severity == Severity::fatal) weight += 0.05;
  if (lead.mechanism == nullptr) weight -= 0.1;
  if (question.only_whether() && !asks_for_errors(question) && lead.mechanism == nullptr &&
      lead.severity < Severity::fatal && lead.trace_first == 0)
    weight *= 0.75;
  if (question.whether() && blames_client(lead.example)) weight *= 0.6;
  // Who tries again has not given up.
  if (question.whether() && lead.severity == Severity::warning && contains_folded(lead.message, "retry"))
    weight *= 0.6;
  // Nor is a warning one of now that the log has gone on for long without.
  const LogFile& log = file_of(store, lead);
  const bool long_quiet = log.lines >= 100 && std::uint64_t{lead.last_line} * 4 < log.lines;
  if (question.whether() && lead.severity == Severity::warning && long_quiet) weight *= 0.6;
  // A condition that is asked for and comes again and again is the answer, not a sign of health.
  const bool condition = lead.mechanism != nullptr && !lead.mechanism->fault && lead.mechanism->root >= 0.08;
  if (condition && question.about_performance() && group.count >= 3)
    weight = std::max(weight, lead.mechanism->root >= 0.13 ? 0.6 : 0.45);
  // One that is not asked for, beside what is, explains little.
  if (lead.mechanism != nullptr && !lead.mechanism->fault && !question.about_performance())
    weight *= question.whether() ? 0.7 : 0.85;
  const bool shows_only = lead.mechanism != nullptr && lead.mechanism->fault && lead.mechanism->root == 0;
  // What kubectl had to say of a pod that was gone is no cause.
  if (tool && lead.message.starts_with("Error from server (NotFound): pods ")) {
    out.verdict = Verdict::insufficient_evidence;
    out.detector = "pod-gone";
    out.cause = std::string(cut_words(
        fmt::format(
            "The bundle cannot tell: the pod no longer existed when it was collected ({}), so its state, "
            "its events and its log are missing.",
            lead.message),
        limit::sentence));
    out.missing = {"the log and the events of the pod from before it was gone"};
  }
  out.weight = out.strength = shows_only
                                  ? std::clamp(weight, 0.02, kShowsOnly)
                                  : below_cap(weight, lead.mechanism == nullptr ? 0 : lead.mechanism->root);

  for (const LogEntry* entry : group.entries) {
    for (EvidenceLine& line : lines_of(store, *entry)) {
      if (out.lines.size() + support.size() < limit::citations) out.lines.push_back(std::move(line));
    }
  }
  for (const LogEntry* entry : support) {
    EvidenceLine line = lines_of(store, *entry).front();
    const bool cited = std::any_of(out.lines.begin(), out.lines.end(), [&](const EvidenceLine& other) {
      return other.at.file == line.at.file && other.at.line == line.at.line;
    });
    if (!cited && out.lines.size() < limit::citations) out.lines.push_back(std::move(line));
  }
  return out;
}

// True where the entry counts against its component: not where only "whether, at that time" is asked and it
// stands outside.
bool counts(const LogEntry& entry, const Question& question) {
  return !(question.whether() && question.asks_time() && entry.meets_time < 0);
}

// Nothing above level info (above warning, and in the time asked for, where only "whether" is asked): what
// the log shows instead.
std::vector<Observation> quiet_logs(const LogStore& store, const Question& question) {
  std::vector<Observation> out;
  std::vector<std::vector<const LogEntry*>> of_file(store.files.size());
  std::vector<std::uint32_t> faults(store.files.size());
  std::vector<const LogEntry*> outside(store.files.size());
  std::vector<bool> warned(store.files.size());
  for (const LogEntry& entry : store.entries) {
    if (counts(entry, question)) of_file[entry.file].push_back(&entry);
    const bool mere_warning = question.whether() && !entry.is_error() && entry.mechanism == nullptr;
    if (!entry.is_fault()) continue;
    if (!counts(entry, question)) {
      const LogEntry*& last = outside[entry.file];
      if (last == nullptr || (entry.is_error() && entry.score > last->score)) last = &entry;
    } else if (mere_warning) {
      warned[entry.file] = true;
    } else {
      ++faults[entry.file];
    }
  }
  for (std::size_t index = 0; index < store.files.size() && out.size() < kFindings; ++index) {
    const LogFile& file = store.files[index];
    if (file.file.kind != TextFile::Kind::log && file.file.kind != TextFile::Kind::previous_log) continue;
    if (faults[index] > 0 || of_file[index].empty()) continue;
    // Counted, but not kept.
    const bool unseen =
        file.error_lines + file.warning_lines > 0 && outside[index] == nullptr && !warned[index];
    if (unseen) continue;
    Observation found;
    found.detector = "log-quiet";
    found.verdict = Verdict::no_fault;
    found.weight = question.names(file.file.pod) || question.names(file.file.container) ? 0.4 : 0.25;
    if (question.asks_time() && question.whether()) found.weight += 0.2;
    std::vector<const LogEntry*> lines = of_file[index];
    std::stable_sort(lines.begin(), lines.end(),
                     [](const LogEntry* a, const LogEntry* b) { return a->count > b->count; });
    static constexpr std::array<std::string_view, 6> kReady = {"ready",    "started",      "listening",
                                                               "complete", "start worker", "running"};
    // What shows health best: that it came up, else what it does most.
    std::stable_partition(lines.begin(), lines.end(), [](const LogEntry* entry) {
      const bool few = entry->count < 50;
      return few && std::any_of(kReady.begin(), kReady.end(),
                                [&](std::string_view word) { return contains_folded(entry->message, word); });
    });
    if (lines.size() > 3) lines.erase(lines.begin() + 3, lines.end());
    for (const LogEntry* entry : lines) found.lines.push_back(lines_of(store, *entry).front());
    const LogEntry* most =
        *std::max_element(of_file[index].begin(), of_file[index].end(),
                          [](const auto* a, const auto* b) { return a->count < b->count; });
    std::string name = component(file.file);
    if (!file.file.plain) name[0] = static_cast<char>(name[0] - 'A' + 'a');
    const std::string when = question.asks_time() && question.whether() ? " in the time asked for" : "";
    found.cause =
        fmt::format("No fault found: the log of {} holds no error{}{} and shows normal work ({}).", name,
                    warned[index] ? "" : " or warning", when, cut_utf8(one_line(most->message), 90));
    if (outside[index] != nullptr) {
      const LogEntry& other = *outside[index];
      found.cause = fmt::format(
          "No fault found: the log of {} holds no error{}; what it has stands outside that time: {} ({}).",
          name, when, cut_utf8(part(other, 120), 120), cut_utf8(to_utf8(other.first_time), 32));
      found.lines.push_back(lines_of(store, other).front());
    }
    found.cause = std::string(cut_utf8(found.cause, limit::sentence));
    found.culprit = owner_of(file.file);
    out.push_back(std::move(found));
  }
  return out;
}

}  // namespace

std::string telling_part(const std::string& message, std::size_t begin, std::size_t end, std::size_t most) {
  if (message.size() <= most) return message;
  begin = std::min(begin, message.size());
  end = std::clamp(end, begin, message.size());
  // What a phrase introduces belongs to it: "is not authorized to perform: kms:Decrypt".
  constexpr std::string_view kIntroduces = ": ";
  if (end > begin && message.compare(end, kIntroduces.size(), kIntroduces) == 0)
    end = std::min(message.size(), end + kIntroduces.size() + 1);
  // Clauses are parted by these; the one with the phrase is kept, then its neighbours as far as there is
  // room.
  static constexpr std::array<std::string_view, 6> kBorders = {" - ", "; ", " | ", ". ", ": ", ", "};
  std::vector<std::size_t> starts = {0};
  for (std::size_t at = 1; at < message.size(); ++at) {
    for (std::string_view border : kBorders) {
      if (message.compare(at, border.size(), border) == 0) {
        starts.push_back(at + border.size());
        break;
      }
    }
  }
  starts.push_back(message.size());
  std::size_t first = 0;
  while (first + 2 < starts.size() && starts[first + 1] <= begin) ++first;
  std::size_t last = first + 1;
  while (last + 1 < starts.size() && starts[last] < end) ++last;
  for (bool grown = true; grown;) {
    grown = false;
    if (first > 0 && starts[last] - starts[first - 1] <= most) --first, grown = true;
    if (last + 1 < starts.size() && starts[last + 1] - starts[first] <= most) ++last, grown = true;
  }
  std::string out(
      cut_words(std::string_view(message).substr(starts[first], starts[last] - starts[first]), most));
  while (!out.empty() && (out.back() == ' ' || out.back() == '-' || out.back() == ';' || out.back() == ':' ||
                          out.back() == ',' || out.back() == '|')) {
    out.pop_back();
  }
  return out;
}

std::vector<EvidenceLine> lines_of(const LogStore& store, const LogEntry& entry) {
  const LogFile& file = file_of(store, entry);
  const std::string reason = reason_of(file, entry);
  const auto line = [&](std::uint32_t first, std::uint32_t last, const std::string& quote) {
    return EvidenceLine{{file.file.path, first, last, ""}, quote, reason, entry.count, entry.score};
  };
  std::vector<EvidenceLine> out;
  const bool trace = entry.trace_first != 0 && entry.trace.find('\n') != std::string::npos;
  if (trace) {
    out.push_back(line(entry.trace_first, entry.trace_end, entry.trace));
  } else {
    out.push_back(line(entry.first_line, entry.first_line, entry.example));
  }
  if (entry.decisive_line != 0 && out[0].quote.find(entry.decisive) == std::string::npos) {
    out.insert(out.begin(), line(entry.decisive_line, entry.decisive_line, entry.decisive));
  }
  if (!entry.frame.empty() && out.back().quote.find(entry.frame) == std::string::npos) {
    out.push_back(line(entry.frame_line, entry.frame_line, entry.frame));
  }
  // The cause in the middle that has the phrase by which the mechanism was told.
  const std::string phrase = entry.message.substr(
      std::min<std::size_t>(entry.phrase_begin, entry.message.size()), entry.phrase_end - entry.phrase_begin);
  const auto quoted = [&](const std::string& text) {
    return std::ranges::any_of(
        out, [&](const EvidenceLine& each) { return each.quote.find(text) != std::string::npos; });
  };
  for (const TraceCause& cause : entry.causes) {
    const bool tells = !phrase.empty() && cause.text.find(phrase) != std::string::npos;
    if (tells && !quoted(cause.text)) out.insert(out.begin() + 1, line(cause.line, cause.line, cause.text));
  }
  std::erase_if(out, [](const EvidenceLine& each) { return each.quote.empty(); });
  if (out.empty()) out.push_back(line(entry.first_line, entry.first_line, entry.example));
  return out;
}

std::vector<EvidenceLine> candidate_lines(const LogStore& store,
                                          const std::vector<Observation>& observations) {
  std::set<std::string> culprits;
  for (const Observation& observation : observations) {
    if (observation.verdict == Verdict::fault) culprits.insert(observation.culprit.name);
  }
  std::vector<EvidenceLine> out;
  for (const LogEntry& entry : store.entries) {
    const LogFile& file = file_of(store, entry);
    for (EvidenceLine& line : lines_of(store, entry)) {
      if (line.quote.empty()) continue;
      if (!file.file.pod.empty() && culprits.contains(file.file.pod) && entry.is_fault()) {
        line.score = std::min(1.0, line.score + 0.1);
      }
      out.push_back(std::move(line));
    }
  }
  std::stable_sort(out.begin(), out.end(),
                   [](const EvidenceLine& a, const EvidenceLine& b) { return a.score > b.score; });
  return out;
}

std::vector<Observation> log_findings(const LogStore& store, const Question& question) {
  std::map<std::pair<std::string, std::string>, Group> groups;
  for (const LogEntry& entry : store.entries) {
    const bool condition = entry.mechanism != nullptr && !entry.mechanism->fault;
    const bool matters = entry.is_fault() || (condition && question.about_performance());
    if (!matters || entry.example.empty() || !counts(entry, question)) continue;
    const std::string what =
        entry.mechanism != nullptr ? entry.mechanism->name : fmt::format("{:x}", entry.hash);
    Group& group = groups[{workload_of(file_of(store, entry).file), what}];
    group.entries.push_back(&entry);
    group.count += entry.count;
    if (group.lead == nullptr || rank(entry) > rank(*group.lead)) group.lead = &entry;
  }
  // A condition (memory is high) yields to the fault beside it that explains it (memory leaks).
  const auto explained = [&](const std::string& where, const LogEntry& lead) {
    if (lead.mechanism == nullptr || lead.mechanism->fault) return false;
    for (const auto& [key, group] : groups) {
      const LogEntry& other = *group.lead;
      if (key.first == where && other.mechanism != nullptr && other.mechanism->fault &&
          (other.topics & lead.topics & Question::performance_topics()) != 0) {
        return true;
      }
    }
    return false;
  };
  std::vector<Observation> out;
  for (auto& [key, group] : groups) {
    std::stable_sort(group.entries.begin(), group.entries.end(),
                     [](const LogEntry* a, const LogEntry* b) { return rank(*a) > rank(*b); });
    out.push_back(observe(store, question, group));
    if (explained(key.first, *group.lead)) out.back().weight *= 0.75;
  }
  std::stable_sort(out.begin(), out.end(),
                   [](const Observation& a, const Observation& b) { return a.weight > b.weight; });
  explain_within(&out);
  cite_neighbours(&out);
  std::map<std::string, std::size_t> of_file;
  std::erase_if(out, [&](const Observation& observation) {
    return ++of_file[observation.lines.empty() ? "" : observation.lines.front().at.file] > kOfOneFile;
  });
  if (out.size() > kFindings) out.resize(kFindings);
  for (Observation& odd : odd_pods(store, question)) out.push_back(std::move(odd));
  for (Observation& quiet : quiet_logs(store, question)) out.push_back(std::move(quiet));
  return out;
}

}  // namespace carrel
