#include "collect/metrics/prometheus.h"

#include <gtest/gtest.h>

namespace carrel {
namespace {

TEST(Prometheus, ReadsAnAddress) {
  PrometheusOptions options;
  ASSERT_TRUE(set_url("http://prom.example:9090/base/", &options));
  EXPECT_EQ(options.server.host, "prom.example");
  EXPECT_EQ(options.server.port, 9090);
  EXPECT_EQ(options.path, "/base");
  ASSERT_TRUE(set_url("http://[::1]:9090", &options));
  EXPECT_EQ(options.server.host, "::1");
  ASSERT_TRUE(set_url("http://[::1]", &options));
  EXPECT_EQ(options.server.port, 80);
  for (const char* const wrong :
       {"https://prom", "prom:9090", "http://", "http://a:b", "http://a:99999", "http://u@a", "http://a/x?y"})
    EXPECT_FALSE(set_url(wrong, &options)) << wrong;
}

TEST(Prometheus, ReadsQueries) {
  const auto queries = read_queries("# load\ncpu: sum(rate(x[5m])) by (pod)\n\n  job:up:sum{a=\"b: c\"}\n");
  ASSERT_TRUE(queries);
  ASSERT_EQ(queries->size(), 2u);
  EXPECT_EQ((*queries)[0].name, "cpu");
  EXPECT_EQ((*queries)[0].expression, "sum(rate(x[5m])) by (pod)");
  EXPECT_EQ((*queries)[1].name, "query-4");
  EXPECT_EQ((*queries)[1].expression, "job:up:sum{a=\"b: c\"}");
  EXPECT_FALSE(read_queries("a: x\na: y\n"));
}

TEST(Prometheus, ASeriesHasNoMoreThan250Points) {
  EXPECT_EQ(step_seconds(60), 15u);
  EXPECT_EQ(step_seconds(250 * 15), 15u);
  EXPECT_EQ(step_seconds(250 * 15 + 1), 16u);
}

}  // namespace
}  // namespace carrel
