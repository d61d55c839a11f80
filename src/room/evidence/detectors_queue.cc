// Queues that nobody reads. Source: `rabbitmqctl list_queues name messages consumers`, a table whose columns
// are parted by tabs and named in its first line.
#include <algorithm>
#include <cstdlib>

#include <fmt/format.h>

#include "base/text.h"
#include "record/limits.h"
#include "room/evidence/detectors.h"

namespace carrel {
namespace {

constexpr std::size_t most_columns = 32;
constexpr std::size_t most_queues = 64;

std::vector<std::string_view> columns_of(std::string_view line) {
  std::vector<std::string_view> out;
  while (out.size() < most_columns) {
    const std::size_t end = line.find('\t');
    out.push_back(trim(line.substr(0, end)));
    if (end == std::string_view::npos) break;
    line.remove_prefix(end + 1);
  }
  return out;
}

struct Columns {
  std::size_t name = most_columns, messages = most_columns, consumers = most_columns;
  bool known() const { return name < most_columns && messages < most_columns && consumers < most_columns; }
};

Columns header_of(std::string_view line) {
  Columns out;
  const std::vector<std::string_view> names = columns_of(line);
  for (std::size_t i = 0; i < names.size(); ++i) {
    if (names[i] == "name") out.name = i;
    if (names[i] == "messages" || (names[i] == "messages_ready" && out.messages == most_columns))
      out.messages = i;
    if (names[i] == "consumers") out.consumers = i;
  }
  return out;
}

// Queues that are meant to be looked at by a person, when there is time.
bool is_kept_aside(std::string_view queue) {
  return has(queue, "dlq") || has(queue, "dead") || has(queue, "error") || has(queue, "parking") ||
         has(queue, "quarantine");
}

// Returns the line behind the table, so that no line is looked at for two tables.
std::uint32_t tell_unread(const Survey& survey, const Document& document, std::uint32_t header,
                          Observations* out) {
  const Columns columns = header_of(document.line(header));
  std::uint32_t at = header + 1;
  if (!columns.known()) return at;
  std::size_t told = 0;
  for (; at <= document.starts.size() && told < most_queues; ++at) {
    const std::vector<std::string_view> row = columns_of(document.line(at));
    const bool ends = row.size() <= std::max({columns.name, columns.messages, columns.consumers});
    if (ends || header_of(document.line(at)).known()) break;
    const std::string_view queue = row[columns.name];
    const std::string messages(row[columns.messages]);
    const bool unread = row[columns.consumers] == "0" && std::atoll(messages.c_str()) > 0;
    if (!unread || queue.empty() || queue.size() > limit::name) continue;
    const double weight = is_kept_aside(queue)                          ? 0.25
                          : survey.asks({"queue", "message", "rabbit"}) ? 0.8
                                                                        : 0.7;
    Observation& made = report_missing(
        out, "queue-unread", weight, "queue", "", queue,
        fmt::format("Queue {} has {} messages and no consumer: nobody reads it.", queue, messages));
    made.culprit.present = true;
    cite_line(&made, document, at, "its messages and consumers");
    cite_line(&made, document, header, "what the columns are");
    lack(&made, fmt::format("which queues the consumers of {} are configured to read", queue));
    ++told;
  }
  return at;
}

}  // namespace

void detect_queues(const Survey& survey, Observations* out) {
  for (const Document& document : survey.inventory.documents()) {
    if (document.text.find("consumers") == std::string::npos) continue;
    for (std::uint32_t number = 1; number <= document.starts.size();)
      number = tell_unread(survey, document, number, out);
  }
}

}  // namespace carrel
