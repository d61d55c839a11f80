// Api: asks the Kubernetes API server, through the proxy, for what a task wants, and says plainly why it does
// not get it.
//
// What may pass by itself (too many requests, 5xx, a lost connection) is asked for again, up to three times.
// When the server has not answered many times in a row nothing more is asked: the rest would wait for the
// same. Any thread.
#pragma once

#include <atomic>
#include <functional>
#include <mutex>
#include <optional>
#include <string>

#include "base/value.h"
#include "collect/http/http.h"
#include "collect/spool/task.h"

namespace carrel {

class Api {
 public:
  Api(HttpServer server, std::chrono::seconds idle, const std::atomic<bool>& stop)
      : server_(std::move(server)), idle_(idle), stop_(stop) {}

  struct Answer {
    std::optional<HttpReply> reply;  // where the status is 200
    std::string status;              // "HTTP 403"; empty where none came
    std::string reason;              // why there is no reply: the server's own words
  };
  Answer get(const std::string& path, const std::string& accept = "application/json");

  // Runs `consume` on the reply; an Error of Code::machine from its reads means that the connection was lost,
  // and is tried again after `out` was emptied. Other Errors end the collection.
  enum class OfBrokenOff : unsigned char { keep, drop };  // what came before the connection was lost
  Result<TaskEnd> fetch(const std::string& path, Spool& out, OfBrokenOff broken,
                        const std::function<Status(HttpReply&)>& consume);

  // A small answer as a value; nothing, and the reason, where there is none.
  std::optional<Value> value(const std::string& path, std::string* reason);

  // Why nothing more is asked; empty while the server answers.
  std::string lost() const;
  void give_up(const std::string& why);

 private:
  bool wait_before(unsigned attempt, const std::string& retry_after) const;
  void note(bool answered, const std::string& why);

  HttpServer server_;
  std::chrono::seconds idle_;
  const std::atomic<bool>& stop_;
  std::atomic<unsigned> silent_{0};  // failures since the last answer
  mutable std::mutex mutex_;
  std::string lost_;
};

// The Error by which a reader of a reply says that the reply broke off, and not the disk.
Error broken_off(const Error& error);
bool is_broken_off(const Error& error);

}  // namespace carrel
