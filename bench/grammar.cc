// What one token costs under our automaton and under llama.cpp's own grammar, on the same schema, model and
// answer. links: room/engine/llama room/constrain
//
//   grammar MODEL.gguf
//
// An answer of the schema is written token by token. For each token the whole mask over the model's
// vocabulary is made and the token taken: by ours, and by llama.cpp's grammar sampler over the schema's form
// in its own language. Microseconds of processor time of this thread.
#include <algorithm>
#include <functional>

#include <fmt/format.h>
#include <llama.h>
#include <time.h>

#include "base/fd.h"
#include "record/schema.h"
#include "room/constrain/automaton.h"
#include "room/engine/llama/llama_engine.h"
#include "room/engine/plain_tokens.h"

namespace {

using namespace carrel;

constexpr std::size_t evidence_lines = 4096;

constexpr std::string_view schema_text = R"({
  "type": "object", "additionalProperties": false, "required": ["evidence", "verdict", "root_cause"],
  "properties": {
    "evidence": {"type": "array", "minItems": 1, "maxItems": 5, "uniqueItems": true,
                 "items": {"type": "string", "x-carrel-set": "evidence"}},
    "verdict": {"enum": ["fault", "no_fault", "insufficient_evidence"]},
    "root_cause": {"type": "string", "minLength": 8, "maxLength": 300}}})";

// The same, as far as that language can say it: ids may come twice there, and may be of no line.
constexpr const char* gbnf = R"(
root    ::= "{\"evidence\":[" id ("," id){0,4} "],\"verdict\":" verdict ",\"root_cause\":\"" char{8,300} "\"}"
id      ::= "\"E" [0-9]{4} "\""
verdict ::= "\"fault\"" | "\"no_fault\"" | "\"insufficient_evidence\""
char    ::= [^"\\\x00-\x1f] | "\\" ["\\/nt]
)";

constexpr std::string_view answer =
    R"({"evidence":["E0017","E1204","E4096"],"verdict":"fault","root_cause":"The volume of the database cannot be )"
    R"(provisioned: its storage class \"fast\" does not exist, so the pod waits and the service has no endpoint."})";

double cpu_microseconds() {
  timespec now = {};
  clock_gettime(CLOCK_THREAD_CPUTIME_ID, &now);
  return static_cast<double>(now.tv_sec) * 1e6 + static_cast<double>(now.tv_nsec) / 1e3;
}

double microseconds(const std::function<void()>& work) {
  const double before = cpu_microseconds();
  work();
  return cpu_microseconds() - before;
}

double mean(const std::vector<double>& all) {
  double sum = 0;
  for (const double each : all) sum += each;
  return sum / static_cast<double>(all.size());
}

double at(std::vector<double> all, double share) {
  std::sort(all.begin(), all.end());
  return all[static_cast<std::size_t>(share * static_cast<double>(all.size() - 1))];
}

void print(const char* name, double ours, double theirs, double bar) {
  fmt::print(
      R"({{"name":"{}","value":{:.3f},"unit":"us","comparator":"llama.cpp's grammar","ratio":{:.2f},"bar":{:.0f},"holds":{}}})"
      "\n",
      name, ours, theirs / ours, bar, ours <= bar);
}

Status run(const std::string& path) {
  if (Status loaded = load_backends(CARREL_BACKENDS); !loaded) return loaded;
  Result<Fd> file = open_read(path);
  if (!file) return file.error();
  Result<ModelPointer> model = load_model(std::move(*file), path, true);
  if (!model) return model.error();
  const llama_vocab* vocab = llama_model_get_vocab(model->get());
  Result<std::unique_ptr<Engine>> engine = make_llama_engine(std::move(*model), path);
  if (!engine) return engine.error();
  const TokenTrie trie(all_bytes(**engine));
  const auto tokens = PlainTokens(**engine, trie).of(answer);
  if (!tokens) return tokens.error();

  const auto schema = parse_schema(schema_text, nullptr);
  if (!schema) return schema.error();
  const auto grammar = compile(**schema, evidence_lines, {}, {});
  if (!grammar) return grammar.error();
  std::vector<double> ours, theirs;
  const std::unique_ptr<Constraint> constraint = start(*grammar);
  std::vector<bool> mask((*engine)->vocabulary());
  for (const Token token : *tokens) {
    bool taken = false;
    ours.push_back(microseconds([&] {
      constraint->mask(trie, &mask);
      taken = mask[static_cast<std::size_t>(token)] && constraint->accept((*engine)->bytes(token));
    }));
    if (!taken) return Error{Code::internal, "the automaton refuses the answer", ""};
  }

  llama_sampler* sampler = llama_sampler_init_grammar(vocab, gbnf, "root");
  if (sampler == nullptr) return Error{Code::internal, "llama.cpp does not take the grammar", ""};
  std::vector<llama_token_data> all;
  for (const Token token : *tokens) {
    all.clear();
    for (std::size_t each = 0; each < (*engine)->vocabulary(); ++each)
      all.push_back({static_cast<llama_token>(each), 0, 0});
    llama_token_data_array candidates = {all.data(), all.size(), -1, false};
    theirs.push_back(microseconds([&] {
      llama_sampler_apply(sampler, &candidates);
      llama_sampler_accept(sampler, token);
    }));
  }
  llama_sampler_free(sampler);
  print("grammar_mask_mean", mean(ours), mean(theirs), mean(theirs));
  print("grammar_mask_p50", at(ours, 0.5), at(theirs, 0.5), at(theirs, 0.5));
  print("grammar_mask_worst", at(ours, 1), at(theirs, 1), at(theirs, 1));
  return {};
}

}  // namespace

int main(int count, char** words) {
  if (count != 2) {
    fmt::print(stderr, "usage: grammar MODEL.gguf\n");
    return 2;
  }
  const Status done = run(words[1]);
  if (done) return 0;
  fmt::print(stderr, "grammar: {}\n", done.error().what);
  return 1;
}
