#include "host/serve/socket.h"

#include <cerrno>
#include <cstring>
#include <filesystem>

#include <fcntl.h>
#include <fmt/format.h>
#include <poll.h>
#include <sys/file.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>

#include "base/text.h"
#include "host/serve/order.h"

namespace carrel {
namespace {

constexpr std::size_t most_files = 3;
constexpr int poll_interval = 50;  // milliseconds between two looks at whether to go on
constexpr std::size_t header = 8;  // magic 'C' 's', version, type, length of the body (little endian)

Result<sockaddr_un> address_of(const std::string& path) {
  sockaddr_un address{};
  address.sun_family = AF_UNIX;
  if (path.size() >= sizeof address.sun_path) {
    return Error{
        Code::usage, fmt::format("the socket's path has {} bytes: {}", path.size(), path),
        fmt::format("name a shorter one with --socket; at most {} fit", sizeof address.sun_path - 1)};
  }
  std::memcpy(address.sun_path, path.c_str(), path.size() + 1);
  return address;
}

// What others may write to could be another's socket tomorrow.
Status own_folder(const std::string& folder) {
  struct stat info {};
  if (::stat(folder.c_str(), &info) != 0) return errno_error("cannot look at " + folder);
  if (info.st_uid == ::geteuid() && (info.st_mode & (S_IWGRP | S_IWOTH)) == 0) return {};
  return Error{Code::machine, fmt::format("{} is not a folder of this user alone", folder),
               fmt::format("`chmod go-w {}`, or name another socket with --socket", folder)};
}

bool same_user(const Fd& socket) {
  ucred other{};
  socklen_t size = sizeof other;
  return ::getsockopt(socket.get(), SOL_SOCKET, SO_PEERCRED, &other, &size) == 0 && size == sizeof other &&
         other.uid == ::geteuid();
}

Result<Fd> make_socket() {
  Fd socket(::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0));
  if (!socket.valid()) return errno_error("cannot make a socket");
  return socket;
}

// Reads more into `into`, with descriptors; 0 at the end of the stream or where it is to stop.
Result<std::size_t> read_more(const Fd& socket, char* into, std::size_t size, std::vector<Fd>* files,
                              const std::atomic<bool>& stop) {
  pollfd ready{socket.get(), POLLIN, 0};
  while (::poll(&ready, 1, poll_interval) <= 0) {
    if (stop) return 0U;
  }
  iovec part{into, size};
  alignas(cmsghdr) char control[CMSG_SPACE(most_files * sizeof(int))];
  msghdr message{};
  message.msg_iov = &part;
  message.msg_iovlen = 1;
  message.msg_control = control;
  message.msg_controllen = sizeof control;
  const ssize_t n = ::recvmsg(socket.get(), &message, MSG_CMSG_CLOEXEC);
  if (n < 0 && errno == ECONNRESET) return 0U;
  if (n < 0) return errno_error("cannot read from the socket");
  for (cmsghdr* at = CMSG_FIRSTHDR(&message); at != nullptr; at = CMSG_NXTHDR(&message, at)) {
    if (at->cmsg_level != SOL_SOCKET || at->cmsg_type != SCM_RIGHTS) continue;
    const std::size_t count = (at->cmsg_len - CMSG_LEN(0)) / sizeof(int);
    for (std::size_t i = 0; i < count; ++i) {
      int number = -1;
      std::memcpy(&number, CMSG_DATA(at) + i * sizeof(int), sizeof number);
      files->emplace_back(number);
    }
  }
  if ((message.msg_flags & MSG_CTRUNC) != 0 || files->size() > most_files)
    return Error{Code::bad_input, "more files came over the socket than a room takes", ""};
  return static_cast<std::size_t>(n);
}

}  // namespace

std::string serve_socket_path(const std::function<const char*(const char*)>& environment,
                              const std::string& data) {
  const char* runtime = environment("XDG_RUNTIME_DIR");
  // The XDG specification: a path that is not absolute is to be ignored.
  const bool given = runtime != nullptr && runtime[0] == '/';
  return (given ? std::string(runtime) + "/carrel" : data) + "/serve.sock";
}

