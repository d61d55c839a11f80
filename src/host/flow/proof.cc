#include "host/flow/proof.h"

#include <algorithm>

#include <fmt/format.h>

#include "base/json_writer.h"
#include "base/read_value.h"

namespace carrel {
namespace {

std::uint64_t whole(const Value& value) {
  return static_cast<std::uint64_t>(std::max<std::int64_t>(value.integer().value_or(0), 0));
}

Caps read_caps(const Value& value) {
  Caps caps;
  caps.wall_clock = std::chrono::milliseconds(whole(value["wall_clock_ms"]));
  caps.cpu = std::chrono::seconds(whole(value["cpu_s"]));
  caps.address_space = whole(value["address_space_bytes"]);
  caps.memory = whole(value["memory_bytes"]);
  caps.processes = static_cast<std::uint32_t>(whole(value["processes"]));
  caps.descriptors = static_cast<std::uint32_t>(whole(value["descriptors"]));
  caps.output_bytes = whole(value["output_bytes"]);
  caps.denials = static_cast<std::uint32_t>(whole(value["denials"]));
  return caps;
}

RoomRecord read_room(const Value& value) {
  RoomRecord room;
  room.room = value["room"].text();
  room.program = value["program"].text();
  room.ending = value["ending"].text();
  room.detail = value["detail"].text();
  room.configuration = value["configuration"].text();
  for (const Value& layer : value["layers"].items) room.layers.emplace_back(layer.text());
  for (const auto& [name, line] : value["posture"].members) room.posture.emplace_back(name, line.text());
  for (const Value& denied : value["denials"].items) {
    room.denials.push_back({std::string(denied["call"].text()), std::string(denied["arguments"].text()),
                            whole(denied["count"])});
  }
  room.peak_memory = whole(value["peak_memory_bytes"]);
  room.bytes_out = whole(value["bytes_out"]);
  room.survivors = whole(value["survivors"]);
  if (const Value& kept = value["kept"]; !kept.members.empty()) {
    room.kept.emplace();
    room.kept->room = kept["room"].text();
    room.kept->since = kept["since"].text();
    for (const Value& run : kept["runs_before"].items) room.kept->runs.emplace_back(run.text());
    room.kept->stays = kept["stays"].is_true();
  }
  room.elapsed_s = std::strtod(std::string(value["elapsed_s"].text()).c_str(), nullptr);
  room.input_sha256 = value["input_sha256"].text();
  room.input_sha256_after = value["input_sha256_after"].text();
  room.caps = read_caps(value["caps"]);
  // The posture of a room in a virtual machine is its machine's, that of a kept room is of all its runs.
  const Value& machine = value["machine_caps"];
  room.seen_caps = machine.members.empty() ? room.caps : read_caps(machine);
  return room;
}

void judge_room(const RoomRecord& room, bool run_finished, RunProof* proof) {
  const auto find = [&](const std::string& what) {
    proof->findings.push_back(fmt::format("the {} room: {}", room.room, what));
  };
  if (room.posture.empty()) {
    proof->gaps.push_back(fmt::format("the {} room: what was seen of it from outside is not recorded{}",
                                      room.room,
                                      room.ending == "ok" ? "" : " (it ended as " + room.ending + ")"));
  } else if (Status held = check_recorded(room.posture, room.seen_caps); !held) {
    find(held.error().what);
  }
  if (room.survivors != 0) find(fmt::format("{} processes outlived it", room.survivors));
  if (room.bytes_out > room.caps.output_bytes && room.ending == "ok") find("it sent more than it may");
  if (run_finished && room.input_sha256.empty()) {
    proof->gaps.push_back(fmt::format("the {} room: what it read is not recorded", room.room));
  } else if (!room.input_sha256_after.empty() && room.input_sha256_after != room.input_sha256) {
    find("what it read is not what was hashed before");
  }
  if (!room.twin) {
    proof->gaps.push_back(
        fmt::format("the {} room: no twin of its configuration was probed on this machine", room.room));
  } else if (room.twin->broken > 0) {
    find(fmt::format("{} probes of its twin are broken", room.twin->broken));
  }
}

}  // namespace

Result<std::vector<RoomRecord>> read_rooms(std::string_view json) {
  const Result<Value> value = read_json(json);
  if (!value) return std::move(Error(value.error())).in("the record of the rooms");
  if (!value->is(Value::Kind::array)) {
    return Error{Code::bad_input, "the record of the rooms is no list", ""};
  }
  std::vector<RoomRecord> rooms;
  for (const Value& room : value->items) rooms.push_back(read_room(room));
  return rooms;
}

namespace {

// Whatever a room that was kept worked for before, none of it may be another's.
Status judge_kept(Ledger& ledger, const RoomRecord& room, RunProof* proof) {
  if (!room.kept) return {};
  for (const std::string& run : room.kept->runs) {
    const auto rows = ledger.find_all(run, 1);
    if (!rows) return rows.error();
    if (!rows->empty() && rows->front().id == run) continue;
    proof->findings.push_back(
        fmt::format("the {} room: it had worked for {}, which is no run of this tenant", room.room, run));
  }
  return {};
}

}  // namespace

Result<RunProof> prove_run(Ledger& ledger, const RunRow& run, const std::string& data) {
  RunProof proof;
  proof.run = run;
  // Every object is read, and with it compared with its digest.
  for (const auto& [role, sha256] : run.objects) {
    const auto bytes = ledger.get(sha256);
    if (!bytes) return std::move(Error(bytes.error())).in("the object " + role);
    if (role != "rooms") continue;
    auto rooms = read_rooms(*bytes);
    if (!rooms) return rooms.error();
    proof.rooms = std::move(*rooms);
  }
  for (RoomRecord& room : proof.rooms) room.twin = find_probe_record(data, room.configuration);
  const bool finished = run.state == RunState::finished;
  if (proof.rooms.empty()) {
    proof.gaps.push_back(fmt::format("no room is recorded: the run is {}", to_string(run.state)));
  }
  for (const RoomRecord& room : proof.rooms) {
    judge_room(room, finished, &proof);
    if (Status judged = judge_kept(ledger, room, &proof); !judged) return judged.error();
  }
  return proof;
}

std::string to_json(const RunProof& proof) {
  JsonPage json;
  json.text("run", proof.run.id);
  json.text("tenant", proof.run.tenant);
  json.text("state", to_string(proof.run.state));
  json.text("input", proof.run.input);
  json.text("input_sha256", proof.run.input_sha256);
  json.text("model", proof.run.model);
  json.text("model_sha256", proof.run.model_sha256);
  json.text("image_sha256", proof.run.image_sha256);
  json.list("rooms", proof.rooms, [&](const RoomRecord& room) {
    json.object([&] {
      json.text("room", room.room);
      json.text("ending", room.ending);
      json.text("detail", room.detail);
      json.text("configuration", room.configuration);
      json.list("layers", room.layers, [&](const std::string& layer) { json.text(layer); });
      json.object("posture", [&] {
        for (const auto& [name, value] : room.posture) json.text(name, value);
      });
      json.list("denials", room.denials, [&](const Denial& denial) {
        json.object([&] {
          json.text("call", denial.call);
          json.text("arguments", denial.arguments);
          json.count("count", denial.count);
        });
      });
      json.count("peak_memory_bytes", room.peak_memory);
      json.count("bytes_out", room.bytes_out);
      json.count("survivors", room.survivors);
      if (room.kept) {
        json.object("kept", [&] {
          json.text("room", room.kept->room);
          json.text("since", room.kept->since);
          json.list("runs_before", room.kept->runs, [&](const std::string& run) { json.text(run); });
          json.flag("stays", room.kept->stays);
        });
      }
      json.text("input_sha256", room.input_sha256);
      json.text("input_sha256_after", room.input_sha256_after);
      if (room.twin) {
        json.object("twin", [&] {
          json.text("at", room.twin->at);
          json.text("kernel", room.twin->kernel);
          json.count("held", room.twin->held);
          json.count("broken", room.twin->broken);
          json.count("proves_nothing", room.twin->proves_nothing);
        });
      }
    });
  });
  json.list("findings", proof.findings, [&](const std::string& finding) { json.text(finding); });
  json.list("gaps", proof.gaps, [&](const std::string& gap) { json.text(gap); });
  return json.finish();
}

}  // namespace carrel
