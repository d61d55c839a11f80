// What is in every bundle besides the fault: the logs of what works, and red herrings (old warnings,
// restarts long past, noisy errors that harm nobody).
#pragma once

#include "incidents/scene.h"

namespace carrel::incidents {

// Lines of ordinary work in the log of every pod that has run.
void add_chatter(Scene& scene);

// Some of the things that look like a fault and are none. Never of a workload that is at fault.
void add_herrings(Scene& scene, int count);

}  // namespace carrel::incidents
