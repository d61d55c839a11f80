#include "collect/cluster/api.h"

#include <algorithm>
#include <thread>

#include <fmt/format.h>

#include "base/read_value.h"
#include "base/text.h"

namespace carrel {
namespace {

using std::chrono::milliseconds;

constexpr unsigned attempts = 3;
constexpr unsigned most_silent = 12;
constexpr std::size_t most_refusal = 64 << 10;
constexpr std::size_t most_value = 32 << 20;

Result<std::string> read_body(HttpReply& reply, std::size_t limit) {
  std::string body;
  std::string block(64 << 10, '\0');
  for (;;) {
    auto n = reply.read(block.data(), block.size());
    if (!n) return n.error();
    if (*n == 0) return body;
    body.append(block, 0, *n);
    if (body.size() > limit)
      return Error{Code::does_not_fit, fmt::format("the answer is larger than {} bytes", limit), ""};
  }
}

// What a refusal says: the message of a Status object, or the text's first line. A 500 or 502 in plain text
// is kubectl's own word for a server that it cannot reach.
std::string words_of(HttpReply& reply, bool* by_kubectl) {
  const auto body = read_body(reply, most_refusal);
  if (!body) return body.error().what;
  std::string words(trim(*body));
  if (words.starts_with('{')) {
    const auto status = read_json(words);
    if (status && !(*status)["message"].text().empty()) words = std::string((*status)["message"].text());
  } else {
    *by_kubectl = reply.status() == 500 || reply.status() == 502;
  }
  words.resize(std::min(words.find('\n'), words.size()));
  return to_utf8(cut_utf8(words, 1000));
}

bool may_pass(int status) {
  return status == 429 || status == 500 || status == 502 || status == 503 || status == 504;
}

}  // namespace

Error broken_off(const Error& error) {
  return {error.code == Code::interrupted ? error.code : Code::bad_input, error.what, ""};
}

bool is_broken_off(const Error& error) {
  return error.code == Code::bad_input || error.code == Code::interrupted;
}

std::string Api::lost() const {
  const std::lock_guard lock(mutex_);
  return lost_;
}

void Api::give_up(const std::string& why) {
  const std::lock_guard lock(mutex_);
  if (lost_.empty()) lost_ = why;
}

void Api::note(bool answered, const std::string& why) {
  if (answered) {
    silent_ = 0;
  } else if (++silent_ >= most_silent) {
    give_up("the cluster no longer answers: " + why);
  }
}

// Waits as long as the server says, or longer each time; false once it is time to stop.
bool Api::wait_before(unsigned attempt, const std::string& retry_after) const {
  const unsigned long seconds = std::strtoul(retry_after.c_str(), nullptr, 10);
  auto left = seconds > 0 ? milliseconds(1000 * std::min(seconds, 10UL)) : milliseconds(150 << (2 * attempt));
  for (; left.count() > 0 && !stop_; left -= milliseconds(50))
    std::this_thread::sleep_for(std::min(left, milliseconds(50)));
  return !stop_;
}

Api::Answer Api::get(const std::string& path, const std::string& accept) {
  Answer answer;
  for (unsigned attempt = 0;; ++attempt) {
    if (const std::string why = lost(); !why.empty()) return {std::nullopt, "", why};
    std::string retry_after;
    auto reply = http_get(server_, {path, accept, idle_, idle_ * 10}, stop_);
    if (reply) {
      answer.status = fmt::format("HTTP {}", reply->status());
      if (reply->status() == 200) {
        note(true, "");
        answer.reply = std::move(*reply);
        answer.reason.clear();
        return answer;
      }
      retry_after = reply->header("retry-after");
      bool by_kubectl = false;
      answer.reason = words_of(*reply, &by_kubectl);
      note(!by_kubectl, answer.reason);
      if (!may_pass(reply->status())) return answer;
    } else {
      answer = {std::nullopt, "", reply.error().what};
      if (reply.error().code == Code::interrupted) return answer;
      note(false, answer.reason);
    }
    if (attempt + 1 == attempts || !wait_before(attempt, retry_after)) return answer;
  }
}

Result<TaskEnd> Api::fetch(const std::string& path, Spool& out, OfBrokenOff broken,
                           const std::function<Status(HttpReply&)>& consume) {
  for (unsigned attempt = 0;; ++attempt) {
    Answer answer = get(path);
    if (!answer.reply) return TaskEnd{answer.status, answer.reason, ""};
    const Status done = consume(*answer.reply);
    if (done) {
      note(true, "");
      return TaskEnd{answer.status, "", ""};
    }
    if (!is_broken_off(done.error())) return done.error();
    const bool last = attempt + 1 == attempts || done.error().code == Code::interrupted;
    note(false, done.error().what);
    if (last && broken == OfBrokenOff::keep && out.size() > 0)
      return TaskEnd{answer.status, "", done.error().what};
    if (last || !wait_before(attempt, "")) return TaskEnd{answer.status, done.error().what, ""};
    out.restart();
  }
}

std::optional<Value> Api::value(const std::string& path, std::string* reason) {
  Answer answer = get(path);
  if (!answer.reply) {
    *reason = answer.status.empty() ? answer.reason : answer.status + ": " + answer.reason;
    return std::nullopt;
  }
  const auto body = read_body(*answer.reply, most_value);
  if (!body) {
    *reason = body.error().what;
    return std::nullopt;
  }
  note(true, "");
  auto read = read_json(*body);
  if (read) return std::move(*read);
  *reason = read.error().what;
  return std::nullopt;
}

}  // namespace carrel
