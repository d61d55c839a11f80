#include "host/probe/probe_record.h"

#include <chrono>
#include <filesystem>

#include <fmt/chrono.h>
#include <sys/utsname.h>

#include "base/json_writer.h"
#include "base/read_value.h"

namespace carrel {
namespace {

constexpr std::uint64_t version_of_format = 1;
constexpr std::size_t record_limit = 1 << 20;

std::string record_path(const std::string& data, const std::string& configuration) {
  return data + "/probes/" + configuration + ".json";
}

bool is_digest(const std::string& text) {
  return text.size() == 64 && text.find_first_not_of("0123456789abcdef") == std::string::npos;
}

std::string now() {
  return fmt::format("{:%Y-%m-%dT%H:%M:%SZ}", fmt::gmtime(std::time(nullptr)));
}

std::size_t whole(const Value& value) {
  return static_cast<std::size_t>(std::max<std::int64_t>(value.integer().value_or(0), 0));
}

}  // namespace

ProbeSummary summarise(std::string room, const std::vector<ProbeVerdict>& verdicts,
                       const std::string& version) {
  ProbeSummary summary;
  summary.room = std::move(room);
  summary.at = now();
  summary.version = version;
  utsname names{};
  if (::uname(&names) == 0) summary.kernel = names.release;
  for (const ProbeVerdict& verdict : verdicts) {
    if (!verdict.brief && !verdict.configuration.empty()) {
      summary.configuration = verdict.configuration;
      summary.layers = verdict.layers;
    }
    switch (verdict.end) {
      case ProbeEnd::held:
        ++summary.held;
        break;
      case ProbeEnd::proves_nothing:
        ++summary.proves_nothing;
        break;
      case ProbeEnd::broken:
      case ProbeEnd::count_:
        ++summary.broken;
        summary.broken_probes.push_back(verdict.probe);
        break;
    }
  }
  return summary;
}

std::string to_json(const ProbeSummary& summary, const std::vector<ProbeVerdict>& verdicts) {
  JsonPage json;
  json.count("version", version_of_format);
  json.text("room", summary.room);
  json.text("configuration", summary.configuration);
  json.text("at", summary.at);
  json.text("carrel", summary.version);
  json.text("kernel", summary.kernel);
  json.list("layers", summary.layers, [&](const std::string& layer) { json.text(layer); });
  json.count("held", summary.held);
  json.count("broken", summary.broken);
  json.count("proves_nothing", summary.proves_nothing);
  json.list("probes", verdicts, [&](const ProbeVerdict& verdict) {
    json.object([&] {
      json.text("probe", verdict.probe);
      json.text("group", verdict.group);
      json.text("end", to_string(verdict.end));
      json.text("outcome", verdict.outcome);
      json.text("ending", to_string(verdict.ending));
      json.text("denied", verdict.denied);
      json.count("denials", verdict.denials);
      json.text("control", verdict.control);
      json.text("why", verdict.why);
      json.flag("brief", verdict.brief);
    });
  });
  return json.finish();
}

Status keep_probe_record(const std::string& data, const ProbeSummary& summary,
                         const std::vector<ProbeVerdict>& verdicts) {
  std::error_code problem;
  std::filesystem::create_directories(data + "/probes", problem);
  if (problem) return Error{Code::machine, "cannot make " + data + "/probes: " + problem.message(), ""};
  return write_file_durably(record_path(data, summary.configuration), to_json(summary, verdicts));
}

std::optional<ProbeSummary> find_probe_record(const std::string& data, const std::string& configuration) {
  if (!is_digest(configuration)) return std::nullopt;
  const auto text = read_file(record_path(data, configuration), record_limit);
  const Result<Value> read = text ? read_json(*text) : text.error();
  if (!read || (*read)["version"].integer() != static_cast<std::int64_t>(version_of_format) ||
      (*read)["configuration"].text() != configuration) {
    return std::nullopt;
  }
  const Value& record = *read;
  ProbeSummary summary;
  summary.room = record["room"].text();
  summary.configuration = configuration;
  summary.at = record["at"].text();
  summary.version = record["carrel"].text();
  summary.kernel = record["kernel"].text();
  for (const Value& layer : record["layers"].items) summary.layers.emplace_back(layer.text());
  summary.held = whole(record["held"]);
  summary.broken = whole(record["broken"]);
  summary.proves_nothing = whole(record["proves_nothing"]);
  for (const Value& probe : record["probes"].items) {
    if (probe["end"].text() == to_string(ProbeEnd::broken)) {
      summary.broken_probes.emplace_back(probe["probe"].text());
    }
  }
  return summary;
}

}  // namespace carrel
