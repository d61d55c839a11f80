// KubectlProxy: the one child through which the cluster is read. `kubectl proxy` does all that concerns the
// customer's access (kubeconfig, certificates, every auth plug-in); it listens on a Unix socket in a folder
// of this user alone and is told to let through GET on the listed paths and nothing else.
//
// kubectl is ended with this object, and by a process beside it if this program dies.
#pragma once

#include <atomic>
#include <memory>
#include <string>
#include <vector>

#include <sys/types.h>

#include "base/fd.h"
#include "base/result.h"
#include "collect/http/http.h"

namespace carrel {

struct KubectlOptions {
  std::string program = "kubectl";
  std::string kubeconfig;        // --kubeconfig; empty: kubectl's own choice
  std::string context;           // --context
  bool secrets = true;           // lists of Secrets may be asked for, which Helm's releases need
  std::string prometheus_proxy;  // a path of the API server that may be read too, below which a Prometheus is
};

class KubectlProxy {
 public:
  // Errors: no kubectl, or one that ends instead of listening: its last words are in the Error.
  static Result<std::unique_ptr<KubectlProxy>> start(const KubectlOptions& options,
                                                     const std::atomic<bool>& stop);
  ~KubectlProxy();

  const HttpServer& server() const { return server_; }
  // What kubectl said last on its standard error, for an auth plug-in's complaints.
  std::string last_words() const;

 private:
  KubectlProxy() = default;
  Status listen_on(const std::string& folder, const KubectlOptions& options, const std::atomic<bool>& stop);
  Status wait_until_it_listens(const std::atomic<bool>& stop);

  struct Words;
  std::string folder_;
  HttpServer server_;
  pid_t child_ = -1;  // the process that keeps kubectl
  Fd lifeline_;       // closed by the end of this program; then that process ends kubectl
  std::shared_ptr<Words> words_;
};

// The command line that start() runs, for --dry-run and the manifest.
std::vector<std::string> kubectl_proxy_command(const KubectlOptions& options, const std::string& socket);

}  // namespace carrel
