#include "api_server.h"

#include <algorithm>
#include <chrono>
#include <csignal>
#include <map>

#include <arpa/inet.h>
#include <fmt/format.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <openssl/ec.h>
#include <openssl/pem.h>
#include <openssl/ssl.h>
#include <openssl/x509v3.h>
#include <sys/socket.h>
#include <unistd.h>

#include "collect/cluster/kinds.h"

namespace carrel::collect_test {
namespace {

constexpr const char* token = "test-token-0123456789";

struct Certificate {
  EVP_PKEY* key = EVP_EC_gen("P-256");
  X509* x509 = X509_new();

  Certificate() {
    X509_set_version(x509, 2);
    ASN1_INTEGER_set(X509_get_serialNumber(x509), 1);
    X509_gmtime_adj(X509_getm_notBefore(x509), -3600);
    X509_gmtime_adj(X509_getm_notAfter(x509), 24 * 3600);
    X509_set_pubkey(x509, key);
    X509_NAME* const name = X509_get_subject_name(x509);
    X509_NAME_add_entry_by_txt(name, "CN", MBSTRING_ASC, reinterpret_cast<const unsigned char*>("test"), -1,
                               -1, 0);
    X509_set_issuer_name(x509, name);
    for (const auto& [number, value] : {std::pair{NID_subject_alt_name, "IP:127.0.0.1"},
                                        std::pair{NID_basic_constraints, "critical,CA:TRUE"}}) {
      X509_EXTENSION* const extension = X509V3_EXT_conf_nid(nullptr, nullptr, number, value);
      X509_add_ext(x509, extension, -1);
      X509_EXTENSION_free(extension);
    }
    X509_sign(x509, key, EVP_sha256());
  }
  Certificate(const Certificate&) = delete;
  Certificate& operator=(const Certificate&) = delete;
  ~Certificate() {
    X509_free(x509);
    EVP_PKEY_free(key);
  }

  std::string pem_base64() const {
    BIO* const memory = BIO_new(BIO_s_mem());
    PEM_write_bio_X509(memory, x509);
    char* bytes = nullptr;
    const long size = BIO_get_mem_data(memory, &bytes);
    std::string out(static_cast<std::size_t>(size) * 2, '\0');
    const int written =
        EVP_EncodeBlock(reinterpret_cast<unsigned char*>(out.data()),
                        reinterpret_cast<const unsigned char*>(bytes), static_cast<int>(size));
    BIO_free(memory);
    out.resize(static_cast<std::size_t>(written));
    return out;
  }
};

std::string decoded(std::string_view text) {
  std::string out;
  for (std::size_t i = 0; i < text.size(); ++i) {
    if (text[i] == '%' && i + 2 < text.size()) {
      out += static_cast<char>(std::stoi(std::string(text.substr(i + 1, 2)), nullptr, 16));
      i += 2;
    } else {
      out += text[i];
    }
  }
  return out;
}

struct Target {
  std::vector<std::string> parts;
  std::map<std::string, std::string> query;

