// Question: what a question asks for, as far as its words tell: the names and times in it, its topics
// ("login" asks for authentication, sessions and tokens too), whether it asks for several causes or whether
// there is a fault at all.
#pragma once

#include <cstdint>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "base/phrase_set.h"

namespace carrel {

class Question {
 public:
  explicit Question(const std::string& text);

  const std::string& text() const { return text_; }
  bool several() const { return several_; }          // "what are the causes", several complaints
  bool whether() const { return whether_; }          // "is there a fault?"
  bool asks_reason() const { return asks_reason_; }  // why, what, which
  // And nothing else: neither which nor why. That is a question of now.
  bool only_whether() const { return whether_ && !asks_reason_; }
  // "What is the likely root cause of the trouble in this bundle?": it tells of no trouble of its own, so
  // that there may be none.
  bool open() const { return open_; }
  std::uint32_t topics() const { return topics_; }
  // Bits of the topics whose words stand in a text.
  static std::uint32_t topics_of(std::string_view text);
  // True where slowness or load is asked for: then conditions (CPU, memory, duration) matter, not only
  // errors.
  bool about_performance() const { return (topics_ & performance_topics()) != 0; }
  static std::uint32_t performance_topics();
  bool about_change() const;
  // True where it fails for some only, or now and then ("some customers", "every eighth request").
  bool about_some() const;

  // How many different words of the question (not names, not everyday words) stand in the text.
  int shared_words(std::string_view text) const;
  // True where the name is in the question, or belongs to a workload that is ("api" for
  // "api-5d8f7b9c6-j4k8n").
  bool names(std::string_view name) const;
  // Names and identifiers in the question, in its order: words with '-', '.', '_' or a digit.
  const std::vector<std::string>& identifiers() const { return identifiers_; }
  // True where a word is in the question (whole, ASCII case folded).
  bool has_word(std::string_view lower) const;

  // True where the question bounds the time of day ("between 14:00 and 14:10", "since 15:00", "around 3 pm").
  bool asks_time() const { return window_.from >= 0; }
  // Whether something is asked about since a time, and what began at `first` (as a log writes it) did not
  // before.
  bool began_since(std::string_view first) const;
  // How many minutes after the time since which something is asked about that is; nothing: no such time is
  // asked, it tells none, or it is of another day.
  std::optional<int> minutes_after(std::string_view time) const;
  // 1: the line, whose time stands at its front, is within that; -1: it is not; 0: it shows no time.
  int in_time(std::string_view line) const;
  // 1: the span of time (as a log writes it) meets the date or time asked for, -1: it does not, 0: not asked
  // or not known.
  int meets_time(std::string_view first, std::string_view last) const;

 private:
  std::string text_;
  std::vector<std::string> words_;        // all, lower case
  std::vector<std::string> identifiers_;  // lower case
  std::vector<std::string> stems_;
  std::vector<std::string> dates_;  // "2025-06-19"
  std::vector<int> days_;           // that are told without a year: of a year of 12 months of 31 days
  struct Window {
    int from = -1;  // minutes of the day; -1: no time is asked for
    int to = 24 * 60;
    int since = -1;  // the very time that it is asked since; -1: not so
  };
  void find_window(const std::string& lower);
  Window window_;
  std::uint32_t topics_ = 0;
  bool several_ = false;
  bool whether_ = false;
  bool asks_reason_ = false;
  bool open_ = false;
  PhraseSet set_;
};

// Lower-case words of a text: runs of letters, digits, '-', '_' and '.', marks at their ends taken off.
std::vector<std::string> words_of(std::string_view text);

// A word without the endings of English ("connections" -> "connect", "expired" -> "expir").
std::string stem(std::string_view word);

// Words that say nothing of a fault ("the", "namespace", "pod", "why").
bool is_everyday(std::string_view word);

// The stems of its words that are neither everyday nor numbered.
std::set<std::string> telling_words(std::string_view text);

}  // namespace carrel
