#include "host/http/problem.h"

#include <algorithm>
#include <cctype>

#include "base/json_writer.h"

namespace carrel {

HttpAnswer problem(int status, const std::string& name, const std::string& detail,
                   const std::string& remedy) {
  std::string title = name;
  std::replace(title.begin(), title.end(), '-', ' ');
  title[0] = static_cast<char>(std::toupper(static_cast<unsigned char>(title[0])));
  JsonLine json;
  json.text("type", "urn:carrel:problem:" + name);
  json.text("title", title);
  json.count("status", static_cast<std::uint64_t>(status));
  json.text("detail", detail);
  json.text("remedy", remedy);
  HttpAnswer answer;
  answer.status = status;
  answer.type = "application/problem+json";
  answer.body = json.finish();
  return answer;
}

HttpAnswer bad_request(const Error& error) {
  return problem(400, "bad-request", error.what, error.remedy);
}

HttpAnswer too_many(const std::string& detail, unsigned seconds) {
  HttpAnswer answer = problem(429, "too-many", detail, "try again in " + std::to_string(seconds) + " s");
  answer.headers.emplace_back("Retry-After", std::to_string(seconds));
  return answer;
}

HttpAnswer problem_of(const Error& error) {
  switch (error.code) {
    case Code::usage:
      return problem(422, "refused", error.what, error.remedy);
    case Code::bad_input:
    case Code::does_not_fit:
      return problem(409, "bad-input", error.what, error.remedy);
    case Code::room_refused:
      return problem(503, "room-refused", error.what, error.remedy);
    case Code::interrupted:
    case Code::machine:
      return problem(503, "machine", error.what, error.remedy);
    case Code::internal:
      break;
  }
  return problem(500, "internal", error.what, error.remedy);
}

}  // namespace carrel
