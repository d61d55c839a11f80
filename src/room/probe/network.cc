// Ways to the network and to other processes by sockets.
#include <cerrno>
#include <cstddef>
#include <cstring>

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

#include "room/probe/probe.h"

namespace carrel::probe {
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
  return told(::connect(ground.input, reinterpret_cast<const sockaddr*>(&address), sizeof address), ENOTSOCK);
}
std::string sendmsg_call(const Ground& ground) {
  msghdr message{};
  return told(::sendmsg(ground.input, &message, 0), ENOTSOCK);
}

// A question to a name server ("example.test", type A), as a library would send it.
std::string dns_question(const Ground&) {
  static const char question[] =
      "\x12\x34\x01\0\0\x01\0\0\0\0\0\0\x07"
      "example\x04"
      "test\0\0\x01\0\x01";
  const int socket = ::socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
  if (socket < 0) return told(socket);
  const sockaddr_in address = loopback(53);
  return told(::sendto(socket, question, sizeof question - 1, 0, reinterpret_cast<const sockaddr*>(&address),
                       sizeof address));
}

std::string loopback_listen(const Ground&) {
  const int socket = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  if (socket < 0) return told(socket);
  const sockaddr_in address = loopback(0);
  if (::bind(socket, reinterpret_cast<const sockaddr*>(&address), sizeof address) < 0) return told(-1);
  return told(::listen(socket, 1));
}

// Connects to a listener of its own by this name. `abstract` names begin with a NUL.
std::string unix_connect(const std::string& name) {
  sockaddr_un address{};
  address.sun_family = AF_UNIX;
  if (name.size() >= sizeof address.sun_path) return "ENAMETOOLONG";
  std::memcpy(address.sun_path, name.data(), name.size());
  const auto size = static_cast<socklen_t>(offsetof(sockaddr_un, sun_path) + name.size());
  const int listener = ::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
  if (listener < 0) return told(listener);
  if (::bind(listener, reinterpret_cast<const sockaddr*>(&address), size) < 0) return told(-1);
  if (::listen(listener, 1) < 0) return told(-1);
  const int client = ::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
  return told(::connect(client, reinterpret_cast<const sockaddr*>(&address), size));
}

std::string unix_path_connect(const Ground& ground) {
  const std::string path = ground.folder + "/carrel-probe-socket";
  if (!ground.in_room) ::unlink(path.c_str());
  return unix_connect(path);
}
std::string unix_abstract_connect(const Ground&) {
  return unix_connect(std::string(1, '\0') + "carrel-probe-" + std::to_string(::getpid()));
}

std::string receive_call(const Ground& ground) {
  char byte = 0;
  return told(::recvfrom(ground.input, &byte, 1, 0, nullptr, nullptr), ENOTSOCK);
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
      {"socket_xdp", [](const Ground&) { return socket_of(AF_XDP, SOCK_RAW); }, true},
      {"socket_mptcp",
       [](const Ground&) { return socket_of(AF_INET, SOCK_STREAM, 262 /* IPPROTO_MPTCP */); }},
      {"socket_alg", [](const Ground&) { return socket_of(AF_ALG, SOCK_SEQPACKET); }},
      {"socket_tipc", [](const Ground&) { return socket_of(AF_TIPC, SOCK_SEQPACKET); }},
      {"socket_smc", [](const Ground&) { return socket_of(AF_SMC, SOCK_STREAM); }},
      {"socket_bluetooth",
       [](const Ground&) { return socket_of(AF_BLUETOOTH, SOCK_RAW, 1 /* BTPROTO_HCI */); }},
      {"socketpair", socketpair},
      {"tcp_connect", tcp_connect},
      {"udp_send", udp_send},
      {"dns_question", dns_question},
      {"loopback_listen", loopback_listen},
      {"unix_path_connect", unix_path_connect},
      {"unix_abstract_connect", unix_abstract_connect},
      {"connect_call", connect_call},
      {"sendmsg_call", sendmsg_call},
      {"receive_call", receive_call},
      {"io_uring", io_uring},
  };
  return probes;
}

}  // namespace carrel::probe
