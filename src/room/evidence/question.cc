#include "room/evidence/question.h"

#include <algorithm>
#include <array>
#include <cstdlib>
#include <set>

#include "base/ascii.h"
#include "base/text.h"

namespace carrel {
namespace {

struct Topic {
  const char* name;
  std::vector<std::string> asked;  // words of a question, as PhraseSet phrases
  std::vector<std::string> shown;  // words of evidence; those of `asked` count too
};

enum TopicBit : std::uint32_t { kSlow = 0, kCpu = 1, kMemory = 2, kChange = 3 };

const std::vector<Topic>& topics() {
  static const std::vector<Topic> table = {
      {"slow",
       {"<slow", "latency", "takes ", "take ", "<seconds", "<long>", "<lag", "<performance", "timeout",
        "timing out", "<hang", "<delay", "response time", " ms>", "<freez", "<stall", "<p99", "<pausing",
        "<pauses"},
       {"duration", "took", "timed out", "deadline exceeded", "rendered in", "elapsed", "<wait"}},
      {"cpu", {"<cpu", "processor", "<load>", "throttl"}, {"hotspot", "profil"}},
      {"memory", {"<memory", "<oom", "<leak", "<heap", "<ram>", "out of memory"}, {"<gc>", "allocat"}},
      {"change",
       {"deployed", "deploy>", "upgrade", "<update", "<change", "rolled out", "<release", "<since>",
        "migration", "<trigger"},
       {"revision", "version", "<config", "expiry", "<ttl", "setting"}},
      {"authentication",
       {"log in", "<login", "logging in", "sign in", "authenti", "<auth", "<password", "<session", "<token",
        "401", "unauthori", "<credential", "<sso", "<oidc", "<saml"},
       {"<jwt", "identity provider", "<ldap", "access denied"}},
      {"certificate", {"certificat", "<tls>", "<ssl>", "<https", "x509", "<cert>"}, {"handshake", "expired"}},
      {"dns",
       {"<dns>", "resolv", "<hostname", "name resolution", "lookup"},
       {"no such host", "getaddrinfo", "nxdomain"}},
      {"network",
       {"connect", "reach", "<network", "<timeout", "refused", "<traffic", "<route", "<ingress", "<egress"},
       {"unreachable", "<dial", "econn"}},
      {"database",
       {"database", "<db>", "mysql", "postgres", "<sql", "mongo", "<query", "<queries"},
       {"<jdbc", "<rds>", "deadlock"}},
      {"cache", {"redis", "<cache", "memcache"}, {}},
      {"queue",
       {"<queue", "kafka", "rabbitmq", "<consumer", "<message", "broker", "<topic"},
       {"<amqp", "<lag>", "rebalanc"}},
      {"payment",
       {"<payment", "<pay>", "checkout", "<order", "<charge", "billing", "<purchase"},
       {"stripe", "paypal", "<invoice"}},
      {"disk",
       {"<disk", "<storage", "<volume", "<space", "<pvc", "read-only", "<write"},
       {"enospc", "no space", "filesystem", "inode"}},
      {"permission",
       {"<permission", "<denied", "<forbidden", "<rbac", "<access", "<allowed", "403"},
       {"eacces", "cannot list"}},
      {"start",
       {"<start", "<crash", "<restart", "<fail", "<exit", "<boot", "comes up", "come up"},
       {"<panic", "<fatal", "exception", "killed"}},
      {"image", {"<image", "<pull", "<registry"}, {"manifest", "errimagepull"}},
      {"configuration",
       {"<config", "<setting", "<environment", "<variable", "<secret", "misconfig"},
       {"<missing", "<invalid", "not set", "required"}},
      {"schedule", {"pending", "<schedul", "<node"}, {"taint", "affinity", "insufficient"}},
      {"rate", {"rate limit", "<429>", "too many", "<quota"}, {"throttl", "rate-limit"}},
      {"replication", {"replica", "<leader", "<quorum", "<cluster", "<raft", "<etcd"}, {"election", "<sync"}},
      {"backup", {"<backup", "<restore", "<snapshot"}, {}},
      {"upload", {"<upload", "<download", "<file>", "<files>", "<import", "<export"}, {"<bucket", "<s3>"}},
      {"mail", {"<mail", "<email", "<smtp", "notification"}, {}},
      {"clock",
       {"<clock", "time zone", "<timezone", "hours late", "hour late", "hours early", "hour early",
        "hours off", "wrong time", "<utc>", "<ntp>"},
       {"<tz>", "tzdata", "<zoneinfo", "skew", "<drift"}},
      {"scaling", {"<scal", "<autoscal", "<hpa"}, {}},
      {"job", {"<job", "<cron", "<batch", "<schedule"}, {}},
  };
  return table;
}

struct TopicIndex {
  PhraseSet set;
  std::vector<std::uint32_t> topic;
};

TopicIndex make_index(bool shown) {
  std::vector<std::string> phrases;
  std::vector<std::uint32_t> owners;
  for (std::uint32_t index = 0; index < topics().size(); ++index) {
    for (const std::string& phrase : topics()[index].asked)
      phrases.push_back(phrase), owners.push_back(index);
    if (!shown) continue;
    for (const std::string& phrase : topics()[index].shown)
      phrases.push_back(phrase), owners.push_back(index);
  }
  return {PhraseSet(phrases), std::move(owners)};
}

std::uint32_t bits(const TopicIndex& index, std::string_view text) {
  std::vector<PhraseSet::Match> matches;
  index.set.find(text, &matches);
  std::uint32_t found = 0;
  for (const PhraseSet::Match& match : matches) found |= 1u << index.topic[match.phrase];
  return found;
}

// "15:00" as minutes of the day; -1 if the text does not begin with one.
int minutes(std::string_view text) {
  if (text.size() < 5 || !is_digit(text[0]) || !is_digit(text[1]) || text[2] != ':' || !is_digit(text[3]) ||
      !is_digit(text[4])) {
    return -1;
  }
  const int value = ((text[0] - '0') * 10 + (text[1] - '0')) * 60 + (text[3] - '0') * 10 + (text[4] - '0');
  return value < 24 * 60 ? value : -1;
}

// The clock time within a time as a log writes it.
int clock_of(std::string_view time) {
  for (std::size_t at = 0; at + 5 <= time.size(); ++at) {
    if (at > 0 && (is_digit(time[at - 1]) || time[at - 1] == ':')) continue;
    if (const int found = minutes(time.substr(at)); found >= 0) return found;
  }
  return -1;
}

// "2025-06-19" of a time that begins with a date in this order, with '-' or '/'.
std::string date_of(std::string_view time) {
  if (time.size() < 10 || !is_digit(time[0]) || (time[4] != '-' && time[4] != '/')) return "";
  std::string date(time.substr(0, 10));
  date[4] = date[7] = '-';
  return date;
}

// Number (from 0) of a month that a word begins with ("mar", "march"); -1: none.
int month_of(std::string_view word) {
  static constexpr std::array<std::string_view, 12> kMonths = {"jan", "feb", "mar", "apr", "may", "jun",
                                                               "jul", "aug", "sep", "oct", "nov", "dec"};
  for (std::size_t i = 0; i < kMonths.size(); ++i) {
    if (word.size() >= 3 && to_lower(word.substr(0, 3)) == kMonths[i]) return static_cast<int>(i);
  }
  return -1;
}

constexpr int kDaysOfMonth = 31;

// The day of a year of 12 months of 31 days that a time is of, as a log writes it: "2026-03-16T...",
// "Mar 16 00:53:27"; -1: it tells none.
int day_of(std::string_view time) {
  const auto number = [](std::string_view text) {
    text = trim(text);
    const bool digits = !text.empty() && text.size() <= 2 && std::all_of(text.begin(), text.end(), is_digit);
    return digits ? std::atoi(std::string(text).c_str()) : -1;
  };
  int month = -1, day = -1;
  if (const std::string date = date_of(time); !date.empty()) {
    month = number(std::string_view(date).substr(5, 2)) - 1;
    day = number(std::string_view(date).substr(8, 2));
  } else if (time.size() >= 6 && time[3] == ' ') {
    month = month_of(time);
    day = number(time.substr(4, 2));
  }
  return month < 0 || month > 11 || day < 1 || day > kDaysOfMonth ? -1 : month * kDaysOfMonth + day;
}

bool is_month(std::string_view word) {
  static constexpr std::array<std::string_view, 12> kNames = {
      "january", "february", "march",     "april",   "may",      "june",
      "july",    "august",   "september", "october", "november", "december"};
  return std::ranges::find(kNames, word) != kNames.end();
}

// The day in a line's time, wherever in its front that stands.
int day_in(std::string_view line) {
  constexpr std::size_t kDate = 10;
  for (std::size_t at = 0; at + kDate <= line.size(); ++at) {
    if (!is_digit(line[at]) || (at > 0 && is_digit(line[at - 1]))) continue;
    if (const int day = day_of(line.substr(at, kDate)); day >= 0) return day;
  }
  return day_of(line);
}

}  // namespace

std::vector<std::string> words_of(std::string_view text) {
  std::vector<std::string> words;
  std::string word;
  const auto flush = [&] {
    while (!word.empty() && (word.back() == '.' || word.back() == '-' || word.back() == '_')) word.pop_back();
    std::size_t front = 0;
    while (front < word.size() && (word[front] == '.' || word[front] == '-' || word[front] == '_')) ++front;
    if (front < word.size()) words.push_back(word.substr(front));
    word.clear();
  };
  for (char c : text) {
    if ((c >= 'a' && c <= 'z') || is_digit(c) || c == '-' || c == '_' || c == '.' ||
        static_cast<unsigned char>(c) >= 0x80) {
      word.push_back(c);
    } else if (c >= 'A' && c <= 'Z') {
      word.push_back(static_cast<char>(c - 'A' + 'a'));
    } else {
      flush();
    }
  }
  flush();
  return words;
}

std::string stem(std::string_view word) {
  for (std::string_view ending :
       {"ations", "ation", "ions", "ing", "ion", "ies", "ed", "es", "er", "ly", "s", "y", "e"}) {
    if (word.size() >= ending.size() + 4 && word.ends_with(ending)) {
      return std::string(word.substr(0, word.size() - ending.size()));
    }
  }
  return std::string(word);
}

namespace {

bool is_stop_word(std::string_view word) {
  static const std::set<std::string, std::less<>> kWords = {
      "all",        "and",      "any",     "are",      "can",         "for",        "has",        "how",
      "its",        "not",      "one",     "out",      "the",         "was",        "who",        "why",
      "about",      "after",    "also",    "answers",  "application", "because",    "before",     "been",
      "being",      "cause",    "causes",  "cluster",  "could",       "deployment", "does",       "error",
      "errors",     "every",    "fault",   "faults",   "from",        "gets",       "given",      "happen",
      "happened",   "have",     "here",    "into",     "issue",       "issues",     "last",       "like",
      "log",        "logged",   "logs",    "many",     "namespace",   "never",      "over",       "please",
      "pod",        "pods",     "problem", "problems", "reason",      "report",     "reports",    "root",
      "service",    "services", "should",  "show",     "shows",       "since",      "some",       "still",
      "such",       "that",     "their",   "them",     "then",        "there",      "these",      "they",
      "this",       "user",     "users",   "very",     "were",        "what",       "when",       "where",
      "which",      "while",    "will",    "with",     "work",        "working",    "works",      "would",
      "wrong",      "your",     "hours",   "minutes",  "today",       "default",    "production", "system",
      "kubernetes", "failing",  "failed",  "fails",    "down",        "stuck",      "afternoon",  "morning",
      "time",       "info",     "warn"};
  return kWords.contains(word);
}

}  // namespace

bool is_everyday(std::string_view word) {
  return word.size() < 4 || is_stop_word(word);
}

Question::Question(const std::string& text) : text_(text), words_(words_of(text)), set_({}) {
  const std::string lower = to_lower(text);
  static const TopicIndex asked = make_index(false);
  topics_ = bits(asked, lower);
  for (const std::string& word : words_) {
    const bool date = word.size() == 10 && is_digit(word[0]) && word[4] == '-' && word[7] == '-';
    if (date) {
      dates_.push_back(word);
      continue;
    }
    const bool identifier =
        word.size() >= 3 && (word.find_first_of("-_.0123456789") != std::string::npos) &&
        std::any_of(word.begin(), word.end(), [](char c) { return c >= 'a' && c <= 'z'; });
    if (identifier) identifiers_.push_back(word);
    if (!identifier && !is_everyday(word)) stems_.push_back(stem(word));
  }
  // "14 March", "March 14"
  for (std::size_t i = 0; i + 1 < words_.size(); ++i) {
    const bool before = is_month(words_[i]);
    if (!before && !is_month(words_[i + 1])) continue;
    const std::string& day = words_[before ? i + 1 : i];
    const int number = std::atoi(day.c_str());
    if (day.size() > 4 || number < 1 || number > kDaysOfMonth) continue;
    days_.push_back(month_of(words_[before ? i : i + 1]) * kDaysOfMonth + number);
  }
  std::sort(stems_.begin(), stems_.end());
  stems_.erase(std::unique(stems_.begin(), stems_.end()), stems_.end());
  std::vector<std::string> phrases;
  for (const std::string& word : stems_) phrases.push_back("<" + word);
  set_ = PhraseSet(phrases);

  for (std::string_view phrase : {"causes", "faults", "reasons", "problems", "root causes", "issues",
                                  "what are the", "same reason", "same cause", "what all", "everything that",
                                  "each of the two", "list what", "what is actually broken"}) {
    several_ |= lower.find(phrase) != std::string::npos;
  }
  for (std::string_view phrase :
       {"is there a fault", "is there a problem", "is there an issue", "is there anything", "any fault",
        "any problem", "any issue", "is it healthy", "healthy?", "show a fault", "is anything wrong",
        "is something wrong", "does it work", "are there any", "are there errors", "is there any",
        "is everything", "whether something", "whether anything"}) {
    whether_ |= lower.find(phrase) != std::string::npos;
  }
  // "Does the log show errors?", "Were there any failures?"; not "Does it fail, and why?"
  static const std::set<std::string, std::less<>> kOpens = {"is",   "are", "does", "do",  "was",
                                                            "were", "did", "has",  "have"};
  static const std::set<std::string, std::less<>> kOfFaults = {
      "error",    "errors",    "fault",     "faults",  "problem", "problems", "issue",   "issues",
      "warnings", "failures",  "wrong",     "trouble", "fail",    "failed",   "failing", "broken",
      "succeed",  "succeeded", "completed", "healthy", "break",   "broke"};
  const auto any_of = [&](const auto& set) {
    return std::any_of(words_.begin(), words_.end(), [&](const std::string& w) { return set.contains(w); });
  };
  static const std::set<std::string, std::less<>> kReasons = {"why", "what",  "which",
                                                              "how", "cause", "reason"};
  static const std::set<std::string, std::less<>> kOpenWords = {"likely", "trouble", "bundle", "most",
                                                                "probable"};
  static const std::set<std::string, std::less<>> kComplaints = {"down",  "failing", "failed", "fails",
                                                                 "stuck", "wrong",   "error",  "errors"};
  open_ = any_of(kOpenWords) && !any_of(kComplaints) && identifiers_.empty() && dates_.empty() &&
          days_.empty() && std::ranges::all_of(words_, [](const std::string& word) {
            return is_everyday(word) || kOpenWords.contains(word);
          });
  asks_reason_ = any_of(kReasons);
  // These open the matter only where no reason is asked for: "users have a problem since 14:00. Why?" does
  // not.
  for (std::string_view phrase :
       {"fine again",       "please check",       "left over",      "worry about",     "all is fine",
        "all right",        "everything is fine", "anything wrong", "anything to ",    "anything we",
        "anything that we", "anything amiss",     "anything need",  "need attention",  "needs attention",
        "any attention",    "has a problem",      "have a problem", "still healthy",   "properly?",
        "as it should?",    "are healthy",        "still a fault",  "still a problem", "still an issue"}) {
    whether_ |= !asks_reason_ && lower.find(phrase) != std::string::npos;
  }
  // The words that sentences begin with.
  const auto opens = [&] {
    for (std::size_t at = 0; at < lower.size();) {
      const std::size_t begin = lower.find_first_not_of(" .?!\n", at);
      if (begin == std::string::npos) return false;
      if (kOpens.contains(lower.substr(begin, lower.find_first_of(" ,.?!\n", begin) - begin))) return true;
      const std::size_t end = lower.find_first_of("?!\n", begin);
      at = std::min(end, lower.find(". ", begin));
    }
    return false;
  };
  // "Did the release break it?" asks who is to blame for what is taken for broken.
  const bool blames =
      std::ranges::any_of(std::initializer_list<std::string_view>{" break it", " broke it", " break this",
                                                                  " broken it", " cause it", " cause this"},
                          [&](std::string_view phrase) { return lower.find(phrase) != std::string::npos; });
  whether_ |= any_of(kOfFaults) && !asks_reason_ && !blames && opens();
  find_window(lower);
}

void Question::find_window(const std::string& lower) {
  struct Time {
    int minutes;
    std::string_view ahead;  // what stands before it
  };
  std::vector<Time> times;
  std::size_t behind = 0;  // the end of the time before
  for (std::size_t at = 0; at < lower.size(); ++at) {
    if (!is_digit(lower[at]) || (at > 0 && (is_digit(lower[at - 1]) || lower[at - 1] == ':'))) continue;
    int found = minutes(std::string_view(lower).substr(at));
    std::size_t end = at + 5;
    if (found < 0) {  // "3 pm", "3:20pm"
      end = at;
      int hour = 0, minute = 0;
      while (end < lower.size() && is_digit(lower[end]) && end < at + 2)
        hour = hour * 10 + (lower[end++] - '0');
      if (end + 2 < lower.size() && lower[end] == ':' && is_digit(lower[end + 1]) &&
          is_digit(lower[end + 2])) {
        minute = (lower[end + 1] - '0') * 10 + (lower[end + 2] - '0');
        end += 3;
      }
      const std::size_t mark = end < lower.size() && lower[end] == ' ' ? end + 1 : end;
      const bool morning = lower.compare(mark, 2, "am") == 0;
      const bool marked = morning || lower.compare(mark, 2, "pm") == 0;
      if (!marked || hour < 1 || hour > 12 || minute > 59) continue;
      if (mark + 2 < lower.size() && lower[mark + 2] >= 'a' && lower[mark + 2] <= 'z') continue;
      found = (hour % 12 + (morning ? 0 : 12)) * 60 + minute;
      end = mark + 2;
    }
    const std::size_t begin = std::max(behind, at > 24 ? at - 24 : 0);
    times.push_back({found, std::string_view(lower).substr(begin, at - begin)});
    behind = end;
    at = end - 1;
  }
  for (const auto& [word, minutes_of_day] : {std::pair("noon", 12 * 60), {"midnight", 0}}) {
    const std::size_t at = lower.find(std::string(" ") + word);
    if (times.empty() && at != std::string::npos)
      times.push_back({minutes_of_day, std::string_view(lower).substr(at > 24 ? at - 24 : 0, 24)});
  }
  const auto has = [](std::string_view text, std::initializer_list<std::string_view> parts) {
    return std::any_of(parts.begin(), parts.end(),
                       [&](std::string_view part) { return text.find(part) != std::string_view::npos; });
  };
  // Times by the word are seldom exact: what went before them may be the cause, except where only "whether"
  // is asked.
  const int before = whether_ ? 0 : 30;
  constexpr int kAround = 10;
  for (std::size_t i = 0; i < times.size() && window_.from < 0; ++i) {
    const auto& [time, ahead] = times[i];
    const bool pair = i + 1 < times.size() && times[i + 1].ahead.size() <= 16 && times[i + 1].minutes >= time;
    if (pair && has(times[i + 1].ahead, {" and ", " to ", "-", "until", "till", "\xe2\x80\x93"})) {
      window_ = {time, times[i + 1].minutes};
    } else if (has(ahead, {"since", "after", "from"})) {
      window_ = {std::max(0, time - before), 24 * 60, time};
    } else if (has(ahead, {"before", "until", "till"})) {
      window_ = {0, time};
    } else if (has(ahead, {"dropped", "started", "began", "begun", "stopped", "fell ", "rose ", "jumped",
                           "broke", "went "})) {
      window_ = {std::max(0, time - before), 24 * 60, time};
    } else if (has(ahead, {"at ", "around", "about", "near"})) {
      window_ = {std::max(0, time - kAround), std::min(time + kAround, 24 * 60)};
    }
  }
}

bool Question::began_since(std::string_view first) const {
  constexpr int kEarly = 3;  // minutes: times by the word are rounded
  return window_.since >= 0 && clock_of(first) >= window_.since - kEarly;
}

std::optional<int> Question::minutes_after(std::string_view time) const {
  const int clock = clock_of(time);
  if (window_.since < 0 || clock < 0) return std::nullopt;
  const int day = days_.empty() ? -1 : day_in(time);
  if (day >= 0 && std::ranges::find(days_, day) == days_.end()) return std::nullopt;
  return clock - window_.since;
}

int Question::in_time(std::string_view line) const {
  if (window_.from < 0) return 0;
  line = line.substr(0, 128);
  const int clock = clock_of(line);
  if (clock < 0) return 0;
  if (clock < window_.from || clock > window_.to) return -1;
  // Between two times of a day another day is another matter.
  const bool of_a_day = window_.since < 0 && window_.to < 24 * 60 && (!dates_.empty() || !days_.empty());
  const int day = of_a_day ? day_in(line) : -1;
  if (day < 0) return 1;
  const bool is_asked =
      std::ranges::find(days_, day) != days_.end() ||
      std::ranges::any_of(dates_, [&](const std::string& date) { return day_of(date) == day; });
  return is_asked ? 1 : -1;
}

std::uint32_t Question::topics_of(std::string_view text) {
  static const TopicIndex shown = make_index(true);
  return bits(shown, text);
}

std::uint32_t Question::performance_topics() {
  return (1u << kSlow) | (1u << kCpu) | (1u << kMemory);
}

bool Question::about_change() const {
  return (topics_ & (1u << kChange)) != 0;
}

bool Question::about_some() const {
  static constexpr std::array<std::string_view, 16> kWords = {
      "some",  "sometimes", "intermittent", "intermittently", "occasional", "occasionally", "partly",
      "part",  "fraction",  "third",        "quarter",        "fifth",      "sixth",        "eighth",
      "tenth", "half"};
  return std::ranges::any_of(kWords, [&](std::string_view word) { return has_word(word); });
}

int Question::shared_words(std::string_view text) const {
  std::vector<PhraseSet::Match> matches;
  set_.find(text, &matches);
  std::set<std::uint32_t> found;
  for (const PhraseSet::Match& match : matches) found.insert(match.phrase);
  return static_cast<int>(found.size());
}

bool Question::names(std::string_view name) const {
  if (name.empty()) return false;
  const std::string lower = to_lower(name);
  for (const std::string& word : words_) {
    if (word == lower) return true;
    // Pods carry their workload's name and generated endings.
    if (word.size() >= 3 && !is_stop_word(word) && lower.size() > word.size() && lower.starts_with(word) &&
        lower[word.size()] == '-') {
      return true;
    }
  }
  return false;
}

bool Question::has_word(std::string_view lower) const {
  return std::find(words_.begin(), words_.end(), lower) != words_.end();
}

int Question::meets_time(std::string_view first, std::string_view last) const {
  if (!dates_.empty() && !date_of(first).empty()) {
    const std::string from = date_of(first);
    const std::string to = date_of(last.empty() ? first : last);
    const bool that_day = std::any_of(dates_.begin(), dates_.end(),
                                      [&](const std::string& date) { return from <= date && date <= to; });
    if (!that_day || window_.from < 0) return that_day ? 1 : -1;
  }
  // A night has two days, and who says "since" means what came after, too.
  if (!days_.empty() && day_of(first) >= 0) {
    const int from = day_of(first), to = day_of(last.empty() ? first : last);
    const bool near = std::any_of(days_.begin(), days_.end(),
                                  [&](int day) { return from <= day + 1 && (to >= day - 1 || to < from); });
    const bool later =
        has_word("since") && std::any_of(days_.begin(), days_.end(), [&](int day) { return to >= day; });
    if (!near && !later) return -1;
  }
  if (window_.from < 0) return 0;
  const int from = clock_of(first);
  const int to = clock_of(last.empty() ? first : last);
  if (from < 0 || to < 0) return 0;
  // A span over midnight may hold anything.
  return from > to || (from <= window_.to && to >= window_.from) ? 1 : -1;
}

std::set<std::string> telling_words(std::string_view text) {
  std::set<std::string> words;
  for (const std::string& word : words_of(text)) {
    if (!is_everyday(word) && std::none_of(word.begin(), word.end(), is_digit)) words.insert(stem(word));
  }
  return words;
}

}  // namespace carrel
