#include "room/evidence/evidence.h"

#include <algorithm>
#include <array>
#include <functional>
#include <map>
#include <set>
#include <tuple>

#include <fmt/format.h>

#include "record/limits.h"
#include "room/evidence/combine.h"
#include "room/evidence/log_findings.h"
#include "room/evidence/question.h"
#include "room/evidence/saved_logs.h"
#include "room/evidence/spoken_name.h"
#include "room/evidence/survey.h"
#include "room/evidence/telling.h"

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

// A pod that is well and was not restarted again and again.
bool is_well(const Inventory& inventory, const Name& name) {
  constexpr std::int64_t few = 20;  // restarts
  const Object* pod = inventory.find("pod", name.space, name.name);
  return pod != nullptr && pod_health(*pod) == Health::healthy && restarts_of(*pod) <= few;
}

// What clients do that a server tells at the level of an error: a query that is none, a row that is there
// already, a connection that they leave. A server that is well goes on serving others. A password that is
// wrong may be a client's or the program's own: where the question takes trouble for granted it is told.
bool is_of_clients(std::string_view detector, bool only_whether) {
  static constexpr std::array<std::string_view, 5> kOfClients = {
      "log-syntax", "log-sql-refused", "log-duplicate-key", "log-connection-lost", "log-token-expired"};
  static constexpr std::array<std::string_view, 3> kMayBe = {"log-authentication-failed",
                                                             "log-authentication-error", "log-tls-failed"};
  return std::ranges::find(kOfClients, detector) != kOfClients.end() ||
         (only_whether && std::ranges::find(kMayBe, detector) != kMayBe.end());
}

// What a pod only warned of that did its work in the end; and, where the question leaves open whether there
// is a fault, what a pod logged that is gone, while all that are there are well, or before a restart since
// which it is, or of its clients.
void weigh_what_was_overcome(const Inventory& inventory, const Question& question,
                             std::vector<Observation>* of_logs) {
  const bool may_be_well = question.only_whether() || question.open();
  for (Observation& log : *of_logs) {
    const bool of_pod = log.culprit.kind == "pod" && log.verdict == Verdict::fault && !log.lines.empty();
    if (may_be_well && of_pod &&
        (is_replaced(inventory, log.culprit) ||
         (log.lines[0].reason.find(of_last_instance) != std::string::npos &&
          is_well(inventory, log.culprit))))
      log.weight *= 0.5;
    else if (may_be_well && log.verdict == Verdict::fault &&
             is_of_clients(log.detector, question.only_whether()) &&
             (inventory.find("pod", log.culprit.space, log.culprit.name) == nullptr ||
              is_well(inventory, log.culprit)))
      log.weight *= 0.5;
    if (log.culprit.kind != "pod" || log.lines.empty() || !log.lines[0].reason.starts_with(warning_level))
      continue;
    const Object* pod = inventory.find("pod", log.culprit.space, log.culprit.name);
    if (pod != nullptr && has_completed(*pod)) log.weight *= 0.6;
  }
}

// "risk" of "https://engine.risk.svc.cluster.local:8443/score", and "engine"; empty: no such address.
std::pair<std::string, std::string> address_in(std::string_view text) {
  const std::size_t svc = text.find(".svc");
  if (svc == text.npos) return {};
  const std::size_t dot = text.rfind('.', svc - 1);
  if (svc == 0 || dot == text.npos) return {};
  const std::size_t before = text.find_last_of("/ \"'@=(,", dot);
  const std::string_view name = text.substr(before + 1, dot - before - 1);  // npos + 1 is 0
  const std::string_view space = text.substr(dot + 1, svc - dot - 1);
  if (!is_plain_name(name) || !is_plain_name(space)) return {};
  return {std::string(space), std::string(name)};
}

// Who waits in vain for a service of a namespace that the bundle has nothing of cannot be told why.
void tell_what_is_out_of_sight(const Inventory& inventory, std::vector<Observation>* of_logs) {
  static constexpr std::array<std::string_view, 4> kWaits = {"log-timeout", "log-upstream-failed",
                                                             "log-connection-refused", "log-unreachable"};
  std::set<std::string_view> seen;
  for (const Object& object : inventory.all()) seen.insert(object.space);
  for (const Observation& log : *of_logs) seen.insert(log.culprit.space);
  for (Observation& log : *of_logs) {
    if (log.verdict != Verdict::fault || std::ranges::find(kWaits, log.detector) == kWaits.end() ||
        log.lines.empty() || seen.empty())
      continue;
    const auto [space, name] = address_in(log.lines.front().quote);
    if (space.empty() || seen.contains(space)) continue;
    const std::string more = fmt::format(
        "; why {} does not answer cannot be determined, as the bundle has nothing of namespace {}", name,
        space);
    log.cause = shortened(log.cause, limit::sentence - more.size()) + more;
    log.verdict = Verdict::insufficient_evidence;
    log.missing.push_back(fmt::format("the pods, events and logs of namespace {}", space));
  }
}

// The lines of a list, each once and as far as there is room for them.
class Lines {
 public:
  static constexpr std::uint32_t no_room = limit::evidence_lines;

