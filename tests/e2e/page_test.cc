// The review page as browsers have it: who gets in, what each route answers, and what people decide there.
#include <algorithm>
#include <cctype>
#include <chrono>
#include <csignal>
#include <filesystem>
#include <thread>

#include <gmock/gmock.h>
#include <unistd.h>

#include "base/read_value.h"
#include "browser.h"
#include "program.h"

namespace carrel::e2e {
namespace {

using testing::AnyOf;
using testing::HasSubstr;
using testing::MatchesRegex;
using testing::Not;
using testing::StartsWith;

class Page : public Scratch {
 protected:
  // Serves the page beside the test, until the test ends.
  void serve(const std::string& more = "") {
    const std::string link = folder_ + "/link", pid = folder_ + "/pid";
    server_ = std::thread([this, more, link, pid] {
      ended_ = run({"sh", "-c",
                    "echo $$ > " + pid + "; exec " CARREL " review --port 0 --json " + more + " > " + link});
    });
    for (int i = 0; i < 1000 && !read(link).ends_with("\n"); ++i)
      std::this_thread::sleep_for(std::chrono::milliseconds(10));
    rapidjson::Document told;
    told.Parse(read(link).c_str());
    ASSERT_TRUE(told.IsObject()) << read(link);
    link_ = told["link"].GetString();
    port_ = static_cast<std::uint16_t>(std::stoi(link_.substr(link_.find(':', 7) + 1)));
  }
  void TearDown() override {
    if (!server_.joinable()) return;
    ::kill(std::stoi(read(folder_ + "/pid")), SIGTERM);
    server_.join();
    EXPECT_EQ(ended_.status, 0) << ended_.err;
    EXPECT_TRUE(nothing_left_running());
  }

  std::string triage(const std::string& bundle = example, const std::string& tenant = "acme") {
    const Outcome outcome = carrel({"triage", bundle, "--json", "-q", "--tenant", tenant});
    EXPECT_THAT(outcome.status, AnyOf(0, 3)) << outcome.err;
    return json_of(outcome)["run"].GetString();
  }
  // A run in a ledger whose key is in the scratch folder's file "key".
  std::string sealed_run() {
    const std::string key = folder_ + "/key";
    run({"sh", "-c", CARREL " ledger key > " + key});
    const Outcome sealed =
        carrel({"triage", example, "--json", "-q", "--tenant", "acme", "--key-command", "cat " + key});
    EXPECT_EQ(sealed.status, 0) << sealed.err;
    return json_of(sealed)["run"].GetString();
  }
  void add_reviewer(const std::string& name, const std::string& password) {
    const Outcome added =
        run({"sh", "-c", "printf '%s\\n' '" + password + "' | " CARREL " reviewers add " + name});
    EXPECT_EQ(added.status, 0) << added.err;
  }
  // A browser with a session and, where a name is given, a reviewer.
  Browser browser(const std::string& reviewer = "") {
    Browser made(port_);
    EXPECT_EQ(made.open(link_).status, 200);
    if (!reviewer.empty()) {
      EXPECT_EQ(made.sign_in(reviewer, "correct horse").status, 200);
    }
    return made;
  }

