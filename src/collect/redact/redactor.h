// Redactor: masks secrets in a stream of bytes, one pass, in constant memory.
//
//   auto pseudonyms = Pseudonyms::create(true);
//   const RedactionPlan plan;                      // or with the user's rules
//   Redactor redactor(plan, &*pseudonyms);
//   redactor.begin("cluster-resources/pods/shop.json");
//   redactor.feed(bytes, &out);                    // as often as there are bytes; appends what is ready
//   redactor.finish(&out);                         // the file's rest
//   report.push_back(redactor.redactions());
//
// What comes out is the same however the bytes are cut. Text stays what it was (JSON, YAML, lines of a log):
// the value alone is replaced by its pseudonym. Bytes that are no text pass through unless a finder
// recognises a secret in them: what is no text is kept away from here (unreadable.h).
//
// Memory: half a megabyte. Speed: `make bench`, redact_*_mb_s. Not thread-safe; Redactors of one Pseudonyms
// belong to one thread.
#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "collect/redact/key_name.h"
#include "collect/redact/plan.h"
#include "collect/redact/pseudonyms.h"
#include "collect/redact/secret_data.h"
#include "collect/redact/sight.h"

namespace carrel {

// What was masked in one file.
struct FileRedactions {
  struct Class {
    std::uint64_t count = 0;
    std::vector<std::uint64_t> lines;  // of the first ones, from 1
  };
  static constexpr std::size_t most_lines = 8;

  std::string file;
  std::map<std::string, Class, std::less<>> classes;
  std::uint64_t count() const;
};

class Redactor {
 public:
  Redactor(const RedactionPlan& plan, Pseudonyms* pseudonyms);

  void begin(std::string file);
  void feed(std::string_view bytes, std::string* out);
  void finish(std::string* out);
  // Of the file that was finished last.
  const FileRedactions& redactions() const { return redactions_; }

 private:
  static constexpr std::size_t buffer_bytes = 512 << 10;

  // A place of the buffer that is left out, and what stands in it.
  struct Replacement {
    Span span;
    std::string text;
    std::string_view label;  // empty for the rest of one that was begun
  };
  // What ends a secret that is longer than can be seen at once.
  struct Swallow {
    Until until = Until::seen;
    unsigned depth = 0;
    char mark = 0;
    bool begun = false;
  };

  void work(bool last, std::string* out);
  void scan_to(std::size_t limit);
  Sight sight(std::size_t begin, std::size_t end) const;
  void found(std::size_t at);
  void look(const RedactionPlan::Anchor& anchor, std::size_t at);
  void go_on_with_secret();
  void with_data_to(std::size_t at);
  void find_own(const RedactionPlan::Anchor& anchor, const Sight& sight);
  bool is_kept(std::string_view name) const;
  void take(std::size_t base, std::string_view text);
  bool is_replaced(Span span) const;
  void replace(Span span, std::string_view label, std::string_view value);
  void swallow(std::size_t limit);
  std::size_t swallowed_to(std::size_t limit);
  void flush(std::size_t to, std::string* out);

  const RedactionPlan& plan_;
  Pseudonyms* pseudonyms_;
  FileRedactions redactions_;

  std::string buffer_;       // bytes behind `scanned_` that a finder may look back at, and those before it
  std::size_t written_ = 0;  // as all below: a place in the buffer
  std::size_t scanned_ = 0;
  std::size_t judged_to_ = 0;  // names up to here were looked at
  std::size_t data_to_ = 0;    // the data of what may be a Secret were looked at up to here
  bool last_ = false;          // the buffer's end is the file's
  PhraseSet::State state_ = PhraseSet::start;
  std::uint64_t line_ = 1;  // of `written_`
  std::vector<Replacement> replacements_;
  Swallow swallow_;
  SecretData secret_data_;

  // Used again and again.
  KeyJudge judge_;
  Masks masks_;
  std::vector<std::uint32_t> phrases_;
};

}  // namespace carrel
