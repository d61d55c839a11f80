#include "collect/metrics/prometheus.h"

#include <algorithm>
#include <charconv>
#include <set>

#include <fmt/format.h>

#include "base/text.h"

namespace carrel {
namespace {

constexpr std::uint64_t most_points = 250;

bool is_name(std::string_view text) {
  return !text.empty() && text.size() <= 64 &&
         text.find_first_not_of("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-_") ==
             std::string_view::npos;
}

Result<TaskEnd> fetch(const PrometheusOptions& options, const std::string& target, Spool& out,
                      const std::atomic<bool>& stop) {
  auto reply =
      http_get(options.server, {target, "application/json", options.timeout, options.timeout * 10}, stop);
  if (!reply) return TaskEnd{"", reply.error().what, ""};
  const std::string status = fmt::format("HTTP {}", reply->status());
  std::string block(64 << 10, '\0');
  for (;;) {
    auto n = reply->read(block.data(), block.size());
    if (!n) {
      out.restart();
      return TaskEnd{status, n.error().what, ""};
    }
    if (*n == 0) break;
    if (reply->status() != 200) {  // {"status":"error","error":"..."}
      const std::string_view words = trim(std::string_view(block).substr(0, *n));
      return TaskEnd{status, to_utf8(cut_utf8(words, 500)), ""};
    }
    if (out.size() + *n > options.bytes) {
      out.restart();
      return TaskEnd{status, fmt::format("the answer is larger than {} bytes", options.bytes), ""};
    }
    if (Status done = out.write({block.data(), *n}); !done) return done.error();
  }
  return reply->status() == 200 ? TaskEnd{status, "", ""} : TaskEnd{status, "it said no more", ""};
}

}  // namespace

Status set_url(const std::string& url, PrometheusOptions* options) {
  constexpr std::string_view scheme = "http://";
  const Error wrong{Code::usage, "--prometheus " + url + " is no address that can be read",
                    "write http://HOST:PORT, or service:NAMESPACE/NAME:PORT to reach it through the cluster"};
  options->url = url;
  if (!url.starts_with(scheme)) return wrong;
  const std::string_view rest = std::string_view(url).substr(scheme.size());
  const std::string_view place = rest.substr(0, rest.find('/'));
  options->path = rest.substr(place.size());
  while (options->path.ends_with('/')) options->path.pop_back();
  if (options->path.find_first_of(" \r\n?#") != std::string::npos) return wrong;
  const std::size_t colon = place.rfind(':');
  const bool has_port = colon != std::string_view::npos && place.find(']', colon) == std::string_view::npos;
  std::string_view host = has_port ? place.substr(0, colon) : place;
  options->server.port = 80;
  if (has_port) {
    const std::string_view port = place.substr(colon + 1);
    const auto parsed = std::from_chars(port.data(), port.data() + port.size(), options->server.port);
    if (parsed.ec != std::errc() || parsed.ptr != port.data() + port.size()) return wrong;
  }
  if (host.starts_with('[') && host.ends_with(']')) host = host.substr(1, host.size() - 2);
  if (host.empty() || host.find_first_of(" @\r\n") != std::string_view::npos) return wrong;
  options->server.host = host;
  return {};
}

Result<std::vector<PrometheusQuery>> read_queries(std::string_view text) {
  std::vector<PrometheusQuery> queries;
  std::set<std::string> names;
  unsigned number = 0;
  for (std::size_t at = 0; at < text.size();) {
    const std::size_t end = std::min(text.find('\n', at), text.size());
    const std::string_view line = trim(text.substr(at, end - at));
    at = end + 1;
    ++number;
    if (line.empty() || line.starts_with('#')) continue;
    // A recording rule's name has colons too ("job:up:sum"), but no space behind them.
    const std::size_t colon = line.find(": ");
    const bool named = colon != std::string_view::npos && is_name(line.substr(0, colon));
    PrometheusQuery query;
    query.name = named ? std::string(line.substr(0, colon)) : fmt::format("query-{}", number);
    query.expression = named ? trim(line.substr(colon + 1)) : line;
    if (!names.insert(query.name).second)
      return Error{Code::usage, fmt::format("line {}: two queries are called {}", number, query.name),
                   "give each a name of its own"};
    queries.push_back(std::move(query));
  }
  return queries;
}

std::uint64_t step_seconds(std::uint64_t range_seconds) {
  return std::max<std::uint64_t>(15, (range_seconds + most_points - 1) / most_points);
}

std::vector<Task> prometheus_tasks(const PrometheusOptions& options, const std::atomic<bool>& stop) {
  std::vector<Task> tasks;
  // As a person would ask: one that the cluster reaches, through the cluster.
  const char* const program = options.url.starts_with('/') ? "kubectl get --raw" : "curl";
  const auto add = [&](const std::string& name, const std::string& target, const std::string& why) {
    tasks.push_back({fmt::format("prometheus/{}.json", name),
                     fmt::format("{} '{}{}'", program, options.url, target), why,
                     [options, target = options.path + target, &stop](Spool& out) {
                       return fetch(options, target, out, stop);
                     }});
  };
  add("build", "/api/v1/status/buildinfo", "which Prometheus this is");
  add("targets", "/api/v1/targets?state=active", "what it scrapes, and what does not answer");
  add("alerts", "/api/v1/alerts", "what fires now");
  add("rules", "/api/v1/rules", "what would fire when");
  const auto start = options.end - static_cast<std::int64_t>(options.range_seconds);
  for (const PrometheusQuery& query : options.queries) {
    add("queries/" + query.name,
        fmt::format("/api/v1/query_range?query={}&start={}&end={}&step={}", percent_encode(query.expression),
                    start, options.end, step_seconds(options.range_seconds)),
        query.expression);
  }
  return tasks;
}

}  // namespace carrel
