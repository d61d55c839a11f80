// `carrel models fit`: what a model needs on this machine, from a short measurement in a room.
#include <cstdio>
#include <fstream>

#include <fmt/format.h>
#include <rapidjson/prettywriter.h>
#include <rapidjson/stringbuffer.h>

#include "base/text.h"
#include "host/cli/cli.h"
#include "host/cli/model_desk.h"
#include "host/cli/print.h"
#include "host/cli/progress.h"
#include "host/flow/measure.h"
#include "host/walls/namespace_wall.h"
#include "record/exit_status.h"

namespace carrel {
namespace {

// What programs may still take without swapping: MemAvailable of proc(5), bytes. 0 where it is not told.
std::uint64_t available_memory() {
  std::ifstream file("/proc/meminfo");
  for (std::string key; file >> key;) {
    std::uint64_t kib = 0;
    if (key == "MemAvailable:" && file >> kib) return kib << 10;
    std::getline(file, key);
  }
  return 0;
}

std::string megabytes(std::uint64_t bytes) {
  return fmt::format("{:.0f} MB", static_cast<double>(bytes) / 1e6);
}

double prefill_per_s(const MeasuredRun& run) {
  return run.prefill_s > 0 ? run.prompt_tokens / run.prefill_s : 0;
}

double decode_per_s(const MeasuredRun& run) {
  return run.decode_s > 0 ? run.answer_tokens / run.decode_s : 0;
}

void print_fit(const Model& model, const Measured& measured, const FitQuestion& question, const Fit& fit) {
  const auto row = [](const char* what, const std::string& value) { print("{:<16}  {}\n", what, value); };
  row("model", escape_for_terminal(model.name()));
  row("asked for", fmt::format("{} tokens of context, {} {}, {} at the same time", question.context,
                               question.tries, question.tries == 1 ? "try" : "tries", question.slots));
  row("weights", fmt::format("{} ({} of the file as it is mapped, {} repacked for the processor)",
                             megabytes(fit.weights), megabytes(measured.mapped_bytes),
                             megabytes(measured.weight_bytes)));
  row("KV cache", fmt::format("{} ({} bytes a token)", megabytes(fit.cache), question.kv_bytes_per_token));
  row("computing", megabytes(fit.compute));
  row("the rest", fit.rest < 0 ? fmt::format("{} of that are never touched",
                                             megabytes(static_cast<std::uint64_t>(-fit.rest)))
                               : megabytes(static_cast<std::uint64_t>(fit.rest)));
  row("together", fmt::format("{}{}; {} of this machine's memory can be had: {}", megabytes(fit.one_room),
                              question.slots > 1 ? fmt::format(" a room, {} for {}", megabytes(fit.all_rooms),
                                                               question.slots)
                                                 : "",
                              megabytes(question.memory), fit.fits ? "it fits" : "it does NOT fit"));
  row("largest context",
      fit.largest_context == 0
          ? std::string("none fits")
          : fmt::format("{} tokens (trained for {})", fit.largest_context, question.trained_context));
  row("concurrency",
      fmt::format("{} {} of up to {} tokens leave {} tokens for the prompt", question.tries,
                  question.tries == 1 ? "answer" : "answers", question.output_tokens, fit.evidence_tokens));
  for (const MeasuredRun* run : {&measured.small, &measured.large}) {
    row("measured", fmt::format("prefill {:.0f} tokens/s over {} tokens, decode {:.1f} tokens/s behind them "
                                "with {} {}",
                                prefill_per_s(*run), run->prompt_tokens, decode_per_s(*run), question.tries,
                                question.tries == 1 ? "try" : "tries together"));
  }
  row("expected", fmt::format("{:.0f} s to read a full prompt, {:.0f} s to write all answers to their cap",
                              fit.prefill_s, fit.decode_s));
}

void print_fit_json(const Model& model, const Measured& measured, const FitQuestion& question,
                    const Fit& fit) {
  rapidjson::StringBuffer buffer;
  rapidjson::PrettyWriter<rapidjson::StringBuffer> json(buffer);
  json.SetIndent(' ', 1);
  const auto number = [&](const char* key, std::uint64_t value) {
    json.Key(key);
    json.Uint64(value);
  };
  const auto real = [&](const char* key, double value) {
    json.Key(key);
    json.Double(value);
  };
  json.StartObject();
  json.Key("model");
  const std::string name = printable_json_string(model.name());
  json.RawValue(name.data(), name.size(), rapidjson::kStringType);
  number("context", question.context);
  number("tries", question.tries);
  number("slots", question.slots);
  number("weights_mapped_bytes", measured.mapped_bytes);
  number("weights_own_bytes", measured.weight_bytes);
  number("kv_bytes", fit.cache);
  number("kv_bytes_per_token", question.kv_bytes_per_token);
  number("compute_bytes", fit.compute);
  json.Key("rest_bytes");
  json.Int64(fit.rest);
  number("room_bytes", fit.one_room);
  number("all_bytes", fit.all_rooms);
  number("memory_bytes", question.memory);
  json.Key("fits");
  json.Bool(fit.fits);
  number("largest_context", fit.largest_context);
  number("trained_context", question.trained_context);
  number("prompt_tokens", fit.evidence_tokens);
  json.Key("measured");
  json.StartArray();
  for (const MeasuredRun* run : {&measured.small, &measured.large}) {
    json.StartObject();
    number("prompt_tokens", run->prompt_tokens);
    real("prefill_tokens_per_s", prefill_per_s(*run));
    real("decode_tokens_per_s", decode_per_s(*run));
    json.EndObject();
  }
  json.EndArray();
  real("prefill_s", fit.prefill_s);
  real("decode_s", fit.decode_s);
  json.EndObject();
  std::puts(buffer.GetString());
}

}  // namespace

int models_fit_command(const Desk& desk, const ModelArguments& arguments) {
  auto chosen = chosen_model(desk, arguments.what);
  if (!chosen) return tell(chosen.error());
  auto model = open_model(desk, chosen->path, chosen->sum);
  if (!model) return tell(model.error());
  auto folder = desk.rooms_folder();
  if (!folder) return tell(folder.error());

  const ModelCard& card = model->card();
  FitQuestion question;
  question.context = static_cast<std::uint32_t>(desk.settings.whole("context"));
  if (question.context == 0 || (card.trained_context > 0 && question.context > card.trained_context))
    question.context = card.trained_context;
  question.tries = std::max(1U, static_cast<std::uint32_t>(desk.settings.whole("tries")));
  question.slots = static_cast<std::uint32_t>(arguments.slots);
  question.output_tokens = static_cast<std::uint32_t>(desk.settings.whole("output-tokens"));
  question.kv_bytes_per_token = card.kv_bytes_per_token;
  question.trained_context = card.trained_context;
  question.memory = available_memory();

  ProgressLine progress(chosen->path, desk.quiet);
  NamespaceWall wall;
  Rooms rooms(wall, *folder, std::chrono::seconds(desk.settings.whole("wall-seconds")), stop_requested,
              [&](const Progress& at) { progress.progress(at.done, at.total); });
  progress.stage("measure");
  auto measured = measure_model(*model, rooms, desk.settings, question.tries);
  progress.clear();
  if (!measured) return tell(measured.error());
  const Fit fit = predict_fit(*measured, question);
  desk.json ? print_fit_json(*model, *measured, question, fit) : print_fit(*model, *measured, question, fit);
  return fit.fits ? exit_status::passed : exit_status::of(Code::does_not_fit);
}

}  // namespace carrel
