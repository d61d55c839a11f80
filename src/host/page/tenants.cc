#include "host/page/tenants.h"

#include <algorithm>

namespace carrel {

Tenants::Tenants(std::string data, std::string only, KeyOf key)
    : data_(std::move(data)), only_(std::move(only)), key_(std::move(key)) {}

Result<std::vector<std::string>> Tenants::names() const {
  auto all = Ledger::tenants(data_);
  if (all && !only_.empty()) std::erase_if(*all, [&](const std::string& name) { return name != only_; });
  return all;
}

Result<Tenants::Lease> Tenants::open(const std::string& tenant) {
  std::shared_ptr<Lease::Held> held;
  {
    const std::lock_guard lock(mutex_);
    auto& place = open_[tenant];
    if (!place.second) place.second = std::make_shared<Lease::Held>();
    place.first = ++uses_;
    held = place.second;
    if (open_.size() > most_open) {
      // Whoever has it still keeps it until it is done.
      open_.erase(std::min_element(open_.begin(), open_.end(), [](const auto& a, const auto& b) {
        return a.second.first < b.second.first;
      }));
    }
  }
  Lease lease(std::move(held));
  std::optional<Ledger>& ledger = lease.held_->ledger;
  if (!ledger) {
    auto opened = Ledger::open_existing(data_, tenant);
    if (!opened) return opened.error();
    ledger = std::move(*opened);
  }
  if (ledger->locked()) {
    if (const KeySource key = key_(tenant)) {
      if (Status unlocked = ledger->unlock(key); !unlocked) return unlocked.error();
    }
  }
  return lease;
}

std::optional<Tenants::HeldRun> Tenants::find_in(const std::string& tenant, const std::string& run) {
  auto ledger = open(tenant);
  if (!ledger) return std::nullopt;
  auto rows = (*ledger)->find_all(run, 1);
  if (!rows || rows->empty() || rows->front().id != run) return std::nullopt;
  return HeldRun{std::move(*ledger), std::move(rows->front())};
}

std::optional<Tenants::HeldRun> Tenants::find(const std::string& run) {
  std::string place;
  {
    const std::lock_guard lock(mutex_);
    if (const auto known = places_.find(run); known != places_.end()) place = known->second;
  }
  if (!place.empty()) return find_in(place, run);
  const auto tenants = names();
  if (!tenants) return std::nullopt;
  for (const std::string& tenant : *tenants) {
    auto found = find_in(tenant, run);
    if (!found) continue;
    const std::lock_guard lock(mutex_);
    if (places_.size() >= most_places) places_.clear();
    places_[run] = tenant;
    return found;
  }
  return std::nullopt;
}

}  // namespace carrel
