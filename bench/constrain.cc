// What it costs to keep an answer inside its schema: a token's check, a full mask, and compiling the grammar.
//
// links: room/constrain
//
//   constrain [TOKENS]
//
// Walks answers over synthetic vocabularies of 32,000 and 152,000 tokens (bytes, pieces of words, JSON's
// marks, partial code points): of a schema like k8s-triage's, with 4,096 evidence lines and 4,000 names, and
// of 200 schemas over all that a schema may hold (constrain_schemas.cc). One JSON line a figure.
// - token: all that the decoder asks for one token: the best token first and the mask only where it is
// refused
//   (here one time in eight), taking it, what is forced behind it, and the shortest close.
// - mask: the full mask at every step, which is what sampling needs. The comparator of both is the full mask
//   by asking allows() for every token.
// The bars are those of the design: a token 5 us in the mean, 50 us at the 99th percentile and 1 ms at worst;
// a grammar 1 ms.
#include <algorithm>
#include <cstdlib>
#include <functional>
#include <random>
#include <unordered_set>

#include <fmt/format.h>
#include <time.h>

#include "constrain_schemas.h"
#include "room/constrain/automaton.h"

namespace {

using namespace carrel;

constexpr std::string_view schema_text = R"({
  "anyOf": [
    {"type": "object", "additionalProperties": false,
     "required": ["evidence", "verdict", "root_cause", "commands", "missing", "confidence"],
     "properties": {
       "evidence": {"type": "array", "minItems": 1, "maxItems": 5, "uniqueItems": true,
                    "items": {"type": "string", "x-carrel-set": "evidence"}},
       "verdict": {"enum": ["fault", "no_fault"]},
       "root_cause": {"type": "string", "minLength": 8, "maxLength": 300},
       "commands": {"$ref": "#/definitions/commands"}, "missing": {"$ref": "#/definitions/texts"},
       "confidence": {"enum": ["low", "medium", "high"]}}},
    {"type": "object", "additionalProperties": false,
     "required": ["evidence", "verdict", "root_cause", "commands", "missing", "confidence"],
     "properties": {
       "evidence": {"type": "array", "maxItems": 5, "uniqueItems": true,
                    "items": {"type": "string", "x-carrel-set": "evidence"}},
       "verdict": {"const": "insufficient_evidence"},
       "root_cause": {"type": "string", "minLength": 8, "maxLength": 300},
       "commands": {"$ref": "#/definitions/commands"}, "missing": {"$ref": "#/definitions/texts"},
       "confidence": {"const": "low"}}}],
  "definitions": {
    "commands": {"type": "array", "maxItems": 4, "items": {
      "type": "object", "additionalProperties": false, "required": ["command", "why"],
      "properties": {"command": {"type": "string", "x-carrel-grammar": "command"},
                     "why": {"type": "string", "minLength": 4, "maxLength": 160}}}},
    "texts": {"type": "array", "maxItems": 4, "items": {"type": "string", "minLength": 4, "maxLength": 160}}}})";

constexpr const char* patterns[] = {
    "kubectl get nodes [--show-labels] [-o wide]",
    "kubectl describe node {node.name}",
    "kubectl get events -A [--sort-by=.lastTimestamp]",
    "kubectl get {persistentvolume} [-o yaml]",
    "kubectl get pods -n {namespace} [-o wide] [--show-labels]",
    "kubectl get secrets -n {namespace}",
    "kubectl get pvc -n {namespace}",
    "kubectl -n {namespace} get {object} [-o yaml] [-o wide]",
    "kubectl -n {namespace} describe {object}",
    "kubectl -n {namespace} logs {pod.name} [-c {container}] [--previous] [--tail={number}] [--timestamps]",
    "kubectl -n {namespace} top pod {pod.name} [--containers]",
    "kubectl -n {namespace} rollout status {deployment}"};

using Random = std::mt19937;

std::string word(Random& random) {
  static constexpr std::string_view vowels = "aeiou", others = "bcdfghklmnprstvw";
  std::string out;
  for (std::size_t count = 1 + random() % 3; count > 0; --count) {
    out += others[random() % others.size()];
    out += vowels[random() % vowels.size()];
    if (random() % 3 == 0) out += others[random() % others.size()];
  }
  return out;
}

