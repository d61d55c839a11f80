#include "host/flow/run.h"

#include <algorithm>
#include <chrono>
#include <filesystem>
#include <optional>

#include <fmt/format.h>

#include "base/text.h"
#include "host/flow/choose.h"
#include "host/flow/choose_wall.h"
#include "host/flow/compose.h"
#include "host/flow/confidence.h"
#include "host/flow/findings_question.h"
#include "host/flow/further.h"
#include "host/flow/input.h"
#include "host/flow/model.h"
#include "host/flow/notes.h"
#include "host/flow/prefix.h"
#include "host/flow/rooms.h"
#include "host/flow/signature.h"
#include "host/flow/verify.h"
#include "record/codec.h"
#include "record/exit_status.h"
#include "record/wire.h"

namespace carrel {
namespace {

using Clock = std::chrono::steady_clock;

// The request's settings with the playbook's own caps and sampling, which are settings like any other.
Result<Settings> settle(const RunRequest& request) {
  Settings settings = request.settings;
  for (const auto& [name, value] : request.playbook.settings) {
    if (Status done = settings.set(name, value, Source::playbook, request.playbook.title()); !done)
      return done.error();
  }
  const std::string& engine = settings.text("engine");
  if (engine != "none" && engine != "llama") {
    return Error{Code::usage, fmt::format("there is no engine \"{}\"", escape_for_terminal(engine)),
                 "there are none and llama"};
  }
  if (Status named = names_model(settings); !named) return named.error();
  if (auto variants = chosen_variants(request.playbook, settings); !variants) return variants.error();
  if (Status takes = wall_takes_engine(settings); !takes) return takes.error();
  return settings;
}

class Run {
 public:
  Run(const RunRequest& request, Settings settings, Wall& wall, Ledger& ledger, const RunObserver& observer,
      const std::atomic<bool>& stop)
      : request_(request),
        ledger_(ledger),
        observer_(observer),
        stop_(stop),
        settings_(std::move(settings)),
        rooms_(wall, request.rooms, std::chrono::seconds(settings_.whole("wall-seconds")), stop,
               [&observer](const Progress& progress) {
                 observer.room(progress);
                 observer.progress(progress.done, progress.total);
               }) {}

  // The story of one run. Every stage adds to the report or ends the run; the ledger knows of the run before
  // its work begins and has all of it before the report is given to anybody.
  Result<Report> run() {
    begin_report();
    if (Status begun = ledger_.begin(row_); !begun) return begun.error();
    observer_.begun(row_.id);
    return finish(stages());
  }

 private:
  Status stages() {
    // From here on the input is what was hashed: whatever a room reads is compared with it.
    if (Status done = timed("hash", [&] { return open_input(); }); !done) return done;

    // Before a room sees it, whoever is trusted must have signed it, where it is signed at all.
    if (Status done = check_sender(); !done) return done;

    // A model file speaks for itself in a room of its own; what it recommends is the weakest of the sources.
    if (uses_model()) {
      if (Status done = timed("inspect", [&] { return inspect_model(); }); !done) return done;
    }
    row_.settings = settings_.to_json();
    if (Status done = ledger_.update(row_); !done) return done;

    // The bundle is read where no model is; what comes out is lines with addresses, findings, and names.
    if (Status done = timed("read", [&] { return read_bundle(); }); !done) return done;

    // The model thinks where no bundle is; what comes out is ids and short texts. Without one, the detectors'
    // best finding takes its place.
    if (uses_model()) {
      if (Status done = timed("think", [&] { return think(); }); !done) return done;
    } else {
      answer_from_detectors();
    }

    // Nothing is believed: cited bytes are read again in a room that saw neither the model nor the first
    // reading.
    if (Status done = timed("check", [&] { return check(); }); !done) return done;

    // What was hashed is what was read, to the end.
    if (Status same = input_->unchanged(); !same) return same;
    if (Status same = model_ ? model_->unchanged() : Status(); !same) return same;
    inputs_unchanged_ = true;
    return {};
  }

  bool uses_model() const { return settings_.text("engine") != "none"; }

