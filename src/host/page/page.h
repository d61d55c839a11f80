// The review page: `carrel review` serves it, with the API that it uses (docs/api/openapi.yaml), to browsers
// that came by a one-time link.
#pragma once

#include <atomic>
#include <cstdint>
#include <functional>
#include <string>

#include "base/result.h"
#include "host/ledger/ledger.h"
#include "host/playbook/playbook.h"
#include "host/settings/settings.h"

namespace carrel {

struct PageOptions {
  std::string address = "127.0.0.1";
  std::uint16_t port = 8095;  // 0: any that is free
  std::string version;        // of Carrel
  std::string data;           // folder of the ledgers
  std::string tenant;         // whose runs are shown alone; empty: all
  std::string cases;          // folder that corrections become cases of; empty: none
  std::string rooms;          // folder with the rooms' roots
  Settings settings;          // of this machine, for runs that are asked again
  // What opens the sealed ledger of a tenant; an empty source leaves it locked. Called on any thread.
  std::function<KeySource(const std::string& tenant)> key;
  std::function<Result<std::string>()> bundle_key;                     // as RunRequest::key
  std::function<Result<Playbook>(const std::string& title)> playbook;  // by "k8s-triage@3"
  std::function<void(const std::string& link)> ready;                  // it listens; the first link
};

// Serves until `stop` is set; runs that go on are stopped then. Errors: an address that is not one to listen
// on, or a port that is taken.
Status serve_page(const PageOptions& options, const std::atomic<bool>& stop);

}  // namespace carrel
