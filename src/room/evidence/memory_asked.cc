#include "room/evidence/memory_asked.h"

namespace carrel {
namespace {

// In bytes; `words`: what says so.
double memory_asked(const std::string& text, std::string* words) {
  for (const std::string_view mark :
       {"-Xmx", "--vm-bytes ", "--vm-bytes=", "--max-old-space-size=", "--maxmemory "}) {
    const auto at = text.find(mark);
    if (at == std::string::npos) continue;
    const auto end = text.find_first_not_of("0123456789", at + mark.size());
    std::string digits =
        text.substr(at + mark.size(), end == std::string::npos ? end : end - at - mark.size());
    if (digits.empty() || digits.size() > 12) continue;
    const char unit = end == std::string::npos ? ' ' : text[end];
    const double scale = unit == 'g' || unit == 'G'         ? 1073741824.0
                         : unit == 'm' || unit == 'M'       ? 1048576.0
                         : unit == 'k' || unit == 'K'       ? 1024.0
                         : mark[2] == 'm' && mark[5] == '-' ? 1048576.0  // Node's option counts MiB
                                                            : 1.0;
    *words = text.substr(at, mark.size() + digits.size() + (scale > 1.0 && unit > '9' ? 1 : 0));
    return quantity(digits).value_or(0) * scale;
  }
  return 0;
}

}  // namespace

AskedInPieces memory_asked_in_pieces(const Survey& survey, const std::string& pod) {
  const std::string workload = without_hashes(pod);
  if (workload.size() < 3 || workload == pod) return {};
  for (const Document& document : survey.inventory.documents()) {
    if (document.path.find(workload) == std::string::npos) continue;
    for (std::uint32_t line = 1; line <= document.starts.size(); ++line) {
      AskedInPieces asked{&document, line, 0, ""};
      asked.bytes = memory_asked(std::string(document.line(line)), &asked.words);
      if (asked.bytes > 0) return asked;
    }
  }
  return {};
}

AskedItself memory_asked_by(const Value& container) {
  AskedItself out;
  out.place = container["args"].exists() ? &container["args"] : &container["command"];
  out.bytes = memory_asked(command_text(container), &out.words);
  for (const Value& variable : container["env"].items) {
    if (out.bytes > 0) break;
    out.place = &variable["value"];
    out.bytes = memory_asked(variable["value"].scalar, &out.words);
  }
  return out;
}

}  // namespace carrel
