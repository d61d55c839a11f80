#include "host/flow/rooms.h"

#include <algorithm>

#include <fcntl.h>
#include <fmt/format.h>
#include <rapidjson/stringbuffer.h>
#include <rapidjson/writer.h>

#include "base/text.h"
#include "base/units.h"
#include "digest/sha256.h"
#include "host/flow/tar_stream.h"
#include "host/walls/room_memory.h"
#include "record/codec.h"

namespace carrel {
namespace {

constexpr std::uint64_t gib = 1ULL << 30;

// A room without a model reads any bundle in this much.
constexpr std::uint64_t bundle_memory = 1 * gib;
// One unpacks while the other looks at what was unpacked.
constexpr unsigned bundle_threads = 2;
// A vocabulary of 200,000 tokens and its merges fit in this.
constexpr std::uint64_t inspect_memory = 768 * mib;
// Address space beyond memory and the mapped file: libraries, stacks, arenas of threads.
constexpr std::uint64_t address_slack = 4 * gib;

bool uses_model(RoomKind kind) {
  return kind == RoomKind::think || kind == RoomKind::inspect;
}

std::vector<Fd> only(Fd input) {
  std::vector<Fd> inputs;
  inputs.push_back(std::move(input));
  return inputs;
}

// What a room tells of states must go with what it was lent.
bool is_possible(const ThinkResult& result, const PrefixState& lent) {
  const std::uint32_t most_reused = lent.saved.empty() ? 0 : result.prefix_tokens;
  const std::uint64_t most_bytes = lent.key.empty() ? 0 : lent.most_bytes;
  return result.prefix_tokens <= result.prompt_tokens && result.prefix_reused <= most_reused &&
         result.state_bytes <= most_bytes;
}

Error impossible_figures() {
  return {Code::room_refused, "the think room tells of a state what cannot be", "report this"};
}

Result<Message> answer_of(RoomKind kind, RoomOutcome& outcome) {
  const std::string room = fmt::format("the {} room", to_string(kind));
  switch (outcome.ending) {
    case Ending::ok:
      return std::move(outcome.answer);
    case Ending::interrupted:
      return Error{Code::interrupted, "interrupted", ""};
    case Ending::memory:
      return Error{Code::does_not_fit, fmt::format("{} ran into its memory cap", room),
                   uses_model(kind)
                       ? "allow more with --memory MIB, or use a smaller model or --context"
                       : "the bundle needs more memory than a room may have; leave files out of it"};
    case Ending::time:
      return Error{Code::does_not_fit, fmt::format("{} ran into its time cap", room),
                   "allow more with --wall-seconds"};
    case Ending::output_cap:
      return Error{Code::room_refused, fmt::format("{} sent more than it may", room),
                   "the run was ended; report this"};
    case Ending::setup_error:
    case Ending::violation:
    case Ending::killed:
    case Ending::count_:
      break;
  }
  std::string what = fmt::format("{} ended ({}): {}", room, to_string(outcome.ending), outcome.detail);
  if (!outcome.last_words.empty()) what += "; its last words: " + escape_for_terminal(outcome.last_words);
  return Error{Code::room_refused, std::move(what),
               outcome.remedy.empty() ? "`carrel doctor` tells what this machine lacks" : outcome.remedy};
}

}  // namespace

RoomShape room_shape(RoomKind kind, std::chrono::seconds wall_clock, const ModelNeeds& needs) {
  RoomShape shape;
  Caps& caps = shape.caps;
  caps.wall_clock = wall_clock;
  // How many threads it keeps busy: its cap on CPU time is the wall clock's for each of them.
  unsigned working_threads = 1;
  if (!uses_model(kind)) {
    shape.program = "/carrel-read";
    caps.memory = bundle_memory;
    caps.address_space = bundle_memory + address_slack;
    working_threads = bundle_threads;
  } else {
    shape.program = "/carrel-think";
    caps.memory = kind == RoomKind::inspect ? inspect_memory : needs.memory;
    caps.address_space = caps.memory + needs.model_bytes + address_slack;
  }
  if (kind == RoomKind::think) {
    working_threads = needs.threads;
    caps.processes = needs.threads + 32;
  }
  caps.cpu = wall_clock * working_threads;
  shape.processors = working_threads;
  return shape;
}

Rooms::Rooms(Wall& wall, std::string folder, std::chrono::seconds wall_clock, const std::atomic<bool>& stop,
             OnProgress progress)
    : wall_(wall),
      folder_(std::move(folder)),
      wall_clock_(wall_clock),
      stop_(stop),
      progress_(std::move(progress)) {}

template <class Out, class Job>
Result<Out> Rooms::ask(RoomKind kind, const Job& job, std::vector<Fd> inputs, const ModelNeeds& needs,
                       Fd output) {
  auto body = encode(job);
  if (!body) return body.error();
  const RoomShape shape = room_shape(kind, wall_clock_, needs);
  RoomSpec spec;
  spec.kind = kind;
  spec.root = folder_ + (uses_model(kind) ? "/think-root" : "/read-root");
  spec.program = shape.program;
  spec.arguments = {to_string(kind)};
  spec.inputs = std::move(inputs);
  spec.output = std::move(output);
  spec.caps = shape.caps;
  spec.processors = shape.processors;
  spec.job = std::move(*body);
  if (kind == RoomKind::think) {
    spec.keep_for = keep_for_;
    spec.run = run_;
  }

  RoomTrace trace;
  trace.kind = kind;
  trace.program = spec.program;
  trace.caps = spec.caps;
  trace.outcome = wall_.run(std::move(spec), progress_, stop_);
  auto message = answer_of(kind, trace.outcome);
  traces_.push_back(std::move(trace));
  if (!message) return message.error();
  if (message->type == MessageType::refused) {
    auto refused = decode<Refused>(message->body);
    if (!refused) return refused.error();
    // Only what a room can know of its input; whether a run was interrupted, say, is not a room's to tell.
    // Its texts are one line each, whatever they hold.
    const bool its_own = refused->code == Code::bad_input || refused->code == Code::does_not_fit ||
                         refused->code == Code::machine;
    return Error{its_own ? refused->code : Code::room_refused, escape_for_terminal(refused->what),
                 escape_for_terminal(refused->remedy)};
  }
  return decode<Out>(message->body);
}

Result<ReadResult> Rooms::read(const ReadJob& job, Fd bundle) {
  return ask<ReadResult>(RoomKind::read, job, only(std::move(bundle)));
}

Result<CheckResult> Rooms::check(const CheckJob& job, Fd bundle) {
  return ask<CheckResult>(RoomKind::check, job, only(std::move(bundle)));
}

Result<ModelCard> Rooms::inspect(const InspectJob& job, Fd model, std::uint64_t model_bytes) {
  return ask<ModelCard>(RoomKind::inspect, job, only(std::move(model)), {0, model_bytes, 1});
}

Result<ThinkResult> Rooms::think(const ThinkJob& job, Fd model, std::uint64_t model_bytes,
                                 std::uint64_t memory, PrefixState* state) {
  std::vector<Fd> inputs = only(std::move(model));
  ModelNeeds needs{memory, model_bytes, job.threads};
  if (state->key.empty()) {
    auto result = ask<ThinkResult>(RoomKind::think, job, std::move(inputs), needs);
    if (result && !is_possible(*result, *state)) return impossible_figures();
    return result;
  }

  ThinkJob with_state = job;
  with_state.state = {state->key, state->saved.size(), state->most_bytes};
  needs.model_bytes += std::max<std::uint64_t>(state->saved.size(), state->most_bytes) + state->most_bytes;
  auto saved = make_room_input(state->saved);
  if (!saved) return saved.error();
  inputs.push_back(std::move(*saved));
  auto output = make_room_memory(state->most_bytes);
  if (!output) return output.error();
  const Fd kept(::fcntl(output->get(), F_DUPFD_CLOEXEC, 0));
  if (!kept.valid()) return errno_error("cannot keep a room's memory");
  auto result = ask<ThinkResult>(RoomKind::think, with_state, std::move(inputs), needs, std::move(*output));
  if (!result) return result;
  if (!is_possible(*result, *state)) return impossible_figures();
  auto made = read_room_memory(kept, result->state_bytes);
  if (!made) return made.error();
  state->made = std::move(*made);
  return result;
}

void Rooms::name_input(RoomKind kind, const std::string& sha256, bool same_afterwards) {
  for (RoomTrace& trace : traces_) {
    if (trace.kind != kind) continue;
    trace.input_sha256 = sha256;
    trace.input_sha256_after = same_afterwards ? sha256 : "";
  }
}

Result<std::string> Rooms::image_sha256() const {
  const bool model = std::any_of(traces_.begin(), traces_.end(),
                                 [](const RoomTrace& trace) { return uses_model(trace.kind); });
  return carrel::image_sha256(folder_, model);
}

Result<std::string> image_sha256(const std::string& folder, bool with_model) {
  Sha256 digest;
  const auto take = [&](std::string_view bytes) -> Status {
    digest.add(bytes);
    return {};
  };
  if (Status done = write_tar(folder + "/read-root", take); !done) return done.error();
  if (with_model) {
    if (Status done = write_tar(folder + "/think-root", take); !done) return done.error();
  }
  return digest.hex();
}

std::string to_json(const std::vector<RoomTrace>& traces) {
  rapidjson::StringBuffer buffer;
  rapidjson::Writer<rapidjson::StringBuffer> json(buffer);
  const auto text = [&](const char* key, const std::string& value) {
    json.Key(key);
    const std::string literal = printable_json_string(value);
    json.RawValue(literal.data(), literal.size(), rapidjson::kStringType);
  };
  const auto number = [&](const char* key, std::uint64_t value) {
    json.Key(key);
    json.Uint64(value);
  };
  const auto limits = [&](const char* key, const Caps& caps) {
    json.Key(key);
    json.StartObject();
    number("wall_clock_ms", static_cast<std::uint64_t>(caps.wall_clock.count()));
    number("cpu_s", static_cast<std::uint64_t>(caps.cpu.count()));
    number("address_space_bytes", caps.address_space);
    number("memory_bytes", caps.memory);
    number("processes", caps.processes);
    number("descriptors", caps.descriptors);
    number("output_bytes", caps.output_bytes);
    number("denials", caps.denials);
    json.EndObject();
  };
  json.StartArray();
  for (const auto& [kind, program, caps, input_sha256, input_sha256_after, outcome] : traces) {
    json.StartObject();
    text("room", to_string(kind));
    text("program", program);
    text("input_sha256", input_sha256);
    text("input_sha256_after", input_sha256_after);
    limits("caps", caps);
    if (outcome.machine) limits("machine_caps", *outcome.machine);
    text("ending", to_string(outcome.ending));
    text("detail", outcome.detail);
    text("configuration", outcome.configuration);
    json.Key("layers");
    json.StartArray();
    for (const std::string& layer : outcome.layers) json.String(layer.c_str());
    json.EndArray();
    json.Key("posture");
    json.StartObject();
    for (const auto& [name, value] : outcome.posture) text(name.c_str(), value);
    json.EndObject();
    json.Key("denials");
    json.StartArray();
    for (const Denial& denial : outcome.denials) {
      json.StartObject();
      text("call", denial.call);
      text("arguments", denial.arguments);
      number("count", denial.count);
      json.EndObject();
    }
    json.EndArray();
    number("peak_memory_bytes", outcome.peak_memory);
    number("bytes_out", outcome.bytes_out);
    number("survivors", outcome.survivors);
    if (outcome.kept) {
      json.Key("kept");
      json.StartObject();
      text("room", outcome.kept->room);
      text("since", outcome.kept->since);
      json.Key("runs_before");
      json.StartArray();
      for (const std::string& run : outcome.kept->runs) json.String(run.c_str());
      json.EndArray();
      json.Key("stays");
      json.Bool(outcome.kept->stays);
      json.EndObject();
    }
    json.Key("start_s");
    json.Double(outcome.start_s);
    json.Key("elapsed_s");
    json.Double(outcome.elapsed_s);
    json.EndObject();
  }
  json.EndArray();
  return {buffer.GetString(), buffer.GetSize()};
}

}  // namespace carrel
