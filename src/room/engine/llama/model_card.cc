#include "room/engine/llama/model_card.h"

#include <algorithm>
#include <charconv>
#include <cmath>
#include <cstdlib>
#include <map>

#include <fmt/format.h>
#include <llama.h>
#include <sys/stat.h>

#include "base/text.h"
#include "room/engine/gguf_table.h"
#include "room/engine/llama/llama_engine.h"

namespace carrel {
namespace {

class Description {
 public:
  explicit Description(const llama_model* model) : model_(model) {}

  std::string text(const std::string& key, std::size_t limit) const {
    std::string value(limit + 1, '\0');
    const std::int32_t size = llama_model_meta_val_str(model_, key.c_str(), value.data(), value.size());
    if (size < 0) return "";
    value.resize(std::min<std::size_t>(static_cast<std::size_t>(size), limit));
    return std::string(cut_utf8(to_utf8(value), limit));
  }
  // The first number of the value; lists ("[8, 8, 4]", one for each layer) have more: see sum().
  std::uint64_t number(const std::string& key, std::uint64_t otherwise) const {
    const std::vector<std::uint64_t> all = numbers(key);
    return all.empty() ? otherwise : all[0];
  }
  std::vector<std::uint64_t> numbers(const std::string& key) const {
    const std::string value = text(key, 8192);
    std::vector<std::uint64_t> all;
    const char* end = value.data() + value.size();
    for (const char* at = value.data(); at < end;) {
      std::uint64_t number = 0;
      const auto [rest, error] = std::from_chars(at, end, number);
      if (error == std::errc()) all.push_back(number);
      at = rest > at ? rest : at + 1;
    }
    return all;
  }
  // Negative where the file says nothing, or nothing sensible.
  double real(const std::string& key) const {
    const std::string value = text(key, 64);
    if (value.empty()) return -1;
    const double number = std::strtod(value.c_str(), nullptr);
    return std::isfinite(number) && number >= 0 && number < 1e6 ? number : -1;
  }

