// Queues and caches.
#include <fmt/format.h>

#include "incidents/kind.h"

namespace carrel::incidents {
namespace {

void poison_message(Scene& s) {
  Workload& broker = s.backend({Runtime::kafka, Runtime::rabbitmq});
  Workload& w = s.caller_of(broker);
  const std::string topic = s.random.pick(s.words.tables);
  const std::string offset = std::to_string(s.random.between(10000, 900000));
  const std::string text =
      s.phrase({"cannot deserialize message at offset {1} of {0}: unexpected field, retrying",
                "failed to process {0}/{1}: invalid payload, will retry"},
               {"record {1} of {0} cannot be decoded (schema mismatch), trying again",
                "handler for {0} rejects delivery {1}: malformed body; requeued"},
               {topic, offset});
  for (Pod& pod : w.pods) s.repeat(pod, w, {Level::error, text, true}, 40);
  s.noticed(w);
  s.cause(w, "{0} is stuck on one message it cannot decode ({1}, {2}) and retries it for ever.",
          {topic, offset}, {"A malformed message in {1} blocks the consumer {0}."});
  s.expect_name({topic, offset});
  s.expect({"message", "payload", "decod", "deserial", "malformed", "record", "delivery"});
}

void no_leader(Scene& s) {
  Workload& broker = s.backend({Runtime::kafka});
  Workload& w = s.caller_of(broker);
  const std::string topic = s.random.pick(s.words.tables);
  s.repeat(broker.pods.front(), broker,
           {Level::error,
            fmt::format("[ReplicaManager broker=1] Error processing append operation on partition {}-0: "
                        "NOT_ENOUGH_REPLICAS: The size of the current ISR Set(1) is insufficient to satisfy "
                        "the min.isr requirement of 2",
                        topic),
            true},
           20);
  for (Pod& pod : w.pods)
    s.repeat(pod, w,
             {Level::error,
              s.phrase({"produce to {0} failed: NOT_ENOUGH_REPLICAS",
                        "publishing to {0}: not enough in-sync replicas"},
                       {"{0}: send refused, NotEnoughReplicasException",
                        "broker declined write to {0} (in-sync replicas too few)"},
                       {topic}),
              true},
             15);
  s.noticed(w);
  s.cause(broker, "{0} refuses writes to {1}: too few replicas are in sync (NOT_ENOUGH_REPLICAS).", {topic},
          {"The partition {1} has not enough in-sync replicas."});
  s.expect_name({topic, broker.name});
  s.expect({"replicas?", "isr"});
}

void broker_memory(Scene& s) {
  Workload& broker = s.backend({Runtime::rabbitmq});
  Workload& w = s.caller_of(broker);
  s.repeat(
      broker.pods.front(), broker,
      {Level::warn, "memory resource limit alarm set on node rabbit@" + broker.pods.front().name + ".", true},
      3);
  s.repeat(broker.pods.front(), broker,
           {Level::warn, "*** Publishers will be blocked until this alarm clears ***", true}, 3);
  for (Pod& pod : w.pods)
    s.repeat(pod, w,
             {Level::error, s.phrase({"publish blocked by the broker for {0} s",
                                      "connection.blocked received, waiting ({0} s)"},
                                     {"flow control active, message kept back for {0} s",
                                      "cannot publish: broker holds us off ({0} s)"},
                                     {std::to_string(s.random.between(60, 900))})},
             15);
  s.noticed(w);
  s.cause(broker, "{0} has raised its memory alarm and blocks publishers, so {1} cannot publish.", {w.name},
          {"Memory alarm of {0} blocks {1}."});
  s.expect_name({broker.name, w.name});
  s.expect({"memory"});
  s.expect({"alarm", "block", "limit"});
}

void broker_disk(Scene& s) {
  Workload& broker = s.backend({Runtime::kafka});
  Workload& w = s.caller_of(broker);
  s.crash(broker, 1,
          {{Level::error,
            "Error while writing to checkpoint file /var/lib/data/recovery-point-offset-checkpoint: "
            "java.io.IOException: No space left on device",
            true},
           {Level::fatal, "Shutdown broker because all log dirs in /var/lib/data have failed", true}});
  s.callers_fail(broker);
  s.noticed(w);
  s.cause(broker, "{0} stops because its log directory is full: no space left on device.", {},
          {"The volume of the broker {0} is full."});
  s.expect_name({broker.name});
  s.expect({"full", "no space", "out of (disk )?space", "log dirs"});
}

void cache_full(Scene& s) {
  Workload& cache = s.backend({Runtime::redis});
  Workload& w = s.caller_of(cache);
  const std::string text = "OOM command not allowed when used memory > 'maxmemory'.";
  for (Pod& pod : w.pods)
    s.repeat(pod, w,
             {Level::error,
              s.phrase({"cache write failed: {0}", "SETEX failed: {0}"},
                       {"could not store entry: {0}", "pipeline aborted, reply was {0}"}, {text}),
              true},
             25);
  s.unready(w);
  s.noticed(w);
  s.cause(cache, "The cache {0} has reached maxmemory and refuses writes of {1} (OOM command not allowed).",
          {w.name}, {"Redis {0} is full: maxmemory."});
  s.expect_name({cache.name, w.name});
  s.expect({"max ?memory", "OOM command", "out of memory", "full"});
}

void cache_read_only(Scene& s) {
  Workload& cache = s.backend({Runtime::redis});
  Workload& w = s.caller_of(cache);
  const std::string text = "READONLY You can't write against a read only replica.";
  for (Pod& pod : w.pods)
    s.repeat(pod, w,
             {Level::error,
              s.phrase({"cache error: {0}", "lock could not be set: {0}"},
                       {"session not saved: {0}", "increment rejected: {0}"}, {text}),
              true},
             25);
  s.repeat(cache.pods.front(), cache, {Level::info, "Connecting to MASTER 10.244.2.31:6379"}, 4);
  s.unready(w);
  s.noticed(w);
  s.cause(w, "{0} writes to a read-only replica of {1} (READONLY), not to its primary.", {cache.name},
          {"{1} answers READONLY because it is a replica."});
  s.expect_name({cache.name, w.name});
  s.expect({"read-? ?only", "replica"});
}

void cache_cannot_save(Scene& s) {
  Workload& cache = s.backend({Runtime::redis});
  Workload& w = s.caller_of(cache);
  s.repeat(cache.pods.front(), cache,
           {Level::warn,
            "Failed opening the temp RDB file temp-77.rdb (in server root dir /var/lib/data) for saving: "
            "Permission denied",
            true},
           20);
  s.repeat(cache.pods.front(), cache, {Level::warn, "Background saving error"}, 20);
  for (Pod& pod : w.pods)
    s.repeat(pod, w,
             {Level::error, s.phrase({"cache: {0}"}, {"store answered: {0}"},
                                     {"MISCONF Redis is configured to save RDB snapshots, but it's currently "
                                      "unable to persist to disk."})},
             20);
  s.unready(w);
  s.noticed(w);
  s.cause(cache,
          "{0} refuses writes because it cannot save its snapshot: permission denied in its data folder.", {},
          {"Redis {0} cannot persist (MISCONF): Permission denied."});
  s.expect_name({cache.name, w.name});
  s.expect({"permission", "MISCONF", "persist", "snapshot", "sav(e|ing)"});
}

void consumer_lag(Scene& s) {
  Workload& broker = s.backend({Runtime::kafka, Runtime::rabbitmq});
  Workload& w = s.caller_of(broker);
  const std::string topic = s.random.pick(s.words.tables);
  const std::string lag = std::to_string(s.random.between(200000, 9000000));
  for (Pod& pod : w.pods)
    s.repeat(
        pod, w,
        {Level::warn,
         s.phrase({"consumer lag of {0} is {1}, one worker is not enough",
                   "backlog of {0}: {1} messages and growing"},
                  {"{1} unprocessed entries in {0}", "queue depth of {0} has grown to {1}"}, {topic, lag}),
         true},
        15);
  s.noticed(w);
  s.cause(w, "{0} does not keep up with {1}: {2} messages wait.", {topic, lag},
          {"Consumer lag on {1} ({2}) of {0}."});
  s.expect_name({topic, w.name});
  s.expect({"lag", "backlog", "keep up", "depth", "unprocessed", "messages wait", "grow"});
}

void rebalance_loop(Scene& s) {
  Workload& broker = s.backend({Runtime::kafka});
  Workload& w = s.caller_of(broker);
  for (Pod& pod : w.pods)
    s.repeat(pod, w,
             {Level::warn,
              "consumer poll timeout has expired: the time between calls to poll() was longer than "
              "max.poll.interval.ms, leaving the group",
              true},
             15);
  s.repeat(broker.pods.front(), broker,
           {Level::info,
            fmt::format("[GroupCoordinator 1]: Preparing to rebalance group {} in state PreparingRebalance",
                        w.name),
            true},
           15);
  s.noticed(w);
  s.cause(w,
          "The consumers of {0} are thrown out of their group again and again, because they take longer than "
          "max.poll.interval.ms.",
          {}, {"Rebalance loop of group {0}."});
  s.expect_name({w.name});
  s.expect({"rebalanc", "max\\.poll", "poll"});
}

}  // namespace

Kinds messaging_kinds() {
  return {
      {"poison-message", "messaging", "a consumer is stuck on a message it cannot decode", poison_message},
      {"replicas-not-in-sync", "messaging", "too few replicas of a partition are in sync", no_leader},
      {"broker-memory", "messaging", "the broker's memory alarm blocks publishers", broker_memory},
      {"broker-disk-full", "messaging", "the broker's disk is full", broker_disk},
      {"consumer-lag", "messaging", "a consumer does not keep up", consumer_lag},
      {"cache-full", "messaging", "the cache has reached its memory", cache_full},
      {"cache-read-only", "messaging", "writes go to a replica of the cache", cache_read_only},
      {"cache-cannot-save", "messaging", "the cache cannot save and refuses writes", cache_cannot_save},
      {"rebalance-loop", "messaging", "consumers are thrown out of their group", rebalance_loop, true},
  };
}

}  // namespace carrel::incidents
