// The entries of a tar stream (POSIX.1-2001, pax interchange format), as bytes to be written.
//
// Owner and group are 0 and nothing of the machine is in it, so the same content gives the same bytes. Names
// are written as they are: who reads a stream decides what it refuses.
//
//   out += tar_entry({"a/b.log", bytes.size()}) + bytes + tar_padding(bytes.size()) + tar_end();
#pragma once

#include <cstdint>
#include <string>

namespace carrel {

struct TarEntry {
  std::string name;
  std::uint64_t size = 0;   // bytes that follow
  char type = '0';          // '0' file, '2' symbolic link, '3' device, '6' named pipe
  std::string target = {};  // of a link
  std::int64_t time = 0;    // seconds since 1970
};

// The header of an entry, preceded by a pax header where a ustar header has too little room.
std::string tar_entry(const TarEntry& entry);

// What follows an entry's bytes so that the next header begins a block.
std::string tar_padding(std::uint64_t size);

// What ends a stream.
std::string tar_end();

}  // namespace carrel
