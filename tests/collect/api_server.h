// A Kubernetes API server of the tests' own, for the real kubectl: TLS with a certificate made at its start,
// a bearer token, discovery, lists in pages, logs. What it serves is a cluster given by its files or its
// rule; on request it is slow, refuses, or breaks connections off. There is a metrics server where the
// cluster has metrics of nodes.
#pragma once

#include <atomic>
#include <cstdint>
#include <functional>
#include <memory>
#include <mutex>
#include <string>
#include <string_view>
#include <thread>
#include <vector>

namespace carrel::collect_test {

struct Listing {
  std::string kind = "List", api_version = "v1", resource_version = "1";
  std::vector<std::string> items;  // JSON objects
};

// What there is to serve.
class Cluster {
 public:
  virtual ~Cluster() = default;
  // A kind's list, by its folder in a bundle ("pods"), in a namespace ("" for cluster-scoped kinds).
  virtual Listing list(const std::string& folder, const std::string& space) const = 0;
  // Hands the log on in pieces; false where there is none.
  virtual bool log(const std::string& space, const std::string& pod, const std::string& container,
                   bool previous, std::uint64_t tail,
                   const std::function<bool(std::string_view)>& write) const = 0;
  // What a Service ("prometheus:9090") of the namespace answers for a path, through the API server's proxy;
  // empty where there is none.
  virtual std::string service(const std::string& space, const std::string& name,
                              const std::string& path) const = 0;
};

// The folder of a bundle in troubleshoot's layout, served as the cluster it was collected from. It may have
// Secrets too (cluster-resources/secrets/SPACE.json), and answers of Services
// (services/SPACE/NAME:PORT/PATH).
std::unique_ptr<Cluster> cluster_of_bundle(const std::string& folder);
// As many pods as one likes in the namespace "load", one container each, with so many bytes of log.
std::unique_ptr<Cluster> cluster_of_size(std::size_t pods, std::size_t log_bytes);

// What goes wrong with requests whose target begins with `prefix`.
struct Trouble {
  std::string prefix;
  int status = 0;                 // answer with this status instead
  unsigned delay_ms = 0;          // before the answer
  std::int64_t break_after = -1;  // bytes of the body, then the connection is lost
  unsigned times = ~0U;           // how often
  std::string words = "the test says no";
};

class ApiServer {
 public:
  explicit ApiServer(std::unique_ptr<Cluster> cluster);
  ~ApiServer();

  // The text of a kubeconfig that reaches it.
  std::string kubeconfig() const;
  void add(Trouble trouble);
  // "GET /version" and so on, in the order they came.
  std::vector<std::string> requests() const;
  // How many requests were open at the same time, at most.
  unsigned most_at_once() const { return most_at_once_; }
  // Answers nothing any more: connections are refused from now on.
  void stop();

 private:
  struct Tls;
  struct Connection;
  std::unique_ptr<Cluster> cluster_;
  std::unique_ptr<Tls> tls_;
  int listener_ = -1;
  std::uint16_t port_ = 0;
  std::thread acceptor_;
  std::atomic<bool> stopping_{false};
  std::atomic<unsigned> at_once_{0}, most_at_once_{0};
  mutable std::mutex mutex_;
  std::vector<Trouble> troubles_;
  std::vector<std::string> requests_;
  std::vector<std::thread> connections_;
  std::vector<int> open_;

  void accept_all();
  void serve(int socket);
  bool count_and_answer(Connection& connection, const std::string& method, const std::string& target);
  bool answer(Connection& connection, const std::string& method, const std::string& target);
  Trouble trouble_of(const std::string& target);
};

}  // namespace carrel::collect_test
