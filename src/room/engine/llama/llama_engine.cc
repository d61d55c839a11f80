#include "room/engine/llama/llama_engine.h"

#include <algorithm>
#include <array>

#include <fmt/format.h>
#include <llama.h>

#include "room/engine/llama/blas.h"

namespace carrel {
namespace {

using Clock = std::chrono::steady_clock;

struct FreeContext {
  void operator()(llama_context* context) const { llama_free(context); }
};

class LlamaEngine : public Engine {
 public:
  explicit LlamaEngine(ModelPointer model);

  std::size_t vocabulary() const override { return bytes_.size(); }
  const std::string& bytes(Token token) const override { return bytes_[static_cast<std::size_t>(token)]; }
  Tokens tokenise(std::string_view text, bool special) const override;
  Tokens begin() const override;
  const std::string& chat_template() const override { return chat_template_; }
  Result<std::string> render(const std::string& chat_template,
                             const std::vector<ChatMessage>& messages) const override;
  std::uint32_t trained_context() const override {
    return static_cast<std::uint32_t>(std::max(0, llama_model_n_ctx_train(model_.get())));
  }

  Result<ContextSettings> open(const ContextSettings& wanted) override;
  void close() override;
  Result<Extended> extend(std::span<const Extension> extensions) override;
  std::span<const float> logits(std::size_t extension, std::size_t back) const override;
  Status fork(std::uint32_t from, std::uint32_t to) override;
  bool truncate(std::uint32_t sequence, std::size_t length) override;
  bool forgets() const override {
    return !llama_model_is_recurrent(model_.get()) && !llama_model_is_hybrid(model_.get());
  }
  std::size_t length(std::uint32_t sequence) const override { return lengths_.at(sequence); }
  std::size_t saved_size(std::uint32_t sequence) const override {
    return llama_state_seq_get_size(context_.get(), static_cast<llama_seq_id>(sequence));
  }
  bool save(std::uint32_t sequence, std::span<char> into) const override;
  bool restore(std::uint32_t sequence, std::string_view saved, std::size_t length) override;
  void set_deadline(Clock::time_point when) override { deadline_ = when; }

  std::string backend() const override { return chosen_backend() + (through_blas_ ? " with BLAS" : ""); }
  std::string library() const override {
    return fmt::format("libllama {}, ggml {}", llama_version(), ggml_version());
  }
  EngineMemory memory() const override { return logged_memory(); }

 private:
  bool late() const { return deadline_ != Clock::time_point::max() && Clock::now() >= deadline_; }
  // Forgets what an aborted call may have left behind.
  void resynchronise();

