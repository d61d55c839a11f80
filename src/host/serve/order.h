// What `carrel` and `carrel serve` say to each other over the socket, one order a connection
// (docs/formats/serve.md). Both are programs of one user on one machine; each checks that of the other
// (socket.h), and every size is checked before memory is taken all the same.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "host/walls/wall.h"
#include "record/room.h"
#include "record/wire.h"

namespace carrel {

inline constexpr std::uint32_t serve_version = 1;

namespace limit {
inline constexpr std::size_t served_texts = 256;
inline constexpr std::size_t served_message = message + (1 << 20);
}  // namespace limit

// A think room's job. With it comes one descriptor, the model file, or three where states are lent: that, the
// earlier state, and memory for the room's own.
struct ServeOrder {
  std::uint32_t version = serve_version;
  std::string keep_for, run;  // as in RoomSpec
  std::string root, program;
  std::vector<std::string> arguments;
  std::uint64_t wall_clock_ms = 0, cpu_s = 0, address_space = 0, memory = 0, output_bytes = 0;
  std::uint32_t processes = 0, denials = 0, processors = 1;
  std::uint64_t state_bytes = 0;  // of the memory for states; 0: none is lent
  std::string job;
  template <class Codec>
  void fields(Codec& c) {
    c(version);
    c(keep_for, 64);
    c(run, limit::name);
    c(root, limit::path);
    c(program, limit::path);
    c(arguments, 16, limit::path);
    c(wall_clock_ms);
    c(cpu_s);
    c(address_space);
    c(memory);
    c(output_bytes);
    c(processes);
    c(denials);
    c(processors);
    c(state_bytes);
    c(job, limit::message);
  }
};

// The answer: the outcome of the room as its wall told it, or why no room was made for the order.
struct ServeAnswer {
  std::string refused, remedy;  // not empty: nothing else is there
  Ending ending = Ending::setup_error;
  std::string detail, last_words;
  std::uint8_t type = 0;  // MessageType of the room's answer
  std::string body;
  std::vector<Denial> denials;
  std::uint64_t peak_memory = 0, bytes_out = 0;
  std::uint32_t survivors = 0;
  double start_s = 0, elapsed_s = 0;
  std::vector<std::string> posture;  // name, value, name, value, ...
  std::vector<std::string> layers;
  std::string configuration;
  std::uint64_t cpu_s = 0;  // cap of the kept room, which is of all its turns
  std::string room, since;
  std::vector<std::string> runs;
  bool stays = false;
  template <class Codec>
  void fields(Codec& c) {
    c(refused, limit::detail);
    c(remedy, limit::detail);
    c(ending);
    c(detail, limit::detail);
    c(last_words, limit::detail * 4);
    c(type);
    c(body, limit::message);
    c(denials, 512);
    c(peak_memory);
    c(bytes_out);
    c(survivors);
    c(start_s);
    c(elapsed_s);
    c(posture, limit::served_texts, limit::path);
    c(layers, limit::served_texts, limit::path);
    c(configuration, 64);
    c(cpu_s);
    c(room, limit::name);
    c(since, limit::name);
    c(runs, 64, limit::name);
    c(stays);
  }
};

}  // namespace carrel
