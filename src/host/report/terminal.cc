#include "host/report/terminal.h"

#include <algorithm>
#include <vector>

#include <fmt/format.h>

#include "base/text.h"
#include "record/answer.h"

namespace carrel {
namespace {

constexpr std::size_t most_left_out_shown = 8;
constexpr std::size_t most_quote_lines = 8;

// Columns a text takes, near enough for wrapping: one for each code point.
std::size_t columns(std::string_view text) {
  return static_cast<std::size_t>(std::count_if(
      text.begin(), text.end(), [](char c) { return (static_cast<unsigned char>(c) & 0xc0) != 0x80; }));
}

class Page {
 public:
  explicit Page(const TerminalStyle& style) : style_(style) {}

  std::string finish() { return std::move(out_); }

  std::string paint(std::string_view text, const char* colour) const {
    return style_.colour ? fmt::format("\x1b[{}m{}\x1b[0m", colour, text) : std::string(text);
  }
  std::string bold(std::string_view text) const { return paint(text, "1"); }
  std::string faint(std::string_view text) const { return paint(text, "2"); }

  void heading(std::string_view text) { out_ += "\n" + bold(text) + "\n"; }
  void line(const std::string& text) { out_ += text + "\n"; }

  // Words wrapped to the width; `first` before the first line, spaces of the same width before the others.
  void wrapped(const std::string& first, std::string_view text) {
    const std::size_t indent = columns(first);
    const std::size_t room = std::max<std::size_t>(style_.width > indent ? style_.width - indent : 0, 20);
    std::string prefix = first;
    std::string row;
    const auto flush = [&] {
      out_ += prefix + row + "\n";
      prefix = std::string(indent, ' ');
      row.clear();
    };
    const std::string escaped = escape_for_terminal(text);
    std::string_view rest = escaped;
    while (!rest.empty()) {
      const auto space = rest.find(' ');
      const std::string_view word = rest.substr(0, space);
      rest = space == std::string_view::npos ? std::string_view() : rest.substr(space + 1);
      if (!row.empty() && columns(row) + 1 + columns(word) > room) flush();
      if (!row.empty()) row += ' ';
      row += word;
    }
    flush();
  }

  // Verbatim text of the bundle, a bar before each line.
  void quoted(std::string_view indent, std::string_view text) {
    std::size_t shown = 0;
    while (!text.empty() && shown < most_quote_lines) {
      const auto end = text.find('\n');
      const std::string row = escape_for_terminal(text.substr(0, end));
      out_ += fmt::format("{}{} {}\n", indent, faint("│"), row);
      text = end == std::string_view::npos ? std::string_view() : text.substr(end + 1);
      ++shown;
    }
    if (!text.empty()) out_ += fmt::format("{}{} …\n", indent, faint("│"));
  }

