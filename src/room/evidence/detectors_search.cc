// Why a search cluster cannot place a shard. Source: OpenSearch's and Elasticsearch's GET
// _cluster/allocation/explain, which names what each node's deciders say.
#include <map>

#include <fmt/format.h>

#include "base/brief.h"
#include "room/evidence/detectors.h"
#include "room/evidence/loose_json.h"

namespace carrel {
namespace {

constexpr std::size_t largest_explanation = 4 << 20;

// What most nodes say against it; null: nothing.
const Value* said_most(const Value& decisions) {
  struct Said {
    const Value* place = nullptr;
    std::size_t times = 0;
  };
  std::map<std::string_view, Said> said;
  const Said* most = nullptr;
  for (const Value& node : decisions.items) {
    for (const Value& decider : node["deciders"].items) {
      const Value& explanation = decider["explanation"];
      if (decider["decision"].text() != "NO" || explanation.text().empty()) continue;
      Said& each = said[explanation.text()];
      if (each.times++ == 0) each.place = &explanation;
      if (most == nullptr || each.times > most->times) most = &each;
    }
  }
  return most == nullptr ? nullptr : most->place;
}

}  // namespace

void detect_unplaced_shards(const Survey& survey, Observations* out) {
  each_loose_json(
      survey.inventory, "\"node_allocation_decisions\"", largest_explanation, [&](const LooseJson& file) {
        const Value& index = file.root["index"];
        const Value* reason = said_most(file.root["node_allocation_decisions"]);
        if (reason == nullptr || !is_plain_name(index.text())) return;
        const bool asked =
            survey.asks({"shard", "unassigned", "allocat", "red", "yellow", "opensearch", "elastic"});
        Observation& made =
            report_missing(out, "shard-unplaced", asked ? 0.93 : 0.75, "index", "", index.text(),
                           fmt::format("A shard of index {} cannot be placed on any node (unassigned): {}.",
                                       index.text(), brief(reason->text(), 200)));
        made.culprit.present = true;
        cite(&made, file.source(), *reason, "what its nodes say against it");
        cite(&made, file.source(), index, "the index");
        const Value& since = file.root["unassigned_info"]["reason"];
        if (since.exists()) cite(&made, file.source(), since, "why it has no node");
        lack(&made, "the attributes and the disks of the nodes");
      });
}

}  // namespace carrel
