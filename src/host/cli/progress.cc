#include "host/cli/progress.h"

#include <algorithm>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <filesystem>

#include <fmt/format.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include "base/text.h"
#include "host/report/terminal.h"

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

ProgressLine::ProgressLine(const std::string& input, bool quiet)
    : input_(escape_for_terminal(input)), quiet_(quiet), terminal_(::isatty(2) != 0) {}

ProgressLine::~ProgressLine() {
  clear();
}

RunObserver ProgressLine::observer() {
  return {[this](const std::string& name) { stage(name); },
          [this](std::uint64_t done, std::uint64_t total) { progress(done, total); },
          [this](const Progress& told) { room(told); }};
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
  room_ = {};
  if (quiet_) return;
  std::fprintf(stderr, terminal_ ? "\r\x1b[K%s: %s" : "%s: %s\n", input_.c_str(), doing(stage_));
}

void ProgressLine::note(const std::string& text) const {
  if (!quiet_)
    std::fprintf(stderr, terminal_ ? "\r\x1b[K%s: %s\n" : "%s: %s\n", input_.c_str(), text.c_str());
}

void ProgressLine::room(const Progress& told) {
  // Reading and writing have each their own speed.
  if (told.stage != room_.stage && told.context > 0) {
    stage_start_ = Clock::now();
    first_.reset();
  }
  room_ = told;
}

void ProgressLine::progress(std::uint64_t done, std::uint64_t total) {
  // What was there before (of a file that goes on where it stopped) has no part in the speed.
  if (!first_) first_ = done;
  const auto now = Clock::now();
  if (quiet_ || !terminal_ || now - shown_ < std::chrono::milliseconds(100)) return;
  shown_ = now;
  const double elapsed = std::chrono::duration<double>(now - stage_start_).count();
  std::string text = fmt::format("{}: {}", input_, doing(stage_));
  if (room_.context > 0) {
    text = fmt::format("{}: {}", std::filesystem::path(input_).filename().string(),
                       engine_figures(room_, done - std::min(done, *first_), elapsed));
  } else if (total > 0 && done > *first_ && done <= total) {
    const double rate = static_cast<double>(done - *first_) / elapsed;
    text += fmt::format(" {:.0f} %", 100.0 * static_cast<double>(done) / static_cast<double>(total));
    if (stage_ == "fetch" || stage_ == "hash") text += fmt::format(", {:.1f} MB/s", rate / 1e6);
    text += fmt::format(", {:.0f} s left", static_cast<double>(total - done) / rate);
  } else {
    text += fmt::format(", {:.0f} s", elapsed);
  }
  std::fprintf(stderr, "\r\x1b[K%s", std::string(cut_utf8(text, terminal_width(2) - 1)).c_str());
}

std::string engine_figures(const Progress& told, std::uint64_t tokens, double seconds) {
  const bool writing = told.stage == "decoding";
  std::string text = writing ? fmt::format("writing, {} tokens", human_count(told.done)) : "reading";
  if (!writing && told.total > 0 && told.done <= told.total)
    text +=
        fmt::format(" {:.0f} %", 100.0 * static_cast<double>(told.done) / static_cast<double>(told.total));
  const double rate = seconds > 0 ? static_cast<double>(tokens) / seconds : 0;
  if (rate > 0) text += fmt::format(", {:.{}f} tokens/s", rate, rate < 100 ? 1 : 0);
  text += fmt::format(", context {} of {}", human_count(told.context_used), human_count(told.context));
  if (rate > 0 && told.done <= told.total) {
    text += fmt::format(", {}{:.0f} s left", writing ? "at most " : "",
                        static_cast<double>(told.total - told.done) / rate);
  }
  if (told.memory > 0) text += fmt::format(", {:.1f} GB", static_cast<double>(told.memory) / 1e9);
  return text;
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
