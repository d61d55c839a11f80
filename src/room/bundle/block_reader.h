// BlockReader: a ByteSource as blocks, unpacked by a second thread where unpacking costs something.
//
// The blocks and the packed sizes that come with them are the same with and without the thread, so that every
// limit that is counted in them stops at the same byte in every run.
#pragma once

#include <condition_variable>
#include <cstddef>
#include <cstdint>
#include <deque>
#include <exception>
#include <memory>
#include <mutex>
#include <optional>
#include <string_view>
#include <thread>
#include <vector>

#include "base/result.h"
#include "room/bundle/byte_source.h"

namespace carrel {

class BlockReader {
 public:
  static constexpr std::size_t block_bytes = 256 << 10;  // fits a core's second-level cache

  // `ahead`: how many blocks a second thread may be in front; 0 for no thread.
  BlockReader(std::unique_ptr<ByteSource> source, std::size_t ahead);
  ~BlockReader();
  BlockReader(const BlockReader&) = delete;
  BlockReader& operator=(const BlockReader&) = delete;

  // The next block, whole but for the last; empty at the end. It is valid until the call after the next, so
  // that what begins in one block and ends in the next can be looked at.
  Result<std::string_view> next();
  // What next() will give.
  Result<std::string_view> peek();
  // Bytes of the bundle's file behind all that next() and peek() have given.
  std::uint64_t packed() const { return packed_; }

 private:
  struct Block {
    std::vector<char> bytes;
    std::size_t size = 0;
    std::uint64_t packed = 0;
    std::optional<Error> error;
    std::exception_ptr thrown;  // out of memory in the thread: it goes on in the reader's
  };
  void fill(Block* block);
  void run();
  Status take();

  std::unique_ptr<ByteSource> source_;
  Block current_, previous_;
  bool started_ = false;
  bool peeked_ = false;
  std::uint64_t packed_ = 0;

  // Between the two threads.
  std::mutex mutex_;
  std::condition_variable changed_;
  std::deque<Block> full_, empty_;
  bool stop_ = false;
  std::thread thread_;
};

}  // namespace carrel
