#include "room/bundle/pour.h"

#include <algorithm>

#include <fmt/format.h>

#include "room/bundle/recognise.h"
#include "room/bundle/text_format.h"

namespace carrel {

void Pour::begin(std::string_view name, std::string_view as) {
  state_ = State::deciding;
  place_ = place_of(as.empty() ? name : as);
  place_.file.path = name;
  place_.file.plain = held_ == nullptr;
  head_.clear();
  refusal_.clear();
  text_.clear();
  offered_ = poured_ = 0;
  hold_limit_ = held_ == nullptr ? 0 : held_->room_for(place_);
}

bool Pour::decide(std::string_view head) {
  const Recognised recognised = recognise(head);
  if (is_packed(recognised.content)) {
    refusal_ = "archive or compressed file inside the bundle";
  } else if (recognised.content == Content::encrypted) {
    refusal_ = "encrypted file";
  } else if (recognised.content == Content::binary) {
    refusal_ = "binary file";
  }
  state_ = refusal_.empty() ? State::pouring : State::refused;
  if (state_ == State::refused) return false;
  if (const auto kind = kind_of_content(place_.file.kind, head); kind != place_.file.kind) {
    place_.file.kind = kind;
    hold_limit_ = held_ == nullptr ? 0 : held_->room_for(place_);
  }
  ++summary_->files;
  sink_->begin(place_.file);
  if (held_ != nullptr) held_->note_log(place_.file);
  deliver(head);
  return true;
}

void Pour::deliver(std::string_view bytes) {
  if (bytes.empty()) return;
  poured_ += bytes.size();
  summary_->bytes += bytes.size();
  sink_->add(bytes);
  if (hold_limit_ == 0) return;
  if (poured_ <= hold_limit_) {
    text_ += bytes;
  } else {
    hold_limit_ = 0;
    std::string().swap(text_);
  }
}

bool Pour::add(std::string_view bytes) {
  offered_ += bytes.size();
  if (state_ == State::refused || poured_ >= file_bytes_) return false;
  if (state_ == State::deciding) {
    if (head_.empty() && bytes.size() >= recognise_bytes) {
      bytes = bytes.substr(0, std::min<std::uint64_t>(bytes.size(), file_bytes_));
      return decide(bytes);
    }
    head_ += bytes;
    if (head_.size() < recognise_bytes) return true;
    head_.resize(std::min<std::uint64_t>(head_.size(), file_bytes_));
    return decide(head_);
  }
  deliver(bytes.substr(0, std::min<std::uint64_t>(bytes.size(), file_bytes_ - poured_)));
  return true;
}

void Pour::end(std::uint64_t rest) {
  if (state_ == State::deciding) decide(head_.substr(0, std::min<std::uint64_t>(head_.size(), file_bytes_)));
  const std::uint64_t size = offered_ + rest;
  if (state_ == State::refused) {
    left_out_->add(refusal_, place_.file.path, size);
    return;
  }
  sink_->end();
  if (poured_ < size)
    left_out_->add(fmt::format("beyond the first {} bytes of a file", file_bytes_), place_.file.path,
                   size - poured_);
  if (held_ == nullptr || held_->room_for(place_) == 0) {
    // Not of interest, or no room left: the second is told.
    if (held_ != nullptr && place_.file.kind == TextFile::Kind::structured) held_->too_large(place_, size);
  } else if (hold_limit_ == 0 || poured_ < size) {
    held_->too_large(place_, size);
  } else if (size > 0) {
    held_->add(place_, std::move(text_));
    text_ = std::string();
  }
}

}  // namespace carrel
