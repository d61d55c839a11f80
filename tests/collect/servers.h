// Real servers that the tests start as an ordinary user, each in a folder of its own, and end with the test.
#pragma once

#include <string>
#include <vector>

#include <sys/types.h>

namespace carrel::collect_test {

// A program that runs until this object goes. Where the tests run as root it runs as "nobody", who owns
// `folder`.
class Running {
 public:
  Running(const std::vector<std::string>& words, std::string folder);
  ~Running();
  Running(const Running&) = delete;
  Running& operator=(const Running&) = delete;

 private:
  pid_t child_ = -1;
};

// Runs a program to its end, as above; its exit status.
int run_as_nobody(const std::vector<std::string>& words, const std::string& folder);

// A port of this machine that nobody listens on.
int free_port();

// Where Debian has PostgreSQL's own programs ("initdb"), of the newest version; empty where there is none.
std::string postgres_program(const std::string& name);

}  // namespace carrel::collect_test
