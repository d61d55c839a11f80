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
  if (quiet_) return;
  std::fprintf(stderr, terminal_ ? "\r\x1b[K%s: %s" : "%s: %s\n", input_.c_str(), doing(stage_));
}

void ProgressLine::progress(std::uint64_t done, std::uint64_t total) {
  const auto now = Clock::now();
  if (quiet_ || !terminal_ || now - shown_ < std::chrono::milliseconds(100)) return;
  shown_ = now;
  const double elapsed = std::chrono::duration<double>(now - stage_start_).count();
  std::string text = fmt::format("{}: {}", input_, doing(stage_));
  if (total > 0 && done > 0 && done <= total) {
    const double share = static_cast<double>(done) / static_cast<double>(total);
    text += fmt::format(" {:.0f} %, {:.0f} s left", share * 100, elapsed / share - elapsed);
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
