// The socket over which `carrel` finds a `carrel serve` of the same user: a file of mode 0600 in a folder of
// that user's alone, and on both sides the kernel's word for who is at the other end (SO_PEERCRED).
#pragma once

#include <atomic>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/fd.h"
#include "base/result.h"

namespace carrel {

// $XDG_RUNTIME_DIR/carrel/serve.sock; without one, serve.sock in `data`.
std::string serve_socket_path(const std::function<const char*(const char*)>& environment,
                              const std::string& data);

// A listening socket. One that another serves is an Error (usage); what a dead one left is taken away. Its
// file goes with it.
class ServeSocket {
 public:
  static Result<ServeSocket> listen(const std::string& path);
  ServeSocket(ServeSocket&&) = default;
  ServeSocket& operator=(ServeSocket&&) = delete;
  ~ServeSocket();

  // The next connection of this user; those of others are closed. Nothing where none came within the time, in
  // milliseconds.
  std::optional<Fd> accept(int wait) const;

 private:
  ServeSocket() = default;
  std::string path_;
  Fd lock_, socket_;
};

// Nothing where nobody serves there: no file, or one that a dead server left. An Error where the file, its
// folder or who answers is not this user's alone.
Result<std::optional<Fd>> connect_to_server(const std::string& path);

// What one message is: a progress, the answer, or the order.
enum class ServeMessage : char { order = 'o', progress = 'p', answer = 'a' };
struct Received {
  ServeMessage type = ServeMessage::order;
  std::string body;
  std::vector<Fd> files;
};

// Writes one message, with at most three descriptors. A reader that is gone is an Error (machine).
Status send_message(const Fd& socket, ServeMessage type, std::string_view body,
                    const std::vector<int>& files = {});
// The same for one who may have stopped reading without being gone (Ctrl-Z): waits for room until `stop`,
// which is an Error then.
Status send_until(const Fd& socket, ServeMessage type, std::string_view body, const std::atomic<bool>& stop);
// Writes one that may be lost: where there is no room at once, nothing is sent.
Status offer_message(const Fd& socket, ServeMessage type, std::string_view body,
                     const std::atomic<bool>& stop);
// Reads one. Nothing at the end of the stream, or where `stop` was set before it came, which is looked at
// every 50 ms.
Result<std::optional<Received>> receive_message(const Fd& socket, const std::atomic<bool>& stop);

// True once the other end has left.
bool hung_up(const Fd& socket);

}  // namespace carrel
