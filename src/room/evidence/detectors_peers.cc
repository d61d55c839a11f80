// What is unlike its peers where all should be alike: the time zone of one CronJob among others, the cloud
// account of one ServiceAccount among those of its namespace.
#include <algorithm>
#include <array>
#include <map>
#include <vector>

#include <fmt/format.h>

#include "base/brief.h"
#include "room/evidence/detectors.h"

namespace carrel {
namespace {

constexpr std::size_t most_shown = 80;  // bytes of a value

struct Peer {
  const Object* object = nullptr;
  const Value* value = nullptr;
  std::string_view part;  // of the value, that should be alike
};

struct Odd {
  const Peer* one = nullptr;
  const Peer* usual = nullptr;
};

// The one whose part differs from that of all others, of which there are at least so many; none where more
// than two parts are told.
Odd odd_one(const std::vector<Peer>& peers, std::size_t least_others) {
  std::map<std::string_view, std::vector<const Peer*>> parts;
  for (const Peer& peer : peers) parts[peer.part].push_back(&peer);
  if (parts.size() != 2) return {};
  const auto& [few, many] = std::minmax(parts.begin()->second, parts.rbegin()->second,
                                        [](const auto& a, const auto& b) { return a.size() < b.size(); });
  if (few.size() != 1 || many.size() < least_others) return {};
  return {few.front(), many.front()};
}

// One name for those of the same zone.
std::string_view zone_in(std::string_view name) {
  static constexpr std::array<std::string_view, 6> utc = {"Etc/UTC", "Etc/GMT", "Etc/UCT",
                                                          "GMT",     "UCT",     "Zulu"};
  return std::ranges::find(utc, name) == utc.end() ? name : "UTC";
}

void tell_time_zone(const Survey& survey, const std::vector<Peer>& peers, Observations* out) {
  const Odd odd = odd_one(peers, 2);
  if (odd.one == nullptr) return;
  const bool asked = survey.names(odd.one->object->name) &&
                     survey.asks({"hour", "late", "early", "time", "zone", "clock", "o'clock", "at "});
  Observation& made = report(out, "cronjob-zone-unlike", asked ? 0.88 : 0.4, *odd.one->object,
                             fmt::format("{} is scheduled in time zone {}, the other CronJobs there that "
                                         "name one in {}: its hours are not theirs.",
                                         described(*odd.one->object), brief(odd.one->part, most_shown),
                                         brief(odd.usual->part, most_shown)));
  cite(&made, *odd.one->object, *odd.one->value, "its time zone");
  cite(&made, *odd.usual->object, *odd.usual->value, "that of another CronJob");
  suggest(&made,
          fmt::format("kubectl -n {} get cronjob {} -o yaml", odd.one->object->space, odd.one->object->name),
          "shows its schedule and time zone");
}

void tell_time_zones(const Survey& survey, Observations* out) {
  std::map<std::string_view, std::vector<Peer>> of_space;
  for (const Object* cron : survey.each("cronjob")) {
    const Value& zone = (*cron)["spec"]["timeZone"];
    if (!zone.text().empty()) of_space[cron->space].push_back({cron, &zone, zone_in(zone.text())});
  }
  for (const auto& [space, peers] : of_space) tell_time_zone(survey, peers, out);
}

// The project or account in the annotation by which a ServiceAccount acts in its cloud.
std::string_view account_in(std::string_view key, std::string_view value) {
  if (key == "iam.gke.io/gcp-service-account") return value.substr(std::min(value.find('@'), value.size()));
  if (key == "eks.amazonaws.com/role-arn") return between(value, "arn:aws:iam::", ":role");
  return {};
}

void tell_accounts(const Survey& survey, Observations* out) {
  std::map<std::string, std::vector<Peer>> of_key;  // by namespace and annotation
  for (const Object* account : survey.each("serviceaccount")) {
    for (const auto& [key, value] : (*account)["metadata"]["annotations"].members) {
      const std::string_view part = account_in(key, value.text());
      if (!part.empty()) of_key[account->space + "/" + std::string(key)].push_back({account, &value, part});
    }
  }
  const bool asked = survey.asks({"403", "forbidden", "denied", "permission", "access", "not allowed"});
  for (const auto& [key, peers] : of_key) {
    const Odd odd = odd_one(peers, 1);
    if (odd.one == nullptr) continue;
    // Of two it is the one that is asked about; where none is, none.
    const bool other = peers.size() == 2 && !survey.names(odd.one->object->name);
    if (other && !survey.names(odd.usual->object->name)) continue;
    const Peer &one = other ? *odd.usual : *odd.one, &usual = other ? *odd.one : *odd.usual;
    Observation& made =
        report(out, "rbac-identity-unlike", asked && survey.names(one.object->name) ? 0.9 : 0.4, *one.object,
               fmt::format("{} acts in the cloud as {} (its annotation), another account than that of its "
                           "neighbours ({}): what "
                           "is granted to those is not granted to it.",
                           described(*one.object), brief(one.value->text(), most_shown),
                           brief(usual.value->text(), most_shown)));
    cite(&made, *one.object, *one.value, "as whom it acts");
    cite(&made, *usual.object, *usual.value, "as whom a neighbour acts");
    suggest(&made,
            fmt::format("kubectl -n {} get serviceaccount {} -o yaml", one.object->space, one.object->name),
            "shows its annotations");
  }
}

}  // namespace

void detect_unlike_peers(const Survey& survey, Observations* out) {
  tell_time_zones(survey, out);
  tell_accounts(survey, out);
}

}  // namespace carrel
