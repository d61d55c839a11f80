// What was taken away in the cloud that a cluster runs in: calls that revoke, delete, disable or detach
// something that others may need, in what CloudTrail recorded (`aws cloudtrail lookup-events`, or a file of
// its records); roles that another ServiceAccount may take than the one that is to (`aws iam get-role`); keys
// that are about to be deleted (`aws kms describe-key`); and ports that a security group opens to nobody
// there is (`aws ec2 describe-security-groups` beside `describe-instances`).
#include <algorithm>
#include <array>
#include <cstdlib>
#include <iterator>
#include <map>
#include <optional>
#include <vector>

#include <fmt/format.h>

#include "base/brief.h"
#include "room/evidence/detectors.h"
#include "room/evidence/loose_json.h"
#include "room/evidence/question.h"

namespace carrel {
namespace {

constexpr std::size_t largest_trail = 4 << 20;
constexpr std::size_t most_told = 8, most_roles = 64;
constexpr std::size_t most_calls = 10'000;  // that are looked at
constexpr std::size_t most_shown = 100;     // bytes of a name

// Calls after which something is not there that others may need; not those that come with every replacement
// of machines, as their network interfaces and tags.
bool takes_away(std::string_view call) {
  static constexpr std::array<std::string_view, 46> calls = {"RevokeSecurityGroupIngress",
                                                             "RevokeSecurityGroupEgress",
                                                             "DeleteSecurityGroup",
                                                             "DeleteRoute",
                                                             "DeleteRouteTable",
                                                             "DisassociateRouteTable",
                                                             "DeleteNatGateway",
                                                             "DetachInternetGateway",
                                                             "DeleteInternetGateway",
                                                             "DeleteVpcPeeringConnection",
                                                             "DeleteVpcEndpoints",
                                                             "DeleteTransitGatewayRoute",
                                                             "DeleteNetworkAclEntry",
                                                             "DeleteSubnet",
                                                             "ScheduleKeyDeletion",
                                                             "DisableKey",
                                                             "RevokeGrant",
                                                             "DetachRolePolicy",
                                                             "DeleteRolePolicy",
                                                             "DeleteRole",
                                                             "DeletePolicy",
                                                             "DetachUserPolicy",
                                                             "DeleteUserPolicy",
                                                             "DeleteUser",
                                                             "DeleteAccessKey",
                                                             "RemoveRoleFromInstanceProfile",
                                                             "DeleteOpenIDConnectProvider",
                                                             "DeleteBucketPolicy",
                                                             "DeleteBucket",
                                                             "DeleteHostedZone",
                                                             "DeleteDBInstance",
                                                             "StopDBInstance",
                                                             "DeleteDBCluster",
                                                             "StopDBCluster",
                                                             "DeleteCacheCluster",
                                                             "DeleteReplicationGroup",
                                                             "DeleteLoadBalancer",
                                                             "DeleteTargetGroup",
                                                             "DeregisterTargets",
                                                             "DeleteListener",
                                                             "DeleteSecret",
                                                             "DeleteParameter",
                                                             "DeleteQueue",
                                                             "DeleteTopic",
                                                             "DeleteTable",
                                                             "DeleteMountTarget"};
  return std::ranges::find(calls, call) != calls.end();
}

// The first of several members that is there: lookup-events and the records of a trail name them differently.
const Value& either(const Value& object, std::string_view one, std::string_view other) {
  return object[one].exists() ? object[one] : object[other];
}

// What the call was made on: a resource that it lists, or the first parameter that is an id.
const Value& target_of(const Value& event) {
  const Value& listed = event["Resources"][0]["ResourceName"];
  if (listed.exists()) return listed;
  const Value& record = event["resources"][0]["ARN"];
  if (record.exists()) return record;
  for (const auto& [name, value] : event["requestParameters"].members) {
    const bool is_id = name.ends_with("Id") || name.ends_with("Name") || name.ends_with("Arn");
    if (is_id && !value.text().empty()) return value;
  }
  return event["requestParameters"];
}

// A call that took something away, and how well it fits what is asked about.
struct Call {
  EvidenceLine name, when, target;
  std::string cause;
  int distance = unknown_distance;  // minutes between it and the time asked about