  explicit Target(const std::string& target) {
    const std::size_t mark = std::min(target.find('?'), target.size());
    for (std::size_t at = 1; at < mark;) {
      const std::size_t slash = std::min(target.find('/', at), mark);
      parts.push_back(decoded(target.substr(at, slash - at)));
      at = slash + 1;
    }
    for (std::size_t at = mark + 1; at < target.size();) {
      const std::size_t end = std::min(target.find('&', at), target.size());
      const std::string pair = target.substr(at, end - at);
      const std::size_t equals = std::min(pair.find('='), pair.size());
      query[pair.substr(0, equals)] = decoded(pair.substr(std::min(equals + 1, pair.size())));
      at = end + 1;
    }
  }
  std::string value(const std::string& name) const {
    const auto found = query.find(name);
    return found == query.end() ? "" : found->second;
  }
};

std::string status_json(int code, const std::string& message) {
  return fmt::format(
      R"({{"kind":"Status","apiVersion":"v1","metadata":{{}},"status":"Failure","message":"{}","code":{}}})",
      message, code);
}

std::string resources_json(const std::string& group) {
  std::string list;
  for (const CollectedKind& kind : collected_kinds()) {
    if (kind.group != group) continue;
    list += fmt::format(R"({}{{"name":"{}","kind":"X","namespaced":{},"verbs":["get","list","watch"]}})",
                        list.empty() ? "" : ",", kind.resource, !kind.cluster_scoped);
  }
  if (group == "example.com")
    list = R"({"name":"widgets","kind":"Widget","namespaced":true,"verbs":["get","list"]})";
  return R"({"kind":"APIResourceList","groupVersion":"v1","resources":[)" + list + "]}";
}

std::string groups_json(bool metrics_server) {
  std::map<std::string, std::string> groups = {{"example.com", "v1alpha1"}};
  for (const CollectedKind& kind : collected_kinds()) {
    if (!kind.group.empty()) groups[kind.group] = kind.version;
  }
  if (!metrics_server) groups.erase("metrics.k8s.io");
  std::string list;
  for (const auto& [group, version] : groups) {
    const std::string one =
        fmt::format(R"({{"groupVersion":"{}/{}","version":"{}"}})", group, version, version);
    list += fmt::format(R"({}{{"name":"{}","versions":[{}],"preferredVersion":{}}})", list.empty() ? "" : ",",
                        group, one, one);
  }
  return R"({"kind":"APIGroupList","apiVersion":"v1","groups":[)" + list + "]}";
}

}  // namespace

struct ApiServer::Tls {
  Certificate certificate;
  SSL_CTX* context = SSL_CTX_new(TLS_server_method());
  Tls() {
    SSL_CTX_use_certificate(context, certificate.x509);
    SSL_CTX_use_PrivateKey(context, certificate.key);
  }
  Tls(const Tls&) = delete;
  Tls& operator=(const Tls&) = delete;
  ~Tls() { SSL_CTX_free(context); }
};

// One connection, with its requests one after the other.
struct ApiServer::Connection {
  SSL* ssl = nullptr;
  std::string buffer;
  std::int64_t left = -1;  // bytes until it is lost
  bool lost = false;

  // A request's head; empty at the end.
  std::string head() {
    for (;;) {
      const std::size_t end = buffer.find("\r\n\r\n");
      if (end != std::string::npos) {
        std::string text = buffer.substr(0, end + 2);
        buffer.erase(0, end + 4);
        return text;
      }
      char block[4096];
      const int n = SSL_read(ssl, block, sizeof block);
      if (n <= 0) return "";
      buffer.append(block, static_cast<std::size_t>(n));
    }
  }
  bool write(std::string_view bytes) {
    while (!bytes.empty() && !lost) {
      const int n =
          SSL_write(ssl, bytes.data(), static_cast<int>(std::min<std::size_t>(bytes.size(), 1 << 20)));
      if (n <= 0)
        lost = true;
      else
        bytes.remove_prefix(static_cast<std::size_t>(n));
    }
    return !lost;
  }
  bool begin(int status) {
    return write(fmt::format(
        "HTTP/1.1 {} X\r\nContent-Type: application/json\r\nTransfer-Encoding: chunked\r\n\r\n", status));
  }
  bool body(std::string_view bytes) {
    if (bytes.empty()) return !lost;
    const bool breaks = left >= 0 && static_cast<std::int64_t>(bytes.size()) > left;
    if (breaks) bytes = bytes.substr(0, static_cast<std::size_t>(left));
    if (left >= 0) left -= static_cast<std::int64_t>(bytes.size());
    const bool written =
        bytes.empty() || write(fmt::format("{:x}\r\n", bytes.size()) + std::string(bytes) + "\r\n");
    if (breaks) lost = true;
    return written && !breaks;
  }
  bool end() { return write("0\r\n\r\n"); }
  bool whole(int status, std::string_view text) { return begin(status) && body(text) && end(); }
};

ApiServer::ApiServer(std::unique_ptr<Cluster> cluster)
    : cluster_(std::move(cluster)), tls_(std::make_unique<Tls>()) {
  std::signal(SIGPIPE, SIG_IGN);  // clients leave
  listener_ = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  ::bind(listener_, reinterpret_cast<const sockaddr*>(&address), sizeof address);
  ::listen(listener_, 128);
  socklen_t size = sizeof address;
  ::getsockname(listener_, reinterpret_cast<sockaddr*>(&address), &size);
  port_ = ntohs(address.sin_port);
  acceptor_ = std::thread([this] { accept_all(); });
}

ApiServer::~ApiServer() {
  stop();
  acceptor_.join();
  for (std::thread& connection : connections_) connection.join();
  ::close(listener_);
}

void ApiServer::stop() {
  stopping_ = true;
  ::shutdown(listener_, SHUT_RDWR);
  const std::lock_guard lock(mutex_);
  for (const int socket : open_) ::shutdown(socket, SHUT_RDWR);
}

std::string ApiServer::kubeconfig() const {
  return fmt::format(R"({{"apiVersion":"v1","kind":"Config","current-context":"test",
"clusters":[{{"name":"test","cluster":{{"server":"https://127.0.0.1:{}","certificate-authority-data":"{}"}}}}],
"users":[{{"name":"test","user":{{"token":"{}"}}}}],
"contexts":[{{"name":"test","context":{{"cluster":"test","user":"test"}}}}]}}
)",
                     port_, tls_->certificate.pem_base64(), token);
}

