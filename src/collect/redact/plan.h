// What is looked for: the phrases that anchor every finder, and the user's own rules. Made once, used by any
// number of Redactors; thread-safe.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "base/phrase_set.h"
#include "collect/redact/rules.h"
#include "collect/redact/sight.h"

namespace carrel {

class RedactionPlan {
 public:
  enum class Finder : std::uint8_t {
    named,
    shape,
    jwt,
    private_key,
    base64_private_key,
    url,
    at_sign,
    dsn,
    oracle_url,
    connection_part,
    bearer,
    basic,
    command_login,
    sql,
    kind,
    data,
    document,
    ip,
    mac,
    own_word,
    own_name,
    own_pattern,
  };
  struct Anchor {
    Finder finder;
    std::uint32_t length;  // bytes of the phrase
    std::uint32_t index;   // of the shape or the rule
    std::string_view label;
  };

  explicit RedactionPlan(RedactionRules rules = {});
  RedactionPlan(const RedactionPlan&) = delete;
  RedactionPlan& operator=(const RedactionPlan&) = delete;

  const PhraseSet& phrases() const { return *phrases_; }
  const Anchor& anchor(std::uint32_t phrase) const { return anchors_[phrase]; }
  const RedactionRules& rules() const { return rules_; }

 private:
  RedactionRules rules_;
  std::vector<Anchor> anchors_;
  std::unique_ptr<PhraseSet> phrases_;
};

}  // namespace carrel
