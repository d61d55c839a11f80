#include "host/flow/model.h"

#include <algorithm>
#include <filesystem>
#include <sstream>
#include <thread>
#include <vector>

#include <fmt/format.h>
#include <unistd.h>

#include "base/fd.h"
#include "base/text.h"
#include "base/units.h"
#include "host/flow/findings_question.h"

namespace carrel {
namespace {

constexpr std::size_t template_limit = limit::chat_template;

std::uint32_t threads_of(const Settings& settings) {
  const auto asked = static_cast<std::uint32_t>(settings.whole("threads"));
  if (asked > 0) return asked;
  // Spinning threads lose far more to one busy neighbour than to one thread less.
  const unsigned cores = std::max(1U, std::thread::hardware_concurrency());
  return cores >= 4 ? cores - 1 : cores;
}

// A sentence for the prompt on what the reader did not hand out.
std::string left_out_sentence(const EvidenceList& evidence) {
  std::uint64_t lines = 0, files = 0;
  for (const LeftOut& item : evidence.left_out) {
    lines += item.lines;
    files += item.files;
  }
  return fmt::format("{} lines were read from {} files; {} lines and {} files were left out.",
                     evidence.lines_read, evidence.files, lines, files);
}

// A model that learnt another prompt than it is given answers noise.
Status trained_on_this_prompt(const ModelCard& card, const std::string& path) {
  if (card.prompt_version == 0 || card.prompt_version == findings_prompt_version) return {};
  return Error{
      Code::bad_input,
      fmt::format("{} was trained on version {} of Carrel's prompt, and this Carrel writes version {}", path,
                  card.prompt_version, findings_prompt_version),
      "use the model that came with this Carrel, or train it again: models/house/README.md"};
}

}  // namespace

std::uint64_t think_memory(const ModelCard& card, std::uint32_t context, std::uint32_t batch, bool exact) {
  // Measured: Q4_0 weights of 233 MB took 284 MB repacked. What a batch keeps of each of its tokens is less
  // than a row of logits would be: 152 MB beside 933 with 0.5B weights and 8,192 tokens.
  const std::uint64_t weights = card.file_bytes / 4 * 5;
  const std::uint64_t cache = card.kv_bytes_per_token * context;
  const std::uint64_t buffers = 4ULL * card.vocabulary * batch;
  // Without flash attention each head keeps a score of each token of the batch for each of the context.
  constexpr std::uint64_t heads = 32;
  const std::uint64_t scores = exact ? 4 * heads * batch * context : 0;
  const std::uint64_t for_blas =
      4 * card.largest_weight;  // which takes one weight after the other, as floats
  return weights + cache + buffers + scores + for_blas + 768 * mib;
}

std::uint64_t state_memory(const ModelCard& card, std::uint32_t context) {
  constexpr std::uint64_t beside_a_token =
      64;  // its place and number, in the engine's part and in the header
  return (card.kv_bytes_per_token + beside_a_token) * context + 4 * mib;
}

// A room that read a hostile file made the card: figures that no model has would make predictions wrap.
Status plausible(const ModelCard& card, const std::string& path) {
  constexpr std::uint64_t most_kv_bytes = 64 * mib;  // a token; the largest open models need about 2 MiB
  constexpr std::uint32_t most_vocabulary = 4'000'000;
  constexpr std::uint32_t most_context = 1 << 26;
  constexpr std::uint64_t most_in_a_weight = std::uint64_t{1} << 40;
  if (card.kv_bytes_per_token <= most_kv_bytes && card.vocabulary <= most_vocabulary &&
      card.trained_context <= most_context && card.largest_weight <= most_in_a_weight) {
    return {};
  }
  return Error{Code::bad_input, path + " claims a size that no model has", "get the model file again"};
}

Status names_model(const Settings& settings) {
  if (settings.text("engine") != "llama" || !settings.text("model").empty()) return {};
  return Error{Code::usage, "the engine llama needs a model", "name one with --model FILE.gguf"};
}

Result<Model> Model::open(const Settings& settings, const ExpectedSum& sum, Rooms& rooms,
                          const HashProgress& progress, const std::atomic<bool>& stop) {
  Model model;
  auto file = HashedFile::open(settings.text("model"), progress, stop);
  if (!file) return file.error();
  model.file_ = std::move(*file);
  const std::string& path = model.file_.path();
  if (!sum.sha256.empty() && model.file_.sha256() != sum.sha256) {
    return Error{Code::bad_input,
                 fmt::format("{} is not the file that {} names: its SHA-256 is {}, not {}", path, sum.whose,
                             model.file_.sha256(), sum.sha256),
                 "get the file again, or list it as it is now with `carrel models add`"};
  }
  auto descriptor = model.file_.descriptor();
  if (!descriptor) return descriptor.error();
  auto card = rooms.inspect({path}, std::move(*descriptor), model.file_.bytes());
  if (!card) return card.error();
  if (Status sound = plausible(*card, path); !sound) return sound.error();
  if (Status known = trained_on_this_prompt(*card, path); !known) return known.error();
  model.card_ = std::move(*card);
  model.card_.file_bytes = model.file_.bytes();  // what the host measured, not what the file claims
  model.name_ = to_utf8(model.card_.name);
  if (model.name_.empty()) model.name_ = std::filesystem::path(path).filename();
  return model;
}

std::vector<std::string> Model::recommend(Settings* settings) const {
  const struct {
    const char* name;
    double value;
  } recommended[] = {{"temperature", card_.temperature},
                     {"top-k", static_cast<double>(card_.top_k)},
                     {"top-p", card_.top_p},
                     {"min-p", card_.min_p}};
  std::vector<std::string> not_taken;
  for (const auto& [name, value] : recommended) {
    if (value < 0) continue;  // the file recommends nothing
    if (!settings->set(name, fmt::format("{}", value), Source::model_file, "general.sampling")) {
      not_taken.push_back(
          fmt::format("the model file's {} of {} is out of range and was not taken", name, value));
    } else if (settings->number(name) != value) {
      not_taken.push_back(fmt::format("the model file's {} of {} was not taken: it is {} ({})", name, value,
                                      settings->number(name), settings->source_text(name)));
    }
  }
  return not_taken;
}

Result<std::vector<Variant>> chosen_variants(const Playbook& playbook, const Settings& settings) {
  std::vector<Variant> named;
  std::istringstream names(settings.text("variants"));
  for (std::string name; std::getline(names, name, ',');) {
    const auto found =
        std::find_if(playbook.variants.begin(), playbook.variants.end(),
                     [&](const Variant& variant) { return variant.name == std::string(trim(name)); });
    if (found == playbook.variants.end()) {
      return Error{
          Code::usage,
          fmt::format("the playbook {} has no variant \"{}\"", playbook.title(), escape_for_terminal(name)),
          ""};
    }
    named.push_back(*found);
  }
  if (named.empty()) named = playbook.variants;
  const std::size_t tries = settings.whole("tries");
  if (tries == 0) return named;
  // More tries than variants: the variants again, in turn; with sampling they differ.
  std::vector<Variant> all;
  for (std::size_t i = 0; i < tries; ++i) all.push_back(named[i % named.size()]);
  return all;
}

Result<ThinkJob> Model::job(const Playbook& playbook, const Settings& settings, const EvidenceList& evidence,
                            const std::string& question) const {
  ThinkJob job;
  job.model_name = file_.path();
  job.system = playbook.system;
  job.question = question;
  auto variants = chosen_variants(playbook, settings);
  if (!variants) return variants.error();
  job.variants = std::move(*variants);
  job.schema = playbook.schema_text;
  job.commands = playbook.commands;
  job.lines = evidence.lines;
  job.names = evidence.names;
  job.searched = evidence.searched;
  job.left_out = left_out_sentence(evidence);
  if (const std::string& file = settings.text("template"); !file.empty()) {
    auto text = read_file(file, template_limit);
    if (!text) return text.error();
    job.chat_template = std::move(*text);
  }
  job.sampling = {settings.number("temperature"), settings.number("top-p"), settings.number("min-p"),
                  static_cast<std::uint32_t>(settings.whole("top-k")), settings.whole("seed")};
  job.context = static_cast<std::uint32_t>(settings.whole("context"));
  if (card_.trained_context > 0) job.context = std::min(job.context, card_.trained_context);
  job.output_tokens = static_cast<std::uint32_t>(settings.whole("output-tokens"));
  // The think room ends its tries itself, so that what was decoded by then is kept, before the wall ends the
  // room.
  const std::uint64_t wall = settings.whole("wall-seconds");
  job.wall_seconds = static_cast<std::uint32_t>(wall - std::min<std::uint64_t>(wall / 10, 30));
  job.threads = threads_of(settings);
  job.exact = settings.truth("exact");
  // Without a BLAS nothing is won by large batches, and the scores of every head take memory.
  if (job.exact) job.chunk = 512;
  job.early_stop = settings.truth("early-stop");
  job.draft = static_cast<std::uint32_t>(settings.whole("draft"));
  return job;
}

Result<ThinkResult> Model::think(const ThinkJob& job, Rooms& rooms, const Settings& settings,
                                 PrefixState* state) const {
  const std::uint32_t context = job.context > 0 ? job.context : card_.trained_context;
  std::uint64_t memory = settings.whole("memory") * mib;
  if (memory == 0) memory = think_memory(card_, context, job.chunk, job.exact);
  const auto machine = static_cast<std::uint64_t>(::sysconf(_SC_PHYS_PAGES)) *
                       static_cast<std::uint64_t>(::sysconf(_SC_PAGESIZE));
  if (memory + file_.bytes() > machine) {
    return Error{Code::does_not_fit,
                 fmt::format("{} with {} tokens of context needs about {} MiB and this machine has {} MiB",
                             name_, context, (memory + file_.bytes()) / mib, machine / mib),
                 "use a smaller model, a smaller --context, or a lower quantisation"};
  }
  state->most_bytes = std::min(state->most_bytes, state_memory(card_, context));
  if (memory + file_.bytes() + state->saved.size() + state->most_bytes > machine) *state = {};
  auto file = file_.descriptor();
  if (!file) return file.error();
  return rooms.think(job, std::move(*file), file_.bytes(), memory, state);
}

}  // namespace carrel
