// What the read room hands out: the chosen lines of a bundle, what the detectors made of them, the names that
// commands may use, what was searched, and what was left out.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "record/limits.h"

namespace carrel {

// Where something stands in a bundle. `file` is the member's name as the archive has it (without a leading
// "./"); lines count from 1; `path` is the JSON pointer in structured files, else empty.
struct Address {
  std::string file;
  std::uint32_t line = 0;
  std::uint32_t end_line = 0;
  std::string path;
  template <class Codec>
  void fields(Codec& c) {
    c(file, limit::path);
    c(line);
    c(end_line);
    c(path, limit::pointer);
  }
};
// "logs/web.log:12-14"
std::string text_of(const Address& at);

// One evidence line, or a few that make sense only together (a stack trace). `quote` is valid UTF-8 that
// stands verbatim in the file at `at` (a prefix of the text where that is longer).
struct EvidenceLine {
  Address at;
  std::string quote;
  std::string reason;             // why it was chosen: "error level, seen 214 times, first 06:30:34"
  std::uint32_t occurrences = 1;  // of the same template in that file
  double score = 0;               // what the list is ranked by, 0 to 1
  template <class Codec>
  void fields(Codec& c) {
    c(at);
    c(quote, limit::quote);
    c(reason, limit::reason);
    c(occurrences);
    c(score);
  }
};

// A Kubernetes object, or any other thing that has a kind and a name. `kind` is the lower-case singular
// resource name ("pod", "configmap", "namespace", "node", "container").
struct Name {
  std::string kind;
  std::string space;  // its namespace; for a container, "<namespace>/<pod>"; empty if it has none
  std::string name;
  bool present = true;  // false: only referenced (missing from the bundle)
  bool operator==(const Name&) const = default;
  template <class Codec>
  void fields(Codec& c) {
    c(kind, limit::name);
    c(space, 2 * limit::name);
    c(name, limit::name);
    c(present);
  }
};

// "I looked for all of this kind there and found so many": the ground on which an absence can be claimed.
struct Searched {
  std::string kind;
  std::string space;
  std::uint32_t count = 0;
  bool operator==(const Searched&) const = default;
  template <class Codec>
  void fields(Codec& c) {
    c(kind, limit::name);
    c(space, limit::name);
    c(count);
  }
};

struct Command {
  std::string command;
  std::string why;
  template <class Codec>
  void fields(Codec& c) {
    c(command, limit::command);
    c(why, limit::remark);
  }
};

enum class Verdict : std::uint8_t { fault, no_fault, insufficient_evidence, count_ };

// What one detector concluded, without a model. Findings are sorted, the best first.
struct Finding {
  std::string detector;  // "service-selects-nothing"
  Verdict verdict = Verdict::fault;
  std::string cause;                    // a full sentence, at most limit::sentence
  double weight = 0;                    // 0 to 1: how surely this is the root of the trouble
  std::vector<std::uint32_t> evidence;  // indices into EvidenceList::lines, the deciding one first, 1 to 5
  std::vector<Searched> searched;       // where the claim is an absence
  std::vector<Command> commands;
  std::vector<std::string> missing;
  Name culprit;
  template <class Codec>
  void fields(Codec& c) {
    c(detector, limit::name);
    c(verdict);
    c(cause, limit::sentence);
    c(weight);
    c(evidence, limit::citations);
    c(searched, limit::citations);
    c(commands, limit::commands);
    c(missing, limit::missing, limit::remark);
    c(culprit);
  }
};

// Nothing is left out in silence: how much of which file, and why ("budget", "file too large", "symbolic
// link").
struct LeftOut {
  std::string file;  // or an example, when many were left out for the same reason
  std::string reason;
  std::uint64_t files = 0;
  std::uint64_t lines = 0;
  std::uint64_t bytes = 0;
  template <class Codec>
  void fields(Codec& c) {
    c(file, limit::path);
    c(reason, limit::reason);
    c(files);
    c(lines);
    c(bytes);
  }
};

struct EvidenceList {
  std::string format;  // "support bundle (troubleshoot)", "kubectl cluster-info dump", "folder of text", ...
  std::uint64_t files = 0;
  std::uint64_t lines_read = 0;
  std::uint64_t bytes_read = 0;
  std::uint32_t objects = 0;
  std::vector<EvidenceLine> lines;  // ranked, the best first
  std::vector<Finding> findings;    // ranked, the best first
  std::vector<Name> names;
  std::vector<Searched> searched;
  std::vector<LeftOut> left_out;
  template <class Codec>
  void fields(Codec& c) {
    c(format, limit::name);
    c(files);
    c(lines_read);
    c(bytes_read);
    c(objects);
    c(lines, limit::evidence_lines);
    c(findings, limit::findings);
    c(names, limit::names);
    c(searched, limit::searched);
    c(left_out, limit::left_out);
  }
};

// The id of the line at `index` of a list of `count`: "E001". All ids of a list have one width, so that none
// is a prefix of another.
std::string evidence_id(std::size_t index, std::size_t count);

// The index an id stands for, or `count` when it stands for none.
std::size_t evidence_index(const std::string& id, std::size_t count);

}  // namespace carrel
