// What was changed, where a difference was saved beside the objects: `helm diff`, `kubectl diff`, a unified
// diff; or where the settings of an earlier revision lie beside those of today (`kubectl rollout history
// --revision`, `helm get values --revision`); or where what runs is compared with what was wanted (`argocd
// app diff`). A change is no fault; but whoever asks what is wrong since a release wants to know what it
// changed.
#include <algorithm>
#include <array>
#include <cstdlib>
#include <deque>
#include <functional>
#include <map>
#include <utility>

#include <fmt/format.h>

#include "base/ascii.h"
#include "base/text.h"
#include "room/evidence/detectors.h"
#include "room/evidence/telling.h"

namespace carrel {
namespace {

constexpr std::size_t largest_diff = 1 << 20;
constexpr std::size_t most_changes = 3;      // that are told
constexpr std::size_t most_revisions = 32;   // that are compared with today's settings
constexpr std::size_t most_settings = 2000;  // of a file
constexpr std::string_view history_mark = "rollout-history-";
constexpr int matters = 3;  // the least rank of what says where something is

struct Setting {
  std::string_view key, value;
};

// A setting and where its value stands.
struct Placed {
  Setting setting;
  std::uint32_t line = 0;
};

struct Change {
  std::uint32_t line_before = 0, line_after = 0;
  Setting before, after;
  int rank = 0;
};

// "DB_HOST: pg-1" or "DB_HOST=pg-1" behind the mark of a line that was taken away or added.
Setting setting_of(std::string_view line, char mark) {
  if (line.size() < 3 || line[0] != mark || line[1] == mark) return {};
  line = trim(line.substr(1));
  if (line.starts_with("- ")) line.remove_prefix(2);
  const std::size_t end = line.find_first_of(":=");
  if (end == std::string_view::npos || end == 0 || end > 80) return {};
  const std::string_view key = trim(line.substr(0, end));
  const bool plain = std::all_of(key.begin(), key.end(), [](char c) {
    return is_alphanumeric(c) || c == '_' || c == '-' || c == '.' || c == '/' || c == '"';
  });
  const std::string_view value = trim(line.substr(end + 1));
  return plain && !value.empty() ? Setting{key, value} : Setting{};
}

// What every release changes.
bool is_expected(std::string_view key) {
  static constexpr std::array<std::string_view, 15> parts = {
      "version", "image",     "tag",    "chart", "checksum", "generation", "revision",    "timestamp",
      "digest",  "restarted", "commit", "build", "sha",      "date",       "change-cause"};
  return std::ranges::any_of(parts, [&](std::string_view part) { return has(key, part); });
}

// Whose values are nobody's to read.
bool is_secret(std::string_view key) {
  static constexpr std::array<std::string_view, 13> parts = {
      "password", "passwd", "secret",  "token",   "credential", "private",  "pwd",
      "dsn",      "apikey", "api_key", "api-key", "access_key", "accesskey"};
  return std::ranges::any_of(parts, [&](std::string_view part) { return has(key, part); });
}

int rank_of(const Survey& survey, const Change& change) {
  static constexpr std::array<std::string_view, 14> where = {
      "host",  "url",      "database", "db_",  "endpoint", "addr",   "name",
      "proxy", "upstream", "server",   "port", "path",     "bucket", "queue"};
  static constexpr std::array<std::string_view, 3> harmless = {"log_level", "loglevel", "log-level"};
  int rank = 1;
  if (std::ranges::any_of(where, [&](std::string_view part) { return has(change.before.key, part); }))
    rank += 2;
  if (std::ranges::any_of(harmless, [&](std::string_view part) { return has(change.before.key, part); }))
    rank -= 2;
  if (survey.names(to_lower(change.before.key)) || survey.names(to_lower(change.after.value))) rank += 3;
  return rank;
}

bool is_diff(const Document& document) {
  return document.text.size() <= largest_diff &&
         (document.text.find("has changed:") != std::string::npos || document.text.starts_with("diff ") ||
          document.text.starts_with("--- ") || document.text.find("\n@@ ") != std::string::npos ||
          document.path.find("diff") != std::string::npos);
}

// The setting of a line, named by the "name: X" above it where it only says "value: Y".
Setting named_setting(const Document& document, std::uint32_t number, char mark) {
  Setting setting = setting_of(document.line(number), mark);
  if (setting.key != "value" || number < 2) return setting;
  std::string_view above = document.line(number - 1);
  above.remove_prefix(std::min<std::size_t>(above.find_first_not_of(" -+<>"), above.size()));
  constexpr std::string_view name_mark = "name: ";
  if (!above.starts_with(name_mark)) return {};
  setting.key = trim(above.substr(name_mark.size()));
  return setting;
}

// Whether it is worth telling: one setting with another value, which is not what every release changes.
bool tells(const Change& change) {
  const Setting &before = change.before, &after = change.after;
  return !before.key.empty() && before.key == after.key && before.value != after.value &&
         !is_expected(before.key) && !is_secret(before.key);
}

// The lines of one mark from `number` on.
std::vector<Placed> marked(const Document& document, std::uint32_t number, char mark) {
  std::vector<Placed> out;
  for (; number <= document.starts.size() && document.line(number).starts_with(mark); ++number) {
    if (out.size() == most_settings) break;
    out.push_back({named_setting(document, number, mark), number});
  }
  return out;
}

// What runs ("<") and what is wanted (">"), as `argocd app diff` prints them: its first line is
// "===== apps/Deployment shop/web ======".
bool compares_with_wanted(const Document& document) {
  const std::string_view head = document.starts.empty() ? std::string_view() : trim(document.line(1));
  return head.starts_with("===== ") && head.ends_with(" ======");
}

// The settings of two texts by their names, those of one name in the order in which they stand; what is not
// there equally often cannot be told apart.
std::vector<Change> paired(const std::vector<Placed>& before, const std::vector<Placed>& after) {
  std::map<std::string_view, std::vector<const Placed*>> old, now;
  for (const Placed& each : before) old[each.setting.key].push_back(&each);
  for (const Placed& each : after) now[each.setting.key].push_back(&each);
  std::vector<Change> changes;
  for (const Placed& each : before) {
    std::vector<const Placed*>&here = old[each.setting.key], &there = now[each.setting.key];
    if (here.empty() || here.front() != &each || here.size() != there.size()) continue;
    for (std::size_t i = 0; i < here.size(); ++i)
      changes.push_back({here[i]->line, there[i]->line, here[i]->setting, there[i]->setting});
  }
  return changes;
}

// "<" lines, "---", ">" lines.
void add_plain_hunk(const Document& document, std::uint32_t number, std::vector<Change>* changes) {
  const std::vector<Placed> first = marked(document, number, '<');
  const auto border = number + static_cast<std::uint32_t>(first.size());
  if (first.empty() || border >= document.starts.size() || document.line(border) != "---") return;
  const std::vector<Placed> second = marked(document, border + 1, '>');
  const bool wanted = compares_with_wanted(document);
  for (const Change& change : wanted ? paired(second, first) : paired(first, second))
    changes->push_back(change);
}

std::vector<Change> changes_in(const Survey& survey, const Document& document) {
  std::vector<Change> changes;
  for (std::uint32_t number = 1; number < document.starts.size() && changes.size() < most_settings;
       ++number) {
    changes.push_back({number, number + 1, named_setting(document, number, '-'),
                       setting_of(document.line(number + 1), '+')});
    if (changes.back().after.key == "value") changes.back().after.key = changes.back().before.key;
    if (!tells(changes.back())) changes.pop_back();
    const bool begins = number == 1 || !document.line(number - 1).starts_with('<');
    if (begins && document.line(number).starts_with('<')) add_plain_hunk(document, number, &changes);
  }
  // How many replicas there are is an autoscaler's to say.
  const bool wanted = compares_with_wanted(document);
  std::erase_if(changes, [&](const Change& change) {
    return !tells(change) || (wanted && change.before.key == "replicas");
  });
  for (Change& change : changes) change.rank = rank_of(survey, change);
  std::ranges::stable_sort(changes, std::greater{}, &Change::rank);
  return changes;
}

// A value without the quotation marks, brackets and commas around it; of a long one as many whole parts as
// fit.
std::string bare(std::string_view value) {
  constexpr std::string_view marks = "\"'[],";
  constexpr std::size_t most = 90;
  value.remove_prefix(std::min(value.find_first_not_of(marks), value.size()));
  value = value.substr(0, value.find_last_not_of(marks) + 1);
  if (value.size() <= most) return without_credentials(std::string(value));
  const std::size_t border = value.substr(0, most).find_last_of(" ,;\"");
  if (border == std::string_view::npos) return without_credentials(brief(value, most));
  return without_credentials(
      fmt::format("{} ...", value.substr(0, value.find_last_not_of(marks, border) + 1)));
}

// The parts in which two long values differ, from the border of the words before on.
std::pair<std::string_view, std::string_view> differing(std::string_view before, std::string_view after) {
  constexpr std::size_t long_value = 60;
  if (std::max(before.size(), after.size()) <= long_value) return {before, after};
  const auto common = static_cast<std::size_t>(std::ranges::mismatch(before, after).in1 - before.begin());
  const std::size_t border = before.substr(0, common).find_last_of(",;[( \"");
  const std::size_t from = border == std::string_view::npos ? 0 : border + 1;
  return {before.substr(from), after.substr(from)};
}

std::size_t indent_of(std::string_view line) {
  return std::min(line.find_first_not_of(" \t"), line.size());
}

// Containers' environment: `- name: X` and `value: Y` below each other, and as kubectl prints it, "X:  Y"
// below "Environment:".
std::vector<Placed> environment_in(const Document& document) {
  std::vector<Placed> out;
  constexpr std::string_view name_mark = "- name: ", value_mark = "value: ";
  std::size_t printed_below = std::string_view::npos;  // the indent of "Environment:"; npos: not below one
  for (std::uint32_t number = 1; number <= document.starts.size() && out.size() < most_settings; ++number) {
    const std::string_view whole = document.line(number), line = trim(whole);
    if (line.starts_with(name_mark) && number < document.starts.size()) {
      const std::string_view value = trim(document.line(number + 1));
      if (value.starts_with(value_mark))
        out.push_back({{line.substr(name_mark.size()), value.substr(value_mark.size())}, number + 1});
    }
    if (line == "Environment:") {
      printed_below = indent_of(whole);
      continue;
    }
    if (printed_below == std::string_view::npos) continue;
    const std::size_t colon = line.find(": ");
    if (indent_of(whole) <= printed_below) {
      printed_below = std::string_view::npos;
    } else if (colon != std::string_view::npos) {
      out.push_back({{line.substr(0, colon), trim(line.substr(colon + 1))}, number});
    }
  }
  return out;
}

// All settings of a YAML file, each under the path of its keys ("db.pool.max"): as deep as their indents say.
std::vector<Placed> settings_in(const Document& document, std::deque<std::string>* paths) {
  constexpr std::size_t deepest = 16;
  std::vector<Placed> out;
  std::vector<std::pair<std::size_t, std::string>> above;  // indent and key
  for (std::uint32_t number = 1; number <= document.starts.size() && out.size() < most_settings; ++number) {
    const std::string_view line = document.line(number);
    const std::size_t indent = line.find_first_not_of(' ');
    const std::size_t colon = line.find(':');
    if (indent == line.npos || colon == line.npos || colon <= indent || line[indent] == '#') continue;
    while (!above.empty() && above.back().first >= indent) above.pop_back();
    const std::string_view value = trim(line.substr(colon + 1));
    if (above.size() >= deepest || colon - indent > 80) continue;
    std::string path = above.empty() ? "" : above.back().second + ".";
    path += line.substr(indent, colon - indent);
    if (value.empty()) {
      above.emplace_back(indent, std::move(path));
    } else {
      out.push_back({{paths->emplace_back(std::move(path)), value}, number});
    }
  }
  return out;
}

// "get-values-web-revision-" and 17 of ".../get-values-web-revision-17.yaml"; 0: it is no such file.
std::pair<std::string_view, int> numbered_revision(std::string_view path) {
  constexpr std::string_view mark = "revision-";
  const std::size_t at = path.rfind(mark);
  if (at == std::string_view::npos) return {};
  const std::string_view digits = path.substr(at + mark.size(), 6);
  return {path.substr(0, at),
          std::atoi(std::string(digits.substr(0, digits.find_first_not_of("0123456789"))).c_str())};
}

// "document-service" of "get-deployment-document-service-env.yaml": what the names of both files have in
// common behind a word of kubectl's.
bool is_same_workload(std::string_view revision, std::string_view today) {
  constexpr std::string_view now = "get-deployment-";
  const std::size_t a = revision.find(history_mark), b = today.find(now);
  if (a == std::string_view::npos || b == std::string_view::npos) return false;
  revision.remove_prefix(a + history_mark.size());
  today.remove_prefix(b + now.size());
  const std::size_t end = revision.find("-revision");
  return end != std::string_view::npos && end > 0 && today.starts_with(revision.substr(0, end)) &&
         today.substr(end).starts_with("-env");
}

// True where the name of a setting stands in the line above its value.
bool is_named_above(const Placed& setting, const Document& document) {
  return trim(document.line(setting.line)).starts_with("value:");
}

std::string_view file_name(const Document& document) {
  const std::string_view path = document.path;
  const std::size_t slash = path.rfind('/');
  return slash == std::string_view::npos ? path : path.substr(slash + 1);
}

void tell_since_revision(const Survey& survey, const Document& revision, const std::vector<Placed>& before,
                         const Document& today, const std::vector<Placed>& after, double weight,
                         Observations* out) {
  std::vector<Change> changes = paired(before, after);
  std::erase_if(changes, [](const Change& change) { return !tells(change); });
  for (Change& change : changes) change.rank = rank_of(survey, change);
  if (changes.empty()) return;
  std::ranges::stable_sort(changes, std::greater{}, &Change::rank);
  changes.resize(std::min(changes.size(), most_changes));
  std::string told;
  for (const Change& change : changes)
    told += fmt::format("{}{} from {} to {}", told.empty() ? "" : "; ", change.before.key,
                        bare(change.before.value), bare(change.after.value));
  Observation& made =
      report_missing(out, changed_setting, weight, "", "", "",
                     fmt::format("A setting was changed (since {}): {}.", file_name(revision), told));
  for (const Change& change : changes) {
    if (is_named_above({change.after, change.line_after}, today))
      cite_line(&made, today, change.line_after - 1, "the setting");
    cite_line(&made, today, change.line_after, "what it was changed to");
    cite_line(&made, revision, change.line_before, "what it was before");
  }
  lack(&made, "whether what is asked about began with that change");
}

// The line that says that a release was given no values of its own; 0: none does.
std::uint32_t says_no_values(const Document& document) {
  for (std::uint32_t number = 1; number <= document.starts.size(); ++number) {
    const std::string_view line = trim(document.line(number));
    if (line == "null" || line == "{}") return number;
    if (!line.empty() && line != "USER-SUPPLIED VALUES:") return 0;
  }
  return 0;
}

// An upgrade without --reuse-values or a file of values: what was set is what the chart has by itself again.
void tell_lost_values(const Survey& survey, const Document& revision, std::vector<Placed> before,
                      const Document& today, double weight, Observations* out) {
  const std::uint32_t none = says_no_values(today);
  std::erase_if(before, [](const Placed& each) { return is_secret(each.setting.key); });
  if (none == 0 || before.empty()) return;
  std::vector<std::pair<int, Placed>> ranked;
  for (const Placed& each : before)
    ranked.emplace_back(rank_of(survey, {each.line, each.line, each.setting, each.setting}), each);
  std::ranges::stable_sort(ranked, std::greater{}, [](const auto& each) { return each.first; });
  std::ranges::transform(ranked, before.begin(), [](const auto& each) { return each.second; });
  before.resize(std::min(before.size(), most_changes));
  std::string told;
  for (const Placed& each : before)
    told += fmt::format("{}{} {}", told.empty() ? "" : ", ", each.setting.key, bare(each.setting.value));
  Observation& made = report_missing(out, changed_setting, weight, "", "", "",
                                     fmt::format("Settings were lost (since {}): the Helm values no longer "
                                                 "give {}; the chart's defaults apply ({} has "
                                                 "none of its own).",
                                                 file_name(revision), told, file_name(today)));
  cite_line(&made, today, none, "no values of its own");
  for (const Placed& each : before) cite_line(&made, revision, each.line, "what was given before");
  lack(&made, "whether what is asked about began with that change");
}

void tell_diff(const Survey& survey, const Document& document, bool of_release, bool asked,
               Observations* out) {
  const std::vector<Change> changes = changes_in(survey, document);
  if (changes.empty()) return;
  const bool wanted = compares_with_wanted(document);
  std::string told;
  for (std::size_t i = 0; i < changes.size() && i < most_changes; ++i) {
    const auto [before, after] = differing(changes[i].before.value, changes[i].after.value);
    const std::string_view key = changes[i].before.key, parted = i == 0 ? "" : "; ";
    told += wanted ? fmt::format("{}{} is {} where {} is wanted", parted, key, bare(after), bare(before))
                   : fmt::format("{}{} from {} to {}", parted, key, bare(before), bare(after));
  }
  const double weight = of_release && changes[0].rank >= matters ? 0.8 : asked ? 0.6 : 0.3;
  Observation& made = report_missing(
      out, changed_setting, weight, "", "", "",
      fmt::format("{} ({}): {}.", wanted ? "What runs differs from what is wanted" : "A setting was changed",
                  file_name(document), told));
  for (std::size_t i = 0; i < changes.size() && i < most_changes; ++i) {
    cite_line(&made, document, changes[i].line_after, wanted ? "what runs" : "what it was changed to");
    cite_line(&made, document, changes[i].line_before, wanted ? "what is wanted" : "what it was before");
  }
  lack(&made, "whether what is asked about began with that change");
}

}  // namespace

void detect_changes(const Survey& survey, Observations* out) {
  const bool of_release =
      survey.asks({"release", "deploy", "upgrade", "update", "change", "rollout", "rolled out"});
  std::size_t revisions = 0;
  const bool asked = of_release || survey.asks({"since", "this morning", "yesterday", "after "});
  for (const Document& document : survey.inventory.documents()) {
    const bool of_rollout = document.path.find(history_mark) != std::string::npos;
    bool told_of_today = false;
    if (of_rollout && ++revisions <= most_revisions) {
      const auto& all = survey.inventory.documents();
      const auto today = std::ranges::find_if(
          all, [&](const Document& each) { return is_same_workload(document.path, each.path); });
      told_of_today = today != all.end();
      if (told_of_today)
        tell_since_revision(survey, document, environment_in(document), *today, environment_in(*today),
                            asked ? 0.6 : 0.3, out);
    }
    const bool of_values = document.path.find("values") != std::string::npos;
    const auto [name, number] = numbered_revision(document.path);
    if ((of_values || of_rollout) && !told_of_today && number > 0 && ++revisions <= most_revisions) {
      for (const Document& later : survey.inventory.documents()) {
        if (numbered_revision(later.path) != std::pair(name, number + 1)) continue;
        std::deque<std::string> paths;
        const double weight = of_release ? 0.8 : asked ? 0.6 : 0.3;
        if (of_rollout) {
          tell_since_revision(survey, document, environment_in(document), later, environment_in(later),
                              weight, out);
        } else {
          const std::vector<Placed> before = settings_in(document, &paths);
          tell_since_revision(survey, document, before, later, settings_in(later, &paths), weight, out);
          tell_lost_values(survey, document, before, later, weight, out);
        }
        break;
      }
    }
    if (is_diff(document)) tell_diff(survey, document, of_release, asked, out);
  }
}

}  // namespace carrel
