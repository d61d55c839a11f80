#include "record/command.h"

#include <algorithm>
#include <array>

#include <fmt/format.h>

#include "base/ascii.h"

namespace carrel {
namespace {

constexpr std::size_t most_optional_groups = 6;  // each doubles the forms of a command

// What may stand in a word of a pattern outside of slots: nothing that a shell gives a meaning to, inside a
// word or at its start.
bool is_pattern_text(char c) {
  return is_alphanumeric(c) || std::string_view("-_./:=,@%+").find(c) != std::string_view::npos;
}

bool writes_name_alone(std::string_view kind) {
  return kind == "number" || kind == "container" || kind == "namespace";
}

class PatternReader {
 public:
  explicit PatternReader(std::string_view source) : source_(source) { pattern_.source = std::string(source); }

  Result<CommandPattern> read() {
    if (source_.empty()) return wrong("it is empty");
    if (source_.size() > limit::command)
      return wrong(fmt::format("it is longer than {} bytes", limit::command));
    pattern_.groups.emplace_back();
    while (at_ < source_.size()) {
      const Status status = one();
      if (!status) return status.error();
    }
    if (pattern_.groups.back().optional && !closed_) return wrong("the bracket is not closed");
    if (!in_word_) return wrong("it ends with a space");
    return checked();
  }

 private:
  // Takes one character, slot or bracket.
  Status one() {
    const char c = source_[at_];
    if (closed_ && c != ' ') return wrong("a bracket must end at the end of a word");
    if (c == ' ') {
      if (!in_word_) return wrong("words are parted by one space");
      in_word_ = false;
      if (closed_) pattern_.groups.emplace_back();
      closed_ = false;
    } else if (c == '[') {
      if (in_word_ || at_ == 0)
        return wrong("a bracket must begin at the start of a word, after the program's name");
      if (pattern_.groups.back().optional) return wrong("brackets do not nest");
      if (pattern_.groups.back().parts.empty()) pattern_.groups.pop_back();
      pattern_.groups.push_back({true, {}});
      if (++optional_groups_ > most_optional_groups) {
        return wrong(fmt::format("there are more than {} brackets", most_optional_groups));
      }
    } else if (c == ']') {
      if (!pattern_.groups.back().optional) return wrong("there is no bracket to close");
      if (!in_word_) return wrong("a bracket must hold whole words");
      closed_ = true;
    } else if (c == '{') {
      return slot();
    } else if (is_pattern_text(c)) {
      begin_word();
      if (words_ == 1 && c == '=') return wrong("the first word is a program, not an assignment");
      add_text(std::string_view(&source_[at_], 1));
    } else {
      return wrong("only letters, digits and - _ . / : = , @ % + may stand in a command");
    }
    ++at_;
    return {};
  }

  Status slot() {
    const std::size_t end = source_.find('}', at_);
    if (end == std::string_view::npos) return wrong("the slot is not closed");
    std::string_view kind = source_.substr(at_ + 1, end - at_ - 1);
    CommandPart part;
    part.kind = CommandPart::Kind::slot;
    if (kind.ends_with(".name")) {
      kind.remove_suffix(5);
      part.name_only = true;
      if (kind == "object") return wrong("{object} has no .name");
    }
    const bool named =
        !kind.empty() && kind.size() <= 63 &&
        std::all_of(kind.begin(), kind.end(), [](char c) { return is_lower(c) || is_digit(c); });
    if (!named) return wrong("a slot holds a kind in lower case, such as {pod} or {pod.name}");
    part.name_only = part.name_only || writes_name_alone(kind);
    part.text = std::string(kind);
    if (words_ == 0) return wrong("the first word is the name of a program, not a slot");
    if (words_ == 1 && in_word_) return wrong("the first word is the name of a program and has no slot");
    const bool whole =
        !in_word_ && (end + 1 == source_.size() || source_[end + 1] == ' ' || source_[end + 1] == ']');
    if (!part.name_only && !whole) {
      return wrong(
          fmt::format("{{{}}} writes two words and must stand alone; {{{}.name}} writes one", kind, kind));
    }
    if (end + 1 < source_.size() && source_[end + 1] == '{')
      return wrong("two slots must be parted by a character");
    begin_word();
    pattern_.groups.back().parts.push_back(std::move(part));
    at_ = end + 1;
    return {};
  }

