#include "room/evidence/evidence.h"

#include <algorithm>
#include <functional>
#include <map>
#include <tuple>

#include <fmt/format.h>

#include "record/limits.h"
#include "room/evidence/combine.h"
#include "room/evidence/log_findings.h"
#include "room/evidence/question.h"
#include "room/evidence/saved_logs.h"
#include "room/evidence/spoken_name.h"
#include "room/evidence/survey.h"

namespace carrel {
namespace {

// Lines by file, place and what is quoted of them, so that each is in the list once. A file that is one long
// line, as programs write JSON, is quoted in parts.
using Place = std::tuple<std::string, std::uint32_t, std::uint32_t, std::string>;

Place place_of(const EvidenceLine& line) {
  return {line.at.file, line.at.line, line.at.end_line, line.quote};
}

bool is_valid(const EvidenceLine& line) {
  return !line.quote.empty() && line.quote.size() <= limit::quote && line.at.line > 0 &&
         line.at.file.size() <= limit::path && line.at.path.size() <= limit::pointer;
}

std::size_t bytes_of(const EvidenceLine& line) {
  return line.quote.size() + line.at.file.size() + line.at.path.size() + 32;
}

// Cuts a list to what a record may hold, and says how many entries that cost.
template <class Entry>
void cut(std::vector<Entry>* entries, std::size_t most, const char* reason, std::vector<LeftOut>* left_out) {
  if (entries->size() <= most) return;
  left_out->push_back({"", reason, 0, entries->size() - most, 0});
  entries->resize(most);
}

// Each finding is compared with each other, so of very many only the heaviest take part, in the order they
// have.
void keep_heaviest(std::vector<Observation>* observations, std::vector<LeftOut>* left_out) {
  constexpr std::size_t most = 4 * limit::findings;
  if (observations->size() <= most) return;
  left_out->push_back({"", "findings beyond the limit", 0, observations->size() - most, 0});
  std::vector<double> weights;
  for (const Observation& each : *observations) weights.push_back(each.weight);
  std::ranges::nth_element(weights, weights.begin() + most, std::greater());
  const double least = weights[most];  // the heaviest that is dropped
  std::size_t of_it =
      most - static_cast<std::size_t>(std::ranges::count_if(
                 *observations, [&](const Observation& each) { return each.weight > least; }));
  std::erase_if(*observations, [&](const Observation& each) {
    if (each.weight != least) return each.weight < least;
    if (of_it == 0) return true;
    --of_it;
    return false;
  });
}

// True where a pod is not among those of its namespace, and another of its workload is and is well.
bool is_replaced(const Inventory& inventory, const Name& pod) {
  if (inventory.find("pod", pod.space, pod.name) != nullptr) return false;
  // "web-7d9f8b6c5-x2k4q" and "web-5c6d7e8f9-q8vzt" are of one workload.
  const std::string workload = without_hashes(pod.name);
  return std::ranges::any_of(inventory.all(), [&](const Object& other) {
    return other.kind == "pod" && other.space == pod.space && other.value != nullptr &&
           without_hashes(other.name) == workload && pod_health(other) == Health::healthy;
  });
}

// What a pod only warned of that did its work in the end; and, where whether there is a fault is asked, what
// a pod logged that is gone, while all that are there are well.
void weigh_what_was_overcome(const Inventory& inventory, bool only_whether,
                             std::vector<Observation>* of_logs) {
  for (Observation& log : *of_logs) {
    if (only_whether && log.culprit.kind == "pod" && log.verdict == Verdict::fault &&
        is_replaced(inventory, log.culprit))
      log.weight *= 0.5;
    if (log.culprit.kind != "pod" || log.lines.empty() || !log.lines[0].reason.starts_with(warning_level))
      continue;
    const Object* pod = inventory.find("pod", log.culprit.space, log.culprit.name);
    if (pod != nullptr && has_completed(*pod)) log.weight *= 0.6;
  }
}

}  // namespace

EvidenceList make_evidence(const Inventory& inventory, const LogMiner& logs, const std::string& asked) {
  const std::string spoken = workload_in_words(inventory, asked);
  const std::string question_text = spoken.empty() ? asked : fmt::format("{} ({})", asked, spoken);
  const Question question(question_text);
  EvidenceList list;
  list.format = inventory.format;
  list.lines_read = logs.lines_read();
  list.objects = static_cast<std::uint32_t>(inventory.all().size());
  list.names = inventory.names();
  list.searched = inventory.searched();
  cut(&list.names, limit::names, "names beyond the limit", &list.left_out);
  cut(&list.searched, limit::searched, "listings beyond the limit", &list.left_out);

  std::vector<Observation> of_logs = logs.observations();
  std::vector<Observation> saved = findings_of_saved_logs(inventory, question_text);
  of_logs.insert(of_logs.end(), std::make_move_iterator(saved.begin()), std::make_move_iterator(saved.end()));
  weigh_what_was_overcome(inventory, question.only_whether(), &of_logs);
  std::vector<Observation> of_objects = detect(inventory, question_text, logs.listening());
  keep_heaviest(&of_objects, &list.left_out);
  keep_heaviest(&of_logs, &list.left_out);
  std::vector<Observation> observations = combine(std::move(of_objects), std::move(of_logs), question);
  cut(&observations, limit::findings, "findings beyond the limit", &list.left_out);

  // The findings' own lines first, each once, then what the logs have beside.
  std::map<Place, std::uint32_t> index;
  std::size_t bytes = 0;
  std::map<std::string, LeftOut> beyond;
  const auto add = [&](EvidenceLine line) {
    const auto [found, is_new] =
        index.try_emplace(place_of(line), static_cast<std::uint32_t>(list.lines.size()));
    if (!is_new) return found->second;
    const bool fits =
        list.lines.size() < limit::evidence_lines && bytes + bytes_of(line) <= limit::evidence_bytes;
    if (!fits) {
      index.erase(found);
      LeftOut& left = beyond[line.at.file];
      left = {line.at.file, "beyond the evidence budget", 1, left.lines + 1, left.bytes + line.quote.size()};
      return static_cast<std::uint32_t>(limit::evidence_lines);
    }
    bytes += bytes_of(line);
    list.lines.push_back(std::move(line));
    return found->second;
  };
  for (Observation& observation : observations) {
    Finding finding;
    finding.detector = observation.detector;
    finding.verdict = observation.verdict;
    finding.cause = observation.cause;
    finding.weight = observation.weight;
    finding.searched = std::move(observation.searched);
    finding.commands = std::move(observation.commands);
    finding.missing = std::move(observation.missing);
    finding.culprit = std::move(observation.culprit);
    for (EvidenceLine& line : observation.lines) {
      if (finding.evidence.size() == limit::citations || !is_valid(line)) continue;
      line.score = std::max(line.score, observation.weight);
      const std::uint32_t at = add(std::move(line));
      const bool cited =
          std::find(finding.evidence.begin(), finding.evidence.end(), at) != finding.evidence.end();
      if (at < list.lines.size() && !cited) finding.evidence.push_back(at);
    }
    // A claim without a line to stand on is none.
    if (!finding.evidence.empty()) list.findings.push_back(std::move(finding));
  }
  for (EvidenceLine& line : logs.candidates(observations)) {
    if (is_valid(line)) add(std::move(line));
  }

  // One order over all: by score, the findings' order kept among equals.
  std::vector<std::uint32_t> order(list.lines.size());
  for (std::uint32_t i = 0; i < order.size(); ++i) order[i] = i;
  std::stable_sort(order.begin(), order.end(), [&](std::uint32_t a, std::uint32_t b) {
    return list.lines[a].score > list.lines[b].score;
  });
  std::vector<std::uint32_t> moved(order.size());
  std::vector<EvidenceLine> sorted;
  sorted.reserve(order.size());
  for (std::uint32_t i = 0; i < order.size(); ++i) {
    moved[order[i]] = i;
    sorted.push_back(std::move(list.lines[order[i]]));
  }
  list.lines = std::move(sorted);
  for (Finding& finding : list.findings) {
    for (std::uint32_t& at : finding.evidence) at = moved[at];
  }

  for (auto& [file, left] : beyond) list.left_out.push_back(std::move(left));
  for (LeftOut& left : logs.left_out()) list.left_out.push_back(std::move(left));
  std::stable_sort(list.left_out.begin(), list.left_out.end(),
                   [](const LeftOut& a, const LeftOut& b) { return a.lines > b.lines; });
  if (list.left_out.size() > limit::left_out / 2) {
    // Half of the places are the reader's; the smallest of ours are counted in one.
    LeftOut rest{"", "many files with few lines left out each", 0, 0, 0};
    for (std::size_t i = limit::left_out / 2 - 1; i < list.left_out.size(); ++i) {
      if (rest.file.empty()) rest.file = list.left_out[i].file;
      rest.files += list.left_out[i].files;
      rest.lines += list.left_out[i].lines;
      rest.bytes += list.left_out[i].bytes;
    }
    list.left_out.resize(limit::left_out / 2 - 1);
    list.left_out.push_back(std::move(rest));
  }
  return list;
}

}  // namespace carrel
