// LineSink: where the bundle reader pours the text of files while it streams them. evidence/ mines it for
// lines that matter; the check room looks up cited lines.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

namespace carrel {

struct TextFile {
  enum class Kind : std::uint8_t {
    log,           // of a container or a system service
    previous_log,  // of the container instance that ended before
    structured,    // JSON or YAML
    tool_output,   // saved text of kubectl and the like
    other,
  };
  std::string path;  // as in the archive
  Kind kind = Kind::other;
  std::string space, pod, container;  // of a log, as far as the path tells
  std::string node{};                 // whose own log it is (its kubelet's, its kernel's), likewise
  bool plain = false;                 // nothing here is of Kubernetes: it is called by its own name
};

class LineSink {
 public:
  virtual ~LineSink() = default;
  // begin, then any number of chunks cut at any byte, then end. Chunks are valid during the call alone.
  virtual void begin(const TextFile& file) = 0;
  virtual void add(std::string_view bytes) = 0;
  virtual void end() = 0;
};

}  // namespace carrel
