#include "room/worker/think.h"

#include <fmt/format.h>

#include "record/schema.h"
#include "room/constrain/automaton.h"
#include "room/engine/plain_tokens.h"
#include "room/engine/saved_state.h"
#include "room/prompt/prompt.h"

namespace carrel {
namespace {

using Clock = std::chrono::steady_clock;

double seconds_since(Clock::time_point start) {
  return std::chrono::duration<double>(Clock::now() - start).count();
}

PromptModel prompt_model(const ThinkJob& job, const Engine& engine, const PlainTokens& plain) {
  PromptModel model;
  model.chat_template = job.chat_template.empty() ? engine.chat_template() : job.chat_template;
  model.render = [&engine, chat_template = model.chat_template](const auto& messages) {
    std::vector<ChatMessage> chat;
    for (const auto& [role, content] : messages) chat.push_back({role, content});
    return engine.render(chat_template, chat);
  };
  model.template_tokens = [&engine](std::string_view text) { return engine.tokenise(text, true); };
  model.plain_tokens = [&plain](std::string_view text) { return plain.of(text); };
  model.begin = engine.begin();
  model.trained_context = engine.trained_context();
  return model;
}

// What was opened for a job is given back when it is over, however it ends.
struct Closing {
  Engine& engine;
  ~Closing() { engine.close(); }
};

// Takes up what the earlier state stands for, and makes the decoder keep a new one where that was not all.
void use_state(const ThinkJob& job, Engine& engine, const ContextSettings& opened, const Tokens& prefix,
               const StateMemory& memory, ThinkResult* result, DecodeSettings* settings) {
  if (job.state.key.empty()) return;
  const StateOrigin here{job.state.key,  engine.library(), engine.backend(),
                         opened.threads, opened.batch,     job.exact};
  if (!memory.saved.empty()) {
    const Clock::time_point start = Clock::now();
    Restored restored = restore_prefix(engine, memory.saved, here, prefix);
    result->prefix_reused = static_cast<std::uint32_t>(restored.tokens);
    result->why_less = std::move(restored.why_less);
    result->state_s += seconds_since(start);
  }
  if (memory.free.empty() || result->prefix_reused == prefix.size()) return;
  settings->prefilled = [&engine, here, &prefix, memory, result] {
    const Clock::time_point start = Clock::now();
    result->state_bytes = save_prefix(engine, here, prefix, memory.free);
    result->state_s += seconds_since(start);
  };
}

}  // namespace

Result<ThinkResult> think(const ThinkJob& job, Engine& engine, const TokenTrie& trie,
                          Clock::time_point started, const StateMemory& memory,
                          const ThinkProgress& progress) {
  const Clock::time_point loaded = Clock::now();
  if (job.threads == 0 || job.chunk == 0 || job.chunk % 64 != 0 || job.output_tokens == 0 ||
      job.draft > limit::draft) {
    return Error{
        Code::bad_input,
        "the job asks for no threads, no output, a chunk that is no multiple of 64, or too many guesses", ""};
  }
  std::vector<Mistake> mistakes;
  Result<std::shared_ptr<const Schema>> schema = parse_schema(job.schema, &mistakes);
  if (!schema) return schema.error();

  // The prompt decides how many lines are kept, and only those may be cited.
  const PlainTokens plain(engine, trie);
  Result<Prompt> prompt = make_prompt(job, prompt_model(job, engine, plain));
  if (!prompt) return prompt.error();
  std::vector<std::string_view> lines;
  for (std::uint32_t i = 0; i < prompt->lines_kept; ++i) lines.emplace_back(job.lines[i].quote);
  Result<std::shared_ptr<const Grammar>> grammar =
      compile(**schema, prompt->lines_kept, job.commands, job.names, lines);
  if (!grammar) return grammar.error();

  // All of it fits before the first token is read; the context is never shifted.
  const auto tries = static_cast<std::uint32_t>(job.variants.size());
  Result<ContextSettings> opened = engine.open({.context = prompt->context,
                                                .sequence = prompt->sequence,
                                                .sequences = tries,
                                                .outputs = job.draft + 1,
                                                .batch = std::max(job.chunk, (tries + 63) / 64 * 64),
                                                .threads = job.threads,
                                                .exact = job.exact});
  if (!opened) return opened.error();
  const Closing closing{engine};

  ThinkResult result;
  result.lines_kept = prompt->lines_kept;
  result.prompt_tokens = result.prefix_tokens = static_cast<std::uint32_t>(prompt->prefix.size());
  std::vector<DecodeTry> starts;
  for (std::uint32_t i = 0; i < tries; ++i) {
    result.prompt_tokens += static_cast<std::uint32_t>(prompt->questions[i].size());
    starts.push_back({job.variants[i].name, std::move(prompt->questions[i]), start(*grammar)});
  }
  DecodeSettings settings;
  settings.sampling = job.sampling;
  settings.output_tokens = job.output_tokens;
  settings.early_stop = job.early_stop;
  settings.draft = job.draft;
  if (job.wall_seconds > 0) settings.deadline = started + std::chrono::seconds(job.wall_seconds);
  use_state(job, engine, *opened, prompt->prefix, memory, &result, &settings);
  // Answers come behind all of the prompt; before them the context holds what was read.
  const DecodeProgress tell = [&](const std::string& stage, std::uint64_t done, std::uint64_t total) {
    const std::uint64_t before = stage == "decoding" ? result.prompt_tokens : 0;
    progress({.stage = stage,
              .done = done,
              .total = total,
              .context_used = before + done,
              .context = opened->context});
  };
  Result<Decoded> decoded =
      decode(engine, trie, prompt->prefix, std::move(starts), opened->batch, settings, tell);
  if (!decoded) return decoded.error();
  result.tries = std::move(decoded->tries);
  result.settled_tokens = decoded->settled_tokens;
  result.drafts = decoded->drafts;
  result.context = opened->context;
  result.threads = opened->threads;
  result.backend = engine.backend();
  result.library = engine.library();
  const EngineMemory taken = engine.memory();
  result.mapped_bytes = taken.mapped;
  result.weight_bytes = taken.weights;
  result.cache_bytes = taken.cache;
  result.compute_bytes = taken.compute;
  result.prefill_s = decoded->prefill_s;
  result.decode_s = decoded->decode_s;
  result.first_token_s = std::chrono::duration<double>(decoded->first_token - loaded).count();
  return result;
}

}  // namespace carrel
