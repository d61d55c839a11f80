#include "host/http/requests.h"

#include <algorithm>
#include <charconv>
#include <initializer_list>
#include <map>
#include <set>

#include <fmt/format.h>

#include "base/read_value.h"
#include "base/text.h"

namespace carrel {
namespace {

constexpr std::size_t most_tenant = 64;
constexpr std::size_t most_path = 4096;
constexpr std::size_t most_cursor = 100;
constexpr std::size_t most_words = 400;
constexpr std::size_t most_text = 64 << 10;
constexpr std::size_t most_question = 8 << 10;
constexpr std::size_t most_variants = 16;

using Texts = std::initializer_list<std::string_view>;

Error wrong(const std::string& name, const std::string& what) {
  return {Code::bad_input, fmt::format("{} {}", escape_for_terminal(name), what), ""};
}

// A number within its bounds, all of the text.
template <class Number>
bool read_number(std::string_view text, Number least, Number most, Number* into) {
  Number number{};
  const auto [rest, error] = std::from_chars(text.data(), text.data() + text.size(), number);
  if (error != std::errc() || rest != text.data() + text.size()) return false;
  if (!(number >= least && number <= most)) return false;  // no number is neither
  *into = number;
  return true;
}

// The members of a query or a body, each taken by its name. The first mistake is told; whatever was not taken
// is one.
class Members {
 public:
  explicit Members(const Query& query) {
    for (const auto& [name, text] : query) {
      Value value;
      value.kind = Value::Kind::string;
      value.scalar = text;
      add(name, std::move(value));
    }
    from_query_ = true;
  }
  explicit Members(std::string_view body) {
    auto read = read_json(body);
    if (!read || !read->is(Value::Kind::object)) {
      fail({Code::bad_input,
            read ? "the body is no JSON object" : "the body is no JSON: " + read.error().what, ""});
      return;
    }
    for (auto& [name, value] : read->members) add(name, std::move(value));
  }

  bool has(std::string_view name) const { return values_.contains(name); }

  void text(std::string_view name, std::size_t least, std::size_t most, std::string* into) {
    const Value* value = take(name, Value::Kind::string);
    if (value == nullptr) return;
    if (value->scalar.size() < least || value->scalar.size() > most || !is_utf8(value->scalar)) {
      fail(wrong(std::string(name), fmt::format("must be a text of {} to {} bytes", least, most)));
      return;
    }
    *into = value->scalar;
  }
  void one_of(std::string_view name, Texts allowed, std::string* into) {
    std::string text_given;
    text(name, 0, most_path, &text_given);
    if (!has(name) || error_) return;
    if (std::find(allowed.begin(), allowed.end(), text_given) == allowed.end())
      return fail(wrong(std::string(name), fmt::format("must be one of: {}", fmt::join(allowed, ", "))));
    *into = std::move(text_given);
  }
  template <class Number>
  void number(std::string_view name, Number least, Number most, Number* into) {
    const Value* value = take(name, from_query_ ? Value::Kind::string : Value::Kind::number);
    if (value != nullptr && !read_number<Number>(value->scalar, least, most, into))
      fail(wrong(std::string(name), fmt::format("must be from {} to {}", least, most)));
  }
  void truth(std::string_view name, bool* into) {
    const Value* value = take(name, from_query_ ? Value::Kind::string : Value::Kind::boolean);
    if (value == nullptr) return;
    if (value->scalar != "true" && value->scalar != "false")
      return fail(wrong(std::string(name), "must be true or false"));
    *into = value->is_true();
  }
  void texts(std::string_view name, std::size_t most, std::size_t most_bytes,
             std::vector<std::string>* into) {
    const Value* value = take(name, Value::Kind::array);
    if (value == nullptr) return;
    bool good = value->items.size() <= most;
    for (const Value& item : value->items) {
      good = good && item.is(Value::Kind::string) && !item.scalar.empty() && item.scalar.size() <= most_bytes;
      if (good) into->push_back(item.scalar);
    }
    if (!good)
      fail(wrong(std::string(name),
                 fmt::format("must be at most {} texts of 1 to {} bytes", most, most_bytes)));
  }
  // A member that is null is as one that is not there.
  void forget_null(std::string_view name) {
    const auto found = values_.find(name);
    if (found != values_.end() && found->second.is(Value::Kind::null)) values_.erase(found);
  }
  void needs(Texts names) {
    for (const std::string_view name : names) {
      if (!has(name)) fail(wrong(std::string(name), "is missing"));
    }
  }
  void fail(Error error) {
    if (!error_) error_ = std::move(error);
  }

