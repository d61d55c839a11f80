// Who may decide on the page: names with their passwords, as Argon2id hashes.
//
//   <data>/reviewers      mode 0600; "carrel reviewers 1", then a line for each: the name, a tab, the hash
//
// Replaced whole, so that a crash leaves the old file or the new one; several processes may change it, one
// waits for another.
#pragma once

#include <string>
#include <utility>
#include <vector>

#include "base/result.h"

namespace carrel {

inline constexpr std::size_t least_password = 8, most_password = 1024;  // bytes

// True for 1 to 64 bytes of printable UTF-8 without blanks at its ends: what a review's name may be.
bool is_reviewer_name(const std::string& name);

// By name. No file yet is an empty list; one that cannot be read, or of a newer version, is an Error
// (machine).
Result<std::vector<std::string>> reviewers(const std::string& data);

// Adds one, or gives one that is there another password. Errors (usage): no name, a password that is too
// short or too long.
Status add_reviewer(const std::string& data, const std::string& name, const std::string& password);

// An Error (usage) where there is none of that name. What they decided stays theirs.
Status remove_reviewer(const std::string& data, const std::string& name);

// Whether this is the password of that reviewer. Takes as long for a name that is not there.
Result<bool> is_reviewer(const std::string& data, const std::string& name, const std::string& password);

}  // namespace carrel
