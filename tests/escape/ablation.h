// Which layer stops what: every probe in rooms with layers left out, one at a time or on top of others.
#pragma once

#include <map>
#include <set>
#include <string>
#include <vector>

#include "host/walls/layers_left_out.h"

namespace carrel::escape {

// What is left out of a room: by its own program, and by the host.
struct Lesser {
  bool filter = false, landlock = false;
  LayersLeftOut host;
};

// A layer, and the layers without which it is seen to matter.
struct Ablation {
  const char* layer;    // "network namespace"
  const char* besides;  // what is left out anyway: "seccomp, Landlock"; empty: nothing
  Lesser before, after;
};
const std::vector<Ablation>& ablations();

// The probes that come through in a room without these layers.
const std::set<std::string>& come_through(const Lesser& lesser);

// Those that come through once the layer is gone too: what it alone stops there.
std::set<std::string> stopped_by(const Ablation& ablation);

// The table of SECURITY.md, a line for each layer.
std::string table();
// The probes of each line of such a table, by "layer|besides".
std::map<std::string, std::set<std::string>> parse_table(const std::string& text);

}  // namespace carrel::escape
