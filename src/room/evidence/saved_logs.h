// Logs that lie in the bundle as the answers of a log store. Source: Grafana Loki's HTTP API,
// /loki/api/v1/query_range: "data"."result" is a list of streams, each with labels and its lines with their
// times.
#pragma once

#include <string>
#include <vector>

#include "room/evidence/detect.h"
#include "room/inventory/inventory.h"

namespace carrel {

// What these logs say is wrong, as LogMiner tells it of files; quoted as the file has it, in JSON's escapes.
std::vector<Observation> findings_of_saved_logs(const Inventory& inventory, const std::string& question);

}  // namespace carrel
