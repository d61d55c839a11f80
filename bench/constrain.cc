// What it costs to keep an answer inside its schema: a token's check, a full mask, and compiling the grammar.
//
// links: room/constrain
//
//   constrain [TOKENS]
//
// Walks answers of a schema like k8s-triage's over a synthetic vocabulary of 32,000 tokens (bytes, pieces of
// words, JSON's marks, partial code points), with 4,096 evidence lines and 4,000 names. One JSON line a
// figure.
// - token: the decoder's way, the best token first and the mask only where it is refused; a refusal comes up
// one time
//   in eight here.
// - mask: the full mask at every step, which is what sampling needs. The comparator of both is the full mask
// by asking
//   allows() for every token.
// The bars are the ones the design sets: 5 us mean and 50 us at the 99th percentile a token, 1 ms to compile.
#include <algorithm>
#include <cstdlib>
#include <functional>
#include <random>

#include <fmt/format.h>
#include <time.h>

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
    out.push_back(token);
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

double microseconds(const std::function<void()>& work) {
  const double before = cpu_microseconds();
  work();
  return cpu_microseconds() - before;
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

}  // namespace

int main(int argc, char** argv) {
  const std::size_t wanted = argc > 1 ? std::strtoul(argv[1], nullptr, 10) : 20'000;
  Random random(7);
  const std::vector<std::string> tokens = vocabulary(random, 32'000);
  const TokenTrie trie(tokens);
  const std::vector<Name> names = bundle_names(random);
  const auto schema = parse_schema(schema_text, nullptr);
  std::vector<CommandPattern> parsed;
  for (const char* pattern : patterns) {
    auto one = parse_command_pattern(pattern);
    if (one) parsed.push_back(*std::move(one));
  }
  if (!schema || parsed.size() != std::size(patterns)) return 1;

  std::shared_ptr<const Grammar> grammar;
  Times compiling;
  for (int turn = 0; turn < 51; ++turn) {
    compiling.all.push_back(microseconds([&] {
      auto compiled = compile(**schema, 4096, parsed, names);
      if (compiled) grammar = *compiled;
    }));
  }
  if (!grammar) return 1;

  Times token, masks, slow, closes;
  std::vector<bool> mask(tokens.size() + 64);
  std::unique_ptr<Constraint> constraint;
  while (token.all.size() < wanted) {
    if (!constraint || constraint->finished()) constraint = start(grammar);
    masks.all.push_back(microseconds([&] { constraint->mask(trie, &mask); }));
    std::vector<std::uint32_t> allowed;
    for (std::uint32_t one = 0; one < tokens.size(); ++one) {
      if (mask[one]) allowed.push_back(one);
    }
    if (allowed.empty()) return 1;
    if (token.all.size() % 100 == 0) {
      std::size_t found = 0;
      slow.all.push_back(microseconds([&] {
        for (const std::string& bytes : tokens) found += constraint->allows(bytes);
      }));
      if (found != allowed.size()) return 1;
    }
    if (token.all.size() % 10 == 0)
      closes.all.push_back(microseconds([&] { (void)constraint->shortest_close(); }));
    // A long token is the likelier one where there is a choice, as with a model.
    std::uint32_t chosen = allowed[random() % allowed.size()];
    for (int turn = 0; turn < 2; ++turn) {
      const std::uint32_t other = allowed[random() % allowed.size()];
      if (tokens[other].size() > tokens[chosen].size()) chosen = other;
    }
    // What a model would have liked best: usually a token that is allowed.
    const std::uint32_t best =
        random() % 8 == 0 ? static_cast<std::uint32_t>(random() % tokens.size()) : chosen;
    token.all.push_back(microseconds([&] {
      if (!constraint->allows(tokens[best])) constraint->mask(trie, &mask);
      (void)constraint->accept(tokens[chosen]);
    }));
  }
  const char* every = "allows() for every token";
  print("constrain_token_mean", token.mean(), every, slow.mean(), 5);
  print("constrain_token_p50", token.at(0.5), every, slow.at(0.5), 0);
  print("constrain_token_p99", token.at(0.99), every, slow.at(0.99), 50);
  print("constrain_mask_mean", masks.mean(), every, slow.mean(), 0);
  print("constrain_mask_p50", masks.at(0.5), every, slow.at(0.5), 0);
  print("constrain_mask_p99", masks.at(0.99), every, slow.at(0.99), 0);
  print("constrain_shortest_close_p99", closes.at(0.99), "the mean full mask", masks.mean(), 0);
  print("constrain_compile_p50", compiling.at(0.5), "one full mask by allows()", slow.mean(), 1000);
  return 0;
}
