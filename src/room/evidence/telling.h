// What a finding takes over from another one whose reason or whose end it is: lines, commands, words.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>

#include "room/evidence/detect.h"

namespace carrel {

// Cites up to `most` lines of `from` behind those of `to`, each once.
void cite_also(Observation* to, const Observation& from, std::size_t most);
// Cites its deciding lines behind that of `to`.
void cite_first(Observation* to, const Observation& from, std::size_t most = 1);
// Tells one with another in one sentence: the other's cause and up to `most` of its lines stand behind its
// own, and the other weighs less than it.
void tell_with(Observation* to, Observation* other, std::size_t most);
void add_commands(Observation* to, const Observation& from);
// Takes "user:password@" out of addresses: a cause is read by more people than what it comes from.
std::string without_credentials(std::string text);
// A cause in at most `most` bytes: who, what, and the part of the quoted message that tells.
std::string shortened(std::string_view cause, std::size_t most);

}  // namespace carrel
