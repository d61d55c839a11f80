// What a MySQL or MariaDB replica says of its replication: SHOW REPLICA STATUS (SHOW SLAVE STATUS) as `mysql`
// prints it with \G, a value a line. Source: the MySQL 8.0 reference manual, 15.7.7.35, and MariaDB's of SHOW
// REPLICA STATUS.
#include <algorithm>
#include <charconv>
#include <map>

#include <fmt/format.h>

#include "base/text.h"
#include "record/limits.h"
#include "room/evidence/detectors.h"

namespace carrel {
namespace {

constexpr std::size_t largest_status = 1 << 20, most_statuses = 16;
constexpr std::uint32_t longest_status = 120;  // lines of one replica

struct Field {
  std::string_view value;
  std::uint32_t line = 0;
};

// The values by their names, with "Slave" and "Master" written as "Replica" and "Source".
std::map<std::string, Field> fields_of_status(const Document& document, std::uint32_t begin) {
  std::map<std::string, Field> out;
  for (std::uint32_t at = begin; at <= document.starts.size() && at < begin + longest_status; ++at) {
    const std::string_view line = trim(document.line(at));
    if (at > begin && line.starts_with("*****")) break;
    const std::size_t colon = line.find(':');
    if (colon == std::string_view::npos) continue;
    std::string name(line.substr(0, colon));
    for (const auto& [old, today] :
         {std::pair<std::string_view, std::string_view>("Slave", "Replica"), {"Master", "Source"}}) {
      if (const std::size_t place = name.find(old); place != std::string::npos)
        name.replace(place, old.size(), today);
    }
    out.emplace(std::move(name), Field{trim(line.substr(colon + 1)), at});
  }
  return out;
}

std::int64_t seconds_in(std::string_view text) {
  std::int64_t seconds = -1;
  std::from_chars(text.data(), text.data() + text.size(), seconds);
  return seconds;
}

class ReplicaStatus {
 public:
  ReplicaStatus(const Survey& survey, const Document& document, std::map<std::string, Field> fields)
      : survey_(survey), document_(document), fields_(std::move(fields)) {}

  void tell(Observations* out) const {
    constexpr std::int64_t late = 300;  // seconds
    const bool asked = survey_.asks({"replica", "replicat", "stale", "old", "lag", "behind", "outdated",
                                     "slave", "differ", "missing", "wrong"});
    if (field("Replica_SQL_Running").value == "No")
      return stopped("SQL", "applies nothing that its source sends", asked ? 0.94 : 0.8, out);
    if (field("Replica_IO_Running").value == "No")
      return stopped("IO", "gets nothing from its source", asked ? 0.94 : 0.8, out);
    const Field behind = field("Seconds_Behind_Source");
    if (seconds_in(behind.value) < late) return;
    Observation& made =
        begin(asked ? 0.84 : 0.5, fmt::format("is {} s behind its source", seconds_in(behind.value)), out);
    cite_line(&made, document_, behind.line, "how far it is behind");
    cite_known(&made, "Source_Host", "its source");
  }

 private:
  Field field(const std::string& name) const {
    const auto found = fields_.find(name);
    return found == fields_.end() ? Field() : found->second;
  }

  void cite_known(Observation* made, const std::string& name, const char* reason) const {
    if (const Field known = field(name); known.line != 0 && !known.value.empty())
      cite_line(made, document_, known.line, reason);
  }

  Observation& begin(double weight, const std::string& what, Observations* out) const {
    const std::string_view source = field("Source_Host").value;
    Observation& made =
        report_missing(out, "replica-stopped", weight, "server", "", "",
                       brief(fmt::format("The MySQL replica{} {}.",
                                         is_plain_name(source) ? fmt::format(" of {}", source) : "", what),
                             limit::sentence));
    made.culprit.present = true;
    return made;
  }

  void stopped(const char* thread, const char* what, double weight, Observations* out) const {
    const std::string last = fmt::format("Last_{}_Err", thread);
    const Field error = field(last + "or"), number = field(last + "no"), when = field(last + "or_Timestamp");
    Observation& made = begin(
        weight,
        fmt::format(
            "{}{}: its {} thread has stopped{}{}", what,
            when.value.empty() ? "" : fmt::format(" since {}", brief(when.value, 40)), thread,
            number.value.empty() || number.value == "0" ? "" : fmt::format(" with error {}", number.value),
            error.value.empty() ? "" : fmt::format(" ({})", brief(error.value, 140))),
        out);
    cite_line(&made, document_, field(fmt::format("Replica_{}_Running", thread)).line,
              "the thread does not run");
    cite_known(&made, last + "or", "why it stopped");
    cite_known(&made, last + "or_Timestamp", "when it stopped");
    cite_known(&made, last + "no", "the number of the error");
    cite_known(&made, "Source_Host", "its source");
    lack(&made, "who reads from this replica, and what wrote to it beside its source");
  }

  const Survey& survey_;
  const Document& document_;
  const std::map<std::string, Field> fields_;
};

}  // namespace

void detect_replicas(const Survey& survey, Observations* out) {
  std::size_t told = 0;
  for (const Document& document : survey.inventory.documents()) {
    if (document.text.size() > largest_status) continue;
    const bool is_status = document.text.find("_SQL_Running:") != std::string::npos;
    for (std::uint32_t number = 1; is_status && number <= document.starts.size() && told < most_statuses;
         ++number) {
      const std::string_view line = trim(document.line(number));
      if (!line.starts_with("Replica_IO_State:") && !line.starts_with("Slave_IO_State:")) continue;
      ++told;
      ReplicaStatus(survey, document, fields_of_status(document, number)).tell(out);
    }
  }
}

}  // namespace carrel
