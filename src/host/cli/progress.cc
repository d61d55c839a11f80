#include "host/cli/progress.h"

#include <algorithm>
#include <cstdio>
#include <cstdlib>
#include <cstring>

#include <fmt/format.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include "base/text.h"

namespace carrel {
namespace {

using Clock = std::chrono::steady_clock;

// Stages as a person would say them.
const char* doing(const std::string& stage) {
  if (stage == "hash") return "hashing";
  if (stage == "fetch") return "fetching";
  if (stage == "measure") return "measuring";
  if (stage == "inspect") return "inspecting the model";
  if (stage == "read") return "reading";
  if (stage == "think") return "thinking";
  if (stage == "probe") return "probing";
  return "checking";
}

}  // namespace

ProgressLine::ProgressLine(std::string input, bool quiet)
    : input_(escape_for_terminal(input)), quiet_(quiet), terminal_(::isatty(2) != 0) {}

ProgressLine::~ProgressLine() {
  clear();
}

RunObserver ProgressLine::observer() {
  return {[this](const std::string& name) { stage(name); },
          [this](std::uint64_t done, std::uint64_t total) { progress(done, total); }};
}

void ProgressLine::clear() {
  if (!quiet_ && terminal_ && !stage_.empty()) std::fputs("\r\x1b[K", stderr);
  stage_.clear();
}

void ProgressLine::stage(const std::string& name) {
  stage_ = name;
  stage_start_ = Clock::now();
  shown_ = stage_start_;
  first_.reset();
  if (quiet_) return;
  std::fprintf(stderr, terminal_ ? "\r\x1b[K%s: %s" : "%s: %s\n", input_.c_str(), doing(stage_));
}

void ProgressLine::progress(std::uint64_t done, std::uint64_t total) {
  // What was there before (of a file that goes on where it stopped) has no part in the speed.
  if (!first_) first_ = done;
  const auto now = Clock::now();
  if (quiet_ || !terminal_ || now - shown_ < std::chrono::milliseconds(100)) return;
  shown_ = now;
  const double elapsed = std::chrono::duration<double>(now - stage_start_).count();
  std::string text = fmt::format("{}: {}", input_, doing(stage_));
  if (total > 0 && done > *first_ && done <= total) {
    const double rate = static_cast<double>(done - *first_) / elapsed;
    text += fmt::format(" {:.0f} %", 100.0 * static_cast<double>(done) / static_cast<double>(total));
    if (stage_ == "fetch" || stage_ == "hash") text += fmt::format(", {:.1f} MB/s", rate / 1e6);
    text += fmt::format(", {:.0f} s left", static_cast<double>(total - done) / rate);
  } else {
    text += fmt::format(", {:.0f} s", elapsed);
  }
  std::fprintf(stderr, "\r\x1b[K%s", std::string(cut_utf8(text, terminal_width(2) - 1)).c_str());
}

bool takes_colour(int descriptor) {
  const char* no_colour = std::getenv("NO_COLOR");
  const char* term = std::getenv("TERM");
  if (no_colour != nullptr && no_colour[0] != '\0') return false;
  return ::isatty(descriptor) != 0 && term != nullptr && std::strcmp(term, "dumb") != 0;
}

std::size_t terminal_width(int descriptor) {
  winsize size{};
  if (::ioctl(descriptor, TIOCGWINSZ, &size) == 0 && size.ws_col > 0)
    return std::clamp<std::size_t>(size.ws_col, 40, 120);
  return 100;
}

}  // namespace carrel
