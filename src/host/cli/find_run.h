// Where the commands look for runs: in the ledger of the tenant that was named, or in all; and where the keys
// of sealed ledgers come from.
#pragma once

#include <string>
#include <vector>

#include "host/cli/cli.h"
#include "host/flow/run.h"
#include "host/ledger/ledger.h"
#include "host/playbook/playbook.h"

namespace carrel {

// The tenants to look at: the one that was named, or all.
Result<std::vector<std::string>> tenants_of(const Desk& desk);

// The tenant's key: what --key-command prints ("carrel-key-1:…"), or made from a passphrase that is asked for
// at the terminal, for a ledger that has one, or is to have one (--passphrase).
KeySource key_source(const Desk& desk, const std::string& tenant);

// What opens a sealed bundle: the line in the file of --key, or what --bundle-key-command prints; empty where
// neither is set. It goes to the rooms that read the bundle and is written nowhere.
Result<std::string> bundle_key(const Desk& desk);

// True where the settings want a new ledger to be sealed.
bool wants_key(const Desk& desk);

// The ledger of a tenant that has one, unlocked where it is sealed.
Result<Ledger> open_unlocked(const Desk& desk, const std::string& tenant);

// The same for a list: nobody is asked for a passphrase, so that what is sealed may stay locked.
Result<Ledger> open_for_list(const Desk& desk, const std::string& tenant);

struct HeldRun {
  Ledger ledger;  // unlocked
  RunRow row;
};

// The playbook of a run, by its title ("k8s-triage@3"), as it is now.
Result<Playbook> playbook_named(const Desk& desk, const std::string& title);

// The one run with this id, or whose id begins with it, among all tenants. A ledger that cannot be read is
// told and does not keep the others from being looked at.
Result<HeldRun> find_run(const Desk& desk, const std::string& id);

// The request that does a run again (host/flow/replay.h), with the playbook as it is now and what opens its
// bundle. `input`: where the bundle is now; empty: where it was. A model that was named by a flag stands for
// the recorded one, which may have moved.
Result<RunRequest> request_of(const Desk& desk, const RunRow& run, const std::string& input,
                              const std::string& place);

}  // namespace carrel
