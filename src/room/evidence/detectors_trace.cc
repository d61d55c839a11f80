// Traces that were saved beside the objects: where the time of a slow request goes, and which call of a
// failed one failed first. Source: Jaeger's JSON ("data"[]."spans", times in microseconds; spans that were
// stored flat, with their parent, service and tags or attributes in themselves), Zipkin's (a list of spans
// with a "localEndpoint"), and OTLP's ("resourceSpans", Tempo's "batches"; times in nanoseconds since 1970);
// and traces that were printed, a line a span.
#include <algorithm>
#include <array>
#include <map>
#include <unordered_map>

#include <fmt/format.h>

#include "room/evidence/detectors.h"
#include "room/evidence/loose_json.h"

namespace carrel {
namespace {

constexpr std::size_t largest_trace = 4 << 20;
constexpr std::size_t most_spans = 100'000;
constexpr std::size_t many_calls = 20;  // of one query below one span: a call for each row
constexpr std::size_t very_many_calls = 100;
constexpr double most_of_it = 0.5;  // of a request's time, for it to be where the time goes
constexpr double slow_enough_s = 0.2;

struct Span {
  const Value* value = nullptr;
  std::string id, parent, operation, error;
  const Value* service = nullptr;    // its name
  const Value* statement = nullptr;  // of a database
  const Value* failed = nullptr;     // what it says of its failure
  const Value* peer = nullptr;       // whom it calls: an address
  double start_s = 0, duration_s = 0, self_s = 0;
};

struct Trace {
  std::vector<Span> spans;
  std::unordered_map<std::string, std::size_t> by_id;
};

// A number that may come as text, as OTLP's 64-bit ones do.
double number_of(const Value& value) {
  return std::strtod(value.scalar.c_str(), nullptr);
}

void take_tag(std::string_view key, const Value& value, Span* span) {
  if (key == "db.statement" || key == "db.query.text") span->statement = &value;
  if (key == "error" && value.text() == "true") span->error = "an error";
  if (key == "otel.status_code" && value.text() == "ERROR") span->error = "an error";
  const bool tells = key == "otel.status_description" || key == "exception.message" ||
                     key == "error.message" || key == "message";
  if (tells && !value.text().empty()) span->failed = &value;
  static constexpr std::array<std::string_view, 7> peers = {
      "http.url", "url.full", "server.address", "net.peer.name", "peer.address", "peer.service", "http.host"};
  if (std::ranges::find(peers, key) != peers.end() && !value.text().empty() && span->peer == nullptr)
    span->peer = &value;
}

void read_jaeger(const Value& trace, std::vector<Trace>* out) {
  Trace read;
  for (const Value& value : trace["spans"].items) {
    if (read.spans.size() >= most_spans) break;
    Span span;
    span.value = &value;
    span.id = (value["spanID"].exists() ? value["spanID"] : value["spanId"]).text();
    for (const Value& reference : value["references"].items) {
      if (reference["refType"].text() != "FOLLOWS_FROM") span.parent = reference["spanID"].text();
    }
    for (const char* const parent : {"parentSpanID", "parentSpanId"})
      if (span.parent.empty()) span.parent = value[parent].text();
    const Value& process = value["processID"].exists() ? trace["processes"][value["processID"].text()]
                           : value["process"].exists() ? value["process"]
                                                       : value;
    span.service = process["serviceName"].exists() ? &process["serviceName"] : &process["service"];
    span.operation = (value["operationName"].exists() ? value["operationName"] : value["name"]).text();
    span.start_s = value["startTime"].exists()           ? number_of(value["startTime"]) / 1e6
                   : value["startTimeUnixNano"].exists() ? number_of(value["startTimeUnixNano"]) / 1e9
                                                         : number_of(value["startTimeUnixMs"]) / 1e3;
    span.duration_s = value["duration"].exists() ? number_of(value["duration"]) / 1e6
                                                 : number_of(value["durationMs"]) / 1e3;
    for (const Value& tag : value["tags"].items) take_tag(tag["key"].text(), tag["value"], &span);
    for (const char* const tags : {"tags", "attributes"}) {
      for (const auto& [key, tag] : value[tags].members) take_tag(key, tag, &span);
    }
    for (const Value& log : value["logs"].items) {
      for (const Value& field : log["fields"].items) take_tag(field["key"].text(), field["value"], &span);
    }
    read.spans.push_back(std::move(span));
  }
  if (!read.spans.empty()) out->push_back(std::move(read));
}

void read_zipkin(const Value& spans, std::vector<Trace>* out) {
  std::map<std::string, Trace> by_trace;
  for (const Value& value : spans.items) {
    if (!value["localEndpoint"].exists()) continue;
    Trace& trace = by_trace[std::string(value["traceId"].text())];
    if (trace.spans.size() >= most_spans) continue;
    Span span;
    span.value = &value;
    span.id = value["id"].text();
    span.parent = value["parentId"].text();
    span.service = &value["localEndpoint"]["serviceName"];
    span.operation = value["name"].text();
    span.start_s = number_of(value["timestamp"]) / 1e6;
    span.duration_s = number_of(value["duration"]) / 1e6;
    // A caller and the one it calls share an id there; who is called counts as its own call.
    if (value["shared"].is_true() || (value["kind"].text() == "SERVER" && trace.by_id.contains(span.id))) {
      span.parent = span.id;
      span.id += "-server";
    }
    trace.by_id.emplace(span.id, trace.spans.size());
    const Value& remote = value["remoteEndpoint"]["serviceName"];
    if (!remote.text().empty()) span.peer = &remote;
    for (const auto& [key, tag] : value["tags"].members) {
      if (key == "error") span.error = "an error", span.failed = &tag;
      take_tag(key, tag, &span);
    }
    trace.spans.push_back(std::move(span));
  }
  for (auto& [id, trace] : by_trace) {
    trace.by_id.clear();
    out->push_back(std::move(trace));
  }
}

void read_otlp(const Value& batches, std::vector<Trace>* out) {
  std::map<std::string, Trace> by_trace;
  for (const Value& batch : batches.items) {
    const Value* service = nullptr;
    for (const Value& attribute : batch["resource"]["attributes"].items) {
      if (attribute["key"].text() == "service.name") service = &attribute["value"]["stringValue"];
    }
    for (const char* scopes : {"scopeSpans", "instrumentationLibrarySpans"}) {
      for (const Value& scope : batch[scopes].items) {
        for (const Value& value : scope["spans"].items) {
          Trace& trace = by_trace[std::string(value["traceId"].text())];
          if (trace.spans.size() >= most_spans) continue;
          Span span;
          span.value = &value;
          span.id = value["spanId"].text();
          span.parent = value["parentSpanId"].text();
          span.service = service;
          span.operation = value["name"].text();
          span.start_s = number_of(value["startTimeUnixNano"]) / 1e9;
          span.duration_s = number_of(value["endTimeUnixNano"]) / 1e9 - span.start_s;
          const std::string_view status = value["status"]["code"].text();
          if (status == "2" || status == "STATUS_CODE_ERROR") span.error = "an error";
          if (value["status"]["message"].exists()) span.failed = &value["status"]["message"];
          for (const Value& attribute : value["attributes"].items)
            take_tag(attribute["key"].text(), attribute["value"]["stringValue"], &span);
          for (const Value& event : value["events"].items) {
            for (const Value& attribute : event["attributes"].items)
              take_tag(attribute["key"].text(), attribute["value"]["stringValue"], &span);
          }
          trace.spans.push_back(std::move(span));
        }
      }
    }
  }
  for (auto& [id, trace] : by_trace) out->push_back(std::move(trace));
}

// What a span spends itself: its time without that in which one of its calls goes on.
void find_self_times(Trace* trace) {
  std::vector<std::vector<std::pair<double, double>>> calls(trace->spans.size());
  for (std::size_t i = 0; i < trace->spans.size(); ++i) trace->by_id.emplace(trace->spans[i].id, i);
  for (const Span& span : trace->spans) {
    const auto parent = trace->by_id.find(span.parent);
    if (parent != trace->by_id.end() && &trace->spans[parent->second] != &span)
      calls[parent->second].emplace_back(span.start_s, span.start_s + span.duration_s);
  }
  for (std::size_t i = 0; i < trace->spans.size(); ++i) {
    Span& span = trace->spans[i];
    std::sort(calls[i].begin(), calls[i].end());
    double at = span.start_s, waited = 0;
    const double end = span.start_s + span.duration_s;
    for (const auto& [from, to] : calls[i]) {
      const double begin = std::max(at, from), stop = std::min(end, to);
      if (stop > begin) waited += stop - begin;
      at = std::max(at, stop);
    }
    span.self_s = std::max(0.0, span.duration_s - waited);
  }
}

// The call of the whole request: the longest of those that nobody in the trace called.
const Span* root_of(const Trace& trace) {
  const Span* root = nullptr;
  for (const Span& span : trace.spans) {
    const bool called = trace.by_id.contains(span.parent) && span.parent != span.id;
    if (!called && (root == nullptr || span.duration_s > root->duration_s)) root = &span;
  }
  return root;
}

std::string_view name_of_service(const Span& span) {
  return span.service == nullptr ? std::string_view() : span.service->text();
}

std::string what(const Span& span) {
  const std::string call = brief(span.statement != nullptr ? span.statement->text() : span.operation, 110);
  const std::string_view service = name_of_service(span);
  return service.empty() ? call : fmt::format("{} of service {}", call, service);
}

// Whom a span calls and what it says of its failure, as far as it tells them.
std::string and_how(const Span& span) {
  std::string out;
  if (span.peer != nullptr) out += fmt::format(", a call to {}", brief(span.peer->text(), 80));
  if (span.failed != nullptr) out += fmt::format(": {}", brief(span.failed->text(), 140));
  return out;
}

void cite_how(Observation* made, const Object& source, const Span& span) {
  if (span.failed != nullptr) cite(made, source, *span.failed, "what the call says of its failure");
  if (span.peer != nullptr) cite(made, source, *span.peer, "whom it calls");
}

void cite_service(Observation* made, const Object& source, const Span& span) {
  if (!name_of_service(span).empty()) cite(made, source, *span.service, "whose call it is");
}

// Calls of one kind below one span.
struct Kind {
  const Span* first = nullptr;
  const Span* longest = nullptr;
  std::size_t count = 0;
  double self_s = 0;
};

void tell_slowest(const Survey& survey, const Object& source, const Trace& trace, Observations* out) {
  const Span* root = root_of(trace);
  if (root == nullptr || root->duration_s < slow_enough_s) return;
  std::map<std::pair<std::string, std::string>, Kind> kinds;
  for (const Span& span : trace.spans) {
    const std::string call = span.statement != nullptr ? std::string(span.statement->text()) : span.operation;
    Kind& kind = kinds[{span.parent, fmt::format("{}\n{}", name_of_service(span), call)}];
    if (kind.count++ == 0) kind.first = &span;
    if (kind.longest == nullptr || span.self_s > kind.longest->self_s) kind.longest = &span;
    kind.self_s += span.self_s;
  }
  // The same query again and again takes its time in the program and on the way as well.
  const Kind* worst = nullptr;
  const Kind* most = nullptr;
  for (const auto& [key, kind] : kinds) {
    if (worst == nullptr || kind.self_s > worst->self_s) worst = &kind;
    const bool may_repeat = kind.first->statement != nullptr || kind.self_s >= most_of_it * root->duration_s;
    if (may_repeat && (most == nullptr || kind.count > most->count)) most = &kind;
  }
  const bool repeated = most != nullptr && most->count >= many_calls &&
                        (worst->longest == root || worst == most || most->count >= very_many_calls);
  if (repeated) worst = most;
  if (!repeated && worst->self_s < most_of_it * root->duration_s) return;
  const bool asked = survey.asks({"slow", "latency", "second", "long", "takes", "take", "performance", "hang",
                                  "p9", "timeout", "time out", "delay"});
  const Span& shown = repeated ? *worst->first : *worst->longest;
  Observation& made = report_missing(
      out, repeated ? "trace-repeated-call" : "trace-slowest-call", asked ? 0.82 : 0.42, "service", "",
      name_of_service(shown),
      repeated ? fmt::format("{} makes the same {} again and again for one request, once for each {}: {}.",
                             what(*root), shown.statement != nullptr ? "query" : "call",
                             shown.statement != nullptr ? "row" : "item", what(shown))
      : &shown == root
          ? fmt::format("The request spends its time in {} itself and not in what that calls.", what(shown))
          : fmt::format("Most of the time of {} goes into {}{}.", what(*root), what(shown), and_how(shown)));
  made.culprit.present = true;
  cite(&made, source,
       shown.statement != nullptr                 ? *shown.statement
       : (*shown.value)["operationName"].exists() ? (*shown.value)["operationName"]
                                                  : (*shown.value)["name"],
       "the call that takes most of the time");
  if (&shown != root && !repeated) cite_how(&made, source, shown);
  cite_service(&made, source, shown);
  if (&shown != root) {
    const Value& whole = *root->value;
    cite(&made, source, whole["operationName"].exists() ? whole["operationName"] : whole["name"],
         "the whole request");
    cite_service(&made, source, *root);
    for (const char* field : {"duration", "durationMs"}) {
      if (whole[field].exists()) cite(&made, source, whole[field], "how long it took");
    }
  }
}

// The failed call that called no other that failed.
void tell_failed(const Survey& survey, const Object& source, const Trace& trace, Observations* out) {
  std::vector<bool> passes_on(trace.spans.size());
  for (const Span& span : trace.spans) {
    const auto parent = trace.by_id.find(span.parent);
    if (!span.error.empty() && parent != trace.by_id.end()) passes_on[parent->second] = true;
  }
  for (std::size_t i = 0; i < trace.spans.size(); ++i) {
    const Span& span = trace.spans[i];
    if (span.error.empty() || passes_on[i]) continue;
    const bool asked = survey.asks({"error", "fail", "trace", "5xx", "500", "502", "503", "504"});
    Observation& made =
        report_missing(out, "trace-failed-call", asked ? 0.68 : 0.45, "service", "", name_of_service(span),
                       fmt::format("The request fails in {}{}.", what(span), and_how(span)));
    made.culprit.present = true;
    if (span.failed == nullptr) cite(&made, source, *span.value, "the call that failed");
    cite_how(&made, source, span);
    cite_service(&made, source, span);
    return;
  }
}

// "90.3ms   12.9ms   shop   SELECT ... WHERE id = ?": the statement in a line of a trace that was printed.
std::string_view statement_in(std::string_view line) {
  for (const std::string_view verb : {"SELECT ", "INSERT INTO ", "UPDATE ", "DELETE FROM "}) {
    const std::size_t at = line.find(verb);
    if (at == std::string_view::npos) continue;
    const std::string_view statement = line.substr(at, limit::name);
    return statement.substr(0, statement.find("  "));
  }
  return {};
}

// A trace printed as lines, most of which run one query.
void tell_printed(const Survey& survey, const Document& document, Observations* out) {
  struct Query {
    std::size_t count = 0;
    std::uint32_t line = 0;
  };
  std::map<std::string_view, Query> queries;
  for (std::uint32_t number = 1; number <= document.starts.size() && queries.size() < 1024; ++number) {
    const std::string_view statement = statement_in(document.line(number));
    if (statement.empty()) continue;
    Query& query = queries[statement];
    if (query.count++ == 0) query.line = number;
  }
  const auto most = std::ranges::max_element(queries, {}, [](const auto& each) { return each.second.count; });
  if (most == queries.end() || most->second.count < many_calls ||
      most->second.count * 2 < document.starts.size())
    return;
  const bool asked =
      survey.asks({"slow", "latency", "second", "long", "takes", "take", "performance", "timeout"});
  Observation& made =
      report_missing(out, "trace-repeated-call", asked ? 0.82 : 0.42, "query", "", most->first.substr(0, 60),
                     fmt::format("One request runs the same query again and again, once for each row: {}.",
                                 brief(most->first, 150)));
  made.culprit.present = true;
  cite_line(&made, document, most->second.line, "the first of these calls");
  if (!document.line(1).empty()) cite_line(&made, document, 1, "the whole trace");
}

}  // namespace

void detect_traces(const Survey& survey, Observations* out) {
  for (const Document& document : survey.inventory.documents()) {
    const bool printed = has(document.path, "trace") && document.text.size() <= largest_trace &&
                         !document.text.starts_with('{') && !document.text.starts_with('[');
    if (printed) tell_printed(survey, document, out);
  }
  const auto tell = [&](const LooseJson& file, std::vector<Trace>& traces) {
    for (Trace& trace : traces) {
      find_self_times(&trace);
      tell_slowest(survey, file.source(), trace, out);
      tell_failed(survey, file.source(), trace, out);
    }
  };
  each_loose_json(survey.inventory, "\"localEndpoint\"", largest_trace, [&](const LooseJson& file) {
    std::vector<Trace> traces;
    read_zipkin(file.root, &traces);
    for (const Value& trace : file.root.items) read_zipkin(trace, &traces);
    tell(file, traces);
  });
  each_loose_json(survey.inventory, "\"spans\"", largest_trace, [&](const LooseJson& file) {
    std::vector<Trace> traces;
    const Value& data = file.root["data"];
    for (const Value& trace : data.items) read_jaeger(trace, &traces);
    if (data.items.empty())
      read_jaeger(file.root["trace"].exists() ? file.root["trace"] : file.root, &traces);
    for (const Value* root : {&file.root, &data, &file.root["trace"]}) {
      read_otlp((*root)["resourceSpans"], &traces);
      read_otlp((*root)["batches"], &traces);
    }
    tell(file, traces);
  });
}

}  // namespace carrel
