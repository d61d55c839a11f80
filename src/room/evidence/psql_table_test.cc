#include "room/evidence/psql_table.h"

#include <gtest/gtest.h>

namespace carrel {
namespace {

std::vector<PsqlTable> tables_of(const std::string& text) {
  static Document document;
  document = {"a.txt", text, {}};
  document.find_lines();
  return psql_tables(document);
}

TEST(PsqlTable, IsANamedRuledListOfRows) {
  const auto tables = tables_of(
      "-- SELECT 1\n name | count \n------+-------\n web  |    20 \n      |     6 \n(2 rows)\n\n "
      "max_connections \n"
      "-----------------\n 200\n(1 row)\n");
  ASSERT_EQ(tables.size(), 2u);
  EXPECT_EQ(tables[0].columns, (std::vector<std::string_view>{"name", "count"}));
  ASSERT_EQ(tables[0].rows.size(), 2u);
  EXPECT_EQ(tables[0].rows[0].line, 4u);
  EXPECT_EQ(tables[0].cell(tables[0].rows[0], "name"), "web");
  EXPECT_EQ(tables[0].cell(tables[0].rows[1], "name"), "");
  EXPECT_EQ(tables[0].cell(tables[0].rows[1], "count"), "6");
  EXPECT_EQ(tables[0].cell(tables[0].rows[1], "other"), "");
  EXPECT_FALSE(tables[0].has("other"));
  ASSERT_EQ(tables[1].rows.size(), 1u);
  EXPECT_EQ(tables[1].cell(tables[1].rows[0], "max_connections"), "200");
}

TEST(PsqlTable, WhatIsCutOrNoTableHasNoRows) {
  for (const char* const text :
       {"", "-----\n", "a | b\n---\n1 | 2\n", "a | b\n---+---\n", "a\n--\n", "--+--\n--+--\n",
        "a | b\n---+---\n1 | 2 | 3\n4 | 5\n", "a | b\n---+---\n\n1 | 2\n"}) {
    for (const PsqlTable& table : tables_of(text)) EXPECT_TRUE(table.rows.empty()) << text;
  }
}

TEST(PsqlTable, ARowMayBeEmptyAtBothEnds) {
  const auto tables = tables_of(" a | b | c \n---+---+---\n   | x |   \n 1 | 2 | 3 \n(2 rows)\n");
  ASSERT_EQ(tables.size(), 1u);
  ASSERT_EQ(tables[0].rows.size(), 2u);
  EXPECT_EQ(tables[0].cell(tables[0].rows[0], "a"), "");
  EXPECT_EQ(tables[0].cell(tables[0].rows[0], "b"), "x");
  EXPECT_EQ(tables[0].cell(tables[0].rows[1], "c"), "3");
}

TEST(PsqlTable, OfMysqlHasBordersAllAround) {
  const auto tables = tables_of(
      "mysql> SHOW INDEX FROM t;\n+-------+----------+\n| Table | Key_name |\n+-------+----------+\n| t     "
      "| PRIMARY  |\n"
      "| t     |          |\n+-------+----------+\n2 rows in set\n\n+---+\n| a |\n+---+\n| 1 |\n+---+\n");
  ASSERT_EQ(tables.size(), 2u);
  EXPECT_EQ(tables[0].columns, (std::vector<std::string_view>{"Table", "Key_name"}));
  ASSERT_EQ(tables[0].rows.size(), 2u);
  EXPECT_EQ(tables[0].cell(tables[0].rows[0], "Key_name"), "PRIMARY");
  EXPECT_EQ(tables[0].cell(tables[0].rows[1], "Key_name"), "");
  ASSERT_EQ(tables[1].rows.size(), 1u);
  EXPECT_EQ(tables[1].cell(tables[1].rows[0], "a"), "1");
}

}  // namespace
}  // namespace carrel
