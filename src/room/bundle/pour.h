// Pour: one file of a bundle on its way into the sink, and into the held files where it is one of them.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "room/bundle/held_files.h"
#include "room/bundle/layout.h"
#include "room/bundle/member.h"
#include "room/bundle/read.h"
#include "room/inventory/line_sink.h"

namespace carrel {

class Pour {
 public:
  // `held` is null where nothing is understood as objects.
  Pour(LineSink* sink, HeldFiles* held, LeftOutTally* left_out, BundleSummary* summary,
       std::uint64_t file_bytes)
      : sink_(sink), held_(held), left_out_(left_out), summary_(summary), file_bytes_(file_bytes) {}

  // A file of this name. `as`: the name that tells what is in it, where that is another ("app.log" of
  // "app.log.gz").
  void begin(std::string_view name, std::string_view as = {});
  // The next bytes; false when no more of this file are wanted (binary, packed, or over the limit).
  bool add(std::string_view bytes);
  // `rest`: how many bytes of the file were not offered.
  void end(std::uint64_t rest);

 private:
  enum class State : std::uint8_t { deciding, pouring, refused };
  bool decide(std::string_view head);
  void deliver(std::string_view bytes);

  LineSink* sink_;
  HeldFiles* held_;
  LeftOutTally* left_out_;
  BundleSummary* summary_;
  std::uint64_t file_bytes_;

  State state_ = State::deciding;
  Place place_;
  std::string head_;  // gathered until the content can be told
  std::string refusal_;
  std::uint64_t offered_ = 0;
  std::uint64_t poured_ = 0;
  std::uint64_t hold_limit_ = 0;  // 0: not held
  std::string text_;              // held
};

}  // namespace carrel
