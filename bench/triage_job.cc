// One triage-shaped job, ours beside llama-server of the same packages: 3,000 tokens of evidence, 200 tokens
// of answer under a JSON schema.
//
// links: room/engine/llama carrel-room-worker-think
//
//   triage_job MODEL.gguf LLAMA_SERVER [ROUNDS [NAME]]
//
// NAME: only that of the four comparisons below.
//
// Ours is what a think room does with its job (room/worker/think.h), from the loaded model to the answer. The
// server has loaded its model, too, keeps one slot with its prompt cache on, and is asked over a socket for a
// chat completion with response_format json_schema, the schema's ids an enumeration. Both get the same texts,
// threads and sampling; each round has evidence of its own, so that no cache knows it. They take turns;
// medians. The server's answer is cut at as many tokens as ours took, for random weights cut the schema's own
// text into more tokens than a tokenizer does. A bar only holds where the answers are of the same length, to
// a twentieth.
//
// What remains in our favour with random weights: their first draw between two texts is hardly ever one that
// the schema allows, and the server, which draws first and asks its grammar then, tests its whole vocabulary
// there; a trained model mostly draws what is allowed. triage_first_try_free_text tells how much that is.
//
// triage_first_try: one variant.
// triage_first_try_free_text: the same, where the server writes as many tokens without a schema. For knowing
// alone.
// triage_five_variants: five variants over the same evidence. Ours are one batch and end once the votes are
// settled; the server answers five requests one after the other, whose shared beginning it reads once.
// triage_five_whole_answers: the same with all five of ours written to their end. For knowing alone.
#include <algorithm>
#include <chrono>
#include <cmath>
#include <csignal>
#include <cstdlib>
#include <filesystem>
#include <functional>
#include <string>
#include <thread>

#include <fmt/format.h>
#include <rapidjson/document.h>
#include <rapidjson/stringbuffer.h>
#include <rapidjson/writer.h>
#include <sched.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/fd.h"
#include "room/engine/llama/llama_engine.h"
#include "room/engine/plain_tokens.h"
#include "room/worker/think.h"

namespace {

using namespace carrel;
using Clock = std::chrono::steady_clock;

constexpr int usual_rounds = 3;
constexpr std::size_t evidence_lines = 27;         // of about 110 tokens each with their addresses
constexpr std::uint32_t most_answer_tokens = 640;  // never reached: the texts have fixed lengths
constexpr double length_tolerance = 0.05;
constexpr std::uint32_t context = 8192;
constexpr double first_try_bar = 0.9, five_variants_bar = 0.5;
// Warm enough for random weights not to write one piece over and over.
constexpr Sampling sampling = {.temperature = 2, .top_p = 1, .min_p = 0, .top_k = 40, .seed = 1};

// The shape of k8s-triage's, with texts that come to about 200 tokens whatever is drawn.
constexpr const char* schema_text = R"({
  "type": "object", "additionalProperties": false,
  "required": ["evidence", "verdict", "root_cause", "commands", "confidence", "missing"],
  "properties": {
    "evidence": {"type": "array", "minItems": 1, "maxItems": 5, "uniqueItems": true, "items": IDS},
    "verdict": {"enum": ["fault", "no_fault", "insufficient_evidence"]},
    "root_cause": {"type": "string", "minLength": 300, "maxLength": 300},
    "commands": {"type": "array", "minItems": 1, "maxItems": 1, "items": {
      "type": "object", "additionalProperties": false, "required": ["command", "why"],
      "properties": {"command": {"enum": [COMMANDS]},
                     "why": {"type": "string", "minLength": 80, "maxLength": 80}}}},
    "confidence": {"enum": ["low", "medium", "high"]},
    "missing": {"type": "array", "minItems": 2, "maxItems": 2,
                "items": {"type": "string", "minLength": 250, "maxLength": 250}}}})";
constexpr const char* our_ids = R"({"type": "string", "x-carrel-set": "evidence"})";

constexpr const char* instructions[] = {
    "Name the likely root cause.", "Go by the order in which things happened.",
    "Weigh each component against the others.", "Begin with what is missing.",
    "Say what a second engineer would check first."};

double seconds_since(Clock::time_point start) {
  return std::chrono::duration<double>(Clock::now() - start).count();
}

std::string schema_with(std::string_view ids) {
  std::string commands;
  for (int worker = 0; worker < 7; ++worker) {
    for (const char* what : {"describe pod {}", "get pod {} -o yaml", "logs {} --previous --tail=200"})
      commands += fmt::format("{}\"kubectl -n shop {}\"", commands.empty() ? "" : ",",
                              fmt::format(fmt::runtime(what), fmt::format("worker-{}", worker)));
  }
  std::string schema = schema_text;
  schema.replace(schema.find("IDS"), 3, ids);
  return schema.replace(schema.find("COMMANDS"), 8, commands);
}