  void begin_report() {
    report_.run = new_run_id();
    report_.tenant = request_.tenant;
    report_.playbook = request_.playbook.title();
    report_.input = request_.input;
    report_.question = request_.question.empty() ? request_.playbook.question : request_.question;
    report_.engine = settings_.text("engine");
    report_.after = settings_.text("after");

    row_.id = report_.run;
    row_.tenant = report_.tenant;
    row_.playbook = report_.playbook;
    row_.playbook_sha256 = request_.playbook.sha256;
    std::error_code error;
    row_.input = std::filesystem::absolute(report_.input, error);  // so that it can be found from anywhere
    row_.question = report_.question;
    row_.engine = report_.engine;
    row_.settings = settings_.to_json();
  }

  template <class Stage>
  Status timed(const std::string& name, Stage stage) {
    if (stop_) return Error{Code::interrupted, "interrupted", ""};
    observer_.stage(name);
    const auto start = Clock::now();
    Status done = stage();
    report_.stats.stages.push_back({name, std::chrono::duration<double>(Clock::now() - start).count()});
    return done;
  }

  Status open_input() {
    auto input = Input::open(request_.input, observer_.progress, stop_);
    if (!input) return input.error();
    input_ = std::move(*input);
    row_.input_sha256 = report_.input_sha256 = input_->sha256();
    row_.input_bytes = input_->bytes();
    if (report_.after.empty()) return {};
    auto earlier = read_earlier(ledger_, report_.after, input_->sha256());
    if (!earlier) return earlier.error();
    earlier_ = std::move(*earlier);
    return {};
  }

  Status check_sender() {
    auto check = check_signature(settings_, *input_);
    if (!check) return check.error();
    if (*check) report_.checks.push_back(std::move(**check));
    return {};
  }

  Status inspect_model() {
    auto model = Model::open(settings_, {request_.model_sha256, "the list of models"}, rooms_,
                             observer_.progress, stop_);
    if (!model) return model.error();
    model_ = std::move(*model);
    row_.model = report_.model_name = model_->name();
    row_.model_sha256 = report_.model_sha256 = model_->sha256();
    report_.model_quantisation = model_->card().quantisation;
    for (std::string& note : model_->recommend(&settings_)) {
      LeftOut left;
      left.reason = std::move(note);
      report_.stats.left_out.push_back(std::move(left));
    }
    const Calibration* calibration = own_calibration(request_.playbook);
    if (calibration == nullptr) return {};
    return settings_.set("draft", std::to_string(draft_that_earns(*calibration, model_->sha256())),
                         Source::playbook, request_.playbook.title() + ", calibration");
  }

  // A room reads the bundle; the stream is closed after it, so that a folder's digest is compared.
  template <class Ask>
  Status with_bundle(Ask ask) {
    auto stream = input_->stream(stop_);
    if (!stream) return stream.error();
    Status asked = ask(std::move(stream->descriptor));
    if (asked) return stream->close();
    stream->abandon();
    return asked;
  }

  // 0: not known, of a stream.
  std::uint64_t packed_bytes() const { return input_->is_folder() ? 0 : input_->bytes(); }

  Status read_bundle() {
    return with_bundle([&](Fd bundle) -> Status {
      ReadJob job;
      job.bundle_name = input_->path();
      job.packed_bytes = packed_bytes();
      job.kubernetes = request_.playbook.kubernetes;
      job.question = report_.question;
      job.key = request_.key;
      auto evidence = rooms_.read(job, std::move(bundle));
      if (!evidence) return evidence.error();
      evidence_ = std::move(*evidence);
      if (earlier_) evidence_ = after_earlier(*earlier_, std::move(evidence_));
      tell_unreadable();
      fill_stats();
      return put("evidence", evidence_);
    });
  }

  // What the room never saw comes before what it left out.
  void tell_unreadable() {
    std::vector<LeftOut>& all = evidence_.left_out;
    all.insert(all.begin(), input_->unreadable().begin(), input_->unreadable().end());
    if (all.size() > limit::left_out) all.resize(limit::left_out);
  }

  void fill_stats() {
    ReportStats& stats = report_.stats;
    stats.format = to_utf8(evidence_.format);
    stats.files = evidence_.files;
    stats.lines = evidence_.lines_read;
    stats.bytes = evidence_.bytes_read;
    stats.objects = evidence_.objects;
    stats.left_out.insert(stats.left_out.end(), evidence_.left_out.begin(), evidence_.left_out.end());
    stats.evidence_found = stats.evidence_kept = evidence_.lines.size();
  }