  // The line's index, or no_room.
  std::uint32_t add(EvidenceLine line) {
    const auto [found, is_new] =
        index_.try_emplace(place_of(line), static_cast<std::uint32_t>(lines_.size()));
    if (!is_new) return found->second;
    const bool fits =
        lines_.size() < limit::evidence_lines && bytes_ + bytes_of(line) <= limit::evidence_bytes;
    if (!fits) {
      index_.erase(found);
      LeftOut& left = beyond_[line.at.file];
      left = {line.at.file, "beyond the evidence budget", 1, left.lines + 1, left.bytes + line.quote.size()};
      return no_room;
    }
    bytes_ += bytes_of(line);
    lines_.push_back(std::move(line));
    return found->second;
  }

  // One order over all: by score, that of their adding kept among equals. The findings' indices go along.
  std::vector<EvidenceLine> in_order(std::vector<Finding>* findings) {
    std::vector<std::uint32_t> order(lines_.size()), moved(lines_.size());
    for (std::uint32_t i = 0; i < order.size(); ++i) order[i] = i;
    std::ranges::stable_sort(
        order, [&](std::uint32_t a, std::uint32_t b) { return lines_[a].score > lines_[b].score; });
    std::vector<EvidenceLine> sorted;
    sorted.reserve(order.size());
    for (std::uint32_t i = 0; i < order.size(); ++i) {
      moved[order[i]] = i;
      sorted.push_back(std::move(lines_[order[i]]));
    }
    for (Finding& finding : *findings) {
      for (std::uint32_t& at : finding.evidence) at = moved[at];
    }
    return sorted;
  }

  std::vector<LeftOut> left_out() const {
    std::vector<LeftOut> out;
    for (const auto& [file, left] : beyond_) out.push_back(left);
    return out;
  }

 private:
  std::vector<EvidenceLine> lines_;
  std::map<Place, std::uint32_t> index_;
  std::size_t bytes_ = 0;
  std::map<std::string, LeftOut> beyond_;  // by file
};

// An observation as a finding, with the lines that there is room for.
Finding finding_of(Observation&& observation, Lines* lines) {
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
    const std::uint32_t at = lines->add(std::move(line));
    const bool cited = std::ranges::find(finding.evidence, at) != finding.evidence.end();
    if (at != Lines::no_room && !cited) finding.evidence.push_back(at);
  }
  return finding;
}

// Half of the places are the reader's; the smallest of ours are counted in one.
void gather_small(std::vector<LeftOut>* left_out) {
  std::ranges::stable_sort(*left_out, [](const LeftOut& a, const LeftOut& b) { return a.lines > b.lines; });
  if (left_out->size() <= limit::left_out / 2) return;
  LeftOut rest{"", "many files with few lines left out each", 0, 0, 0};
  for (std::size_t i = limit::left_out / 2 - 1; i < left_out->size(); ++i) {
    if (rest.file.empty()) rest.file = (*left_out)[i].file;
    rest.files += (*left_out)[i].files;
    rest.lines += (*left_out)[i].lines;
    rest.bytes += (*left_out)[i].bytes;
  }
  left_out->resize(limit::left_out / 2 - 1);
  left_out->push_back(std::move(rest));
}

// What the objects and the logs say together, the heaviest first.
std::vector<Observation> observations_of(const Inventory& inventory, const LogMiner& logs,
                                         const std::string& text, std::vector<LeftOut>* left_out) {
  const Question question(text);
  std::vector<Observation> of_logs = logs.observations();
  std::vector<Observation> saved = findings_of_saved_logs(inventory, text);
  of_logs.insert(of_logs.end(), std::make_move_iterator(saved.begin()), std::make_move_iterator(saved.end()));
  weigh_what_was_overcome(inventory, question, &of_logs);
  if (question.asks_reason()) tell_what_is_out_of_sight(inventory, &of_logs);
  std::vector<Observation> of_objects = detect(inventory, text, logs.listening());
  keep_heaviest(&of_objects, left_out);
  keep_heaviest(&of_logs, left_out);
  std::vector<Observation> observations = combine(std::move(of_objects), std::move(of_logs), question);
  cut(&observations, limit::findings, "findings beyond the limit", left_out);
  return observations;
}

}  // namespace

EvidenceList make_evidence(const Inventory& inventory, const LogMiner& logs, const std::string& asked) {
  const std::string spoken = workload_in_words(inventory, asked);
  const std::string question = spoken.empty() ? asked : fmt::format("{} ({})", asked, spoken);
  EvidenceList list;
  list.format = inventory.format;
  list.lines_read = logs.lines_read();
  list.objects = static_cast<std::uint32_t>(inventory.all().size());
  list.names = inventory.names();
  list.searched = inventory.searched();
  cut(&list.names, limit::names, "names beyond the limit", &list.left_out);
  cut(&list.searched, limit::searched, "listings beyond the limit", &list.left_out);

  // The findings' own lines first, then what the logs have beside.
  std::vector<Observation> observations = observations_of(inventory, logs, question, &list.left_out);
  std::vector<EvidenceLine> candidates = logs.candidates(observations);
  Lines lines;
  for (Observation& observation : observations) {
    Finding finding = finding_of(std::move(observation), &lines);
    // A claim without a line to stand on is none.
    if (!finding.evidence.empty()) list.findings.push_back(std::move(finding));
  }
  for (EvidenceLine& line : candidates) {
    if (is_valid(line)) lines.add(std::move(line));
  }
  list.lines = lines.in_order(&list.findings);

  for (LeftOut& left : lines.left_out()) list.left_out.push_back(std::move(left));
  for (LeftOut& left : logs.left_out()) list.left_out.push_back(std::move(left));
  gather_small(&list.left_out);
  return list;
}

}  // namespace carrel
