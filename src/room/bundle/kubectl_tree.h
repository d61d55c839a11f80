// The indented "Key:   value" text of `kubectl describe` as a tree, before anything of its meaning.
//
//   Containers:                      key "Containers"
//     api:                             key "api"
//       State:          Waiting          key "State", value "Waiting"
//         Reason:       ErrImagePull        key "Reason", value "ErrImagePull"
//   Labels:         app=api          key "Labels", values "app=api" and
//                   tier=web           "tier=web", which goes on below the first
//
// A line without a key is a part with text alone: arguments, rows of tables.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string_view>
#include <vector>

#include "room/inventory/inventory.h"

namespace carrel::kubectl {

class Tree;

// One line with what is indented below it. A Part that is not there answers like an empty one.
class Part {
 public:
  Part() = default;
  Part(const Tree* tree, std::uint32_t index) : tree_(tree), index_(index) {}

  explicit operator bool() const { return tree_ != nullptr; }
  std::uint32_t line() const;
  std::string_view text() const;   // the whole line, trimmed
  std::string_view key() const;    // empty where the line has none
  std::string_view value() const;  // what stands behind the key, on this line
  // The value's lines: the first, and those that go on below it.
  struct Word {
    std::string_view text;
    std::uint32_t line;
  };
  std::vector<Word> values() const;
  std::vector<Part> children() const;
  Part child(std::string_view key) const;  // the first with that key
  std::vector<Word> lines_below() const;   // every line that is indented more, whatever its shape

 private:
  const Tree* tree_ = nullptr;
  std::uint32_t index_ = 0;
};

class Tree {
 public:
  // Lines [begin, end) of the document.
  Tree(const Document& document, std::uint32_t begin, std::uint32_t end);
  Part root() const { return {this, 0}; }

 private:
  friend class Part;
  void add_lines_below(std::uint32_t index, std::vector<Part::Word>* words) const;

  struct Node {
    std::uint32_t line = 0;
    std::size_t indent = 0;
    std::size_t value_column = 0;  // 0: nothing stands behind the key
    std::string_view text, key, value;
    std::vector<std::uint32_t> children;
    std::vector<Part::Word> more;
  };
  std::vector<Node> nodes_;
};

// A table below a part: its first line has the titles, a line of dashes may follow.
class DescribedTable {
 public:
  struct TableRow {
    std::uint32_t line;
    std::string_view text;
    std::vector<std::string_view> cells;
  };
  explicit DescribedTable(const Part& part);
  const std::vector<TableRow>& rows() const { return rows_; }
  std::string_view cell(const TableRow& row, std::string_view title) const;

 private:
  std::vector<std::string_view> titles_;
  std::vector<TableRow> rows_;
};

}  // namespace carrel::kubectl
