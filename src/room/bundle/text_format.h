// What a text says of itself by how it begins, where its name does not: files are saved under any name.
#pragma once

#include <cstdint>
#include <string_view>

#include "room/inventory/line_sink.h"

namespace carrel {

enum class TextFormat : std::uint8_t {
  plain,
  kubectl,         // `kubectl get` as a table, `kubectl describe`
  objects,         // `kubectl get -o json|yaml`, manifests
  journal_export,  // `journalctl -o export`: NAME=VALUE lines, an empty line between entries
  journal_json,    // `journalctl -o json`: an object a line
  journal_text,    // `journalctl`, syslog
  docker_json,     // the files of Docker's json-file driver: an object a line
};

// By the first few kilobytes.
TextFormat text_format(std::string_view head);

// What kind of file it is then. A log stays a log, but for the answer of a log store that is named like one.
TextFile::Kind kind_of_content(TextFile::Kind by_name, std::string_view head);

}  // namespace carrel