 private:
  const TerminalStyle& style_;
  std::string out_;
};

const char* verdict_words(Verdict verdict) {
  switch (verdict) {
    case Verdict::fault:
      return "Likely root cause";
    case Verdict::no_fault:
      return "No fault found";
    case Verdict::insufficient_evidence:
    case Verdict::count_:
      break;
  }
  return "Not enough evidence";
}

const char* verdict_colour(Verdict verdict) {
  if (verdict == Verdict::fault) return "1;31";
  return verdict == Verdict::no_fault ? "1;32" : "1;33";
}

const char* check_colour(Check::Verdict verdict) {
  if (verdict == Check::Verdict::fail) return "31";
  return verdict == Check::Verdict::pass ? "32" : "33";
}

void show_consensus(Page& page, const Consensus& consensus) {
  for (const ClaimSupport& item : consensus.claims) {
    const std::string what = item.kind == ClaimSupport::Kind::cause ? "the cause" : item.claim;
    page.wrapped(fmt::format("  {} of {}  ", item.tries, item.of), what);
  }
  if (!consensus.test.empty()) page.wrapped("  ", consensus.test);
}

void show_evidence(Page& page, const std::vector<ReportEvidence>& evidence) {
  for (const ReportEvidence& item : evidence) {
    page.line(fmt::format("  {}  {}{}", page.paint(escape_for_terminal(item.id), "36"),
                          escape_for_terminal(text_of(item.at)),
                          item.at.path.empty() ? "" : "  " + page.faint(escape_for_terminal(item.at.path))));
    page.quoted("      ", item.quote);
    if (!item.shows.empty()) page.wrapped("      ", item.shows);
  }
}

void show_receipt(Page& page, const Report& report) {
  const ReportStats& stats = report.stats;
  page.heading("Receipt");
  page.line(fmt::format("  read      {} files, {} lines, {}{}: {}", human_count(stats.files),
                        human_count(stats.lines), human_bytes(stats.bytes),
                        stats.objects == 0 ? "" : fmt::format(", {} objects", human_count(stats.objects)),
                        escape_for_terminal(stats.format)));
  page.line(fmt::format("  evidence  {} of {} lines kept", human_count(stats.evidence_kept),
                        human_count(stats.evidence_found)));
  std::size_t shown = 0;
  for (const LeftOut& item : stats.left_out) {
    if (shown++ == most_left_out_shown) break;
    std::vector<std::string> amounts;
    if (item.files > 0) amounts.push_back(human_count(item.files) + (item.files == 1 ? " file" : " files"));
    if (item.lines > 0) amounts.push_back(human_count(item.lines) + (item.lines == 1 ? " line" : " lines"));
    if (item.bytes > 0) amounts.push_back(human_bytes(item.bytes));
    page.wrapped("  left out  ",
                 fmt::format("{}{}{}{}", item.reason, amounts.empty() ? "" : ": ", fmt::join(amounts, ", "),
                             item.file.empty() ? "" : " (" + item.file + ")"));
  }
  if (stats.left_out.empty()) page.line("  left out  nothing");
  if (stats.left_out.size() > most_left_out_shown) {
    page.line(
        fmt::format("            and {} more, all in --json", stats.left_out.size() - most_left_out_shown));
  }
  std::string denied;
  for (const DeniedCall& item : stats.denied) {
    denied +=
        fmt::format("{}{} room: {} ({} times)", denied.empty() ? "" : ", ", item.room, item.call, item.count);
  }
  page.wrapped("  denied    ", denied.empty() ? "nothing was tried" : denied);
  std::vector<std::string> stages;
  for (const StageTime& stage : stats.stages)
    stages.push_back(fmt::format("{} {:.2f} s", stage.stage, stage.seconds));
  page.wrapped("  time      ", fmt::format("{}; peak memory of a room {}", fmt::join(stages, ", "),
                                           human_bytes(stats.peak_memory)));
  if (report.engine == "none") {
    page.line("  model     none was asked (--model FILE.gguf brings one)");
  } else {
    page.wrapped("  model     ", fmt::format("{} ({}), sha256 {}", report.model_name,
                                             report.model_quantisation, report.model_sha256.substr(0, 12)));
    const double speed = stats.prefill_tokens_per_s();
    page.wrapped(
        "  tokens    ",
        fmt::format("{} read{}{}, {} written at {:.1f}/s, context {} of {}; {} on {} threads",
                    stats.prompt_tokens - stats.reused_tokens,
                    speed > 0 ? fmt::format(" at {:.0f}/s", speed) : "",
                    stats.reused_tokens > 0
                        ? fmt::format(", {} taken from the store", human_count(stats.reused_tokens))
                        : "",
                    stats.output_tokens, stats.decode_s > 0 ? stats.output_tokens / stats.decode_s : 0,
                    stats.prompt_tokens + stats.output_tokens, stats.context, stats.backend, stats.threads));
  }
  if (!stats.kept_state.empty()) page.wrapped("  store     ", stats.kept_state);
  if (!report.after.empty()) page.line("  follows   " + escape_for_terminal(report.after));
  const std::string run = escape_for_terminal(report.run);
  page.line(fmt::format("  run       {} (tenant {}); `carrel show {}` prints it again", run,
                        escape_for_terminal(report.tenant), run));
}

}  // namespace

std::string human_bytes(std::uint64_t bytes) {
  if (bytes < 1000) return fmt::format("{} B", bytes);
  double value = static_cast<double>(bytes);
  const char* unit = "";
  for (const char* next : {"kB", "MB", "GB", "TB"}) {
    value /= 1000;
    unit = next;
    if (value < 999.5) break;
  }
  return fmt::format("{:.{}f} {}", value, value < 10 ? 1 : 0, unit);
}

std::string human_count(std::uint64_t count) {
  std::string digits = std::to_string(count);
  for (std::size_t at = digits.size(); at > 3;) digits.insert(at -= 3, ",");
  return digits;
}

std::string to_terminal(const Report& report, const TerminalStyle& style) {
  Page page(style);
  page.wrapped("", fmt::format("{} · {} · {}", report.input, report.playbook,
                               report.engine == "none" ? "no model was asked" : report.model_name));
  page.wrapped("", "Question: " + report.question);

  page.line("");
  page.line(fmt::format(
      "{}  {}", page.paint(verdict_words(report.verdict), verdict_colour(report.verdict)),
      page.faint(fmt::format("confidence {} ({:.2f})", escape_for_terminal(report.confidence.level),
                             report.confidence.score))));
  page.wrapped("  ", report.root_cause);
  page.wrapped("  ", "Confidence rests on: " + report.confidence.basis);

  page.heading("Evidence");
  if (report.evidence.empty()) page.line("  none");
  show_evidence(page, report.evidence);
  for (const Searched& item : report.searched) {
    page.wrapped("  ", fmt::format("searched all {} objects{}: {} found", item.kind,
                                   item.space.empty() ? "" : " of namespace " + item.space, item.count));
  }
  if (!report.commands.empty()) {
    page.heading("Commands to run next");
    for (const Command& command : report.commands) {
      page.line("  " + page.paint("$ " + escape_for_terminal(command.command), "1"));
      page.wrapped("    ", command.why);
    }
  }
  if (!report.missing.empty()) {
    page.heading("Missing");
    for (const std::string& item : report.missing) page.wrapped("  - ", item);
  }
  if (!report.alternatives.empty()) {
    page.heading(report.evidence.empty() ? "What the detectors found" : "Also seen, weaker");
    for (const Alternative& item : report.alternatives) {
      page.wrapped(fmt::format("  {:.2f}  ", item.weight), item.cause);
      if (!item.evidence.empty())
        page.line("        " + page.faint(escape_for_terminal(text_of(item.evidence[0].at))));
    }
  }
  if (report.tries.size() > 1) {
    page.heading("Tries");
    for (const TryOutcome& item : report.tries) {
      page.line(fmt::format("  {:<16} {}, {} tokens{}", escape_for_terminal(item.variant),
                            escape_for_terminal(item.stop), item.tokens,
                            item.chosen   ? ", chosen"
                            : item.agrees ? ", agrees"
                                          : ""));
    }
    show_consensus(page, report.consensus);
  }
  page.heading("Checks");
  for (const Check& check : report.checks) {
    page.wrapped(
        fmt::format("  {}  {:<10} ", page.paint(to_string(check.verdict), check_colour(check.verdict)),
                    escape_for_terminal(check.name)),
        check.detail);
  }
  show_receipt(page, report);
  if (!report.passed()) {
    page.line("");
    page.line(page.paint("A check failed: do not rely on this report.", "1;31"));
  }
  return page.finish();
}

std::string to_summary_line(const Report& report, const TerminalStyle& style) {
  const std::string head =
      fmt::format("{}  {}: {}, {}, checks {}: ", escape_for_terminal(report.run),
                  escape_for_terminal(report.input), to_string(report.verdict),
                  escape_for_terminal(report.confidence.level), report.passed() ? "passed" : "FAILED");
  const std::string cause = escape_for_terminal(report.root_cause);
  const std::size_t room = style.width > columns(head) + 20 ? style.width - columns(head) : 20;
  if (columns(cause) <= room) return head + cause;
  return head + std::string(cut_utf8(cause, room - 1)) + "…";
}

}  // namespace carrel
