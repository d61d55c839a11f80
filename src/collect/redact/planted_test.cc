// Secrets that the project made up, planted in surroundings as they are found in bundles: none comes out.
// A secret stands between « and » in the texts below.
#include <algorithm>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "collect/redact/redactor.h"

namespace carrel {
namespace {

struct Planted {
  std::string text;
  std::vector<std::string> secrets;
};

Planted plant(std::string_view marked) {
  Planted planted;
  const std::string_view open = "«", close = "»";
  for (;;) {
    const std::size_t begin = marked.find(open);
    if (begin == std::string_view::npos) break;
    const std::size_t end = marked.find(close, begin);
    planted.text += marked.substr(0, begin);
    planted.secrets.emplace_back(marked.substr(begin + open.size(), end - begin - open.size()));
    planted.text += planted.secrets.back();
    marked.remove_prefix(end + close.size());
  }
  planted.text += marked;
  return planted;
}

std::string redact_by_default(const std::string& text) {
  static const RedactionPlan plan;
  auto pseudonyms = Pseudonyms::create(false);
  Redactor redactor(plan, &*pseudonyms);
  std::string out;
  redactor.begin("planted");
  redactor.feed(text, &out);
  redactor.finish(&out);
  return out;
}

const std::vector<std::string>& by_hand() {
  static const std::vector<std::string> texts = {
      // Environment variables in JSON, in either order, compact and not, and escaped in a string.
      R"({"name":"AWS_SECRET_ACCESS_KEY","value":"«wJalrXUtnFEMI/K7MDENG/bPxRfiCYzzzzzzzzzz»"})",
      R"({"name":"AWS_ACCESS_KEY_ID","value":"«AKIAZ7QKDM2XPLRW3VQA»"})",
      R"({"name":"AWS_OWNER_ACCOUNT","value":"«492817364501»"})",
      R"({"name":"DB_PASSWORD","value":"«hunter2»"})",
      R"({"value":"«swordfish»","name":"DB_PASSWORD"})",
      R"({"name":"SLACK_TOKEN","value":"«tok-19-ab-fish»"})",
      R"({"name":"DB_USER","value":"«orders_app»"},{"name":"LOG_LEVEL","value":"info"})",
      R"({"name":"POSTGRES_DATABASE","value":"«orders_prod»"})",
      "{\n  \"name\": \"DB_PASSWORD\",\n  \"value\": \"«pa55-w0rd»\"\n}",
      "{\n  \"name\": \"MYSQL_USER\",\n  \"value\": \"«writer_7»\"\n}",
      R"("last-applied":"{\"env\":[{\"name\":\"DB_PASSWORD\",\"value\":\"«esc4ped»\"}]}")",
      R"("twice":"{\"a\":\"{\\\"password\\\":\\\"«tw1ce-escaped»\\\"}\"}")",
      R"(env: [{"name":"API_TOKEN","value":"«a b c d»"}])",
      "- name: DB_PASSWORD\n  value: «correct horse battery»\n- name: MODE\n  value: fast\n",
      "- value: «before-its-name»\n  name: DB_PASSWORD\n",
      "- name: DB_PASSWORD\n  value: '«it''s quoted»'\n",
      "- name: \"REDIS_PASSWORD\"\n  value: \"«r3dis,pass;word»\"\n",
      "<property><name>db.password</name><value>«xml-p4ss»</value></property>",
      "<property>\n  <name>fs.s3a.secret.key</name>\n  <value>«s3a/Secret+Key99»</value>\n</property>",
      // JSON and YAML.
      R"({"password":"«p@ss\"w0rd»","user":"app"})",
      R"({"db":{"password": "«nested-1»", "port": 5432}})",
      R"({"clientSecret":"«cs-8f2k»","clientId":"web"})",
      R"({"tokens":{"refresh_token":"«rt.1.AbCdEf»","expires_in":3600}})",
      R"({"authToken":"«at 99 bottles»"})",
      R"({"X-Api-Key":["«k-1-2-3»","«k-4-5-6»"]})",
      R"({"passphrase" : "«open sesame»"})",
      R"({"password":{"value":"«in-an-object»"}})",
      R"({"password": {"type": "string", "value": "«behind-another»", "x": 1}})",
      "{\n  \"password\": {\n    \"value\": \"«in-lines»\"\n  }\n}\n",
      "password:\n  value: «below-it»\nnext: 1\n",
      "passwords: [«Simple», «other»]\n",
      R"({"passwords": ["«one, or so»", "«two»"]})",
      "passwords:\n- «simple»\n- «another»\n",
      R"({"secretKey":"«u9Yx/71+zz»","accessKey":"«minio-root»"})",
      R"({"private_key_id":"x","private_key":"«-----BEGIN PRIVATE KEY-----\nMIIEvQIBADANBgkqhkiG9w0BAQEFAASCBKcwggSjAgEAAoIBAQC7\nVJTUt9Us8cKj\n-----END PRIVATE KEY-----\n»"})",
      R"({"auths":{"registry.example.com":{"username":"ci","password":"«reg-p4ss»","auth":"«Y2k6cmVnLXA0c3M=»"}}})",
      R"(".dockerconfigjson":"«{\"auths\":{}}xyz»")",
      R"({"pwd":"«/not/a/folder1»"})",
      R"({"key":"db/password","value":"«consul-kept»"})",
      "password: «plain scalar with spaces»\nport: 5432\n",
      "password: \"«double # quoted»\" # the old one\n",
      "password: '«single»'\n",
      "db:\n  password: «indented1» # comment\n  host: db\n",
      "password: |\n  «first line\n  second line»\nnext: 1\n",
      "password: >-\n    «folded\n    twice»\nnext: 1\n",
      "password:\n  «on its own line»\nnext: 1\n",
      "adminPassword: «Hrd8!x»\nexistingSecret: my-secret\n",
      "auth:\n  rootPassword: «root4you»\n  replicationPassword: «rep1icate»\n",
      "token: «xyz-99-token»\n",
      "apiKey: «0123456789abcdef»\n",
      "- secretAccessKey: «abc/DEF+123»\n",
      "passwords:\n- «Zx81Qw72Er63Ty54»\n",
      "oauth:\n  client_secret: «GOCSPX-abcdefghijklmnopqrstuvwxyz12»\n",
      "data: {\"password\": \"«flow-style»\"}\n",
      // Secrets of Kubernetes.
      R"({"apiVersion":"v1","data":{"password":"«aHVudGVyMg==»","username":"«YWRtaW4=»"},"kind":"Secret","metadata":{"name":"db"}})",
      R"({"kind":"SecretList","apiVersion":"v1","metadata":{},"items":[{"metadata":{"name":"a"},"data":{"whatever":"«bm90aGluZw==»"},"type":"Opaque"},{"metadata":{"name":"b"},"data":{"x":"«eA==eQ»"}}]})",
      "apiVersion: v1\ndata:\n  config: «c29tZXRoaW5n»\n  empty: \"\"\nkind: Secret\nmetadata:\n  name: db\n",
      "apiVersion: v1\nkind: Secret\nmetadata:\n  name: db\nstringData:\n  anything: «at all»\n  more: |\n   "
      " «of it\n    in lines»\ntype: Opaque\n---\napiVersion: v1\n",
      "items:\n- apiVersion: v1\n  data:\n    a: «Zmlyc3Q=»\n  kind: Secret\n- apiVersion: v1\n  data:\n    "
      "b: «c2Vjb25k»\n  kind: Secret\n",
      "{\n  \"apiVersion\": \"v1\",\n  \"data\": {\n    \"one\": \"«b25l»\",\n    \"two\": \"«dHdv»\"\n  "
      "},\n  \"kind\": \"Secret\"\n}\n",
      "{\n  \"kind\": \"Secret\",\n  \"metadata\": {\n    \"ownerReferences\": [{\"kind\": \"App\"}]\n  },\n "
      " \"data\": {\n    \"one\": \"«b25lb25l»\"\n  }\n}\n",
      R"("kubectl.kubernetes.io/last-applied-configuration": "{\"apiVersion\":\"v1\",\"data\":{\"p\":\"«cGFzcw==»\"},\"kind\":\"Secret\"}\n")",
      R"({"data":{"release":"«SDRzSUFBQUFBQUFDLytTOWVYZg==»"},"type":"helm.sh/release.v1"})",
      "kind: Secret\nstringData: {password: «in-flow», user: «flow-user»}\n",
      // kubeconfig and certificates.
      "    client-key-data: «LS0tLS1CRUdJTiBSU0EgUFJJVkFURSBLRVktLS0tLQpNSUlFcEFJQkFBS0NBUUVB»\n",
      "  tls.key: «LS0tLS1CRUdJTiBQUklWQVRFIEtFWS0tLS0tCk1JSUV2UUlCQURBTkJn»\n",
      "-----BEGIN RSA PRIVATE KEY-----\n«MIIEowIBAAKCAQEAx1Zq8Fv3Y0kqzj5s\nq1w2e3r4t5y6u7i8o9p0»\n-----END "
      "RSA PRIVATE KEY-----\n",
      "-----BEGIN EC PRIVATE KEY-----\n«Proc-Type: "
      "4,ENCRYPTED\n\nMHcCAQEEIIrYSSNQFaA2Hwf1duRSxKtLYX5CB04fSeQ6tF1aY»\n-----END EC PRIVATE KEY-----\n",
      "    -----BEGIN OPENSSH PRIVATE KEY-----\n    «b3BlbnNzaC1rZXktdjEAAAAABG5vbmUAAAAEbm9uZQAAAAA»\n    "
      "-----END OPENSSH PRIVATE KEY-----\n",
      "-----BEGIN PRIVATE KEY-----\n«MIIEvgIBADANBgkqhkiG9w0BAQEFAASCBKgwggSkAgEAAoIBAQDCutshort»\n",
      "KEY=\"-----BEGIN PRIVATE KEY-----\\n«MIIBVQIBADANBgkqhkiG9w0BAQEFAASCAT8wggE7»\\n-----END PRIVATE "
      "KEY-----\"\n",
      // Tokens known by their look.
      "Authorization: Bearer "
      "«eyJhbGciOiJSUzI1NiIsImtpZCI6IjEifQ.eyJpc3MiOiJrdWJlcm5ldGVzIn0.c2lnbmF0dXJlc2lnbmF0dXJl»\n",
      "time=1 level=info msg=\"got "
      "«eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiIxMjM0NTY3ODkwIn0.dozjgNryP4J3jVmNHl0w5N»\" n=2\n",
      "uploading with «AKIAIOSFODNN7EXAMPLE» to the bucket\n",
      "sts gave «ASIAY34FZKBOKMUTVV7A», valid for an hour\n",
      "maps key «AIzaSyD-9tSrke72PouQMnMX-a7eZSW0jkFMBWY» rejected\n",
      "remote: «ghp_16C7e42F292c6912E7710c838347Ae178B4a» revoked\n",
      "git clone https://«github_pat_11ABCDEFG0abcdefghijkl_mnopqrstuvwxyz»@github.com/x/y\n",
      "curl -H 'PRIVATE-TOKEN: «glpat-xY9_abcdefghijklmnop»' https://git.example.com\n",
      "slack «xoxb-123456789012-abcdefGHIJKL» said invalid_auth\n",
      "posting to https://hooks.slack.com/services/«T00000000/B00000000/XXXXXXXXXXXXXXXXXXXXabcd»\n",
      "stripe: «sk_live_4eC39HqLyjWDarjtT1zdp7dc» is no test key\n",
      "model key «sk-ant-api03-AbCdEfGhIjKlMnOpQrStUvWxYz012345»\n",
      "sendgrid «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»\n",
      "vault token «hvs.CAESIJ8Zz0123456789abcdef» expired\n",
      "hub «hf_AbCdEfGhIjKlMnOpQrStUvWxYz01234567»\n",
      "npm ERR! «npm_abcdefghijklmnopqrstuvwxyz0123456789»\n",
      "hash «$2b$12$EixZaYVK1fsbw1ZfbX3OXePaWxn96p36WQoeG6Lruj3vjPGga31lW» for u1\n",
      "root:«$6$rounds=5000$saltsalt$"
      "IxDD3jeSOb5eB1CX5LBsqZFVkJdido3OUILO5Ifz5iwMuTS4XMS130MTSuDDl3aCI6WouIL9AjRbLCelDCy.g.»:19000:0\n",
      "age «AGE-SECRET-KEY-1QQPQQQQQQQQQQQQQQQQQQQQQQQQQQQQQQQQQQQQQQQQQQQQQQQQQQQQQQQQ»\n",
      // HTTP.
      "> Authorization: Basic «YWRtaW46aHVudGVyMg==»\n",
      "authorization: Token «9944b09199c62bcf9418ad846dd0e4bbdfc6ee4b»\n",
      R"({"headers":{"Authorization":"Bearer «opaque-7f3a9c»","Accept":"*/*"}})",
      R"({"Authorization":["Basic «dXNlcjpwYXNz»"]})",
      "X-Api-Key: «k3y-of-the-api»\n",
      "X-Vault-Token: «s.iyNUhq8Ov4hIAx6snw5mB2nL»\n",
      "Cookie: «session=abc123; csrftoken=def456»\n",
      "Set-Cookie: «sid=s%3Aabc.def; Path=/; HttpOnly»\n",
      "GET /login?user=a&password=«qu3ry»&next=/ HTTP/1.1\n",
      "GET /cb?access_token=«ya-oken-1»&state=2 HTTP/1.1\n",
      "url=\"https://x.blob.core.windows.net/c?sv=2020&sig=«Zx9%2BabcdefghijKLMNOP0123456789%3D»\"\n",
      // URLs and connection strings.
      "DATABASE_URL=postgres://«orders»:«s3cr3t»@«db.customer.example.com»:5432/"
      "«orders_prod»?sslmode=disable\n",
      "dial postgres://«app»:«pa/ss?w#rd»@db:5432/«x1»: refused\n",
      "redis://:«red1s-only»@cache:6379/0\n",
      "amqp://«guest»:«gu%40st»@rabbit.svc:5672/\n",
      "mongodb+srv://«m_user»:«m0ngo@pass»@«cluster0.abc.mongodb.net»/«shop_db»?retryWrites=true\n",
      "fetching https://«bob»:«b0bspass»@repo.example.com/charts/index.yaml\n",
      "\"url\":\"ftp://«up»:«l0ad»@files.example.com/x\"\n",
      "dsn: «root_u»:«my5ql»@tcp(«db.prod.example.com»:3306)/«shop»?parseTime=true\n",
      "Data Source=«sql.corp.example.com»;Initial Catalog=«orders»;User ID=«sa_user»;Password=«Str0ng!»;\n",
      "Server=«tcp:sql9.example.net,1433»;Database=«crm»;Uid=«crm_rw»;Pwd=«c;rm»;Encrypt=yes\n",
      "location=«eu-host.example.org»;x=1\n",
      "DefaultEndpointsProtocol=https;AccountName=acct;AccountKey="
      "«Eby8vdM02xNOcqFlqUwJPLlmEtlCDXJ1OUzFT50uSRZ6IFsuFq2UVErCz4I6tq/K1SZFPTOtr/"
      "KBHBeksoGMGw==»;EndpointSuffix=x\n",
      "Endpoint=sb://x/;SharedAccessKeyName=Root;SharedAccessKey=«abcDEF123456+/=»\n",
      "url=jdbc:oracle:thin:«shop_app»/«0racle»@db\n",
      "jdbc:oracle:thin:«shop_app»/«or@cle»@//db:1521/shop\n",
      "jdbc:postgresql://db:5432/x?user=app&password=«jdbc-p4ss»\n",
      "jdbc:sqlserver://h:1433;databaseName=x;user=sa;password=«sqls3rv»;\n",
      "host=db port=5432 user=app password=«libpq-p4ss» dbname=x\n",
      "host=db user=app password='«libpq quoted»' dbname=x\n",
      // Shells, commands, containers.
      "export DB_PASSWORD=«exp0rted»\n",
      "export TOKEN='«single quoted»'\n",
      "PGPASSWORD=\"«psql pass»\" psql -h db\n",
      "PASSWORD=«rest of the line»\n",
      "ENV API_TOKEN=«in-dockerfile-1»\n",
      "mysqldump --password=«dump3r» --user=root shop\n",
      "tool --api-key «flag-value-1» --verbose\n",
      "tool --token \"«quoted flag»\" x\n",
      R"("args":["--db-password","«arr-arg»","--port","80"])",
      "args:\n- --password\n- «yaml-arg»\n- --port\n",
      R"("Env":["PATH=/usr/bin","DB_PASSWORD=«insp3ct»","A=b"])",
      "curl -u admin:«curl-p4ss» https://x\n",
      "curl -s --user bot:«b0t-p4ss» https://x\n",
      "sshpass -p «ssh-p4ss» ssh host\n",
      "sshpass -p«ssh-4ttached» ssh host\n",
      "mysql -uroot -p«my-4ttached» shop\n",
      "mysqldump -h db -u root -p'«my quoted»' shop\n",
      "docker login -u u -p «d0cker» registry.example\n",
      R"({"args":["mysql","-uroot","-p«in-a-list1»","shop"]})",
      "\"command\": [\n  \"redis-cli\",\n  \"-a\",\n  \"«in-lines 2»\",\n  \"ping\"\n]\n",
      R"(["curl", "-u", "admin:«in-a-list3»", "https://x"])",
      "redis-cli -h cache -a «r3discli» ping\n",
      "openssl enc -aes-256-cbc -k «enc-k3y» -in x\n",
      "      DB_PASSWORD:  «described»\n      API_KEY:      <set to the key 'k' in secret 's'>  Optional: "
      "false\n",
      "docker run -e MYSQL_ROOT_PASSWORD=«runr00t» mysql\n",
      "helm upgrade x --set auth.password=«h3lm-set» --set image.tag=1\n",
      // Properties, INI, TOML, Java, and others.
      "spring.datasource.password=«spr1ng»\nspring.datasource.url=jdbc:x\n",
      "db.password = «with = and spaces»\n",
      "[client]\nuser = x\npassword = «ini p4ss»\n",
      "secret_key = \"«toml-s3cret»\"\n",
      "ssl.keystore.password=«changeit1»\n",
      "javax.net.ssl.trustStorePassword: «ch4ngeit»\n",
      "DataSourceConfig{url=jdbc:x, username=app, password=«java-to-string», pool=5}\n",
      "Caused by: java.sql.SQLException: Access denied (password=«st4ck»)\n",
      "\tat x.Y.connect(Y.java:10) [user=a,token=«tr4ce-tok»]\n",
      "&{Host:db Password:«g0-struct» Port:5432}\n",
      "{'user': 'a', 'password': '«pyth0n»'}\n",
      "%{password: \"«elixir1»\", user: \"a\"}\n",
      "{:password=>\"«ruby1»\", :user=>\"a\"}\n",
      "requirepass «redis-conf-1»\n",
      "masterauth «redis-conf-2»\n",
      "machine x.example.com login bob password «netrc-1»\n",
      "CREATE USER app IDENTIFIED BY '«sql-1»';\n",
      "ALTER ROLE app WITH PASSWORD '«sql-2»';\n",
      "<password>«xml-el»</password>\n",
      "<connection user=\"a\" password=\"«xml-attr»\"/>\n",
      "application.properties: \"db.user=x\\ndb.password=«in-a-string»\\ndb.port=1\\n\"\n",
      // Logs.
      "2025-01-01T00:00:00Z INFO login ok user=bob password=«l0gged» took=3ms\n",
      "2025-01-01T00:00:00Z WARN bad password: «typ3d-wrong»\n",
      "login failed: password is «hunter2xyzQ»\n",
      "INFO password «hunter2xyzQ9» set\n",
      "the new password was set to «Xy12ab».\n",
      "root password is now '«gen3rated one»'\n",
      "Your password has been set to \"«abc123»\"\n",
      "passwd changed to «pw99!»\n",
      R"({"level":"debug","msg":"connect","password":"«json-l0g»","ts":1})",
      "level=debug token=«lgfmt-9x» path=/\n",
      "I0101 00:00:00.000000 1 x.go:1] using api_key=«klog-key-1», region=eu\n",
      "using secret access key: «aB3/xY9+aB3/xY9+aB3/xY9+aB3/xY9+aB3/xY9+»\n",
      "mail from «alice.smith+x@customer.example.com» refused\n",
      "notify <«ops@corp.example.org»>, then wait\n",
      "key: «AQBSdFhoAAAAABAAzXvQ1kQ2m3n4b5v6c7x8z9==»\n",
      "\"signature\":\"«3045022100abcdef0123456789abcdef01»\"\n",
      "salt=«9f86d081884c7d659a2feaa0c55ad015»\n",
      "password=«trailing-at-end»",
  };
  return texts;
}

// Every name in every surrounding, each with a secret of its own.
std::vector<std::string> combined() {
  const std::vector<std::pair<std::string, std::string>> names = {
      {"password", "Pa5-{}-x"},
      {"DB_PASSWORD", "db {} pw"},
      {"userPassword", "u{}!Pw"},
      {"client_secret", "cs-{}-Zz"},
      {"apiKey", "ak{}k9"},
      {"auth-token", "t0k.{}"},
      {"AWS_SECRET_ACCESS_KEY", "w/J+{}q"},
      {"smtp.passwd", "sm{}tp"},
      {"encryption_key", "e:{}:k"},
  };
  const std::vector<std::string> surroundings = {
      R"({{"{}":"«{}»","port":1}})",
      "{{\n  \"{}\": \"«{}»\"\n}}\n",
      R"("x":"{{\"{}\":\"«{}»\"}}")",
      "{}: \"«{}»\"\n",
      "  {}: '«{}»'\n",
      "- {}: «{}»\n",
      "{}=«{}»\n",
      "export {}=\"«{}»\"\n",
      "{} = '«{}»'\n",
      "run --{}='«{}»' --next\n",
      "- name: {}\n  value: «{}»\n",
      R"({{"name":"{}","value":"«{}»"}})",
      "level=info {}=\"«{}»\" n=1\n",
      "{{'{}': '«{}»'}}\n",
      "<{0}>«{1}</{0}>\n",
      "data:\n  {}: «{}»\nkind: Secret\n",
      R"({{"data":{{"{}":"«{}»"}},"kind":"Secret"}})",
      "Config({}=\"«{}»\", port=1)\n",
  };
  std::vector<std::string> texts;
  for (std::size_t s = 0; s < surroundings.size(); ++s) {
    for (std::size_t n = 0; n < names.size(); ++n) {
      const std::string secret = fmt::format(fmt::runtime(names[n].second), 1000 + s * 37 + n);
      std::string text = fmt::format(fmt::runtime(surroundings[s]), names[n].first, secret);
      if (text.find("»") == std::string::npos) text.insert(text.find("</"), "»");
      texts.push_back(std::move(text));
    }
  }
  return texts;
}

std::vector<std::string> all_texts() {
  std::vector<std::string> texts = by_hand();
  for (std::string& text : combined()) texts.push_back(std::move(text));
  return texts;
}

TEST(Planted, NoSecretComesOut) {
  std::size_t secrets = 0;
  for (const std::string& marked : all_texts()) {
    const Planted planted = plant(marked);
    const std::string out = redact_by_default(planted.text);
    for (const std::string& secret : planted.secrets) {
      if (secret.empty()) continue;
      ++secrets;
      EXPECT_EQ(out.find(secret), std::string::npos)
          << "leaked " << secret << "\n from " << planted.text << "\n   as " << out;
    }
  }
  RecordProperty("secrets", static_cast<int>(secrets));
  EXPECT_GE(secrets, 300U);
}

// Not a part of it either: what stands between the pseudonyms is what stood between the secrets.
TEST(Planted, WhatStandsAroundASecretStays) {
  for (const std::string& marked : all_texts()) {
    const Planted planted = plant(marked);
    std::string rest = redact_by_default(planted.text);
    std::size_t from = 0;
    for (std::size_t at = rest.find(pseudonym_prefix); at != std::string::npos;
         at = rest.find(pseudonym_prefix, from)) {
      std::size_t end = at;
      while (end < rest.size() &&
             (std::isalnum(static_cast<unsigned char>(rest[end])) != 0 || rest[end] == '-'))
        ++end;
      rest.replace(at, end - at, "~");
      from = at + 1;
    }
    std::string expected;
    std::string_view left = marked;
    for (;;) {
      const std::size_t begin = left.find("«");
      if (begin == std::string_view::npos) break;
      const std::size_t end = left.find("»", begin);
      expected += left.substr(0, begin);
      if (end > begin + 2) expected += "~";
      left.remove_prefix(end + 2);
    }
    expected += left;
    EXPECT_EQ(rest, expected) << "from " << planted.text;
  }
}

TEST(Planted, AllInOneFileAreFoundToo) {
  std::string text;
  std::vector<std::string> secrets;
  for (const std::string& marked : all_texts()) {
    const Planted planted = plant(marked);
    text += planted.text;
    text += "\n---\n";
    secrets.insert(secrets.end(), planted.secrets.begin(), planted.secrets.end());
  }
  const std::string out = redact_by_default(text);
  for (const std::string& secret : secrets) {
    if (secret.size() < 6) continue;  // a short one may well be a word of another text
    EXPECT_EQ(out.find(secret), std::string::npos) << "leaked " << secret;
  }
}

}  // namespace
}  // namespace carrel
