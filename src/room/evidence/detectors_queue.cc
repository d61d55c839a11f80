// Queues that nobody reads, and topics that are read in vain. Source: `rabbitmqctl list_queues name messages
// consumers`, a table whose columns are parted by tabs, or set below each other, and named in its first line.
#include <algorithm>
#include <cstdlib>
#include <map>
#include <set>

#include <fmt/format.h>

#include "base/text.h"
#include "room/evidence/detectors.h"

namespace carrel {
namespace {

constexpr std::size_t most_columns = 32;
constexpr std::size_t most_queues = 64;

std::vector<std::string_view> columns_of(std::string_view line) {
  std::vector<std::string_view> out;
  const std::string_view border = line.find('\t') != std::string_view::npos ? "\t" : "  ";
  while (out.size() < most_columns) {
    const std::size_t end = line.find(border);
    out.push_back(trim(line.substr(0, end)));
    if (end == std::string_view::npos) break;
    line.remove_prefix(end + border.size());
    if (border != "\t") line = trim(line);
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
    if (!unread || !is_plain_name(queue)) continue;
    const double weight = is_kept_aside(queue)                          ? 0.25
                          : survey.asks({"queue", "message", "rabbit"}) ? 0.8
                                                                        : 0.7;
    Observation& made = report_missing(
        out, unread_queue, weight, "queue", "", queue,
        fmt::format("Queue {} has {} messages and no consumer: nobody reads it.", queue, messages));
    made.culprit.present = true;
    cite_line(&made, document, at, "its messages and consumers");
    cite_line(&made, document, header, "what the columns are");
    lack(&made, fmt::format("which queues the consumers of {} are configured to read", queue));
    ++told;
  }
  return at;
}

// "payment" and "authorized" of "payments.authorized.v1", so that names can be compared that differ in their
// marks, plurals and versions.
std::set<std::string> parts_of(std::string_view topic) {
  std::set<std::string> out;
  while (!topic.empty()) {
    const std::size_t end = std::min(topic.find_first_of("._-"), topic.size());
    std::string part = to_lower(topic.substr(0, end));
    topic.remove_prefix(std::min(end + 1, topic.size()));
    if (part.size() > 3 && part.ends_with('s')) part.pop_back();
    if (part.size() > 2) out.insert(std::move(part));
  }
  return out;
}

struct KafkaTopic {
  const Document* document = nullptr;
  std::uint32_t line = 0;
  std::int64_t messages = 0;
  std::set<std::string> parts;
};
using Topics = std::map<std::string, KafkaTopic>;

// "orders.v1:0:4711": the ends of the topics' partitions. Source: Kafka's kafka-get-offsets.
Topics topics_of(const Survey& survey) {
  constexpr std::size_t most = 2000;
  Topics out;
  for (const Document& document : survey.inventory.documents()) {
    if (document.path.find("offset") == std::string::npos) continue;
    for (std::uint32_t number = 1; number <= document.starts.size() && out.size() < most; ++number) {
      const std::string_view line = trim(document.line(number));
      const std::size_t last = line.rfind(':');
      const std::size_t first = last == line.npos || last == 0 ? line.npos : line.rfind(':', last - 1);
      if (first == line.npos || !is_plain_name(line.substr(0, first)) ||
          line.substr(first + 1).find_first_not_of("0123456789:") != line.npos)
        continue;
      KafkaTopic& topic = out[std::string(line.substr(0, first))];
      const std::int64_t end = std::atoll(std::string(line.substr(last + 1, 18)).c_str());
      if (topic.document == nullptr) topic.parts = parts_of(line.substr(0, first));
      if (topic.document == nullptr || end > topic.messages)
        topic.document = &document, topic.line = number, topic.messages = end;
    }
  }
  return out;
}

struct Read {
  std::string group;
  std::uint32_t line = 0;
  bool empty = true;
};

// Consumers of a topic that never had a message. Source: `kafka-consumer-groups --describe`.
void tell_empty_topics(const Survey& survey, const Document& document, const Topics& all, Observations* out) {
  std::map<std::string, Read> topics;
  std::size_t group = most_columns, topic = most_columns, end = most_columns;
  for (std::uint32_t number = 1; number <= document.starts.size(); ++number) {
    std::vector<std::string_view> row = fields_of(document.line(number));
    const auto place = [&](std::string_view name) {
      return static_cast<std::size_t>(std::ranges::find(row, name) - row.begin());
    };
    if (place("LOG-END-OFFSET") < row.size()) {
      group = place("GROUP"), topic = place("TOPIC"), end = place("LOG-END-OFFSET");
      continue;
    }
    if (row.size() <= std::max({group, topic, end}) || !is_plain_name(row[topic]) ||
        !is_plain_name(row[group]) ||
        (topics.size() >= most_queues && !topics.contains(std::string(row[topic]))))
      continue;
    Read& read = topics[std::string(row[topic])];
    read.group = row[group], read.line = number;
    read.empty = read.empty && row[end] == "0";
  }
  for (const auto& topic_read : topics) {
    const std::string& name = topic_read.first;
    const Read& read = topic_read.second;
    if (!read.empty) continue;
    const std::set<std::string> parts = parts_of(name);
    const auto like = std::ranges::find_if(all, [&](const auto& each) {
      return each.first != name && each.second.messages > 0 && each.second.parts == parts;
    });
    std::string cause = fmt::format(
        "Consumer group {} reads topic {}, in which there has never been a message (its log ends at 0)",
        read.group, name);
    if (like != all.end())
      cause += fmt::format("; the messages are in {}: it may be the wrong topic", like->first);
    const bool asked = survey.asks(
        {"no message", "nothing", "no event", "not process", "does not", "lag", "topic", "kafka", "consum"});
    Observation& made = report_missing(out, "topic-empty",
                                       like != all.end() ? 0.85
                                       : asked           ? 0.6
                                                         : 0.3,
                                       "topic", "", name, cause + ".");
    made.culprit.present = true;
    cite_line(&made, document, read.line, "the end of the topic");
    if (like != all.end())
      cite_line(&made, *like->second.document, like->second.line, "the topic that has messages");
    lack(&made, fmt::format("which topic {} is configured to read", read.group));
  }
}

}  // namespace

void detect_queues(const Survey& survey, Observations* out) {
  constexpr std::size_t most_groups = 32;  // files that list what groups read
  std::size_t groups = 0;
  Topics topics;
  for (const Document& document : survey.inventory.documents()) {
    if (document.text.find("LOG-END-OFFSET") != std::string::npos && groups < most_groups) {
      if (groups++ == 0) topics = topics_of(survey);
      tell_empty_topics(survey, document, topics, out);
    }
    if (document.text.find("consumers") == std::string::npos) continue;
    for (std::uint32_t number = 1; number <= document.starts.size();)
      number = tell_unread(survey, document, number, out);
  }
}

}  // namespace carrel
