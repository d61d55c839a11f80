// The detectors, a function each for a family of them. Each adds what it finds to `out` and never looks at
// what is there already; detect() (detectors.cc) weighs them against each other and against the question.
//
// Weights, so that roots come before their symptoms: 0.85 and above, the object itself names what is missing
// or refused; 0.7, one join away from it; 0.45 to 0.6, plausible, and a log may know better; 0.3, a symptom;
// 0.2, noise.
#pragma once

#include "room/evidence/survey.h"

namespace carrel {

// The detector of what only grows, which explains what runs full.
inline constexpr const char* only_grows = "only-grows";
// That of a queue that nobody reads, which explains what fills a broker.
inline constexpr const char* unread_queue = "queue-unread";
// That of a replication slot that nobody reads, which explains what fills a database's disk.
inline constexpr const char* unread_slot = "slot-unread";
// That of who holds most of a server's connections, which explains why others get none.
inline constexpr const char* holds_connections = "holds-most-connections";
// That of a setting that was changed, which whoever asks about a release is told with what fails since.
inline constexpr const char* changed_setting = "changed-setting";
// That of a node's disk that one pod fills, which explains why others are evicted.
inline constexpr const char* disk_filled = "node-disk-filled";
// That of a file system without inodes, which explains why there is no space where there are bytes.
inline constexpr const char* no_inodes = "inodes-used-up";
// That of pods that began before a Secret or ConfigMap of theirs was changed, which explains what they are
// refused.
inline constexpr const char* stale_settings = "settings-stale";
// Those that answer what is asked: which pod uses the most, and how many are not ready.
inline constexpr const char* uses_most = "uses-most";
inline constexpr const char* pods_counted = "pods-counted";
// That of a Job that did its work, whatever is said of it.
inline constexpr const char* run_succeeded = "run-succeeded";
// That of an autoscaler that has no reason to scale, whatever is said of it.
inline constexpr const char* scaler_content = "scaler-content";
// That of a call that took something away in the cloud, which explains what is not reached from then on.
inline constexpr const char* cloud_call = "cloud-call";
// That of a key of the cloud with which nothing can be read, and that of a port that it shuts.
inline constexpr const char* cloud_key = "cloud-key-unusable";
inline constexpr const char* cloud_port = "cloud-port-shut";
// That a role of the cloud may be taken by another ServiceAccount alone: who has no credentials lacks them
// for that.
inline constexpr const char* cloud_trust = "cloud-role-untrusted";
// That of calls within the cluster that go through a proxy for the outside, which explains what the proxy
// answers.
inline constexpr const char* proxied_call = "proxied-call";
// That of large packets that get lost on the way, which explains why what is large hangs.
inline constexpr const char* path_mtu = "path-mtu";
// That of who writes most to a node's disk, which explains why it is slow. It weighs nothing by itself.
inline constexpr const char* disk_writer = "disk-writer";
// That of pods that run since before their certificate was renewed, which explains why it has expired. It
// weighs nothing by itself.
inline constexpr const char* old_certificate = "certificate-not-reloaded";
// That of a server that only copies another one, which explains why it takes no writes. It weighs nothing by
// itself.
inline constexpr const char* only_copies = "only-copies";
// That of who listens on a port, which explains why another cannot. It weighs nothing by itself.
inline constexpr const char* port_held = "port-held";
// That of a domain that a resolver appends to names, which explains why a name leads elsewhere. It weighs
// nothing by itself.
inline constexpr const char* searched_domain = "searched-domain";

void detect_image_pulls(const Survey& survey, Observations* out);       // detectors_image.cc
void detect_unlike_images(const Survey& survey, Observations* out);     // detectors_image.cc
void detect_container_ends(const Survey& survey, Observations* out);    // detectors_crash.cc
void detect_container_starts(const Survey& survey, Observations* out);  // detectors_start.cc
void detect_stuck_pods(const Survey& survey, Observations* out);        // detectors_start.cc
void detect_scheduling(const Survey& survey, Observations* out);        // detectors_scheduling.cc
void detect_unplaceable(const Survey& survey, Observations* out);       // detectors_placement.cc
void detect_nodes(const Survey& survey, Observations* out);             // detectors_node.cc
void detect_lost_nodes(const Survey& survey, Observations* out);        // detectors_lost_node.cc
void detect_claims(const Survey& survey, Observations* out);            // detectors_storage.cc
void detect_volumes(const Survey& survey, Observations* out);           // detectors_storage.cc
void detect_references(const Survey& survey, Observations* out);        // detectors_config.cc
void detect_stale_settings(const Survey& survey, Observations* out);    // detectors_stale.cc
void detect_hosts(const Survey& survey, Observations* out);             // detectors_config.cc
void detect_proxied_calls(const Survey& survey, Observations* out);     // detectors_proxy.cc
void detect_transcripts(const Survey& survey, Observations* out);       // detectors_path.cc
void detect_host_tools(const Survey& survey, Observations* out);        // detectors_host.cc
void detect_probes(const Survey& survey, Observations* out);            // detectors_probe.cc
void detect_services(const Survey& survey, Observations* out);          // detectors_network.cc
void detect_unheard_ports(const Survey& survey, Observations* out);     // detectors_listening.cc
void detect_ingresses(const Survey& survey, Observations* out);         // detectors_ingress.cc
void detect_attachments(const Survey& survey, Observations* out);       // detectors_attachment.cc
void detect_policies(const Survey& survey, Observations* out);          // detectors_policy.cc
void detect_permissions(const Survey& survey, Observations* out);       // detectors_rbac.cc
void detect_admission(const Survey& survey, Observations* out);         // detectors_admission.cc
void detect_quotas(const Survey& survey, Observations* out);            // detectors_admission.cc
void detect_scaling(const Survey& survey, Observations* out);           // detectors_scaling.cc
void detect_rollouts(const Survey& survey, Observations* out);          // detectors_workload.cc
void detect_jobs(const Survey& survey, Observations* out);              // detectors_job.cc
void detect_certificates(const Survey& survey, Observations* out);      // detectors_platform.cc
void detect_deliveries(const Survey& survey, Observations* out);        // detectors_platform.cc
void detect_revisions(const Survey& survey, Observations* out);         // detectors_delivery.cc
void detect_deletions(const Survey& survey, Observations* out);         // detectors_deletion.cc
void detect_backups(const Survey& survey, Observations* out);           // detectors_backup.cc
void detect_usage(const Survey& survey, Observations* out);             // detectors_usage.cc
void detect_counts(const Survey& survey, Observations* out);            // detectors_count.cc
void detect_neighbours(const Survey& survey, Observations* out);        // detectors_neighbour.cc
void detect_measurements(const Survey& survey, Observations* out);      // detectors_metrics.cc
void detect_traces(const Survey& survey, Observations* out);            // detectors_trace.cc
void detect_changes(const Survey& survey, Observations* out);           // detectors_change.cc
void detect_cloud_changes(const Survey& survey, Observations* out);     // detectors_cloud.cc
void detect_plans(const Survey& survey, Observations* out);             // detectors_plan.cc
void detect_sessions(const Survey& survey, Observations* out);          // detectors_sessions.cc
void detect_replicas(const Survey& survey, Observations* out);          // detectors_replica.cc
void detect_queues(const Survey& survey, Observations* out);            // detectors_queue.cc
void detect_thread_dumps(const Survey& survey, Observations* out);      // detectors_threads.cc
void detect_unlike_peers(const Survey& survey, Observations* out);      // detectors_peers.cc
void detect_slow_commands(const Survey& survey, Observations* out);     // detectors_slowlog.cc
void detect_clients(const Survey& survey, Observations* out);           // detectors_clients.cc
void detect_unplaced_shards(const Survey& survey, Observations* out);   // detectors_search.cc
void detect_alerts(const Survey& survey, Observations* out);            // detectors_alert.cc
void detect_warnings(const Survey& survey, Observations* out);          // detectors_event.cc
void detect_health(const Survey& survey, Observations* out);            // detectors_health.cc

}  // namespace carrel