// ---- ours ----

ThinkJob job_of(int round, std::size_t variants, std::uint32_t threads, bool early_stop) {
  ThinkJob job;
  job.model_name = "model";
  job.system = "You find the root cause of trouble in a cluster from evidence lines, which are data.";
  job.question = "What is the likely root cause of the trouble in this bundle?";
  for (std::size_t i = 0; i < variants; ++i)
    job.variants.push_back({fmt::format("variant-{}", i), instructions[i]});
  job.schema = schema_with(our_ids);
  for (std::size_t i = 0; i < evidence_lines; ++i) {
    EvidenceLine line;
    line.at.file = fmt::format("cluster-resources/pods/logs/shop/worker-{}.log", i % 7);
    line.at.line = static_cast<std::uint32_t>(120 + i);
    line.quote = fmt::format(
        "2026-01-02T03:{:02}:{:02}Z ERROR round {}: request {} to service-{} failed after {} ms: connection "
        "refused",
        i / 60, i % 60, round, 7919 * (i + 1), i % 5, 13 * i);
    line.reason = "error level";
    job.lines.push_back(std::move(line));
  }
  job.sampling = sampling;
  job.sampling.seed = static_cast<std::uint64_t>(round) + 1;
  job.context = context;
  job.output_tokens = most_answer_tokens;
  job.wall_seconds = 0;
  job.threads = threads;
  job.early_stop = early_stop;
  return job;
}

struct Done {
  double seconds = 0, prefill_s = 0, decode_s = 0;
  std::uint64_t prompt_tokens = 0;
  std::uint64_t answer_tokens = 0;  // of one answer, the longest of ours
  std::uint64_t forced_tokens = 0;  // of them, those that the schema left no choice of
};

Result<Done> ours(const std::string& model_path, const ThinkJob& job) {
  Result<Fd> file = open_read(model_path);
  if (!file) return file.error();
  Result<std::unique_ptr<Engine>> engine = load_llama_engine(std::move(*file), model_path);
  if (!engine) return engine.error();
  const TokenTrie trie(all_bytes(**engine));
  const Clock::time_point start = Clock::now();
  const Result<ThinkResult> result = think(job, **engine, trie, start, {}, [](const Progress&) {});
  if (!result) return result.error();
  Done done{.seconds = seconds_since(start),
            .prefill_s = result->prefill_s,
            .decode_s = result->decode_s,
            .prompt_tokens = result->prompt_tokens};
  if (result->lines_kept < job.lines.size()) return Error{Code::internal, "not all evidence was kept", ""};
  for (const Try& each : result->tries) {
    if (each.stop == Stop::complete && each.tokens > done.answer_tokens) {
      done.answer_tokens = each.tokens;
      done.forced_tokens = each.forced_tokens;
    }
    if (each.stop != Stop::settled && each.stop != Stop::complete) {
      return Error{Code::internal,
                   fmt::format("an answer ended after {} tokens ({}): {}", each.tokens, to_string(each.stop),
                               each.json),
                   ""};
    }
  }
  return done;
}

// ---- the server ----

class Server {
 public:
  Server(const std::string& program, const std::string& model, std::string folder, std::uint32_t threads)
      : folder_(std::move(folder)) {
    process_ = ::fork();
    if (process_ != 0) return;
    const std::string count = std::to_string(threads), size = std::to_string(context);
    ::setenv("PATH", "/usr/bin:/bin", 1);
    if (::freopen("/dev/null", "w", stdout) == nullptr || ::freopen("/dev/null", "w", stderr) == nullptr)
      ::_exit(1);
    ::execl(program.c_str(), program.c_str(), model.c_str(), folder_.c_str(), "-c", size.c_str(), "-np", "1",
            "-t", count.c_str(), "-tb", count.c_str(), nullptr);
    ::_exit(127);
  }
  ~Server() {
    ::kill(process_, SIGTERM);
    ::waitpid(process_, nullptr, 0);
  }
  Server(const Server&) = delete;
  Server& operator=(const Server&) = delete;

  // Waits until it has loaded its model.
  Status ready() const {
    for (int tenths = 0; tenths < 1200; ++tenths) {
      const Result<std::string> health = ask("GET /health HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n");
      if (health && health->find(" 200 ") != std::string::npos) return {};
      if (::waitpid(process_, nullptr, WNOHANG) != 0) break;
      std::this_thread::sleep_for(std::chrono::milliseconds(100));
    }
    return Error{Code::internal, "llama-server did not start", ""};
  }

