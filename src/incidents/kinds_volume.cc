// Volumes: claims that are not bound, volumes that are not attached, disks that are full.
#include <fmt/format.h>

#include "incidents/kind.h"

namespace carrel::incidents {
namespace {

Json& claim_of(Scene& s, const Workload& w) {
  return *s.world.object("pvcs", w.space, fmt::format("data-{}-0", w.name));
}

void unbind(Scene& s, Workload& w) {
  Json& claim = claim_of(s, w);
  const std::string volume = claim["spec"]["volumeName"].text();
  std::erase_if(s.world.objects[{"pvs", ""}],
                [&](Json& pv) { return pv["metadata"]["name"].text() == volume; });
  claim["spec"].remove("volumeName");
  claim["status"] = Json::object({{"phase", "Pending"}});
  s.leave_pending(
      w, fmt::format("0/{0} nodes are available: pod has unbound immediate PersistentVolumeClaims. "
                     "preemption: 0/{0} nodes are available: {0} Preemption is not helpful for scheduling.",
                     s.world.nodes.size()));
}

void class_missing(Scene& s) {
  Workload& w = s.backend(kDatabases);
  unbind(s, w);
  Json& claim = claim_of(s, w);
  const std::string name = s.random.pick(s.words.storage) + s.phrase({"-retain", "-v2"}, {"-xfs", "-eu"});
  claim["spec"]["storageClassName"] = name;
  s.decide(claim["spec"]["storageClassName"]);
  s.decide(s.event("PersistentVolumeClaim", w.space, claim["metadata"]["name"].text(), "ProvisioningFailed",
                   fmt::format("storageclass.storage.k8s.io \"{}\" not found", name), 90,
                   "persistentvolume-controller"));
  s.callers_fail(w);
  s.culprit("storageclass", "", name);
  s.cause(w, "The claim of {0} is Pending because its storage class {1} does not exist.", {name},
          {"StorageClass {1} is missing, so no volume is made for {0}."});
  s.expect_name({name});
  s.expect(saying::missing);
}

void no_capacity(Scene& s) {
  Workload& w = s.backend(kDatabases);
  unbind(s, w);
  Json& claim = claim_of(s, w);
  const std::string name = claim["metadata"]["name"].text();
  const std::string why = s.phrase(
      {"rpc error: code = ResourceExhausted desc = insufficient free space in pool: requested 500Gi",
       "rpc error: code = ResourceExhausted desc = volume quota of the project exceeded"},
      {"rpc error: code = OutOfRange desc = the backend has no capacity left for the request",
       "rpc error: code = Internal desc = Insufficient replicas: no disk candidate with enough storage"});
  s.decide(s.event("PersistentVolumeClaim", w.space, name, "ProvisioningFailed",
                   fmt::format("failed to provision volume with StorageClass \"{}\": {}",
                               claim["spec"]["storageClassName"].text(), why),
                   40, "csi-provisioner"));
  s.callers_fail(w);
  s.culprit("persistentvolumeclaim", w.space, name);
  s.cause(w, "The claim {1} of {0} stays Pending: the storage back end has no capacity left for the volume.",
          {name}, {"No volume can be provisioned for {1}: {2}"});
  s.label.right.back() = fmt::format("No volume can be provisioned for {}: {}", name, why);
  s.expect_name({name, w.name});
  s.expect({"capacity", "free space", "quota", "insufficient", "exhaust", "enough storage"});
}

void access_mode(Scene& s) {
  Workload& w = s.backend(kDatabases);
  unbind(s, w);
  Json& claim = claim_of(s, w);
  const std::string name = claim["metadata"]["name"].text();
  const std::string storage = "manual-" + s.world.names.invented(2);
  claim["spec"]["storageClassName"] = storage;
  claim["spec"]["accessModes"] = Json::array({"ReadWriteMany"});
  s.decide(claim["spec"]["accessModes"].at(0));
  Json& pv = s.put("pvs", "", s.world.names.invented(3) + "-pv");
  pv["spec"] = Json::object({{"capacity", Json::object({{"storage", "500Gi"}})},
                             {"accessModes", Json::array({"ReadWriteOnce"})},
                             {"storageClassName", storage}});
  s.decide(pv["spec"]["accessModes"].at(0));
  pv["status"]["phase"] = "Available";
  s.event("PersistentVolumeClaim", w.space, name, "FailedBinding",
          "no persistent volumes available for this claim and no storage class is set", 50,
          "persistentvolume-controller");
  s.callers_fail(w);
  s.culprit("persistentvolumeclaim", w.space, name);
  s.cause(w,
          "The claim {1} of {0} is not bound: it asks for ReadWriteMany and the only volume offers "
          "ReadWriteOnce.",
          {name}, {"Access modes differ between {1} and the PersistentVolume."});
  s.expect_name({name, w.name});
  s.expect({"access ?mode", "ReadWriteMany"});
}

void multi_attach(Scene& s) {
  Workload& w = s.backend(kDatabases);
  const std::string volume = claim_of(s, w)["spec"]["volumeName"].text();
  s.decide(s.hold(w, "",
                  fmt::format("Multi-Attach error for volume \"{}\" Volume is already exclusively attached "
                              "to one node and can't be attached to another",
                              volume),
                  "FailedAttachVolume"));
  Node& old = s.world.nodes.back();
  if (old.name != w.pods.front().node) {
    Json& attachment = s.put("volumeattachments", "", "csi-" + s.random.hex(32));
    attachment["spec"] = Json::object({{"attacher", "csi.block." + s.world.domain},
                                       {"nodeName", old.name},
                                       {"source", Json::object({{"persistentVolumeName", volume}})}});
    s.decide(attachment["spec"]["nodeName"]);
    attachment["status"]["attached"] = true;
  }
  s.callers_fail(w);
  s.cause(w, "{0} cannot start: its volume {1} is still attached to another node (Multi-Attach error).",
          {volume}, {"The volume of {0} can't be attached because another node has it."});
  s.expect_name({w.name, volume});
  s.expect({"multi-?attach", "attached to", "another node"});
}

void attach_limit(Scene& s) {
  Workload& w = s.backend(kDatabases);
  const std::string volume = claim_of(s, w)["spec"]["volumeName"].text();
  const std::string why = s.phrase(
      {"rpc error: code = ResourceExhausted desc = maximum number of volumes is attached to the node",
       "rpc error: code = Internal desc = attach limit of the instance reached"},
      {"rpc error: code = FailedPrecondition desc = no free device slot on the server",
       "rpc error: code = Aborted desc = the virtual machine takes no more disks"});
  s.decide(s.hold(w, "", fmt::format("AttachVolume.Attach failed for volume \"{}\" : {}", volume, why),
                  "FailedAttachVolume"));
  s.callers_fail(w);
  s.cause(w, "{0} cannot start: its volume cannot be attached, the node takes no more volumes.", {}, {});
  s.label.right.push_back(fmt::format("The volume of {} cannot be attached: {}", w.name, why));
  s.expect_name({w.name, volume});
  s.expect({"attach"});
}

void disk_full(Scene& s) {
  Workload& w = s.backend(kDatabases);
  const std::string claim = claim_of(s, w)["metadata"]["name"].text();
  const std::string text =
      w.runtime == Runtime::postgres
          ? "could not extend file \"base/16384/16621\": No space left on device"
          : "InnoDB: Write to file ./ibdata1 failed at offset 79691776, 1048576 bytes should have been "
            "written, only 0 were written. Operating system error number 28.";
  Pod& pod = w.pods.front();
  s.repeat(pod, w, {Level::error, text, true}, s.random.between(5, 30));
  if (w.runtime == Runtime::postgres) {
    s.repeat(pod, w, {Level::raw, "HINT:  Check free disk space."}, 5);
    if (s.random.chance(50))
      s.crash(
          w, 1,
          {{Level::fatal, "could not write to file \"pg_wal/xlogtemp.61\": No space left on device", true}});
  } else {
    s.repeat(pod, w,
             {Level::error,
              "Disk is full writing './binlog.000217' (OS errno 28 - No space left on device). Waiting for "
              "someone to free space...",
              true},
             6);
  }
  Workload& caller = s.caller_of(w);
  for (Pod& one : caller.pods)
    s.repeat(
        one, caller,
        {Level::error, s.phrase({"insert failed: the database reported an error", "write to {0} rejected"},
                                {"could not store the record", "transaction on {0} was rolled back"},
                                {s.random.pick(s.words.tables)})},
        12);
  s.noticed(caller);
  s.culprit("persistentvolumeclaim", w.space, claim);
  s.cause(w, "The volume of {0} ({1}) is full: no space left on device, so writes fail.", {claim},
          {"{0} has run out of disk space."});
  s.expect_name({w.name, claim});
  s.expect({"full", "no space", "disk space", "out of (disk )?space", "errno 28", "error number 28"});
}

void read_only(Scene& s) {
  Workload& w = s.backend(kDatabases);
  const std::string text =
      w.runtime == Runtime::postgres
          ? "could not open file \"pg_wal/000000010000000A0000003C\": Read-only file system"
          : "InnoDB: Operating system error number 30 in a file operation: Read-only file system.";
  s.crash(w, 1, {{Level::info, "starting"}, {Level::fatal, text, true}});
  s.repeat("host-logs/" + w.pods.front().node + "/dmesg.log", {Style::kernel, "n", 1},
           {Level::error, "EXT4-fs error (device sdc): ext4_journal_check_start:83: Detected aborted journal",
            true},
           1);
  s.callers_fail(w);
  s.cause(w, "{0} cannot write: its volume was remounted as a read-only file system.", {},
          {"The data volume of {0} is read-only."});
  s.expect_name({w.name});
  s.expect({"read-?only", "aborted journal"});
}

void claim_missing(Scene& s) {
  Workload& w = s.victim();
  const std::string name = w.name + s.phrase({"-uploads", "-files"}, {"-spool", "-blobs"});
  w.spec["volumes"].add(
      Json::object({{"name", "files"}, {"persistentVolumeClaim", Json::object({{"claimName", name}})}}));
  s.decide(w.spec["volumes"].items().back()["persistentVolumeClaim"]["claimName"]);
  s.decide(s.leave_pending(
      w, fmt::format("0/{0} nodes are available: persistentvolumeclaim \"{1}\" not found. preemption: 0/{0} "
                     "nodes are available: {0} Preemption is not helpful for scheduling.",
                     s.world.nodes.size(), name)));
  s.callers_fail(w);
  s.cause(w, "{0} stays Pending: the PersistentVolumeClaim {1} that it mounts does not exist.", {name},
          {"Claim {1} is missing."});
  s.expect_name({name});
  s.expect(saying::missing);
}

void share_unreachable(Scene& s) {
  Workload& w = s.victim();
  const std::string server = "nfs." + s.world.domain;
  w.spec["volumes"].add(Json::object(
      {{"name", "share"}, {"nfs", Json::object({{"server", server}, {"path", "/exports/" + w.name}})}}));
  s.decide(
      s.hold(w, "",
             fmt::format("MountVolume.SetUp failed for volume \"share\" : mount failed: exit status "
                         "32\nMounting command: mount\nMounting arguments: -t nfs {0}:/exports/{1} "
                         "/var/lib/kubelet/pods/x/volumes/share\nOutput: mount.nfs: {2}",
                         server, w.name, s.random.chance(50) ? "Connection timed out" : "No route to host"),
             "FailedMount"));
  s.callers_fail(w);
  s.cause(w, "{0} cannot start: the NFS server {1} of its volume cannot be reached.", {server},
          {"mount.nfs: {1} timed out for {0}."});
  s.expect_name({w.name, server});
  s.expect({"nfs"});
}

void no_default_class(Scene& s) {
  Workload& w = s.backend(kDatabases);
  unbind(s, w);
  Json& claim = claim_of(s, w);
  claim["spec"].remove("storageClassName");
  s.world.objects[{"storage-classes", ""}].front()["metadata"].remove("annotations");
  s.decide(s.event("PersistentVolumeClaim", w.space, claim["metadata"]["name"].text(), "FailedBinding",
                   "no persistent volumes available for this claim and no storage class is set", 70,
                   "persistentvolume-controller"));
  s.callers_fail(w);
  s.culprit("persistentvolumeclaim", w.space, claim["metadata"]["name"].text());
  s.cause(w,
          "The claim {1} of {0} stays Pending: it names no storage class and the cluster has no default one.",
          {claim["metadata"]["name"].text()}, {"No storage class is set for {1}."});
  s.expect_name({claim["metadata"]["name"].text(), w.name});
  s.expect({"no (default )?storage class", "names no", "default", "no persistent volumes"});
}

void inodes(Scene& s) {
  Workload& w = s.victim();
  const std::string folder = s.random.pick(s.words.folders);
  add_claim(&s.world, &w, w.name + "-state", folder, "20Gi");
  s.unready(w);
  for (Pod& pod : w.pods) {
    s.repeat(pod, w,
             {Level::error,
              fmt::format("cannot create {}/x{}: no space left on device", folder, s.random.hex(6)), true},
             8);
    s.repeat(pod, w, {Level::info, fmt::format("df -i {}: IUse% 100%, 0 inodes free", folder), true}, 2);
  }
  s.callers_fail(w);
  s.cause(w, "The volume of {0} at {1} has no inodes left, so no file can be made.", {folder},
          {"{1} is out of inodes."});
  s.expect_name({w.name, folder});
  s.expect({"inode", "no space"});
}

}  // namespace

Kinds volume_kinds() {
  return {
      {"claim-class-missing", "volume", "the storage class of a claim does not exist", class_missing},
      {"claim-no-capacity", "volume", "the storage back end has no capacity left", no_capacity},
      {"claim-access-mode", "volume", "no volume offers the access mode", access_mode},
      {"claim-missing", "volume", "the claim that is mounted does not exist", claim_missing},
      {"claim-no-default-class", "volume", "no storage class is named and there is no default",
       no_default_class},
      {"volume-multi-attach", "volume", "the volume is still attached to another node", multi_attach},
      {"volume-attach-fails", "volume", "the node takes no more volumes", attach_limit},
      {"volume-full", "volume", "the volume of a database is full", disk_full},
      {"volume-read-only", "volume", "the volume was remounted read-only", read_only},
      {"share-unreachable", "volume", "the NFS server cannot be reached", share_unreachable},
      {"volume-inodes", "volume", "the volume has no inodes left", inodes, true},
  };
}

}  // namespace carrel::incidents
