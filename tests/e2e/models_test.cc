// Models by name: listing, importing, getting and looking into them, as a user does.
#include <filesystem>

#include <fmt/format.h>
#include <gmock/gmock.h>

#include "file_server.h"
#include "program.h"

namespace carrel::e2e {
namespace {

namespace fs = std::filesystem;
using testing::HasSubstr;
using testing::Not;

class Models : public Scratch {
 protected:
  // The SHA-256 of a file, by a program that is not ours.
  std::string sum_of(const std::string& path) const { return run({"sha256sum", path}).out.substr(0, 64); }
  Outcome pull(const FileServer& server, const std::vector<std::string>& more = {}) const {
    std::vector<std::string> words = {"models", "pull", server.url("got.gguf"), "--quiet"};
    words.insert(words.end(), more.begin(), more.end());
    return carrel(words);
  }
  std::string got() const { return folder_ + "/.local/share/carrel/models/got.gguf"; }
};

TEST_F(Models, AListedModelIsUsedByItsName) {
  const std::string model = tiny_model();
  const Outcome added = carrel({"models", "add", model, "--name", "mine"});
  EXPECT_EQ(added.status, 0) << added.err;
  EXPECT_THAT(added.out, HasSubstr("listed mine: llama"));
  const auto list = json_of(carrel({"models", "list", "--json"}));
  ASSERT_EQ(list.Size(), 1U);
  EXPECT_EQ(list[0]["path"].GetString(), model);
  EXPECT_EQ(list[0]["sha256"].GetString(), sum_of(model));
  EXPECT_STREQ(list[0]["trouble"].GetString(), "");
  const std::vector<std::string> asked = {"triage",  example, "--model",         "mine", "--json",
                                          "--tries", "1",     "--output-tokens", "128"};
  const auto report = json_of(carrel(asked));
  EXPECT_EQ(report["model"]["sha256"].GetString(), sum_of(model));

  // Another file in its place is told before a room sees it.
  file("tiny.gguf", read(model) + "x");
  const Outcome changed = carrel(asked);
  EXPECT_EQ(changed.status, 4);
  EXPECT_THAT(changed.err, HasSubstr("is not the file that the list of models names"));
  EXPECT_THAT(carrel({"models", "list"}).out, HasSubstr("another size"));
  EXPECT_EQ(carrel({"models", "remove", "mine"}).status, 0);
  EXPECT_TRUE(fs::exists(model));
  const Outcome unknown = carrel({"triage", example, "--model", "mine"});
  EXPECT_EQ(unknown.status, 2);
  EXPECT_THAT(unknown.err, HasSubstr("no model mine on the list"));
}

TEST_F(Models, InspectTellsWhatTheFileSays) {
  const auto card = json_of(carrel({"models", "inspect", tiny_model(), "--json"}));
  EXPECT_STREQ(card["architecture"].GetString(), "llama");
  EXPECT_EQ(card["trained_context"].GetUint(), 16384U);
  EXPECT_GT(card["kv_bytes_per_token"].GetUint(), 0U);
  EXPECT_EQ(card["prompt_version"].GetUint(), 0U);
  EXPECT_STREQ(card["weights"][0]["type"].GetString(), "q8_0");
  EXPECT_TRUE(card["chat_template_known"].GetBool());
  EXPECT_TRUE(card["recommended"]["temperature"].IsNull());
  EXPECT_THAT(carrel({"models", "inspect", tiny_model()}).out, HasSubstr("bytes a token"));
}

TEST_F(Models, ImportFindsAndVerifiesWithoutCopying) {
  const std::string model = tiny_model();
  const std::string sum = sum_of(model);
  const auto manifest = [](const std::string& digest) {
    return R"({"layers":[{"mediaType":"application/vnd.ollama.image.model","digest":"sha256:)" + digest +
           "\"}]}";
  };
  const std::string blob = file("store/blobs/sha256-" + sum, read(model));
  file("store/manifests/host/library/tiny/1b", manifest(sum));
  const std::string wrong(64, '0');
  file("store/blobs/sha256-" + wrong, read(model));
  file("store/manifests/host/library/wrong/1b", manifest(wrong));
  const Outcome imported = carrel({"models", "import", "ollama", "--from", folder_ + "/store"});
  EXPECT_EQ(imported.status, 0) << imported.err;
  EXPECT_THAT(imported.out, HasSubstr("listed tiny:1b"));
  EXPECT_THAT(imported.err, HasSubstr("is not the file that the store names"));
  const auto list = json_of(carrel({"models", "list", "--json"}));
  ASSERT_EQ(list.Size(), 1U);
  EXPECT_EQ(list[0]["path"].GetString(), fs::canonical(blob).string());
  EXPECT_STREQ(list[0]["verified"].GetString(), "the store");
  EXPECT_EQ(carrel({"models", "import", "ollama"}).status, 2);  // there is none in this home
  EXPECT_EQ(carrel({"models", "import", "nobody"}).status, 2);
}

TEST_F(Models, WhatIsNoModelIsNotListed) {
  const std::string text = file("no.gguf", "GGUF but nothing behind it");
  EXPECT_EQ(carrel({"models", "add", text}).status, 4);
  EXPECT_EQ(carrel({"models", "add", folder_ + "/none.gguf"}).status, 4);
  EXPECT_EQ(json_of(carrel({"models", "list", "--json"})).Size(), 0U);
}

TEST_F(Models, PullGoesOnAfterEveryDrop) {
  const std::string bytes = read(tiny_model());
  const FileServer server(bytes, {{.drop_after = 40'000}, {.drop_after = 60'000}, {.drop_after = 1}, {}});
  const Outcome outcome = pull(server, {"--name", "tiny"});
  EXPECT_EQ(outcome.status, 0) << outcome.err;
  EXPECT_EQ(read(got()), bytes);
  const auto requests = server.requests();
  ASSERT_EQ(requests.size(), 4U);
  EXPECT_THAT(requests[1], HasSubstr("Range: bytes=40000-"));
  EXPECT_THAT(requests[1], HasSubstr("If-Range: \"one\""));
  EXPECT_THAT(requests[3], HasSubstr("Range: bytes=100001-"));
  EXPECT_THAT(carrel({"models", "inspect", "tiny"}).out, HasSubstr("llama"));
  EXPECT_FALSE(fs::exists(got() + ".part"));
  EXPECT_FALSE(fs::exists(got() + ".part.origin"));
}

TEST_F(Models, PullGoesOnAfterARestart) {
  const std::string bytes = read(tiny_model());
  const FileServer server(bytes, {{.drop_after = 50'000}, {.status = 404}, {}});
  const Outcome outcome = pull(server);
  EXPECT_EQ(outcome.status, 2);
  EXPECT_THAT(outcome.err, HasSubstr("answers 404"));
  EXPECT_EQ(fs::file_size(got() + ".part"), 50'000U);
  EXPECT_EQ(pull(server).status, 0);
  EXPECT_THAT(server.requests()[2], HasSubstr("Range: bytes=50000-"));
  EXPECT_EQ(read(got()), bytes);
}

TEST_F(Models, PullBeginsAnewWhereTheFileIsAnotherOne) {
  const std::string bytes = read(tiny_model());
  const FileServer server(bytes, {{.drop_after = 40'000, .etag = "\"old\""}, {.etag = "\"new\""}});
  EXPECT_EQ(pull(server).status, 0);
  EXPECT_EQ(read(got()), bytes);
  const FileServer plain(bytes, {{.drop_after = 40'000, .ranges = false}, {.ranges = false}});
  fs::remove(got());
  EXPECT_EQ(pull(plain).status, 0);  // a server that knows no ranges
  EXPECT_EQ(read(got()), bytes);
  // One that says of no version which it is: nothing shows that the rest is of the same file.
  const FileServer unmarked(bytes, {{.drop_after = 40'000, .etag = ""}, {.etag = ""}});
  fs::remove(got());
  EXPECT_EQ(pull(unmarked).status, 0);
  EXPECT_EQ(read(got()), bytes);
  EXPECT_THAT(unmarked.requests()[1], Not(HasSubstr("Range:")));
}

TEST_F(Models, PullKeepsNoFileOfAnotherSum) {
  const std::string bytes = read(tiny_model());
  const FileServer server(bytes, {{}});
  const std::string wrong(64, '0');
  const Outcome outcome = pull(server, {"--sha256", wrong});
  EXPECT_EQ(outcome.status, 4);
  EXPECT_THAT(outcome.err, HasSubstr("it was removed"));
  EXPECT_FALSE(fs::exists(got()));
  EXPECT_EQ(pull(server, {"--sha256", sum_of(tiny_model())}).status, 0);
  // The sum that a hub names counts too.
  const FileServer hub(bytes, {{.more_headers = "X-Linked-ETag: \"" + wrong + "\"\r\n"}});
  fs::remove(got());
  const Outcome other = pull(hub);
  EXPECT_EQ(other.status, 4);
  EXPECT_THAT(other.err, HasSubstr("that the server names"));
}

TEST_F(Models, PullNeverRemovesAFileThatStoodBefore) {
  const std::string bytes = read(tiny_model());
  const FileServer server(bytes, {{}});
  ASSERT_EQ(pull(server).status, 0);
  const Outcome outcome = pull(server, {"--name", "big", "--sha256", std::string(64, '0')});
  EXPECT_EQ(outcome.status, 4);
  EXPECT_THAT(outcome.err, HasSubstr("its SHA-256 is " + sum_of(tiny_model())));
  EXPECT_THAT(outcome.err, HasSubstr("it was there before and stays"));
  EXPECT_EQ(read(got()), bytes);
  EXPECT_EQ(server.requests().size(), 1U);
}

TEST_F(Models, PullKeepsNoPageInAModelsPlace) {
  const FileServer page("<html>sign in first</html>", {{}});
  const Outcome outcome = pull(page);
  EXPECT_EQ(outcome.status, 4);
  EXPECT_THAT(outcome.err, HasSubstr("is not a GGUF model file; it was removed"));
  EXPECT_THAT(outcome.err, HasSubstr("it may be a page"));
  for (const char* const end : {"", ".part", ".part.origin"}) EXPECT_FALSE(fs::exists(got() + end)) << end;
  EXPECT_EQ(pull(FileServer(read(tiny_model()), {{}})).status, 0);
}

TEST_F(Models, PullGivesUpSoonWhereNobodyAnswers) {
  const std::vector<std::string> refused = {"models", "pull", "http://127.0.0.1:1/got.gguf"};
  const Outcome outcome = carrel(refused);
  EXPECT_EQ(outcome.status, 7);
  EXPECT_THAT(outcome.err, HasSubstr("retry 1 of 2 in 0.5 s: http://127.0.0.1:1/got.gguf"));
  EXPECT_THAT(outcome.err, HasSubstr("retry 2 of 2 in 1 s"));
  EXPECT_THAT(outcome.err, Not(HasSubstr("where it stopped")));
  EXPECT_FALSE(fs::exists(got() + ".part"));
  std::vector<std::string> quiet = refused;
  quiet.emplace_back("-q");
  EXPECT_THAT(carrel(quiet).err, Not(HasSubstr("retry")));
  const Outcome unknown = carrel({"models", "pull", "https://nobody.invalid/got.gguf"});
  EXPECT_EQ(unknown.status, 7);
  EXPECT_THAT(unknown.err, Not(HasSubstr("retry")));
}

TEST_F(Models, RemoveDeletesAPulledFileWhereThatIsAsked) {
  const std::string model = tiny_model();
  const FileServer server(read(model), {{}});
  ASSERT_EQ(pull(server, {"--name", "one"}).status, 0);
  ASSERT_EQ(pull(server, {"--name", "two"}).status, 0);
  EXPECT_EQ(carrel({"models", "remove", "one", "--delete-file"}).status, 2);  // it is two's as well
  const Outcome kept = carrel({"models", "remove", "two"});
  EXPECT_THAT(kept.out, HasSubstr("its file stays and takes"));
  EXPECT_THAT(kept.out, HasSubstr(got()));
  const Outcome deleted = carrel({"models", "remove", "one", "--delete-file"});
  EXPECT_EQ(deleted.status, 0) << deleted.err;
  EXPECT_THAT(deleted.out, HasSubstr("its file was deleted"));
  EXPECT_FALSE(fs::exists(got()));
  ASSERT_EQ(carrel({"models", "add", model, "--name", "mine"}).status, 0);
  EXPECT_EQ(carrel({"models", "remove", "mine", "--delete-file"}).status, 2);
  EXPECT_TRUE(fs::exists(model));
  EXPECT_EQ(carrel({"models", "inspect", "mine", "-q"}).status, 0);  // and it is listed still
}

TEST_F(Models, PullTellsWhatKeepsItFromWorking) {
  const FileServer huge("x", {{.claimed = 1ULL << 60}});
  const Outcome full = pull(huge);
  EXPECT_EQ(full.status, 5);
  EXPECT_THAT(full.err, HasSubstr("MiB free"));
  const FileServer gated("x", {{.status = 401}});
  EXPECT_THAT(pull(gated).err, HasSubstr("HF_TOKEN"));
  const FileServer elsewhere("x", {{.status = 302, .location = "file:///etc/passwd"}});
  const Outcome left = pull(elsewhere);
  EXPECT_EQ(left.status, 2);
  EXPECT_FALSE(fs::exists(got()));
  EXPECT_EQ(carrel({"models", "pull", "http://example.org/a.gguf"}).status, 2);
  EXPECT_EQ(carrel({"models", "pull", "nothing"}).status, 2);
}

TEST_F(Models, FitPredictsFromAShortMeasurement) {
  const auto fit = json_of(carrel({"models", "fit", tiny_model(), "--json", "--context", "4096", "--tries",
                                   "2", "--output-tokens", "128", "--slots", "2"}));
  ASSERT_TRUE(fit.IsObject());
  EXPECT_TRUE(fit["fits"].GetBool());
  EXPECT_GE(fit["largest_context"].GetUint(), 4096U);
  EXPECT_EQ(fit["prompt_tokens"].GetUint(), 4096U - 2 * 128);
  ASSERT_EQ(fit["measured"].Size(), 2U);
  for (const auto& run : fit["measured"].GetArray()) {
    EXPECT_GT(run["prefill_tokens_per_s"].GetDouble(), 0);
    EXPECT_GT(run["decode_tokens_per_s"].GetDouble(), 0);
  }
  EXPECT_GT(fit["kv_bytes"].GetUint64(), 0U);
  EXPECT_GT(fit["all_bytes"].GetUint64(), fit["room_bytes"].GetUint64());
}

// What fit predicts from a short measurement is what the think room of a run then takes, to a tenth, where
// the prompt fills the context: buffers that are reserved for more than is read are never touched.
TEST_F(Models, FitPredictsTheMemoryOfARun) {
  const std::string model = tiny_model();
  const auto report = json_of(carrel({"triage", example, "--model", model, "--context", "4096", "--tries",
                                      "1", "--output-tokens", "512", "--json", "-q"}));
  const auto fit =
      json_of(carrel({"models", "fit", model, "--context", "4096", "--tries", "1", "--json", "-q"}));
  ASSERT_TRUE(report.IsObject() && fit.IsObject());
  ASSERT_EQ(report["stats"]["context"].GetUint(), 4096u);
  const auto measured = report["stats"]["peak_memory_bytes"].GetDouble();
  // Of the libraries the kernel maps more or less of what it has at hand, 2 to 3 MB from run to run: much
  // beside a model this small, nothing beside a real one.
  constexpr double libraries = 4 << 20;
  EXPECT_NEAR(fit["room_bytes"].GetDouble(), measured, 0.1 * measured + libraries);
}

}  // namespace
}  // namespace carrel::e2e
