#include "made_model/model.h"

#include <cmath>
#include <map>

#include <fmt/format.h>

#include "made_model/vocabulary.h"

namespace carrel::made_model {
namespace {

// enum llama_ftype, which a file names beside the types of its tensors.
std::uint32_t file_type(TensorType type) {
  switch (type) {
    case TensorType::f32:
      return 0;
    case TensorType::f16:
      return 1;
    case TensorType::q4_0:
      return 2;
    case TensorType::q8_0:
      return 7;
  }
  return 0;
}

Status check(const Shape& shape, const std::string& architecture) {
  if (architecture != "llama" && architecture != "qwen2") {
    return Error{Code::usage, "the architecture is llama or qwen2, not '" + architecture + "'", ""};
  }
  if (shape.vocabulary < 300) return Error{Code::usage, "a vocabulary has at least 300 tokens", ""};
  if (shape.layers == 0 || shape.heads == 0 || shape.kv_heads == 0 || shape.width == 0 ||
      shape.width % 32 != 0 || shape.feed_forward == 0 || shape.feed_forward % 32 != 0 ||
      shape.width % (2 * shape.heads) != 0 || shape.heads % shape.kv_heads != 0 ||
      (shape.width / shape.heads * shape.kv_heads) % 32 != 0) {
    return Error{
        Code::usage,
        "this shape cannot be made: widths (whole, of the keys, of the feed-forward layer) are multiples of "
        "32, the width one of twice the heads, the heads one of the kv-heads",
        ""};
  }
  return {};
}

Keys describe(const Wish& wish, const Vocabulary& vocabulary) {
  const Shape& shape = wish.shape;
  const std::string prefix = wish.architecture + ".";
  Keys keys;
  keys.text("general.architecture", wish.architecture);
  keys.text("general.name", wish.name);
  keys.text("general.license", "apache-2.0");
  keys.number("general.file_type", file_type(wish.type));
  keys.number("general.quantization_version", 2);
  if (wish.temperature >= 0) keys.real("general.sampling.temp", static_cast<float>(wish.temperature));
  if (wish.prompt_version > 0) keys.number("carrel.prompt_version", wish.prompt_version);
  keys.number(prefix + "context_length", wish.context);
  keys.number(prefix + "embedding_length", shape.width);
  keys.number(prefix + "block_count", shape.layers);
  keys.number(prefix + "feed_forward_length", shape.feed_forward);
  keys.number(prefix + "attention.head_count", shape.heads);
  keys.number(prefix + "attention.head_count_kv", shape.kv_heads);
  keys.real(prefix + "attention.layer_norm_rms_epsilon", 1e-6F);
  keys.number(prefix + "rope.dimension_count", shape.width / shape.heads);
  keys.real(prefix + "rope.freq_base", 1e6F);
  keys.number(prefix + "vocab_size", shape.vocabulary);
  keys.text("tokenizer.ggml.model", "gpt2");
  keys.text("tokenizer.ggml.pre", "qwen2");
  keys.texts("tokenizer.ggml.tokens", vocabulary.tokens);
  keys.numbers("tokenizer.ggml.token_type", vocabulary.types);
  keys.texts("tokenizer.ggml.merges", vocabulary.merges);
  keys.number("tokenizer.ggml.bos_token_id", vocabulary.end_of_text);
  keys.number("tokenizer.ggml.eos_token_id", vocabulary.end_of_turn);
  keys.number("tokenizer.ggml.padding_token_id", vocabulary.end_of_text);
  keys.flag("tokenizer.ggml.add_bos_token", false);
  if (!wish.chat_template.empty()) keys.text("tokenizer.chat_template", wish.chat_template);
  return keys;
}

std::vector<Tensor> lay_out(const Wish& wish) {
  const Shape& shape = wish.shape;
  const std::uint64_t kv = shape.width / shape.heads * shape.kv_heads;
  std::vector<Tensor> tensors;
  const auto matrix = [&](const std::string& name, std::uint64_t in, std::uint64_t out, double gain) {
    tensors.push_back({name, wish.type, {in, out}, gain / std::sqrt(static_cast<double>(in))});
  };
  const auto vector = [&](const std::string& name, std::uint64_t size, double spread) {
    tensors.push_back({name, TensorType::f32, {size}, spread});
  };
  // A gain of 4 spreads the logits about as far as a trained model's.
  matrix("token_embd.weight", shape.width, shape.vocabulary, 4);
  vector("output_norm.weight", shape.width, 0);
  if (!shape.tied) matrix("output.weight", shape.width, shape.vocabulary, 4);
  for (std::uint32_t layer = 0; layer < shape.layers; ++layer) {
    const std::string prefix = fmt::format("blk.{}.", layer);
    vector(prefix + "attn_norm.weight", shape.width, 0);
    matrix(prefix + "attn_q.weight", shape.width, shape.width, 1);
    matrix(prefix + "attn_k.weight", shape.width, kv, 1);
    matrix(prefix + "attn_v.weight", shape.width, kv, 1);
    matrix(prefix + "attn_output.weight", shape.width, shape.width, 1);
    if (wish.architecture == "qwen2") {
      vector(prefix + "attn_q.bias", shape.width, 0.1);
      vector(prefix + "attn_k.bias", kv, 0.1);
      vector(prefix + "attn_v.bias", kv, 0.1);
    }
    vector(prefix + "ffn_norm.weight", shape.width, 0);
    matrix(prefix + "ffn_gate.weight", shape.width, shape.feed_forward, 1);
    matrix(prefix + "ffn_up.weight", shape.width, shape.feed_forward, 1);
    matrix(prefix + "ffn_down.weight", shape.feed_forward, shape.width, 1);
  }
  return tensors;
}

}  // namespace

const char* const chat_ml =
    "{% for message in messages %}{{'<|im_start|>' + message['role'] + '\\n' + message['content'] + "
    "'<|im_end|>' + "
    "'\\n'}}{% endfor %}{% if add_generation_prompt %}{{ '<|im_start|>assistant\\n' }}{% endif %}";

std::optional<Shape> named_shape(std::string_view name) {
  static const std::map<std::string_view, Shape> shapes = {
      {"tiny", {2, 64, 4, 2, 128, 2000, false}},       {"15M", {6, 256, 8, 4, 768, 32000, false}},
      {"135M", {30, 576, 9, 3, 1536, 49152, true}},    {"0.5B", {24, 896, 14, 2, 4864, 151936, true}},
      {"1.5B", {28, 1536, 12, 2, 8960, 151936, true}},
  };
  const auto at = shapes.find(name);
  if (at == shapes.end()) return std::nullopt;
  return at->second;
}

Status make_model(const std::string& path, const Wish& wish) {
  if (Status fits = check(wish.shape, wish.architecture); !fits) return fits;
  const Vocabulary vocabulary = make_vocabulary(wish.shape.vocabulary, wish.seed);
  return write_model(path, describe(wish, vocabulary), lay_out(wish), wish.seed);
}

}  // namespace carrel::made_model
