// Layers that a room is made without, so that a test can see which of its probes then come through: a layer
// that nothing needs would be no layer. Nothing but tests/escape may name one (tests/rules holds that), and
// no setting leads here.
#pragma once

namespace carrel {

struct LayersLeftOut {
  bool network_namespace = false;
  bool pid_namespace = false;
  bool uts_namespace = false;
  bool own_root = false;        // the host's root stays where it is
  bool read_only_root = false;  // the root is not made read-only
  bool own_id = false;          // the room runs as the caller
  bool capabilities = false;    // those of the room's user namespace are kept
  bool limits = false;
  bool environment = false;  // the host's stays

  bool any() const {
    return network_namespace || pid_namespace || uts_namespace || own_root || read_only_root || own_id ||
           capabilities || limits || environment;
  }
};

}  // namespace carrel
