// HeldFiles: the files of a bundle that are understood as a whole, and so are held in memory: JSON, YAML, and
// saved text of kubectl. Turns them into objects of the inventory, within a budget.
#pragma once

#include <cstdint>
#include <set>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "room/bundle/layout.h"
#include "room/bundle/member.h"
#include "room/inventory/inventory.h"

namespace carrel {

class HeldFiles {
 public:
  // The largest file of each sort that is held: YAML costs about ten times as much time and memory as JSON,
  // text of kubectl thirty times as much memory.
  static constexpr std::uint64_t json_bytes = 64ULL << 20;
  static constexpr std::uint64_t yaml_bytes = 16ULL << 20;
  static constexpr std::uint64_t text_bytes = 8ULL << 20;

  // `budget`: bytes of text and values held at once.
  HeldFiles(Inventory* inventory, LeftOutTally* left_out, std::uint64_t budget)
      : inventory_(inventory), left_out_(left_out), budget_(budget) {}

  // How many bytes of this file may be held; 0 for a file of no interest (a log).
  std::uint64_t room_for(const Place& place) const;
  // Tells of a log, which says that its container is there.
  void note_log(const TextFile& file);
  // Takes a whole file. What cannot be parsed stays text, and that is told.
  void add(const Place& place, std::string text);
  // Tells that a file was larger than room_for().
  void too_large(const Place& place, std::uint64_t bytes);
  // After the last file: says which kinds were listed where, and what is in which namespace.
  void finish();

 private:
  void add_values(const Place& place, const Document& document, std::vector<Value> values);
  void note_listing(const Listing& listing, const Value& root);
  bool spend(std::uint64_t bytes);

  Inventory* inventory_;
  LeftOutTally* left_out_;
  std::uint64_t budget_;
  std::uint64_t spent_ = 0;
  std::set<std::pair<std::string, std::string>> listed_, failed_;  // kind and namespace; "*" for every one
};

}  // namespace carrel