Result<ServeSocket> ServeSocket::listen(const std::string& path) {
  auto address = address_of(path);
  if (!address) return address.error();
  const std::string folder = std::filesystem::path(path).parent_path();
  std::error_code error;
  if (std::filesystem::create_directories(folder, error) && ::chmod(folder.c_str(), 0700) != 0)
    return errno_error("cannot make " + folder + " this user's alone");
  if (Status own = own_folder(folder); !own) return own.error();

  ServeSocket made;
  // Held for as long as it is served, so that whose file it is cannot change between a look and a bind.
  made.lock_ = Fd(::open((path + ".lock").c_str(), O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600));
  if (!made.lock_.valid()) return errno_error("cannot open " + path + ".lock");
  if (::flock(made.lock_.get(), LOCK_EX | LOCK_NB) != 0) {
    return Error{Code::usage, fmt::format("another carrel serve has {}", path),
                 "end it, or name another socket with --socket"};
  }
  if (::unlink(path.c_str()) != 0 && errno != ENOENT) return errno_error("cannot take away " + path);
  auto socket = make_socket();
  if (!socket) return socket.error();
  const auto* where = reinterpret_cast<const sockaddr*>(&*address);
  // Nobody can connect before listen(), and by then the file is this user's alone.
  if (::bind(socket->get(), where, sizeof *address) != 0 || ::chmod(path.c_str(), 0600) != 0 ||
      ::listen(socket->get(), 64) != 0) {
    return errno_error("cannot listen on " + path);
  }
  made.socket_ = std::move(*socket);
  made.path_ = path;
  return made;
}

ServeSocket::~ServeSocket() {
  if (socket_.valid()) ::unlink(path_.c_str());
}

std::optional<Fd> ServeSocket::accept(int wait) const {
  pollfd ready{socket_.get(), POLLIN, 0};
  if (::poll(&ready, 1, wait) <= 0) return std::nullopt;
  Fd connection(::accept4(socket_.get(), nullptr, nullptr, SOCK_CLOEXEC));
  if (!connection.valid() || !same_user(connection)) return std::nullopt;
  return connection;
}

Result<std::optional<Fd>> connect_to_server(const std::string& path) {
  auto address = address_of(path);
  if (!address) return address.error();
  struct stat info {};
  if (::lstat(path.c_str(), &info) != 0) return std::optional<Fd>();
  if (!S_ISSOCK(info.st_mode) || info.st_uid != ::geteuid()) {
    return Error{Code::machine, fmt::format("{} is no socket of this user", path), "take it away"};
  }
  if (Status own = own_folder(std::filesystem::path(path).parent_path()); !own) return own.error();
  auto socket = make_socket();
  if (!socket) return socket.error();
  if (::connect(socket->get(), reinterpret_cast<const sockaddr*>(&*address), sizeof *address) != 0) {
    if (errno == ECONNREFUSED || errno == ENOENT) return std::optional<Fd>();
    return errno_error("cannot connect to " + path);
  }
  if (!same_user(*socket))
    return Error{Code::machine, fmt::format("who answers at {} is not this user", path), ""};
  return std::optional<Fd>(std::move(*socket));
}

