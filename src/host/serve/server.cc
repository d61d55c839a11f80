#include "host/serve/server.h"

#include <list>
#include <thread>

#include <sys/socket.h>

#include "base/text.h"
#include "record/codec.h"

namespace carrel {
namespace {

constexpr int patience = 500;  // milliseconds between two looks at idle rooms
constexpr std::size_t most_connections = 64;

std::string cut(const std::string& text, std::size_t most) {
  return std::string(cut_utf8(text, most));
}

ServeAnswer answer_of(const Result<RoomOutcome>& done) {
  ServeAnswer answer;
  if (!done) {
    answer.refused = cut(done.error().what, limit::detail);
    answer.remedy = cut(done.error().remedy, limit::detail);
    return answer;
  }
  answer.ending = done->ending;
  answer.detail = cut(done->detail, limit::detail);
  answer.remedy = cut(done->remedy, limit::detail);
  answer.last_words = done->last_words.substr(0, limit::detail * 4);
  answer.type = static_cast<std::uint8_t>(done->answer.type);
  answer.body = done->answer.body;
  answer.denials = done->denials;
  answer.peak_memory = done->peak_memory;
  answer.bytes_out = done->bytes_out;
  answer.survivors = done->survivors;
  answer.start_s = done->start_s;
  answer.elapsed_s = done->elapsed_s;
  for (const auto& [name, value] : done->posture) {
    answer.posture.push_back(name);
    answer.posture.push_back(value);
  }
  answer.layers = done->layers;
  answer.configuration = done->configuration;
  if (done->machine) answer.cpu_s = static_cast<std::uint64_t>(done->machine->cpu.count());
  if (!done->kept) return answer;
  answer.room = done->kept->room;
  answer.since = done->kept->since;
  answer.runs = done->kept->runs;
  answer.stays = done->kept->stays;
  return answer;
}

// One connection: an order, progress on the way, the answer.
class Connection {
 public:
  Connection(Fd socket, WarmRooms& rooms, const std::atomic<bool>& stop)
      : socket_(std::move(socket)), rooms_(rooms), server_stop_(stop) {
    thread_ = std::thread([this] {
      work();
      ::shutdown(socket_.get(), SHUT_RDWR);  // closed by who looks at it, when the thread is done
      done_ = true;
    });
  }
  ~Connection() { thread_.join(); }
  Connection(const Connection&) = delete;
  Connection& operator=(const Connection&) = delete;

  bool done() const { return done_; }
  // Whether whoever asked still waits, or is to.
  void look() {
    if (server_stop_ || (ordered_ && !done_ && hung_up(socket_))) stop_ = true;
  }

 private:
  void work() {
    auto received = receive_message(socket_, stop_);
    if (!received || !*received || (*received)->type != ServeMessage::order) return;
    const auto order = decode<ServeOrder>((*received)->body);
    ordered_ = true;
    const auto tell = [&](const Progress& progress) {
      const auto body = encode(progress);
      // Whoever is gone is seen by the hang-up.
      if (body && !offer_message(socket_, ServeMessage::progress, *body, stop_)) stop_ = true;
    };
    const auto done = order ? rooms_.run(*order, std::move((*received)->files), tell, stop_) : order.error();
    const auto body = encode(answer_of(done));
    if (body && !send_until(socket_, ServeMessage::answer, *body, stop_)) return;
  }

  Fd socket_;
  WarmRooms& rooms_;
  const std::atomic<bool>& server_stop_;
  std::atomic<bool> stop_ = false, ordered_ = false, done_ = false;
  std::thread thread_;
};

}  // namespace

void serve_rooms(const ServeSocket& socket, WarmRooms& rooms, const std::atomic<bool>& stop) {
  std::list<Connection> connections;
  while (!stop) {
    const bool full = connections.size() >= most_connections;
    if (full) std::this_thread::sleep_for(std::chrono::milliseconds(patience));
    auto connection = full ? std::nullopt : socket.accept(connections.empty() ? patience : patience / 10);
    if (connection) connections.emplace_back(std::move(*connection), rooms, stop);
    for (Connection& each : connections) each.look();
    connections.remove_if([](const Connection& each) { return each.done(); });
    rooms.end_idle();
  }
  for (Connection& each : connections) each.look();
}

}  // namespace carrel
