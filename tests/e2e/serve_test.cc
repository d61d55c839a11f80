// `carrel serve`: rooms that are kept between runs of one tenant.
#include <chrono>
#include <csignal>
#include <filesystem>
#include <thread>

#include <gmock/gmock.h>
#include <sys/wait.h>
#include <unistd.h>

#include "browser.h"
#include "program.h"

namespace carrel::e2e {
namespace {

using testing::HasSubstr;
using testing::Not;

class Served : public Scratch {
 protected:
  // Calls `meanwhile` while a server keeps rooms.
  Outcome serve(const std::vector<std::string>& flags, const std::function<void(pid_t)>& meanwhile) {
    std::vector<std::string> arguments = {"serve"};
    arguments.insert(arguments.end(), flags.begin(), flags.end());
    return carrel_while(arguments, [&](pid_t server) {
      for (int i = 0; i < 500 && !std::filesystem::exists(socket()); ++i)
        std::this_thread::sleep_for(std::chrono::milliseconds(10));
      meanwhile(server);
      ::kill(server, SIGTERM);
    });
  }
  std::string socket() const { return folder_ + "/.local/share/carrel/serve.sock"; }
  Outcome triage(const std::string& tenant, const std::string& serve = "auto") {
    return carrel({"triage", example, "--model", model_, "--tenant", tenant, "--serve", serve, "--json",
                   "--output-tokens", "128", "--temperature", "0.8"});
  }
  // The think room of a run, as its proof has it.
  rapidjson::Document think_room(const Outcome& run, const std::string& tenant) {
    const std::string id = json_of(run)["run"].GetString();
    const auto proof = json_of(carrel({"prove", id, "--tenant", tenant, "--json"}));
    EXPECT_EQ(proof["findings"].Size(), 0U);
    rapidjson::Document room;
    for (const auto& each : proof["rooms"].GetArray())
      if (each["room"] == "think") room.CopyFrom(each, room.GetAllocator());
    return room;
  }
  void expect_same(const Outcome& one, const Outcome& other) {
    const auto a = json_of(one), b = json_of(other);
    ASSERT_TRUE(a.IsObject() && b.IsObject()) << one.err << other.err;
    EXPECT_TRUE(a["tries"] == b["tries"]);
    EXPECT_TRUE(a["evidence"] == b["evidence"]);
    EXPECT_STREQ(a["root_cause"].GetString(), b["root_cause"].GetString());
  }
  const std::string model_ = tiny_model();
};

TEST_F(Served, ASecondRunOfATenantHasTheRoomOfTheFirst) {
  const Outcome cold = triage("acme", "never");
  std::string room;
  serve({}, [&](pid_t) {
    const Outcome first = triage("acme"), second = triage("acme", "only");
    expect_same(first, cold);
    expect_same(second, cold);
    const auto a = think_room(first, "acme"), b = think_room(second, "acme");
    ASSERT_TRUE(a.HasMember("kept") && b.HasMember("kept"));
    EXPECT_EQ(a["kept"]["runs_before"].Size(), 0U);
    EXPECT_TRUE(a["kept"]["stays"].GetBool());
    ASSERT_EQ(b["kept"]["runs_before"].Size(), 1U);
    EXPECT_EQ(b["kept"]["runs_before"][0], json_of(first)["run"]);
    EXPECT_EQ(a["kept"]["room"], b["kept"]["room"]);
    EXPECT_EQ(a["kept"]["since"], b["kept"]["since"]);
    room = a["kept"]["room"].GetString();

    // Another tenant, with the same model and the same bundle, never has it.
    const Outcome other = triage("globex");
    expect_same(other, cold);
    const auto c = think_room(other, "globex");
    EXPECT_EQ(c["kept"]["runs_before"].Size(), 0U);
    EXPECT_STRNE(c["kept"]["room"].GetString(), room.c_str());

    // A run without a tenant has a room of its own.
    const Outcome alone = carrel({"triage", example, "--model", model_, "--json", "--output-tokens", "128"});
    EXPECT_NE(alone.out, "");
    const Outcome refused = carrel({"triage", example, "--model", model_, "--serve", "only"});
    EXPECT_EQ(refused.status, 6);
    EXPECT_THAT(refused.err, HasSubstr("no named tenant"));
  });
  EXPECT_TRUE(nothing_left_running());
  EXPECT_FALSE(std::filesystem::exists(socket()));
  const auto proof = json_of(carrel({"prove", "--tenant", "acme", "--json"}));
  EXPECT_EQ(proof["kept_rooms"][room.c_str()].GetInt(), 2);
  for (const auto& finding : proof["findings"].GetArray())
    EXPECT_THAT(finding.GetString(), Not(HasSubstr("room")));
}

TEST_F(Served, WithoutAServerARunHasItsOwnRoom) {
  EXPECT_FALSE(think_room(triage("acme"), "acme").HasMember("kept"));
  const Outcome only = triage("acme", "only");
  EXPECT_EQ(only.status, 6);
  EXPECT_THAT(only.err, HasSubstr("no carrel serve answers"));
}

TEST_F(Served, RoomsEndWhenTheirTimeIsOverAndWhenTheServerIsKilled) {
  serve({"--keep", "1"}, [&](pid_t) {
    triage("acme");
    std::this_thread::sleep_for(std::chrono::seconds(3));
    EXPECT_EQ(think_room(triage("acme"), "acme")["kept"]["runs_before"].Size(), 0U) << "it was another";
  });
  serve({}, [&](pid_t server) {
    triage("acme");
    ::kill(server, SIGKILL);
  });
  EXPECT_TRUE(nothing_left_running());
  // Its socket is still there, and stands in nobody's way.
  EXPECT_TRUE(std::filesystem::exists(socket()));
  EXPECT_FALSE(think_room(triage("acme"), "acme").HasMember("kept"));
}

TEST_F(Served, WhatDoesNotFitTheServerHasItsOwnRoomUnlessThatIsRefused) {
  serve({"--memory-mib", "64"}, [&](pid_t) {
    EXPECT_FALSE(think_room(triage("acme"), "acme").HasMember("kept"));
    const Outcome only = triage("acme", "only");
    EXPECT_EQ(only.status, 6);
    EXPECT_THAT(only.err, HasSubstr("carrel serve may use 64 MiB"));
  });
}

// As Prometheus' own tool reads them, and with nothing of whose runs they are.
TEST_F(Served, FiguresAreWhatPrometheusReads) {
  ASSERT_EQ(run({"promtool", "--version"}).status, 0) << "there is no Prometheus: setup/packages test";
  serve({"--metrics", "29464"}, [&](pid_t) {
    triage("acme");
    triage("acme");
    const auto get = [](const char* path, const char* host) {
      return send_and_read(29464, std::string("GET ") + path + " HTTP/1.1\r\nHost: " + host + "\r\n\r\n");
    };
    const Reply figures = get("/metrics", "127.0.0.1:29464");
    EXPECT_THAT(figures.body, HasSubstr("\ncarrel_warm_runs_total 1\n"));
    EXPECT_THAT(figures.body, HasSubstr("\ncarrel_runs_total{ending=\"ok\"} 2\n"));
    EXPECT_THAT(figures.body, HasSubstr("\ncarrel_rooms{state=\"idle\"} 1\n"));
    EXPECT_THAT(figures.body, HasSubstr("\ncarrel_room_busy{room=\"1\"} 0\n"));
    for (const char* secret : {"acme", "tiny", "customer", "random weights"})
      EXPECT_THAT(figures.body, Not(HasSubstr(secret)));
    const std::string path = file("figures", figures.body);
    const Outcome checked = run({"sh", "-c", "promtool check metrics < " + path});
    EXPECT_EQ(checked.status, 0) << checked.out << checked.err;
    EXPECT_EQ(get("/metrics", "elsewhere.example").status, 403);
    EXPECT_EQ(get("/", "127.0.0.1:29464").status, 404);
  });
}

TEST_F(Served, OneServerForASocket) {
  serve({}, [&](pid_t) {
    const Outcome second = carrel({"serve"});
    EXPECT_EQ(second.status, 2);
    EXPECT_THAT(second.err, HasSubstr("another carrel serve"));
  });
  EXPECT_EQ(carrel({"serve", "--metrics", "elsewhere:1"}).status, 2);
}

}  // namespace
}  // namespace carrel::e2e