  void begin_word() {
    if (in_word_) return;
    in_word_ = true;
    if (words_++ > 0) add_text(" ");
  }

  void add_text(std::string_view text) {
    auto& parts = pattern_.groups.back().parts;
    if (parts.empty() || parts.back().kind != CommandPart::Kind::text) parts.emplace_back();
    parts.back().text += text;
  }

  // What a slot needs before it.
  Result<CommandPattern> checked() {
    bool space = false, scoped = false, pod = false;
    for (const CommandGroup& group : pattern_.groups) {
      bool pod_here = pod;
      for (const CommandPart& part : group.parts) {
        if (part.kind != CommandPart::Kind::slot) continue;
        if (part.text == "namespace") {
          if (space) return broken("it has {namespace} twice");
          if (scoped) return broken("{namespace} must stand before the slots whose names it limits");
          space = true;
        } else if (part.text == "container") {
          if (!pod_here) return broken("{container} needs a {pod} before it that cannot be left out");
        } else if (part.text != "number" && !is_cluster_scoped(part.text)) {
          scoped = true;
          pod_here = pod_here || part.text == "pod";
        }
      }
      if (!group.optional) pod = pod_here;
    }
    return std::move(pattern_);
  }

  Error wrong(const std::string& why) const {
    return {Code::bad_input,
            fmt::format("the command pattern \"{}\" is wrong at character {}: {}", source_, at_ + 1, why),
            "see docs/formats/answer-schema.md"};
  }
  Error broken(const std::string& why) const {
    return {Code::bad_input, fmt::format("the command pattern \"{}\" is wrong: {}", source_, why),
            "see docs/formats/answer-schema.md"};
  }

  std::string_view source_;
  CommandPattern pattern_;
  std::size_t at_ = 0;
  std::size_t words_ = 0;
  std::size_t optional_groups_ = 0;
  bool in_word_ = false;
  bool closed_ = false;  // just behind a closing bracket
};

}  // namespace

Result<CommandPattern> parse_command_pattern(std::string_view source) {
  return PatternReader(source).read();
}

bool is_safe_name(std::string_view name) {
  if (name.empty() || name.size() > limit::name) return false;
  // Labels of letters, digits and inner dashes, parted by '.' (or ':' in the names of roles).
  bool at_border = true;
  for (std::size_t i = 0; i < name.size(); ++i) {
    const char c = name[i];
    if (is_lower(c) || is_digit(c)) {
      at_border = false;
    } else if (c == '-') {
      if (at_border) return false;
    } else if (c == '.' || c == ':') {
      if (at_border || name[i - 1] == '-') return false;
      at_border = true;
    } else {
      return false;
    }
  }
  return !at_border && name.back() != '-';
}

bool is_cluster_scoped(std::string_view kind) {
  // `kubectl api-resources --namespaced=false` of Kubernetes 1.33, in the singular.
  static constexpr std::array<std::string_view, 31> kinds = {"apiservice",
                                                             "certificatesigningrequest",
                                                             "clusterrole",
                                                             "clusterrolebinding",
                                                             "clustertrustbundle",
                                                             "componentstatus",
                                                             "csidriver",
                                                             "csinode",
                                                             "customresourcedefinition",
                                                             "deviceclass",
                                                             "flowschema",
                                                             "gatewayclass",
                                                             "ingressclass",
                                                             "ipaddress",
                                                             "mutatingwebhookconfiguration",
                                                             "namespace",
                                                             "node",
                                                             "persistentvolume",
                                                             "podsecuritypolicy",
                                                             "priorityclass",
                                                             "prioritylevelconfiguration",
                                                             "resourceslice",
                                                             "runtimeclass",
                                                             "selfsubjectreview",
                                                             "servicecidr",
                                                             "storageclass",
                                                             "storageversion",
                                                             "validatingadmissionpolicy",
                                                             "validatingadmissionpolicybinding",
                                                             "validatingwebhookconfiguration",
                                                             "volumeattachment"};
  return std::binary_search(kinds.begin(), kinds.end(), kind);
}

}  // namespace carrel
