#include "room/engine/fake_engine_reference.h"

#include <algorithm>
#include <cstring>

namespace carrel {

FakeEngine::FakeEngine(std::vector<FakeToken> tokens, Script script)
    : tokens_(std::move(tokens)), script_(std::move(script)) {
  for (const FakeToken& token : tokens_) {
    bytes_.push_back(token.kind == FakeToken::Kind::plain ? token.text : "");
  }
}

std::vector<FakeToken> FakeEngine::bytes_and(const std::vector<std::string>& words) {
  std::vector<FakeToken> tokens;
  for (int byte = 0; byte < 256; ++byte) tokens.push_back({std::string(1, static_cast<char>(byte))});
  for (const std::string& word : words) tokens.push_back({word});
  return tokens;
}

Tokens FakeEngine::tokenise(std::string_view text, bool special) const {
  std::string spaced;
  if (space_before_ && !text.empty()) {
    spaced = " " + std::string(text);
    text = spaced;
  }
  Tokens out;
  while (!text.empty()) {
    std::size_t longest = 0;
    Token found = -1;
    for (std::size_t i = 0; i < tokens_.size(); ++i) {
      if (tokens_[i].kind == FakeToken::Kind::control && !special) continue;
      if (tokens_[i].text.size() > longest && text.starts_with(tokens_[i].text)) {
        longest = tokens_[i].text.size();
        found = static_cast<Token>(i);
      }
    }
    if (found < 0) return out;
    out.push_back(found);
    text.remove_prefix(longest);
  }
  return out;
}

Result<std::string> FakeEngine::render(const std::string& chat_template,
                                       const std::vector<ChatMessage>& messages) const {
  if (chat_template.find("fake") == std::string::npos) {
    return Error{Code::bad_input, "the chat template is not one that is known",
                 "name one with --template FILE"};
  }
  std::string out;
  for (const ChatMessage& message : messages) {
    if (message.role == "system" && chat_template.find("no system") != std::string::npos) continue;
    out += "<|" + message.role + "|>" + message.content + "<|end|>";
  }
  return out + "<|assistant|>";
}

Result<ContextSettings> FakeEngine::open(const ContextSettings& wanted) {
  settings_ = wanted;
  sequences_.assign(wanted.sequences, {});
  return wanted;
}

std::vector<float> FakeEngine::row_after(std::uint32_t sequence) const {
  std::string text;
  for (Token token : sequences_[sequence]) text += tokens_[static_cast<std::size_t>(token)].text;
  const std::string wanted = script_(sequence, text);
  std::vector<float> row(tokens_.size() + padding_, 0.0F);
  for (std::size_t token = 0; token < tokens_.size(); ++token) {
    // The longer the token that continues the script, the better; special tokens count by their names.
    const std::string& name = tokens_[token].text;
    if (!name.empty() && wanted.starts_with(name)) row[token] = static_cast<float>(name.size());
  }
  for (std::size_t beyond = tokens_.size(); beyond < row.size(); ++beyond) row[beyond] = 1e9F;
  return row;
}

Result<Extended> FakeEngine::extend(std::span<const Extension> extensions) {
  std::size_t size = 0;
  for (const Extension& extension : extensions) size += extension.tokens.size();
  if (size > settings_.batch) return Error{Code::internal, "a batch is larger than agreed", ""};
  if (calls_until_deadline_ && calls_.size() >= *calls_until_deadline_) return Extended::deadline;
  logits_.clear();
  calls_.emplace_back();
  for (std::size_t i = 0; i < extensions.size(); ++i) {
    const Extension& extension = extensions[i];
    if (extension.sequence >= sequences_.size())
      return Error{Code::internal, "there is no such sequence", ""};
    Tokens& sequence = sequences_[extension.sequence];
    calls_.back().push_back(extension.tokens.size());
    extended_ += extension.tokens.size();
    for (std::size_t at = 0; at < extension.tokens.size(); ++at) {
      sequence.push_back(extension.tokens[at]);
      const std::size_t back = extension.tokens.size() - 1 - at;
      if (back < extension.logits) logits_[{i, back}] = row_after(extension.sequence);
    }
  }
  return Extended::done;
}

Status FakeEngine::fork(std::uint32_t from, std::uint32_t to) {
  if (from >= sequences_.size() || to >= sequences_.size() || !sequences_[to].empty()) {
    return Error{Code::internal, "a sequence cannot be copied there", ""};
  }
  sequences_[to] = sequences_[from];
  return {};
}

bool FakeEngine::truncate(std::uint32_t sequence, std::size_t length) {
  if (!can_truncate_ && length > 0) return false;
  sequences_.at(sequence).resize(length);
  return true;
}

std::size_t FakeEngine::saved_size(std::uint32_t sequence) const {
  return sequences_.at(sequence).size() * sizeof(Token);
}

bool FakeEngine::save(std::uint32_t sequence, std::span<char> into) const {
  if (into.size() != saved_size(sequence)) return false;
  std::memcpy(into.data(), sequences_.at(sequence).data(), into.size());
  return true;
}

bool FakeEngine::restore(std::uint32_t sequence, std::string_view saved, std::size_t length) {
  if (!sequences_.at(sequence).empty() || saved.size() != length * sizeof(Token)) return false;
  sequences_[sequence].resize(length);
  std::memcpy(sequences_[sequence].data(), saved.data(), saved.size());
  return true;
}

}  // namespace carrel
