// The finders: each looks at an anchor of its kind and adds what is to be masked, in order of place.
#pragma once

#include <string_view>

#include "collect/redact/key_name.h"
#include "collect/redact/sight.h"

namespace carrel {

// A phrase of telling_phrases(): the value beside the name, if the name tells and the value may be a secret.
// Returns where the name ends, so that its other phrases need not be looked at.
std::size_t find_named(const Sight& sight, KeyJudge* judge, Masks* masks);

// "://": user, password, and of a database's URL host and database; "@": the same without a scheme, mail
// addresses; "@tcp(": a DSN of Go's MySQL driver.
void find_in_url(const Sight& sight, Masks* masks);
void find_at_sign(const Sight& sight, Masks* masks);
void find_in_dsn(const Sight& sight, Masks* masks);
// "jdbc:oracle:thin:": user/password@….
void find_in_oracle_url(const Sight& sight, Masks* masks);
// "server", "data source", …: a part of a connection string, which ends with ';'.
void find_connection_part(const Sight& sight, std::string_view label, Masks* masks);

// Behind "bearer" and "basic": what an Authorization header has there.
void find_bearer(const Sight& sight, Masks* masks);
void find_basic(const Sight& sight, Masks* masks);
// "-u" of curl, "-p" of sshpass, mysql and docker login, …
void find_command_login(const Sight& sight, Masks* masks);
// "identified by", "password": a string of SQL.
void find_in_sql(const Sight& sight, Masks* masks);

// "-----BEGIN": a private key. It may have line breaks as they are, escaped, or none.
void find_private_key(const Sight& sight, Masks* masks);
// How many bytes at `at`, a line's begin, still belong to a private key's text.
std::size_t private_key_line(std::string_view text, std::size_t at);

// Addresses, where they are wanted; the anchor is a '.' or a ':'.
void find_ip(const Sight& sight, Masks* masks);
void find_mac(const Sight& sight, Masks* masks);

}  // namespace carrel
