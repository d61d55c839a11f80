#include "incidents/make.h"

#include <algorithm>
#include <set>

#include <fmt/format.h>

#include "base/text.h"
#include "incidents/chatter.h"
#include "incidents/objects.h"

namespace carrel::incidents {
namespace {

constexpr std::size_t kQuoted = 120;    // bytes of a deciding line that a pattern holds
constexpr std::size_t kDeciding = 200;  // addresses in a label

// Sentences that are wrong of every kind but those of the groups they speak of. {0}: a workload.
struct Wrong {
  std::string sentence;
  std::vector<std::string> groups;
};
const std::vector<Wrong>& wrong_causes() {
  static const std::vector<Wrong> all = {
      {"{0} was OOMKilled because its memory limit is too low.", {"memory", "whole", "messaging"}},
      {"The image of {0} cannot be pulled because the registry asks for credentials.",
       {"image", "whole", "access", "database"}},
      {"A NetworkPolicy keeps {0} from its neighbours.", {"network", "traffic", "whole"}},
      {"No node has enough CPU left for {0}.", {"scheduling", "capacity", "whole"}},
      {"The TLS certificate of {0} has expired.", {"network", "traffic", "control-plane", "image", "whole"}},
      {"The PersistentVolumeClaim of {0} has no storage class.",
       {"volume", "scheduling", "database", "whole"}},
      {"All pods of {0} restarted three hours ago.", {}},
      {"{0} logs a deprecation warning.", {}},
  };
  return all;
}

std::string question_of(Scene& s) {
  const Label& label = s.label;
  if (!label.question.empty()) return label.question;
  const std::string name = s.noticed_name().empty() ? s.world.space : s.noticed_name();
  if (label.verdict == "no_fault") {
    return s.phrase({"Is anything wrong with {0}?", "Are there any problems in namespace {1}?",
                     "Does {0} have a fault right now?"},
                    {"Is {0} healthy?", "Has {1} any issue at the moment?", "Are the pods of {1} all right?"},
                    {name, s.world.space});
  }
  return s.phrase({"What is the root cause of the trouble in this bundle?", "Why does {0} not work?",
                   "Since {2} users of {1} see errors. What is the cause?", "{0} is not available. Why?",
                   "What is wrong in namespace {1}?"},
                  {"Find the root cause.", "{0} has been failing since {2}; what is behind it?",
                   "The team of {1} reports an outage. What happened?", "What keeps {0} from working?",
                   "What explains the errors around {0}?"},
                  {name, s.world.space, time_text(s.world.trouble, "%H:%M")});
}

Json strings(const std::vector<std::string>& all) {
  Json made = Json::array();
  for (const std::string& one : all) made.add(one);
  return made;
}

void add_evidence(const Bundle& bundle, Json* label) {
  std::set<std::pair<std::string, std::string>> seen;
  Json patterns = Json::array(), deciding = Json::array();
  for (const Place& place : bundle.places) {
    const std::string file = place.file.substr(bundle.root.size() + 1);
    const std::string key(cut_utf8(place.key, kQuoted));
    if (seen.insert({file, key}).second)
      patterns.add(Json::object({{"file", "^" + literal(file) + "$"}, {"quote", literal(key)}}));
    if (deciding.items().size() < kDeciding) {
      deciding.add(Json::object({{"file", place.file},
                                 {"line", static_cast<std::int64_t>(place.line)},
                                 {"end_line", static_cast<std::int64_t>(place.end_line)}}));
    }
  }
  (*label)["evidence_any_of"] = std::move(patterns);
  (*label)["deciding"] = std::move(deciding);
}

Json label_of(Scene& s, const Kind& kind, const std::string& id, std::uint64_t seed) {
  const Label& label = s.label;
  Json made = Json::object({{"id", id},
                            {"category", label.verdict == "no_fault" ? "no-fault" : kind.group},
                            {"difficulty", label.difficulty},
                            {"tier", "made"},
                            {"scenario", kind.id},
                            {"kind", kind.id},
                            {"split", split_name(s.world.split)},
                            {"seed", std::to_string(seed)},
                            {"question", question_of(s)},
                            {"verdict", label.verdict},
                            {"reference", label.cause}});
  made["culprit"] = Json::object(
      {{"kind", label.culprit_kind}, {"namespace", label.culprit_space}, {"name", label.culprit_name}});
  Json groups = Json::array();
  for (const auto& group : label.groups) groups.add(strings(group));
  made["root_cause_all_of"] = std::move(groups);
  made["forbidden"] = Json::array();
  std::vector<std::string> right = {label.cause};
  right.insert(right.end(), label.right.begin(), label.right.end());
  made["right"] = strings(right);
  std::vector<std::string> wrong = label.wrong;
  for (const Wrong& one : wrong_causes()) {
    const bool near = std::find(one.groups.begin(), one.groups.end(), kind.group) != one.groups.end();
    if (!near && wrong.size() < 4)
      wrong.push_back(filled(one.sentence, {s.noticed_name().empty() ? s.world.space : s.noticed_name()}));
  }
  made["wrong"] = strings(wrong);
  if (!label.missing.empty()) made["missing_any_of"] = strings(label.missing);
  made["commands"] = strings(label.commands);
  return made;
}

}  // namespace

Case make_case(const Kind& kind, Split split, std::uint64_t seed, const std::string& id) {
  World world(split, seed);
  make_product(&world);
  Scene scene(&world);
  kind.make(scene);
  add_herrings(scene, world.random.between(1, 3 + 2 * world.size));
  add_chatter(scene);
  make_objects(&world);
  Case made;
  made.id = id;
  made.at = world.now;
  made.bundle = write_bundle(&world);
  made.label = label_of(scene, kind, id, seed);
  add_evidence(made.bundle, &made.label);
  made.offered = scene.offered();
  return made;
}

Draw draw_case(Split split, std::uint64_t seed, std::size_t index) {
  std::vector<const Kind*> kinds = kinds_of(split);
  Random order(seed * 3 + static_cast<std::uint64_t>(split));
  const std::uint64_t base = order.next();
  const std::size_t round = index / kinds.size();
  Random of_round(base + round);
  of_round.shuffle(&kinds);
  return {kinds[index % kinds.size()], Random(base ^ (index * 0x2545f4914f6cdd1dULL)).next() >> 12};
}

}  // namespace carrel::incidents
