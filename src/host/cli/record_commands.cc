#include "host/cli/record_commands.h"

#include <algorithm>
#include <cstdio>
#include <memory>
#include <string>

#include <CLI/CLI.hpp>
#include <fmt/format.h>

#include "base/json_writer.h"
#include "base/text.h"
#include "command_line/command_line.h"
#include "host/cli/find_run.h"
#include "host/cli/print.h"
#include "host/ledger/home_index.h"
#include "host/ledger/ledger.h"
#include "host/report/terminal.h"
#include "record/exit_status.h"

namespace carrel {
namespace {

constexpr const char* trace_examples = R"(
From a run to what its claims stand on: each citation with the lines around it, the digest of its file and of the
bundle, and why the line was chosen. Or back, from a line of a bundle to the claims that cite it.

Examples:
  carrel trace 20260102-030405-9f3a61
  carrel trace 20260102-030405-9f3a61 0
  carrel trace cluster-resources/pvcs/platform.json:28 --tenant acme

Exit status: 0 found, 3 no claim cites the line, 2 usage, 7 a ledger cannot be read.)";

constexpr const char* diff_examples = R"(
What is different between two runs: first what went in, then the claims, the outcome, the bundles where they are
two, and speed. In texts that changed the words are marked. A path is a bundle: it is triaged without a model first.

Examples:
  carrel diff 20260102-030405 20260103-091500
  carrel diff before.tar.gz after.tar.gz --tenant acme
  carrel diff 20260102-030405 20260103-091500 --json | jq .claims

Exit status: 0 the reports are the same, 3 they differ, 2 usage, 4 bad input, 7 this machine.)";

constexpr const char* replay_examples = R"(
Does a run again from its record: the bundle, the playbook, the model and each setting as they were. The new run is
kept too. Says that the two are identical, or what differs first and then how the report does.

Examples:
  carrel replay 20260102-030405-9f3a61
  carrel replay 20260102-030405 --input /mnt/bundles/customer-123.tar.gz

Exit status: 0 identical, 3 something differs, 2 usage, 4 bad input, 6 a room was refused, 7 this machine.)";

constexpr const char* export_examples = R"(
Writes a run to the standard output: a page that opens from the disk with the evidence in it, the record as JSON,
Markdown, or a tar with all of them and the objects. With --reply: the reply, from the accepted claims alone.

Examples:
  carrel export 20260102-030405 --html > report.html
  carrel export 20260102-030405 --reply > reply.md
  carrel export 20260102-030405 --tar | tar -tf -)";

constexpr const char* review_examples = R"(
Without a run it serves the review page to browsers of this machine, by a link that works once; `carrel reviewers
add NAME` says who may decide on it. With one it keeps a decision on a report, or with --claim on one claim of it: who
decided what, when and why.

Examples:
  carrel review
  carrel review --tenant acme --cases old-incidents/ --port 8100
  carrel review --list --failed
  carrel review 20260102-030405 accept --reviewer jo
  carrel review 20260102-030405 reject --claim 2 --reason "that command restarts it" --reviewer jo
  carrel review 20260102-030405 edit --text "The class is called premium-ssd." --reason renamed --reviewer jo
  carrel review 20260102-030405 case --cases old-incidents/

Exit status: 0 done, 2 usage, 4 bad input, 7 this machine.)";

constexpr const char* reviewers_examples = R"(
Whoever decides on the review page signs in with a name and a password, of which a hash is kept (Argon2id). The
decisions bear the name.

Examples:
  carrel reviewers add jo
  carrel reviewers list --json
  carrel reviewers remove jo

Exit status: 0 done, 2 usage, 7 this machine.)";

constexpr const char* verify_examples = R"(
Walks the chain of each tenant's ledger from its first entry: every entry is signed and follows from the one
before, every row and every object is what its entry says, and the newest entry is the one the home index knows.
Where the index does not know a chain it cannot be told whether its end is here; where no tenant has a chain that
the index knows, a whole ledger was taken away. A sealed ledger needs no key for this.

Examples:
  carrel ledger verify
  carrel ledger verify --tenant acme --json | jq '.ledgers[].troubles'

Exit status: 0 every ledger is sound, 7 one is not or cannot be read, 2 usage.)";

constexpr const char* key_examples = R"(
The key seals the ledger of a tenant whose first run is made with it. It is kept nowhere: print it into the
secret store that --key-command reads.

Example:
  carrel ledger key | pass insert -m carrel/acme
  carrel triage customer-123.tar.gz --tenant acme --key-command 'pass show carrel/$CARREL_TENANT')";

