// `carrel review` without a run: the page; and `carrel reviewers`: who may decide on it.
#include <cstdio>
#include <filesystem>
#include <iostream>
#include <map>
#include <memory>
#include <mutex>

#include <unistd.h>

#include "base/json_writer.h"
#include "base/text.h"
#include "crypto/key.h"
#include "crypto/passphrase.h"
#include "host/cli/find_run.h"
#include "host/cli/print.h"
#include "host/cli/record_commands.h"
#include "host/http/guard.h"
#include "host/page/page.h"
#include "host/review/reviewers.h"
#include "record/exit_status.h"

namespace carrel {
namespace {

// The keys of sealed ledgers, each asked for once: a page opens ledgers as it needs them, and nobody sits at
// the terminal then.
class KeptKeys {
 public:
  explicit KeptKeys(const Desk& desk) : desk_(desk) {}

  // Nothing to ask with: the ledger stays locked.
  KeySource source(const std::string& tenant) {
    const bool by_command = !desk_.settings.text("key-command").empty();
    if (!by_command && desk_.settings.text("tenant") != tenant) return {};
    return [this, tenant](KeyUse use, const Salt& salt) -> Result<std::optional<SecretKey>> {
      const std::lock_guard lock(mutex_);
      auto held = keys_.find(tenant);
      if (held == keys_.end()) {
        auto key = key_source(desk_, tenant)(use, salt);
        if (!key || !*key) return key;
        held = keys_.emplace(tenant, std::move(**key)).first;
      }
      SecretKey copy;
      std::copy_n(held->second.data(), SecretKey::size(), copy.data());
      return std::optional(std::move(copy));
    };
  }

 private:
  const Desk& desk_;
  std::mutex mutex_;
  std::map<std::string, SecretKey> keys_;
};

void tell_link(const Desk& desk, const std::string& link) {
  if (desk.json) {
    JsonLine json;
    json.text("link", link);
    print("{}", json.finish());
  } else {
    print("Open {}\nIt works once, within ten minutes. Ctrl-C ends the page.\n", link);
  }
  std::fflush(stdout);
}

// A password that is not typed comes on stdin, as one line.
Result<std::string> new_password(const std::string& name) {
  if (::isatty(0) == 1) {
    const auto typed = ask_new_passphrase("Password of " + name + ": ", "give the password on stdin");
    if (!typed) return typed.error();
    return std::string(typed->text());
  }
  std::string line;
  std::getline(std::cin, line);
  return line;
}

}  // namespace

int page_command(const Desk& desk, const ReviewArguments& arguments) {
  PageOptions options;
  options.data = desk.data_folder();
  if (options.data.empty())
    return tell({Code::usage, "there is no folder for the ledger", "set HOME, or name one with --data"});
  auto rooms = desk.rooms_folder();
  if (!rooms) return tell(rooms.error());
  options.rooms = std::move(*rooms);
  options.address = arguments.listen;
  options.port = arguments.port;
  options.version = CARREL_VERSION;
  options.tenant = desk.settings.text("tenant");
  if (!arguments.cases.empty()) {
    std::error_code error;
    options.cases = std::filesystem::absolute(arguments.cases, error);
  }
  options.settings = desk.settings;
  KeptKeys keys(desk);
  options.key = [&](const std::string& tenant) { return keys.source(tenant); };
  options.bundle_key = [&] { return bundle_key(desk); };
  options.playbook = [&](const std::string& title) { return playbook_named(desk, title); };
  options.ready = [&](const std::string& link) { tell_link(desk, link); };
  // A passphrase is asked for while somebody is there to type it.
  if (!options.tenant.empty()) {
    auto ledger = Ledger::open_existing(options.data, options.tenant);
    if (!ledger) return tell(ledger.error());
    if (Status opened = ledger->unlock(options.key(options.tenant)); !opened) return tell(opened.error());
  }
  if (!is_loopback(options.address) && !desk.quiet) {
    std::fprintf(stderr,
                 "carrel: %s can be reached from other machines, and what they read is not encrypted\n",
                 escape_for_terminal(options.address).c_str());
  }
  Status served = serve_page(options, stop_requested);
  return served ? exit_status::passed : tell(served.error());
}

int reviewers_list_command(const Desk& desk) {
  auto names = reviewers(desk.data_folder());
  if (!names) return tell(names.error());
  if (desk.json) {
    JsonPage json;
    json.list("reviewers", *names, [&](const std::string& name) { json.text(name); });
    print("{}", json.finish());
    return exit_status::passed;
  }
  for (const std::string& name : *names) print("{}\n", escape_for_terminal(name));
  if (names->empty()) print("There is no reviewer yet. `carrel reviewers add NAME` makes one.\n");
  return exit_status::passed;
}

int reviewers_add_command(const Desk& desk, const std::string& name) {
  auto password = new_password(name);
  if (!password) return tell(password.error());
  Status added = add_reviewer(desk.data_folder(), name, *password);
  wipe(*password);
  if (!added) return tell(added.error());
  print("{} may decide on the page of `carrel review`\n", escape_for_terminal(name));
  return exit_status::passed;
}

int reviewers_remove_command(const Desk& desk, const std::string& name) {
  if (Status removed = remove_reviewer(desk.data_folder(), name); !removed) return tell(removed.error());
  print("{} may not decide any more; what was decided stays\n", escape_for_terminal(name));
  return exit_status::passed;
}

}  // namespace carrel
