// Makes an example bundle as a customer would: `support-diag collect` reads the cluster that a folder
// describes, from the tests' API server. The time is the incident's, so that the same folder makes the same
// bundle.
//
//   make-example SUPPORT_DIAG FOLDER BUNDLE
#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <string>

#include "api_server.h"

int main(int count, char** arguments) {
  if (count != 4) {
    std::fputs("usage: make-example SUPPORT_DIAG FOLDER BUNDLE\n", stderr);
    return 2;
  }
  const carrel::collect_test::ApiServer server(carrel::collect_test::cluster_of_bundle(arguments[2]));
  std::string kubeconfig = std::filesystem::temp_directory_path() / "carrel-example-XXXXXX";
  if (::mkstemp(kubeconfig.data()) < 0) return 1;
  std::ofstream(kubeconfig) << server.kubeconfig();
  ::setenv("SOURCE_DATE_EPOCH", "1715670341", 1);  // 2024-05-14T07:05:41Z
  const std::string command = std::string("'") + arguments[1] +
                              "' collect --all-namespaces --quiet --force --kubeconfig '" + kubeconfig +
                              "' --out '" + arguments[3] + "'";
  const int status = std::system(command.c_str());
  std::filesystem::remove(kubeconfig);
  return status == 0 ? 0 : 1;
}