  static constexpr int unknown_distance = 24 * 60;
};

EvidenceLine line_of(const Object& source, const Value& value, const char* reason) {
  Observation cited;
  if (value.exists()) cite(&cited, source, value, reason);
  return cited.lines.empty() ? EvidenceLine() : cited.lines.front();
}

std::optional<Call> call_in(const Question& question, const LooseJson& file, const Value& event) {
  constexpr int before = -30,
                after = 3;  // minutes: a cause precedes what is noticed of it, by clocks that differ
  const Value& name = either(event, "EventName", "eventName");
  const bool refused = event["errorCode"].exists() || has(event["CloudTrailEvent"].text(), "\"errorcode\"");
  if (!takes_away(name.text()) || refused) return {};
  const Value& when = either(event, "EventTime", "eventTime");
  const Value& user = event["Username"].exists() ? event["Username"] : event["userIdentity"]["userName"];
  const Value& target = target_of(event);
  const Object source = file.source();
  Call call{line_of(source, name, "the call"), line_of(source, when, "when it was made"),
            line_of(source, target.text().empty() ? Value::null() : target, "what it was made on"), ""};
  call.cause =
      fmt::format("{}{} called {}{}: what that took away is missing from then on.",
                  user.text().empty() ? "Somebody" : brief(user.text(), most_shown),
                  when.text().empty() ? "" : fmt::format(" at {}", brief(when.text(), 40)), name.text(),
                  target.text().empty() ? "" : fmt::format(" on {}", brief(target.text(), most_shown)));
  const std::optional<int> minutes = question.minutes_after(when.text());
  if (minutes && *minutes >= before && *minutes <= after) call.distance = std::abs(*minutes);
  return call;
}

void tell_calls(const Survey& survey, Observations* out) {
  const Question question(survey.question);
  std::vector<Call> calls;
  for (const std::string_view mark : {"\"EventName\"", "\"eventName\""}) {
    each_loose_json(survey.inventory, mark, largest_trail, [&](const LooseJson& file) {
      for (const Value& event : either(file.root, "Events", "Records").items) {
        if (calls.size() == most_calls) return;
        if (std::optional<Call> call = call_in(question, file, event)) calls.push_back(std::move(*call));
      }
    });
  }
  std::ranges::stable_sort(calls, {}, &Call::distance);
  for (std::size_t i = 0; i < calls.size() && i < most_told; ++i) {
    const Call& call = calls[i];
    const bool fits = call.distance < Call::unknown_distance;
    Observation& made = report_missing(out, cloud_call,
                                       fits && !survey.only_whether ? 0.9
                                       : fits                       ? 0.5
                                                                    : 0.35,
                                       "", "", "", call.cause);
    for (const EvidenceLine& line : {call.name, call.when, call.target}) {
      if (!line.quote.empty()) made.lines.push_back(line);
    }
    lack(&made, "whether what fails needs what the call took away");
  }
}

void tell_key(const Survey& survey, const LooseJson& file, Observations* out) {
  const Value& key = file.root["KeyMetadata"];
  const std::string_view state = key["KeyState"].text();
  if (state != "PendingDeletion" && state != "Disabled") return;
  Observation& made = report_missing(
      out, cloud_key, survey.asks({"kms", "key", "encrypt", "decrypt", "invalidstate"}) ? 0.9 : 0.55, "", "",
      "",
      fmt::format(
          "KMS key {}{} is {}: nothing that it encrypts can be read.", brief(key["KeyId"].text(), most_shown),
          key["Description"].text().empty() ? "" : fmt::format(" ({})", brief(key["Description"].text(), 60)),
          state == "Disabled" ? "disabled" : "pending deletion"));
  const Object source = file.source();
  cite(&made, source, key["KeyState"], "the state of the key");
  cite(&made, source, key["KeyId"], "the key");
  lack(&made, "who uses the key, and who disabled it");
}

// The ServiceAccount whose annotation names a role; null: none does. Source: Amazon EKS, IAM roles for
// service accounts.
const Object* taker_of(const Survey& survey, std::string_view arn) {
  for (const Object* account : survey.each("serviceaccount")) {
    if ((*account)["metadata"]["annotations"]["eks.amazonaws.com/role-arn"].text() == arn) return account;
  }
  return nullptr;
}

// A role that a ServiceAccount is to take, and whose trust policy lets another one take it.
void tell_untrusted(const Survey& survey, const LooseJson& file, Observations* out) {
  constexpr std::string_view mark = "system:serviceaccount:";
  const Value& role = file.root["Role"];
  const Object* account = taker_of(survey, role["Arn"].text());
  if (account == nullptr) return;
  const std::string own = fmt::format("{}{}:{}", mark, account->space, account->name);
  const Value* other = nullptr;
  for (const Value& statement : role["AssumeRolePolicyDocument"]["Statement"].items) {
    for (const auto& [comparison, keys] : statement["Condition"].members) {
      for (const auto& [key, value] : keys.members) {
        if (!key.ends_with(":sub")) continue;
        for (std::size_t i = 0; i < std::max<std::size_t>(1, value.size()); ++i) {
          const Value& subject = value.size() == 0 ? value : value[i];
          const bool matches =
              subject.text() == own || subject.text().find_first_of("*?") != std::string_view::npos;
          if (matches) return;
          if (subject.text().starts_with(mark)) other = &subject;
        }
      }
    }
  }
  if (other == nullptr) return;
  Observation& made =
      report(out, cloud_trust, 0.9, *account,
             fmt::format("The trust policy of role {} lets only {} assume it, and {} is {}: "
                         "sts:AssumeRoleWithWebIdentity is refused, whatever the role may do.",
                         brief(role["RoleName"].text(), 60), brief(other->text(), most_shown),
                         described(*account), own));
  cite(&made, file.source(), *other, "who may assume the role");
  cite(&made, *account, (*account)["metadata"]["annotations"]["eks.amazonaws.com/role-arn"],
       "the role that the ServiceAccount is to assume");
  cite(&made, file.source(), role["RoleName"], "the role");
  cite(&made, *account, (*account)["metadata"]["name"], "the ServiceAccount");
  cite(&made, *account, (*account)["metadata"]["namespace"], "its namespace");
  suggest(&made, fmt::format("kubectl -n {} describe serviceaccount {}", account->space, account->name),
          "shows its annotations");
}

// The security groups that machines have, each with a line that says so.
void add_machines(const LooseJson& file, std::size_t most, std::map<std::string, EvidenceLine>* groups) {
  const Object source = file.source();
  for (const Value& reservation : file.root["Reservations"].items) {
    for (const Value& instance : reservation["Instances"].items) {
      for (const Value& group : instance["SecurityGroups"].items) {
        const std::string name(group["GroupId"].text());
        if (name.empty() || groups->size() >= most || groups->contains(name)) continue;
        EvidenceLine line = line_of(source, group["GroupId"], "the security group of a machine");
        if (!line.quote.empty()) groups->emplace(name, std::move(line));
      }
    }
  }
}

// A port that a group opens to other groups alone, none of which any machine has.
void tell_shut_ports(const LooseJson& file, const std::map<std::string, EvidenceLine>& of_machines,
                     double weight, Observations* out) {
  const Object source = file.source();
  for (const Value& group : file.root["SecurityGroups"].items) {
    for (const Value& rule : group["IpPermissions"].items) {
      const Value& admitted = rule["UserIdGroupPairs"];
      const bool by_address =
          rule["IpRanges"].size() + rule["Ipv6Ranges"].size() + rule["PrefixListIds"].size() > 0;
      if (admitted.size() == 0 || by_address || !rule["FromPort"].exists()) continue;
      const bool has_one = std::ranges::any_of(admitted.items, [&](const Value& pair) {
        return pair["GroupId"].text() == group["GroupId"].text() ||
               of_machines.contains(std::string(pair["GroupId"].text()));
      });
      // Not what only the machines of a load balancer or of the control plane use: their own group.
      if (has_one || of_machines.contains(std::string(group["GroupId"].text())) || out->size() >= most_told)
        continue;
      Observation& made = report_missing(
          out, cloud_port, weight, "", "", "",
          fmt::format("Security group {}{} opens port {} only to {}, and the machines have {}: what they "
                      "send there is "
                      "dropped.",
                      brief(group["GroupId"].text(), 40),
                      group["GroupName"].text().empty()
                          ? ""
                          : fmt::format(" ({})", brief(group["GroupName"].text(), 50)),
                      brief(rule["FromPort"].text(), 10), brief(admitted[0]["GroupId"].text(), 40),
                      brief(of_machines.begin()->first, 40)));
      cite(&made, source, admitted[0]["GroupId"], "to whom the port is open");
      made.lines.push_back(of_machines.begin()->second);
      cite(&made, source, rule["FromPort"], "the port");
      cite(&made, source, group["GroupId"], "the group that opens it");
      if (!group["GroupName"].text().empty()) cite(&made, source, group["GroupName"], "its name");
      lack(&made, "whether what is not reached is behind that security group");
    }
  }
}

}  // namespace

void detect_cloud_changes(const Survey& survey, Observations* out) {
  tell_calls(survey, out);
  constexpr std::size_t most_groups = 1000;
  std::map<std::string, EvidenceLine> of_machines;
  each_loose_json(survey.inventory, "\"Reservations\"", largest_trail,
                  [&](const LooseJson& file) { add_machines(file, most_groups, &of_machines); });
  if (!of_machines.empty()) {
    const bool asked =
        survey.asks({"reach", "connect", "time out", "timeout", "504", "502", "503", "unavailable", "fail"});
    Observations shut;
    each_loose_json(survey.inventory, "\"IpPermissions\"", largest_trail, [&](const LooseJson& file) {
      tell_shut_ports(file, of_machines, asked ? 0.92 : 0.6, &shut);
    });
    std::ranges::move(shut, std::back_inserter(*out));
  }
  std::size_t roles = 0;
  each_loose_json(survey.inventory, "\"AssumeRolePolicyDocument\"", largest_trail,
                  [&](const LooseJson& file) {
                    if (++roles <= most_roles) tell_untrusted(survey, file, out);
                  });
  std::size_t keys = 0;
  each_loose_json(survey.inventory, "\"KeyMetadata\"", largest_trail, [&](const LooseJson& file) {
    if (++keys <= most_told) tell_key(survey, file, out);
  });
}

}  // namespace carrel
