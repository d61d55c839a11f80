// Sweep: a playbook evaluated on the same cases in every combination of models, context sizes, tries,
// temperatures and cases at a time, so that quality and speed stand side by side.
//
//   for (const SweepCell& cell : cells_of(grid)) points.push_back(point_of(cell, *evaluate(...)));
//   const Recommendation best = recommend(points);
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "host/eval/evaluation.h"
#include "host/eval/score.h"
#include "host/report/terminal.h"

namespace carrel {

// What is varied, as the user wrote it; an empty list is what the settings say, and no part of the table.
struct SweepGrid {
  std::vector<std::string> models;                         // files or names of the list: quantisations
  std::vector<std::string> contexts, tries, temperatures;  // values of the settings of these names
  std::vector<unsigned> jobs;                              // cases at a time
};

struct SweepCell {
  std::vector<std::pair<std::string, std::string>> settings;  // name and value: "model", "context", ...
  unsigned jobs = 1;
  std::string label() const;  // "q4.gguf, context 4096, 2 at a time"
};

// Every combination, the last list varied first. At most `most_cells`; more is an Error (usage).
inline constexpr std::size_t most_cells = 256;
Result<std::vector<SweepCell>> cells_of(const SweepGrid& grid);

struct SweepPoint {
  SweepCell cell;
  std::string evaluation;  // its id
  Share right;             // cause and evidence
  std::size_t failed = 0;  // cases whose run came to no report
  double median_s = 0;     // of a case that came to one, from its bundle to its grade
  double per_hour = 0;     // cases, with so many at a time
};
SweepPoint point_of(const SweepCell& cell, const Evaluation& evaluation);

// The cell to use: of those that cannot be told from the best share at 95 % (their interval reaches it), the
// one with the most cases an hour. Failed runs count as wrong.
struct Recommendation {
  std::size_t point = 0;
  std::string reason;
};
Recommendation recommend(const std::vector<SweepPoint>& points);

struct SweepView {
  std::string playbook;
  std::size_t cases = 0;
  std::vector<SweepPoint> points;  // at least one
  std::vector<std::string> notes;  // what a person must know of the settings
};
std::string to_terminal(const SweepView& view, const TerminalStyle& style);
std::string to_json(const SweepView& view);  // docs/formats/evaluation.md
std::string to_html(const SweepView& view);

}  // namespace carrel
