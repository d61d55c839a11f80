// Redaction as the user wants it, for every command that redacts: the options, and what they make ready.
//
//   auto redaction = Redaction::prepare(options);   // all that can be wrong, before the first byte
//   Redactor redactor = redaction->redactor();
//   …
//   redaction->keep_map();
#pragma once

#include <memory>
#include <optional>
#include <string>

#include "base/result.h"
#include "collect/out/output_file.h"
#include "collect/redact/map_file.h"
#include "collect/redact/redactor.h"

namespace CLI {
class App;
}

namespace carrel {

struct RedactionOptions {
  std::string rules;       // a file of the user's own rules
  bool addresses = false;  // IP and MAC addresses too
  std::string map;         // where the sealed map goes; empty: none is kept
  std::string map_key;     // the file of its key; empty: a passphrase is asked for
};

// Adds --rules, --addresses, --map and --map-key.
void add_redaction_options(CLI::App* command, RedactionOptions* options);

class Redaction {
 public:
  // Reads the rules, has the map's key made or asked for, and a file for the map. Errors: what is wrong with
  // these, and a map that is there already.
  static Result<Redaction> prepare(const RedactionOptions& options);

  // They share the table of pseudonyms, and end before this object does or moves.
  Redactor redactor() { return Redactor(*plan_, &pseudonyms_); }
  const Pseudonyms& pseudonyms() const { return pseudonyms_; }

  // Seals the map and gives it its name; does nothing where none is wanted.
  Status keep_map();

 private:
  Redaction(RedactionRules rules, Pseudonyms pseudonyms);

  std::unique_ptr<const RedactionPlan> plan_;
  Pseudonyms pseudonyms_;
  std::optional<MapLock> lock_;
  std::optional<OutputFile> map_;
};

}  // namespace carrel
