#include "room/bundle/kubectl_text.h"

#include <string>

#include "base/text.h"
#include "room/bundle/kubectl_describe.h"
#include "room/bundle/kubectl_invocation.h"
#include "room/bundle/kubectl_table.h"
#include "room/bundle/kubectl_value.h"
#include "room/inventory/kinds.h"

namespace carrel {
namespace {

using kubectl::Invocation;

// "No resources found in shop namespace." is a listing of nothing, where the command or the file's name says
// of what.
bool read_nothing_found(Inventory* inventory, std::string_view text, const Invocation& command) {
  if (!kubectl::take_prefix(&text, "No resources found")) return false;
  const KindEntry* known = find_kind(command.kind);
  if (known == nullptr || !command.whole || command.verb == Invocation::Verb::describe) return true;
  std::string space = command.space;
  if (kubectl::take_prefix(&text, " in ")) {
    const std::size_t end = text.find(" namespace");
    if (end != std::string_view::npos && kubectl::is_object_name(text.substr(0, end)))
      space = text.substr(0, end);
  }
  const std::string kind(known->singular);
  if (known->cluster_scoped) {
    inventory->add_searched(kind, "");
  } else if (command.every_space) {
    inventory->add_searched(kind, "*");
  } else if (!space.empty()) {
    inventory->add_searched(kind, space);
  }
  return true;
}

}  // namespace

bool read_kubectl_text(Inventory* inventory, const Document& document) {
  const Invocation of_path = kubectl::invocation_of_path(document.path);
  Invocation command = of_path;
  const auto last = static_cast<std::uint32_t>(document.starts.size());
  bool recognised = false;
  std::uint32_t line = 1;
  while (line <= last) {
    const std::string_view text = document.line(line);
    if (text.empty()) {
      ++line;
    } else if (const Invocation prompt = kubectl::invocation_of_prompt(text);
               prompt.verb != Invocation::Verb::unknown) {
      command = prompt;
      if (command.space.empty()) command.space = of_path.space;
      ++line;
    } else if (kubectl::is_table_header(text)) {
      line = kubectl::read_table(inventory, document, line, command, &recognised);
    } else if (kubectl::begins_description(document, line)) {
      line = kubectl::read_description(inventory, document, line, command, &recognised);
    } else {
      if (read_nothing_found(inventory, text, command) ||
          kubectl::read_bare_row(inventory, document, line, command)) {
        recognised = true;
      }
      ++line;
    }
  }
  if (!recognised) recognised = kubectl::read_description_fragment(inventory, document, of_path);
  return recognised;
}

}  // namespace carrel
