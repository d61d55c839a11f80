#include "host/cli/find_run.h"

#include <array>
#include <cerrno>
#include <cstdio>
#include <cstdlib>

#include <fcntl.h>
#include <fmt/format.h>
#include <spawn.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/fd.h"
#include "base/text.h"
#include "crypto/envelope.h"
#include "crypto/key_file.h"
#include "crypto/passphrase.h"
#include "host/flow/replay.h"

namespace carrel {
namespace {

// Runs the user's own command in a shell, with the tenant's name in its environment, and takes its output.
Result<std::string> output_of(const std::string& command, const std::string& tenant) {
  std::array<int, 2> ends{};
  if (::pipe2(ends.data(), O_CLOEXEC) != 0) return errno_error("cannot make a pipe");
  Fd reading(ends[0]);
  Fd writing(ends[1]);
  const std::string named = "CARREL_TENANT=" + tenant;
  std::vector<char*> environment;
  for (char** variable = environ; *variable != nullptr; ++variable) {
    if (std::string_view(*variable).starts_with("CARREL_TENANT=")) continue;
    environment.push_back(*variable);
  }
  environment.push_back(const_cast<char*>(named.c_str()));
  environment.push_back(nullptr);
  const char* words[] = {"sh", "-c", command.c_str(), nullptr};
  posix_spawn_file_actions_t actions;
  ::posix_spawn_file_actions_init(&actions);
  ::posix_spawn_file_actions_adddup2(&actions, writing.get(), 1);
  pid_t child = -1;
  const int problem = ::posix_spawn(&child, "/bin/sh", &actions, nullptr, const_cast<char* const*>(words),
                                    environment.data());
  ::posix_spawn_file_actions_destroy(&actions);
  writing.reset();
  if (problem != 0) return Error{Code::machine, "the key command could not be started", ""};
  auto output = read_all(reading.get(), key_file_bytes);
  reading.reset();  // one that says more than a key has is not waited for until it has said all
  int status = 0;
  while (::waitpid(child, &status, 0) < 0) {
    if (errno != EINTR) return errno_error("cannot wait for the key command");
  }
  if (!output || !WIFEXITED(status) || WEXITSTATUS(status) != 0) {
    return Error{Code::usage, "the key command gave no key", "run it by itself and see what it says"};
  }
  return output;
}

Result<SecretKey> key_of_asked(const std::string& tenant, KeyUse use, const Salt& salt) {
  constexpr std::string_view instead = "name a command that prints the key with --key-command";
  const std::string question = fmt::format("Passphrase of tenant {}: ", tenant);
  const auto passphrase =
      use == KeyUse::make ? ask_new_passphrase(question, instead) : ask_passphrase(question, instead);
  if (!passphrase) return passphrase.error();
  return key_of_passphrase(passphrase->text(), salt);
}

}  // namespace

Result<Playbook> playbook_named(const Desk& desk, const std::string& title) {
  auto folder = desk.playbook_folder(title.substr(0, title.rfind('@')));
  if (!folder) return folder.error();
  return load_playbook(*folder, setting_mistake);
}

Result<std::vector<std::string>> tenants_of(const Desk& desk) {
  const std::string& named = desk.settings.text("tenant");
  if (named.empty()) return Ledger::tenants(desk.data_folder());
  return std::vector<std::string>{named};
}

bool wants_key(const Desk& desk) {
  return !desk.settings.text("key-command").empty() || desk.settings.truth("passphrase");
}

Result<std::string> bundle_key(const Desk& desk) {
  const std::string& file = desk.settings.text("key");
  const std::string& command = desk.settings.text("bundle-key-command");
  if (file.empty() && command.empty()) return std::string();
  if (!file.empty()) {
    const auto keys = read_key_file(file, recipient_keys_of_text);
    if (!keys) return keys.error();
    return recipient_secret_text(keys->secret);
  }
  auto text = output_of(command, desk.settings.text("tenant"));
  if (!text) return text.error();
  auto keys = recipient_keys_of_text(*text);
  wipe(*text);
  if (!keys) return std::move(keys.error()).in("the bundle's key command");
  return recipient_secret_text(keys->secret);
}

KeySource key_source(const Desk& desk, const std::string& tenant) {
  const std::string command = desk.settings.text("key-command");
  const bool ask = desk.settings.truth("passphrase");
  return [command, ask, tenant](KeyUse use, const Salt& salt) -> Result<std::optional<SecretKey>> {
    if (!command.empty()) {
      auto text = output_of(command, tenant);
      if (!text) return text.error();
      auto key = key_of_text(*text);
      wipe(*text);
      if (!key) return std::move(key.error()).in("the key command");
      return std::optional(std::move(*key));
    }
    if (use == KeyUse::make && !ask) return std::optional<SecretKey>();
    auto key = key_of_asked(tenant, use, salt);
    if (!key) return key.error();
    return std::optional(std::move(*key));
  };
}

Result<Ledger> open_unlocked(const Desk& desk, const std::string& tenant) {
  auto ledger = Ledger::open_existing(desk.data_folder(), tenant);
  if (!ledger) return ledger;
  if (Status opened = ledger->unlock(key_source(desk, tenant)); !opened) return opened.error();
  return ledger;
}

Result<Ledger> open_for_list(const Desk& desk, const std::string& tenant) {
  auto ledger = Ledger::open_existing(desk.data_folder(), tenant);
  if (!ledger || !ledger->locked() || desk.settings.text("key-command").empty()) return ledger;
  if (Status opened = ledger->unlock(key_source(desk, tenant)); !opened) return opened.error();
  return ledger;
}

Result<HeldRun> find_run(const Desk& desk, const std::string& id) {
  std::vector<HeldRun> found;
  bool all_read = true;
  auto tenants = tenants_of(desk);
  if (!tenants) return tenants.error();
  for (const std::string& tenant : *tenants) {
    auto ledger = Ledger::open_existing(desk.data_folder(), tenant);
    if (!ledger && ledger.error().code == Code::usage) return ledger.error();
    auto rows = ledger ? ledger->find_all(id, 2) : ledger.error();
    if (!rows) {
      tell(std::move(rows.error()).in("tenant " + tenant));
      all_read = false;
      continue;
    }
    if (rows->empty()) {
      // Whoever asks by the whole id hears that there was one.
      if (auto purged = ledger->was_purged(id); purged && *purged)
        return Error{Code::usage, fmt::format("run {} of tenant {} was purged", id, tenant), ""};
    }
    if (rows->size() > 1)
      return Error{Code::usage, "more than one run begins with " + id, "give more of its id"};
    if (!rows->empty()) found.push_back({std::move(*ledger), std::move(rows->front())});
  }
  if (found.size() == 1) {
    HeldRun& run = found.front();
    if (!run.ledger.locked()) return std::move(run);
    // Only now is it known whose key is needed; what was sealed of the row is read again.
    if (Status opened = run.ledger.unlock(key_source(desk, run.row.tenant)); !opened) return opened.error();
    auto again = run.ledger.find_all(run.row.id, 1);
    if (!again) return again.error();
    if (!again->empty()) run.row = std::move(again->front());
    return std::move(run);
  }
  if (!found.empty()) {
    std::vector<std::string> owners;
    for (const HeldRun& each : found) owners.push_back(each.row.tenant);
    return Error{
        Code::usage,
        fmt::format("more than one run begins with {}: of the tenants {}", id, fmt::join(owners, ", ")),
        "give more of its id, or the tenant with --tenant"};
  }
  if (!all_read) {
    return Error{Code::machine, fmt::format("no run {} is in the ledgers that could be read", id), ""};
  }
  return Error{Code::usage, "there is no run " + id, "`carrel runs` lists them"};
}

Result<RunRequest> request_of(const Desk& desk, const RunRow& run, const std::string& input,
                              const std::string& place) {
  auto rooms = desk.rooms_folder();
  if (!rooms) return rooms.error();
  auto playbook = playbook_named(desk, run.playbook);
  if (!playbook) return playbook.error();
  const bool named = desk.settings.source("model") == Source::flag;
  auto request = replay_request(run, std::move(*playbook), desk.settings, *rooms,
                                {input, named ? desk.settings.text("model") : "", place});
  if (!request) return request;
  auto key = bundle_key(desk);
  if (!key) return key.error();
  request->key = std::move(*key);
  return request;
}

}  // namespace carrel
