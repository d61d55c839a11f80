#include "room/bundle/kubectl_tree.h"

#include <algorithm>

#include "base/text.h"
#include "room/bundle/kubectl_value.h"

namespace carrel::kubectl {
namespace {

constexpr std::size_t deepest = 32;
constexpr std::size_t longest_key = 316;  // a label's key has a prefix of 253 and a name of 63

// The ':' that ends a key: followed by white space or the line's end.
std::size_t key_end(std::string_view text) {
  for (std::size_t i = 0; i < text.size() && i <= longest_key; ++i) {
    if (text[i] != ':') continue;
    if (i + 1 == text.size() || text[i + 1] == ' ' || text[i + 1] == '\t') return i;
  }
  return std::string_view::npos;
}

}  // namespace

Tree::Tree(const Document& document, std::uint32_t begin, std::uint32_t end) {
  nodes_.emplace_back();
  nodes_.front().line = begin;
  std::vector<std::uint32_t> open = {0};
  for (std::uint32_t number = begin; number < end; ++number) {
    const std::string_view line = document.line(number);
    const std::string_view text = trim(line);
    if (text.empty()) continue;
    const auto indent = static_cast<std::size_t>(text.data() - line.data());
    while (open.size() > 1) {
      Node& last = nodes_[open.back()];
      // What stands below a value goes on with it.
      if (last.value_column > 0 && indent >= last.value_column) break;
      if (indent > last.indent) break;
      open.pop_back();
    }
    Node& parent = nodes_[open.back()];
    if (open.size() > 1 && parent.value_column > 0 && indent >= parent.value_column) {
      parent.more.push_back({text, number});
      continue;
    }
    Node node;
    node.line = number;
    node.indent = indent;
    node.text = text;
    const std::size_t colon = key_end(text);
    if (colon != std::string_view::npos) {
      node.key = text.substr(0, colon);
      node.value = trim(text.substr(colon + 1));
      if (!node.value.empty()) node.value_column = static_cast<std::size_t>(node.value.data() - line.data());
    }
    const auto index = static_cast<std::uint32_t>(nodes_.size());
    parent.children.push_back(index);
    nodes_.push_back(std::move(node));
    if (open.size() < deepest) open.push_back(index);
  }
}

std::uint32_t Part::line() const {
  return tree_ == nullptr ? 0 : tree_->nodes_[index_].line;
}
std::string_view Part::text() const {
  return tree_ == nullptr ? std::string_view() : tree_->nodes_[index_].text;
}
std::string_view Part::key() const {
  return tree_ == nullptr ? std::string_view() : tree_->nodes_[index_].key;
}
std::string_view Part::value() const {
  return tree_ == nullptr ? std::string_view() : tree_->nodes_[index_].value;
}

std::vector<Part::Word> Part::values() const {
  if (tree_ == nullptr || is_nothing(value())) return {};
  std::vector<Word> words = {{value(), line()}};
  const std::vector<Word>& more = tree_->nodes_[index_].more;
  words.insert(words.end(), more.begin(), more.end());
  return words;
}

std::vector<Part> Part::children() const {
  std::vector<Part> parts;
  if (tree_ == nullptr) return parts;
  for (const std::uint32_t child : tree_->nodes_[index_].children) parts.emplace_back(tree_, child);
  return parts;
}

Part Part::child(std::string_view key) const {
  if (tree_ == nullptr) return {};
  for (const std::uint32_t child : tree_->nodes_[index_].children) {
    if (tree_->nodes_[child].key == key) return {tree_, child};
  }
  return {};
}

std::vector<Part::Word> Part::lines_below() const {
  std::vector<Word> words;
  if (tree_ != nullptr) tree_->add_lines_below(index_, &words);
  return words;
}

// At most `deepest` levels.
void Tree::add_lines_below(std::uint32_t index, std::vector<Part::Word>* words) const {
  const Node& node = nodes_[index];
  words->insert(words->end(), node.more.begin(), node.more.end());
  for (const std::uint32_t child : node.children) {
    words->push_back({nodes_[child].text, nodes_[child].line});
    add_lines_below(child, words);
  }
}

DescribedTable::DescribedTable(const Part& part) {
  for (const Part& line : part.children()) {
    std::vector<std::string_view> cells = split_columns(line.text());
    if (cells.empty() || cells[0].starts_with("---")) continue;
    if (titles_.empty()) {
      titles_ = std::move(cells);
    } else {
      rows_.push_back({line.line(), line.text(), std::move(cells)});
    }
  }
}

std::string_view DescribedTable::cell(const TableRow& row, std::string_view title) const {
  for (std::size_t i = 0; i < titles_.size() && i < row.cells.size(); ++i) {
    if (titles_[i] == title) return row.cells[i];
  }
  return {};
}

}  // namespace carrel::kubectl
