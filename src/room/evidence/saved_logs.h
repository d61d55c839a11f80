// Logs that lie in the bundle as the answers of a log store. Sources: Grafana Loki's HTTP API,
// /loki/api/v1/query_range: "data"."result" is a list of streams, each with labels and its lines with their
// times; Datadog's, /api/v2/logs/events/search: "data" is a list of events whose "attributes" have message,
// status, timestamp and tags; Elasticsearch's and OpenSearch's, _search: "hits"."hits" is a list of documents
// whose "_source" has message, @timestamp, level and kubernetes, as Filebeat and Fluent Bit write them.
#pragma once

#include <string>
#include <vector>

#include "room/evidence/detect.h"
#include "room/inventory/inventory.h"

namespace carrel {

// What these logs say is wrong, as LogMiner tells it of files; quoted as the file has it, in JSON's escapes.
std::vector<Observation> findings_of_saved_logs(const Inventory& inventory, const std::string& question);

}  // namespace carrel
