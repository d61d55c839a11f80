// Thread dumps and plans: what a program or a query waits for.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "room/evidence/detector_case.h"

namespace carrel {
namespace {

using ::testing::HasSubstr;

std::string dump(int waiting) {
  std::string text = "Full thread dump OpenJDK 64-Bit Server VM:\n\n";
  for (int i = 0; i < waiting; ++i)
    text += "\"exec-" + std::to_string(i) +
            "\" #6 daemon\n   java.lang.Thread.State: BLOCKED (on object monitor)\n\tat "
            "acme.Roles.of(Roles.java:52)\n"
            "\t- waiting to lock <0x00000006c1a47a10> (a acme.Roles)\n\n";
  return text +
         "\"exec-99\" #9 daemon\n   java.lang.Thread.State: WAITING (parking)\n"
         "\tat jdk.internal.misc.Unsafe.park(java.base@17/Native Method)\n"
         "\tat com.sun.jndi.ldap.Connection.readReply(java.naming@17/Connection.java:443)\n"
         "\tat acme.Roles.reload(Roles.java:97)\n\t- locked <0x00000006c1a47a10> (a acme.Roles)\n";
}

TEST(Threads, WhoHoldsTheLockThatMostWaitForIsTold) {
  const auto found = detect_in_files({{"jvm/jstack.txt", dump(40)}}, "Why does web answer nothing?");
  const Observation* one = find_by(found, "threads-blocked");
  ASSERT_NE(one, nullptr);
  EXPECT_EQ(one->cause,
            "40 threads wait for the lock of acme.Roles that thread exec-99 holds, which is at "
            "com.sun.jndi.ldap.Connection.readReply.");
  EXPECT_THAT(one->lines[0].quote, HasSubstr("ldap.Connection.readReply"));
  EXPECT_EQ(find_by(detect_in_files({{"jvm/jstack.txt", dump(2)}}, "Why?"), "threads-blocked"), nullptr);
}

TEST(Threads, DumpsOfOneFileAreNotAddedAndWhoWaitsOnALockDoesNotHoldIt) {
  const std::string three = dump(2) + dump(2) + dump(2);
  EXPECT_EQ(find_by(detect_in_files({{"jvm/jstack.txt", three}}, "Why?"), "threads-blocked"), nullptr);
  const std::string waits_on =
      "\"pool-1\" #3\n   java.lang.Thread.State: WAITING (on object monitor)\n\tat "
      "java.lang.Object.wait(Native)\n"
      "\t- waiting on <0x00000006c1a47a10> (a acme.Roles)\n\tat acme.Pool.take(Pool.java:5)\n"
      "\t- locked <0x00000006c1a47a10> (a acme.Roles)\n";
  const auto found = detect_in_files({{"jvm/jstack.txt", dump(9) + waits_on}}, "Why does it hang?");
  ASSERT_NE(find_by(found, "threads-blocked"), nullptr);
  EXPECT_THAT(find_by(found, "threads-blocked")->cause, HasSubstr("thread exec-99 holds"));
}

TEST(Threads, ADumpThatWasCutSaysNothing) {
  const std::string whole = dump(9);
  const std::size_t holder = whole.find("\"exec-99");
  EXPECT_EQ(
      find_by(detect_in_files({{"jvm/jstack.txt", whole.substr(0, holder)}}, "Why?"), "threads-blocked"),
      nullptr);
  for (const char* const odd :
       {"java.lang.Thread.State", "\"\njava.lang.Thread.State\n- locked <\n- waiting to lock <"})
    EXPECT_EQ(find_by(detect_in_files({{"jvm/jstack.txt", odd}}, "Why?"), "threads-blocked"), nullptr);
}

TEST(Plans, AQueryThatReadsAWholeTableIsTold) {
  const auto plan = [](const std::string& type) {
    return "mysql> EXPLAIN SELECT id FROM bookings WHERE guest = 'x';\n"
           "+----+-------------+----------+------+---------+\n"
           "| id | select_type | table    | type | rows    |\n"
           "+----+-------------+----------+------+---------+\n"
           "|  1 | SIMPLE      | bookings | " +
           type + " | 4811902 |\n+----+-------------+----------+------+---------+\n1 row in set\n";
  };
  const auto found = detect_in_files({{"mysql/explain.txt", plan("ALL ")}}, "Why is the page slow?");
  const Observation* one = find_by(found, "plan-reads-all");
  ASSERT_NE(one, nullptr);
  EXPECT_THAT(one->cause, HasSubstr("reads all of table bookings (4811902 rows, type ALL: a full table "
                                    "scan), for which no index serves"));
  EXPECT_EQ(one->lines[0].at.line, 5u);
  EXPECT_EQ(find_by(detect_in_files({{"mysql/explain.txt", plan("ref ")}}, "Why is the page slow?"),
                    "plan-reads-all"),
            nullptr);
}

}  // namespace
}  // namespace carrel