 private:
  const llama_model* model_;
};

// Keys and values of one token in all layers, two bytes a number. Grouped attention has fewer heads of them
// than of queries, and some models another number in each layer.
std::uint64_t kv_bytes_per_token(const Description& about, const std::string& architecture) {
  const std::string prefix = architecture + ".";
  const std::uint64_t layers = std::min<std::uint64_t>(about.number(prefix + "block_count", 0), 10'000);
  const std::uint64_t width = about.number(prefix + "embedding_length", 0);
  const std::uint64_t heads = std::max<std::uint64_t>(about.number(prefix + "attention.head_count", 1), 1);
  const std::uint64_t key = about.number(prefix + "attention.key_length", width / heads);
  const std::uint64_t value = about.number(prefix + "attention.value_length", width / heads);
  const std::vector<std::uint64_t> kv_heads = about.numbers(prefix + "attention.head_count_kv");
  std::uint64_t all_heads = 0;
  for (std::size_t layer = 0; layer < layers; ++layer) {
    if (kv_heads.empty()) {
      all_heads += heads;
    } else {
      all_heads += kv_heads[std::min(layer, kv_heads.size() - 1)];
    }
  }
  return all_heads * (key + value) * 2;
}

// "llama 0.5B Q8_0", as llama_model_desc() has it; that one is empty where only the description is loaded.
std::string what_it_is(const ModelCard& card, std::uint64_t file_type) {
  const auto parameters = static_cast<double>(card.parameters);
  const std::string size =
      parameters >= 1e8 ? fmt::format("{:.1f}B", parameters / 1e9) : fmt::format("{:.1f}M", parameters / 1e6);
  const char* type =
      file_type <= LLAMA_FTYPE_GUESSED ? llama_ftype_name(static_cast<llama_ftype>(file_type)) : nullptr;
  const std::string text = fmt::format("{} {} {}", card.architecture, size, type == nullptr ? "" : type);
  return std::string(cut_utf8(trim(text), limit::name));
}

// The weights by type, the most bytes first.
std::vector<TensorKind> kinds_of(const std::vector<TensorEntry>& table) {
  std::map<std::uint32_t, TensorKind> by_type;
  for (const TensorEntry& tensor : table) {
    if (tensor.type >= GGML_TYPE_COUNT) continue;  // libllama has refused such a file
    const auto type = static_cast<ggml_type>(tensor.type);
    const auto block = static_cast<std::uint64_t>(ggml_blck_size(type));
    TensorKind& kind = by_type[tensor.type];
    if (const char* name = ggml_type_name(type); name != nullptr) kind.type = name;
    ++kind.tensors;
    kind.values += tensor.values;
    if (block > 0) kind.bytes += tensor.values / block * ggml_type_size(type);
  }
  std::vector<TensorKind> kinds;
  for (auto& [type, kind] : by_type) kinds.push_back(std::move(kind));
  std::stable_sort(kinds.begin(), kinds.end(),
                   [](const TensorKind& a, const TensorKind& b) { return a.bytes > b.bytes; });
  kinds.resize(std::min(kinds.size(), ModelCard::most_kinds));
  return kinds;
}

// All matrices but those with a row for each token of the vocabulary: the embeddings and the output.
std::uint64_t largest_in_layers(const std::vector<TensorEntry>& table, std::uint32_t vocabulary) {
  std::uint64_t largest = 0;
  for (const TensorEntry& tensor : table) {
    if (tensor.sides == 2 && tensor.rows != vocabulary) largest = std::max(largest, tensor.values);
  }
  return largest;
}

}  // namespace

Result<ModelCard> read_model_card(Fd file, const InspectJob& job) {
  struct stat status {};
  if (::fstat(file.get(), &status) != 0) return errno_error("cannot read " + job.model_name);
  const auto file_bytes = static_cast<std::uint64_t>(status.st_size);
  const auto table = read_tensor_table(file.get(), job.model_name);
  Result<ModelPointer> model = load_model(std::move(file), job.model_name, true);
  if (!model) return model.error();  // its reasons are the better ones
  if (!table) return table.error();
  const Description about(model->get());
  ModelCard card;
  card.architecture = about.text("general.architecture", limit::name);
  card.name = about.text("general.name", limit::name);
  card.licence = about.text("general.license", limit::name);
  card.parameters = llama_model_n_params(model->get());
  card.file_bytes = file_bytes;
  card.trained_context = static_cast<std::uint32_t>(
      std::min<std::uint64_t>(about.number(card.architecture + ".context_length", 0), UINT32_MAX));
  card.vocabulary =
      static_cast<std::uint32_t>(std::max(0, llama_vocab_n_tokens(llama_model_get_vocab(model->get()))));
  card.kv_bytes_per_token = kv_bytes_per_token(about, card.architecture);
  card.prompt_version = static_cast<std::uint32_t>(
      std::min<std::uint64_t>(about.number("carrel.prompt_version", 0), UINT32_MAX));
  card.quantisation = what_it_is(card, about.number("general.file_type", LLAMA_FTYPE_GUESSED));
  if (const char* text = llama_model_chat_template(model->get(), nullptr); text != nullptr) {
    card.chat_template = cut_utf8(to_utf8(text), limit::chat_template);
    const llama_chat_message message = {"user", "x"};
    card.template_known =
        !card.chat_template.empty() &&
        llama_chat_apply_template(card.chat_template.c_str(), &message, 1, true, nullptr, 0) >= 0;
  }
  card.temperature = about.real("general.sampling.temp");
  card.top_p = about.real("general.sampling.top_p");
  card.min_p = about.real("general.sampling.min_p");
  card.top_k = static_cast<std::int64_t>(about.real("general.sampling.top_k"));
  card.largest_weight = largest_in_layers(*table, card.vocabulary);
  card.tensors = kinds_of(*table);
  return card;
}

}  // namespace carrel
