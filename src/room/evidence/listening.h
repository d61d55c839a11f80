// The ports on which a program's own log says that it listens: "Uvicorn running on http://127.0.0.1:8000".
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "record/evidence.h"
#include "room/inventory/line_sink.h"

namespace carrel {

struct ListeningPort {
  std::int64_t number = 0;
  bool loopback = false;  // bound to the loopback address: nobody outside its pod reaches it
  bool aside = false;     // for metrics, health or administration
};

// What a line says; nothing where it says of no port, or tells of a failure.
std::optional<ListeningPort> listening_in(std::string_view line);

// What all logs say, by the workload that their pods are of. Memory is bounded.
class ListeningPorts {
 public:
  struct Said {
    ListeningPort port;
    std::string pod, container;
    EvidenceLine line;
  };

  // A line of a container's log; looks at the first lines alone, since programs say it as they start.
  void note(const TextFile& file, std::uint32_t number, std::string_view line);

  // What the containers of a workload's pods say; empty where nothing is known of it.
  const std::vector<Said>& of(std::string_view space, std::string_view workload) const;

 private:
  std::map<std::string, std::vector<Said>, std::less<>> said_;  // by "namespace/workload"
  std::size_t count_ = 0;
};

// Where something is asked that no log speaks of.
struct Unheard {
  const ListeningPorts::Said* instead = nullptr;  // null: nothing can be concluded
  bool loopback = false;                          // it listens there, but on the loopback address alone
};

// Whether the log of a container (empty: of the only one that speaks) says that it listens elsewhere than
// where it is asked. Concludes nothing where it speaks only of ports for metrics and the like.
Unheard unheard(const std::vector<ListeningPorts::Said>& said, std::string_view container, std::int64_t port);

}  // namespace carrel
