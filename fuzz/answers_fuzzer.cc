// What a server answers on its way into a bundle: HTTP, and the list that is in it.
// links: collect/http collect/cluster
//
// However the bytes are cut, the same comes out. What becomes a file is a list: copied once more it is the
// same, with as many items. The first byte says where the answer is cut; the second, with which step it is
// read; a byte 0xff parts the pages of a list.
#include <atomic>
#include <cstdlib>
#include <semaphore>
#include <string>
#include <string_view>
#include <thread>
#include <vector>

#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "base/fd.h"
#include "collect/cluster/copy_list.h"
#include "collect/http/http.h"

namespace {

using namespace carrel;

// Says the same to whoever connects: its bytes, in two pieces, and no more.
class Server {
 public:
  Server() : listener_(::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0)) {
    std::string folder = "/tmp/answers-fuzzer-XXXXXX";
    if (::mkdtemp(folder.data()) == nullptr) std::abort();
    place_ = folder + "/s";
    sockaddr_un address{};
    address.sun_family = AF_UNIX;
    place_.copy(address.sun_path, sizeof address.sun_path - 1);
    if (::bind(listener_.get(), reinterpret_cast<const sockaddr*>(&address), sizeof address) != 0 ||
        ::listen(listener_.get(), 8) != 0)
      std::abort();
    thread_ = std::thread([this] {
      for (;;) {
        const Fd connection(::accept4(listener_.get(), nullptr, nullptr, SOCK_CLOEXEC));
        if (!connection.valid()) return;
        say(connection.get(), bytes_.substr(0, cut_));
        say(connection.get(), bytes_.substr(cut_));
        ::shutdown(connection.get(), SHUT_WR);
        char rest[256];  // the request, so that closing resets nothing
        while (::recv(connection.get(), rest, sizeof rest, 0) > 0) {
        }
        ended_.release();
      }
    });
  }
  ~Server() {
    ::shutdown(listener_.get(), SHUT_RDWR);
    thread_.join();
    ::unlink(place_.c_str());
    ::rmdir(place_.substr(0, place_.rfind('/')).c_str());
  }
  Server(const Server&) = delete;
  Server& operator=(const Server&) = delete;

  // The status and the body, or the words of the error.
  std::string get(std::string_view bytes, std::size_t cut, std::size_t step) {
    bytes_ = bytes;
    cut_ = std::min(cut, bytes.size());
    std::string all = ask(step);
    ended_.acquire();
    return all;
  }

 private:
  Fd listener_;
  std::string place_;
  std::string_view bytes_;
  std::size_t cut_ = 0;
  std::binary_semaphore ended_{0};
  std::thread thread_;

  std::string ask(std::size_t step) const {
    const std::atomic<bool> stop = false;
    auto reply = http_get({place_, "", 0}, {"/", ""}, stop);
    if (!reply) return "error " + reply.error().what;
    std::string all = std::to_string(reply->status()) + "\n";
    std::string block(step, '\0');
    for (std::size_t body = 0;;) {
      const auto n = reply->read(block.data(), step);
      if (!n) return all + "\nerror " + n.error().what;
      if (*n == 0) break;
      body += *n;
      if (*n > step || body > bytes_.size()) std::abort();  // nothing is made up
      all.append(block, 0, *n);
    }
    return all;
  }

  static void say(int connection, std::string_view bytes) {
    while (!bytes.empty()) {
      const ssize_t n = ::send(connection, bytes.data(), bytes.size(), MSG_NOSIGNAL);
      if (n <= 0) return;
      bytes.remove_prefix(static_cast<std::size_t>(n));
    }
  }
};

struct Copied {
  bool whole = false;
  std::string bytes, seen;
  std::uint64_t items = 0;
};

Copied copy_pages(const std::vector<std::string_view>& pages, std::size_t step) {
  Copied copied;
  ListCopy copy(
      [&](std::string_view bytes) -> Status {
        copied.bytes += bytes;
        return {};
      },
      {[&](std::string_view path, std::string_view value) {
         copied.seen.append(path).append("=").append(value).append("\n");
       },
       [&] { copied.seen += "\n"; }});
  for (const std::string_view page : pages) {
    std::size_t at = 0;
    const Status done = copy.page([&](char* into, std::size_t size) -> Result<std::size_t> {
      const std::size_t n = std::min({size, step, page.size() - at});
      page.copy(into, n, at);
      at += n;
      return n;
    });
    if (!done) return copied;
  }
  copied.whole = static_cast<bool>(copy.finish());
  copied.items = copy.items();
  return copied;
}

void list(std::string_view bytes, std::size_t step) {
  std::vector<std::string_view> pages;
  for (;;) {
    const std::size_t end = bytes.find('\xff');
    pages.push_back(bytes.substr(0, end));
    if (end == std::string_view::npos) break;
    bytes.remove_prefix(end + 1);
  }
  const Copied once = copy_pages(pages, step);
  const Copied whole = copy_pages(pages, 64 << 10);
  if (once.whole != whole.whole || once.bytes != whole.bytes || once.seen != whole.seen) std::abort();
  if (!once.whole) return;
  const Copied again = copy_pages({once.bytes}, 64 << 10);
  if (!again.whole || again.bytes != once.bytes || again.seen != once.seen || again.items != once.items)
    std::abort();
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const unsigned char* data, std::size_t size) {
  if (size < 2) return 0;
  const std::size_t cut = data[0], step = 1 + data[1];
  const std::string_view bytes(reinterpret_cast<const char*>(data + 2), size - 2);
  if (!bytes.starts_with("HTTP")) {
    list(bytes, step);
    return 0;
  }
  static Server server;
  const std::string got = server.get(bytes, cut, step);
  if (got != server.get(bytes, bytes.size(), 4096)) std::abort();
  if (got.starts_with("200\n")) list(std::string_view(got).substr(4), step);
  return 0;
}