constexpr const char* search_examples = R"(
Finds the runs in which all the words stand: in their questions, causes, evidence and replies. A word with a star
at its end stands for all that begin so.

Examples:
  carrel search ImagePullBackOff
  carrel search fast-ssd provision* --tenant acme --json

Exit status: 0 some were found, 3 none, 2 usage, 7 a ledger cannot be read.)";

constexpr const char* purge_examples = R"(
Removes the data of runs and evaluations for good: rows, words, objects, and the copies of older schemas. The
chain keeps that they were there, and that they were purged. A running run keeps its tenant from being purged. At a
terminal it asks first; elsewhere what names neither a run nor a tenant needs --yes. Of a run without a tenant the ledger
goes too.

Examples:
  carrel purge --run 20260102-030405-9f3a61
  carrel purge --tenant acme --older-than 2w
  carrel purge --tenant acme                   # all of its runs
  carrel purge --older-than 90d --all-tenants --dry-run
  carrel purge --older-than 90d --all-tenants --yes

Exit status: 0 done, 2 usage or a run is going on, 7 this machine, 130 the answer was no.)";

// ---- verify ----

void print_audit(const std::string& tenant, const LedgerAudit& audit) {
  print("{}  {}: {} entries, {} runs, {} purged, {} objects ({}){}\n", tenant,
        audit.sound() ? "sound" : "BROKEN", human_count(audit.entries), human_count(audit.runs),
        human_count(audit.purged), human_count(audit.objects), human_bytes(audit.object_bytes),
        audit.sealed ? ", sealed" : "");
  for (const LedgerTrouble& trouble : audit.troubles) {
    print("  {}  {}{}\n", trouble.broken ? "broken" : "note  ",
          trouble.entry > 0 ? fmt::format("entry {} ", trouble.entry) : "",
          escape_for_terminal(trouble.what));
  }
  print("  chain {}, head {}\n", audit.chain, audit.head);
}

void write_audit(JsonPage& json, const std::string& tenant, const LedgerAudit& audit) {
  json.object([&] {
    json.text("tenant", tenant);
    json.flag("sound", audit.sound());
    json.text("chain", audit.chain);
    json.text("head", audit.head);
    json.count("entries", audit.entries);
    json.count("runs", audit.runs);
    json.count("purged", audit.purged);
    json.count("objects", audit.objects);
    json.count("object_bytes", audit.object_bytes);
    json.flag("sealed", audit.sealed);
    json.list("troubles", audit.troubles, [&](const LedgerTrouble& trouble) {
      json.object([&] {
        json.flag("broken", trouble.broken);
        json.count("entry", static_cast<std::uint64_t>(trouble.entry));
        json.text("what", trouble.what);
      });
    });
  });
}

int verify_command(const Desk& desk) {
  int status = exit_status::passed;
  std::vector<std::pair<std::string, LedgerAudit>> audits;
  // The index first: a ledger that is made meanwhile is in neither.
  const auto chains = indexed_chains(desk.data_folder());
  if (!chains) status = tell(chains.error());
  auto tenants = tenants_of(desk);
  if (!tenants) return tell(tenants.error());
  for (const std::string& tenant : *tenants) {
    auto ledger = Ledger::open_existing(desk.data_folder(), tenant);
    auto audit = ledger ? ledger->verify() : ledger.error();
    if (!audit) {
      if (audit.error().code == Code::usage) return tell(audit.error());
      status = tell(std::move(audit.error()).in("tenant " + tenant));
      continue;
    }
    if (!audit->sound()) status = exit_status::machine;
    if (!desk.json) print_audit(tenant, *audit);
    audits.emplace_back(tenant, std::move(*audit));
  }
  // Whose a chain is can be told only where every ledger was read.
  std::vector<std::string> gone;
  if (chains && desk.settings.text("tenant").empty() && audits.size() == tenants->size()) gone = *chains;
  std::erase_if(gone, [&](const std::string& chain) {
    return std::any_of(audits.begin(), audits.end(),
                       [&](const auto& audited) { return audited.second.chain == chain; });
  });
  if (!gone.empty()) status = exit_status::machine;
  if (desk.json) {
    JsonPage json;
    json.list("ledgers", audits, [&](const auto& each) { write_audit(json, each.first, each.second); });
    json.list("chains_without_ledger", gone, [&](const std::string& chain) { json.text(chain); });
    print("{}", json.finish());
    return status;
  }
  for (const std::string& chain : gone)
    print("home.db  BROKEN: it knows chain {}, which no tenant has: a whole ledger was taken away\n", chain);
  if (audits.empty() && status == exit_status::passed) {
    print("There is no ledger yet. `carrel triage BUNDLE` makes the first one.\n");
  }
  return status;
}

