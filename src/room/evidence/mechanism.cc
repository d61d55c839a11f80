#include "room/evidence/mechanism.h"

#include <algorithm>
#include <array>

#include "base/ascii.h"
#include "base/phrase_set.h"
#include "base/text.h"

namespace carrel {
namespace {

struct Index {
  PhraseSet set;
  struct Owner {
    std::uint32_t mechanism;
    bool also;
  };
  std::vector<Owner> owners;
};

Index make_index() {
  std::vector<std::string> phrases;
  std::vector<Index::Owner> owners;
  const std::vector<Mechanism>& table = mechanisms();
  for (std::uint32_t index = 0; index < table.size(); ++index) {
    for (const std::string& phrase : table[index].phrases) {
      phrases.push_back(phrase);
      owners.push_back({index, false});
    }
    for (const std::string& phrase : table[index].also) {
      phrases.push_back(phrase);
      owners.push_back({index, true});
    }
  }
  return {PhraseSet(phrases), std::move(owners)};
}

// Words that make a line one of ordinary life, where none of the others stands beside them.
const PhraseSet& ordinary_words() {
  static const PhraseSet set({"<disabled>", "<enabled>", "within limits", "within the limit", "<unlimited>",
                              "<in progress>", "<finished>", "<completed>", "<started with", "<succeeded>",
                              "is healthy", "<is ok>"});
  return set;
}
const PhraseSet& failure_words() {
  static const PhraseSet set({"error",     "fail",     "exception", "refused",  "<cannot",  "can't",
                              "could not", "couldn't", "unable",    "denied",   "timed",    "timeout",
                              "<lost>",    "fatal",    "panic",     "expired",  "exhaust",  "not found",
                              "no such",   "reset",    "unreach",   "killed",   "reject",   "invalid",
                              "missing",   "dropping", "<full>",    "unavail",  "split",    "<required",
                              "<must>",    "exceed",   "too many",  "too long", "not ready"});
  return set;
}

// What is turned off may be called by what it would tell of.
bool is_turned_off(std::string_view text) {
  static const PhraseSet set({"reporting is disabled", "reporting disabled", "tracking is disabled",
                              "tracking disabled", "detection is disabled", "detection disabled"});
  return set.found_in(text);
}

bool is_ordinary(std::string_view text) {
  return is_turned_off(text) || (ordinary_words().found_in(text) && !failure_words().found_in(text));
}

// "returned 500 rows", "http 500ms": a number of things, and no status.
bool counts_things(std::string_view text, const PhraseSet::Match& match) {
  static constexpr std::array<std::string_view, 11> kThings = {
      "ms", "s ", " rows", " entries", " items", " record", " byte", " resul", " message", " object", " ms"};
  if (match.end == 0 || !is_digit(text[match.end - 1])) return false;
  const std::string_view rest = text.substr(match.end);
  return std::ranges::any_of(kThings, [&](std::string_view thing) { return rest.starts_with(thing); });
}

// What a framework says around the error of the part that it could not make.
bool is_wrapper(std::string_view phrase) {
  const std::string lower = to_lower(phrase);
  return lower == "error creating bean" || lower == "unsatisfieddependency";
}

}  // namespace

const Mechanism* mechanism_of(std::string_view detector) {
  constexpr std::string_view of_log = "log-";
  if (!detector.starts_with(of_log)) return nullptr;
  const std::vector<Mechanism>& table = mechanisms();
  const auto found = std::find_if(table.begin(), table.end(), [&](const Mechanism& each) {
    return each.name == detector.substr(of_log.size());
  });
  return found == table.end() ? nullptr : &*found;
}

MechanismMatch find_mechanism(std::string_view text) {
  static const Index index = make_index();
  struct Seen {
    PhraseSet::Match match{};
    bool phrase = false;
    bool also = false;
  };
  const std::vector<Mechanism>& table = mechanisms();
  std::vector<PhraseSet::Match> matches;
  index.set.find(text, &matches);
  std::erase_if(matches, [&](const PhraseSet::Match& match) { return counts_things(text, match); });
  if (matches.empty() || is_ordinary(text)) return {};
  std::vector<Seen> seen(table.size());
  for (const PhraseSet::Match& match : matches) {
    const Index::Owner& owner = index.owners[match.phrase];
    Seen& of = seen[owner.mechanism];
    if (owner.also) {
      of.also = true;
    } else if (!of.phrase || match.end - match.begin > of.match.end - of.match.begin) {
      of.phrase = true;
      of.match = match;
    }
  }
  // The answer of a server (HTTP 500) only shows that something failed, and so does what has no root at all:
  // what is told beside it says what.
  MechanismMatch answer;
  for (std::size_t i = 0; i < table.size(); ++i) {
    if (!seen[i].phrase || !(seen[i].also || table[i].also.empty())) continue;
    const MechanismMatch match{&table[i], seen[i].match.begin, seen[i].match.end};
    const bool shows_only = table[i].name == "upstream-failed" || (table[i].fault && table[i].root == 0) ||
                            is_wrapper(text.substr(match.begin, match.end - match.begin));
    if (answer.mechanism == nullptr && shows_only) {
      answer = match;
      continue;
    }
    if (answer.mechanism == nullptr || (table[i].fault && table[i].root >= 0.1)) return match;
  }
  return answer;
}

}  // namespace carrel
