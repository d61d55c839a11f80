// The sizes that hold wherever a record crosses a wall or reaches the disk. Units: bytes unless said
// otherwise.
#pragma once

#include <cstddef>
#include <cstdint>

namespace carrel::limit {

inline constexpr std::size_t path = 4096;     // a member's name in a bundle
inline constexpr std::size_t name = 253;      // a Kubernetes name, RFC 1123 subdomain
inline constexpr std::size_t pointer = 1024;  // a JSON pointer
inline constexpr std::size_t quote = 400;     // verbatim text of one citation
inline constexpr std::size_t reason = 200;    // why a line was chosen
inline constexpr std::size_t sentence = 300;  // root_cause
inline constexpr std::size_t remark = 160;    // "why" of a command, one entry of "missing", "shows"
inline constexpr std::size_t command = 400;
inline constexpr std::size_t question = 8 << 10;
inline constexpr std::size_t instructions = 64 << 10;  // one prompt variant
inline constexpr std::size_t schema = 256 << 10;
inline constexpr std::size_t chat_template = 256 << 10;
inline constexpr std::size_t answer = 64 << 10;  // one try's JSON
inline constexpr std::size_t detail = 1 << 10;   // one sentence about an error or a verdict

inline constexpr std::size_t evidence_bytes = 512 << 10;  // all evidence lines of a run, quotes and addresses
inline constexpr std::size_t evidence_lines = 8192;       // entries
inline constexpr std::size_t citations = 5;
inline constexpr std::size_t commands = 4;
inline constexpr std::size_t missing = 4;
inline constexpr std::size_t names = 100'000;
inline constexpr std::size_t findings = 256;
inline constexpr std::size_t searched = 4096;
inline constexpr std::size_t left_out = 1024;
inline constexpr std::size_t tries = 16;
inline constexpr std::uint32_t draft = 16;  // tokens guessed ahead at once

inline constexpr std::size_t message = 32 << 20;  // one frame between room and host

}  // namespace carrel::limit