void ApiServer::add(Trouble trouble) {
  const std::lock_guard lock(mutex_);
  troubles_.push_back(std::move(trouble));
}

std::vector<std::string> ApiServer::requests() const {
  const std::lock_guard lock(mutex_);
  return requests_;
}

void ApiServer::accept_all() {
  for (;;) {
    const int socket = ::accept4(listener_, nullptr, nullptr, SOCK_CLOEXEC);
    if (socket < 0) {
      if (stopping_) return;
      continue;
    }
    const int one = 1;
    ::setsockopt(socket, IPPROTO_TCP, TCP_NODELAY, &one, sizeof one);
    const std::lock_guard lock(mutex_);
    open_.push_back(socket);
    connections_.emplace_back([this, socket] { serve(socket); });
  }
}

void ApiServer::serve(int socket) {
  Connection connection;
  connection.ssl = SSL_new(tls_->context);
  SSL_set_fd(connection.ssl, socket);
  if (SSL_accept(connection.ssl) == 1) {
    for (;;) {
      const std::string head = connection.head();
      if (head.empty() || stopping_) break;
      const std::size_t space = head.find(' ');
      const std::string method = head.substr(0, space);
      const std::string target = head.substr(space + 1, head.find(' ', space + 1) - space - 1);
      if (head.find(std::string("Bearer ") + token) == std::string::npos) {
        if (!connection.whole(401, status_json(401, "Unauthorized"))) break;
      } else if (!count_and_answer(connection, method, target)) {
        break;
      }
    }
  }
  {
    const std::lock_guard lock(mutex_);
    std::erase(open_, socket);
  }
  SSL_free(connection.ssl);
  ::close(socket);
}

Trouble ApiServer::trouble_of(const std::string& target) {
  for (Trouble& trouble : troubles_) {
    if (trouble.times == 0 || !target.starts_with(trouble.prefix)) continue;
    if (trouble.times != ~0U) --trouble.times;
    return trouble;
  }
  return {};
}

bool ApiServer::count_and_answer(Connection& connection, const std::string& method,
                                 const std::string& target) {
  const unsigned open = ++at_once_;
  for (unsigned most = most_at_once_; open > most && !most_at_once_.compare_exchange_weak(most, open);) {
  }
  const bool answered = answer(connection, method, target);
  --at_once_;
  return answered;
}