  std::string link_;
  std::uint16_t port_ = 0;
  std::thread server_;
  Outcome ended_;
};

TEST_F(Page, ALinkGivesOneBrowserASession) {
  serve();
  Browser other(port_);
  EXPECT_EQ(other.get("/api/v1/queue").problem(), "no-session");
  EXPECT_EQ(other.get("/app.js").problem(), "no-session");
  const Reply outside = other.get("/");
  EXPECT_EQ(outside.status, 401);
  EXPECT_THAT(outside.body, Not(HasSubstr("<script")));

  Browser mine(port_);
  const Reply entered = mine.open(link_);
  EXPECT_EQ(entered.status, 200);
  EXPECT_THAT(entered.header("set-cookie"), MatchesRegex("carrel-session-" + std::to_string(port_) +
                                                         "=[0-9a-f]{64}; Path=/; HttpOnly; SameSite=Strict"));
  EXPECT_EQ(mine.get("/").status, 200);
  EXPECT_EQ(mine.get("/").header("content-type"), "text/html; charset=utf-8");
  EXPECT_EQ(mine.get("/app.js").header("content-type"), "text/javascript; charset=utf-8");
  EXPECT_EQ(mine.get("/app.css").header("content-type"), "text/css; charset=utf-8");
  EXPECT_EQ(mine.get("/api/v1/openapi.yaml").body, read(CARREL_SOURCE_DIR "/docs/api/openapi.yaml"));

  const Reply again = other.open(link_);
  EXPECT_EQ(again.status, 401);
  EXPECT_EQ(again.header("set-cookie"), "");
  // Another browser gets in by a link that somebody inside makes; that needs a reviewer.
  EXPECT_EQ(mine.post("/api/v1/links", "{}").problem(), "no-reviewer");
  EXPECT_EQ(mine.remove("/api/v1/session").status, 204);
  EXPECT_EQ(mine.get("/api/v1/queue").problem(), "no-session");
}

TEST_F(Page, EveryAnswerTellsTheBrowserToTrustLittle) {
  serve();
  const Browser mine = browser();
  for (const Reply& reply : {mine.get("/"), mine.get("/api/v1/queue"), mine.get("/api/v1/nothing"),
                             Browser(port_).get("/"), send_and_read(port_, "nonsense\r\n\r\n")}) {
    const std::string policy = reply.header("content-security-policy");
    EXPECT_THAT(policy, StartsWith("default-src 'none'; script-src 'self'; style-src 'self';"));
    EXPECT_THAT(policy, HasSubstr("frame-ancestors 'none'"));
    EXPECT_THAT(policy, Not(HasSubstr("unsafe")));
    EXPECT_EQ(reply.header("x-content-type-options"), "nosniff");
    EXPECT_EQ(reply.header("referrer-policy"), "no-referrer");
    EXPECT_EQ(reply.header("cache-control"), "no-store");
  }
}

TEST_F(Page, OtherHostsOriginsAndTokensAreRefused) {
  add_reviewer("jo", "correct horse");
  const std::string run = triage();
  serve();
  const Browser mine = browser("jo");
  const std::string path = "/api/v1/runs/" + run + "/reviews";
  const auto ask = [&](const std::string& host, const std::string& origin, const std::string& csrf) {
    std::string bytes =
        "POST " + path + " HTTP/1.1\r\nHost: " + host + "\r\nCookie: " + mine.cookie() + "\r\n";
    if (!origin.empty()) bytes += "Origin: " + origin + "\r\n";
    if (!csrf.empty()) bytes += "X-Carrel-CSRF: " + csrf + "\r\n";
    return send_and_read(
        port_,
        bytes + "Content-Type: application/json\r\nContent-Length: 21\r\n\r\n{\"decision\":\"accept\"}");
  };
  const std::string csrf = mine.csrf(), ours = "http://" + mine.host();
  EXPECT_EQ(ask("evil.example", ours, csrf).problem(), "wrong-host");
  EXPECT_EQ(ask("127.0.0.1", ours, csrf).problem(), "wrong-host");
  EXPECT_EQ(ask(mine.host(), "http://evil.example", csrf).problem(), "wrong-origin");
  EXPECT_EQ(ask(mine.host(), "null", csrf).problem(), "wrong-origin");
  EXPECT_EQ(ask(mine.host(), "", csrf).problem(), "wrong-origin");
  EXPECT_EQ(ask(mine.host(), ours, "").problem(), "wrong-csrf");
  EXPECT_EQ(ask(mine.host(), ours, std::string(64, '0')).problem(), "wrong-csrf");
  EXPECT_EQ(mine.get("/api/v1/queue", {{"Origin", "http://evil.example"}}).problem(), "wrong-origin");
  EXPECT_EQ(mine.get("/api/v1/runs/" + run).json()["reviews"].Size(), 0u);
  EXPECT_EQ(ask(mine.host(), ours, csrf).status, 201);
}

TEST_F(Page, RequestsAreBoundedInSizeAndNumber) {
  add_reviewer("jo", "correct horse");
  const std::string run = triage();
  serve();
  const Browser mine = browser("jo");
  const std::string head = "POST /api/v1/runs/" + run + "/reviews HTTP/1.1\r\nHost: " + mine.host() +
                           "\r\nOrigin: http://" + mine.host() + "\r\nCookie: " + mine.cookie() +
                           "\r\nX-Carrel-CSRF: " + mine.csrf() + "\r\nContent-Type: application/json\r\n";
  EXPECT_EQ(send_and_read(port_, head + "Content-Length: 262145\r\n\r\n").problem(), "too-large");
  EXPECT_EQ(send_and_read(port_, head + "Transfer-Encoding: chunked\r\n\r\n5\r\n{\"a\":\r\n").problem(),
            "no-length");
  // A body within the limit is read, and its texts are held to theirs.
  EXPECT_EQ(mine.post("/api/v1/runs/" + run + "/reviews",
                      R"({"decision":"reject","reason":")" + std::string(70'000, 'x') + "\"}")
                .problem(),
            "bad-request");
  EXPECT_EQ(mine.post("/api/v1/runs/" + run + "/reviews", "{\"decision\":").problem(), "bad-request");
  // A head has an end: what never comes to one is cut off, and the server serves on.
  std::string endless = "GET / HTTP/1.1\r\nHost: " + mine.host() + "\r\n";
  for (int i = 0; i < 20'000; ++i) endless += "X-" + std::to_string(i) + ": some words to fill it\r\n";
  EXPECT_THAT(send_and_read(port_, endless).status, AnyOf(0, 400, 431));
  EXPECT_THAT(send_and_read(port_, "GET /" + std::string(9000, 'a') + " HTTP/1.1\r\n\r\n").status,
              AnyOf(400, 403, 414));
  EXPECT_EQ(mine.get("/" + std::string(300, 'a')).problem(), "no-such-route");
  bool stopped = false;
  for (int i = 0; i < 2000 && !stopped; ++i) {
    const Reply reply = mine.get("/api/v1/openapi.yaml");
    stopped = reply.status == 429;
    if (stopped) {
      EXPECT_EQ(reply.problem(), "too-many");
      EXPECT_GE(std::stoi(reply.header("retry-after")), 1);
    }
  }
  EXPECT_TRUE(stopped);
}

TEST_F(Page, DecisionsBearTheNamesOfTwoReviewers) {
  add_reviewer("jo", "correct horse");
  add_reviewer("sam", "correct horse");
  const std::string run = triage();
  serve();
  Browser jo = browser();
  const std::string reviews = "/api/v1/runs/" + run + "/reviews";
  EXPECT_EQ(jo.post(reviews, R"({"decision":"accept"})").problem(), "no-reviewer");
  EXPECT_EQ(jo.sign_in("jo", "wrong horse").problem(), "wrong-password");
  EXPECT_EQ(jo.sign_in("nobody", "correct horse").problem(), "wrong-password");
  const std::string before = jo.cookie();
  const Reply in = jo.sign_in("jo", "correct horse");
  EXPECT_STREQ(in.json()["reviewer"].GetString(), "jo");
  EXPECT_EQ(in.json()["reviewers"].Size(), 2u);
  EXPECT_NE(jo.cookie(), before);

  const Reply link = jo.post("/api/v1/links", "");
  ASSERT_EQ(link.status, 201) << link.body;
  Browser sam(port_);
  EXPECT_EQ(sam.open(link.json()["link"].GetString()).status, 200);
  EXPECT_TRUE(sam.get("/api/v1/session").json()["reviewer"].IsNull());
  EXPECT_EQ(sam.sign_in("sam", "correct horse").status, 200);

  EXPECT_EQ(jo.post(reviews, R"({"decision":"accept"})").status, 201);
  const Reply edited = sam.post(
      reviews,
      R"({"decision":"edit","claim":0,"text":"The class <b>fast-ssd</b> is gone.","reason":"shorter"})");
  ASSERT_EQ(edited.status, 201) << edited.body;
  EXPECT_STREQ(edited.json()["reviewer"].GetString(), "sam");
  EXPECT_STREQ(edited.json()["id"].GetString(), (run + "/r2").c_str());
  EXPECT_EQ(jo.post(reviews, R"({"decision":"reject","claim":0})").problem(), "refused");     // no reason
  EXPECT_EQ(jo.post(reviews, R"({"decision":"accept","claim":9999})").problem(), "refused");  // no such claim
  EXPECT_EQ(jo.post(reviews, R"({"decision":"accept","reviewer":"sam"})").problem(), "bad-request");
  EXPECT_EQ(jo.post("/api/v1/runs/20200101-000000-000000/reviews", R"({"decision":"accept"})").problem(),
            "no-such-run");

  const auto record = jo.get("/api/v1/runs/" + run).json();
  ASSERT_EQ(record["reviews"].Size(), 2u);
  EXPECT_STREQ(record["reviews"][0]["reviewer"].GetString(), "jo");
  EXPECT_TRUE(record["reviews"][0]["claim"].IsNull());
  EXPECT_STREQ(record["claims"][0]["decision"].GetString(), "edit");
  EXPECT_STREQ(record["claims"][0]["decided_text"].GetString(), "The class <b>fast-ssd</b> is gone.");
  EXPECT_STREQ(record["claims"][1]["decision"].GetString(), "accept");
  // The reply is Markdown in which nothing acts.
  const Reply reply = jo.get("/api/v1/runs/" + run + "/reply?download=true");
  EXPECT_EQ(reply.status, 200);
  EXPECT_EQ(reply.header("content-disposition"), "attachment; filename=\"" + run + ".md\"");
  EXPECT_THAT(reply.body, HasSubstr("The class \\<b\\>fast-ssd\\</b\\> is gone."));
  EXPECT_EQ(jo.remove("/api/v1/session/reviewer").status, 200);
  EXPECT_EQ(carrel({"ledger", "verify"}).status, 0);
  EXPECT_THAT(carrel({"trace", run}).out, HasSubstr("edit by sam"));
}

TEST_F(Page, WrongPasswordsCloseTheWayForAWhile) {
  add_reviewer("jo", "correct horse");
  serve();
  Browser mine = browser();
  for (int i = 0; i < 5; ++i) EXPECT_EQ(mine.sign_in("jo", "wrong horse").problem(), "wrong-password");
  const Reply closed = mine.sign_in("jo", "correct horse");
  EXPECT_EQ(closed.problem(), "too-many");
  EXPECT_GE(std::stoi(closed.header("retry-after")), 1);
}

TEST_F(Page, TheQueueAndTheListsComeInPages) {
  std::vector<std::string> runs;
  for (int i = 0; i < 3; ++i) runs.push_back(triage());
  runs.push_back(triage(example, "globex"));  // the newest, whatever their ids are
  triage(example, "eval-old-incidents");      // waits for nobody
  serve();
  const Browser mine = browser();
  const auto all_of = [&](std::string path) {
    std::vector<std::string> found;
    for (std::string cursor; found.size() < 10;) {
      const Reply reply = mine.get(path + cursor);
      EXPECT_EQ(reply.status, 200) << reply.body;
      const auto page = reply.json();
      EXPECT_LE(page["items"].Size(), 1u);
      for (const auto& item : page["items"].GetArray()) found.emplace_back(item["run"].GetString());
      if (!page.HasMember("next")) break;
      cursor = std::string("&cursor=") + page["next"].GetString();
    }
    return found;
  };
  EXPECT_EQ(all_of("/api/v1/queue?limit=1"), runs);
  EXPECT_EQ(all_of("/api/v1/queue?limit=1&tenant=globex").size(), 1u);
  EXPECT_EQ(all_of("/api/v1/queue?limit=1&max_score=0").size(), 0u);
  EXPECT_EQ(all_of("/api/v1/queue?limit=1&failed=true").size(), 0u);
  EXPECT_EQ(all_of("/api/v1/queue?limit=1&before=2020-01-01T00:00:00.000Z").size(), 0u);
  EXPECT_EQ(all_of("/api/v1/search?limit=1&q=fast-ssd").size(), 1u);
  EXPECT_EQ(all_of("/api/v1/runs?limit=1&state=running").size(), 0u);
  std::reverse(runs.begin(), runs.end());
  EXPECT_EQ(all_of("/api/v1/runs?limit=1"), runs);
  EXPECT_EQ(all_of("/api/v1/runs?limit=1&state=finished"), runs);
  EXPECT_EQ(mine.get("/api/v1/queue?limit=0").problem(), "bad-request");
  EXPECT_EQ(mine.get("/api/v1/queue?cursor=x").problem(), "bad-request");
  EXPECT_EQ(mine.get("/api/v1/queue?tenant=nobody").problem(), "no-such-tenant");
  EXPECT_EQ(mine.get("/api/v1/tenants").json()["items"].Size(), 3u);
  EXPECT_EQ(mine.get("/api/v1/evaluations").json()["items"].Size(), 0u);
  const auto cited =
      mine.get("/api/v1/trace?file=cluster-resources/pvcs/platform.json&line=28&limit=200").json();
  EXPECT_GE(cited["items"].Size(), 4u);
  EXPECT_EQ(mine.get("/api/v1/trace?file=x").problem(), "bad-request");
  EXPECT_EQ(mine.get("/api/v1/search").problem(), "bad-request");
}

TEST_F(Page, ARunIsShownWhole) {
  const std::string run = triage(), other = triage(), foreign = triage(example, "globex");
  serve();
  const Browser mine = browser();
  const std::string at = "/api/v1/runs/" + run;
  const auto record = mine.get(at).json();
  EXPECT_STREQ(record["report"]["run"].GetString(), run.c_str());
  EXPECT_STREQ(record["settings"]["engine"]["value"].GetString(), "none");
  EXPECT_STREQ(record["claims"][0]["kind"].GetString(), "cause");
  EXPECT_TRUE(record["claims"][0]["decision"].IsNull());
  EXPECT_GT(record["claims"][0]["citations"][0]["lines"].Size(), 1u);
  EXPECT_GT(record["notes"].Size(), 2u);
  EXPECT_EQ(carrel({"export", run, "--json"}).out, mine.get(at).body);

  const auto evidence = mine.get(at + "/evidence?limit=2").json();
  EXPECT_EQ(evidence["items"].Size(), 2u);
  EXPECT_STREQ(evidence["items"][0]["id"].GetString(), "E001");
  EXPECT_TRUE(evidence["items"][0]["kept"].GetBool());
  EXPECT_STREQ(evidence["next"].GetString(), "2");
  EXPECT_FALSE(mine.get(at + "/evidence?cursor=999999").json().HasMember("next"));
  EXPECT_GE(mine.get(at + "/proof").json()["rooms"].Size(), 2u);
  EXPECT_EQ(mine.get(at + "/prompt").problem(), "no-such-object");
  EXPECT_EQ(mine.get(at + "/tries").problem(), "no-such-object");
  EXPECT_EQ(mine.get(at + "/reply").problem(), "nothing-accepted");
  for (const char* as : {"html", "md", "json", "tar"}) {
    const Reply file = mine.get(at + "/export?as=" + as);
    EXPECT_EQ(file.status, 200) << as;
    EXPECT_EQ(file.header("content-disposition"), "attachment; filename=\"" + run + "." + as + "\"");
  }
  EXPECT_EQ(mine.get(at + "/export?as=zip").problem(), "bad-request");
  EXPECT_TRUE(mine.get("/api/v1/diff?a=" + run + "&b=" + other).json()["identical"].GetBool());
  EXPECT_EQ(mine.get("/api/v1/diff?a=" + run + "&b=" + foreign).problem(), "two-tenants");
  EXPECT_EQ(mine.get("/api/v1/diff?a=" + run).problem(), "bad-request");
  EXPECT_EQ(mine.get("/api/v1/runs/20200101-000000-000000").problem(), "no-such-run");
  EXPECT_EQ(mine.get("/api/v1/runs/..%2f..%2fetc").problem(), "no-such-run");
  EXPECT_EQ(mine.get(at + "/nothing").problem(), "no-such-route");
  EXPECT_EQ(mine.get(at + "/reviews").problem(), "wrong-method");
  EXPECT_EQ(mine.get(at + "?x=1").problem(), "bad-request");
}

TEST_F(Page, EveryRouteOfTheContractIsServed) {
  auto contract = read_yaml(read(CARREL_SOURCE_DIR "/docs/api/openapi.yaml"));
  ASSERT_TRUE(contract);
  add_reviewer("jo", "correct horse");
  const std::string run = triage();
  serve();
  const Browser mine = browser();
  std::size_t routes = 0;
  for (const auto& [path, item] : contract->front()["paths"].members) {
    for (const auto& [method, operation] : item.members) {
      if (method == "parameters") continue;
      ++routes;
      if (path.starts_with("/session") && method == "delete") continue;  // end the session; tested elsewhere
      std::string at = "/api/v1" + path;
      if (const auto place = at.find("{run}"); place != std::string::npos) at.replace(place, 5, run);
      std::string upper = method;
      std::transform(upper.begin(), upper.end(), upper.begin(),
                     [](unsigned char c) { return std::toupper(c); });
      const Reply reply = upper == "GET" ? mine.get(at) : mine.change(upper, at, "");
      EXPECT_NE(reply.status, 0) << upper << " " << at;
      EXPECT_THAT(reply.problem(), testing::Not(testing::AnyOf("no-such-route", "wrong-method")))
          << upper << " " << at;
      EXPECT_TRUE(operation["responses"][std::to_string(reply.status)].exists())
          << upper << " " << at << " answers " << reply.status << ", which its contract does not name";
    }
  }
  EXPECT_GT(routes, 20u);
}

TEST_F(Page, LinesAreReadAgainFromTheBundle) {
  std::string log;
  for (int i = 1; i <= 3000; ++i) log += "line " + std::to_string(i) + "\n";
  file("logs/app.log", log + "FATAL disk full\n");
  const std::string run = triage(folder_ + "/logs");
  serve();
  const Browser mine = browser();
  const std::string at = "/api/v1/runs/" + run + "/lines?file=app.log";
  const auto some = mine.get(at + "&first=1500&count=3").json();
  ASSERT_TRUE(some.HasMember("lines")) << mine.get(at + "&first=1500&count=3").body;
  EXPECT_EQ(some["file_lines"].GetInt(), 3001);
  EXPECT_EQ(some["first_line"].GetInt(), 1500);
  ASSERT_EQ(some["lines"].Size(), 3u);
  EXPECT_STREQ(some["lines"][0].GetString(), "line 1500");
  EXPECT_STREQ(some["lines"][2].GetString(), "line 1502");
  EXPECT_EQ(mine.get(at + "&first=1&count=1000").json()["lines"].Size(), 1000u);
  EXPECT_EQ(mine.get(at + "&first=3001&count=1").json()["lines"].Size(), 1u);
  EXPECT_EQ(mine.get(at + "&first=2999&count=1000").json()["lines"].Size(), 3u);
  EXPECT_EQ(mine.get(at + "&first=3002").problem(), "no-such-line");
  EXPECT_EQ(mine.get("/api/v1/runs/" + run + "/lines?file=other.log").problem(), "no-such-line");
  EXPECT_EQ(mine.get("/api/v1/runs/" + run + "/lines?file=../../etc/passwd").problem(), "no-such-line");
  EXPECT_EQ(mine.get(at + "&count=1001").problem(), "bad-request");
  file("logs/app.log", "something else\n");
  EXPECT_THAT(mine.get(at).problem(), AnyOf("bundle-changed", "bad-input"));
  std::filesystem::remove_all(folder_ + "/logs");
  EXPECT_EQ(mine.get(at).problem(), "bundle-gone");
}

TEST_F(Page, HostileTextsComeAsJsonAlone) {
  file("logs/<script>.log", "ERROR </script><script>alert(1)</script> \x1b[2J \xe2\x80\xae disk full\n");
  const std::string run = triage(folder_ + "/logs");
  serve();
  const Browser mine = browser();
  for (const std::string& path : {"/api/v1/runs/" + run, "/api/v1/runs/" + run + "/evidence",
                                  std::string("/api/v1/queue"), std::string("/api/v1/search?q=disk")}) {
    const Reply reply = mine.get(path);
    EXPECT_EQ(reply.header("content-type"), "application/json") << path;
    EXPECT_THAT(reply.body, Not(HasSubstr("\x1b"))) << path;
    EXPECT_THAT(reply.body, Not(HasSubstr("\xe2\x80\xae"))) << path;
    (void)reply.json();
  }
  EXPECT_THAT(mine.get("/api/v1/runs/" + run).body, HasSubstr("alert(1)"));
  EXPECT_THAT(mine.get("/api/v1/runs/" + run + "/export?as=html").body, Not(HasSubstr("<script")));
}

TEST_F(Page, ARunIsAskedAgainAndFollowed) {
  add_reviewer("jo", "correct horse");
  const std::string run = triage();
  serve();
  const Browser mine = browser("jo");
  const std::string again = "/api/v1/runs/" + run + "/again";
  const auto choices = mine.get(again).json();
  EXPECT_TRUE(choices["possible"].GetBool()) << choices["why_not"].GetString();
  EXPECT_STREQ(choices["engine"].GetString(), "none");
  EXPECT_GE(choices["variants"].Size(), 1u);

  const Reply begun = mine.post(again, R"({"engine":"none","question":"Why is postgres pending?"})");
  ASSERT_EQ(begun.status, 202) << begun.body;
  const std::string id = begun.json()["run"].GetString();
  EXPECT_EQ(begun.header("location"), "/api/v1/runs/" + id);
  const Reply events = mine.get("/api/v1/runs/" + id + "/events");
  EXPECT_EQ(events.header("content-type"), "text/event-stream");
  EXPECT_THAT(events.body, HasSubstr("event: state\ndata: {\"state\":\"running\""));
  for (const char* stage : {"hash", "read", "check"})
    EXPECT_THAT(events.body, HasSubstr("event: stage\ndata: {\"stage\":\"" + std::string(stage) + "\"}\n"));
  EXPECT_THAT(events.body, HasSubstr("data: {\"state\":\"finished\",\"verdict\":\"fault\",\"passed\":true"));
  const auto record = mine.get("/api/v1/runs/" + id).json();
  EXPECT_STREQ(record["question"].GetString(), "Why is postgres pending?");
  EXPECT_THAT(record["settings"]["engine"]["source"].GetString(), HasSubstr("asked again of " + run));
  // Of one that is over, its state is all.
  EXPECT_THAT(mine.get("/api/v1/runs/" + run + "/events").body, HasSubstr("\"state\":\"finished\""));
  EXPECT_EQ(mine.post("/api/v1/runs/" + run + "/stop", "").problem(), "not-running");

  EXPECT_EQ(mine.post(again, R"({"model":"no-such-model"})").problem(), "refused");
  EXPECT_EQ(mine.post(again, R"({"model":"/etc/passwd"})").problem(), "refused");
  EXPECT_EQ(mine.post(again, R"({"variants":["no-such-variant"]})").problem(), "refused");
  EXPECT_EQ(mine.post(again, R"({"engine":"cloud"})").problem(), "bad-request");
  EXPECT_EQ(mine.post(again, R"({"input":"/etc"})").problem(), "bad-request");
}

TEST_F(Page, AModelsPromptAndTriesAreShown) {
  add_reviewer("jo", "correct horse");
  const std::string run = triage(), model = tiny_model();
  EXPECT_EQ(carrel({"models", "add", model, "--name", "tiny"}).status, 0);
  serve();
  const Browser mine = browser("jo");
  const std::string again = "/api/v1/runs/" + run + "/again";
  const auto choices = mine.get(again).json();
  EXPECT_STREQ(choices["models"][0]["name"].GetString(), "tiny");
  // One variant twice, and not the first.
  const std::string variant = choices["variants"][choices["variants"].Size() - 1].GetString();
  const Reply begun =
      mine.post(again, R"({"model":"tiny","tries":2,"temperature":0.8,"variants":[")" + variant + "\"]}");
  ASSERT_EQ(begun.status, 202) << begun.body;
  const std::string at = std::string("/api/v1/runs/") + begun.json()["run"].GetString();
  EXPECT_THAT(mine.get(at + "/events").body, HasSubstr("{\"stage\":\"think\"}"));
  const auto prompt = mine.get(at + "/prompt").json();
  ASSERT_EQ(prompt["variants"].Size(), 2u);
  EXPECT_EQ(prompt["variants"][0]["name"].GetString(), variant);
  EXPECT_EQ(prompt["variants"][1]["name"].GetString(), variant);
  EXPECT_GT(prompt["lines"].Size(), 10u);
  EXPECT_EQ(prompt["sampling"]["temperature"].GetDouble(), 0.8);
  const auto tries = mine.get(at + "/tries").json();
  EXPECT_EQ(tries["tries"].Size(), 2u);
  EXPECT_GT(tries["prompt_tokens"].GetInt(), 100);
  EXPECT_EQ(mine.get(at).json()["tries"].Size(), 2u);
}

TEST_F(Page, ACorrectionBecomesACase) {
  add_reviewer("jo", "correct horse");
  const std::string run = triage();
  serve("--cases " + folder_ + "/cases");
  const Browser mine = browser("jo");
  const std::string at = "/api/v1/runs/" + run;
  EXPECT_EQ(mine.post(at + "/cases", "{}").problem(), "refused");  // there is no correction yet
  EXPECT_EQ(
      mine.post(at + "/reviews",
                R"({"decision":"edit","text":"The quota of team-a is used up.","reason":"wrong object"})")
          .status,
      201);
  const Reply made = mine.post(at + "/cases", "{}");
  ASSERT_EQ(made.status, 201) << made.body;
  EXPECT_TRUE(std::filesystem::exists(folder_ + "/cases/" + made.json()["case"].GetString() + ".tar.gz"));
  EXPECT_STREQ(mine.get("/api/v1/session").json()["cases"].GetString(), (folder_ + "/cases").c_str());
}

TEST_F(Page, WithoutAFolderOfCasesThereAreNone) {
  add_reviewer("jo", "correct horse");
  const std::string run = triage();
  serve();
  EXPECT_EQ(browser("jo").post("/api/v1/runs/" + run + "/cases", "{}").problem(), "no-cases-folder");
}

TEST_F(Page, ASealedLedgerStaysLockedWithoutItsKey) {
  const std::string id = sealed_run();
  serve();
  const Browser mine = browser();
  EXPECT_TRUE(mine.get("/api/v1/tenants").json()["items"][0]["locked"].GetBool());
  EXPECT_EQ(mine.get("/api/v1/runs/" + id).problem(), "locked");
  EXPECT_EQ(mine.get("/api/v1/queue").json()["unread"].Size(), 1u);
  EXPECT_EQ(mine.get("/api/v1/queue?tenant=acme").problem(), "locked");
}

TEST_F(Page, ASealedLedgerOpensWithItsKey) {
  add_reviewer("jo", "correct horse");
  const std::string id = sealed_run();
  serve("--key-command 'cat " + folder_ + "/key'");
  const Browser mine = browser("jo");
  EXPECT_THAT(mine.get("/api/v1/runs/" + id).body, HasSubstr("fast-ssd"));
  EXPECT_EQ(mine.post("/api/v1/runs/" + id + "/reviews", R"({"decision":"accept"})").status, 201);
  EXPECT_EQ(mine.post("/api/v1/runs/" + id + "/again", "{}").status, 202);
}

TEST_F(Page, ListensWhereItIsToldAndNowhereElse) {
  EXPECT_EQ(carrel({"review", "--listen", "0.0.0.0"}).status, 2);
  EXPECT_EQ(carrel({"review", "--listen", "localhost"}).status, 2);
  serve();
  const Outcome taken = carrel({"review", "--port", std::to_string(port_)});
  EXPECT_EQ(taken.status, 2);
  EXPECT_THAT(taken.err, HasSubstr("cannot be listened on"));
}

TEST_F(Page, ReviewersAreListedAndRemoved) {
  EXPECT_THAT(carrel({"reviewers", "list"}).out, HasSubstr("no reviewer yet"));
  add_reviewer("jo", "correct horse");
  EXPECT_EQ(carrel({"reviewers", "list"}).out, "jo\n");
  EXPECT_EQ(run({"sh", "-c", "echo short | " CARREL " reviewers add sam"}).status, 2);
  EXPECT_EQ(carrel({"reviewers", "remove", "jo"}).status, 0);
  EXPECT_EQ(carrel({"reviewers", "remove", "jo"}).status, 2);
}

}  // namespace
}  // namespace carrel::e2e
