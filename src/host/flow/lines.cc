#include "host/flow/lines.h"

#include <algorithm>
#include <chrono>

#include <fmt/format.h>

#include "base/text.h"
#include "host/flow/rooms.h"

namespace carrel {

Result<std::shared_ptr<const Input>> OpenBundles::open(const std::string& path, const std::string& sha256,
                                                       const std::atomic<bool>& stop) {
  const auto held = std::find_if(inputs_.begin(), inputs_.end(), [&](const auto& input) {
    return input->path() == path && input->sha256() == sha256;
  });
  if (held != inputs_.end()) {
    inputs_.splice(inputs_.begin(), inputs_, held);
    if (inputs_.front()->unchanged()) return inputs_.front();
    inputs_.pop_front();
  }
  auto input = Input::open(
      path, [](std::uint64_t, std::uint64_t) {}, stop);
  if (!input) return input.error();
  if (input->sha256() != sha256) {
    return Error{Code::bad_input,
                 fmt::format("{} is not the bundle that was read any more", escape_for_terminal(path)),
                 "put it back where it was"};
  }
  inputs_.push_front(std::make_shared<const Input>(std::move(*input)));
  if (inputs_.size() > most) inputs_.pop_back();
  return inputs_.front();
}

Result<Surroundings> lines_of(const LinesWish& wish, OpenBundles& bundles, Wall& wall,
                              const std::string& rooms, const std::atomic<bool>& stop) {
  auto input = bundles.open(wish.bundle, wish.sha256, stop);
  if (!input) return input.error();
  auto stream = (*input)->stream(stop);
  if (!stream) return stream.error();
  const std::uint32_t count = std::min(wish.count, most_lines);
  CheckJob job;
  job.bundle_name = wish.bundle;
  job.packed_bytes = (*input)->is_folder() ? 0 : (*input)->bytes();
  job.kubernetes = false;  // lines are lines, whatever stands in them
  job.key = wish.key;
  // The room tells as many lines before as after; those before are not wanted.
  job.around = std::max(count - 1, 1U);
  job.citations = {{{wish.file, wish.first, wish.first, ""}, ""}};
  Rooms made(wall, rooms, std::chrono::minutes(10), stop, [](const Progress&) {});
  auto found = made.check(job, std::move(stream->descriptor));
  if (!found) {
    stream->abandon();
    return found.error();
  }
  if (Status closed = stream->close(); !closed) return closed.error();
  if (Status same = (*input)->unchanged(); !same) return same.error();
  Surroundings lines = found->surroundings.empty() ? Surroundings() : std::move(found->surroundings.front());
  if (lines.lines.empty()) return lines;
  const std::size_t before = std::min<std::size_t>(wish.first - lines.first_line, lines.lines.size());
  lines.lines.erase(lines.lines.begin(), lines.lines.begin() + static_cast<std::ptrdiff_t>(before));
  if (lines.lines.size() > count) lines.lines.resize(count);
  lines.first_line = wish.first;
  return lines;
}

}  // namespace carrel
