// What is kept, as a user sees it: verified, searched, purged, sealed, on a disk that cannot be written.
#include <filesystem>
#include <fstream>

#include <gmock/gmock.h>
#include <unistd.h>

#include "program.h"

namespace carrel::e2e {
namespace {

using testing::HasSubstr;
using testing::Not;

class LedgerOfRecords : public Scratch {
 protected:
  std::string triage(std::vector<std::string> more = {}) {
    std::vector<std::string> arguments = {"triage", example, "--json", "-q", "--tenant", "acme"};
    arguments.insert(arguments.end(), more.begin(), more.end());
    const Outcome outcome = carrel(arguments);
    EXPECT_EQ(outcome.status, 0) << outcome.err;
    return outcome.status == 0 ? json_of(outcome)["run"].GetString() : "";
  }
  std::string ledger() const { return folder_ + "/.local/share/carrel/tenants/acme"; }
};

TEST_F(LedgerOfRecords, IsVerifiedSearchedAndPurged) {
  EXPECT_THAT(carrel({"ledger", "verify"}).out, HasSubstr("There is no ledger yet"));
  const std::string first = triage();
  const std::string second = triage();
  const auto sound = json_of(carrel({"ledger", "verify", "--json"}));
  ASSERT_EQ(sound["ledgers"].Size(), 1u);
  EXPECT_TRUE(sound["ledgers"][0]["sound"].GetBool());
  EXPECT_EQ(sound["ledgers"][0]["entries"].GetInt(), 5);
  EXPECT_EQ(sound["ledgers"][0]["troubles"].Size(), 0u);

  const auto found = json_of(carrel({"search", "fast-ssd", "storageclass", "--json"}));
  ASSERT_EQ(found["found"].Size(), 2u);
  EXPECT_STREQ(found["found"][0]["run"].GetString(), second.c_str());
  EXPECT_THAT(found["found"][0]["excerpt"].GetString(), HasSubstr("fast-ssd"));
  EXPECT_EQ(carrel({"search", "xylophone"}).status, 3);

  EXPECT_EQ(carrel({"purge"}).status, 2);
  EXPECT_EQ(carrel({"purge", "--older-than", "soon"}).status, 2);
  EXPECT_THAT(carrel({"purge", "--older-than", "1h"}).out, HasSubstr("Nothing is to be purged."));
  const Outcome purged = carrel({"purge", "--run", first});
  EXPECT_EQ(purged.status, 0) << purged.err;
  EXPECT_THAT(purged.out, HasSubstr("purged " + first));
  EXPECT_EQ(carrel({"show", first}).status, 2);
  EXPECT_EQ(carrel({"show", second}).status, 0);
  EXPECT_EQ(carrel({"ledger", "verify"}).status, 0);
  EXPECT_EQ(carrel({"purge", "--tenant", "acme"}).status, 0);
  EXPECT_TRUE(std::filesystem::is_empty(ledger() + "/running"));
  EXPECT_THAT(carrel({"ledger", "verify"}).out, HasSubstr("0 runs, 2 purged, 0 objects"));

  std::ofstream(ledger() + "/ledger.db", std::ios::in | std::ios::out).seekp(8192) << std::string(64, 'x');
  const Outcome broken = carrel({"ledger", "verify"});
  EXPECT_EQ(broken.status, 7);
  EXPECT_THAT(broken.out + broken.err, HasSubstr("malformed"));
}

TEST_F(LedgerOfRecords, IsPurgedOfAllTenantsOnlyWhereThatIsSaid) {
  const std::string run = triage();
  for (int i = 0; i < 2; ++i) carrel({"triage", example, "-q"});
  const Outcome several = carrel({"purge", "--older-than", "0d", "--yes"});
  EXPECT_EQ(several.status, 2);
  EXPECT_THAT(several.err, HasSubstr("that is to purge 3 runs and evaluations of 3 tenants"));
  EXPECT_THAT(several.err, HasSubstr("--all-tenants"));
  const Outcome nobody = carrel({"purge", "--older-than", "0d", "--all-tenants"});
  EXPECT_EQ(nobody.status, 2);
  EXPECT_THAT(nobody.err, HasSubstr("--yes"));
  EXPECT_EQ(carrel({"purge", "--tenant", "acme", "--all-tenants"}).status, 2);
  EXPECT_THAT(carrel({"purge", "--older-than", "0d", "--dry-run"}).out,
              HasSubstr("would purge " + run + " of acme"));
  EXPECT_EQ(json_of(carrel({"purge", "--older-than", "0d", "--dry-run", "--json"}))["tenants"].Size(), 3u);
  EXPECT_EQ(json_of(carrel({"runs", "--json"})).Size(), 3u);
  // Somebody at a terminal is asked, whatever was named.
  const std::string at_terminal = "script -qec '" CARREL " purge --tenant acme' /dev/null";
  const Outcome no = this->run({"sh", "-c", "echo n | " + at_terminal});
  EXPECT_EQ(no.status, 130) << no.out;
  EXPECT_THAT(no.out, HasSubstr("purge 1 runs and evaluations of 1 tenants? [y/N]"));
  EXPECT_EQ(json_of(carrel({"runs", "--json"})).Size(), 3u);
  EXPECT_EQ(this->run({"sh", "-c", "echo y | " + at_terminal}).status, 0);
  const Outcome all = carrel({"purge", "--older-than", "0d", "--all-tenants", "--yes"});
  EXPECT_EQ(all.status, 0) << all.err;
  EXPECT_THAT(all.out, Not(HasSubstr("acme")));  // it had nothing more
  EXPECT_THAT(all.out, HasSubstr("and the tenant, which had no other"));
  EXPECT_EQ(carrel({"ledger", "verify"}).status, 0);
}

TEST_F(LedgerOfRecords, IsMissedByTheHomeIndexAndMissesIt) {
  triage();
  carrel({"triage", example, "--json", "-q", "--tenant", "bolt"});
  EXPECT_EQ(carrel({"ledger", "verify"}).status, 0);
  std::filesystem::remove_all(ledger() + "/../bolt");
  const Outcome gone = carrel({"ledger", "verify"});
  EXPECT_EQ(gone.status, 7);
  EXPECT_THAT(gone.out, HasSubstr("acme  sound"));
  EXPECT_THAT(gone.out, HasSubstr("which no tenant has: a whole ledger was taken away"));
  EXPECT_EQ(json_of(carrel({"ledger", "verify", "--json"}))["chains_without_ledger"].Size(), 1u);
  EXPECT_EQ(carrel({"ledger", "verify", "--tenant", "acme"}).status, 0);
  std::filesystem::remove(ledger() + "/../../home.db");
  const Outcome unknown = carrel({"ledger", "verify"});
  EXPECT_EQ(unknown.status, 7);
  EXPECT_THAT(unknown.out, HasSubstr("the home index (home.db) does not know this chain"));
}

TEST_F(LedgerOfRecords, IsSealedWithTheKeyOfACommand) {
  const Outcome key = carrel({"ledger", "key"});
  const std::string path = file("acme.key", key.out);
  const std::string command = "cat $HOME/$CARREL_TENANT.key";
  const std::string run = triage({"--key-command", command});
  for (const auto& entry : std::filesystem::recursive_directory_iterator(folder_ + "/.local")) {
    if (entry.is_regular_file()) {
      EXPECT_THAT(read(entry.path()), Not(HasSubstr("fast-ssd"))) << entry.path();
    }
  }
  const Outcome locked = carrel({"show", run});
  EXPECT_EQ(locked.status, 2);
  EXPECT_THAT(locked.err, HasSubstr("--key-command"));
  EXPECT_THAT(carrel({"runs"}).out, HasSubstr("(sealed)"));
  EXPECT_EQ(carrel({"ledger", "verify"}).status, 0);
  EXPECT_THAT(carrel({"show", run, "--key-command", command}).out, HasSubstr("fast-ssd"));
  EXPECT_THAT(carrel({"runs", "--key-command", command}).out, HasSubstr(example));
  EXPECT_EQ(carrel({"search", "fast-ssd", "--tenant", "acme", "--key-command", command}).status, 0);
  EXPECT_EQ(carrel({"search", "fast-ssd", "--tenant", "acme"}).status, 2);
  // Who looks through all tenants finds what is open, and hears once of what is not.
  const Outcome unsearched = carrel({"search", "fast-ssd"});
  EXPECT_EQ(unsearched.status, 3);
  EXPECT_THAT(unsearched.err, HasSubstr("1 sealed ledgers were not searched"));
  carrel({"triage", example, "-q"});
  const Outcome some = carrel({"search", "fast-ssd", "--json"});
  EXPECT_EQ(some.status, 0);
  EXPECT_EQ(json_of(some)["found"].Size(), 1u);
  EXPECT_EQ(json_of(some)["sealed_ledgers_not_searched"].GetInt(), 1);
  EXPECT_EQ(carrel({"search", ""}).err.find("tenant"), std::string::npos);
  EXPECT_EQ(carrel({"search", " "}).status, 2);
  EXPECT_EQ(carrel({"triage", example, "--tenant", "acme"}).status, 2);
  // A command that fails, prints something else, or prints another key.
  for (const char* wrong :
       {"exit 1", "echo hello", "yes", "echo carrel-key-1:AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA="})
    EXPECT_EQ(carrel({"show", run, "--key-command", wrong}).status == 0, false) << wrong;
  // What was begun without a key is not written to with one.
  carrel({"triage", example, "--tenant", "open"});
  const Outcome open = carrel({"triage", example, "--tenant", "open", "--key-command", "cat $HOME/acme.key"});
  EXPECT_EQ(open.status, 2);
  EXPECT_THAT(open.err, HasSubstr("made without a key"));
}

TEST_F(LedgerOfRecords, CanBeReadWhereNothingCanBeWritten) {
  const std::string run = triage();
  std::vector<std::string> words = {"unshare", "--mount"};
  if (::geteuid() != 0) words.insert(words.end(), {"--user", "--map-root-user"});
  const std::string script =
      "mount --bind \"$HOME/.local\" \"$HOME/.local\" && mount -o remount,ro,bind \"$HOME/.local\" && "
      "for c in 'show " +
      run +
      "' runs 'ledger verify' 'search fast-ssd'; do " CARREL " $c > /dev/null || exit 9; done; exec " CARREL
      " triage " +
      example + " --tenant acme -q";
  words.insert(words.end(), {"sh", "-c", script});
  const Outcome outcome = this->run(words);
  EXPECT_EQ(outcome.status, 7) << outcome.err;
  EXPECT_THAT(outcome.err, HasSubstr("Read-only file system"));
  EXPECT_THAT(outcome.err, HasSubstr("--data"));
}

TEST_F(LedgerOfRecords, ADiskThatFillsUpTakesNoRunThatWasGiven) {
  std::vector<std::string> words = {"unshare", "--mount"};
  if (::geteuid() != 0) words.insert(words.end(), {"--user", "--map-root-user"});
  const std::string script =
      "mkdir $HOME/data && mount -t tmpfs -o size=1500k tmpfs $HOME/data || exit 90\n"
      "there() { " CARREL
      " \"$@\" --tenant acme --data $HOME/data; }\n"
      "given=0; while there triage " +
      example +
      " -q --json > $HOME/out 2> $HOME/err; do given=$((given + 1)); [ $given -lt 100 ] || exit 91; done\n"
      "mount -o remount,size=64m $HOME/data && there ledger verify >&2 || exit 92\n"
      "echo $given $(there runs -n 1000 --json | grep -c '\"finished\"')";
  words.insert(words.end(), {"sh", "-c", script});
  const Outcome outcome = run(words);
  EXPECT_EQ(outcome.status, 0) << outcome.err;
  EXPECT_THAT(read(folder_ + "/err"), HasSubstr("free some space"));
  EXPECT_EQ(read(folder_ + "/out"), "");
  const auto space = outcome.out.find(' ');
  ASSERT_NE(space, std::string::npos);
  EXPECT_GT(std::stoi(outcome.out), 0);
  EXPECT_EQ(std::stoi(outcome.out), std::stoi(outcome.out.substr(space)));
}

TEST_F(LedgerOfRecords, TakesTwoWritersAtOnce) {
  std::string script;
  for (int i = 0; i < 6; ++i)
    script += CARREL " triage " + example + " -q --json --tenant acme > /dev/null & ";
  const Outcome outcome = run({"bash", "-c", script + "for job in $(jobs -p); do wait $job || exit 1; done"});
  EXPECT_EQ(outcome.status, 0) << outcome.err;
  EXPECT_EQ(json_of(carrel({"runs", "--json"})).Size(), 6u);
  EXPECT_EQ(carrel({"ledger", "verify"}).status, 0);
}

}  // namespace
}  // namespace carrel::e2e
