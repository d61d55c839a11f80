// How fast the engine reads and writes, beside llama-bench on the same libraries.
// links: room/engine/llama room/constrain
//
//   engine MODEL.gguf LLAMA_BENCH [ROUNDS]
//
// Prefill is 512 tokens in one chunk; decoding is 64 tokens from an empty context, one at a time, each chosen
// under a constraint that allows any text, as an answer's are. A round measures ours, the comparator, and
// ours again; its ratio is that of the mean of ours, so that a machine that grows slower does not favour
// either. Medians of seven rounds. Both use all processors that the program may use. The comparator is
// started by LLAMA_BENCH MODEL OPTION...
//
// For knowing alone: what runs that share a batch would gain and cost (docs/prompt.md). Four sequences that
// are extended together write faster than one; but only with `exact` does a run's answer not depend on which
// others share its batches, and then a prompt is read slower.
#include <algorithm>
#include <array>
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <memory>

#include <fmt/format.h>
#include <rapidjson/document.h>
#include <sched.h>

#include "base/fd.h"
#include "record/schema.h"
#include "room/constrain/automaton.h"
#include "room/engine/choose.h"
#include "room/engine/llama/llama_engine.h"
#include "room/engine/plain_tokens.h"

namespace {

using namespace carrel;
using Clock = std::chrono::steady_clock;

constexpr std::size_t prompt_tokens = 512;
constexpr std::size_t written_tokens = 64;
constexpr int usual_rounds = 7;
constexpr double bar = 0.95;

struct Speed {
  double prefill = 0;  // tokens a second
  double decode = 0;
};

double per_second(std::size_t tokens, Clock::time_point start) {
  return static_cast<double>(tokens) / std::chrono::duration<double>(Clock::now() - start).count();
}

// Any tokens will do: random weights know none from another.
Tokens some_tokens(std::size_t count) {
  Tokens tokens;
  for (std::size_t i = 0; i < count; ++i) tokens.push_back(static_cast<Token>(300 + i * 7 % 1000));
  return tokens;
}

Result<Speed> measure(Engine& engine, const TokenTrie& trie, const std::shared_ptr<const Grammar>& grammar) {
  Speed speed;
  const Tokens prompt = some_tokens(prompt_tokens);
  const Extension whole{0, prompt};
  Clock::time_point start_time = Clock::now();
  if (Result<Extended> done = engine.extend({&whole, 1}); !done) return done.error();
  speed.prefill = per_second(prompt_tokens, start_time);

  engine.truncate(0, 0);
  const std::unique_ptr<Constraint> constraint = start(grammar);
  constraint->accept("{\"text\":\"");
  Token last = 300;
  start_time = Clock::now();
  for (std::size_t i = 0; i < written_tokens; ++i) {
    const Extension one{0, {&last, 1}};
    if (Result<Extended> done = engine.extend({&one, 1}); !done) return done.error();
    const std::optional<Token> chosen = choose_best(engine.logits(0), engine, trie, *constraint);
    if (!chosen) return Error{Code::internal, "no token is allowed", ""};
    last = *chosen;
    constraint->accept(engine.bytes(last));
  }
  speed.decode = per_second(written_tokens, start_time);
  engine.truncate(0, 0);
  return speed;
}

Result<Speed> measure_comparator(const std::string& program, const std::string& model, unsigned threads) {
  const std::string command = fmt::format("'{}' '{}' -p {} -n {} -r 1 -t {} -o json 2>/dev/null", program,
                                          model, prompt_tokens, written_tokens, threads);
  const std::unique_ptr<FILE, int (*)(FILE*)> output(::popen(command.c_str(), "r"), ::pclose);
  if (!output) return errno_error("cannot start " + program);
  std::string json;
  std::array<char, 4096> piece;
  for (std::size_t size; (size = std::fread(piece.data(), 1, piece.size(), output.get())) > 0;) {
    json.append(piece.data(), size);
  }
  rapidjson::Document document;
  document.Parse(json.c_str());
  Speed speed;
  if (!document.HasParseError() && document.IsArray()) {
    for (const auto& test : document.GetArray()) {
      if (!test.IsObject() || !test.HasMember("avg_ts") || !test.HasMember("n_prompt")) continue;
      (test["n_prompt"].GetInt() > 0 ? speed.prefill : speed.decode) = test["avg_ts"].GetDouble();
    }
  }
  if (speed.prefill <= 0 || speed.decode <= 0)
    return Error{Code::internal, "llama-bench gave no figures", ""};
  return speed;
}

// Sequences that are extended together, by any tokens: tokens a second of all of them.
Result<Speed> measure_together(Engine& engine, std::uint32_t sequences, bool exact, std::uint32_t threads) {
  engine.close();
  Result<ContextSettings> opened =
      engine.open({.context = static_cast<std::uint32_t>(sequences * prompt_tokens),
                   .sequence = prompt_tokens,
                   .sequences = sequences,
                   .batch = prompt_tokens,
                   .threads = threads,
                   .exact = exact});
  if (!opened) return opened.error();
  const Tokens prompt = some_tokens(prompt_tokens - written_tokens);
  Speed speed;
  Clock::time_point start_time = Clock::now();
  for (std::uint32_t sequence = 0; sequence < sequences; ++sequence) {
    const Extension whole{sequence, prompt};
    if (Result<Extended> done = engine.extend({&whole, 1}); !done) return done.error();
  }
  speed.prefill = per_second(sequences * prompt.size(), start_time);
  const Token last = 300;
  start_time = Clock::now();
  for (std::size_t i = 0; i < written_tokens; ++i) {
    std::vector<Extension> step;
    for (std::uint32_t sequence = 0; sequence < sequences; ++sequence) step.push_back({sequence, {&last, 1}});
    if (Result<Extended> done = engine.extend(step); !done) return done.error();
  }
  speed.decode = per_second(sequences * written_tokens, start_time);
  return speed;
}

double median(std::vector<double> values) {
  std::sort(values.begin(), values.end());
  return values[values.size() / 2];
}

std::vector<double> ratios_of(const std::vector<double>& ours, const std::vector<double>& theirs) {
  std::vector<double> ratios;
  for (std::size_t round = 0; round < theirs.size(); ++round) ratios.push_back(ours[round] / theirs[round]);
  return ratios;
}

void print(const char* name, const std::vector<double>& ours, const std::vector<double>& theirs) {
  const double ratio = median(ratios_of(ours, theirs));
  fmt::print(
      R"({{"name":"{}","value":{:.1f},"unit":"tokens/s","comparator":"llama-bench","ratio":{:.3f},"bar":{},"holds":{}}})"
      "\n",
      name, median(ours), ratio, bar, ratio >= bar);
}

void print_known(const char* name, const std::vector<double>& values, const char* comparator,
                 const std::vector<double>& compared) {
  fmt::print(
      R"({{"name":"{}","value":{:.1f},"unit":"tokens/s","comparator":"{}","ratio":{:.3f},"bar":null,"holds":null}})"
      "\n",
      name, median(values), comparator, median(ratios_of(values, compared)));
}

Status compare_together(Engine& engine, int rounds, std::uint32_t threads) {
  std::vector<double> prefill, decode, exact_prefill, decode_four;
  for (int round = 0; round < rounds; ++round) {
    const Result<Speed> one = measure_together(engine, 1, false, threads);
    if (!one) return one.error();
    const Result<Speed> four = measure_together(engine, 4, true, threads);
    if (!four) return four.error();
    prefill.push_back(one->prefill);
    decode.push_back(one->decode);
    exact_prefill.push_back(four->prefill);
    decode_four.push_back(four->decode);
  }
  print_known("prefill_exact_tokens_s", exact_prefill, "not exact", prefill);
  print_known("decode_four_exact_tokens_s", decode_four, "one sequence, not exact", decode);
  return {};
}

Status run(const std::string& model_path, const std::string& comparator, int rounds) {
  cpu_set_t processors;
  CPU_ZERO(&processors);
  ::sched_getaffinity(0, sizeof processors, &processors);
  const auto threads = static_cast<std::uint32_t>(std::max(1, CPU_COUNT(&processors)));

  if (Status loaded = load_backends(CARREL_BACKENDS); !loaded) return loaded;
  Result<Fd> file = open_read(model_path);
  if (!file) return file.error();
  Result<std::unique_ptr<Engine>> engine = load_llama_engine(std::move(*file), model_path);
  if (!engine) return engine.error();
  Result<ContextSettings> opened = (*engine)->open({.context = prompt_tokens,
                                                    .sequence = prompt_tokens,
                                                    .sequences = 1,
                                                    .batch = prompt_tokens,
                                                    .threads = threads});
  if (!opened) return opened.error();
  const auto schema = parse_schema(
      R"({"type":"object","additionalProperties":false,"required":["text"],
          "properties":{"text":{"type":"string","minLength":5000,"maxLength":8000}}})",
      nullptr);
  if (!schema) return schema.error();
  const auto grammar = compile(**schema, 0, {}, {});
  if (!grammar) return grammar.error();
  const TokenTrie trie(all_bytes(**engine));

  if (Result<Speed> warm = measure(**engine, trie, *grammar); !warm) return warm.error();
  std::vector<double> prefill, decode, their_prefill, their_decode;
  for (int round = 0; round < rounds; ++round) {
    const Result<Speed> ours = measure(**engine, trie, *grammar);
    if (!ours) return ours.error();
    const Result<Speed> theirs = measure_comparator(comparator, model_path, threads);
    if (!theirs) return theirs.error();
    const Result<Speed> again = measure(**engine, trie, *grammar);
    if (!again) return again.error();
    prefill.push_back((ours->prefill + again->prefill) / 2);
    decode.push_back((ours->decode + again->decode) / 2);
    their_prefill.push_back(theirs->prefill);
    their_decode.push_back(theirs->decode);
  }
  print("prefill_tokens_s", prefill, their_prefill);
  print("decode_tokens_s", decode, their_decode);
  return compare_together(**engine, (rounds + 1) / 2, threads);
}

}  // namespace

int main(int count, char** words) {
  const int rounds = count == 4 ? std::atoi(words[3]) : usual_rounds;
  if (count < 3 || count > 4 || rounds < 1) {
    fmt::print(stderr, "usage: engine MODEL.gguf LLAMA_BENCH [ROUNDS]\n");
    return 2;
  }
  start_with_short_spins(words);
  const Status done = run(words[1], words[2], rounds);
  if (done) return 0;
  fmt::print(stderr, "engine: {}\n", done.error().what);
  return 1;
}
