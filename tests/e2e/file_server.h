// An HTTP server on this machine that gives one file, as badly as a test wants it to.
#pragma once

#include <atomic>
#include <cstdint>
#include <mutex>
#include <string>
#include <thread>
#include <vector>

namespace carrel::e2e {

class FileServer {
 public:
  // What it does with one request; requests beyond the list get the last entry.
  struct Answer {
    int status = 200;                   // 200 gives the file, or its rest (206) where that was asked for
    std::size_t drop_after = SIZE_MAX;  // bytes of the body, then the connection ends
    bool ranges = true;
    std::string etag = "\"one\"";
    std::string more_headers = {};  // whole lines, each ending with \r\n
    std::uint64_t claimed = 0;      // Content-Length, where it lies
    std::string location = {};      // for 302
  };

  FileServer(std::string bytes, std::vector<Answer> answers);
  ~FileServer();
  FileServer(const FileServer&) = delete;
  FileServer& operator=(const FileServer&) = delete;

  std::string url(const std::string& file) const;
  // The header of every request that came.
  std::vector<std::string> requests() const;

 private:
  void serve();
  void answer(int connection, const Answer& how, const std::string& request) const;

  const std::string bytes_;
  const std::vector<Answer> answers_;
  int listener_ = -1;
  std::uint16_t port_ = 0;
  mutable std::mutex mutex_;
  std::vector<std::string> requests_;
  std::thread thread_;
};

}  // namespace carrel::e2e
