// How long a model takes to begin its answer to a second question about a bundle, beside its first, through
// the program as users have it, started anew for each.
// links: record
//
//   second_question CARREL MODEL.gguf [ROUNDS]
//
// The bundle is a log whose evidence comes to about 3,000 tokens. In each of three rounds (or as many as are
// asked for), with a home of its own, `carrel run` asks the first question and `carrel ask` the second, in
// one try each; medians. Two figures:
//
// second_question_first_token: from the loaded model to the first token of the answer: making the prompt,
// opening the context, reading or taking up the evidence, reading the question.
//
// second_question_program: the whole program, from its start to its end: the bundle and the model hashed,
// three other rooms, the model loaded, the answer written. For knowing alone.
#include <algorithm>
#include <array>
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <memory>
#include <string>
#include <vector>

#include <fmt/format.h>
#include <rapidjson/document.h>

#include "base/fd.h"

namespace {

using namespace carrel;
using Clock = std::chrono::steady_clock;

constexpr int usual_rounds = 3;
constexpr int lines = 21;  // of about 117 tokens each with their addresses
constexpr double bar = 0.1;

struct Asked {
  std::string run;
  double first_token_s = 0, program_s = 0;
  std::uint64_t prefix_tokens = 0, reused_tokens = 0;
};

Status write_bundle(const std::string& folder) {
  std::filesystem::create_directories(folder);
  std::string text;
  for (int i = 0; i < lines; ++i) {
    text += fmt::format("2026-01-02T03:{:02}:{:02}Z ERROR worker-{}: request {} to service-{} failed: {}\n",
                        i / 60, i % 60, i % 7, 7919 * i, static_cast<char>('a' + i % 26),
                        std::array{"connection refused", "deadline exceeded", "no space left on device",
                                   "certificate has expired"}[static_cast<std::size_t>(i % 4)]);
  }
  return write_file_durably(folder + "/app.log", text);
}

Result<Asked> ask(const std::string& command) {
  const Clock::time_point start = Clock::now();
  const std::unique_ptr<FILE, int (*)(FILE*)> output(::popen(command.c_str(), "r"), ::pclose);
  if (!output) return errno_error("cannot start carrel");
  std::string json;
  std::array<char, 4096> piece;
  for (std::size_t size; (size = std::fread(piece.data(), 1, piece.size(), output.get())) > 0;)
    json.append(piece.data(), size);
  Asked asked;
  asked.program_s = std::chrono::duration<double>(Clock::now() - start).count();
  rapidjson::Document report;
  report.Parse(json.c_str());
  if (report.HasParseError() || !report.IsObject() || !report.HasMember("stats") ||
      !report["stats"].HasMember("first_token_s")) {
    return Error{Code::internal, "carrel gave no report: " + command, ""};
  }
  asked.run = report["run"].GetString();
  asked.first_token_s = report["stats"]["first_token_s"].GetDouble();
  asked.prefix_tokens = report["stats"]["prefix_tokens"].GetUint64();
  asked.reused_tokens = report["stats"]["prompt_tokens_reused"].GetUint64();
  return asked;
}

double median(std::vector<double> values) {
  std::ranges::sort(values);
  return values[values.size() / 2];
}

void print(const char* name, const std::vector<double>& second, const std::vector<double>& first,
           const Asked& last, bool has_bar) {
  const double ratio = median(second) / median(first);
  const std::string held = has_bar ? fmt::format(R"(,"bar":{},"holds":{})", bar, ratio <= bar) : "";
  fmt::print(
      R"({{"name":"{}","value":{:.3f},"unit":"s","comparator":"the first question, {:.3f} s","ratio":{:.3f}{},"prefix_tokens":{},"reused_tokens":{}}})"
      "\n",
      name, median(second), median(first), ratio, held, last.prefix_tokens, last.reused_tokens);
}

Status run(const std::string& carrel, const std::string& model, int rounds, const std::string& folder) {
  if (Status written = write_bundle(folder + "/bundle"); !written) return written;
  std::vector<double> first_token, second_token, first_program, second_program;
  Asked second;
  for (int round = 0; round < rounds; ++round) {
    const std::string common =
        fmt::format("--data '{}/home-{}' --tenant bench --json --quiet", folder, round);
    auto one =
        ask(fmt::format("'{}' run explain-logs '{}/bundle' --model '{}' --tries 1 --output-tokens 64 --ask "
                        "'What went wrong?' {}",
                        carrel, folder, model, common));
    if (!one) return one.error();
    auto two =
        ask(fmt::format("'{}' ask {} 'Which of the workers has it worst?' {}", carrel, one->run, common));
    if (!two) return two.error();
    first_token.push_back(one->first_token_s);
    second_token.push_back(two->first_token_s);
    first_program.push_back(one->program_s);
    second_program.push_back(two->program_s);
    second = *two;
  }
  print("second_question_first_token", second_token, first_token, second, true);
  print("second_question_program", second_program, first_program, second, false);
  return {};
}

}  // namespace

int main(int count, char** words) {
  const int rounds = count == 4 ? std::atoi(words[3]) : usual_rounds;
  if (count < 3 || count > 4 || rounds < 1) {
    fmt::print(stderr, "usage: second_question CARREL MODEL.gguf [ROUNDS]\n");
    return 2;
  }
  std::string folder = (std::filesystem::temp_directory_path() / "second-question-XXXXXX").string();
  if (::mkdtemp(folder.data()) == nullptr) return 1;
  const Status done = run(words[1], words[2], rounds, folder);
  std::error_code left;
  std::filesystem::remove_all(folder, left);
  if (done) return 0;
  fmt::print(stderr, "second_question: {}\n", done.error().what);
  return 1;
}
