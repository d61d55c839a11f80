#include "collect/gather.h"

#include <algorithm>
#include <chrono>
#include <condition_variable>
#include <cstdlib>
#include <ctime>
#include <map>
#include <mutex>
#include <optional>
#include <thread>

#include <fmt/format.h>

#include "collect/redact/unreadable.h"

namespace carrel {

BundleClock::BundleClock() {
  const char* const given = std::getenv("SOURCE_DATE_EPOCH");
  if (given != nullptr && *given != '\0') fixed_ = std::strtoll(given, nullptr, 10);
}

std::int64_t BundleClock::now() const {
  return fixed_ >= 0 ? fixed_ : static_cast<std::int64_t>(std::time(nullptr));
}

double BundleClock::seconds() const {
  if (fixed_ >= 0) return 0;
  return std::chrono::duration<double>(std::chrono::steady_clock::now().time_since_epoch()).count();
}

std::string BundleClock::rfc3339(std::int64_t time) {
  const auto seconds = static_cast<std::time_t>(time);
  std::tm parts{};
  ::gmtime_r(&seconds, &parts);
  return fmt::format("{:04}-{:02}-{:02}T{:02}:{:02}:{:02}Z", parts.tm_year + 1900, parts.tm_mon + 1,
                     parts.tm_mday, parts.tm_hour, parts.tm_min, parts.tm_sec);
}

namespace {

struct Gathered {
  explicit Gathered(const std::string& folder) : spool(folder) {}

  Spool spool;
  Result<TaskEnd> end = TaskEnd{};
  std::string started;
  double seconds = 0;
};

class Gatherer {
 public:
  Gatherer(std::vector<Task> tasks, const Gathering& how, BundleWriter* writer, Manifest* manifest)
      : tasks_(std::move(tasks)), how_(how), writer_(writer), manifest_(manifest) {}

  Status run() {
    std::vector<std::jthread> workers;
    const std::size_t count = std::min<std::size_t>(how_.parallel, tasks_.size());
    for (std::size_t i = 0; i < count; ++i) workers.emplace_back([this] { work(); });
    Status done;
    for (std::size_t i = 0; i < tasks_.size() && done; ++i) {
      Gathered gathered = wait_for(i);
      done = keep(tasks_[i], &gathered);
      if (how_.progress) how_.progress(i + 1, tasks_.size(), bytes_);
      const std::lock_guard lock(mutex_);
      ++written_;
      turn_.notify_all();
    }
    if (!done) {
      *how_.stop = true;
      const std::lock_guard lock(mutex_);
      next_ = tasks_.size();
      turn_.notify_all();
    }
    return done;
  }

 private:
  std::vector<Task> tasks_;
  const Gathering& how_;
  BundleWriter* writer_;
  Manifest* manifest_;
  std::uint64_t bytes_ = 0;
  std::mutex mutex_;
  std::condition_variable turn_;
  std::size_t next_ = 0, written_ = 0;
  std::map<std::size_t, Gathered> gathered_;

  void work() {
    for (;;) {
      std::unique_lock lock(mutex_);
      // Not further ahead of the writer than this: spools take memory and disk.
      const std::size_t window = 4 * how_.parallel;
      turn_.wait(lock, [&] { return next_ >= tasks_.size() || next_ < written_ + window; });
      if (next_ >= tasks_.size()) return;
      const std::size_t index = next_++;
      lock.unlock();
      Gathered gathered = gather_one(tasks_[index]);
      lock.lock();
      gathered_.emplace(index, std::move(gathered));
      turn_.notify_all();
    }
  }

  Gathered gather_one(const Task& task) const {
    Gathered gathered(how_.folder);
    gathered.started = BundleClock::rfc3339(how_.clock.now());
    const double start = how_.clock.seconds();
    if (*how_.stop) {
      gathered.end = TaskEnd{"", "interrupted", ""};
    } else {
      gathered.end = task.run(gathered.spool);
    }
    gathered.seconds = how_.clock.seconds() - start;
    return gathered;
  }

  Gathered wait_for(std::size_t index) {
    std::unique_lock lock(mutex_);
    turn_.wait(lock, [&] { return gathered_.contains(index); });
    Gathered gathered = std::move(gathered_.at(index));
    gathered_.erase(index);
    return gathered;
  }

  Status redact(const Spool& from, ManifestFile* file, Spool* to) const {
    Redactor& redactor = *how_.redactor;
    std::string masked;
    redactor.begin(file->path);
    Status done = from.copy_to([&](std::string_view bytes) -> Status {
      masked.clear();
      redactor.feed(bytes, &masked);
      return to->write(masked);
    });
    if (!done) return done;
    masked.clear();
    redactor.finish(&masked);
    for (const auto& [label, found] : redactor.redactions().classes) file->redactions[label] = found.count;
    return to->write(masked);
  }

  // An error's words, a command's: what a server or a person said may have a secret in it too.
  std::string without_secrets(const std::string& text) const {
    std::string masked;
    how_.redactor->begin(manifest_path);
    how_.redactor->feed(text, &masked);
    how_.redactor->finish(&masked);
    return masked;
  }

  void leave_out(const Task& task, const std::string& status, const std::string& why) {
    manifest_->missing.push_back({task.path, without_secrets(task.source), status, without_secrets(why)});
  }

  Status keep(const Task& task, Gathered* gathered) {
    if (!gathered->end) return gathered->end.error();
    const TaskEnd& end = *gathered->end;
    if (!end.missing.empty()) {
      leave_out(task, end.status, end.missing);
      return {};
    }
    if (const auto unreadable = judge_readable(gathered->spool.head())) {
      leave_out(task, "", fmt::format("it {}: {}", unreadable->what, unreadable->remedy));
      return {};
    }
    ManifestFile file;
    file.path = task.path;
    file.source = without_secrets(task.source);
    file.started = gathered->started;
    file.seconds = gathered->seconds;
    file.status = end.status;
    file.cut = end.cut;
    Spool redacted(how_.folder);
    Status done = redact(gathered->spool, &file, &redacted);
    gathered->spool.restart();
    if (!done) return done;
    done = writer_->add(&file, redacted);
    bytes_ += file.size;
    manifest_->files.push_back(std::move(file));
    return done;
  }
};

}  // namespace

Status gather(std::vector<Task> tasks, const Gathering& how, BundleWriter* writer, Manifest* manifest) {
  return Gatherer(std::move(tasks), how, writer, manifest).run();
}

}  // namespace carrel
