// Errors as answers: application/problem+json (RFC 9457).
#pragma once

#include <string>

#include "base/result.h"
#include "host/http/message.h"

namespace carrel {

// `name` is what a program goes by ("no-such-run"): type "urn:carrel:problem:no-such-run", title "No such
// run". `detail` and `remedy` are sentences for a person, as an Error has them.
HttpAnswer problem(int status, const std::string& name, const std::string& detail,
                   const std::string& remedy = "");

// 400, for a question that cannot be understood.
HttpAnswer bad_request(const Error& error);

// 429, with the seconds to wait.
HttpAnswer too_many(const std::string& detail, unsigned seconds);

// What an Error of the ledger, a room or a run is as an answer: 422 for what is refused, 409 for a bundle or
// model that cannot be used, 503 for a room or this machine, 500 for a defect.
HttpAnswer problem_of(const Error& error);

}  // namespace carrel