  // One HTTP exchange; the whole response.
  Result<std::string> ask(const std::string& request) const {
    const Fd socket(::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0));
    sockaddr_un address = {};
    address.sun_family = AF_UNIX;
    const std::string path = folder_ + "/llama.sock";
    if (!socket.valid() || path.size() >= sizeof address.sun_path)
      return Error{Code::internal, "no socket for llama-server", ""};
    path.copy(address.sun_path, path.size());
    if (::connect(socket.get(), reinterpret_cast<const sockaddr*>(&address), sizeof address) != 0)
      return errno_error("llama-server does not listen");
    if (Status written = write_all(socket.get(), request); !written) return written.error();
    return read_all(socket.get(), 16 << 20);
  }

 private:
  std::string folder_;
  pid_t process_ = -1;
};

// What the model is given beside its template's own text: the same as ours, word for word.
std::string evidence_of(const ThinkJob& job) {
  std::string text = "Evidence, the most telling lines first. Each has an id in brackets.\n";
  for (std::size_t i = 0; i < job.lines.size(); ++i) {
    const EvidenceLine& line = job.lines[i];
    text += fmt::format("[{}] {}:{} ({})\n  {}\n", evidence_id(i, job.lines.size()), line.at.file,
                        line.at.line, line.reason, line.quote);
  }
  return text;
}

std::string request_of(const ThinkJob& job, const Variant& variant, bool with_schema,
                       std::uint64_t most_tokens) {
  std::string ids = R"({"enum": [)";
  for (std::size_t i = 0; i < job.lines.size(); ++i)
    ids += fmt::format("{}\"{}\"", i == 0 ? "" : ",", evidence_id(i, job.lines.size()));
  const std::string schema = schema_with(ids + "]}");
  rapidjson::StringBuffer buffer;
  rapidjson::Writer<rapidjson::StringBuffer> json(buffer);
  const auto message = [&](const char* role, const std::string& content) {
    json.StartObject();
    json.Key("role");
    json.String(role);
    json.Key("content");
    json.String(content.c_str());
    json.EndObject();
  };
  json.StartObject();
  json.Key("messages");
  json.StartArray();
  message("system", job.system);
  message("user", fmt::format("{}\nQuestion: {}\n{}", evidence_of(job), job.question, variant.instructions));
  json.EndArray();
  if (with_schema) {
    json.Key("response_format");
    json.StartObject();
    json.Key("type");
    json.String("json_schema");
    json.Key("json_schema");
    json.StartObject();
    json.Key("schema");
    json.RawValue(schema.data(), schema.size(), rapidjson::kObjectType);
    json.EndObject();
    json.EndObject();
  } else {
    json.Key("ignore_eos");
    json.Bool(true);
  }
  json.Key("max_tokens");
  json.Uint64(most_tokens);
  for (const auto& [name, value] :
       {std::pair("temperature", job.sampling.temperature), std::pair("top_p", job.sampling.top_p),
        std::pair("min_p", job.sampling.min_p)}) {
    json.Key(name);
    json.Double(value);
  }
  json.Key("top_k");
  json.Uint(job.sampling.top_k);
  json.Key("seed");
  json.Uint64(job.sampling.seed);
  json.EndObject();
  return fmt::format(
      "POST /v1/chat/completions HTTP/1.1\r\nHost: x\r\nConnection: close\r\nContent-Type: "
      "application/json\r\n"
      "Content-Length: {}\r\n\r\n{}",
      buffer.GetSize(), buffer.GetString());
}

Result<Done> theirs(const Server& server, const ThinkJob& job, bool with_schema, std::uint64_t most_tokens) {
  constexpr int most_refusals = 8;
  Done done;
  ThinkJob asked = job;
  int refusals = 0;
  for (std::size_t i = 0; i < job.variants.size();) {
    const Clock::time_point start = Clock::now();
    const Result<std::string> response =
        server.ask(request_of(asked, job.variants[i], with_schema, most_tokens));
    if (!response) return response.error();
    // Its parser takes some answers that are cut at their cap for broken ones: asked again with another seed,
    // and not counted, although what it had read by then is in its cache.
    if (response->find("does not match the expected") != std::string::npos && ++refusals <= most_refusals) {
      asked.sampling.seed += 1000;
      continue;
    }
    const std::size_t body = response->find("\r\n\r\n");
    rapidjson::Document document;
    if (body != std::string::npos) document.Parse(response->c_str() + body + 4);
    if (document.HasParseError() || !document.IsObject() || !document.HasMember("usage") ||
        !document.HasMember("timings"))
      return Error{Code::internal, "llama-server gave no answer: " + response->substr(0, 400), ""};
    done.prompt_tokens = document["usage"]["prompt_tokens"].GetUint64();
    done.answer_tokens += document["usage"]["completion_tokens"].GetUint64();
    done.prefill_s += document["timings"]["prompt_ms"].GetDouble() / 1e3;
    done.decode_s += document["timings"]["predicted_ms"].GetDouble() / 1e3;
    done.seconds += seconds_since(start);
    ++i;
  }
  done.answer_tokens /= job.variants.size();
  return done;
}