  void answer_from_detectors() {
    const Answer answer = answer_of_detectors(evidence_);
    ids_ = evidence_.lines.size();
    fill_report(&report_, answer, evidence_, ids_);
    fill_searched(&report_, answer, evidence_, ids_);
    fill_alternatives(&report_, evidence_);
    report_.confidence = confidence_of_finding(
        request_.playbook, evidence_.findings.empty() ? nullptr : &evidence_.findings.front());
    answer_json_ = answer_json(answer, *request_.playbook.schema);
  }

  Status think() {
    auto job = model_->job(request_.playbook, settings_, evidence_, report_.question);
    if (!job) return job.error();
    // Carrel's own model chooses among the detectors' findings; where there are none, there is nothing to
    // ask.
    std::vector<std::size_t> shown;
    if (model_->chooses_findings()) {
      shown = ask_for_finding(evidence_, &*job);
      if (shown.empty()) {
        answer_from_detectors();
        return {};
      }
      tell_findings_left_out(shown.size());
    }
    if (Status kept = put("prompt", *job); !kept) return kept;
    PrefixOrigin origin{row_.tenant, row_.input_sha256, row_.model_sha256, ""};
    if (request_.keeps_states) {
      auto image = rooms_.image_sha256();
      if (!image) return image.error();
      origin.image_sha256 = std::move(*image);
      // The room may stay for the tenant's next run, whatever that reads.
      rooms_.keep_think_room(room_key(origin), row_.id);
    }
    auto state = earlier_state(*job, origin);
    if (!state) return state.error();
    const bool wanted = !state->key.empty();
    auto result = model_->think(*job, rooms_, settings_, &*state);
    if (!result) return result.error();
    if (wanted && state->key.empty())
      report_.stats.kept_state =
          "no state is used or kept: the machine has too little memory beside the model";
    tell_state(*result);
    if (!state->made.empty()) keep_state(*state);
    if (Status kept = put("tries", *result); !kept) return kept;
    if (model_->chooses_findings()) {
      if (Status done = expand_findings(evidence_, shown, *request_.playbook.schema, &*result); !done)
        return done;
    }
    ids_ = std::min<std::size_t>(result->lines_kept, evidence_.lines.size());
    auto chosen = choose_answer(request_.playbook, *result, evidence_, ids_, &report_);
    if (!chosen) return chosen.error();
    answer_json_ = std::move(*chosen);
    // A model that comes to no answer does not take away what is known without one.
    if (model_->chooses_findings() || answer_json_.empty()) fill_alternatives(&report_, evidence_);
    return {};
  }

  void tell_findings_left_out(std::size_t shown) {
    if (shown == evidence_.findings.size()) return;
    LeftOut left;
    left.reason = fmt::format("{} of {} findings were not shown to the model: weaker, or more of the same",
                              evidence_.findings.size() - shown, evidence_.findings.size());
    report_.stats.left_out.push_back(std::move(left));
  }

  // The state of an earlier think room that had read the same under the same circumstances. What cannot be
  // used is told, and the run goes on without it: only work is saved by one.
  Result<PrefixState> earlier_state(const ThinkJob& job, const PrefixOrigin& origin) {
    PrefixState state;
    // A virtual machine has nothing that the host could lend it but its disks.
    if (!request_.keeps_states || settings_.text("wall") != "namespace") return state;
    state.most_bytes = settings_.whole("prefix-mib") << 20;
    if (state.most_bytes == 0) return state;
    state.key = prefix_key(origin, job);
    auto saved = ledger_.take_prefix(state.key);
    if (saved) {
      state.saved = std::move(*saved);
    } else {
      report_.stats.kept_state = "the state that was kept is not used: " + saved.error().what;
    }
    return state;
  }

  void tell_state(const ThinkResult& result) {
    if (result.why_less.empty()) return;
    report_.stats.kept_state =
        fmt::format("{} of {} tokens of the state that was kept are used: {}", result.prefix_reused,
                    result.prefix_tokens, to_utf8(result.why_less));
  }

  void keep_state(const PrefixState& state) {
    auto kept = ledger_.keep_prefix(state.key, row_.id, state.made, settings_.whole("prefix-mib") << 20);
    if (kept && *kept) return;
    std::string& told = report_.stats.kept_state;
    if (!told.empty()) told += "; ";
    told += kept ? fmt::format("its own state of {} bytes is more than --prefix-mib", state.made.size())
                 : "its own state is not kept: " + kept.error().what;
  }

