// A snapshot of a Prometheus: range queries from a file, and what it knows of itself: targets, alerts, rules.
#pragma once

#include <atomic>
#include <chrono>
#include <cstdint>
#include <string>
#include <vector>

#include "base/result.h"
#include "collect/http/http.h"
#include "collect/spool/task.h"

namespace carrel {

struct PrometheusQuery {
  std::string name;  // of its file: letters, digits, '-' and '_'
  std::string expression;
};

struct PrometheusOptions {
  std::string url;  // http://HOST:PORT[/PATH], to be shown
  HttpServer server;
  std::string path;  // before /api/v1: of the URL, or of a Service behind the API server
  std::vector<PrometheusQuery> queries;
  std::uint64_t range_seconds = 6 * 3600;
  std::int64_t end = 0;            // seconds since 1970
  std::uint64_t bytes = 32 << 20;  // most of one answer
  std::chrono::seconds timeout{60};
};

// Sets server and path. Only http is spoken: where a Prometheus needs more, it is read through the cluster
// (service:NAMESPACE/NAME:PORT) or a port forward.
Status set_url(const std::string& url, PrometheusOptions* options);

// A line each: "NAME: EXPRESSION", or an expression alone, which is called by its number. '#' begins a
// comment line.
Result<std::vector<PrometheusQuery>> read_queries(std::string_view text);

// Seconds between two points, so that no series has more than 250.
std::uint64_t step_seconds(std::uint64_t range_seconds);

std::vector<Task> prometheus_tasks(const PrometheusOptions& options, const std::atomic<bool>& stop);

}  // namespace carrel
