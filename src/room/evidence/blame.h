// What a failure comes of, where one finding shows who or what is to blame for what others complain of: it
// weighs more than they do then, is as near as they are to what the question names, and cites a line of each.
#pragma once

#include <vector>

#include "room/evidence/detect.h"

namespace carrel {

constexpr double kTold = 0.4;                 // a finding that weighs less leads nowhere
constexpr double kOfWhatIsWaitedFor = 0.985;  // the most that weighs what others wait for

// Whoever is evicted for want of disk while another one fills it is its victim, be it the one that is asked
// about.
void blame_who_fills_the_disk(std::vector<Observation>* objects, std::vector<double>* relevances);
// Whoever has no space left on a file system without inodes lacks those, however many bytes are free.
void blame_the_inodes(std::vector<Observation>* objects, std::vector<double>* relevances,
                      const std::vector<Observation>& logs, const std::vector<double>& of_logs);
// Statements that time out and pools that run dry come of who holds the locks that they wait for.
void blame_who_holds_locks(std::vector<Observation>* objects, std::vector<double>* relevances,
                           const std::vector<Observation>& logs, const std::vector<double>& of_logs);
// Whoever is refused with a password that was changed after it started is refused for that.
void blame_stale_settings(std::vector<Observation>* objects, std::vector<double>* relevances,
                          const std::vector<Observation>& logs, const std::vector<double>& of_logs);
// What was taken away in the cloud just before what needs it is not reached, or refused, is why; so is a key
// that is to be deleted where somebody is refused its use.
void blame_what_was_taken_away(std::vector<Observation>* objects, std::vector<double>* relevances,
                               const std::vector<Observation>& logs, const std::vector<double>& of_logs);
// What times out or breaks off where large packets get lost on the way does so for them.
void blame_the_path(std::vector<Observation>* objects, std::vector<double>* relevances,
                    const std::vector<Observation>& logs, const std::vector<double>& of_logs);
// Who is reset by a sidecar that takes only mutual TLS is reset for that.
void blame_the_mesh(std::vector<Observation>* logs, std::vector<double>* relevances);
// Whoever is refused at the port that a Service sends to, where nothing listens, is refused for that.
void blame_the_target_port(std::vector<Observation>* objects, std::vector<double>* relevances,
                           const std::vector<Observation>& logs, const std::vector<double>& of_logs);
// What a call within the cluster fails of that goes through a proxy is the proxy's answer.
void blame_the_proxy(std::vector<Observation>* objects, std::vector<double>* relevances,
                     const std::vector<Observation>& logs, const std::vector<double>& of_logs);
// Writes to a search cluster fail for its disk that is nearly full.
void blame_the_watermark(std::vector<Observation>* logs, std::vector<double>* relevances);
// What cannot resolve a name yields to what its name server says of itself, and what cannot connect to a node
// whose kernel drops packets.
void blame_the_network(std::vector<Observation>* logs, std::vector<double>* relevances);

}  // namespace carrel
