#include <gtest/gtest.h>

#include "host/checks/checks.h"
#include "host/checks/text_token.h"

namespace carrel {
namespace {

EvidenceList evidence() {
  EvidenceList list;
  list.lines.push_back(
      {{"pods/shop.json", 12, 12, "/items/0/status"},
       R"("message": "Back-off restarting failed container api in pod api-gateway-5d8f7b9c6-j4k8n")",
       "warning",
       214,
       1});
  list.lines.push_back(
      {{"pods/logs/api.log", 7, 7, ""},
       "2024-05-01T06:30:34Z dial tcp 10.0.12.7:5432: connection refused, heap 1234MB of 128Mi, 2.76s",
       "error",
       3,
       1});
  list.lines.push_back(
      {{"events.json", 3, 3, ""}, "FailedMount volume data-pvc-7 of node worker-node-2", "event", 1, 1});
  list.names = {{"pod", "shop", "api-gateway-5d8f7b9c6-j4k8n", true},
                {"pod", "shop", "web-0", true},
                {"service", "shop", "payment-gateway", false},
                {"namespace", "", "shop", true}};
  list.searched = {{"networkpolicy", "shop", 41}};
  return list;
}

Check check_text_of(const std::string& cause, const std::vector<Command>& commands = {}) {
  const EvidenceList list = evidence();
  Report report;
  report.question = "Why does checkout-frontend-9 fail?";
  report.root_cause = cause;
  report.commands = commands;
  for (std::size_t at : {0U, 1U})
    report.evidence.push_back({"E00" + std::to_string(at + 1), list.lines[at].at, list.lines[at].quote, ""});
  return check_text(report, list);
}

TEST(Text, PassesWhatStandsInTheEvidence) {
  for (const char* cause : {"The container api of pod api-gateway-5d8f7b9c6-j4k8n is in back-off.",
                            "Deployment api-gateway cannot reach 10.0.12.7:5432 (connection refused).",
                            "Its heap is 1234MB, the limit 128Mi; it took 2.76s at 06:30:34.",
                            "checkout-frontend-9 depends on the Service payment-gateway in namespace shop.",
                            "shop/web-0 is read-only, out-of-memory and up-to-date, e.g. non-zero.",
                            "It was seen 214 times; none of 41 network policies apply to 2 pods.",
                            "The message \"connection refused\" stands in `pods/logs/api.log`.",
                            "The log says \"Back-off restarting failed...\" for it's container.",
                            "Heap is 134217728 bytes of limit, 2,760 ms in all.", "Nothing is wrong.", ""}) {
    const Check verdict = check_text_of(cause);
    EXPECT_EQ(verdict.verdict, Check::Verdict::pass) << cause << ": " << verdict.detail;
  }
}

TEST(Text, FailsNamesThatStandNowhere) {
  for (const char* cause :
       {"Pod api-gateway-7c9d cannot start.", "It cannot reach 10.0.12.8:5432.", "Pod inventory-sync fails.",
        "The image registry.example.io/shop:1.2 is missing.", "Namespace 'prod' is gone.",
        "The secret `db-password` is missing.", "See pods/logs/other-7.log for it.",
        "The label tier=backend is wrong.", "Service billing-api has no endpoints."}) {
    const Check verdict = check_text_of(cause);
    EXPECT_EQ(verdict.verdict, Check::Verdict::fail) << cause << ": " << verdict.detail;
  }
  EXPECT_EQ(check_text_of("It fails.", {{"kubectl get nodes", "shows node worker-node-9"}}).verdict,
            Check::Verdict::fail);
}

TEST(Text, WarnsOfWhatIsDerivedOrNotCited) {
  for (const char* cause : {"Heap use is 87% of the limit.", "It took 99 seconds.", "It began at 07:15:00.",
                            "Node worker-node-2 lost its volume.", "It is in ImagePullBackOff.",
                            "The variable DB_HOST is wrong.", "The loyalty-engine is down."}) {
    const Check verdict = check_text_of(cause);
    EXPECT_EQ(verdict.verdict, Check::Verdict::warn) << cause << ": " << verdict.detail;
  }
}

TEST(Text, KnowsEqualQuantities) {
  const auto same = [](const char* a, const char* b) {
    return same_quantity(*quantity_of(a), *quantity_of(b));
  };
  for (const auto& [a, b] : std::vector<std::pair<const char*, const char*>>{{"1gi", "1024mi"},
                                                                             {"0.5", "500m"},
                                                                             {"1,024", "1024"},
                                                                             {"90s", "1.5m"},
                                                                             {"2h", "120m"},
                                                                             {"1mb", "1000kb"},
                                                                             {"128mi", "134217728"},
                                                                             {"3", "3s"},
                                                                             {"-5", "5"}}) {
    EXPECT_TRUE(same(a, b)) << a << " " << b;
    EXPECT_TRUE(same(b, a)) << a << " " << b;
  }
  for (const auto& [a, b] : std::vector<std::pair<const char*, const char*>>{
           {"1gi", "1000mi"}, {"1gi", "1gb"}, {"50%", "50s"}, {"1", "2"}, {"0.5", "50m"}}) {
    EXPECT_FALSE(same(a, b)) << a << " " << b;
  }
  for (const char* no : {"", "x", "-", "1.2.3", "5xx", "1e", "api-1", "%"})
    EXPECT_FALSE(quantity_of(no)) << no;
}

TEST(Text, TakesAnyBytes) {
  std::string bytes;
  for (int round = 0; round < 2000; ++round) {
    bytes += static_cast<char>((round * 131 + round / 7) & 0xff);
    if (bytes.size() > 60) bytes.erase(0, 7);
    (void)tokens_of(bytes);
    (void)quantities_in(bytes);
  }
  EXPECT_TRUE(tokens_of("'").empty());
  EXPECT_TRUE(tokens_of("\"\"").empty());
}

}  // namespace
}  // namespace carrel