namespace {

// What to do where the other end does not read: for how long a message waits for room.
enum class Patience { forever, until_stopped, none };

// True once all is sent, false where there was no room for it and the patience ended.
Result<bool> send_all(const Fd& socket, ServeMessage type, std::string_view body,
                      const std::vector<int>& files, Patience patience, const std::atomic<bool>* stop) {
  constexpr int look_ms = 50;
  if (files.size() > most_files) return Error{Code::does_not_fit, "too many files for one message", ""};
  std::string bytes = {'C', 's', static_cast<char>(serve_version), static_cast<char>(type)};
  for (int shift = 0; shift < 32; shift += 8) bytes += static_cast<char>(body.size() >> shift & 0xff);
  bytes += body;
  alignas(cmsghdr) char control[CMSG_SPACE(most_files * sizeof(int))] = {};
  for (std::size_t sent = 0; sent < bytes.size();) {
    iovec part{bytes.data() + sent, bytes.size() - sent};
    msghdr message{};
    message.msg_iov = &part;
    message.msg_iovlen = 1;
    if (sent == 0 && !files.empty()) {
      message.msg_control = control;
      message.msg_controllen = CMSG_SPACE(files.size() * sizeof(int));
      cmsghdr* const head = CMSG_FIRSTHDR(&message);
      head->cmsg_level = SOL_SOCKET;
      head->cmsg_type = SCM_RIGHTS;
      head->cmsg_len = CMSG_LEN(files.size() * sizeof(int));
      std::memcpy(CMSG_DATA(head), files.data(), files.size() * sizeof(int));
    }
    const int flags = MSG_NOSIGNAL | (patience == Patience::forever ? 0 : MSG_DONTWAIT);
    const ssize_t n = ::sendmsg(socket.get(), &message, flags);
    if (n < 0 && errno == EINTR) continue;
    if (n < 0 && errno == EAGAIN) {
      // What is begun must be ended, or the next message would be taken for the rest of it.
      if (patience == Patience::none && sent == 0) return false;
      if (stop != nullptr && *stop) return errno_error("cannot write to the socket");
      pollfd room{socket.get(), POLLOUT, 0};
      ::poll(&room, 1, look_ms);
      continue;
    }
    if (n < 0) return errno_error("cannot write to the socket");
    sent += static_cast<std::size_t>(n);
  }
  return true;
}

}  // namespace

Status send_message(const Fd& socket, ServeMessage type, std::string_view body,
                    const std::vector<int>& files) {
  const auto sent = send_all(socket, type, body, files, Patience::forever, nullptr);
  return sent ? Status() : Status(sent.error());
}

Status send_until(const Fd& socket, ServeMessage type, std::string_view body, const std::atomic<bool>& stop) {
  const auto sent = send_all(socket, type, body, {}, Patience::until_stopped, &stop);
  return sent ? Status() : Status(sent.error());
}

Status offer_message(const Fd& socket, ServeMessage type, std::string_view body,
                     const std::atomic<bool>& stop) {
  const auto sent = send_all(socket, type, body, {}, Patience::none, &stop);
  return sent ? Status() : Status(sent.error());
}

Result<std::optional<Received>> receive_message(const Fd& socket, const std::atomic<bool>& stop) {
  Received received;
  // Never a byte beyond this message: the next one's descriptors come with its own first byte.
  const auto fill = [&](char* into, std::size_t size) -> Result<bool> {
    for (std::size_t at = 0; at < size;) {
      const auto read = read_more(socket, into + at, size - at, &received.files, stop);
      if (!read) return read.error();
      if (*read == 0) return false;
      at += *read;
    }
    return true;
  };
  char head[header];
  auto there = fill(head, sizeof head);
  if (!there) return there.error();
  if (!*there) return std::optional<Received>();
  const auto byte = [&](std::size_t i) {
    return static_cast<std::size_t>(static_cast<unsigned char>(head[i]));
  };
  if (head[0] != 'C' || head[1] != 's' || byte(2) != serve_version) {
    return Error{Code::bad_input, "the other end of the socket speaks otherwise",
                 "carrel and carrel serve must be of one version: start carrel serve again"};
  }
  const std::size_t size = byte(4) | byte(5) << 8 | byte(6) << 16 | byte(7) << 24;
  if (size > limit::served_message)
    return Error{Code::bad_input, fmt::format("a message of {} bytes over the socket", size), ""};
  received.type = static_cast<ServeMessage>(head[3]);
  received.body.resize(size);
  there = fill(received.body.data(), size);
  if (!there) return there.error();
  if (!*there) return std::optional<Received>();
  return std::optional<Received>(std::move(received));
}

bool hung_up(const Fd& socket) {
  pollfd state{socket.get(), POLLRDHUP, 0};
  return ::poll(&state, 1, 0) > 0;
}

}  // namespace carrel
