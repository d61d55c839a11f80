#include "incidents/words.h"

#include <fmt/format.h>

namespace carrel::incidents {
namespace {

const Words& training() {
  static const Words words = {
      {"orders",    "cart",      "checkout",  "billing",   "invoices", "catalog",  "search",       "pricing",
       "inventory", "shipping",  "returns",   "loyalty",   "coupons",  "ledger",   "payouts",      "accounts",
       "profile",   "identity",  "sessions",  "tokens",    "mailer",   "notify",   "reports",      "exports",
       "imports",   "media",     "thumbs",    "transcode", "playlist", "comments", "ratings",      "feeds",
       "geocoder",  "routing",   "fleet",     "telemetry", "devices",  "firmware", "alarms",       "meters",
       "tariffs",   "contracts", "claims",    "policies",  "quotes",   "patients", "appointments", "labs",
       "grades",    "courses",   "exams",     "tickets",   "seats",    "venues",   "bookings",     "rooms",
       "audit",     "workflow",  "approvals", "templates"},
      {"-api", "-svc", "-server", "", "-app", "-core", "-web"},
      {"vor", "li", "ta", "mek", "su", "dan", "pel", "ro", "xi", "bra", "kon", "fe"},
      {"shop",      "platform",  "payments", "core",      "prod-eu",   "retail",     "telecom",
       "erp",       "streaming", "clinic",   "campus",    "staging-2", "tenant-red", "logistics",
       "field-ops", "data-hub",  "insure",   "ticketing", "apps-prod", "backoffice"},
      {"example.com", "acme.example", "northwind.example", "contoso.example", "umbra.example",
       "hub.example.net", "bluefin.example", "orchard.example", "stellar.example.org", "lumen.example"},
      {"worker-{0}", "ip-10-0-{0}-17.internal", "node{0}", "prod-worker-{1}", "rke2-agent-{0}"},
      {"postgres", "db", "postgresql", "orders-db", "pg-main"},
      {"redis", "cache", "redis-main", "session-cache"},
      {"kafka", "broker", "rabbitmq", "events-broker"},
      {"web", "frontend", "gateway", "www"},
      {"DATABASE_URL", "DB_PASSWORD", "REDIS_ADDR", "JWT_SECRET", "SMTP_HOST", "API_BASE_URL", "S3_BUCKET",
       "KAFKA_BROKERS", "SESSION_KEY", "LICENSE_KEY", "OAUTH_CLIENT_ID", "STRIPE_KEY", "TENANT_ID",
       "LOG_TARGET", "CACHE_TTL", "FEATURE_SET"},
      {"listen-addr", "max-workers", "enable-cache", "log-format", "data-dir", "http-port", "read-only",
       "shard-count"},
      {"customers", "order_items", "payments", "shipments", "price_list", "audit_log", "sessions", "events",
       "invoice_lines", "stock_moves"},
      {"/healthz", "/readyz", "/health", "/api/health", "/status", "/ping"},
      {"OrderService", "PaymentGateway", "CatalogLoader", "SessionStore", "InvoiceWriter", "StockCache",
       "PriceEngine", "MailQueue"},
      {"/var/lib/app", "/data", "/srv/uploads", "/var/cache/app", "/opt/app/state"},
      {"fast-ssd", "standard", "gp3", "local-path", "nfs-client", "ceph-rbd", "premium"},
      {"blue", "checkout-team", "batch", "general", "infra", "ml", "gpu-pool", "critical"}};
  return words;
}

const Words& testing() {
  static const Words words = {
      {"parcels",    "harbor",      "customs",   "manifests", "pallets",   "cranes",    "tides",
       "berths",     "recipes",     "menus",     "kitchen",   "couriers",  "reviews",   "wallet",
       "escrow",     "remit",       "forex",     "brokerage", "custody",   "margins",   "settlement",
       "scoring",    "underwriter", "beacons",   "sensors",   "turbines",  "gridops",   "outages",
       "substation", "forecast",    "dispatch",  "curtail",   "translate", "glossary",  "captions",
       "subtitles",  "podcasts",    "newsroom",  "archive",   "paywall",   "pharmacy",  "triage-desk",
       "vitals",     "imaging",     "wards",     "dosage",    "referrals", "consent",   "timetable",
       "platforms",  "signals",     "wagons",    "fares",     "turnstile", "lostfound", "depots",
       "surveys",    "ballots",     "petitions", "permits"},
      {"-service", "-backend", "-engine", "-ms", "-node", "-front"},
      {"qua", "zel", "mi", "tor", "hag", "ny", "ub", "sal", "wen", "ig", "cho", "pra"},
      {"maritime",    "foodhall",    "treasury", "gridlab",      "press",      "hospital-a",    "transit",
       "civic",       "zone-west",   "live",     "edge-cluster", "acceptance", "customer-blue", "trading",
       "portal-prod", "warehouse-3", "research", "broadcast",    "utilities",  "public-web"},
      {"seaport.example", "meridian.example", "fjord.example.net", "kestrel.example", "quarry.example.org",
       "tundra.example", "basalt.example.com", "heron.example", "juniper.example.net", "cobalt.example"},
      {"k8s-w{0}", "gke-pool-{1}-{2}", "vm-{0}0{0}", "aks-nodepool-{1}", "talos-{2}"},
      {"pgsql", "main-database", "store-pg", "primary-db", "sqlstore"},
      {"valkey-cache", "kv", "redis-ha", "memstore"},
      {"bus", "stream-broker", "mq", "message-hub"},
      {"edge", "ui", "entry", "public-proxy"},
      {"PG_DSN", "STORE_PASSPHRASE", "CACHE_ENDPOINT", "SIGNING_KEY", "MAIL_RELAY", "UPSTREAM_ORIGIN",
       "BLOB_CONTAINER", "BUS_SERVERS", "COOKIE_SALT", "ENTITLEMENT_CODE", "OIDC_ISSUER", "PSP_TOKEN",
       "REGION_CODE", "TRACE_SINK", "RETENTION_DAYS", "MODE_PROFILE"},
      {"bind", "pool-size", "with-metrics", "output-encoding", "state-path", "grpc-port", "strict-mode",
       "partition-count"},
      {"consignments", "berth_slots", "ledger_entries", "meter_readings", "article_bodies", "dose_records",
       "seat_maps", "ballot_papers", "wallet_moves", "route_legs"},
      {"/live", "/ready", "/-/healthy", "/internal/alive", "/v1/heartbeat", "/up"},
      {"BerthPlanner", "WalletLedger", "MeterIngest", "ArticleIndexer", "DoseChecker", "FareTable",
       "RouteSolver", "ConsentRegistry"},
      {"/var/opt/store", "/mnt/state", "/home/runtime/spool", "/usr/share/store", "/work/blobs"},
      {"tier-gold", "block-nvme", "zonal-disk", "longhorn-r3", "efs-shared", "rook-block", "hdd-bulk"},
      {"violet", "harbour-crew", "nightly", "shared", "platform-eng", "vision", "accel-pool", "essential"}};
  return words;
}

}  // namespace

std::string filled(const std::string& phrase, const std::vector<std::string>& values) {
  std::string out;
  for (std::size_t at = 0; at < phrase.size(); ++at) {
    const bool slot = phrase[at] == '{' && at + 2 < phrase.size() && phrase[at + 2] == '}' &&
                      phrase[at + 1] >= '0' && phrase[at + 1] <= '9';
    const std::size_t index = slot ? static_cast<std::size_t>(phrase[at + 1] - '0') : 0;
    if (!slot || index >= values.size()) {
      out += phrase[at];
      continue;
    }
    out += values[index];
    at += 2;
  }
  return out;
}

std::string split_name(Split split) {
  return split == Split::train ? "train" : split == Split::test ? "test" : "unknown";
}

const Words& words_of(Split split) {
  return split == Split::train ? training() : testing();
}

std::vector<std::string> all_words(const Words& words) {
  std::vector<std::string> all;
  for (const auto* some :
       {&words.things, &words.endings, &words.syllables, &words.spaces, &words.domains, &words.node_forms,
        &words.databases, &words.caches, &words.brokers, &words.proxies, &words.keys, &words.flags,
        &words.tables, &words.routes, &words.classes, &words.folders, &words.storage, &words.teams}) {
    for (const std::string& word : *some) {
      if (!word.empty()) all.push_back(word);
    }
  }
  return all;
}

std::string Namer::fresh(const std::string& name) {
  std::string one = name;
  for (int number = 2; !used_.insert(one).second; ++number) one = fmt::format("{}-{}", name, number);
  return one;
}

std::string Namer::service() {
  std::string name = random_->chance(25) ? invented(random_->between(2, 3)) : random_->pick(words_.things);
  return fresh(name + random_->pick(words_.endings));
}

std::string Namer::space() {
  const bool plain = random_->chance(75);
  return fresh(plain ? random_->pick(words_.spaces) : invented(2) + "-" + random_->pick(words_.things));
}

std::string Namer::component(const std::vector<std::string>& names) {
  return fresh(random_->chance(20) ? invented(2) + "-" + random_->pick(names) : random_->pick(names));
}

std::string Namer::node(int number, const std::string& form) {
  return fresh(filled(form, {std::to_string(number), random_->hex(6), random_->suffix(5)}));
}

std::string Namer::invented(int syllables) {
  std::string name;
  for (int i = 0; i < syllables; ++i) name += random_->pick(words_.syllables);
  return name;
}

}  // namespace carrel::incidents
