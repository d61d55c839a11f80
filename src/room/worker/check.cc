#include "room/worker/check.h"

#include <map>
#include <set>
#include <string>
#include <tuple>
#include <utility>

#include "room/bundle/read.h"
#include "room/worker/citation.h"
#include "room/worker/lookup.h"
#include "room/worker/surroundings.h"

namespace carrel {
namespace {

// How many distinct objects of the kind there are now. The kind is cleared where no listing says that all
// were there.
Searched recount(const Inventory& inventory, const std::vector<Searched>& listings, const Searched& claimed) {
  for (const Searched& listing : listings) {
    if (listing.kind == claimed.kind && listing.space == claimed.space) return listing;
  }
  Searched counted{"", claimed.space, 0};
  std::set<std::string> names;
  for (const Object* object : inventory.of(claimed.kind)) {
    if (object->space == claimed.space) names.insert(object->name);
  }
  counted.count = static_cast<std::uint32_t>(names.size());
  if (inventory.lists_all(claimed.kind, claimed.space)) counted.kind = claimed.kind;
  return counted;
}

std::vector<Name> find_names(const Inventory& inventory, const std::vector<Name>& claimed) {
  std::map<std::tuple<std::string, std::string, std::string>, bool> present;
  if (!claimed.empty()) {
    for (const Name& name : inventory.names()) present[{name.kind, name.space, name.name}] = name.present;
  }
  std::vector<Name> found;
  found.reserve(claimed.size());
  for (Name name : claimed) {
    const auto entry = present.find({name.kind, name.space, name.name});
    name.present = entry != present.end() && entry->second;
    if (entry == present.end()) name.kind.clear();
    found.push_back(std::move(name));
  }
  return found;
}

// Pours into two sinks.
class BothSinks final : public LineSink {
 public:
  BothSinks(LineSink& first, LineSink& second) : first_(first), second_(second) {}
  void begin(const TextFile& file) override {
    first_.begin(file);
    second_.begin(file);
  }
  void add(std::string_view bytes) override {
    first_.add(bytes);
    second_.add(bytes);
  }
  void end() override {
    first_.end();
    second_.end();
  }

 private:
  LineSink& first_;
  LineSink& second_;
};

}  // namespace

Result<CheckResult> check_room(int bundle_fd, const CheckJob& job,
                               const std::function<void(std::uint64_t)>& progress) {
  Inventory inventory;
  CitationCheck citations(job.citations);
  SurroundingLines surroundings(job.citations, job.around);
  LookupCheck lookups(job.lookups);
  BothSinks of_lines(citations, surroundings);
  BothSinks sinks(of_lines, lookups);
  BundleOptions options;
  options.name = job.bundle_name;
  options.packed_bytes = job.packed_bytes;
  options.key = job.key;
  options.limits = job.limits;
  options.kubernetes = job.kubernetes;
  options.progress = progress;
  auto summary = read_bundle(bundle_fd, options, &inventory, &sinks);
  if (!summary) return summary.error();

  CheckResult result;
  result.citations = citations.results();
  if (job.around > 0) result.surroundings = surroundings.take();
  result.seen = lookups.results();
  const std::vector<Searched> listings = inventory.searched();
  for (const Searched& claimed : job.searched)
    result.searched.push_back(recount(inventory, listings, claimed));
  result.names = find_names(inventory, job.names);
  return result;
}

}  // namespace carrel
