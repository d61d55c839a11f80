// What a reviewer does: decisions, cases, runs that are asked again and followed.
#include <filesystem>

#include <fmt/format.h>

#include "host/flow/replay.h"
#include "host/http/problem.h"
#include "host/models/model_list.h"
#include "host/page/api.h"
#include "host/review/export.h"
#include "host/review/review.h"

namespace carrel {
namespace {

constexpr unsigned most_streams = 8;
constexpr std::chrono::seconds between_looks{1};   // at a run of somebody else's
constexpr std::chrono::seconds between_signs{10};  // of life

using Parts = std::function<std::optional<std::string>()>;

ReviewRow::Decision decision_of(const std::string& text) {
  using Decision = ReviewRow::Decision;
  for (const Decision decision : {Decision::accept, Decision::edit}) {
    if (text == to_string(decision)) return decision;
  }
  return Decision::reject;
}

bool is_there(const std::string& path) {
  std::error_code error;
  return std::filesystem::exists(path, error);
}

// The parts, with a sign of life where there is nothing to say for long.
Parts with_signs(Parts parts) {
  return [parts = std::move(parts), last = RateClock::now()]() mutable -> std::optional<std::string> {
    auto part = parts();
    if (!part) return part;
    if (!part->empty()) {
      last = RateClock::now();
    } else if (RateClock::now() - last >= between_signs) {
      last = RateClock::now();
      return ":\n\n";
    }
    return part;
  };
}

// The states of a run that goes on elsewhere, as its ledger has them.
Parts states_of(Tenants& tenants, const std::string& run) {
  return [&tenants, run, told = std::string(), looked = RateClock::time_point{},
          ended = false]() mutable -> std::optional<std::string> {
    if (ended) return std::nullopt;
    if (RateClock::now() - looked < between_looks) {
      std::this_thread::sleep_for(std::chrono::milliseconds(250));
      return "";
    }
    looked = RateClock::now();
    const auto held = tenants.find(run);
    if (!held) return std::nullopt;  // it was purged
    ended = held->row.state != RunState::running;
    std::string now = state_event(held->row);
    if (now == told) return "";
    told = now;
    return now;
  };
}

}  // namespace

HttpAnswer Api::add_review(Held& run, const HttpRequest& request, const Caller& caller) {
  auto wish = new_review_of(request.body);
  if (!wish) return bad_request(wish.error());
  if (run.row.state != RunState::finished)
    return problem(409, "no-report", fmt::format("run {} has no report to decide on", run.row.id));
  ReviewRow review;
  review.reviewer = caller.session.reviewer;
  review.decision = decision_of(wish->decision);
  review.claim = wish->claim ? static_cast<std::int64_t>(*wish->claim) : ReviewRow::whole_report;
  review.reason = std::move(wish->reason);
  review.text = std::move(wish->text);
  if (Status kept = run.ledger->add_review(run.row, &review); !kept) return problem_of(kept.error());
  JsonPage json;
  write_review(json, review);
  return json_answer(json.finish(), 201);
}

HttpAnswer Api::add_case(Held& run, const HttpRequest& request, const Caller&) {
  const auto wish = new_case_of(request.body);
  if (!wish) return bad_request(wish.error());
  if (options_.cases.empty()) {
    return problem(409, "no-cases-folder", "it is not said which folder of cases to add to",
                   "start `carrel review` with --cases FOLDER");
  }
  auto whole = run_in_context(*run.ledger, run.row);
  if (!whole) return problem(409, "no-report", whole.error().what, whole.error().remedy);
  run.ledger.give_back();  // copying the bundle may take its time
  const std::lock_guard lock(cases_);
  auto id = correction_to_case(*whole, options_.cases, wish->must);
  if (!id) return problem_of(id.error());
  JsonPage json;
  json.text("case", *id);
  json.text("folder", options_.cases);
  return json_answer(json.finish(), 201);
}

HttpAnswer Api::choices(Held& run, const HttpRequest& request, const Caller&) {
  if (Status good = no_wish(request.query); !good) return bad_request(good.error());
  auto playbook = options_.playbook(run.row.playbook);
  auto same = playbook ? request_again(run.row, {}) : Result<RunRequest>(playbook.error());
  auto models = listed_models(options_.data);
  if (!models) return problem_of(models.error());
  std::string why_not = same ? "" : same.error().what;
  if (why_not.empty() && !is_there(run.row.input)) why_not = "the bundle is not where it was";
  JsonPage json;
  json.flag("possible", why_not.empty());
  json.text("why_not", why_not);
  json.text("question", run.row.question);
  json.text("engine", run.row.engine);
  json.text("model", same ? same->settings.text("model") : "");
  json.count("tries", same ? same->settings.whole("tries") : 0);
  json.list("models", *models, [&](const ListedModel& model) {
    json.object([&] {
      json.text("name", model.name);
      json.text("about", model.about);
    });
  });
  json.list("variants", playbook ? playbook->variants : std::vector<Variant>{},
            [&](const Variant& variant) { json.text(variant.name); });
  return json_answer(json.finish());
}

Result<RunRequest> Api::request_again(const RunRow& run, const Again& again) const {
  auto playbook = options_.playbook(run.playbook);
  if (!playbook) return playbook.error();
  auto request = replay_request(run, std::move(*playbook), options_.settings, options_.rooms, {});
  if (!request) return request.error();
  if (again.question) request->question = *again.question;
  std::optional<std::string> model, engine = again.engine;
  if (again.model) {
    // By its name alone: a page says no paths.
    auto found = find_model(options_.data, *again.model);
    if (!found) return found.error();
    request->model_sha256 = found->sha256;
    model = found->path;
    if (!engine) engine = "llama";
  }
  const std::initializer_list<std::pair<const char*, const std::optional<std::string>&>> wishes = {
      {"engine", engine},
      {"model", model},
      {"variants", again.variants},
      {"tries", again.tries},
      {"temperature", again.temperature},
      {"seed", again.seed}};
  for (const auto& [name, value] : wishes) {
    if (!value) continue;
    if (Status done = request->settings.set(name, *value, Source::flag, "asked again of " + run.id); !done)
      return done.error();
  }
  return request;
}

HttpAnswer Api::ask_again(Held& run, const HttpRequest& request, const Caller&) {
  const auto wish = again_of(request.body);
  if (!wish) return bad_request(wish.error());
  auto again = request_again(run.row, *wish);
  if (!again) return problem_of(again.error());
  if (!is_there(run.row.input))
    return problem(409, "bundle-gone", "the bundle is not where it was", "put it back at " + run.row.input);
  auto key = options_.bundle_key();
  if (!key) return problem_of(key.error());
  again->key = std::move(*key);
  const std::string tenant = run.row.tenant;
  run.ledger.give_back();  // the new run writes to its own
  auto id = live_.start(std::move(*again),
                        [this, tenant] { return Ledger::open(options_.data, tenant, options_.key(tenant)); });
  if (!id && id.error().code == Code::does_not_fit) return too_many(id.error().what, 5);
  if (!id) return problem_of(id.error());
  JsonPage json;
  json.text("run", *id);
  json.text("tenant", tenant);
  HttpAnswer answer = json_answer(json.finish(), 202);
  answer.headers.emplace_back("Location", "/api/v1/runs/" + *id);
  return answer;
}

HttpAnswer Api::stop_run(Held& run, const HttpRequest& request, const Caller&) {
  if (Status good = no_body(request.body); !good) return bad_request(good.error());
  if (!live_.stop(run.row.id))
    return problem(409, "not-running", "this run does not go on here",
                   "one of a terminal ends with Ctrl-C there");
  return json_answer("{}\n", 202);
}

HttpAnswer Api::events(Held& run, const HttpRequest& request, const Caller&) {
  if (Status good = no_wish(request.query); !good) return bad_request(good.error());
  // Counted for as long as anybody holds the answer.
  const std::shared_ptr<void> stream(nullptr, [this](void*) { --streams_; });
  if (++streams_ > most_streams) return too_many("too many runs are followed", 5);
  Parts parts = live_.follow(run.row.id);
  if (!parts) parts = states_of(tenants_, run.row.id);
  HttpAnswer answer;
  answer.type = "text/event-stream";
  if (request.method == "HEAD") return answer;
  answer.next = [stream, parts = with_signs(std::move(parts)), this]() mutable -> std::optional<std::string> {
    return stop_ ? std::nullopt : parts();
  };
  return answer;
}

}  // namespace carrel
