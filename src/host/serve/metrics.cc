#include "host/serve/metrics.h"

#include <fmt/format.h>

namespace carrel {
namespace {

class Text {
 public:
  // A family: what follows are its samples.
  void family(const char* name, const char* type, const char* help) {
    name_ = name;
    out_ += fmt::format("# HELP {0} {2}\n# TYPE {0} {1}\n", name, type, help);
  }
  // `labels` is "" or {name="value"}; values are our own words and numbers, which need no escape.
  template <class Number>
  void sample(const Number& value, const std::string& labels = "", const char* suffix = "") {
    out_ += fmt::format("{}{}{} {}\n", name_, suffix, labels, value);
  }
  template <class Number>
  void one(const char* name, const char* type, const char* help, const Number& value) {
    family(name, type, help);
    sample(value);
  }
  std::string finish() { return std::move(out_); }

 private:
  std::string name_, out_;
};

std::string label(const char* name, std::string_view value) {
  return fmt::format("{{{}=\"{}\"}}", name, value);
}

}  // namespace

std::string metrics_text(const WarmRooms& rooms, std::string_view version, double started) {
  const ServeCounts counts = rooms.counts();
  const std::vector<ServedRoom> now = rooms.rooms();
  std::uint64_t busy = 0, reserved = 0, runs = 0;
  for (const ServedRoom& room : now) {
    busy += room.busy ? 1 : 0;
    reserved += room.reserved;
  }
  for (const auto& [ending, count] : counts.runs) runs += count;

  Text text;
  text.family("carrel_build_info", "gauge", "The version of Carrel that serves.");
  text.sample(1, label("version", version));
  text.one("carrel_start_time_seconds", "gauge", "When the server began, in seconds since 1970.", started);

  text.family("carrel_rooms", "gauge", "Think rooms that are kept, by what they do.");
  text.sample(busy, label("state", "busy"));
  text.sample(now.size() - busy, label("state", "idle"));
  text.one("carrel_rooms_reserved_bytes", "gauge",
           "Memory that the rooms may take: their caps, their models, what they are lent.", reserved);
  text.one("carrel_rooms_limit_bytes", "gauge", "Memory that all rooms together may be given.",
           rooms.limits().memory);
  text.one("carrel_rooms_made_total", "counter", "Rooms that were made.", counts.rooms_made);
  text.family("carrel_rooms_ended_total", "counter", "Rooms that ended, by why.");
  for (const char* why : {"idle", "memory", "replaced", "used", "stopped"}) {
    const auto found = counts.rooms_ended.find(why);
    text.sample(found == counts.rooms_ended.end() ? 0 : found->second, label("reason", why));
  }

  text.family("carrel_runs_total", "counter", "Jobs that rooms did, by how that ended.");
  for (std::size_t i = 0; i < static_cast<std::size_t>(Ending::count_); ++i) {
    const char* const ending = to_string(static_cast<Ending>(i));
    const auto found = counts.runs.find(ending);
    text.sample(found == counts.runs.end() ? 0 : found->second, label("ending", ending));
  }
  text.one("carrel_warm_runs_total", "counter", "Jobs that found a room with their model.", counts.warm_runs);
  text.family("carrel_run_seconds", "summary", "From a job's arrival to its answer, waiting included.");
  text.sample(counts.run_s, "", "_sum");
  text.sample(runs, "", "_count");
  text.one("carrel_model_load_seconds_total", "counter", "Time for loading models.", counts.load_s);
  text.one("carrel_prefill_seconds_total", "counter", "Time for reading prompts.", counts.prefill_s);
  text.one("carrel_decode_seconds_total", "counter", "Time for writing answers.", counts.decode_s);
  text.family("carrel_tokens_total", "counter", "Tokens of jobs that were answered.");
  text.sample(counts.prompt_tokens - counts.reused_tokens, label("kind", "prompt"));
  text.sample(counts.reused_tokens, label("kind", "prompt_reused"));
  text.sample(counts.output_tokens, label("kind", "output"));

  const auto each = [&](const char* name, const char* help, auto value) {
    text.family(name, "gauge", help);
    for (const ServedRoom& room : now) text.sample(value(room), label("room", std::to_string(room.number)));
  };
  each("carrel_room_busy", "1 while the room has a job.",
       [](const ServedRoom& room) { return room.busy ? 1 : 0; });
  each("carrel_room_memory_bytes", "Memory of the room's process, as its job last told; 0 while it is idle.",
       [](const ServedRoom& room) { return room.progress.memory; });
  each("carrel_room_context_tokens", "Tokens that the context of its job holds.",
       [](const ServedRoom& room) { return room.progress.context; });
  each("carrel_room_context_used_tokens", "Tokens that are in it now.",
       [](const ServedRoom& room) { return room.progress.context_used; });
  return text.finish();
}

}  // namespace carrel
