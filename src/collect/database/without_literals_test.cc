#include <gtest/gtest.h>

#include "collect/database/postgres.h"

namespace carrel {
namespace {

TEST(WithoutLiterals, ValuesGoAndNamesStay) {
  EXPECT_EQ(without_literals("SELECT a1, \"B 2\" FROM t_3 WHERE x = 'it''s' AND y > 4.5e6 LIMIT 10"),
            "SELECT a1, \"B 2\" FROM t_3 WHERE x = ? AND y > ? LIMIT ?");
  EXPECT_EQ(without_literals("UPDATE u SET p = E'a\\'b', q = $1, r = $tag$x'y$tag$ -- mail@x"),
            "UPDATE u SET p = E?, q = $1, r = ? ");
  EXPECT_EQ(without_literals("SELECT /* tom */ 1"), "SELECT   ?");
}

TEST(WithoutLiterals, AStatementThatIsCutShowsNothingOfItsLastString) {
  EXPECT_EQ(without_literals("INSERT INTO t VALUES ('secret wor"), "INSERT INTO t VALUES (?");
  EXPECT_EQ(without_literals("SELECT $$secret"), "SELECT ?");
  EXPECT_EQ(without_literals("SELECT \"na"), "SELECT \"na");
}

TEST(ShownUrl, HasNoPassword) {
  EXPECT_EQ(shown_url("postgres://app:s3cret@db:5432/shop?sslmode=require"),
            "postgres://app@db:5432/shop?sslmode=require");
  EXPECT_EQ(shown_url("postgres://db/shop"), "postgres://db/shop");
  EXPECT_EQ(shown_url("postgres://app:s3@cret@db/shop?sslpassword=x&a=b"),
            "postgres://app@db/shop?sslpassword=***HIDDEN***&a=b");
  EXPECT_EQ(shown_url("password='a b' host=db"), "password=***HIDDEN*** host=db");
  EXPECT_EQ(shown_url("host=db password=s3cret user=app"), "host=db password=***HIDDEN*** user=app");
}

}  // namespace
}  // namespace carrel
