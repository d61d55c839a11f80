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
// Objects and what a host's tools show, for what logs complain of: ports, paths, inodes, proxies, old
// passwords, keys and calls of the cloud.
void blame_objects(std::vector<Observation>* objects, std::vector<double>* relevances,
                   const std::vector<Observation>& logs, const std::vector<double>& of_logs);
// Statements that time out and pools that run dry come of who holds the locks that they wait for.
void blame_who_holds_locks(std::vector<Observation>* objects, std::vector<double>* relevances,
                           const std::vector<Observation>& logs, const std::vector<double>& of_logs);
// Logs that say of themselves what others complain of: name servers, kernels, sidecars, search clusters.
void blame_in_logs(std::vector<Observation>* logs, std::vector<double>* relevances);

}  // namespace carrel
