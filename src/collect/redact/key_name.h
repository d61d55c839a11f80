// Which names tell that a secret stands beside them: "DB_PASSWORD", "clientSecret", "aws_secret_access_key";
// and which only look so: "secretName", "passwordFile", "tokenExpirationSeconds".
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace carrel {

enum class Telling : std::uint8_t {
  no,
  environment,  // a secret only as the name of an environment variable: DB_USER
  weak,         // a secret where its value looks random: "key", "signature"
  strong,
};

struct KeyVerdict {
  Telling telling = Telling::no;
  std::string_view label;  // the class of what stands beside it: "password", "token", …
};

// A name of at most 128 bytes; a longer one tells nothing.
KeyVerdict judge_key(std::string_view name);

// judge_key() that remembers: bundles say the same few hundred names again and again. Not thread-safe.
class KeyJudge {
 public:
  KeyJudge() : known_(1024) {}
  KeyVerdict judge(std::string_view name);

 private:
  struct Known {
    std::string name;
    KeyVerdict verdict;
  };
  std::vector<Known> known_;  // by the hash of the name; the newest stays
};

// The phrases, in lower case, of which every telling name has one.
const std::vector<std::string>& telling_phrases();

}  // namespace carrel
