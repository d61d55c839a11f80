#include "room/evidence/log_score.h"

#include <algorithm>
#include <array>
#include <set>

#include "base/ascii.h"
#include "base/phrase_set.h"
#include "base/text.h"
#include "record/limits.h"
#include "room/evidence/duration.h"
#include "room/evidence/lock_wait.h"
#include "room/evidence/routine.h"

namespace carrel {
namespace {

constexpr double kCertain = 0.15;  // the root of a mechanism that needs no other words
// What some programs tell at level info: PostgreSQL who waits for whom, and that it cannot archive, MongoDB
// that it cannot catch up, ingress-nginx what it does not serve; and what a store that takes no writes
// answered stands in access logs.
constexpr std::array<std::string_view, 5> told_at_info = {lock_wait, "wal-unarchived", "replica-stale",
                                                          "ingress-ignored", "writes-refused"};
constexpr std::string_view raised_alarm = "resource-alarm";  // RabbitMQ only warns

enum Sense : std::uint8_t { kRecovery, kCleared, kValue, kCause, kHandled };

// Words that give a line a sense beside its level.
unsigned senses_of(std::string_view text) {
  struct Phrase {
    const char* text;
    Sense sense;
  };
  static const std::vector<Phrase> kPhrases = {
      {"resolved", kRecovery},
      {"recovered", kRecovery},
      {"back to normal", kRecovery},
      {"reconnected", kRecovery},
      {"<restored", kRecovery},
      {"connection established", kRecovery},
      {"succeeded", kRecovery},
      {"<successfully", kRecovery},
      {"lock acquired", kRecovery},
      {"acquired the lock", kRecovery},
      {"lock released", kRecovery},
      {"is healthy", kRecovery},
      {"<connected to", kRecovery},
      {"<alarm cleared", kCleared},
      {"<alarm is cleared", kCleared},
      {"limit alarm cleared", kCleared},
      {"health check cleared", kRecovery},
      {"<launched", kRecovery},
      {"<expiry", kValue},
      {"<expires", kValue},
      {"<ttl", kValue},
      {"<timeout", kValue},
      {"<limit", kValue},
      {"<max", kValue},
      {"<interval", kValue},
      {"<rate", kValue},
      {"<usage", kValue},
      {"<size", kValue},
      {"% of", kValue},
      {"<threshold", kValue},
      {"<latency", kValue},
      {"<took", kValue},
      {"<average", kValue},
      {"rendered in", kValue},
      {"completed in", kValue},
      {"<set to", kValue},
      {"<changed from", kValue},
      {"<allocated", kValue},
      {"isr updated to", kRecovery},
      {"is ignored>", kHandled},
      {", ignored", kHandled},
      {", ignoring", kHandled},
      {"using the default", kHandled},
      {"using default>", kHandled},
      {"falling back to", kHandled},
      {"dropping it", kHandled},
      {", skipped", kHandled},
      {"<corrected>", kHandled},
      {"client disconnected", kHandled},
      {"client went away", kHandled},
      {"client closed", kHandled},
      {"bad request: ", kHandled},
      {"optimistic lock", kHandled},  // a controller's write came second; it reads and writes again
      {"due to user request", kHandled},
      {"<causing", kCause},
      {"caused by", kCause},
      {"<due to", kCause},
      {"<because", kCause},
      {"root cause", kCause},
      {"<reason:", kCause},
      {"<hotspot", kCause},
      {"<bottleneck", kCause},
      {"<expect", kCause},
  };
  static const PhraseSet kSet = [] {
    std::vector<std::string> phrases;
    for (const Phrase& phrase : kPhrases) phrases.emplace_back(phrase.text);
    return PhraseSet(phrases);
  }();
  std::vector<PhraseSet::Match> matches;
  kSet.find(text, &matches);
  unsigned senses = 0;
  for (const PhraseSet::Match& match : matches) senses |= 1u << kPhrases[match.phrase].sense;
  return senses;
}

// "Caused by: org.acme.NoSuchRecord: 17" without its mark and its package: "NoSuchRecord: 17".
std::string plain_cause(std::string_view line) {
  std::string_view text = trim(line);
  for (const std::string_view mark : {"Caused by: ", "---> ", "[cause]: "}) {
    if (text.starts_with(mark)) text.remove_prefix(mark.size());
  }
  const std::size_t name = text.substr(0, text.find_first_of(": ")).rfind('.');
  const bool package = name != std::string_view::npos && name + 1 < text.size() && text[name + 1] >= 'A' &&
                       text[name + 1] <= 'Z';
  return std::string(package ? text.substr(name + 1) : text);
}

// What a trace gives as causes, the last one deciding.
std::vector<std::string> causes_of(const LogEntry& entry) {
  std::vector<std::string> out;
  for (const TraceCause& cause : entry.causes) out.push_back(plain_cause(cause.text));
  if (!entry.decisive.empty()) {
    const bool announced = entry.decisive.find("Caused by: ") == std::string::npos;
    out.push_back(announced ? classify(entry.decisive).message : plain_cause(entry.decisive));
  }
  return out;
}

bool says_failure(std::string_view message) {
  static constexpr std::array<std::string_view, 7> kStarts = {"failed ", "unable ",  "cannot ",  "could not ",
                                                              "error ",  "failure ", "rejected "};
  const std::string start = to_lower(message.substr(0, 12));
  return std::any_of(kStarts.begin(), kStarts.end(),
                     [&](std::string_view each) { return start.starts_with(each); });
}

// Tools' text is looked at lightly: tables and descriptions are read as objects elsewhere, so only a line
// that says outright what went wrong counts.
Severity severity_in_tool_output(const LineClass& line, const MechanismMatch& match) {
  // Events, as `describe` and `get` print them: "Warning  Unhealthy ...", "6h41m   Warning   Unhealthy ...".
  const std::string_view start = std::string_view(line.message).substr(0, 24);
  const std::string_view columns = std::string_view(line.message).substr(0, 96);
  if (start.find("Warning ") != std::string_view::npos || start.find("Normal ") != std::string_view::npos ||
      columns.find("  Warning  ") != std::string_view::npos ||
      columns.find("  Normal  ") != std::string_view::npos)
    return Severity::info;
  // A revision of `helm history` that a later one took the place of.
  if (line.message.find("superseded") != std::string::npos && is_digit(line.message.front()))
    return Severity::info;
  const bool outright = line.message.starts_with("Error") || line.message.starts_with("error") ||
                        line.message.starts_with("Message:") ||
                        line.message.find("failed") != std::string::npos ||
                        line.message.find("rror:") != std::string::npos || !tool_of(line.message).empty();
  const bool certain =
      match.mechanism != nullptr && match.mechanism->fault && match.mechanism->root >= kCertain;
  if (certain || (match.mechanism != nullptr && match.mechanism->fault && outright)) return Severity::error;
  return line.stated && line.severity >= Severity::error ? Severity::error : Severity::info;
}

// "latency=14ms" tells of a time, and not of a long one. etcd warns of whatever takes more than 100 ms, which
// disks that are good enough take now and then.
bool is_quick(const Mechanism& mechanism, const LogEntry& entry) {
  constexpr double quick = 0.1, quick_for_etcd = 0.5;  // seconds
  if (mechanism.name != "slow") return false;
  const bool etcd = contains_folded(entry.message, "request took too long");
  const double longest = longest_time(etcd ? entry.example : entry.message);
  return longest > 0 && longest < (etcd ? quick_for_etcd : quick);
}

double base_score(const LogEntry& entry) {
  switch (entry.severity) {
    case Severity::fatal:
      return 0.62;
    case Severity::error:
      return 0.5;
    case Severity::warning:
      return 0.3;
    case Severity::unknown:
      return 0.08;
    case Severity::info:
      return 0.06;
    case Severity::debug:
      return 0.02;
  }
  return 0;
}

}  // namespace

std::string_view tool_of(std::string_view message) {
  const std::size_t colon = message.find(": ");
  const bool named = colon != std::string_view::npos && colon >= 2 && colon <= 16 &&
                     std::all_of(message.begin(), message.begin() + static_cast<std::ptrdiff_t>(colon),
                                 [](char c) { return is_lower(c) || is_digit(c) || c == '_'; });
  return named ? message.substr(0, colon) : std::string_view();
}

std::string_view speaker_of(const LogEntry& entry) {
  constexpr std::size_t kFarthest = 120;
  const std::string_view message = entry.example;
  const std::size_t end = message.substr(0, kFarthest).find("]: ");
  if (end == std::string_view::npos) return tool_of(entry.message);
  const std::size_t open = message.rfind('[', end);
  if (open == std::string_view::npos || open == 0 || open + 1 == end ||
      !std::all_of(message.begin() + static_cast<std::ptrdiff_t>(open) + 1,
                   message.begin() + static_cast<std::ptrdiff_t>(end), is_digit)) {
    return tool_of(entry.message);
  }
  const std::size_t space = message.rfind(' ', open);
  const std::size_t begin = space == std::string_view::npos ? 0 : space + 1;
  return message.substr(begin, open - begin);
}

void describe_entry(const TextFile& file, const Question& question, LogEntry* entry) {
  // In a trace the line that decides is classed too, and its mechanism is the entry's.
  const LineClass line = classify(entry->example);
  entry->message = line.message;
  entry->details = line.details;
  for (const std::string& cause : causes_of(*entry)) {
    if (entry->message.find(cause) == std::string::npos) entry->message += ": " + cause;
  }
  entry->severity = line.severity;
  entry->stated = line.stated;
  entry->first_time = line.time;
  entry->logger = line.logger;
  if (entry->trace_first != 0 && entry->severity < Severity::error && !entry->stated) {
    entry->severity = Severity::error;
  }
  if (entry->severity != Severity::debug) {
    MechanismMatch match = find_mechanism(entry->message);
    if (match.mechanism != nullptr && is_quick(*match.mechanism, *entry)) match = {};
    // A line of level info that gives a certain fault as its reason ("document skipped reason=...") tells it.
    const bool reason =
        match.mechanism != nullptr && match.mechanism->root >= 0.13 &&
        (contains_folded(line.message, "reason=") || contains_folded(line.message, "skipped") ||
         contains_folded(line.message, "skipping"));
    // So does one that begins with it: there is software that logs all that its clients do wrong at level
    // info.
    const bool outright = match.mechanism != nullptr && match.mechanism->fault &&
                          match.mechanism->root >= 0.1 && says_failure(line.message);
    // Who tries again has not given up.
    const bool again = contains_folded(line.message, "retry");
    if ((reason || outright) && !again && entry->severity == Severity::info)
      entry->severity = Severity::warning;
    const std::string_view name = match.mechanism == nullptr ? std::string_view() : match.mechanism->name;
    const bool tells = std::ranges::find(told_at_info, name) != told_at_info.end();
    if ((tells && entry->severity == Severity::info) ||
        (name == raised_alarm && entry->severity == Severity::warning))
      entry->severity = Severity::error;
    const bool fits =
        match.mechanism != nullptr && (!match.mechanism->fault || entry->severity != Severity::info);
    if (fits) {
      entry->mechanism = match.mechanism;
      entry->phrase_begin = match.begin;
      entry->phrase_end = match.end;
      if (match.mechanism->fault && entry->severity == Severity::unknown && match.mechanism->root >= 0.1) {
        // What is certain needs no level; and the kernel, which gives none, tells of no fault that it has not
        // met.
        const double least = contains_folded(entry->message, "kernel: ") ? 0.13 : 0.15;
        const bool is_error = match.mechanism->root >= least || !tool_of(entry->message).empty();
        entry->severity = is_error ? Severity::error : Severity::warning;
      }
    }
    if (file.kind == TextFile::Kind::tool_output) entry->severity = severity_in_tool_output(line, match);
  }
  if (entry->is_fault() && (is_routine(entry->example, question) || is_routine(entry->message, question))) {
    entry->severity = Severity::info;
    entry->mechanism = nullptr;
  }
  entry->shared_words = question.shared_words(entry->message);
  entry->topics = Question::topics_of(entry->message);
  entry->meets_time = question.meets_time(entry->first_time, entry->last_time);
  const unsigned senses = senses_of(entry->message);
  entry->tells_value =
      (senses & (1u << kValue)) != 0 && std::any_of(entry->message.begin(), entry->message.end(), is_digit);
  entry->tells_cause = (senses & (1u << kCause)) != 0;
  entry->handled = (senses & (1u << kHandled)) != 0 && entry->severity < Severity::fatal;
  // That an alarm is over is told at the level at which it was raised.
  const bool cleared = (senses & (1u << kCleared)) != 0;
  if (cleared) entry->severity = std::min(entry->severity, Severity::info);
  entry->recovered = cleared || ((senses & (1u << kRecovery)) != 0 && entry->severity < Severity::warning);
}

namespace {

// Whether a connection that failed works again can be told from the log's going on without that failure.
bool is_of_connection(const Mechanism* mechanism) {
  static constexpr std::array<std::string_view, 11> kNames = {"replication",
                                                              "leader-election",
                                                              "dns-upstream",
                                                              "database-unreachable",
                                                              "cache-unreachable",
                                                              "broker-unreachable",
                                                              "connection-refused",
                                                              "connection-lost",
                                                              "unreachable",
                                                              "dns",
                                                              "timeout"};
  return mechanism != nullptr && std::find(kNames.begin(), kNames.end(), mechanism->name) != kNames.end();
}

// True where another error came after the last failed connection, more often, and goes on in the last tenth
// of the log.
bool is_overtaken(const LogFile& file, const LogEntry& entry, const std::vector<LogEntry>& entries) {
  if (!entry.is_error() || !is_of_connection(entry.mechanism) || entry.at_end) return false;
  return std::any_of(entries.begin(), entries.end(), [&](const LogEntry& other) {
    return other.is_error() && other.mechanism != nullptr && !is_of_connection(other.mechanism) &&
           other.first_line > entry.last_line && other.count > entry.count &&
           other.last_line >= file.lines / 10 * 9;
  });
}

// True where the log went on without it, or it is of an instance that has ended.
bool is_over(const LogFile& file, const LogEntry& entry) {
  if (file.file.kind == TextFile::Kind::previous_log) return true;
  const std::uint64_t behind = file.lines - std::min<std::uint64_t>(entry.last_line, file.lines);
  return entry.severity < Severity::fatal && behind >= std::max<std::uint64_t>(2, file.lines / 4);
}

}  // namespace

void score_entries(const LogFile& file, const Question& question, std::vector<LogEntry>* entries) {
  // A later line of recovery that shares a telling word with a fault says that the fault is over.
  std::vector<const LogEntry*> recoveries;
  LogEntry* commonest = nullptr;
  LogEntry* first_fault = nullptr;
  for (LogEntry& entry : *entries) {
    if (entry.recovered) recoveries.push_back(&entry);
    if (commonest == nullptr || entry.count > commonest->count) commonest = &entry;
    if (entry.is_error() && (first_fault == nullptr || entry.first_line < first_fault->first_line)) {
      first_fault = &entry;
    }
  }
  if (commonest != nullptr && commonest->count > 1) commonest->commonest = true;
  if (first_fault != nullptr) first_fault->first_fault = true;
  std::vector<std::pair<std::uint32_t, std::set<std::string>>> over;
  for (const LogEntry* entry : recoveries) over.emplace_back(entry->last_line, telling_words(entry->message));
  for (LogEntry& entry : *entries) {
    const bool says_so = entry.recovered;
    entry.recovered = false;
    if (!entry.is_fault() || says_so || over.empty()) continue;
    const std::set<std::string> words = telling_words(entry.message);
    entry.recovered = std::any_of(over.begin(), over.end(), [&](const auto& recovery) {
      return recovery.first > entry.last_line &&
             std::any_of(recovery.second.begin(), recovery.second.end(),
                         [&](const std::string& word) { return words.contains(word); });
    });
  }

  const bool named = question.names(file.file.pod) || question.names(file.file.container);
  for (LogEntry& entry : *entries) {
    double score = base_score(entry);
    const auto topics = static_cast<unsigned>(__builtin_popcount(entry.topics & question.topics()));
    // A warning of what is asked about counts as much as an error.
    if (entry.mechanism != nullptr && entry.is_fault())
      score += entry.mechanism->root * (entry.is_error() || topics > 0 ? 1 : 0.6);
    if (entry.mechanism != nullptr && !entry.mechanism->fault) {
      score += question.about_performance() ? 0.2 + entry.mechanism->root : 0.02;
    } else if (question.about_performance() && (entry.topics & Question::performance_topics()) != 0) {
      score += 0.12;
    }
    if (entry.is_error()) score += entry.count >= 20 ? 0.06 : entry.count >= 3 ? 0.04 : 0;
    // A warning that names a fault and does not end is one.
    if (entry.is_fault() && !entry.is_error() && entry.count >= 5 && entry.mechanism != nullptr &&
        entry.mechanism->fault && entry.mechanism->root >= 0.1)
      score += 0.08;
    if (entry.trace_first != 0) score += 0.03;
    if (entry.first_fault && file.error_lines > 2) score += 0.04;
    if (entry.at_end && entry.is_error()) score += 0.05;
    if (entry.at_end && !entry.is_fault()) score += 0.05;
    if (entry.at_start && entry.is_error()) score += 0.03;
    if (entry.burst) score += 0.02;
    if (file.file.kind == TextFile::Kind::previous_log) score += entry.is_error() ? 0.06 : 0.03;
    if (entry.count <= 2 && file.lines >= 200 && entry.severity == Severity::unknown) score += 0.06;
    score += 0.04 * std::min(entry.shared_words, 4);
    score += 0.04 * std::min(topics, 3u);
    if (entry.tells_value && (topics > 0 || question.about_performance() || question.about_change()))
      score += 0.08;
    if (entry.tells_cause) score += question.about_performance() ? 0.1 : 0.04;
    if (entry.meets_time > 0) score += question.began_since(entry.first_time) ? 0.13 : 0.1;
    if (named) score += 0.03;
    if (entry.commonest && !entry.is_fault()) score += 0.05;
    if (entry.severity == Severity::debug) score *= 0.3;
    if (entry.recovered || is_overtaken(file, entry, *entries)) score *= 0.6;
    // What a program falls back to may be what is asked about.
    const bool is_meant = entry.mechanism != nullptr && topics > 0;
    if (entry.handled && !is_meant) score *= 0.6;
    if (entry.meets_time < 0) score *= 0.5;
    // An open question may be one about a system that is well, too.
    const bool may_be_well =
        question.only_whether() || (question.open() && file.file.kind != TextFile::Kind::previous_log);
    if (may_be_well && entry.is_fault() && (entry.recovered || is_over(file, entry))) score *= 0.6;
    entry.score = std::clamp(score, 0.01, 0.95);
  }
}

}  // namespace carrel
