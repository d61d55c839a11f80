// A correction becomes a labelled case (docs/formats/case.md).
#include <algorithm>
#include <filesystem>
#include <regex>
#include <set>

#include <fmt/format.h>
#include <rapidjson/document.h>
#include <rapidjson/prettywriter.h>
#include <rapidjson/stringbuffer.h>

#include "base/fd.h"
#include "base/text.h"
#include "digest/sha256.h"
#include "host/review/review.h"
#include "record/answer.h"

namespace carrel {
namespace {

namespace fs = std::filesystem;

constexpr std::size_t cases_limit = 64 << 20;
constexpr std::size_t most_names = 3;

// A pattern that matches these characters and nothing else.
std::string literal(std::string_view text) {
  std::string out;
  for (const char c : text) {
    if (std::string_view(R"(\^$.|?*+()[]{})").find(c) != std::string_view::npos) out += '\\';
    out += c;
  }
  return out;
}

// The words of the correction that the report does not have, those that look like names first.
std::vector<std::string> telling_words(const std::string& right, const std::string& wrong) {
  std::vector<std::string> names, words;
  std::set<std::string> seen;
  std::string_view rest = right;
  while (!rest.empty()) {
    const auto end = std::min(rest.find_first_of(" \t\n,;:()\"'"), rest.size());
    std::string word(rest.substr(0, end));
    rest.remove_prefix(std::min(end + 1, rest.size()));
    while (word.ends_with('.')) word.pop_back();
    if (word.size() < 4 || contains_folded(wrong, to_lower(word)) || !seen.insert(to_lower(word)).second)
      continue;
    const bool name = word.find_first_of("-_./0123456789") != std::string::npos;
    (name ? names : words).push_back(literal(word));
  }
  names.insert(names.end(), words.begin(), words.end());
  if (names.size() > most_names) names.resize(most_names);
  return names;
}

// The expressions are the key's own test: all must match what is right, and not all what is wrong. std::regex
// is the one place where a library of ours throws; what it throws is the user's mistake.
Status tells_apart(const std::vector<std::string>& must, const std::string& right, const std::string& wrong) {
  bool wrong_matches = true;
  for (const std::string& pattern : must) {
    try {
      const std::regex regex(pattern, std::regex::ECMAScript | std::regex::icase);
      if (!std::regex_search(right, regex)) {
        return Error{Code::usage,
                     fmt::format("the correction does not match \"{}\"", escape_for_terminal(pattern)),
                     "give expressions that the right cause matches, with --must"};
      }
      wrong_matches = wrong_matches && std::regex_search(wrong, regex);
    } catch (const std::regex_error&) {
      return Error{Code::usage, fmt::format("\"{}\" is no regular expression", escape_for_terminal(pattern)),
                   ""};
    }
  }
  if (!must.empty() && !wrong_matches) return {};
  return Error{Code::usage, "nothing tells the correction from what the report says",
               "give expressions that only the right cause matches, with --must"};
}

using Document = rapidjson::Document;
using Node = rapidjson::Value;

Node text_of(Document& document, const std::string& text) {
  const std::string valid = to_utf8(text);
  return Node(valid.data(), static_cast<rapidjson::SizeType>(valid.size()), document.GetAllocator());
}

Node list_of(Document& document, const std::vector<std::string>& texts) {
  Node list(rapidjson::kArrayType);
  for (const std::string& text : texts) list.PushBack(text_of(document, text), document.GetAllocator());
  return list;
}

// The folder's cases, or none yet.
Status read_cases(const std::string& path, Document* document) {
  std::error_code error;
  if (!fs::exists(path, error)) {
    document->Parse(R"({"format": "carrel cases 1", "cases": []})");
    return {};
  }
  auto bytes = read_file(path, cases_limit);
  if (!bytes) return bytes.error();
  document->Parse<rapidjson::kParseIterativeFlag>(bytes->data(), bytes->size());
  if (document->HasParseError() || !document->IsObject() || !document->HasMember("cases") ||
      !(*document)["cases"].IsArray()) {
    return Error{Code::bad_input, path + " is no list of cases", "name another folder"};
  }
  return {};
}

Node case_of(Document& document, const RunInContext& run, const std::string& id, const std::string& right,
             const std::vector<std::string>& must) {
  auto& memory = document.GetAllocator();
  Node out(rapidjson::kObjectType);
  const auto put = [&](const char* name, Node value) {
    out.AddMember(rapidjson::StringRef(name), value, memory);
  };
  put("id", text_of(document, id));
  put("category", text_of(document, "correction"));
  put("difficulty", text_of(document, "hard"));
  put("tier", text_of(document, "reviewed"));
  put("question", text_of(document, run.report.question));
  put("reference", text_of(document, right));
  Node groups(rapidjson::kArrayType);
  for (const std::string& pattern : must) groups.PushBack(list_of(document, {pattern}), memory);
  put("root_cause_all_of", std::move(groups));
  Node evidence(rapidjson::kArrayType);
  for (const ClaimInContext& claim : run.claims) {
    if (claim.claim.kind != ClaimRow::Kind::cause) continue;
    for (const CitationRow& cited : claim.claim.citations) {
      // The path below the bundle's top folder, as the format asks.
      const auto slash = cited.at.file.find('/');
      const std::string below = slash == std::string::npos ? cited.at.file : cited.at.file.substr(slash + 1);
      Node entry(rapidjson::kObjectType);
      entry.AddMember("file", text_of(document, literal(below)), memory);
      entry.AddMember("quote", text_of(document, literal(cited.quote.substr(0, cited.quote.find('\n')))),
                      memory);
      evidence.PushBack(entry, memory);
    }
  }
  put("evidence_any_of", std::move(evidence));
  put("forbidden", Node(rapidjson::kArrayType));
  put("right", list_of(document, {right}));
  put("wrong", list_of(document, {run.report.root_cause}));
  put("split", text_of(document, "train"));
  put("verdict", text_of(document, to_string(run.report.verdict)));
  return out;
}

// The bundle as it was, beside the cases.
Status copy_bundle(const RunInContext& run, const std::string& to) {
  const std::string& from = run.run.input;
  if (!from.ends_with(".tar.gz") && !from.ends_with(".tgz")) {
    return Error{Code::usage, fmt::format("{} is no .tar.gz, and cases have their bundles so", from),
                 "pack it, run it again, and correct that run"};
  }
  auto bytes = read_file(from, 4ULL << 30);
  if (!bytes) return bytes.error();
  if (sha256_of(*bytes) != run.run.input_sha256)
    return Error{Code::bad_input, from + " is not the bundle of this run any more", "put the old one back"};
  return write_file_durably(to, *bytes);
}

}  // namespace

Result<std::string> correction_to_case(const RunInContext& run, const std::string& folder,
                                       const std::vector<std::string>& must) {
  const auto correction = std::find_if(run.reviews.rbegin(), run.reviews.rend(), [](const ReviewRow& review) {
    return review.decision == ReviewRow::Decision::edit && review.claim <= 0;
  });
  if (correction == run.reviews.rend()) {
    return Error{Code::usage, fmt::format("run {} has no correction of its cause", run.run.id),
                 fmt::format("`carrel review {} edit --text CAUSE --reason WHY --reviewer NAME` makes one",
                             run.run.id)};
  }
  const std::string& right = correction->text;
  const std::vector<std::string> patterns = must.empty() ? telling_words(right, run.report.root_cause) : must;
  if (Status apart = tells_apart(patterns, right, run.report.root_cause); !apart) return apart.error();

  std::error_code error;
  fs::create_directories(folder, error);
  const std::string path = folder + "/cases.json";
  Document document;
  if (Status read = read_cases(path, &document); !read) return read.error();
  const std::string id = "correction-" + run.run.id;
  for (const Node& each : document["cases"].GetArray()) {
    if (each.IsObject() && each.HasMember("id") && each["id"].IsString() && each["id"].GetString() == id)
      return Error{Code::usage, fmt::format("{} has the case {} already", path, id),
                   "take it out there first"};
  }
  document["cases"].PushBack(case_of(document, run, id, right, patterns), document.GetAllocator());
  // The bundle first: a case without one would break the set.
  if (Status copied = copy_bundle(run, fmt::format("{}/{}.tar.gz", folder, id)); !copied)
    return copied.error();
  rapidjson::StringBuffer buffer;
  rapidjson::PrettyWriter<rapidjson::StringBuffer> writer(buffer);
  writer.SetIndent(' ', 1);
  document.Accept(writer);
  if (Status written =
          write_file_durably(path, std::string(buffer.GetString(), buffer.GetSize()) + "\n", 0644);
      !written)
    return written.error();
  return id;
}

}  // namespace carrel