int key_command(const Desk&) {
  if (Status ready = prepare_crypto(); !ready) return tell(ready.error());
  std::string text = key_text(random_key());
  print("{}\n", text);
  wipe(text);
  return exit_status::passed;
}

// ---- search ----

void print_found(const FoundRun& found) {
  print("{}  {}  {}\n    {}\n", found.run.id,
        escape_for_terminal(found.run.verdict.empty() ? to_string(found.run.state) : found.run.verdict),
        escape_for_terminal(found.run.input), escape_for_terminal(found.excerpt));
}

int search_command(const Desk& desk, const std::string& words, std::size_t most) {
  int status = exit_status::passed;
  std::vector<FoundRun> all;
  std::size_t sealed = 0;
  // One who looks through all tenants is asked for no key: what is sealed is told as not searched.
  const bool has_key = !desk.settings.text("tenant").empty() || !desk.settings.text("key-command").empty();
  auto tenants = tenants_of(desk);
  if (!tenants) return tell(tenants.error());
  for (const std::string& tenant : *tenants) {
    auto ledger = has_key ? open_unlocked(desk, tenant) : Ledger::open_existing(desk.data_folder(), tenant);
    if (ledger && ledger->locked()) {
      ++sealed;
      continue;
    }
    auto found = ledger ? ledger->search(words, most) : ledger.error();
    if (!found) {
      if (found.error().code == Code::usage) return tell(found.error());
      status = tell(std::move(found.error()).in("tenant " + tenant));
      continue;
    }
    for (FoundRun& run : *found) all.push_back(std::move(run));
  }
  if (sealed > 0) {
    std::fprintf(
        stderr,
        "carrel: %zu sealed ledgers were not searched\n  name a tenant with --tenant, or give the keys "
        "with --key-command\n",
        sealed);
  }
  std::sort(all.begin(), all.end(),
            [](const FoundRun& a, const FoundRun& b) { return place_of(a.run) > place_of(b.run); });
  if (all.size() > most) all.resize(most);
  if (desk.json) {
    JsonPage json;
    json.list("found", all, [&](const FoundRun& found) {
      json.object([&] {
        json.text("run", found.run.id);
        json.text("tenant", found.run.tenant);
        json.text("started_at", found.run.started_at);
        json.text("input", found.run.input);
        json.text("verdict", found.run.verdict);
        json.text("excerpt", found.excerpt);
      });
    });
    json.count("sealed_ledgers_not_searched", sealed);
    print("{}", json.finish());
  } else {
    for (const FoundRun& found : all) print_found(found);
    if (all.empty() && status == exit_status::passed) print("No run holds all of these words.\n");
  }
  return all.empty() && status == exit_status::passed ? exit_status::checks_failed : status;
}

}  // namespace

CLI::App* RecordCommands::add(CLI::App& app, const char* name, const char* meaning, const char* examples,
                              Command command) {
  CLI::App* added = app.add_subcommand(name, meaning);
  added->footer(examples);
  common_(added);
  commands_.emplace_back(added, std::move(command));
  return added;
}

