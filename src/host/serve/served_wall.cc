#include "host/serve/served_wall.h"

#include <optional>

#include <fmt/format.h>
#include <sys/stat.h>

#include "host/serve/order.h"
#include "host/serve/socket.h"
#include "record/codec.h"

namespace carrel {
namespace {

RoomOutcome failed(Ending ending, std::string detail, std::string remedy) {
  RoomOutcome outcome;
  outcome.ending = ending;
  outcome.detail = std::move(detail);
  outcome.remedy = std::move(remedy);
  return outcome;
}

Result<std::string> order_of(const RoomSpec& spec) {
  ServeOrder order;
  order.keep_for = spec.keep_for;
  order.run = spec.run;
  order.root = spec.root;
  order.program = spec.program;
  order.arguments = spec.arguments;
  order.wall_clock_ms = static_cast<std::uint64_t>(spec.caps.wall_clock.count());
  order.cpu_s = static_cast<std::uint64_t>(spec.caps.cpu.count());
  order.address_space = spec.caps.address_space;
  order.memory = spec.caps.memory;
  order.output_bytes = spec.caps.output_bytes;
  order.processes = spec.caps.processes;
  order.denials = spec.caps.denials;
  order.processors = spec.processors;
  order.job = spec.job;
  if (spec.output.valid()) {
    struct stat info {};
    if (::fstat(spec.output.get(), &info) != 0) return errno_error("the room's memory");
    order.state_bytes = static_cast<std::uint64_t>(info.st_size);
  }
  return encode(order);
}

RoomOutcome outcome_of(ServeAnswer answer, const Caps& asked) {
  RoomOutcome outcome = failed(answer.ending, std::move(answer.detail), std::move(answer.remedy));
  outcome.last_words = std::move(answer.last_words);
  if (answer.type < static_cast<std::uint8_t>(MessageType::count_))
    outcome.answer = {static_cast<MessageType>(answer.type), std::move(answer.body)};
  outcome.denials = std::move(answer.denials);
  outcome.peak_memory = answer.peak_memory;
  outcome.bytes_out = answer.bytes_out;
  outcome.survivors = answer.survivors;
  outcome.start_s = answer.start_s;
  outcome.elapsed_s = answer.elapsed_s;
  for (std::size_t i = 0; i + 1 < answer.posture.size(); i += 2)
    outcome.posture.emplace_back(std::move(answer.posture[i]), std::move(answer.posture[i + 1]));
  outcome.layers = std::move(answer.layers);
  outcome.configuration = std::move(answer.configuration);
  outcome.kept =
      KeptRecord{std::move(answer.room), std::move(answer.since), std::move(answer.runs), answer.stays};
  outcome.machine = asked;
  outcome.machine->cpu = std::chrono::seconds(answer.cpu_s);
  return outcome;
}

// What a server made of the order. An Error where it did not take it; an outcome where it did, whatever came.
Result<RoomOutcome> ask_server(const Fd& server, const RoomSpec& spec,
                               const std::function<void(const Progress&)>& progress,
                               const std::atomic<bool>& stop) {
  auto order = order_of(spec);
  if (!order) return order.error();
  std::vector<int> files;
  for (const Fd& input : spec.inputs) files.push_back(input.get());
  if (spec.output.valid()) files.push_back(spec.output.get());
  if (Status sent = send_message(server, ServeMessage::order, *order, files); !sent) return sent.error();
  for (;;) {
    auto message = receive_message(server, stop);
    if (!message) return failed(Ending::killed, message.error().what, message.error().remedy);
    if (!*message) {
      // The server sees this end leave, and ends the room.
      if (stop) return failed(Ending::interrupted, "the room was stopped on request", "");
      return failed(Ending::killed, "carrel serve ended, and the room with it",
                    "start it again, or run with --serve never");
    }
    if ((*message)->type == ServeMessage::progress) {
      const auto step = decode<Progress>((*message)->body);
      if (step && progress) progress(*step);
      continue;
    }
    auto answer = decode<ServeAnswer>((*message)->body);
    if (!answer) return failed(Ending::killed, "carrel serve: " + answer.error().what, "start it again");
    if (!answer->refused.empty())
      return Error{Code::room_refused, "carrel serve: " + answer->refused, answer->remedy};
    return outcome_of(std::move(*answer), spec.caps);
  }
}

}  // namespace

ServedWall::ServedWall(std::unique_ptr<Wall> rooms, std::string socket, ServeUse use)
    : rooms_(std::move(rooms)), socket_(std::move(socket)), use_(use) {}

RoomOutcome ServedWall::run(RoomSpec spec, const std::function<void(const Progress&)>& progress,
                            const std::atomic<bool>& stop) {
  if (spec.kind != RoomKind::think) return rooms_->run(std::move(spec), progress, stop);
  Error why{Code::room_refused, "", ""};
  if (spec.keep_for.empty()) {
    why.what = "the run is of no named tenant, and a room is kept for one";
    why.remedy = "name it with --tenant";
  } else if (auto server = connect_to_server(socket_); !server) {
    why = server.error();
  } else if (!*server) {
    why.what = fmt::format("no carrel serve answers at {}", socket_);
    why.remedy = "start one with `carrel serve`";
  } else {
    auto outcome = ask_server(**server, spec, progress, stop);
    if (outcome) return std::move(*outcome);
    why = outcome.error();
  }
  if (use_ == ServeUse::only) return failed(Ending::setup_error, why.what, why.remedy);
  return rooms_->run(std::move(spec), progress, stop);
}

}  // namespace carrel
