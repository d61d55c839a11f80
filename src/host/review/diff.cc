#include "host/review/diff.h"

#include <algorithm>
#include <map>
#include <set>

#include <fmt/format.h>

#include "base/ascii.h"
#include "base/read_value.h"
#include "base/text.h"
#include "host/ledger/ledger.h"
#include "host/review/word_diff.h"
#include "record/answer.h"

namespace carrel {
namespace {

constexpr std::size_t most_told = 200;  // entries of a list about bundles

void compare(std::vector<Changed>* out, const std::string& what, const std::string& before,
             const std::string& after) {
  if (before != after) out->push_back({what, before, after});
}

std::string named(const std::string& name, const std::string& sha256) {
  return sha256.empty() ? name : fmt::format("{} (sha256 {})", name, sha256);
}

// Settings whose values differ. Where they came from is no difference in what was done, and some only say
// where things are, or what work may be saved.
void compare_settings(std::vector<Changed>* out, const std::string& a, const std::string& b) {
  static const std::set<std::string, std::less<>> places = {
      "model", "template", "data", "rooms", "tenant", "key-command", "passphrase", "prefix-mib"};
  const auto before = read_json(a), after = read_json(b);
  if (!before || !after) return compare(out, "settings", a, b);
  std::set<std::string> names;
  for (const Value* value : {&*before, &*after}) {
    for (const auto& [name, setting] : value->members) names.insert(name);
  }
  for (const std::string& name : names) {
    if (places.contains(name)) continue;
    compare(out, "setting " + name, std::string((*before)[name]["value"].text()),
            std::string((*after)[name]["value"].text()));
  }
}

std::vector<Changed> compare_inputs(const ComparedRun& a, const ComparedRun& b) {
  std::vector<Changed> out;
  compare(&out, "engine", a.row.engine, b.row.engine);
  if (a.row.model_sha256 != b.row.model_sha256) {
    out.push_back({"model", named(a.row.model, a.row.model_sha256), named(b.row.model, b.row.model_sha256)});
  }
  compare(&out, "image", a.row.image_sha256, b.row.image_sha256);
  compare(&out, "library", a.report.stats.library, b.report.stats.library);
  compare(&out, "CPU back end", a.report.stats.backend, b.report.stats.backend);
  if (a.report.engine != "none" && b.report.engine != "none") {
    compare(&out, "threads", fmt::format("{}", a.report.stats.threads),
            fmt::format("{}", b.report.stats.threads));
  }
  if (a.row.playbook_sha256 != b.row.playbook_sha256) {
    out.push_back({"playbook", named(a.row.playbook, a.row.playbook_sha256),
                   named(b.row.playbook, b.row.playbook_sha256)});
  }
  compare_settings(&out, a.row.settings, b.row.settings);
  compare(&out, "question", a.row.question, b.row.question);
  if (a.row.input_sha256 != b.row.input_sha256) {
    out.push_back({"bundle", named(a.row.input, a.row.input_sha256), named(b.row.input, b.row.input_sha256)});
  }
  return out;
}

std::vector<std::string> addresses(const ClaimRow& claim) {
  std::vector<std::string> out;
  for (const CitationRow& cited : claim.citations) out.push_back(text_of(cited.at));
  return out;
}

ChangedClaim pair_of(const ClaimRow& before, const ClaimRow& after) {
  ChangedClaim changed{before.kind, before.text, after.text, addresses(before), addresses(after)};
  if (changed.cited_before == changed.cited_after) {
    changed.cited_before.clear();
    changed.cited_after.clear();
  }
  return changed;
}

// Claims of the same text are one; then the causes are one; then those of a kind that are most alike.
std::vector<ChangedClaim> compare_claims(const Report& a, const Report& b) {
  std::vector<ClaimRow> before = detail_of(a).claims, after = detail_of(b).claims;
  std::vector<ChangedClaim> out;
  const auto take = [&](auto fits) {
    for (auto one = before.begin(); one != before.end();) {
      const auto other = std::find_if(after.begin(), after.end(), [&](const ClaimRow& claim) {
        return claim.kind == one->kind && fits(*one, claim);
      });
      if (other == after.end()) {
        ++one;
        continue;
      }
      ChangedClaim changed = pair_of(*one, *other);
      if (changed.before != changed.after || changed.cited_before != changed.cited_after)
        out.push_back(std::move(changed));
      one = before.erase(one);
      after.erase(other);
    }
  };
  take([](const ClaimRow& x, const ClaimRow& y) { return x.text == y.text; });
  take([](const ClaimRow& x, const ClaimRow& y) {
    return x.kind == ClaimRow::Kind::cause || likeness(x.text, y.text) >= least_likeness;
  });
  for (const ClaimRow& claim : before) out.push_back({claim.kind, claim.text, "", addresses(claim), {}});
  for (const ClaimRow& claim : after) out.push_back({claim.kind, "", claim.text, {}, addresses(claim)});
  std::stable_sort(out.begin(), out.end(),
                   [](const ChangedClaim& x, const ChangedClaim& y) { return x.kind < y.kind; });
  return out;
}

std::vector<Changed> compare_outcome(const Report& a, const Report& b) {
  std::vector<Changed> out;
  compare(&out, "verdict", to_string(a.verdict), to_string(b.verdict));
  compare(&out, "confidence", fmt::format("{} ({:.4f})", a.confidence.level, a.confidence.score),
          fmt::format("{} ({:.4f})", b.confidence.level, b.confidence.score));
  std::map<std::string, std::pair<std::string, std::string>> checks;
  for (const Check& check : a.checks)
    checks[check.name].first = fmt::format("{}: {}", to_string(check.verdict), check.detail);
  for (const Check& check : b.checks)
    checks[check.name].second = fmt::format("{}: {}", to_string(check.verdict), check.detail);
  for (const auto& [name, verdicts] : checks) compare(&out, "check " + name, verdicts.first, verdicts.second);
  const auto tries = [](const Report& report) {
    std::string all;
    for (const TryOutcome& item : report.tries) {
      all +=
          fmt::format("{}{}: {}, {} tokens{}", all.empty() ? "" : "; ", item.variant, item.stop, item.tokens,
                      item.chosen   ? ", chosen"
                      : item.agrees ? ", agrees"
                                    : "");
    }
    return all;
  };
  compare(&out, "tries", tries(a), tries(b));
  compare(&out, "lines kept", fmt::format("{} of {}", a.stats.evidence_kept, a.stats.evidence_found),
          fmt::format("{} of {}", b.stats.evidence_kept, b.stats.evidence_found));
  return out;
}

std::vector<Changed> compare_speed(const Report& a, const Report& b) {
  std::vector<Changed> out;
  std::map<std::string, std::pair<double, double>> stages;
  for (const StageTime& stage : a.stats.stages) stages[stage.stage].first = stage.seconds;
  for (const StageTime& stage : b.stats.stages) stages[stage.stage].second = stage.seconds;
  for (const auto& [name, seconds] : stages) {
    compare(&out, "time of " + name, fmt::format("{:.2f} s", seconds.first),
            fmt::format("{:.2f} s", seconds.second));
  }
  const auto rate = [](double count, double seconds) {
    return seconds > 0 ? fmt::format("{:.1f}/s", count / seconds) : std::string();
  };
  compare(&out, "tokens read", rate(a.stats.prompt_tokens, a.stats.prefill_s),
          rate(b.stats.prompt_tokens, b.stats.prefill_s));
  compare(&out, "tokens written", rate(a.stats.output_tokens, a.stats.decode_s),
          rate(b.stats.output_tokens, b.stats.decode_s));
  compare(&out, "tokens of the prompt", fmt::format("{}", a.stats.prompt_tokens),
          fmt::format("{}", b.stats.prompt_tokens));
  compare(&out, "peak memory", fmt::format("{} MiB", a.stats.peak_memory >> 20),
          fmt::format("{} MiB", b.stats.peak_memory >> 20));
  return out;
}

std::string object_of(const Name& name) {
  return name.space.empty() ? fmt::format("{} {}", name.kind, name.name)
                            : fmt::format("{} {}/{}", name.kind, name.space, name.name);
}

// What only one of the two sets has.
std::vector<std::string> without(const std::set<std::string>& these, const std::set<std::string>& those,
                                 std::uint64_t* left_out) {
  std::vector<std::string> out;
  std::set_difference(these.begin(), these.end(), those.begin(), those.end(), std::back_inserter(out));
  if (out.size() > most_told) {
    *left_out += out.size() - most_told;
    out.resize(most_told);
  }
  return out;
}

}  // namespace

std::string line_template(const std::string& line) {
  const auto is_digit = [](char c) { return c >= '0' && c <= '9'; };
  const auto in_word = [&](char c) { return is_digit(c) || ((c | 32) >= 'a' && (c | 32) <= 'z'); };
  std::string out;
  for (std::size_t i = 0; i < line.size();) {
    std::size_t end = i;
    while (end < line.size() && in_word(line[end])) ++end;
    const std::string_view word = std::string_view(line).substr(i, end - i);
    if (std::any_of(word.begin(), word.end(), is_digit)) {
      out += '#';
    } else {
      out += word;
    }
    if (end < line.size()) out += line[end++];
    i = end;
  }
  return out;
}

BundleDiff diff_bundles(const EvidenceList& a, const EvidenceList& b) {
  BundleDiff diff;
  std::map<std::string, std::pair<int, int>> objects;  // 0: not there, 1: referred to, 2: present
  for (const Name& name : a.names) objects[object_of(name)].first = name.present ? 2 : 1;
  for (const Name& name : b.names) objects[object_of(name)].second = name.present ? 2 : 1;
  const auto state = [](int number) {
    return number == 2 ? "present" : number == 1 ? "only referred to" : "gone";
  };
  for (const auto& [object, states] : objects) {
    const auto [before, after] = states;
    if (before == after) continue;
    if (diff.appeared.size() + diff.vanished.size() + diff.states.size() >= most_told) {
      ++diff.left_out;
    } else if (before == 0) {
      diff.appeared.push_back(object + (after == 1 ? " (only referred to)" : ""));
    } else if (after == 0) {
      diff.vanished.push_back(object);
    } else {
      diff.states.push_back({object, state(before), state(after)});
    }
  }
  const auto findings = [](const EvidenceList& list) {
    std::set<std::string> all;
    for (const Finding& finding : list.findings) all.insert(finding.cause);
    return all;
  };
  const auto templates = [](const EvidenceList& list) {
    std::set<std::string> all;
    for (const EvidenceLine& line : list.lines) {
      if (line.at.path.empty()) all.insert(line_template(line.quote));
    }
    return all;
  };
  diff.findings_appeared = without(findings(b), findings(a), &diff.left_out);
  diff.findings_vanished = without(findings(a), findings(b), &diff.left_out);
  diff.templates_appeared = without(templates(b), templates(a), &diff.left_out);
  diff.templates_vanished = without(templates(a), templates(b), &diff.left_out);
  return diff;
}

bool may_be_compared(const RunRow& a, const RunRow& b) {
  return a.tenant == b.tenant ||
         (a.tenant.starts_with(throw_away_tenants) && b.tenant.starts_with(throw_away_tenants));
}

RunDiff diff_runs(const ComparedRun& a, const ComparedRun& b) {
  RunDiff diff;
  diff.throw_away_tenants = a.row.tenant != b.row.tenant;
  diff.a = a.row.id;
  diff.b = b.row.id;
  diff.inputs = compare_inputs(a, b);
  diff.claims = compare_claims(a.report, b.report);
  diff.outcome = compare_outcome(a.report, b.report);
  diff.speed = compare_speed(a.report, b.report);
  if (a.row.input_sha256 != b.row.input_sha256 && a.evidence && b.evidence)
    diff.bundles = diff_bundles(*a.evidence, *b.evidence);
  return diff;
}

}  // namespace carrel
