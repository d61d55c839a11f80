// Which requests are looked at: those that name this server as their host and, where they change something,
// come from a page of its own. A page elsewhere can make a browser send requests here; it can set neither
// header.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "host/http/message.h"

namespace carrel {

// The largest body of a request, in bytes.
inline constexpr std::size_t most_body = 256 << 10;

// The longest path of a request, in bytes: cpp-httplib matches paths by expressions that take stack for each.
inline constexpr std::size_t most_route = 256;

// As which hosts a server on this address and port is asked: "127.0.0.1:8095", and of a loopback address
// "localhost:8095" too.
std::vector<std::string> host_names(const std::string& address, std::uint16_t port);

// True for one address of one machine, in figures: not a name, and not all of a machine's addresses, since
// then it could not be said as which host it is asked.
bool is_address(const std::string& text);

// True for 127.0.0.0/8 and ::1.
bool is_loopback(const std::string& address);

// Why a request is refused by its head alone, before its body is read; nothing where it is not: 403 for
// another host or origin, 404 for a path longer
// than any here, 405 for a method that nothing has, 411 and 413 for a body without a length or of
// too many bytes, 415 for one that is no JSON.
std::optional<HttpAnswer> refuse_head(const HttpRequest& request, const std::vector<std::string>& hosts);

}  // namespace carrel
