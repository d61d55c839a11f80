#include "room/evidence/spoken_name.h"

#include <gtest/gtest.h>

#include "room/evidence/detector_case.h"

namespace carrel {
namespace {

std::string said(const std::string& question, std::initializer_list<const char*> pods) {
  std::string yaml;
  for (const char* const pod : pods)
    yaml += "---\napiVersion: v1\nkind: Pod\nmetadata: {name: " + std::string(pod) + ", namespace: shop}\n";
  Inventory inventory;
  add_yaml(&inventory, "objects.yaml", yaml);
  return workload_in_words(inventory, question);
}

TEST(SpokenName, IsAWorkloadWhoseEveryPartAQuestionSays) {
  EXPECT_EQ(said("Customers get no invoices by mail any more", {"invoice-mailer-0", "report-ui-0"}),
            "invoice-mailer");
  EXPECT_EQ(said("Customers get no invoices any more", {"invoice-mailer-0"}), "") << "half of the name";
  EXPECT_EQ(said("The payment gateway answers slowly", {"payment-gateway-0"}), "payment-gateway");
  EXPECT_EQ(said("The api worker fails", {"api-worker-0"}), "") << "what anything is called";
}

TEST(SpokenName, IsNoneWhereSeveralMayBeMeantOrOneIsNamed) {
  EXPECT_EQ(said("no invoices by mail", {"invoice-mailer-0", "mail-invoices-0"}), "");
  EXPECT_EQ(said("no invoices by mail since report-ui fails", {"invoice-mailer-0", "report-ui-0"}), "");
  EXPECT_EQ(said("", {"invoice-mailer-0"}), "");
  EXPECT_EQ(said("no invoices by mail", {}), "");
}

}  // namespace
}  // namespace carrel
