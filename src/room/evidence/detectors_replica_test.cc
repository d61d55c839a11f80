// A MySQL replica that says of itself that it has stopped.
#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "room/evidence/detector_case.h"

namespace carrel {
namespace {

std::string status(const std::string& sql, const std::string& io, const std::string& behind,
                   const std::string& word = "Replica") {
  return "*************************** 1. row ***************************\n             " + word +
         "_IO_State: Waiting\n                  Source_Host: orders-db\n           " + word +
         "_IO_Running: " + io + "\n          " + word + "_SQL_Running: " + sql +
         "\n        Seconds_Behind_Source: " + behind +
         "\n                Last_IO_Errno: 0\n                Last_IO_Error:\n"
         "               Last_SQL_Errno: 1032\n               Last_SQL_Error: Can't find record in 'status'\n"
         "     Last_SQL_Error_Timestamp: 250914 03:17:42\n";
}

std::string cause(const std::string& text, const std::string& question) {
  const auto found = detect_in_files({{"mysql/replica-status.txt", text}}, question);
  const Observation* one = find_by(found, "replica-stopped");
  return one == nullptr ? "" : fmt::format("{:.2f} {}", one->weight, one->cause);
}

TEST(Replicas, OneThatHasStoppedIsToldWithItsErrorAndSinceWhen) {
  const std::string told =
      "0.94 The MySQL replica of orders-db applies nothing that its source sends since 250914 03:17:42: "
      "its "
      "SQL thread has stopped with error 1032 (Can't find record in 'status').";
  EXPECT_EQ(cause(status("No", "Yes", "NULL"), "Why do customers see an old status?"), told);
  EXPECT_EQ(cause(status("No", "Yes", "NULL", "Slave"), "Why do customers see an old status?"), told);
  EXPECT_EQ(cause(status("Yes", "No", "NULL"), "Why?"),
            "0.80 The MySQL replica of orders-db gets nothing from its source: its IO thread has stopped.");
}

TEST(Replicas, OneThatIsFarBehindIsToldAndOneThatFollowsIsNot) {
  EXPECT_EQ(cause(status("Yes", "Yes", "5400"), "Why does the replica lag?"),
            "0.84 The MySQL replica of orders-db is 5400 s behind its source.");
  EXPECT_EQ(cause(status("Yes", "Yes", "2"), "Why does the replica lag?"), "");
  EXPECT_EQ(cause("Replica_IO_State:\nReplica_SQL_Running:\n", "Why?"), "");
}

}  // namespace
}  // namespace carrel
