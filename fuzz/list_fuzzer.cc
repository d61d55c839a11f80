// What a server answers on its way into a bundle: HTTP, and the list that is in it.
// links: collect/http collect/cluster
//
// However the bytes are cut, the same comes out. What becomes a file is a list: copied once more it is the
// same, with as many items. The first byte says how far a header more moves the places where the answer is
// cut; the second, with which step it is read; a byte 0xff parts the pages of a list.
#include <atomic>
#include <string>
#include <string_view>
#include <vector>

#include <sys/socket.h>

#include "base/fd.h"
#include "collect/cluster/copy_list.h"
#include "collect/http/http.h"
#include "expect.h"

namespace {

using namespace carrel;

// The status and the body, or the words of the error.
std::string get(std::string_view bytes, std::size_t step) {
  int ends[2];
  expect(::socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0, ends) == 0);
  const Fd server(ends[1]);
  // A socket holds all of it, so that nobody has to write while it is read.
  expect(static_cast<bool>(write_all(server.get(), bytes)));
  ::shutdown(server.get(), SHUT_WR);
  const std::atomic<bool> stop = false;
  auto reply = http_get_over(Fd(ends[0]), "localhost", {"/", ""}, stop);
  if (!reply) return "error " + reply.error().what;
  std::string all = std::to_string(reply->status()) + "\n";
  std::string block(step, '\0');
  for (std::size_t body = 0;;) {
    const auto n = reply->read(block.data(), step);
    if (!n) return all + "\nerror " + n.error().what;
    if (*n == 0) return all;
    body += *n;
    expect(*n <= step && body <= bytes.size());  // nothing is made up
    all.append(block, 0, *n);
  }
}

// The answer with a header more behind its first line.
std::string longer(std::string_view answer, std::size_t size) {
  std::string all(answer);
  const std::size_t line = answer.find('\n');
  if (line != std::string_view::npos) all.insert(line + 1, "X: " + std::string(size, 'x') + "\r\n");
  return all;
}

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
  expect(once.whole == whole.whole && once.bytes == whole.bytes && once.seen == whole.seen);
  if (!once.whole) return;
  const Copied again = copy_pages({once.bytes}, 64 << 10);
  expect(again.whole && again.bytes == once.bytes && again.seen == once.seen && again.items == once.items);
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const unsigned char* data, std::size_t size) {
  if (size < 2) return 0;
  const std::size_t move = data[0], step = 1 + data[1];
  const std::string_view bytes(reinterpret_cast<const char*>(data + 2), size - 2);
  if (!bytes.starts_with("HTTP")) {
    list(bytes, step);
    return 0;
  }
  const std::string got = get(bytes, step);
  expect(got == get(longer(bytes, 3900 + move), 4096));
  if (got.starts_with("200\n")) list(std::string_view(got).substr(4), step);
  return 0;
}