  Status check() {
    return with_bundle([&](Fd bundle) -> Status {
      const Verification verification{input_->path(), packed_bytes(), &request_.playbook, &evidence_,
                                      ids_,           answer_json_,   request_.key};
      CitedContext context;
      Status verified = verify(verification, rooms_, std::move(bundle), &report_, &context);
      if (!verified || context.surroundings.empty()) return verified;
      return put("context", context);
    });
  }

  // Keeps a record among the objects of the run; its first line is its version.
  template <class T>
  Status put(const std::string& role, const T& record) {
    auto bytes = encode(record);
    if (!bytes) return bytes.error();
    return put_bytes(role, fmt::format("carrel {} {}\n", role, wire_version) + *bytes);
  }
  Status put_bytes(const std::string& role, const std::string& bytes) {
    auto sha256 = ledger_.put(bytes);
    if (!sha256) return sha256.error();
    row_.objects.emplace_back(role, std::move(*sha256));
    return {};
  }

  void gather_traces() {
    for (const RoomTrace& trace : rooms_.traces()) {
      report_.stats.peak_memory = std::max(report_.stats.peak_memory, trace.outcome.peak_memory);
      for (const Denial& denial : trace.outcome.denials) {
        report_.stats.denied.push_back({to_string(trace.kind), denial.call, denial.count});
      }
    }
  }

  // The record first, then the answer to whoever asked: a report that is not in the ledger was never given.
  Result<Report> finish(Status done) {
    gather_traces();
    // What the rooms did is kept of every run, and of a failed one above all.
    if (Status kept = record_rooms(); !kept && done) done = std::move(kept);
    if (done) done = record_report();
    if (done) return std::move(report_);
    row_.state = done.error().code == Code::interrupted ? RunState::interrupted : RunState::failed;
    row_.error = done.error().what;
    row_.exit_status = exit_status::of(done.error().code);
    // What went wrong first is what the user must know; that the ledger could not keep it is added.
    RunDetail detail;
    detail.notes = notes_of(report_, evidence_);
    detail.denials = report_.stats.denied;
    if (Status kept = ledger_.finish(row_, detail); !kept) {
      done.error().what += "; and the ledger could not keep that: " + kept.error().what;
    }
    return done.error();
  }

  Status record_rooms() {
    for (const RoomKind kind : {RoomKind::read, RoomKind::check}) {
      if (input_) rooms_.name_input(kind, input_->sha256(), inputs_unchanged_);
    }
    for (const RoomKind kind : {RoomKind::inspect, RoomKind::think}) {
      if (model_) rooms_.name_input(kind, model_->sha256(), inputs_unchanged_);
    }
    auto image = rooms_.image_sha256();
    if (!image) return image.error();
    row_.image_sha256 = std::move(*image);
    return put_bytes("rooms", to_json(rooms_.traces()));
  }

  Status record_report() {
    if (Status kept = put_bytes("report", to_json(report_)); !kept) return kept;
    row_.state = RunState::finished;
    row_.verdict = to_string(report_.verdict);
    row_.level = report_.confidence.level;
    row_.score = report_.confidence.score;
    row_.passed = report_.passed();
    row_.exit_status = report_.passed() ? exit_status::passed : exit_status::checks_failed;
    RunDetail detail = detail_of(report_);
    detail.notes = notes_of(report_, evidence_);
    return ledger_.finish(row_, detail);
  }

  const RunRequest& request_;
  Ledger& ledger_;
  const RunObserver& observer_;
  const std::atomic<bool>& stop_;
  Settings settings_;
  Rooms rooms_;
  std::optional<Input> input_;
  std::optional<Model> model_;
  std::optional<Earlier> earlier_;
  EvidenceList evidence_;
  std::string answer_json_;
  bool inputs_unchanged_ = false;
  std::size_t ids_ = 0;  // the ids of the answer stand for the first so many lines of the evidence
  Report report_;
  RunRow row_;
};

}  // namespace

Result<Report> run_playbook(const RunRequest& request, Wall& wall, Ledger& ledger,
                            const RunObserver& observer, const std::atomic<bool>& stop) {
  auto settings = settle(request);
  if (!settings) return settings.error();
  return Run(request, std::move(*settings), wall, ledger, observer, stop).run();
}

}  // namespace carrel
