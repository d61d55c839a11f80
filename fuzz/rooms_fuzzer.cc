// A bundle through the read room and the check room, whole: members of every layout that is known, detectors,
// the log miner, and the citations read again.
// links: carrel-room-worker-read
//
// What the one room cites, counts and names, the other finds, and it finds nothing that is not there. The
// bytes are members: a number that chooses a name, the member's size (two bytes), and its content.
#include <algorithm>
#include <iterator>
#include <string>
#include <string_view>

#include <sys/mman.h>
#include <unistd.h>

#include "base/fd.h"
#include "expect.h"
#include "record/codec.h"
#include "record/tar.h"
#include "room/worker/check.h"
#include "room/worker/read.h"

namespace {

using namespace carrel;

constexpr const char* names[] = {
    "b/version.yaml",
    "b/cluster-resources/pods/shop.json",
    "b/cluster-resources/events/shop.json",
    "b/cluster-resources/deployments/shop.json",
    "b/cluster-resources/services/shop.json",
    "b/cluster-resources/nodes.json",
    "b/cluster-resources/pods/logs/shop/api-0/api.log",
    "b/cluster-resources/pods/logs/shop/api-0/api-previous.log",
    "must-gather/namespaces/shop/core/pods.yaml",
    "must-gather/namespaces/shop/pods/api-0/api/api/logs/current.log",
    "must-gather/cluster-scoped-resources/core/nodes/node-1.yaml",
    "sosreport-node-1/sos_commands/logs/journalctl_--no-pager",
    "sosreport-node-1/var/log/messages",
    "sosreport-node-1/sos_commands/kubernetes/kubectl_get_-o_json_pods",
    "dump/shop/pods.json",
    "dump/shop/api-0/logs.txt",
    "var/lib/docker/containers/0123/0123-json.log",
    "var/log/pods/shop_api-0_1/api/0.log",
    "journal.export",
    "journal.json",
    "get-pods-shop.txt",
    "describe-pod-api-0.txt",
    "get-events.txt",
    "all.yaml",
    "inner.tar",
    "app.log",
    "values.json",
    "manifest.json",
    "metrics/answer.json",
    "traces/trace.json",
    "prometheus/targets.json",
    "velero/backup-get.txt",
    "pods/shop/api-0/logs/api.txt",
};

std::string bundle_of(std::string_view bytes) {
  std::string bundle;
  for (int i = 0; bytes.size() > 3 && i < 16; ++i) {
    const auto at = [&](std::size_t index) { return static_cast<unsigned char>(bytes[index]); };
    const std::string name = names[at(0) % std::size(names)];
    const std::size_t size = std::min<std::size_t>(at(1) | at(2) << 8, bytes.size() - 3);
    bundle += tar_entry({name, size});
    bundle += bytes.substr(3, size);
    bundle += tar_padding(size);
    bytes.remove_prefix(3 + size);
  }
  return bundle + tar_end();
}

constexpr BundleLimits small = {
    .bytes = 4 << 20, .file_bytes = 1 << 20, .files = 100, .ratio = 100, .structured_bytes = 1 << 20};

Fd file_of(std::string_view bytes) {
  Fd file(::memfd_create("bundle", MFD_CLOEXEC));
  expect(static_cast<bool>(write_all(file.get(), bytes)));
  ::lseek(file.get(), 0, SEEK_SET);
  return file;
}

CheckJob what_was_told(const ReadResult& list) {
  CheckJob job;
  job.limits = small;
  job.around = 3;
  constexpr std::size_t most = limit::citations * limit::tries;
  for (const EvidenceLine& line : list.lines) {
    if (job.citations.size() < most) job.citations.push_back({line.at, line.quote});
  }
  job.searched = list.searched;
  job.names = list.names;
  return job;
}

void expect_found(const CheckJob& told, const CheckResult& found) {
  for (const CheckResult::Place place : found.citations) expect(place == CheckResult::Place::found);
  expect(found.searched.size() == told.searched.size() && found.names.size() == told.names.size());
  for (std::size_t i = 0; i < told.searched.size(); ++i) {
    expect(found.searched[i].kind == told.searched[i].kind &&
           found.searched[i].count == told.searched[i].count);
  }
  for (std::size_t i = 0; i < told.names.size(); ++i) {
    expect(found.names[i].kind == told.names[i].kind && found.names[i].present == told.names[i].present);
  }
}

// A quote that is nowhere, in the place of one that is there.
void expect_lie_is_seen(const std::string& bundle, CheckJob job) {
  if (job.citations.empty() || bundle.find("no such words") != std::string::npos) return;
  job.citations.resize(1);
  job.citations[0].quote = "no such words";
  const auto found = check_room(file_of(bundle).get(), job, {});
  expect(found && found->citations[0] != CheckResult::Place::found);
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const unsigned char* data, std::size_t size) {
  const std::string bundle = bundle_of({reinterpret_cast<const char*>(data), size});
  ReadJob job;
  job.bundle_name = "bundle";
  job.question = "why does api-0 in shop restart?";
  job.limits = small;
  const auto list = read_room(file_of(bundle).get(), job, {});
  if (!list) return 0;
  expect(static_cast<bool>(encode(*list)));
  const CheckJob told = what_was_told(*list);
  const auto found = check_room(file_of(bundle).get(), told, {});
  expect(static_cast<bool>(found) && static_cast<bool>(encode(*found)));
  expect_found(told, *found);
  expect_lie_is_seen(bundle, told);
  return 0;
}
