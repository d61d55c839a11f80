// How much an entry of a log matters, 0 to 1: by level, mechanism, rarity, place in the file, and the
// question.
#pragma once

#include "room/evidence/log_store.h"
#include "room/evidence/question.h"

namespace carrel {

// The program that a line begins with, as those of a shell tell why they fail ("curl: (22) ...", "nc: bad
// address 'db'"); empty: none.
std::string_view tool_of(std::string_view message);

// The program that a line is of: that, or the one that a journal names ("node-1 kubelet[909]: ..."); empty:
// not told.
std::string_view speaker_of(const LogEntry& entry);

// Fills what depends on an entry's text alone: message, mechanism, times, shared words, topics.
void describe_entry(const TextFile& file, const Question& question, LogEntry* entry);

// Sets what needs the other entries of the same file (first fault, recovered, commonest) and all scores.
// `entries` are those of one file, in the order of their first lines.
void score_entries(const LogFile& file, const Question& question, std::vector<LogEntry>* entries);

}  // namespace carrel
