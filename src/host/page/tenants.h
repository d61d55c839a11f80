// The ledgers of all tenants, kept open between requests. A Ledger is for one thread at a time: whoever looks
// into one has it alone until it is done. Thread-safe.
#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "base/result.h"
#include "host/ledger/ledger.h"

namespace carrel {

class Tenants {
 public:
  using KeyOf = std::function<KeySource(const std::string& tenant)>;

  // `only`: one tenant alone; empty: all that have a ledger below `data`.
  Tenants(std::string data, std::string only, KeyOf key);

  // A tenant's ledger, held alone for as long as this lives.
  class Lease {
   public:
    Ledger& operator*() const { return *held_->ledger; }
    Ledger* operator->() const { return &*held_->ledger; }
    // For whoever is done with it before this ends; it is not looked into after.
    void give_back() { lock_.unlock(); }

   private:
    friend class Tenants;
    struct Held {
      std::mutex mutex;
      std::optional<Ledger> ledger;
    };
    explicit Lease(std::shared_ptr<Held> held) : held_(std::move(held)), lock_(held_->mutex) {}
    std::shared_ptr<Held> held_;
    std::unique_lock<std::mutex> lock_;
  };

  Result<std::vector<std::string>> names() const;

  // Unlocked where there is a key for it; else it is locked. Errors: those of Ledger::open_existing, and of a
  // key that is wrong.
  Result<Lease> open(const std::string& tenant);

  struct HeldRun {
    Lease ledger;
    RunRow row;
  };
  // The run with this whole id; nothing where no ledger that can be read has it.
  std::optional<HeldRun> find(const std::string& run);

 private:
  static constexpr std::size_t most_open = 64, most_places = 10'000;

  std::optional<HeldRun> find_in(const std::string& tenant, const std::string& run);

  std::string data_, only_;
  KeyOf key_;
  std::mutex mutex_;
  std::map<std::string, std::pair<std::uint64_t, std::shared_ptr<Lease::Held>>>
      open_;  // with when it was used
  std::uint64_t uses_ = 0;
  std::map<std::string, std::string> places_;  // of runs: their tenants
};

}  // namespace carrel