std::vector<std::string> vocabulary(Random& random, std::size_t size) {
  std::vector<std::string> out = {"", "", ""};  // control tokens
  for (int byte = 0; byte < 256; ++byte) out.emplace_back(1, static_cast<char>(byte));
  for (const char* mark : {"\":",  "\",\"", "\"}",      "\"]",  "{\"",     "[\"",    "\":\"", "\":[\"",
                           "],\"", "\\n",   "\\\"",     "--",   "kubectl", " -n",    " get",  " describe",
                           "E0",   "E00",   "evidence", "root", "_cause",  "verdict"}) {
    out.emplace_back(mark);
  }
  std::unordered_set<std::string> known(out.begin(), out.end());
  while (out.size() < size) {
    std::string token = (random() % 2 == 0 ? " " : "") + word(random);
    switch (random() % 24) {
      case 0:
        token = std::to_string(random() % 1000);
        break;
      case 1:
        token += random() % 2 == 0 ? "\"" : "\",";
        break;
      case 2:
        token = "\xe4" + std::string(1, static_cast<char>(0x80 + random() % 64));
        break;
      case 3:
        token += "é";
        break;
      case 4:
        token[0] = static_cast<char>(std::toupper(token[0]));
        break;
      default:
        break;
    }
    if (known.insert(token).second) out.push_back(token);
  }
  return out;
}

std::vector<Name> bundle_names(Random& random) {
  std::vector<Name> out;
  static constexpr const char* kinds[] = {"configmap",  "deployment", "pod",
                                          "replicaset", "secret",     "service"};
  for (int space = 0; space < 25; ++space) {
    const std::string in = fmt::format("{}-{}", word(random), space);
    out.push_back({"namespace", "", in, true});
    for (int number = 0; number < 134; ++number) {
      const char* kind = kinds[random() % std::size(kinds)];
      out.push_back(
          {kind, in, fmt::format("{}-{}-{:x}", word(random), word(random), random() % 65536), true});
      if (out.back().kind == "pod") out.push_back({"container", in + "/" + out.back().name, "main", true});
    }
  }
  return out;
}

// Of this thread alone, so that a busy machine does not show as a slow mask.
double cpu_microseconds() {
  timespec now = {};
  clock_gettime(CLOCK_THREAD_CPUTIME_ID, &now);
  return static_cast<double>(now.tv_sec) * 1e6 + static_cast<double>(now.tv_nsec) / 1e3;
}

double timed(const std::function<void()>& work) {
  const double before = cpu_microseconds();
  work();
  return cpu_microseconds() - before;
}

// Without the clock's own part, which is a call of the kernel's: 0.2 to 2 us, by the machine.
double microseconds(const std::function<void()>& work) {
  static const double clock = [] {
    std::vector<double> nothing;
    for (int i = 0; i < 1001; ++i) nothing.push_back(timed([] {}));
    std::sort(nothing.begin(), nothing.end());
    return nothing[nothing.size() / 2];
  }();
  return std::max(0.0, timed(work) - clock);
}

struct Times {
  std::vector<double> all;
  double mean() const {
    double sum = 0;
    for (const double time : all) sum += time;
    return sum / static_cast<double>(all.size());
  }
  double at(double share) {
    std::sort(all.begin(), all.end());
    return all[static_cast<std::size_t>(share * static_cast<double>(all.size() - 1))];
  }
};

// `ratio`: how many times less than the comparator. A bar is the most the value may be; 0: none.
void print(const std::string& name, double value, const char* comparator, double compared, double bar) {
  fmt::print(
      R"({{"name":"{}","value":{:.3f},"unit":"us","comparator":"{}","ratio":{:.2f},"bar":{},"holds":{}}})"
      "\n",
      name, value, comparator, compared / value, bar > 0 ? fmt::format("{:.0f}", bar) : "null",
      bar > 0 ? (value <= bar ? "true" : "false") : "null");
}

struct Bench {
  std::vector<std::string> tokens;
  TokenTrie trie;
  std::vector<std::string> lines;
  std::vector<CommandPattern> patterns;
  std::vector<Name> names;
};

struct Found {
  Times token, mask, slow, close, compile;
};

Result<std::shared_ptr<const Grammar>> compiled(const Bench& bench, const Schema& schema) {
  return compile(schema, bench.lines.size(), bench.patterns, bench.names,
                 {bench.lines.begin(), bench.lines.end()});
}

std::vector<std::uint32_t> allowed_by(const std::vector<bool>& mask, std::size_t tokens) {
  std::vector<std::uint32_t> allowed;
  for (std::uint32_t one = 0; one < tokens; ++one) {
    if (mask[one]) allowed.push_back(one);
  }
  return allowed;
}

