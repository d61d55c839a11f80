// What one observation has to do with another: whether they are of one component, and whether the one is, or
// can be, why the other is. Judged by the detectors' names, the culprits and the lines; nothing is changed.
#pragma once

#include <initializer_list>
#include <string_view>

#include "room/evidence/detect.h"

namespace carrel {

// True where a text has one of the words, as they are written.
bool has_any(std::string_view text, std::initializer_list<std::string_view> words);
// True where a log's finding is a warning that names no mechanism: it explains nothing but itself.
bool only_warns(const Observation& log);
// True where a text has a name whole: letters, digits and (where `parts` is false) dashes around it make it a
// part of another.
bool has_name(std::string_view text, std::string_view name, bool parts);
// The name of a pod's workload, without what a controller adds to it: an ordinal, or two hashes.
std::string_view without_added(std::string_view pod);

// True for the component that every autoscaler by CPU or memory asks.
bool serves_metrics(const Name& culprit);
// True where a detector's culprit is the log's pod or the workload it belongs to.
bool same_component(const Observation& object, const Observation& log);

// True where an observation only shows that something went wrong, not why.
bool is_symptom(const Observation& observation);
// True where a log's finding can be the root of a symptom of the same component.
bool is_root_of(const Observation& log, const Observation& object);
// True where an object explains what a log complains of.
bool explains(const Observation& object, const Observation& log);
// True where what a log shows keeps another component's pod from running.
bool keeps_from_running(const Observation& log, const Observation& object);
// True where the object's trouble keeps a component from running at all, and the log is that of another one,
// which reaches for something that does not answer.
bool keeps_dependency_down(const Observation& object, const Observation& log);

}  // namespace carrel
