// `carrel serve`.
#include <charconv>
#include <chrono>
#include <cstdio>
#include <optional>
#include <thread>

#include <fmt/format.h>
#include <unistd.h>

#include "base/json_writer.h"
#include "base/text.h"
#include "host/cli/cli.h"
#include "host/cli/print.h"
#include "host/flow/choose_wall.h"
#include "host/http/guard.h"
#include "host/http/problem.h"
#include "host/http/server.h"
#include "host/serve/metrics.h"
#include "host/serve/server.h"
#include "record/exit_status.h"

namespace carrel {
namespace {

struct MetricsAddress {
  std::string address = "127.0.0.1";
  std::uint16_t port = 0;
};

Result<MetricsAddress> metrics_address(const std::string& text) {
  MetricsAddress out;
  const std::size_t colon = text.rfind(':');
  const std::string port = colon == std::string::npos ? text : text.substr(colon + 1);
  const auto [end, error] = std::from_chars(port.data(), port.data() + port.size(), out.port);
  if (colon != std::string::npos && colon > 0) out.address = text.substr(0, colon);
  if (out.address.starts_with('[') && out.address.ends_with(']'))
    out.address = out.address.substr(1, out.address.size() - 2);
  if (error == std::errc() && end == port.data() + port.size() && !port.empty() && is_address(out.address))
    return out;
  return Error{Code::usage,
               fmt::format("\"{}\" is no address to serve figures at", escape_for_terminal(text)),
               "say 9464, 127.0.0.1:9464 or [::1]:9464"};
}

// Figures for whoever asks by this server's own name; there is nothing to change and nothing to know of runs.
class Figures {
 public:
  static Result<Figures> listen(const MetricsAddress& at) {
    auto server = HttpServer::listen(at.address, at.port);
    if (!server) return server.error();
    return Figures(std::move(*server), at.address);
  }
  std::uint16_t port() const { return server_.port(); }
  void serve(const WarmRooms& rooms, const std::atomic<bool>& stop) {
    const double started =
        std::chrono::duration<double>(std::chrono::system_clock::now().time_since_epoch()).count();
    const auto hosts = host_names(address_, server_.port());
    server_.serve({[&](const HttpRequest& request) { return refuse_head(request, hosts); },
                   [&](const HttpRequest& request) {
                     if (request.path != "/metrics" || !request.reads())
                       return problem(404, "not-found", "there is /metrics and nothing else", "");
                     HttpAnswer answer;
                     answer.type = metrics_type;
                     answer.body = metrics_text(rooms, CARREL_VERSION, started);
                     return answer;
                   }},
                  stop);
  }

 private:
  Figures(HttpServer server, std::string address)
      : server_(std::move(server)), address_(std::move(address)) {}
  HttpServer server_;
  std::string address_;
};

std::uint64_t half_of_the_memory() {
  return static_cast<std::uint64_t>(::sysconf(_SC_PHYS_PAGES)) *
         static_cast<std::uint64_t>(::sysconf(_SC_PAGESIZE)) / 2;
}

void tell_ready(const Desk& desk, const std::string& socket, const WarmRooms::Limits& limits,
                const std::string& figures) {
  if (desk.json) {
    JsonLine json;
    json.text("socket", socket);
    json.text("metrics", figures);
    print("{}", json.finish());
  } else {
    print("Keeping rooms for {} s within {} MiB, for runs of named tenants; socket {}\n", limits.keep.count(),
          limits.memory >> 20, escape_for_terminal(socket));
    if (!figures.empty()) print("Figures for Prometheus at {}\n", figures);
    print("Ctrl-C ends it, and its rooms with it.\n");
  }
  std::fflush(stdout);
}

}  // namespace

int serve_command(const Desk& desk, const ServeArguments& arguments) {
  std::optional<Figures> figures;
  std::string link;
  if (!arguments.metrics.empty()) {
    auto at = metrics_address(arguments.metrics);
    if (!at) return tell(at.error());
    auto listening = Figures::listen(*at);
    if (!listening) return tell(listening.error());
    figures.emplace(std::move(*listening));
    link = fmt::format("http://{}/metrics", host_names(at->address, figures->port()).front());
    if (!is_loopback(at->address) && !desk.quiet)
      std::fprintf(stderr, "carrel: %s can be reached from other machines\n", at->address.c_str());
  }
  const std::string path = socket_of(desk.settings);
  auto socket = ServeSocket::listen(path);
  if (!socket) return tell(socket.error());
  const WarmRooms::Limits limits{
      std::chrono::seconds(arguments.keep_seconds),
      arguments.memory_mib > 0 ? arguments.memory_mib << 20 : half_of_the_memory()};
  WarmRooms rooms(limits);
  tell_ready(desk, path, limits, link);
  std::thread telling;
  if (figures) telling = std::thread([&] { figures->serve(rooms, stop_requested); });
  serve_rooms(*socket, rooms, stop_requested);
  if (telling.joinable()) telling.join();
  return exit_status::passed;
}

}  // namespace carrel
