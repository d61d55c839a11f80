#include "room/bundle/block_reader.h"

#include <utility>

namespace carrel {

BlockReader::BlockReader(std::unique_ptr<ByteSource> source, std::size_t ahead) : source_(std::move(source)) {
  if (ahead == 0) {
    current_.bytes.resize(block_bytes);
    previous_.bytes.resize(block_bytes);
    return;
  }
  for (std::size_t i = 0; i < ahead; ++i) empty_.emplace_back().bytes.resize(block_bytes);
  thread_ = std::thread([this] { run(); });
}

BlockReader::~BlockReader() {
  if (!thread_.joinable()) return;
  {
    const std::lock_guard lock(mutex_);
    stop_ = true;
  }
  changed_.notify_all();
  thread_.join();
}

void BlockReader::fill(Block* block) {
  const auto got = source_->read(block->bytes.data(), block->bytes.size());
  block->size = got ? *got : 0;
  if (!got) block->error = got.error();
  block->packed = source_->packed();
}

void BlockReader::run() {
  for (bool last = false; !last;) {
    Block block;
    {
      std::unique_lock lock(mutex_);
      changed_.wait(lock, [this] { return stop_ || !empty_.empty(); });
      if (stop_) return;
      block = std::move(empty_.front());
      empty_.pop_front();
    }
    try {
      fill(&block);
    } catch (...) {
      block.thrown = std::current_exception();
    }
    last = block.error || block.thrown || block.size < block.bytes.size();
    {
      const std::lock_guard lock(mutex_);
      full_.push_back(std::move(block));
    }
    changed_.notify_all();
  }
}

// Puts the next block into current_. After a short block there is nothing more.
Status BlockReader::take() {
  if (current_.error) return *current_.error;
  if (started_ && current_.size < block_bytes) {
    current_.size = 0;
    return {};
  }
  std::swap(current_, previous_);  // current_ is now what may be overwritten
  if (!thread_.joinable()) {
    fill(&current_);
  } else {
    std::unique_lock lock(mutex_);
    if (!current_.bytes.empty()) empty_.push_back(std::move(current_));
    changed_.notify_all();
    changed_.wait(lock, [this] { return !full_.empty(); });
    current_ = std::move(full_.front());
    full_.pop_front();
  }
  started_ = true;
  if (current_.thrown) std::rethrow_exception(current_.thrown);
  packed_ = current_.packed;
  if (current_.error) return *current_.error;
  return {};
}

Result<std::string_view> BlockReader::peek() {
  if (!peeked_) {
    if (auto taken = take(); !taken) return taken.error();
  }
  peeked_ = true;
  return std::string_view(current_.bytes.data(), current_.size);
}

Result<std::string_view> BlockReader::next() {
  auto block = peek();
  peeked_ = false;
  return block;
}

}  // namespace carrel
