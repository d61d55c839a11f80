#include "host/models/pull_source.h"

#include <algorithm>

#include <fmt/format.h>

#include "base/text.h"
#include "host/models/stores.h"

namespace carrel {
namespace {

constexpr std::string_view hub_scheme = "hf:";
constexpr std::size_t longest = 4096;

bool is_plain(char c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
         std::string_view("._-").find(c) != std::string_view::npos;
}

// One part of a hub's path: no way up, nothing that a URL reads otherwise.
bool is_part(std::string_view text) {
  return !text.empty() && text != "." && text != ".." && std::all_of(text.begin(), text.end(), is_plain);
}

bool are_parts(std::string_view text) {
  for (;;) {
    const std::size_t slash = text.find('/');
    if (!is_part(text.substr(0, slash))) return false;
    if (slash == std::string_view::npos) return true;
    text.remove_prefix(slash + 1);
  }
}

Error not_a_hub_file(const std::string& text) {
  return {Code::usage, fmt::format("\"{}\" is no file of a hub's repository", escape_for_terminal(text)),
          "write hf:ORG/REPO:FILE.gguf, or hf:ORG/REPO@REVISION:FILE.gguf"};
}

Result<PullSource> hub_file(const std::string& text,
                            const std::function<const char*(const char*)>& environment) {
  std::string_view rest = std::string_view(text).substr(hub_scheme.size());
  const std::size_t colon = rest.find(':');
  if (colon == std::string_view::npos) return not_a_hub_file(text);
  std::string_view repository = rest.substr(0, colon);
  const std::string_view file = rest.substr(colon + 1);
  std::string_view revision = "main";
  if (const std::size_t at = repository.find('@'); at != std::string_view::npos) {
    revision = repository.substr(at + 1);
    repository = repository.substr(0, at);
  }
  if (!are_parts(repository) || std::count(repository.begin(), repository.end(), '/') != 1 ||
      !is_part(revision) || !are_parts(file)) {
    return not_a_hub_file(text);
  }
  const char* endpoint = environment("HF_ENDPOINT");
  PullSource source;
  source.url = fmt::format("{}/{}/resolve/{}/{}",
                           endpoint != nullptr && endpoint[0] != '\0' ? endpoint : "https://huggingface.co",
                           repository, revision, file);
  source.file = file.substr(file.rfind('/') + 1);
  source.from_hub = true;
  return source;
}

// The host of an http URL, without user and port.
std::string_view host_of(std::string_view url) {
  url.remove_prefix(url.find("://") + 3);
  url = url.substr(0, url.find_first_of("/?#"));
  if (const std::size_t at = url.rfind('@'); at != std::string_view::npos) url.remove_prefix(at + 1);
  return url.starts_with('[') ? url.substr(0, url.find(']') + 1) : url.substr(0, url.find(':'));
}

}  // namespace

Result<PullSource> parse_pull_source(const std::string& text, bool sha256_given,
                                     const std::function<const char*(const char*)>& environment) {
  if (text.size() > longest ||
      std::any_of(text.begin(), text.end(), [](char c) { return c <= ' ' || c == 0x7f; })) {
    return Error{Code::usage, "a source is one word of at most 4096 bytes", "write it without white space"};
  }
  PullSource source;
  if (text.starts_with(hub_scheme)) {
    auto found = hub_file(text, environment);
    if (!found) return found;
    source = std::move(*found);
  } else if (text.starts_with("https://") || text.starts_with("http://")) {
    source.url = text;
    const std::string path = text.substr(0, text.find_first_of("?#"));
    source.file = path.substr(path.rfind('/') + 1);
  } else {
    return Error{
        Code::usage, fmt::format("\"{}\" is neither a URL nor a file of a hub", escape_for_terminal(text)),
        "write https://… or hf:ORG/REPO:FILE.gguf; a file of this machine: `carrel models add FILE`"};
  }
  const std::string_view host = host_of(source.url);
  const bool here = host == "127.0.0.1" || host == "localhost" || host == "[::1]";
  if (source.url.starts_with("http://") && !here && !sha256_given) {
    return Error{Code::usage, "anybody on the way could give another file over plain http",
                 "use https://, or say what the file must be with --sha256"};
  }
  if (!source.file.ends_with(".gguf") || !is_part(source.file)) {
    return Error{Code::usage,
                 fmt::format("\"{}\" is not the name of a GGUF file", escape_for_terminal(source.file)),
                 "name a file that ends in .gguf"};
  }
  if (std::string why = why_not_a_model(source.file); !why.empty()) {
    return Error{Code::usage, fmt::format("{} cannot be used: {}", source.file, why),
                 "name a whole model file"};
  }
  return source;
}

}  // namespace carrel
