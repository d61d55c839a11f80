#include "host/flow/model.h"

#include <algorithm>
#include <filesystem>
#include <thread>
#include <vector>

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/text.h"
#include "host/digest/sha256.h"

namespace carrel {
namespace {

constexpr std::uint64_t mib = 1ULL << 20;
constexpr std::size_t template_limit = limit::chat_template;

std::uint32_t threads_of(const Settings& settings) {
  const auto asked = static_cast<std::uint32_t>(settings.whole("threads"));
  if (asked > 0) return asked;
  // Spinning threads lose far more to one busy neighbour than to one thread less.
  const unsigned cores = std::max(1U, std::thread::hardware_concurrency());
  return cores >= 4 ? cores - 1 : cores;
}

// A sentence for the prompt on what the reader did not hand out.
std::string left_out_sentence(const EvidenceList& evidence) {
  std::uint64_t lines = 0, files = 0;
  for (const LeftOut& item : evidence.left_out) {
    lines += item.lines;
    files += item.files;
  }
  return fmt::format("{} lines were read from {} files; {} lines and {} files were left out.",
                     evidence.lines_read, evidence.files, lines, files);
}

}  // namespace

std::uint64_t think_memory(const ModelCard& card, std::uint32_t context, std::uint32_t batch) {
  // Measured: Q4_0 weights of 233 MB took 284 MB repacked. Logits of one batch at 4 bytes, twice for their
  // copy.
  const std::uint64_t weights = card.file_bytes / 4 * 5;
  const std::uint64_t cache = card.kv_bytes_per_token * context;
  const std::uint64_t logits = 8ULL * card.vocabulary * batch;
  return weights + cache + logits + 768 * mib;
}

Result<Model> Model::open(const Settings& settings, Rooms& rooms,
                          const std::function<void(std::uint64_t)>& progress, const std::atomic<bool>& stop) {
  Model model;
  model.path_ = settings.text("model");
  auto file = open_read(model.path_);
  if (!file) return file.error();
  model.file_ = std::move(*file);
  struct stat status {};
  if (::fstat(model.file_.get(), &status) != 0) return errno_error("cannot look at " + model.path_);
  if (!S_ISREG(status.st_mode))
    return Error{Code::bad_input, model.path_ + " is not a file", "name a GGUF file"};
  model.bytes_ = static_cast<std::uint64_t>(status.st_size);

  Sha256 digest;
  std::vector<char> block(1 << 20);
  for (std::uint64_t done = 0;;) {
    if (stop) return Error{Code::interrupted, "interrupted", ""};
    auto n = read_some(model.file_.get(), block.data(), block.size());
    if (!n) return std::move(n.error()).in(model.path_);
    if (*n == 0) break;
    digest.add({block.data(), *n});
    progress(done += *n);
  }
  model.sha256_ = digest.hex();

  auto descriptor = model.descriptor();
  if (!descriptor) return descriptor.error();
  auto card = rooms.inspect({model.path_}, std::move(*descriptor), model.bytes_);
  if (!card) return card.error();
  model.card_ = std::move(*card);
  model.card_.file_bytes = model.bytes_;  // what the host measured, not what the file claims
  model.name_ = to_utf8(model.card_.name);
  if (model.name_.empty()) model.name_ = std::filesystem::path(model.path_).filename();
  return model;
}

Result<Fd> Model::descriptor() const {
  Fd fd(::open(fmt::format("/proc/self/fd/{}", file_.get()).c_str(), O_RDONLY | O_CLOEXEC));
  if (!fd.valid()) return errno_error("cannot open " + path_ + " again");
  return fd;
}

Status Model::recommend(Settings* settings) const {
  const struct {
    const char* name;
    double value;
  } recommended[] = {{"temperature", card_.temperature},
                     {"top-k", static_cast<double>(card_.top_k)},
                     {"top-p", card_.top_p},
                     {"min-p", card_.min_p}};
  for (const auto& [name, value] : recommended) {
    if (value < 0) continue;
    if (Status done = settings->set(name, fmt::format("{}", value), Source::model_file, "general.sampling");
        !done) {
      return Error{Code::bad_input, done.error().what,
                   "the model file recommends a value that cannot be used"};
    }
  }
  return {};
}

Result<ThinkJob> Model::job(const Playbook& playbook, const Settings& settings, const EvidenceList& evidence,
                            const std::string& question) const {
  ThinkJob job;
  job.model_name = path_;
  job.system = playbook.system;
  job.question = question;
  job.variants = playbook.variants;
  const std::size_t tries = settings.whole("tries");
  if (tries > 0) {
    // More tries than variants: the variants again, in turn; with sampling they differ.
    job.variants.clear();
    for (std::size_t i = 0; i < tries; ++i)
      job.variants.push_back(playbook.variants[i % playbook.variants.size()]);
  }
  job.schema = playbook.schema_text;
  job.commands = playbook.commands;
  job.lines = evidence.lines;
  job.names = evidence.names;
  job.searched = evidence.searched;
  job.left_out = left_out_sentence(evidence);
  if (const std::string& file = settings.text("template"); !file.empty()) {
    auto text = read_file(file, template_limit);
    if (!text) return text.error();
    job.chat_template = std::move(*text);
  }
  job.sampling = {settings.number("temperature"), settings.number("top-p"), settings.number("min-p"),
                  static_cast<std::uint32_t>(settings.whole("top-k")), settings.whole("seed")};
  job.context = static_cast<std::uint32_t>(settings.whole("context"));
  if (card_.trained_context > 0) job.context = std::min(job.context, card_.trained_context);
  job.output_tokens = static_cast<std::uint32_t>(settings.whole("output-tokens"));
  // The think room ends its tries itself, so that what was decoded by then is kept, before the wall ends the
  // room.
  const std::uint64_t wall = settings.whole("wall-seconds");
  job.wall_seconds = static_cast<std::uint32_t>(wall - std::min<std::uint64_t>(wall / 10, 30));
  job.threads = threads_of(settings);
  job.exact = settings.truth("exact");
  return job;
}

Result<ThinkResult> Model::think(const ThinkJob& job, Rooms& rooms, const Settings& settings) const {
  const std::uint32_t context = job.context > 0 ? job.context : card_.trained_context;
  std::uint64_t memory = settings.whole("memory") * mib;
  if (memory == 0) memory = think_memory(card_, context, job.chunk);
  const auto machine = static_cast<std::uint64_t>(::sysconf(_SC_PHYS_PAGES)) *
                       static_cast<std::uint64_t>(::sysconf(_SC_PAGESIZE));
  if (memory + bytes_ > machine) {
    return Error{Code::does_not_fit,
                 fmt::format("{} with {} tokens of context needs about {} MiB and this machine has {} MiB",
                             name_, context, (memory + bytes_) / mib, machine / mib),
                 "use a smaller model, a smaller --context, or a lower quantisation"};
  }
  auto file = descriptor();
  if (!file) return file.error();
  return rooms.think(job, std::move(*file), bytes_, memory);
}

}  // namespace carrel