  // What was read, or the first mistake.
  template <class Wish>
  Result<Wish> finish(Wish wish) const {
    if (error_) return *error_;
    for (const auto& [name, value] : values_) {
      if (!taken_.contains(name)) return wrong(name, "is not known here");
    }
    return wish;
  }

 private:
  void add(const std::string& name, Value value) {
    if (!values_.emplace(name, std::move(value)).second) fail(wrong(name, "stands twice"));
  }
  const Value* take(std::string_view name, Value::Kind kind) {
    const auto found = values_.find(name);
    if (found == values_.end()) return nullptr;
    taken_.insert(found->first);
    if (found->second.is(kind)) return &found->second;
    fail(wrong(std::string(name), "has another type"));
    return nullptr;
  }

  std::map<std::string, Value, std::less<>> values_;
  std::set<std::string, std::less<>> taken_;
  std::optional<Error> error_;
  bool from_query_ = false;
};

void take_limit(Members& members, std::size_t* limit) {
  members.number<std::size_t>("limit", 1, 200, limit);
}

void take_tenant(Members& members, std::string* tenant) {
  members.text("tenant", 1, most_tenant, tenant);
}

void take_run(Members& members, std::string_view name, std::string* into) {
  members.text(name, 1, 64, into);
  if (members.has(name) && !is_run_id(*into)) members.fail(wrong(std::string(name), "is no id of a run"));
}

void take_page(Members& members, PageWish* page) {
  take_limit(members, &page->limit);
  std::string cursor;
  members.text("cursor", 1, most_cursor, &cursor);
  if (!members.has("cursor")) return;
  const auto slash = std::min(cursor.find('/'), cursor.size());
  page->started_at = cursor.substr(0, slash);
  page->run = cursor.substr(std::min(slash + 1, cursor.size()));
  if (page->started_at.empty() || !is_run_id(page->run))
    members.fail(wrong("cursor", "is none that a page gave"));
}

// The member as it was written, where it is a number within its bounds.
template <class Number>
void take_written(Members& members, std::string_view name, Number least, Number most,
                  std::optional<std::string>* into) {
  Number number{};
  members.number<Number>(name, least, most, &number);
  if (members.has(name)) *into = fmt::format("{}", number);
}

void take_optional(Members& members, std::string_view name, std::size_t least, std::size_t most,
                   std::optional<std::string>* into) {
  std::string text;
  members.text(name, least, most, &text);
  if (members.has(name)) *into = std::move(text);
}

}  // namespace

bool is_run_id(std::string_view text) {
  constexpr std::string_view shape = "dddddddd-dddddd-hhhhhh";
  if (text.size() != shape.size()) return false;
  for (std::size_t i = 0; i < shape.size(); ++i) {
    const char c = text[i];
    const bool figure = c >= '0' && c <= '9';
    if (shape[i] == '-' ? c != '-' : !figure && !(shape[i] == 'h' && c >= 'a' && c <= 'f')) return false;
  }
  return true;
}

Result<QueueWish> queue_wish(const Query& query) {
  Members members(query);
  QueueWish wish;
  take_page(members, &wish.page);
  take_tenant(members, &wish.tenant);
  members.text("before", 1, 40, &wish.before);
  members.truth("failed", &wish.failed);
  members.truth("decided", &wish.decided);
  members.number<double>("max_score", 0, 1, &wish.max_score);
  return members.finish(wish);
}

Result<RunsWish> runs_wish(const Query& query) {
  Members members(query);
  RunsWish wish;
  take_page(members, &wish.page);
  take_tenant(members, &wish.tenant);
  members.one_of("state", {"running", "finished", "failed", "interrupted"}, &wish.state);
  return members.finish(wish);
}

Result<EvidenceWish> evidence_wish(const Query& query) {
  Members members(query);
  EvidenceWish wish;
  take_limit(members, &wish.limit);
  members.number<std::size_t>("cursor", 0, 1'000'000, &wish.first);
  return members.finish(wish);
}

Result<LinesWanted> lines_wanted(const Query& query) {
  Members members(query);
  LinesWanted wish;
  members.needs({"file"});
  members.text("file", 1, most_path, &wish.file);
  members.number<std::uint32_t>("first", 1, UINT32_MAX, &wish.first);
  members.number<std::uint32_t>("count", 1, 1000, &wish.count);
  return members.finish(wish);
}

Result<SearchWish> search_wish(const Query& query) {
  Members members(query);
  SearchWish wish;
  members.needs({"q"});
  members.text("q", 1, most_words, &wish.words);
  take_tenant(members, &wish.tenant);
  take_limit(members, &wish.limit);
  return members.finish(wish);
}

Result<TraceWish> trace_wish(const Query& query) {
  Members members(query);
  TraceWish wish;
  members.needs({"file", "line"});
  members.text("file", 1, most_path, &wish.file);
  members.number<std::uint32_t>("line", 1, UINT32_MAX, &wish.line);
  take_tenant(members, &wish.tenant);
  take_limit(members, &wish.limit);
  return members.finish(wish);
}

Result<EvaluationsWish> evaluations_wish(const Query& query) {
  Members members(query);
  EvaluationsWish wish;
  take_tenant(members, &wish.tenant);
  take_limit(members, &wish.limit);
  return members.finish(wish);
}

Result<DiffWish> diff_wish(const Query& query) {
  Members members(query);
  DiffWish wish;
  members.needs({"a", "b"});
  take_run(members, "a", &wish.a);
  take_run(members, "b", &wish.b);
  return members.finish(wish);
}

Result<std::string> export_wish(const Query& query) {
  Members members(query);
  std::string as;
  members.needs({"as"});
  members.one_of("as", {"html", "md", "json", "tar"}, &as);
  return members.finish(as);
}

Result<bool> download_wish(const Query& query) {
  Members members(query);
  bool download = false;
  members.truth("download", &download);
  return members.finish(download);
}

Result<std::string> link_token(const Query& query) {
  Members members(query);
  std::string token;
  members.needs({"token"});
  members.text("token", 1, 128, &token);
  return members.finish(token);
}

Status no_wish(const Query& query) {
  auto finished = Members(query).finish(true);
  return finished ? Status() : finished.error();
}

Result<SignIn> sign_in_of(std::string_view body) {
  Members members(body);
  SignIn wish;
  members.needs({"name", "password"});
  members.text("name", 1, 64, &wish.name);
  members.text("password", 1, 1024, &wish.password);
  return members.finish(wish);
}

Result<NewReview> new_review_of(std::string_view body) {
  Members members(body);
  NewReview wish;
  members.needs({"decision"});
  members.one_of("decision", {"accept", "edit", "reject"}, &wish.decision);
  members.forget_null("claim");
  std::uint32_t claim = 0;
  members.number<std::uint32_t>("claim", 0, 1'000'000, &claim);
  if (members.has("claim")) wish.claim = claim;
  members.text("reason", 0, most_text, &wish.reason);
  members.text("text", 0, most_text, &wish.text);
  return members.finish(wish);
}

Result<NewCase> new_case_of(std::string_view body) {
  Members members(body);
  NewCase wish;
  members.texts("must", 16, most_words, &wish.must);
  return members.finish(wish);
}

Result<Again> again_of(std::string_view body) {
  Members members(body);
  Again wish;
  take_optional(members, "question", 1, most_question, &wish.question);
  std::string engine;
  members.one_of("engine", {"none", "llama"}, &engine);
  if (members.has("engine")) wish.engine = std::move(engine);
  take_optional(members, "model", 1, 128, &wish.model);
  std::vector<std::string> variants;
  members.texts("variants", most_variants, 253, &variants);
  if (members.has("variants")) wish.variants = fmt::format("{}", fmt::join(variants, ","));
  take_written<std::uint32_t>(members, "tries", 0, 16, &wish.tries);
  take_written<double>(members, "temperature", 0, 2, &wish.temperature);
  take_written<std::uint32_t>(members, "seed", 0, UINT32_MAX, &wish.seed);
  return members.finish(wish);
}

Status no_body(std::string_view body) {
  if (trim(body).empty()) return {};
  auto finished = Members(body).finish(true);
  return finished ? Status() : finished.error();
}

}  // namespace carrel
