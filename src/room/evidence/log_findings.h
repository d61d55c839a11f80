// What the logs alone say is wrong, as findings in plain words, and which of their lines are worth reading.
#pragma once

#include <string>
#include <vector>

#include "room/evidence/detect.h"
#include "room/evidence/log_store.h"
#include "room/evidence/question.h"

namespace carrel {

constexpr double kStrongestOfLog = 0.93;  // the most that what a log says weighs

// How the reason of an entry's lines begins where it is a warning.
inline constexpr const char* warning_level = "warning level";
inline constexpr const char* of_last_instance = "from the instance that ended before";

// The lines of an entry, the deciding one first: a stack trace whole where it fits, and its decisive line.
std::vector<EvidenceLine> lines_of(const LogStore& store, const LogEntry& entry);

// All entries as evidence lines, the best first; what stands beside a culprit of the observations counts
// more.
std::vector<EvidenceLine> candidate_lines(const LogStore& store,
                                          const std::vector<Observation>& observations);

// A finding for each leading mechanism or error of each component; where nothing above level info was logged,
// one of Verdict::no_fault.
std::vector<Observation> log_findings(const LogStore& store, const Question& question);

// The part of a message around [begin, end) that makes sense alone, in at most `most` bytes.
std::string telling_part(const std::string& message, std::size_t begin, std::size_t end, std::size_t most);

}  // namespace carrel
