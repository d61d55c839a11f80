#include "room/engine/decode.h"

#include <algorithm>
#include <deque>

#include "record/agreement.h"
#include "room/engine/answer_writer.h"
#include "room/engine/choose.h"
#include "room/engine/draft.h"
#include "room/engine/plain_tokens.h"
#include "room/engine/schedule.h"

namespace carrel {
namespace {

using Clock = std::chrono::steady_clock;

constexpr std::size_t longest_piece = 64;  // tokens: a sentence, or an entry of a list
constexpr std::size_t least_repeats = 4;
constexpr std::size_t least_in_a_loop = 32;  // tokens

double seconds_since(Clock::time_point start) {
  return std::chrono::duration<double>(Clock::now() - start).count();
}

class Loop {
 public:
  Loop(Engine& engine, const TokenTrie& trie, std::uint32_t batch, const DecodeSettings& settings,
       const DecodeProgress& progress)
      : engine_(engine),
        trie_(trie),
        plain_(engine, trie),
        batch_(batch),
        settings_(settings),
        progress_(progress) {}

  Result<Decoded> run(const Tokens& prefix, std::vector<DecodeTry> tries);

 private:
  // The shared beginning into sequence 0, as far as it is not there.
  Result<Extended> prefill(const Tokens& prefix);
  // Reads what all questions begin with, too, and forks sequence 0 into all others.
  Result<Extended> spread();
  // Feeds what every live try has waiting, in as many batches as it takes, and lets each choose once it is
  // fed.
  Result<Extended> step();
  Result<Extended> step_together();
  // The same for a try that is written alone, with `guesses` behind what it has waiting: those that it would
  // have chosen are kept, the others taken back.
  Result<Extended> step_ahead(std::size_t at, const Tokens& guesses);
  // What the only working try may write next; nothing where there are several, which fill the batch already.
  std::optional<std::size_t> alone() const;
  Tokens guesses_for(std::size_t at) const;
  Status choose(AnswerWriter& writer, Random& random, std::span<const float> logits);
  // Once every vote is known, lets all tries rest but the one that is chosen.
  Status settle();
  // Reads the try's vote, where its text holds it by now or it has ended; false where it does not.
  Result<bool> read_vote(std::size_t at);
  Status end_all(Stop why);
  bool working(std::size_t at) const { return writers_[at].live() && !resting_[at]; }
  bool any_working() const {
    for (std::size_t at = 0; at < writers_.size(); ++at) {
      if (working(at)) return true;
    }
    return false;
  }
  std::uint32_t written() const {
    std::uint32_t tokens = 0;
    for (const AnswerWriter& writer : writers_) tokens += writer.tokens();
    return tokens;
  }