// One answer, or `most` tokens of it. False where the automaton allows nothing or not what allows() does.
bool walk(const Bench& bench, const std::shared_ptr<const Grammar>& grammar, std::size_t most, Random& random,
          Found* found) {
  std::vector<bool> mask(bench.tokens.size() + 64);
  const std::unique_ptr<Constraint> constraint = start(grammar);
  for (std::size_t step = 0; step < most && !constraint->finished(); ++step) {
    found->mask.all.push_back(microseconds([&] { constraint->mask(bench.trie, &mask); }));
    const std::vector<std::uint32_t> allowed = allowed_by(mask, bench.tokens.size());
    if (allowed.empty()) return false;
    if (found->token.all.size() % 500 == 0) {
      std::size_t count = 0;
      found->slow.all.push_back(microseconds([&] {
        for (const std::string& bytes : bench.tokens) count += constraint->allows(bytes);
      }));
      if (count != allowed.size()) return false;
    }
    // A long token is the likelier one where there is a choice, as with a model.
    std::uint32_t chosen = allowed[random() % allowed.size()];
    for (int turn = 0; turn < 2; ++turn) {
      const std::uint32_t other = allowed[random() % allowed.size()];
      if (bench.tokens[other].size() > bench.tokens[chosen].size()) chosen = other;
    }
    // What a model would have liked best: usually a token that is allowed.
    const std::uint32_t best =
        random() % 8 == 0 ? static_cast<std::uint32_t>(random() % bench.tokens.size()) : chosen;
    std::string forced;
    found->token.all.push_back(microseconds([&] {
      if (!constraint->allows(bench.tokens[best])) constraint->mask(bench.trie, &mask);
      (void)constraint->accept(bench.tokens[chosen]);
      forced = constraint->forced(512);
      (void)constraint->shortest_close();
    }));
    if (!forced.empty() && !constraint->accept(forced)) return false;
  }
  return true;
}

void report(const std::string& name, Found* found) {
  const char* every = "allows() for every token";
  const double slow = found->slow.mean();
  print(name + "_token_mean", found->token.mean(), every, slow, 5);
  print(name + "_token_p50", found->token.at(0.5), every, slow, 0);
  print(name + "_token_p99", found->token.at(0.99), every, slow, 50);
  print(name + "_token_worst", found->token.at(1), every, slow, 1000);
  print(name + "_mask_mean", found->mask.mean(), every, slow, 0);
  print(name + "_mask_p99", found->mask.at(0.99), every, slow, 0);
  print(name + "_mask_worst", found->mask.at(1), every, slow, 1000);
  print(name + "_compile_p50", found->compile.at(0.5), "one full mask by allows()", slow, 1000);
}

bool measure(const std::string& size, std::size_t vocabulary_size, std::size_t wanted) {
  Random random(7);
  std::vector<std::string> tokens = vocabulary(random, vocabulary_size);
  TokenTrie trie(tokens);
  Bench bench{std::move(tokens), std::move(trie), {}, {}, bundle_names(random)};
  for (int line = 0; line < 4096; ++line) {
    bench.lines.push_back(fmt::format("2026-01-02T03:04:05Z {} {}: \"{} {}\" took {} ms",
                                      line % 3 == 0 ? "ERROR" : "INFO", word(random), word(random),
                                      word(random), random() % 5000));
  }
  for (const char* pattern : patterns) {
    auto one = parse_command_pattern(pattern);
    if (!one) return false;
    bench.patterns.push_back(*std::move(one));
  }
  const auto compile_timed = [&](std::string_view text, int turns, Found* found) {
    std::shared_ptr<const Grammar> grammar;
    const auto schema = parse_schema(text, nullptr);
    for (int turn = 0; schema && turn < turns; ++turn) {
      found->compile.all.push_back(microseconds([&] {
        auto made = compiled(bench, **schema);
        if (made) grammar = *made;
      }));
    }
    return grammar;
  };

  Found triage;
  const auto grammar = compile_timed(schema_text, 51, &triage);
  while (grammar && triage.token.all.size() < wanted) {
    if (!walk(bench, grammar, wanted, random, &triage)) return false;
  }
  if (!grammar) return false;
  report("constrain_triage_" + size, &triage);

  Found written;
  for (const std::string& text : bench::written_schemas()) {
    const auto each = compile_timed(text, 3, &written);
    if (!each || !walk(bench, each, wanted / 100, random, &written)) {
      fmt::print(stderr, "constrain: this schema fails: {}\n", text);
      return false;
    }
  }
  report("constrain_200_schemas_" + size, &written);
  return true;
}

}  // namespace

int main(int argc, char** argv) {
  constexpr std::size_t least = 100;  // a token of each of the 200 schemas
  const std::size_t wanted = argc > 1 ? std::strtoul(argv[1], nullptr, 10) : 20'000;
  if (wanted < least) {
    fmt::print(stderr, "constrain: measure {} tokens or more\n", least);
    return 2;
  }
  return measure("32k", 32'000, wanted) && measure("152k", 152'000, wanted) ? 0 : 1;
}
