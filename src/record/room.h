// What each kind of room is asked, and what it answers. Each is the body of one message (record/wire.h).
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "record/command.h"
#include "record/evidence.h"

namespace carrel {

// The four kinds. The room's program is told which by its only argument: "read", "think", "check", "inspect".
enum class RoomKind : std::uint8_t { inspect, read, think, check, count_ };
const char* to_string(RoomKind kind);

// ---- read: descriptor 3 is the bundle (an archive or a tar stream of a folder) ----

// Limits on what a bundle may make the room do. Over one, the rest is left out and told.
struct BundleLimits {
  std::uint64_t bytes = 64ULL << 30;       // unpacked, all files
  std::uint64_t file_bytes = 16ULL << 30;  // unpacked, one file
  std::uint32_t files = 1'000'000;
  std::uint32_t ratio = 1000;                     // unpacked to packed, once 64 MiB are unpacked
  std::uint64_t structured_bytes = 256ULL << 20;  // objects and saved text held in memory at once
  template <class Codec>
  void fields(Codec& c) {
    c(bytes);
    c(file_bytes);
    c(files);
    c(ratio);
    c(structured_bytes);
  }
};

struct ReadJob {
  std::string bundle_name;         // for messages alone
  std::uint64_t packed_bytes = 0;  // size of the descriptor's file, 0 for a stream
  std::string question;
  bool kubernetes = true;  // false: no object detectors (a playbook that knows nothing of Kubernetes)
  BundleLimits limits;
  std::string key;  // opens a sealed bundle: a line of crypto/envelope.h; empty where there is none
  template <class Codec>
  void fields(Codec& c) {
    c(bundle_name, limit::path);
    c(packed_bytes);
    c(question, limit::question);
    c(kubernetes);
    c(limits);
    c(key, limit::name);
  }
};
using ReadResult = EvidenceList;

// ---- check: descriptor 3 is the bundle ----

struct Citation {
  Address at;
  std::string quote;
  template <class Codec>
  void fields(Codec& c) {
    c(at);
    c(quote, limit::quote);
  }
};

namespace limit {
inline constexpr std::size_t lookups = 256;           // citations of graded answers
inline constexpr std::size_t lookup_quote = 8 << 10;  // one of them, as any program may write it
inline constexpr std::size_t lookup_text = 16 << 10;  // the line that it stands in
}  // namespace limit

// A citation as any program may write it, of an answer that is graded on a labelled case: the file may be
// named by the end of its path, and white space does not count. docs/evaluation.md says what is made of it.
struct Lookup {
  std::string file;
  std::uint32_t line = 0;
  std::string quote;
  template <class Codec>
  void fields(Codec& c) {
    c(file, limit::path);
    c(line);
    c(quote, limit::lookup_quote);
  }
};

// What there is of it in the bundle.
struct Seen {
  std::string file;      // the one file that is meant; empty where there is none, or more than one
  bool quoted = false;   // the quote stands somewhere in it
  bool at_line = false;  // and at the line, or at one beside it
  std::string text;      // that line around the quote, white space folded; empty where the quote spans lines
  template <class Codec>
  void fields(Codec& c) {
    c(file, limit::path);
    c(quoted);
    c(at_line);
    c(text, limit::lookup_text);
  }
};

struct CheckJob {
  std::string bundle_name;
  std::uint64_t packed_bytes = 0;
  bool kubernetes = true;
  BundleLimits limits;
  std::vector<Citation> citations;
  std::vector<Searched> searched;  // to be counted again
  std::vector<Name> names;         // to be found again, present or referenced
  std::uint32_t around = 0;        // lines to tell before and after each citation
  std::string key;                 // as in ReadJob
  std::vector<Lookup> lookups;     // of answers that are graded; a run has none
  template <class Codec>
  void fields(Codec& c) {
    c(bundle_name, limit::path);
    c(packed_bytes);
    c(kubernetes);
    c(limits);
    c(citations, limit::citations * limit::tries);
    c(searched, limit::searched);
    c(names, limit::names);
    c(around);
    c(key, limit::name);
    c(lookups, limit::lookups);
  }
};

namespace limit {
inline constexpr std::size_t surrounding_lines = 2000;  // told of one citation
}

// What stands around a citation, and the file it is in. Without lines where the file or the line is not
// there.
struct Surroundings {
  std::string file_sha256;  // of the member's bytes
  std::uint32_t file_lines = 0;
  std::uint32_t first_line = 0;    // of `lines`
  std::vector<std::string> lines;  // valid UTF-8, each cut to limit::quote
  template <class Codec>
  void fields(Codec& c) {
    c(file_sha256, 64);
    c(file_lines);
    c(first_line);
    c(lines, limit::surrounding_lines, limit::quote);
  }
};

// One answer for each entry of the job, in its order.
struct CheckResult {
  enum class Place : std::uint8_t { found, no_such_file, no_such_line, quote_differs, path_differs, count_ };
  std::vector<Place> citations;
  std::vector<Searched> searched;  // with what was counted now
  std::vector<Name> names;  // with `present` as found now; kind empty where the name was not found at all
  std::vector<Surroundings> surroundings;  // of each citation, where they were asked for
  std::vector<Seen> seen;                  // of the lookups
  template <class Codec>
  void fields(Codec& c) {
    c(citations, limit::citations * limit::tries);
    c(searched, limit::searched);
    c(names, limit::names);
    c(surroundings, limit::citations * limit::tries);
    c(seen, limit::lookups);
  }
};

// What the ledger keeps of the check room's answer: the surroundings of the report's citations, those of the
// cause first, then those of the alternatives.
struct CitedContext {
  std::vector<Surroundings> surroundings;
  template <class Codec>
  void fields(Codec& c) {
    c(surroundings, limit::citations * limit::tries);
  }
};

// ---- inspect: descriptor 3 is the model file ----

// The weights of one type in a model file.
struct TensorKind {
  std::string type;           // as ggml names it: "q4_K"
  std::uint64_t tensors = 0;  // how many
  std::uint64_t values = 0;
  std::uint64_t bytes = 0;
  template <class Codec>
  void fields(Codec& c) {
    c(type, limit::name);
    c(tensors);
    c(values);
    c(bytes);
  }
};

// What a model file says of itself, bounded; nothing of it is trusted.
struct ModelCard {
  std::string architecture;  // general.architecture
  std::string name;          // general.name
  std::string quantisation;  // llama_model_desc, e.g. "llama 0.5B Q8_0"
  std::string licence;       // general.license
  std::uint64_t parameters = 0;
  std::uint64_t file_bytes = 0;
  std::uint32_t trained_context = 0;
  std::uint32_t vocabulary = 0;
  std::uint64_t kv_bytes_per_token = 0;  // at f16
  std::uint64_t largest_weight = 0;      // values of the largest matrix in its layers
  std::uint32_t prompt_version = 0;      // carrel.prompt_version; 0: the file says nothing
  std::string chat_template;             // tokenizer.chat_template
  bool template_known = false;           // llama_chat_apply_template takes it
  // general.sampling.*, negative where the file says nothing
  double temperature = -1, top_p = -1, min_p = -1;
  std::int64_t top_k = -1;
  static constexpr std::size_t most_kinds = 64;
  std::vector<TensorKind> tensors;  // by bytes, the most first
  template <class Codec>
  void fields(Codec& c) {
    c(architecture, limit::name);
    c(name, limit::name);
    c(quantisation, limit::name);
    c(licence, limit::name);
    c(parameters);
    c(file_bytes);
    c(trained_context);
    c(vocabulary);
    c(kv_bytes_per_token);
    c(largest_weight);
    c(prompt_version);
    c(chat_template, limit::chat_template);
    c(template_known);
    c(temperature);
    c(top_p);
    c(min_p);
    c(top_k);
    c(tensors, most_kinds);
  }
};

struct InspectJob {
  std::string model_name;
  template <class Codec>
  void fields(Codec& c) {
    c(model_name, limit::path);
  }
};

// ---- think: descriptor 3 is the model file; behind it what StateLoan says ----

struct Sampling {
  double temperature = 0;  // 0: the best token
  double top_p = 1;
  double min_p = 0;
  std::uint32_t top_k = 0;  // 0: all
  std::uint64_t seed = 0;
  template <class Codec>
  void fields(Codec& c) {
    c(temperature);
    c(top_p);
    c(min_p);
    c(top_k);
    c(seed);
  }
};

struct Variant {
  std::string name;
  std::string instructions;
  template <class Codec>
  void fields(Codec& c) {
    c(name, limit::name);
    c(instructions, limit::instructions);
  }
};

// What a think room gets of an earlier one's work, and for a later one's. The earlier state is in the
// descriptor behind the model's, which is empty where there is none; the memory that may be filled is behind
// that.
struct StateLoan {
  std::string key;                // what the state is kept under; empty: none is kept
  std::uint64_t saved_bytes = 0;  // of the earlier state; 0: there is none
  std::uint64_t free_bytes = 0;   // of the memory; 0: there is none
  template <class Codec>
  void fields(Codec& c) {
    c(key, limit::name);
    c(saved_bytes);
    c(free_bytes);
  }
};

struct ThinkJob {
  std::string model_name;
  std::string system;  // the playbook's system text
  std::string question;
  std::vector<Variant> variants;  // one try each
  std::string schema;             // JSON text of answer.schema.json
  std::vector<CommandPattern> commands;
  std::vector<EvidenceLine> lines;  // ranked; filled into the token budget in this order
  std::vector<Name> names;
  std::vector<Searched> searched;
  std::string left_out;       // a sentence for the prompt on what the read room left out
  std::string chat_template;  // text of --template FILE; empty: the model file's own
  Sampling sampling;
  std::uint32_t context = 0;          // tokens; 0: as much as the prompt needs, up to the trained context
  std::uint32_t output_tokens = 768;  // a try's cap
  std::uint32_t wall_seconds = 600;   // decoding stops, and says so, before the wall's own clock runs out
  std::uint32_t threads = 1;
  std::uint32_t chunk = 1536;  // most tokens of a batch; a multiple of 64
  bool exact = false;          // flash attention off, split streams
  std::uint32_t draft = 0;     // most tokens guessed ahead of a try that is written alone; 0: none
  bool early_stop = true;      // tries end once none can change any more what is chosen
  StateLoan state;             // no part of what is asked: the answer is the same without it
  template <class Codec>
  void fields(Codec& c) {
    c(model_name, limit::path);
    c(system, limit::instructions);
    c(question, limit::question);
    c(variants, limit::tries);
    c(schema, limit::schema);
    c(commands, 256);
    c(lines, limit::evidence_lines);
    c(names, limit::names);
    c(searched, limit::searched);
    c(left_out, limit::detail);
    c(chat_template, limit::chat_template);
    c(sampling);
    c(context);
    c(output_tokens);
    c(wall_seconds);
    c(threads);
    c(chunk);
    c(exact);
    c(draft);
    c(early_stop);
    c(state);
  }
};

// Why a try ended. Only `complete` is an answer; the rest keep their partial text, marked as such. What a
// `settled` one votes for (record/agreement.h) is the model's own; it was stopped since its end could change
// nothing.
enum class Stop : std::uint8_t { complete, tokens, time, repetition, failed, settled, count_ };
const char* to_string(Stop stop);

struct Try {
  std::string variant;
  std::string json;
  Stop stop = Stop::failed;
  std::uint32_t tokens = 0;         // decoded, forced ones included
  std::uint32_t forced_tokens = 0;  // taken from the grammar without asking the model
  template <class Codec>
  void fields(Codec& c) {
    c(variant, limit::name);
    c(json, limit::answer);
    c(stop);
    c(tokens);
    c(forced_tokens);
  }
};

// What guessing ahead came to (room/engine/draft.h), of a try that is written alone.
struct DraftCounts {
  std::uint32_t draft = 0;         // most tokens guessed at once; 0: none were
  std::uint32_t checks = 0;        // steps that checked guesses
  std::uint32_t guessed = 0;       // tokens guessed for them
  std::uint32_t kept = 0;          // steps that they saved
  std::uint32_t steps = 0;         // steps of one token without guesses
  double check_s = 0, step_s = 0;  // seconds of both kinds
  template <class Codec>
  void fields(Codec& c) {
    c(draft);
    c(checks);
    c(guessed);
    c(kept);
    c(steps);
    c(check_s);
    c(step_s);
  }
};

struct ThinkResult {
  std::vector<Try> tries;
  std::uint32_t lines_kept = 0;  // the first so many of the job's lines were in the prompt
  std::uint32_t prompt_tokens = 0;
  std::uint32_t prefix_tokens = 0;   // of them, the shared beginning
  std::uint32_t settled_tokens = 0;  // written by all tries when their vote was settled; 0: none was stopped
  std::uint32_t context = 0;         // tokens, as the engine made it
  std::uint32_t threads = 0;
  std::string backend;  // the CPU back end that ggml chose
  std::string library;  // libllama's build
  // Bytes that the engine took: mapped from the file, and of its own for weights, cache and computing.
  std::uint64_t mapped_bytes = 0, weight_bytes = 0, cache_bytes = 0, compute_bytes = 0;
  // All before is the same in a replay; from here on it depends on what was kept, and on the clock.
  std::uint32_t prefix_reused = 0;  // tokens of the beginning that the earlier state stood for
  std::string why_less;             // why not all of it, where there was a state
  std::uint64_t state_bytes = 0;    // the memory holds so many of a new state; 0: none was made
  double load_s = 0, state_s = 0, prefill_s = 0, decode_s = 0;  // state_s: taking up and keeping states
  double first_token_s = 0;  // from the loaded model to the first token of every try
  DraftCounts drafts;        // its numbers are the same in a replay, its seconds are not
  template <class Codec>
  void fields(Codec& c) {
    c(tries, limit::tries);
    c(lines_kept);
    c(prompt_tokens);
    c(prefix_tokens);
    c(settled_tokens);
    c(context);
    c(threads);
    c(backend, limit::name);
    c(library, limit::name);
    c(mapped_bytes);
    c(weight_bytes);
    c(cache_bytes);
    c(compute_bytes);
    c(prefix_reused);
    c(why_less, limit::detail);
    c(state_bytes);
    c(load_s);
    c(state_s);
    c(prefill_s);
    c(decode_s);
    c(first_token_s);
    c(drafts);
  }
};

}  // namespace carrel