RecordCommands::RecordCommands(CLI::App& app, const std::function<void(CLI::App*)>& common)
    : common_(common) {
  CLI::App* ledger = app.add_subcommand("ledger", "Verify what is kept, or make a key to seal it with");
  ledger->require_subcommand(1);
  add(*ledger, "verify", "Find any change, gap or damage in the ledgers", verify_examples, verify_command);
  CLI::App* key = add(*ledger, "key", "Print a new key for a tenant's ledger", key_examples, key_command);
  key->remove_option(key->get_option("--json"));  // a key is one line whatever is asked for

  const auto words = std::make_shared<std::vector<std::string>>();
  const auto most = std::make_shared<std::size_t>(20);
  CLI::App* search =
      add(app, "search", "Find runs by the words in them", search_examples, [=](const Desk& desk) {
        return search_command(desk, fmt::format("{}", fmt::join(*words, " ")), *most);
      });
  not_empty(search->add_option("WORDS", *words, "all of them must be there"))->required();
  search->add_option("-n,--limit", *most, "most runs")->check(CLI::Range(1, 100000))->capture_default_str();

  const auto wish = std::make_shared<PurgeArguments>();
  CLI::App* purge = add(app, "purge", "Remove the data of runs for good", purge_examples,
                        [=](const Desk& desk) { return purge_command(desk, *wish); });
  not_empty(purge->add_option("--run", wish->run, "this run: its id, or the beginning of it"));
  purge->add_option("--older-than", wish->older_than, "what began longer ago than 12h, 90d, 2w");
  purge->add_flag("--all-tenants", wish->all_tenants, "of all tenants, where none is named");
  purge->add_flag("--dry-run", wish->dry_run, "list what would go, and remove nothing");
  purge->add_flag("-y,--yes", wish->yes, "do not ask");

  const auto trace = std::make_shared<TraceArguments>();
  CLI::App* traced = add(app, "trace", "Show what a run's claims stand on, or which claims cite a line",
                         trace_examples, [=](const Desk& desk) { return trace_command(desk, *trace); });
  not_empty(traced->add_option("WHAT", trace->what, "a run's id, or FILE:LINE of a bundle"))->required();
  traced->add_option("CLAIM", trace->claim, "the number of one claim");

  const auto compared = std::make_shared<DiffArguments>();
  CLI::App* diff = add(app, "diff", "Tell two runs or two bundles apart", diff_examples,
                       [=](const Desk& desk) { return diff_command(desk, *compared); });
  not_empty(diff->add_option("A", compared->a, "a run's id, or a bundle"))->required();
  not_empty(diff->add_option("B", compared->b, "another"))->required();

  const auto again = std::make_shared<ReplayArguments>();
  CLI::App* replay = add(app, "replay", "Do a run again from its record, and compare", replay_examples,
                         [=](const Desk& desk) { return replay_command(desk, *again); });
  not_empty(replay->add_option("RUN", again->run, "its id, or the beginning of it"))->required();
  replay->add_option("--input", again->input, "where the bundle is now");

  const auto out = std::make_shared<ExportArguments>();
  CLI::App* exported = add(app, "export", "Write a run as HTML, JSON, Markdown or a tar", export_examples,
                           [=](const Desk& desk) { return export_command(desk, *out); });
  not_empty(exported->add_option("RUN", out->run, "its id, or the beginning of it"))->required();
  exported->add_flag("--html", out->html, "one page with the evidence in it");
  exported->add_flag("--md", out->markdown, "Markdown");
  exported->add_flag("--tar", out->tar, "a tar with all of it");
  exported->add_flag("--reply", out->reply, "the reply as Markdown, from the accepted claims");

  const auto decided = std::make_shared<ReviewArguments>();
  CLI::App* review = add(app, "review", "Serve the review page, or decide on a report", review_examples,
                         [=](const Desk& desk) { return review_command(desk, *decided); });
  CLI::Option* run = not_empty(review->add_option(
      "RUN", decided->run, "its id, or the beginning of it; without one, the page is served"));
  review->add_option("DECISION", decided->decision, "accept, edit, reject; or case, of a correction");
  review->add_option("--claim", decided->claim, "one claim, by the number that `carrel trace RUN` shows")
      ->needs(run);
  review->add_option("--reason", decided->reason, "why; an edit and a rejection have one")->needs(run);
  review->add_option("--text", decided->text, "of an edit: what the claim should say")->needs(run);
  review->add_option("--reviewer", decided->reviewer, "who decides")->needs(run);
  review->add_option("--cases", decided->cases, "of a case, and for the page: the folder of cases");
  review
      ->add_option("--must", decided->must,
                   "of a case: an expression that a right cause matches; may be repeated")
      ->needs(run);
  review->add_option("-n,--limit", decided->most, "of the list: most runs")->check(CLI::Range(1, 100000));
  review->add_flag("--list", decided->list, "print what waits for a decision");
  review->add_flag("--failed", decided->failed_only, "of the list: where a check failed")->needs("--list");
  review->add_option("--port", decided->port, "of the page; 0: any that is free")->capture_default_str();
  review->add_option("--listen", decided->listen, "of the page: the address")->capture_default_str();

  CLI::App* reviewers =
      app.add_subcommand("reviewers", "List, add or remove those who may decide on the review page");
  reviewers->require_subcommand(1);
  const auto reviewer = std::make_shared<std::string>();
  add(*reviewers, "list", "Their names", reviewers_examples, reviewers_list_command);
  for (CLI::App* changed :
       {add(*reviewers, "add", "Add one, or give one another password; asks for it, or reads a line of stdin",
            reviewers_examples, [=](const Desk& desk) { return reviewers_add_command(desk, *reviewer); }),
        add(*reviewers, "remove", "Remove one; what was decided stays", reviewers_examples,
            [=](const Desk& desk) { return reviewers_remove_command(desk, *reviewer); })}) {
    changed->add_option("NAME", *reviewer, "who")->required();
  }
}

std::optional<int> RecordCommands::run(const Desk& desk) const {
  for (const auto& [app, command] : commands_) {
    if (app->parsed()) return command(desk);
  }
  return std::nullopt;
}

}  // namespace carrel
