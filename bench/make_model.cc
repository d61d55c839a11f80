// links: made_model
//
// make_model: a GGUF file of random weights, for tests and benchmarks. The same arguments give the same
// bytes.
//
//   make_model --out tiny.gguf
//   make_model --size 0.5B --quantisation q8_0 --out half.gguf
#include <cstdio>
#include <cstdlib>
#include <map>
#include <string>

#include <fmt/format.h>

#include "made_model/model.h"

namespace {

using carrel::Code;
using carrel::Error;
using carrel::Result;
using carrel::Status;
using carrel::made_model::TensorType;
using carrel::made_model::Wish;

constexpr const char* kUsage =
    R"(usage: make_model --out FILE [--size tiny|15M|135M|0.5B|1.5B] [--layers N] [--width N] [--heads N] [--kv-heads N]
                  [--feed-forward N] [--vocabulary N] [--context N] [--quantisation f32|f16|q8_0|q4_0]
                  [--architecture llama|qwen2] [--seed N] [--template TEXT|none] [--temperature T] [--name NAME]
                  [--prompt-version N]

tiny   2 layers of 64,   vocabulary 2000     for tests: loads in milliseconds
15M    6 layers of 256,  vocabulary 32000
135M   30 layers of 576, vocabulary 49152    the shape of SmolLM2-135M
0.5B   24 layers of 896, vocabulary 151936   the shape of Qwen2.5-0.5B
1.5B   28 layers of 1536, vocabulary 151936  the shape of Qwen2.5-1.5B
)";

const std::map<std::string, TensorType> kTypes = {{"f32", TensorType::f32},
                                                  {"f16", TensorType::f16},
                                                  {"q8_0", TensorType::q8_0},
                                                  {"q4_0", TensorType::q4_0}};

Result<std::uint32_t> read_number(const std::string& option, const std::string& text) {
  char* end = nullptr;
  const unsigned long value = std::strtoul(text.c_str(), &end, 10);
  if (text.empty() || *end != '\0' || value > 10'000'000) {
    return Error{Code::usage, option + " takes a whole number up to ten million, not '" + text + "'", ""};
  }
  return static_cast<std::uint32_t>(value);
}

Status set(const std::string& option, const std::string& value, std::string* out, Wish* wish) {
  const std::map<std::string, std::uint32_t*> numbers = {{"--layers", &wish->shape.layers},
                                                         {"--width", &wish->shape.width},
                                                         {"--heads", &wish->shape.heads},
                                                         {"--kv-heads", &wish->shape.kv_heads},
                                                         {"--feed-forward", &wish->shape.feed_forward},
                                                         {"--vocabulary", &wish->shape.vocabulary},
                                                         {"--context", &wish->context},
                                                         {"--prompt-version", &wish->prompt_version}};
  const std::map<std::string, std::string*> texts = {
      {"--out", out}, {"--name", &wish->name}, {"--architecture", &wish->architecture}};
  if (auto number = numbers.find(option); number != numbers.end()) {
    Result<std::uint32_t> read = read_number(option, value);
    if (!read) return read.error();
    *number->second = *read;
  } else if (auto text = texts.find(option); text != texts.end()) {
    *text->second = value;
  } else if (auto shape = carrel::made_model::named_shape(value); option == "--size" && shape) {
    wish->shape = *shape;
  } else if (option == "--quantisation" && kTypes.count(value) != 0) {
    wish->type = kTypes.at(value);
  } else if (option == "--template") {
    wish->chat_template = value == "none" ? "" : value;
  } else if (option == "--temperature") {
    wish->temperature = std::strtod(value.c_str(), nullptr);
  } else if (option == "--seed") {
    wish->seed = std::strtoull(value.c_str(), nullptr, 10);
  } else {
    return Error{Code::usage, fmt::format("'{} {}' is not known", option, value), kUsage};
  }
  return {};
}

Status run(int count, char** words) {
  Wish wish;
  std::string out;
  for (int i = 1; i < count; i += 2) {
    if (i + 1 == count) return Error{Code::usage, fmt::format("{} needs a value", words[i]), kUsage};
    if (Status read = set(words[i], words[i + 1], &out, &wish); !read) return read;
  }
  if (out.empty()) return Error{Code::usage, "--out FILE is missing", kUsage};
  return carrel::made_model::make_model(out, wish);
}

}  // namespace

int main(int count, char** words) {
  const Status made = run(count, words);
  if (made) return 0;
  fmt::print(stderr, "make_model: {}\n{}", made.error().what, made.error().remedy);
  if (made.error().remedy.empty()) fmt::print(stderr, "\n");
  return made.error().code == Code::usage ? 2 : 1;
}
