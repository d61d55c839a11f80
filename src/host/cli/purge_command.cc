// `carrel purge`: what would go is listed first, then asked about, then removed.
#include <charconv>
#include <chrono>
#include <cstdio>
#include <iostream>

#include <fmt/format.h>
#include <unistd.h>

#include "base/json_writer.h"
#include "base/text.h"
#include "host/cli/find_run.h"
#include "host/cli/print.h"
#include "host/cli/record_commands.h"
#include "host/ledger/chain.h"
#include "host/report/terminal.h"
#include "record/exit_status.h"

namespace carrel {
namespace {

// "90d" and the like, before now, as the ledger writes times.
Result<std::string> time_before(const std::string& age) {
  std::int64_t count = 0;
  const char* end = age.data() + age.size();
  const auto [rest, error] = std::from_chars(age.data(), end, count);
  const char unit = rest + 1 == end ? *rest : ' ';
  const std::int64_t hours = unit == 'h' ? 1 : unit == 'd' ? 24 : unit == 'w' ? 7 * 24 : 0;
  if (error != std::errc() || hours == 0 || count < 0 || count > 100'000) {
    return Error{Code::usage, fmt::format("\"{}\" is no age", escape_for_terminal(age)),
                 "write a number with h, d or w behind it: 90d"};
  }
  return ledger_time(std::chrono::system_clock::now() - std::chrono::hours(count * hours));
}

struct Concerned {
  std::string tenant;
  std::vector<std::string> subjects;  // ids of runs and evaluations
};

// What a purge is of, and who is concerned. A tenant that was named is, even where only leftovers can go.
struct Plan {
  PurgeWish wish;
  std::vector<std::string> tenants;
  bool named = false;  // a run, or a tenant
};

Result<Plan> plan_of(const Desk& desk, const PurgeArguments& arguments) {
  const bool tenant_by_flag = desk.settings.source("tenant") == Source::flag;
  if (arguments.run.empty() && arguments.older_than.empty() && !arguments.all_tenants && !tenant_by_flag) {
    return Error{Code::usage, "it is not said what to purge",
                 "name a run with --run, an age with --older-than, or a tenant with --tenant"};
  }
  Plan plan;
  plan.named = !arguments.run.empty() || !desk.settings.text("tenant").empty();
  if (plan.named && arguments.all_tenants)
    return Error{Code::usage, "all tenants cannot be purged where a run or a tenant is named", ""};
  auto tenants = tenants_of(desk);
  if (!tenants) return tenants.error();
  plan.tenants = std::move(*tenants);
  if (!arguments.run.empty()) {
    auto found = find_run(desk, arguments.run);
    if (!found) return found.error();
    plan.wish.subject = found->row.id;
    plan.wish.reason = "--run";
    plan.tenants = {found->row.tenant};
  }
  if (!arguments.older_than.empty()) {
    auto before = time_before(arguments.older_than);
    if (!before) return before.error();
    plan.wish.before = std::move(*before);
    plan.wish.reason += (plan.wish.reason.empty() ? "" : " ") + ("--older-than " + arguments.older_than);
  }
  if (plan.wish.reason.empty()) plan.wish.reason = arguments.all_tenants ? "--all-tenants" : "--tenant";
  return plan;
}

// Without any key: ids are in the clear.
std::vector<Concerned> look(const Desk& desk, const Plan& plan, int* status) {
  std::vector<Concerned> all;
  for (const std::string& tenant : plan.tenants) {
    auto ledger = Ledger::open_existing(desk.data_folder(), tenant);
    auto subjects = ledger ? ledger->to_purge(plan.wish) : ledger.error();
    if (!subjects) {
      *status = tell(std::move(subjects.error()).in("tenant " + tenant));
    } else if (plan.named || !subjects->empty()) {
      all.push_back({tenant, std::move(*subjects)});
    }
  }
  return all;
}

// What is gone is gone: whoever sits at the terminal is asked once, and nobody's data goes by a forgotten
// flag.
Status may_purge(const PurgeArguments& arguments, bool named, std::size_t runs, std::size_t tenants) {
  const std::string what = fmt::format("{} runs and evaluations of {} tenants", human_count(runs), tenants);
  if (tenants > 1 && !named && !arguments.all_tenants) {
    return Error{Code::usage, "that is to purge " + what,
                 "say so with --all-tenants, or name one with --tenant; --dry-run lists them"};
  }
  if (arguments.yes || runs == 0) return {};
  if (::isatty(0) != 1 || ::isatty(2) != 1) {
    if (named) return {};
    return Error{Code::usage, "nobody can be asked whether to purge " + what, "say so with --yes"};
  }
  std::fprintf(stderr, "purge %s? [y/N] ", what.c_str());
  std::string answer;
  std::getline(std::cin, answer);
  if (answer == "y" || answer == "Y" || answer == "yes") return {};
  return Error{Code::interrupted, "nothing was purged", ""};
}

void write_purged(JsonPage& json, const std::string& tenant, const Purged& purged) {
  json.object([&] {
    json.text("tenant", tenant);
    json.list("purged", purged.subjects, [&](const std::string& id) { json.text(id); });
    json.count("objects", purged.objects);
    json.count("bytes", purged.bytes);
    json.list("backups", purged.backups, [&](const std::string& path) { json.text(path); });
    json.flag("tenant_removed", purged.tenant_removed);
  });
}

void print_purged(const std::string& tenant, const Purged& purged) {
  for (const std::string& id : purged.subjects) print("purged {}\n", id);
  for (const std::string& path : purged.backups) print("removed {}\n", escape_for_terminal(path));
  print("{}: {} runs and evaluations purged, {} objects removed ({}){}\n", tenant,
        human_count(purged.subjects.size()), human_count(purged.objects), human_bytes(purged.bytes),
        purged.tenant_removed ? ", and the tenant, which had no other" : "");
}

void list_concerned(const Desk& desk, const std::vector<Concerned>& all) {
  if (desk.json) {
    JsonPage json;
    json.list("tenants", all, [&](const Concerned& each) {
      json.object([&] {
        json.text("tenant", each.tenant);
        json.list("would_purge", each.subjects, [&](const std::string& id) { json.text(id); });
      });
    });
    print("{}", json.finish());
    return;
  }
  for (const Concerned& each : all) {
    for (const std::string& id : each.subjects) print("would purge {} of {}\n", id, each.tenant);
  }
}

}  // namespace

int purge_command(const Desk& desk, const PurgeArguments& arguments) {
  auto plan = plan_of(desk, arguments);
  if (!plan) return tell(plan.error());
  int status = exit_status::passed;
  const std::vector<Concerned> concerned = look(desk, *plan, &status);
  std::size_t runs = 0;
  for (const Concerned& each : concerned) runs += each.subjects.size();
  if (runs == 0 && status == exit_status::passed && !desk.json) print("Nothing is to be purged.\n");
  if (arguments.dry_run) {
    list_concerned(desk, concerned);
    return status;
  }
  if (Status may = may_purge(arguments, plan->named, runs, concerned.size()); !may) return tell(may.error());
  std::vector<std::pair<std::string, Purged>> all;
  for (const Concerned& each : concerned) {
    auto ledger = open_unlocked(desk, each.tenant);
    auto purged = ledger ? ledger->purge(plan->wish) : ledger.error();
    if (!purged) {
      status = tell(std::move(purged.error()).in("tenant " + each.tenant));
      continue;
    }
    const bool any = !purged->subjects.empty() || purged->objects > 0 || !purged->backups.empty();
    if (!desk.json && any) print_purged(each.tenant, *purged);
    all.emplace_back(each.tenant, std::move(*purged));
  }
  if (desk.json) {
    JsonPage json;
    json.list("tenants", all, [&](const auto& each) { write_purged(json, each.first, each.second); });
    print("{}", json.finish());
  }
  return status;
}

}  // namespace carrel