// ---- both, in turns ----

Done median(std::vector<Done> all) {
  std::ranges::sort(all, {}, &Done::seconds);
  return all[all.size() / 2];
}

Status compare(const char* name, int rounds, double bar, const std::function<Result<Done>(int)>& our_round,
               const std::function<Result<Done>(int, const Done&)>& their_round) {
  std::vector<Done> our_all, their_all;
  for (int round = 0; round < rounds; ++round) {
    const Result<Done> mine = our_round(round);
    if (!mine) return mine.error();
    const Result<Done> other = their_round(round, *mine);
    if (!other) return other.error();
    our_all.push_back(*mine);
    their_all.push_back(*other);
  }
  const Done our_median = median(our_all), their_median = median(their_all);
  const double ratio = our_median.seconds / their_median.seconds;
  const double lengths =
      static_cast<double>(our_median.answer_tokens) / static_cast<double>(their_median.answer_tokens);
  const bool holds = ratio <= bar && std::abs(lengths - 1) <= length_tolerance;
  const auto parts = [](const Done& done) {
    return fmt::format(
        R"({{"prefill_s":{:.3f},"decode_s":{:.3f},"prompt_tokens":{},"answer_tokens":{},"forced_tokens":{}}})",
        done.prefill_s, done.decode_s, done.prompt_tokens, done.answer_tokens, done.forced_tokens);
  };
  fmt::print(
      R"({{"name":"{}","value":{:.3f},"unit":"s","comparator":"llama-server, {:.3f} s","ratio":{:.3f}{},"ours":{},"theirs":{}}})"
      "\n",
      name, our_median.seconds, their_median.seconds, ratio,
      bar > 0 ? fmt::format(R"(,"bar":{},"holds":{})", bar, holds) : "", parts(our_median),
      parts(their_median));
  std::fflush(stdout);
  return {};
}

Status run(const std::string& model, const std::string& program, int rounds, std::string_view only,
           const std::string& folder) {
  cpu_set_t processors;
  CPU_ZERO(&processors);
  ::sched_getaffinity(0, sizeof processors, &processors);
  const auto threads = static_cast<std::uint32_t>(std::max(1, CPU_COUNT(&processors)));
  if (Status loaded = load_backends(CARREL_BACKENDS); !loaded) return loaded;
  const Server server(program, model, folder, threads);
  if (Status ready = server.ready(); !ready) return ready;

  struct Comparison {
    const char* name;
    double bar;
    std::size_t variants;
    bool early_stop, their_schema;
  };
  int first_round = 0;
  bool any = false;
  for (const Comparison& each : {Comparison{"triage_first_try", first_try_bar, 1, true, true},
                                 {"triage_first_try_free_text", 0, 1, true, false},
                                 {"triage_five_variants", five_variants_bar, 5, true, true},
                                 {"triage_five_whole_answers", 0, 5, false, true}}) {
    if (!only.empty() && only != each.name) continue;
    any = true;
    const auto job = [&](int round) {
      return job_of(first_round + round, each.variants, threads, each.early_stop);
    };
    const Status done = compare(
        each.name, rounds, each.bar, [&](int round) { return ours(model, job(round)); },
        [&](int round, const Done& mine) {
          return theirs(server, job(round), each.their_schema, mine.answer_tokens);
        });
    if (!done) return done;
    first_round += rounds;
  }
  if (!any) return Error{Code::bad_input, fmt::format("there is no comparison {}", only), ""};
  return {};
}

}  // namespace

int main(int count, char** words) {
  const int rounds = count >= 4 ? std::atoi(words[3]) : usual_rounds;
  if (count < 3 || count > 5 || rounds < 1) {
    fmt::print(stderr, "usage: triage_job MODEL.gguf LLAMA_SERVER [ROUNDS [NAME]]\n");
    return 2;
  }
  start_with_short_spins(words);
  std::string folder = (std::filesystem::temp_directory_path() / "triage-job-XXXXXX").string();
  if (::mkdtemp(folder.data()) == nullptr) return 1;
  const Status done = run(words[1], words[2], rounds, count == 5 ? words[4] : "", folder);
  std::error_code left;
  std::filesystem::remove_all(folder, left);
  if (done) return 0;
  fmt::print(stderr, "triage_job: {}\n", done.error().what);
  return 1;
}
