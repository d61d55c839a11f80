#include <arpa/inet.h>
#include <linux/if_packet.h>
#include <linux/io_uring.h>
#include <linux/netlink.h>
#include <linux/vm_sockets.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/un.h>
#include <unistd.h>

#include "tests/escape/probes.h"

namespace carrel::escape {
namespace {

std::string socket_of(int family, int type, int protocol = 0) {
  return told(::socket(family, type, protocol));
}

sockaddr_in loopback(int port) {
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_port = htons(static_cast<std::uint16_t>(port));
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  return address;
}

// On the host it finds a listener of its own; the attempt is over where the first call fails.
std::string tcp_connect(const Ground&) {
  const int listener = ::socket(AF_INET, SOCK_STREAM, 0);
  if (listener < 0) return told(listener);
  sockaddr_in address = loopback(0);
  socklen_t size = sizeof address;
  if (::bind(listener, reinterpret_cast<sockaddr*>(&address), size) < 0) return told(-1);
  if (::listen(listener, 1) < 0) return told(-1);
  ::getsockname(listener, reinterpret_cast<sockaddr*>(&address), &size);
  const int client = ::socket(AF_INET, SOCK_STREAM, 0);
  return told(::connect(client, reinterpret_cast<sockaddr*>(&address), size));
}

std::string udp_send(const Ground&) {
  const int socket = ::socket(AF_INET, SOCK_DGRAM, 0);
  if (socket < 0) return told(socket);
  const sockaddr_in address = loopback(53);
  return told(::sendto(socket, "?", 1, 0, reinterpret_cast<const sockaddr*>(&address), sizeof address));
}

// The calls that use a socket, made on a descriptor that is none: allowed, they would say ENOTSOCK.
std::string connect_call(const Ground& ground) {
  const sockaddr_in address = loopback(53);
  const int result = ::connect(ground.input, reinterpret_cast<const sockaddr*>(&address), sizeof address);
  return result < 0 && errno == ENOTSOCK ? through : told(result);
}
std::string sendmsg_call(const Ground& ground) {
  msghdr message{};
  const ssize_t result = ::sendmsg(ground.input, &message, 0);
  return result < 0 && errno == ENOTSOCK ? through : told(result);
}

std::string io_uring(const Ground&) {
  io_uring_params parameters{};
  return told(::syscall(SYS_io_uring_setup, 4, &parameters));
}

std::string socketpair(const Ground&) {
  int pair[2];
  return told(::socketpair(AF_UNIX, SOCK_STREAM, 0, pair));
}

}  // namespace

const std::vector<Probe>& network_probes() {
  static const std::vector<Probe> probes = {
      {"socket_inet", [](const Ground&) { return socket_of(AF_INET, SOCK_STREAM); }},
      {"socket_inet6", [](const Ground&) { return socket_of(AF_INET6, SOCK_DGRAM); }},
      {"socket_unix", [](const Ground&) { return socket_of(AF_UNIX, SOCK_STREAM); }},
      {"socket_netlink", [](const Ground&) { return socket_of(AF_NETLINK, SOCK_RAW, NETLINK_ROUTE); }},
      {"socket_packet", [](const Ground&) { return socket_of(AF_PACKET, SOCK_RAW, 0); }, true},
      {"socket_raw_icmp", [](const Ground&) { return socket_of(AF_INET, SOCK_RAW, IPPROTO_ICMP); }, true},
      {"socket_vsock", [](const Ground&) { return socket_of(AF_VSOCK, SOCK_STREAM); }},
      {"socketpair", socketpair},
      {"tcp_connect", tcp_connect},
      {"udp_send", udp_send},
      {"connect_call", connect_call},
      {"sendmsg_call", sendmsg_call},
      {"io_uring", io_uring},
  };
  return probes;
}

}  // namespace carrel::escape
