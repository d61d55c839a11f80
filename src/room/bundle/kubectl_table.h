// The tables of `kubectl get`, `kubectl top`, `kubectl events` and the lineage plugin; those of `helm list`
// and `helm history` as objects of the kind "release".
//
// Source: k8s.io/kubernetes/pkg/printers/internalversion (columns of each kind),
// k8s.io/cli-runtime/pkg/printers; helm.sh/helm/v3/cmd/helm.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "room/bundle/kubectl_invocation.h"
#include "room/inventory/inventory.h"

namespace carrel::kubectl {

// One row under its header. Cells are empty where the row has none.
struct Row {
  std::uint32_t line = 0;
  const std::vector<std::string>* headers = nullptr;
  std::vector<std::string_view> cells;

  std::string_view cell(std::string_view header) const;
  bool has(std::string_view header) const;
};

bool is_table_header(std::string_view line);

// Reads the table whose header is at `line`; returns the line after its last row.
std::uint32_t read_table(Inventory* inventory, const Document& document, std::uint32_t line,
                         const Invocation& command, bool* recognised);

// Reads one row that stands without its header ("shop  api-0  0/1  Pending  0  36s"). False where it is none.
bool read_bare_row(Inventory* inventory, const Document& document, std::uint32_t line,
                   const Invocation& command);

// Adds to the value of an object of `kind` what its row tells.
void fill_from_row(const std::string& kind, const Row& row, Value* object);

// Splits "pod/api-0", "Pod/api-0", "deployment.apps/web"; false where there is no kind before a slash. In the
// column of an event's object any word is one.
bool split_kind_and_name(std::string_view text, std::string* kind, std::string_view* name,
                         bool any_kind = false);

// True for a text that can be an object's name.
bool is_object_name(std::string_view text);

}  // namespace carrel::kubectl
