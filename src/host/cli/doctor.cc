// `carrel doctor`: what this machine can and cannot do, each lack with its consequence and remedy.
#include <cstdio>
#include <filesystem>
#include <utility>
#include <vector>

#include <fcntl.h>
#include <fmt/format.h>
#include <unistd.h>

#include "base/json_writer.h"
#include "base/text.h"
#include "host/cli/cli.h"
#include "host/cli/print.h"
#include "host/flow/choose_wall.h"
#include "host/flow/rooms.h"
#include "host/walls/lacks.h"
#include "host/walls/machine.h"
#include "host/walls/namespace_wall.h"
#include "host/walls/vm_wall.h"
#include "record/exit_status.h"

namespace carrel {
namespace {

// What was found, told at once; with --json in one object at the end.
class Findings {
 public:
  explicit Findings(bool json) : json_(json) {}

  void good(const std::string& what) { add({"ok", what, "", ""}); }
  void bad(const std::string& what, const std::string& consequence, const std::string& remedy) {
    add({"lack", what, consequence, remedy});
  }
  void note(const std::string& what, const std::string& consequence, const std::string& remedy) {
    add({"note", what, consequence, remedy});
  }

  void finish() const {
    if (!json_) return;
    JsonPage json;
    json.list("checks", all_, [&](const Finding& each) {
      json.object([&] {
        json.text("verdict", each.verdict);
        json.text("what", std::string(trim(each.what)));
        json.text("consequence", each.consequence);
        json.text("remedy", each.remedy);
      });
    });
    print("{}", json.finish());
  }

 private:
  struct Finding {
    std::string verdict, what, consequence, remedy;
  };

  void add(Finding finding) {
    if (!json_) {
      // A lack is to be seen among many lines.
      print("{:<5} {}\n", finding.verdict == "lack" ? "LACK" : finding.verdict,
            escape_for_terminal(finding.what));
      if (!finding.consequence.empty()) print("      {}\n", escape_for_terminal(finding.consequence));
      if (!finding.remedy.empty()) print("      Remedy: {}\n", escape_for_terminal(finding.remedy));
    }
    all_.push_back(std::move(finding));
  }

  bool json_;
  std::vector<Finding> all_;
};

// Makes a real read room over one line of text: only that shows that the wall holds here.
bool try_room(const std::string& folder, Findings& found) {
  constexpr std::string_view line = "carrel doctor looks at its own line\n";
  int ends[2];
  if (::pipe2(ends, O_CLOEXEC) != 0) return false;
  Fd reading(ends[0]);
  Fd writing(ends[1]);
  if (!write_all(writing.get(), line)) return false;
  writing.reset();
  NamespaceWall wall;
  Rooms rooms(wall, folder, std::chrono::seconds(30), stop_requested, [](const Progress&) {});
  ReadJob job;
  job.bundle_name = "doctor.log";
  job.kubernetes = false;
  auto result = rooms.read(job, std::move(reading));
  if (!result) {
    // Elsewhere such a failure sends the user here; here that is no remedy.
    std::string remedy = result.error().remedy;
    if (const auto here = remedy.find("carrel doctor"); here != std::string::npos) {
      const auto other = remedy.rfind(';', here);
      remedy = other != std::string::npos ? remedy.substr(0, other)
                                          : "mend what is named above; where nothing is, please report this";
    }
    found.bad("a read room could not be made: " + result.error().what, "no bundle can be read", remedy);
    return false;
  }
  const RoomOutcome& outcome = rooms.traces().front().outcome;
  found.good(fmt::format("a read room was made in {:.1f} ms and read {} line", outcome.start_s * 1e3,
                         result->lines_read));
  for (const std::string& layer : outcome.layers) found.good("  layer: " + layer);
  return true;
}

// The vm wall is for whom asks for it: what it lacks is a lack only where the settings choose it. Boots a
// guest with each acceleration, whatever is known of earlier tries.
bool try_virtual_machines(const Settings& settings, const std::string& folder, Findings& found) {
  const bool chosen = settings.text("wall") == "vm";
  const auto tell_lack = [&](const std::string& what, const std::string& remedy, bool matters) {
    if (matters) return found.bad(what, "no run can be made with the settings as they are", remedy);
    found.note(what, "the namespace wall does not need it", remedy);
  };
  auto image = find_vm_image(folder);
  if (!image) {
    tell_lack(image.error().what, image.error().remedy, chosen);
    return !chosen;
  }
  bool holds = true;
  for (const Acceleration acceleration : {Acceleration::kvm, Acceleration::tcg}) {
    const Preflight preflight =
        VmWall(*image, acceleration, user_cache_folder()).preflight(stop_requested, true);
    if (preflight.works) {
      found.good(fmt::format("the vm wall ({}) boots a guest in {:.2f} s: qemu {}, linux {}",
                             to_string(acceleration), preflight.boot_s, image->qemu, image->kernel));
      if (acceleration == Acceleration::tcg) found.good("  by software, so for rooms without a model");
      continue;
    }
    const bool matters = chosen && acceleration == acceleration_of(settings);
    tell_lack(preflight.why, preflight.remedy, matters);
    holds = holds && !matters;
  }
  return holds;
}

}  // namespace

int doctor_command(const Desk& desk) {
  int status = exit_status::passed;
  Findings found(desk.json);
  found.good(describe(look_at_machine("", ::geteuid() == 0, landlock_abi_of_kernel())));
  for (const Lack& lack : namespace_wall_lacks()) {
    found.bad(lack.what, lack.consequence, lack.remedy);
    status = exit_status::room_refused;
  }
  for (const Lack& weakness : namespace_wall_weaknesses()) {
    found.note(weakness.what, weakness.consequence, weakness.remedy);
  }
  auto rooms = desk.rooms_folder();
  if (!rooms) {
    found.bad(rooms.error().what, "no room can be made", rooms.error().remedy);
    status = exit_status::machine;
  } else {
    if (!try_room(*rooms, found)) status = exit_status::room_refused;
    if (!try_virtual_machines(desk.settings, *rooms, found)) status = exit_status::room_refused;
    std::error_code error;
    if (std::filesystem::exists(*rooms + "/think-root/carrel-think", error)) {
      found.good("the room image is there: models can be asked");
    } else {
      found.bad("the room image is not there", "no model can be asked; --engine none works",
                "make it with `make room`");
      status = exit_status::machine;
    }
  }
  const std::string data = desk.data_folder();
  std::error_code error;
  std::filesystem::create_directories(data, error);
  if (!data.empty() && ::access(data.c_str(), W_OK) == 0) {
    const auto space = std::filesystem::space(data, error);
    found.good(
        fmt::format("the ledger's folder {} can be written, {} MiB free", data, space.available >> 20));
  } else {
    found.bad("the ledger's folder " + data + " cannot be written", "no run can be recorded, so none is made",
              "name another with --data");
    status = exit_status::machine;
  }
  found.finish();
  return status;
}

}  // namespace carrel