  ModelPointer model_;
  const llama_vocab* vocab_;
  std::vector<std::string> bytes_;
  std::string chat_template_;
  std::unique_ptr<llama_context, FreeContext> context_;
  ContextSettings settings_;
  bool through_blas_ = false;
  std::vector<std::size_t> lengths_;
  std::vector<std::int32_t>
      rows_;  // for each extension of the last call, the batch index of its last logits; -1: none
  Clock::time_point deadline_ = Clock::time_point::max();
};

LlamaEngine::LlamaEngine(ModelPointer model)
    : model_(std::move(model)), vocab_(llama_model_get_vocab(model_.get())) {
  const std::int32_t count = llama_vocab_n_tokens(vocab_);
  bytes_.resize(static_cast<std::size_t>(std::max(0, count)));
  std::array<char, 1024> piece;
  for (Token token = 0; token < count; ++token) {
    const llama_token_attr attributes = llama_vocab_get_attr(vocab_, token);
    const bool text = (attributes & (LLAMA_TOKEN_ATTR_NORMAL | LLAMA_TOKEN_ATTR_BYTE)) != 0 &&
                      (attributes & (LLAMA_TOKEN_ATTR_CONTROL | LLAMA_TOKEN_ATTR_USER_DEFINED |
                                     LLAMA_TOKEN_ATTR_UNUSED | LLAMA_TOKEN_ATTR_UNKNOWN)) == 0;
    if (!text || llama_vocab_is_eog(vocab_, token) || llama_vocab_is_control(vocab_, token)) continue;
    const std::int32_t size = llama_token_to_piece(vocab_, token, piece.data(), piece.size(), 0, false);
    if (size > 0)
      bytes_[static_cast<std::size_t>(token)].assign(piece.data(), static_cast<std::size_t>(size));
  }
  if (const char* text = llama_model_chat_template(model_.get(), nullptr); text != nullptr)
    chat_template_ = text;
}

Tokens LlamaEngine::tokenise(std::string_view text, bool special) const {
  Tokens tokens(text.size() + 8);
  for (;;) {
    const std::int32_t count =
        llama_tokenize(vocab_, text.data(), static_cast<std::int32_t>(text.size()), tokens.data(),
                       static_cast<std::int32_t>(tokens.size()), false, special);
    if (count >= 0) {
      tokens.resize(static_cast<std::size_t>(count));
      return tokens;
    }
    tokens.resize(static_cast<std::size_t>(-count));
  }
}

Tokens LlamaEngine::begin() const {
  const Token token = llama_vocab_bos(vocab_);
  if (!llama_vocab_get_add_bos(vocab_) || token == LLAMA_TOKEN_NULL) return {};
  return {token};
}

Result<std::string> LlamaEngine::render(const std::string& chat_template,
                                        const std::vector<ChatMessage>& messages) const {
  std::vector<llama_chat_message> chat;
  std::size_t size = 1024;
  for (const ChatMessage& message : messages) {
    chat.push_back({message.role.c_str(), message.content.c_str()});
    size += 2 * message.content.size();
  }
  std::string out;
  // An empty template would be taken for ChatML: no template, no run.
  for (std::int32_t got = chat_template.empty() ? -1 : 1; got >= 0;) {
    out.resize(size);
    got = llama_chat_apply_template(chat_template.c_str(), chat.data(), chat.size(), true, out.data(),
                                    static_cast<std::int32_t>(out.size()));
    if (got < 0) break;
    if (static_cast<std::size_t>(got) <= out.size()) {
      out.resize(static_cast<std::size_t>(got));
      return out;
    }
    size = static_cast<std::size_t>(got);
  }
  return Error{
      Code::bad_input,
      chat_template.empty() ? "the model file has no chat template"
                            : "the chat template is not one of those that libllama knows",
      "name one with --template FILE; a file that holds only the word chatml, llama3, gemma or another name "
      "that llama.cpp knows is enough"};
}

Result<ContextSettings> LlamaEngine::open(const ContextSettings& wanted) {
  llama_context_params parameters = llama_context_default_params();
  parameters.n_ctx = wanted.context;
  parameters.n_batch = wanted.batch;
  parameters.n_ubatch = wanted.batch;
  parameters.n_seq_max = wanted.sequences;
  parameters.n_outputs_max = std::max(wanted.sequences, wanted.outputs);
  parameters.n_threads = static_cast<std::int32_t>(wanted.threads);
  parameters.n_threads_batch = static_cast<std::int32_t>(wanted.threads);
  // Measured: without flash attention and with a stream for each sequence, results are the same bits however
  // work is cut into batches. With it, prefill is faster by half.
  parameters.flash_attn_type = wanted.exact ? LLAMA_FLASH_ATTN_TYPE_DISABLED : LLAMA_FLASH_ATTN_TYPE_ENABLED;
  parameters.kv_unified = !wanted.exact;
  parameters.swa_full = true;  // tokens may be taken back
  parameters.no_perf = true;
  parameters.abort_callback = [](void* self) { return static_cast<const LlamaEngine*>(self)->late(); };
  parameters.abort_callback_data = this;
  through_blas_ = use_blas(!wanted.exact, wanted.threads);
  take_logged_error();
  context_.reset(llama_init_from_model(model_.get(), parameters));
  if (!context_) {
    const std::string logged = take_logged_error();
    return Error{Code::does_not_fit,
                 fmt::format("a context of {} tokens cannot be made{}{}", wanted.context,
                             logged.empty() ? "" : ": ", logged),
                 "ask for a shorter context, or give the room more memory"};
  }
  settings_ = wanted;
  settings_.context = llama_n_ctx(context_.get());
  settings_.sequence = llama_n_ctx_seq(context_.get());
  settings_.batch = std::min(llama_n_batch(context_.get()), llama_n_ubatch(context_.get()));
  settings_.threads = static_cast<std::uint32_t>(llama_n_threads(context_.get()));
  if (settings_.context < wanted.context || settings_.sequence < wanted.sequence || settings_.batch == 0) {
    return Error{
        Code::does_not_fit,
        fmt::format("the engine made a context of {} tokens, {} a sequence, where {} and {} are needed",
                    settings_.context, settings_.sequence, wanted.context, wanted.sequence),
        "use fewer variants, or a model with a longer context"};
  }
  lengths_.assign(wanted.sequences, 0);
  return settings_;
}

void LlamaEngine::close() {
  context_.reset();
  forget_context_memory();
  settings_ = {};
  lengths_.clear();
  rows_.clear();
  deadline_ = Clock::time_point::max();
}

Result<Extended> LlamaEngine::extend(std::span<const Extension> extensions) {
  if (late()) return Extended::deadline;
  std::vector<llama_token> tokens;
  std::vector<llama_pos> positions;
  std::vector<std::int32_t> sequence_counts;
  std::vector<llama_seq_id> sequences;
  std::vector<std::int8_t> wants;
  rows_.clear();
  for (const Extension& extension : extensions) {
    std::size_t at = lengths_.at(extension.sequence);
    for (const Token token : extension.tokens) {
      tokens.push_back(token);
      positions.push_back(static_cast<llama_pos>(at++));
      sequence_counts.push_back(1);
      sequences.push_back(static_cast<llama_seq_id>(extension.sequence));
      wants.push_back(0);
    }
    const std::size_t wanted = std::min<std::size_t>(extension.logits, extension.tokens.size());
    std::fill(wants.end() - static_cast<std::ptrdiff_t>(wanted), wants.end(), std::int8_t{1});
    rows_.push_back(wanted > 0 ? static_cast<std::int32_t>(tokens.size()) - 1 : -1);
  }
  if (tokens.empty()) return Extended::done;
  std::vector<llama_seq_id*> sequence_pointers;
  for (llama_seq_id& sequence : sequences) sequence_pointers.push_back(&sequence);
  llama_batch batch{};
  batch.n_tokens = static_cast<std::int32_t>(tokens.size());
  batch.token = tokens.data();
  batch.pos = positions.data();
  batch.n_seq_id = sequence_counts.data();
  batch.seq_id = sequence_pointers.data();
  batch.logits = wants.data();
  const std::int32_t result = llama_decode(context_.get(), batch);
  if (result == 0) {
    for (const Extension& extension : extensions) lengths_[extension.sequence] += extension.tokens.size();
    return Extended::done;
  }
  resynchronise();
  if (result == 2) return Extended::deadline;
  if (result == 1) {
    return Error{Code::does_not_fit, "the context is full", "raise --context or lower --output-tokens"};
  }
  const std::string logged = take_logged_error();
  return Error{
      Code::internal,
      fmt::format("the model cannot be computed ({}){}{}", result, logged.empty() ? "" : ": ", logged), ""};
}

void LlamaEngine::resynchronise() {
  const llama_memory_t memory = llama_get_memory(context_.get());
  for (std::size_t sequence = 0; sequence < lengths_.size(); ++sequence) {
    const auto id = static_cast<llama_seq_id>(sequence);
    const auto length = static_cast<llama_pos>(lengths_[sequence]);
    if (llama_memory_seq_pos_max(memory, id) >= length) llama_memory_seq_rm(memory, id, length, -1);
  }
}

std::span<const float> LlamaEngine::logits(std::size_t extension, std::size_t back) const {
  const float* row =
      llama_get_logits_ith(context_.get(), rows_.at(extension) - static_cast<std::int32_t>(back));
  if (row == nullptr) return {};
  return {row, bytes_.size()};
}

Status LlamaEngine::fork(std::uint32_t from, std::uint32_t to) {
  if (lengths_.at(to) != 0)
    return Error{Code::internal, "a sequence that is in use cannot be copied over", ""};
  llama_memory_seq_cp(llama_get_memory(context_.get()), static_cast<llama_seq_id>(from),
                      static_cast<llama_seq_id>(to), -1, -1);
  lengths_[to] = lengths_[from];
  return {};
}

bool LlamaEngine::truncate(std::uint32_t sequence, std::size_t length) {
  if (!llama_memory_seq_rm(llama_get_memory(context_.get()), static_cast<llama_seq_id>(sequence),
                           static_cast<llama_pos>(length), -1)) {
    return false;
  }
  lengths_.at(sequence) = length;
  return true;
}

bool LlamaEngine::save(std::uint32_t sequence, std::span<char> into) const {
  return llama_state_seq_get_data(context_.get(), reinterpret_cast<std::uint8_t*>(into.data()), into.size(),
                                  static_cast<llama_seq_id>(sequence)) == into.size();
}

bool LlamaEngine::restore(std::uint32_t sequence, std::string_view saved, std::size_t length) {
  const auto id = static_cast<llama_seq_id>(sequence);
  const llama_memory_t memory = llama_get_memory(context_.get());
  take_logged_error();
  const std::size_t read = llama_state_seq_set_data(
      context_.get(), reinterpret_cast<const std::uint8_t*>(saved.data()), saved.size(), id);
  // The library believes its bytes: what it made of them must be as many tokens as they were said to be, from
  // the first position on.
  const bool whole = read == saved.size() && length > 0 &&
                     llama_memory_seq_pos_max(memory, id) == static_cast<llama_pos>(length) - 1;
  if (!whole) llama_memory_seq_rm(memory, id, -1, -1);
  lengths_.at(sequence) = whole ? length : 0;
  return whole;
}

}  // namespace

Result<std::unique_ptr<Engine>> make_llama_engine(ModelPointer model, const std::string& name) {
  const llama_vocab* vocab = llama_model_get_vocab(model.get());
  if (llama_model_has_encoder(model.get()) || !llama_model_has_decoder(model.get()) ||
      llama_model_is_diffusion(model.get()) || llama_vocab_type(vocab) == LLAMA_VOCAB_TYPE_NONE) {
    return Error{Code::bad_input, name + " is a model that does not write text from left to right",
                 "use a model for chat or instructions"};
  }
  return std::unique_ptr<Engine>(std::make_unique<LlamaEngine>(std::move(model)));
}

Result<std::unique_ptr<Engine>> load_llama_engine(Fd file, const std::string& name) {
  Result<ModelPointer> model = load_model(std::move(file), name, false);
  if (!model) return model.error();
  return make_llama_engine(std::move(*model), name);
}

}  // namespace carrel
