// Opening a ledger: making it, bringing it forward, its chain and its key.
#include <algorithm>
#include <chrono>
#include <filesystem>
#include <thread>

#include <fmt/format.h>
#include <unistd.h>

#include "base/fd.h"
#include "host/ledger/chain.h"
#include "host/ledger/home_index.h"
#include "host/ledger/ledger.h"
#include "host/ledger/objects.h"
#include "host/ledger/schema.h"
#include "host/ledger/statement.h"

namespace carrel {
namespace {

namespace fs = std::filesystem;

constexpr std::chrono::milliseconds longest_wait{10'000};  // for another process that writes

Error not_a_tenant(const std::string& tenant) {
  return {Code::usage, fmt::format("\"{}\" cannot name a tenant", tenant),
          "use 1 to 64 of a-z, 0-9, '-', '_' and '.', beginning with a letter or a digit"};
}

// A database on a disk that cannot be written is read as it lies there. What another process has not merged
// into it yet would be missing, and that is told instead.
Result<std::string> unchanging(const std::string& path) {
  std::error_code error;
  const auto pending = fs::file_size(path + "-wal", error);
  if (!error && pending > 0) {
    return Error{Code::machine, path + " has changes that are not merged yet, and its disk cannot be written",
                 "make the folder writable, or copy it to where it is"};
  }
  std::string uri = "file:";
  for (const char c : fs::absolute(path, error).string()) {
    const bool plain = c != '?' && c != '#' && c != '%';
    uri += plain ? std::string(1, c) : fmt::format("%{:02x}", static_cast<unsigned char>(c));
  }
  return uri + "?immutable=1";
}

// SQLite waits for another writer, but not where the kind of journal is changed: of two that open a new
// ledger at once, one would be refused.
Status choose_journal(sqlite3* database) {
  const auto end = std::chrono::steady_clock::now() + longest_wait;
  for (;;) {
    const Status chosen = execute(database, "PRAGMA journal_mode = WAL");
    const bool busy = !chosen && sqlite3_errcode(database) == SQLITE_BUSY;
    if (!busy || std::chrono::steady_clock::now() >= end) return chosen;
    std::this_thread::sleep_for(std::chrono::milliseconds(5));
  }
}

Result<std::string> meta_text(sqlite3* database, const std::string& name) {
  Statement select(database, "SELECT value FROM meta WHERE name = ?");
  auto row = select.bind(name).step();
  if (!row) return row.error();
  return *row ? std::string(select.bytes(0)) : std::string();
}

Status write_meta(sqlite3* database, const std::string& name, const std::string& value, bool blob) {
  Statement insert(database, "INSERT INTO meta (name, value) VALUES (?, ?)");
  insert.bind(name);
  return blob ? insert.bind_bytes(value).run() : insert.bind(value).run();
}

std::string_view bytes_of(const Salt& salt) {
  return {reinterpret_cast<const char*>(salt.data()), salt.size()};
}

void wipe_text(std::string* text) {
  wipe(*text);
}

Error damaged_meta() {
  return {Code::machine, "the ledger's own keys are damaged", "restore the tenant's folder from a backup"};
}

}  // namespace

bool is_tenant_name(const std::string& name) {
  const auto alphanumeric = [](char c) { return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9'); };
  return !name.empty() && name.size() <= 64 && alphanumeric(name[0]) &&
         std::all_of(name.begin(), name.end(),
                     [&](char c) { return alphanumeric(c) || c == '-' || c == '_' || c == '.'; });
}

Ledger::Ledger(Ledger&& other) noexcept
    : data_(std::move(other.data_)),
      folder_(std::move(other.folder_)),
      tenant_(std::move(other.tenant_)),
      database_(std::exchange(other.database_, nullptr)),
      writable_(other.writable_),
      vault_(std::move(other.vault_)),
      verifying_(other.verifying_),
      signing_(std::move(other.signing_)),
      sharing_(std::move(other.sharing_)),
      locks_(std::move(other.locks_)) {}

Ledger& Ledger::operator=(Ledger&& other) noexcept {
  std::swap(data_, other.data_);
  std::swap(folder_, other.folder_);
  std::swap(tenant_, other.tenant_);
  std::swap(database_, other.database_);
  std::swap(writable_, other.writable_);
  std::swap(vault_, other.vault_);
  std::swap(verifying_, other.verifying_);
  std::swap(signing_, other.signing_);
  std::swap(sharing_, other.sharing_);
  std::swap(locks_, other.locks_);
  return *this;
}

Ledger::~Ledger() {
  sqlite3_close(database_);
}

Result<std::vector<std::string>> Ledger::tenants(const std::string& data) {
  const std::string folder = data + "/tenants";
  std::vector<std::string> names;
  auto any = path_exists(folder);
  if (!any) return any.error();
  if (!*any) return names;
  std::error_code error;
  for (fs::directory_iterator entry(folder, error), end; !error && entry != end; entry.increment(error)) {
    const auto there = path_exists(entry->path() / "ledger.db");
    if (!there || *there) names.push_back(entry->path().filename());
  }
  if (error) return Error{Code::machine, fmt::format("cannot list {}: {}", folder, error.message()), ""};
  std::sort(names.begin(), names.end());
  return names;
}

Result<Ledger> Ledger::open_database(const std::string& data, const std::string& tenant, bool writable) {
  if (Status ready = prepare_crypto(); !ready) return ready.error();
  Ledger ledger;
  ledger.data_ = data;
  ledger.folder_ = data + "/tenants/" + tenant;
  ledger.tenant_ = tenant;
  ledger.writable_ = writable;
  const std::string path = ledger.folder_ + "/ledger.db";
  std::string name = path;
  if (!writable) {
    auto uri = unchanging(path);
    if (!uri) return uri.error();
    name = std::move(*uri);
  }
  const int flags =
      writable ? SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE : SQLITE_OPEN_READONLY | SQLITE_OPEN_URI;
  if (sqlite3_open_v2(name.c_str(), &ledger.database_, flags, nullptr) != SQLITE_OK) {
    return sqlite_error(ledger.database_, "opening " + path);
  }
  sqlite3_busy_timeout(ledger.database_, static_cast<int>(longest_wait.count()));
  if (Status set = writable ? choose_journal(ledger.database_) : Status(); !set)
    return std::move(set.error()).in(path);
  const char* pragmas =
      writable ? "PRAGMA synchronous = FULL; PRAGMA foreign_keys = ON; PRAGMA secure_delete = ON;"
               : "PRAGMA query_only = ON;";
  if (Status set = execute(ledger.database_, pragmas); !set) return std::move(set.error()).in(path);
  return ledger;
}

Result<Ledger> Ledger::open(const std::string& data, const std::string& tenant, const KeySource& key) {
  if (!is_tenant_name(tenant)) return not_a_tenant(tenant);
  for (const char* part : {"", "/objects", "/running"}) {
    if (Status made = make_private_folder(data + "/tenants/" + tenant + part); !made) return made.error();
  }
  auto ledger = open_database(data, tenant, true);
  if (!ledger) return ledger.error();
  const std::string path = ledger->folder_ + "/ledger.db";
  if (Status made = ledger->make(key); !made) return std::move(made.error()).in(path);
  if (Status opened = ledger->unlock(key); !opened) return opened.error();
  if (ledger->locked()) return locked_error();
  return ledger;
}

Result<Ledger> Ledger::open_existing(const std::string& data, const std::string& tenant) {
  if (!is_tenant_name(tenant)) return not_a_tenant(tenant);
  const std::string folder = data + "/tenants/" + tenant;
  auto there = path_exists(folder + "/ledger.db");
  if (!there) return there.error();
  if (!*there) {
    return Error{Code::usage, "there is no tenant " + tenant, "`carrel runs` lists the runs of all tenants"};
  }
  auto ledger = open_database(data, tenant, ::access(folder.c_str(), W_OK) == 0);
  if (!ledger) return ledger;
  if (Status made = ledger->make({}); !made) return std::move(made.error()).in(folder + "/ledger.db");
  return ledger;
}

// The first opener makes the tables; the transaction keeps two first openers apart.
Status Ledger::make(const KeySource& key) {
  auto version = schema_version_of(database_);
  if (!version) return version.error();
  if (*version > ledger_schema_version) {
    return Error{Code::machine,
                 fmt::format("this ledger has schema version {}; this carrel knows {}", *version,
                             ledger_schema_version),
                 "use the newer carrel that wrote it"};
  }
  if (*version == ledger_schema_version) return load_meta();
  if (!writable_) {
    return Error{Code::machine, "this ledger is of an older schema, and its disk cannot be written",
                 "make the folder writable once, so that it can be brought forward"};
  }
  Salt salt = random_salt();
  if (*version == 0 && key) {
    auto secret = key(KeyUse::make, salt);
    if (!secret) return secret.error();
    if (*secret) vault_ = Vault(**secret);
  }
  return migrate(*version, salt);
}

// From nothing, or from an older schema, to today's.
Status Ledger::migrate(int version, const Salt& salt) {
  if (version > 0) {
    auto copy = back_up(database_, folder_ + "/ledger.db", version);
    if (!copy) return copy.error();
  }
  auto transaction = Transaction::begin(database_);
  if (!transaction) return transaction.error();
  auto now = schema_version_of(database_);
  if (!now) return now.error();
  if (*now != version) {  // another process was first
    vault_ = Vault();
    return load_meta();
  }
  if (version == 2) {  // its keys and its chain stay
    if (Status done = migrate_from_2(database_); !done) return done;
    if (Status done = transaction->commit(); !done) return done;
    return load_meta();
  }
  Status done = version == 0 ? make_tables(database_) : migrate_from_1(database_);
  if (done && vault_.sealed()) {
    done = write_meta(database_, "salt", std::string(bytes_of(salt)), true);
    if (done) done = write_meta(database_, "key_check", vault_.key_check(), true);
  }
  if (done) done = make_chain();
  if (done && version > 0) {
    done = append(entry_kind::migration, fmt::format("from schema {}", version));
    if (done) done = chain_old_runs();
  }
  if (done) done = transaction->commit();
  if (done) raise_index();
  return done;
}

// The chain's key, and its first entry, which stands for that key.
Status Ledger::make_chain() {
  SigningKeys keys = random_signing_keys();
  std::string secret = signing_key_text(keys.secret);
  std::string kept = vault_.hide(secret);
  Status written = write_meta(database_, "signing_key", kept, vault_.sealed());
  wipe_text(&secret);
  wipe_text(&kept);
  if (!written) return written;
  if (Status done = write_meta(database_, "verifying_key", verifying_key_text(keys.verifying), false); !done)
    return done;
  verifying_ = keys.verifying;
  signing_ = std::move(keys.secret);
  return append(entry_kind::ledger, chain_id(verifying_));
}

Status Ledger::load_meta() {
  auto verifying = meta_text(database_, "verifying_key");
  auto check = meta_text(database_, "key_check");
  auto secret = meta_text(database_, "signing_key");
  for (const auto* text : {&verifying, &check, &secret}) {
    if (!*text) return text->error();
  }
  auto key = verifying_key_of_text(*verifying);
  if (!key) return damaged_meta();
  verifying_ = *key;
  if (!check->empty()) {
    vault_ = Vault::locked_vault();
    return {};
  }
  auto keys = signing_keys_of_text(*secret);
  wipe_text(&*secret);
  if (!keys || keys->verifying != verifying_) return damaged_meta();
  signing_ = std::move(keys->secret);
  return {};
}

Status Ledger::unlock(const KeySource& key) {
  if (!locked() || !key) return {};
  auto salt_bytes = meta_text(database_, "salt");
  auto check = meta_text(database_, "key_check");
  auto sealed = meta_text(database_, "signing_key");
  for (const auto* text : {&salt_bytes, &check, &sealed}) {
    if (!*text) return text->error();
  }
  Salt salt{};
  if (salt_bytes->size() != salt.size()) return damaged_meta();
  std::copy(salt_bytes->begin(), salt_bytes->end(), salt.begin());
  auto secret = key(KeyUse::open, salt);
  if (!secret) return secret.error();
  if (!*secret) return {};
  Vault vault(**secret);
  if (!vault.fits(*check)) {
    return Error{Code::usage, fmt::format("this is not the key of the ledger of tenant {}", tenant_),
                 "give the key or the passphrase that it was made with"};
  }
  std::string text = vault.reveal(*sealed);
  auto keys = signing_keys_of_text(text);
  wipe_text(&text);
  if (!keys || keys->verifying != verifying_) return damaged_meta();
  vault_ = std::move(vault);
  signing_ = std::move(keys->secret);
  return {};
}

}  // namespace carrel