bool ApiServer::answer(Connection& connection, const std::string& method, const std::string& target) {
  Trouble trouble;
  {
    const std::lock_guard lock(mutex_);
    requests_.push_back(method + " " + target);
    trouble = trouble_of(target);
  }
  for (unsigned waited = 0; waited < trouble.delay_ms && !stopping_; waited += 10)
    std::this_thread::sleep_for(std::chrono::milliseconds(10));
  if (trouble.status != 0)
    return connection.whole(trouble.status, status_json(trouble.status, trouble.words));
  connection.left = trouble.break_after;
  const Target asked(target);
  const std::vector<std::string>& parts = asked.parts;
  const std::string path = target.substr(0, target.find('?'));
  if (path == "/version")
    return connection.whole(200,
                            R"({"major":"1","minor":"29","gitVersion":"v1.29.6","platform":"linux/amd64"})");
  if (path == "/apis")
    return connection.whole(200, groups_json(!cluster_->list("node-metrics", "").items.empty()));
  if (path == "/api/v1") return connection.whole(200, resources_json(""));
  if (parts.size() == 3 && parts[0] == "apis") return connection.whole(200, resources_json(parts[1]));
  if (parts.size() == 7 && parts[6] == "log") {
    bool begun = false;
    const bool found = cluster_->log(
        parts[3], parts[5], asked.value("container"), asked.value("previous") == "true",
        std::strtoull(asked.value("tailLines").c_str(), nullptr, 10), [&](std::string_view bytes) {
          if (!std::exchange(begun, true) && !connection.begin(200)) return false;
          return connection.body(bytes);
        });
    if (!found) return connection.whole(400, status_json(400, "container is waiting to start"));
    if (!begun) return connection.whole(200, "");
    return !connection.lost && connection.end();
  }
  if (parts.size() > 7 && parts[4] == "services" && parts[6] == "proxy") {
    const std::string rest = path.substr(path.find("/proxy/") + 7);
    const std::string body = cluster_->service(parts[3], parts[5], rest);
    return body.empty() ? connection.whole(404, "404 page not found") : connection.whole(200, body);
  }
  if (parts.size() < 3)
    return connection.whole(404, status_json(404, "the server could not find the requested resource"));
  const std::string group = parts[0] == "apis" ? parts[1] : "";
  const std::size_t at = parts[0] == "apis" ? 3 : 2;
  const bool in_space = parts.size() == at + 3 && parts[at] == "namespaces";
  const std::string space = in_space ? parts[at + 1] : "";
  const std::string resource = parts.back();
  std::string folder = group == "example.com" ? "custom-resources/widgets.example.com" : "";
  for (const CollectedKind& kind : collected_kinds()) {
    if (kind.group == group && kind.resource == resource && kind.cluster_scoped != in_space)
      folder = kind.folder;
  }
  if (folder.empty() && resource != "secrets") return connection.whole(404, "404 page not found");
  // Pages, as etcd gives them: a token that only the server understands.
  Listing list = cluster_->list(folder.empty() ? "secrets" : folder, space);
  if (const std::string selector = asked.value("fieldSelector"); selector.starts_with("type=")) {
    const std::string wanted = "\"type\":\"" + selector.substr(5) + "\"";
    std::erase_if(list.items,
                  [&](const std::string& item) { return item.find(wanted) == std::string::npos; });
  }
  const std::vector<std::string>& items = list.items;
  const std::size_t limit = std::strtoul(asked.value("limit").c_str(), nullptr, 10);
  const std::string token_given = asked.value("continue");
  const std::size_t from = token_given.empty() ? 0 : std::strtoul(token_given.c_str() + 6, nullptr, 10);
  const std::size_t to = limit == 0 ? items.size() : std::min(items.size(), from + limit);
  std::string more;
  if (to < items.size())
    more = fmt::format(R"(,"continue":"a+b/c={}","remainingItemCount":{})", to, items.size() - to);
  if (!connection.begin(200) ||
      !connection.body(
          fmt::format(R"({{"kind":"{}","apiVersion":"{}","metadata":{{"resourceVersion":"{}"{}}},"items":[)",
                      list.kind, list.api_version, list.resource_version, more)))
    return false;
  for (std::size_t i = from; i < to; ++i) {
    if (!connection.body((i > from ? "," : "") + items[i])) return false;
  }
  return connection.body("]}\n") && connection.end();
}

}  // namespace carrel::collect_test