  Engine& engine_;
  const TokenTrie& trie_;
  const PlainTokens plain_;
  const std::uint32_t batch_;
  const DecodeSettings& settings_;
  const DecodeProgress& progress_;
  std::deque<AnswerWriter> writers_;
  std::vector<Random> randoms_;
  std::vector<Vote> votes_;    // of each writer, as far as they are known
  std::vector<bool> resting_;  // by writer
  std::uint32_t settled_tokens_ = 0;
  const Tokens* prefix_ = nullptr;
  DraftCounts drafts_;
};

Result<Extended> Loop::prefill(const Tokens& prefix) {
  const std::span<const Token> all(prefix);
  for (std::size_t done = engine_.length(0); done < all.size();) {
    const std::size_t border = next_border(done, all.size(), batch_);
    const Extension piece{0, all.subspan(done, border - done), 0};
    Result<Extended> extended = engine_.extend({&piece, 1});
    if (!extended || *extended == Extended::deadline) return extended;
    done = border;
    progress_("prefill", done, all.size());
  }
  return Extended::done;
}

Result<Extended> Loop::spread() {
  // One token is left to each, for the logits after it; one try alone has nobody to share with.
  const Tokens& first = writers_[0].waiting();
  std::size_t shared = writers_.size() < 2 ? 0 : first.size();
  for (const AnswerWriter& writer : writers_) {
    const Tokens& own = writer.waiting();
    const auto end = first.begin() + static_cast<std::ptrdiff_t>(shared);
    const auto unlike = std::mismatch(first.begin(), end, own.begin(), own.end()).first;
    shared =
        std::min(static_cast<std::size_t>(unlike - first.begin()), std::max<std::size_t>(own.size(), 1) - 1);
  }
  for (std::size_t done = 0; done < shared;) {
    const std::size_t size = std::min<std::size_t>(batch_, shared - done);
    const Extension piece{0, std::span(first).subspan(done, size), 0};
    Result<Extended> extended = engine_.extend({&piece, 1});
    if (!extended || *extended == Extended::deadline) return extended;
    done += size;
  }
  for (AnswerWriter& writer : writers_) {
    writer.fed(shared);
    if (writer.sequence() == 0) continue;
    if (Status forked = engine_.fork(0, writer.sequence()); !forked) return forked.error();
  }
  return Extended::done;
}

Status Loop::choose(AnswerWriter& writer, Random& random, std::span<const float> logits) {
  const std::optional<Token> token =
      settings_.sampling.temperature > 0
          ? choose_drawn(logits, trie_, writer.constraint(), settings_.sampling, random)
          : choose_best(logits, engine_, trie_, writer.constraint());
  if (token) return writer.take(*token);
  writer.fail();
  return {};
}

Result<Extended> Loop::step() {
  const std::optional<std::size_t> only = settings_.draft > 0 && engine_.forgets() ? alone() : std::nullopt;
  if (only) {
    const Clock::time_point start = Clock::now();
    const Tokens guesses = guesses_for(*only);
    const bool one = writers_[*only].waiting().size() == 1;
    Result<Extended> done = guesses.empty() ? step_together() : step_ahead(*only, guesses);
    const double seconds = seconds_since(start);
    if (!guesses.empty()) {
      drafts_.check_s += seconds;
    } else if (one) {
      ++drafts_.steps;
      drafts_.step_s += seconds;
    }
    return done;
  }
  return step_together();
}

Result<Extended> Loop::step_together() {
  struct Piece {
    std::size_t writer;
    std::size_t from, size;
    bool last;
  };
  // Cut everything that waits into batches first: what a try chooses in the first belongs to the next step.
  std::vector<std::vector<Piece>> batches(1);
  std::size_t room = batch_;
  for (std::size_t i = 0; i < writers_.size(); ++i) {
    if (!working(i)) continue;
    const std::size_t total = writers_[i].waiting().size();
    for (std::size_t from = 0; from < total;) {
      if (room == 0) {
        batches.emplace_back();
        room = batch_;
      }
      const std::size_t size = std::min(room, total - from);
      batches.back().push_back({i, from, size, from + size == total});
      from += size;
      room -= size;
    }
  }
  for (const std::vector<Piece>& batch : batches) {
    std::vector<Extension> extensions;
    for (const Piece& piece : batch) {
      const std::span<const Token> waiting(writers_[piece.writer].waiting());
      extensions.push_back(
          {writers_[piece.writer].sequence(), waiting.subspan(piece.from, piece.size), piece.last ? 1U : 0U});
    }
    Result<Extended> extended = engine_.extend(extensions);
    if (!extended || *extended == Extended::deadline) return extended;
    for (std::size_t i = 0; i < batch.size(); ++i) {
      if (!batch[i].last) continue;
      AnswerWriter& writer = writers_[batch[i].writer];
      writer.fed();
      if (Status chosen = choose(writer, randoms_[batch[i].writer], engine_.logits(i)); !chosen) {
        return chosen.error();
      }
    }
  }
  return Extended::done;
}

std::optional<std::size_t> Loop::alone() const {
  std::optional<std::size_t> only;
  for (std::size_t at = 0; at < writers_.size(); ++at) {
    if (!working(at)) continue;
    if (only) return std::nullopt;
    only = at;
  }
  return only;
}

Tokens Loop::guesses_for(std::size_t at) const {
  const AnswerWriter& writer = writers_[at];
  std::vector<std::span<const Token>> sources = {writer.answer()};
  for (std::size_t other = 0; other < writers_.size(); ++other) {
    if (other != at) sources.push_back(writers_[other].answer());
  }
  sources.push_back(*prefix_);
  const std::size_t room = batch_ - std::min<std::size_t>(batch_, writer.waiting().size());
  const Tokens found = look_up(writer.answer(), sources, std::min<std::size_t>(settings_.draft, room));
  return allowed_of(found, engine_, writer.constraint());
}

Result<Extended> Loop::step_ahead(std::size_t at, const Tokens& guesses) {
  AnswerWriter& writer = writers_[at];
  const std::uint32_t sequence = writer.sequence();
  const std::size_t before = engine_.length(sequence);
  Tokens fed = writer.waiting();
  std::size_t used = fed.size();  // of them the try has so far
  fed.insert(fed.end(), guesses.begin(), guesses.end());
  const Extension extension{sequence, fed, static_cast<std::uint32_t>(guesses.size()) + 1};
  Result<Extended> extended = engine_.extend({&extension, 1});
  if (!extended || *extended == Extended::deadline) return extended;
  ++drafts_.checks;
  drafts_.guessed += static_cast<std::uint32_t>(guesses.size());
  // What the try takes stays waiting until it is compared with what was fed: text that is forced may cut the
  // last tokens anew.
  const Tokens& waiting = writer.waiting();
  for (bool first = true;; first = false) {
    if (!first) ++drafts_.kept;
    if (Status chosen = choose(writer, randoms_[at], engine_.logits(0, fed.size() - used)); !chosen)
      return chosen.error();
    const bool guessed = waiting.size() > used && waiting.size() <= fed.size() &&
                         std::equal(waiting.begin(), waiting.end(), fed.begin());
    if (Status settled = settle(); !settled) return settled.error();
    if (!working(at) || !guessed) break;
    used = waiting.size();
  }
  const auto [unlike, rest] = std::mismatch(waiting.begin(), waiting.end(), fed.begin(), fed.end());
  const auto same = static_cast<std::size_t>(unlike - waiting.begin());
  if (!engine_.truncate(sequence, before + same))
    return Error{Code::internal, "the engine cannot take guesses back", ""};
  writer.fed(same);
  return Extended::done;
}

Result<bool> Loop::read_vote(std::size_t at) {
  const AnswerWriter& writer = writers_[at];
  Vote& vote = votes_[at];
  if (!writer.live() && writer.stop() != Stop::complete) {
    vote.answer.reset();
    return true;
  }
  if (vote.answer) return true;
  if (writer.live() && !holds_vote(writer.text())) return false;
  Result<Answer> answer = parse_answer(writer.text() + writer.constraint().shortest_close());
  if (!answer) return answer.error();
  vote.answer = std::move(*answer);
  return true;
}

Status Loop::settle() {
  if (!settings_.early_stop || writers_.size() < 2) return {};
  for (std::size_t at = 0; at < writers_.size(); ++at) {
    const Result<bool> known = read_vote(at);
    if (!known) return known.error();
    if (!*known) return {};
  }
  const std::size_t chosen = agreement_of(votes_).chosen;
  bool stopped = false;
  for (std::size_t at = 0; at < writers_.size(); ++at) {
    resting_[at] = at != chosen;
    stopped |= writers_[at].live() && resting_[at];
  }
  if (stopped && settled_tokens_ == 0) settled_tokens_ = written();
  return {};
}

Status Loop::end_all(Stop why) {
  for (AnswerWriter& writer : writers_) {
    if (!writer.live()) continue;
    if (Status ended = writer.end(why); !ended) return ended;
  }
  return {};
}

Result<Decoded> Loop::run(const Tokens& prefix, std::vector<DecodeTry> tries) {
  votes_.resize(tries.size());
  resting_.resize(tries.size());
  const std::uint64_t most = static_cast<std::uint64_t>(settings_.output_tokens) * tries.size();
  for (std::uint32_t i = 0; i < tries.size(); ++i) {
    writers_.emplace_back(engine_, plain_, i, std::move(tries[i]), settings_.output_tokens);
    // Every try draws from a stream of its own, so that one does not depend on how long another is.
    randoms_.emplace_back(settings_.sampling.seed + i * 0x9e3779b97f4a7c15);
    if (Status begun = writers_.back().begin(); !begun) return begun.error();
  }
  engine_.set_deadline(settings_.deadline);
  prefix_ = &prefix;
  Decoded out;
  const Clock::time_point start = Clock::now();
  Result<Extended> extended = prefill(prefix);
  if (!extended) return extended.error();
  out.prefill_s = seconds_since(start);
  if (*extended == Extended::done) {
    if (settings_.prefilled) settings_.prefilled();
    extended = spread();
    if (!extended) return extended.error();
  }
  const Clock::time_point decode_start = Clock::now();
  out.first_token = decode_start;
  for (bool first = true; *extended == Extended::done && any_working(); first = false) {
    extended = step();
    if (!extended) return extended.error();
    if (first) out.first_token = Clock::now();
    progress_("decoding", written(), most);
    if (Status settled = settle(); !settled) return settled.error();
  }
  const Stop why = *extended == Extended::deadline ? Stop::time : Stop::settled;
  if (Status ended = end_all(why); !ended) return ended.error();
  out.settled_tokens = settled_tokens_;
  out.drafts = drafts_;
  out.drafts.draft = settings_.draft;
  out.decode_s = seconds_since(decode_start);
  for (AnswerWriter& writer : writers_) out.tries.push_back(std::move(writer).result());
  return out;
}

}  // namespace

bool ends_in_a_loop(const Tokens& tokens) {
  for (std::size_t piece = 1; piece <= longest_piece; ++piece) {
    const std::size_t needed = std::max(least_in_a_loop, least_repeats * piece);
    if (tokens.size() < needed) continue;
    std::size_t same = piece;  // the first piece repeats nothing
    while (same < needed && tokens[tokens.size() - 1 - same + piece] == tokens[tokens.size() - 1 - same])
      ++same;
    if (same >= needed) return true;
  }
  return false;
}

Result<Decoded> decode(Engine& engine, const TokenTrie& trie, const Tokens& prefix,
                       std::vector<DecodeTry> tries, std::uint32_t batch, const DecodeSettings& settings,
                       const DecodeProgress& progress) {
  return Loop(engine, trie, batch, settings, progress).run(prefix, std::move(tries));
}

}  // namespace carrel
