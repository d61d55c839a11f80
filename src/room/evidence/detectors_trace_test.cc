// What saved traces lead to.
#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "room/evidence/detector_case.h"

namespace carrel {
namespace {

using ::testing::HasSubstr;

std::vector<Observation> traced(const std::string& json, const std::string& question) {
  Inventory inventory;
  Document file{"traces/trace.json", json, {}};
  file.find_lines();
  inventory.add(std::move(file));
  return detect(inventory, question);
}

std::string span(int id, int parent, const std::string& operation, int start, int duration,
                 const std::string& tags = "") {
  return fmt::format(
      R"({{"traceID":"t","spanID":"s{}","operationName":"{}","references":[{}],"startTime":{},"duration":{},)"
      R"("processID":"p1","tags":[{}]}})",
      id, operation, parent == 0 ? "" : fmt::format(R"({{"refType":"CHILD_OF","spanID":"s{}"}})", parent),
      start, duration, tags);
}

std::string jaeger(const std::string& spans) {
  return R"({"data":[{"traceID":"t","processes":{"p1":{"serviceName":"shop"}},"spans":[)" + spans + "]}]}";
}

const std::string statement =
    R"({"key":"db.statement","value":"SELECT * FROM line_items WHERE order_id = $1"})";

TEST(Traces, AQueryForEachRowIsTold) {
  std::string spans = span(1, 0, "GET /orders", 0, 4'000'000);
  for (int i = 0; i < 150; ++i)
    spans += "," + span(2 + i, 1, "SELECT", 10'000 + i * 20'000, 2'000, statement);
  const auto found = traced(jaeger(spans), "Why is the order page slow?");
  const Observation* one = find_by(found, "trace-repeated-call");
  ASSERT_NE(one, nullptr);
  EXPECT_THAT(one->cause,
              HasSubstr("GET /orders of service shop makes the same query again and again for one request, "
                        "once for each row: "));
  EXPECT_THAT(one->cause, HasSubstr("SELECT * FROM line_items"));
  EXPECT_EQ(find_by(found, "trace-slowest-call"), nullptr);
  EXPECT_EQ(one->culprit.name, "shop");
}

// As Tempo stores spans one by one; calls of another service, one after the other.
TEST(Traces, ACallForEachItemIsTold) {
  const auto cause = [](int calls) {
    std::string text = R"({"trace": {"spans": [{"spanId": "1", "parentSpanId": "", "service": "search",
        "name": "GET /find", "startTimeUnixNano": "1000000000", "durationMs": 3000})";
    for (int i = 0; i < calls; ++i)
      text += fmt::format(R"(,
        {{"spanId": "c{}", "parentSpanId": "1", "service": "search", "name": "GET /prices/{{id}}",
         "startTimeUnixNano": "{}", "durationMs": 50, "attributes": {{"http.status_code": 200}}}})",
                          i, 1'000'000'000LL + i * 55'000'000LL);
    const auto found = traced(text + "]}}", "Why does the search take seconds?");
    const Observation* one = find_by(found, "trace-repeated-call");
    return one == nullptr ? "" : one->cause;
  };
  EXPECT_EQ(cause(40),
            "GET /find of service search makes the same call again and again for one request, once for "
            "each item: GET /prices/{id} of service search.");
  EXPECT_EQ(cause(8), "");
}

TEST(Traces, OneThatWasPrintedIsCounted) {
  const auto cause = [](int rows, const std::string& question) {
    std::string text = "Trace 4be1 root: GET /listings duration: 3118.4ms\n";
    for (int i = 0; i < rows; ++i)
      text += fmt::format("{}ms  12.9ms  listings  SELECT price FROM rules WHERE listing_id = ?    rows={}\n",
                          i * 14, i % 3);
    const auto found = traced(text, question);
    const Observation* one = find_by(found, "trace-repeated-call");
    return one == nullptr ? "" : fmt::format("{:.2f} {}", one->weight, one->cause);
  };
  EXPECT_EQ(
      cause(40, "Why does /listings take 3 seconds?"),
      "0.82 One request runs the same query again and again, once for each row: SELECT price FROM rules "
      "WHERE listing_id = ?.");
  EXPECT_EQ(cause(10, "Why does /listings take 3 seconds?"), "");
}

TEST(Traces, TheCallThatTakesTheTimeIsTold) {
  const auto found = traced(
      jaeger(span(1, 0, "GET /checkout", 0, 4'000'000) + "," + span(2, 1, "POST /pay", 100'000, 3'800'000) +
             "," + span(3, 2, "charge", 200'000, 3'600'000) + "," + span(4, 1, "cart", 10'000, 50'000)),
      "Checkout takes 4 seconds. Why?");
  const Observation* one = find_by(found, "trace-slowest-call");
  ASSERT_NE(one, nullptr);
  EXPECT_THAT(
      one->cause,
      HasSubstr("Most of the time of GET /checkout of service shop goes into charge of service shop"));
  const auto own =
      traced(jaeger(span(1, 0, "GET /report", 0, 4'000'000) + "," + span(2, 1, "load", 0, 100'000)),
             "Why is the report slow?");
  ASSERT_NE(find_by(own, "trace-slowest-call"), nullptr);
  EXPECT_THAT(find_by(own, "trace-slowest-call")->cause,
              HasSubstr("spends its time in GET /report of service shop itself"));
}

TEST(Traces, WhomTheSlowCallCallsAndHowItFailedIsTold) {
  const auto found = traced(jaeger(span(1, 0, "POST /checkout", 0, 5'100'000) + "," +
                                   span(2, 1, "GET /v2/rate", 50'000, 5'000'000,
                                        R"({"key":"http.url","value":"http://tax.example:8443/v2/rate"},)"
                                        R"({"key":"error.message","value":"connect timeout after 5000ms"})")),
                            "Why is checkout slow?");
  const Observation* one = find_by(found, "trace-slowest-call");
  ASSERT_NE(one, nullptr);
  EXPECT_THAT(one->cause,
              HasSubstr("GET /v2/rate of service shop, a call to http://tax.example:8443/v2/rate: "
                        "connect timeout after 5000ms"));
}

TEST(Traces, AFastRequestAndOneOfManyPartsSayNothing) {
  EXPECT_EQ(find_by(traced(jaeger(span(1, 0, "GET /", 0, 90'000)), "Why is it slow?"), "trace-slowest-call"),
            nullptr);
  std::string spans = span(1, 0, "GET /", 0, 1'000'000);
  for (int i = 0; i < 5; ++i) spans += "," + span(2 + i, 1, fmt::format("part {}", i), i * 200'000, 200'000);
  EXPECT_EQ(find_by(traced(jaeger(spans), "Why is it slow?"), "trace-slowest-call"), nullptr);
}

TEST(Traces, TheFirstFailureOfOtlpIsTold) {
  const auto found = traced(
      R"({"batches":[{"resource":{"attributes":[{"key":"service.name","value":{"stringValue":"front"}}]},"scopeSpans":[{"spans":[
{"traceId":"a","spanId":"1","name":"GET /cart","startTimeUnixNano":"1000000000","endTimeUnixNano":"1500000000","status":{"code":"STATUS_CODE_ERROR"}}]}]},
{"resource":{"attributes":[{"key":"service.name","value":{"stringValue":"payments"}}]},"scopeSpans":[{"spans":[
{"traceId":"a","spanId":"2","parentSpanId":"1","name":"charge","startTimeUnixNano":"1100000000","endTimeUnixNano":"1400000000",
"status":{"code":2,"message":"card processor refused the certificate"}}]}]}]})",
      "Why do carts fail with errors?");
  const Observation* one = find_by(found, "trace-failed-call");
  ASSERT_NE(one, nullptr);
  EXPECT_EQ(one->culprit.name, "payments");
  EXPECT_THAT(one->cause, HasSubstr("card processor refused the certificate"));
}

TEST(Traces, OddOnesSayNothing) {
  // A span that calls itself, two that call each other, times that are none, no spans at all.
  for (const std::string& odd :
       {jaeger(span(1, 1, "a", 0, 900'000)),
        jaeger(span(1, 2, "a", 0, 900'000) + "," + span(2, 1, "b", 0, 900'000)),
        jaeger(span(1, 0, "a", -5, -900'000)), std::string(R"({"data":[{"spans":{}}],"batches":5})"),
        std::string(R"({"spans":[null,1,"x",{"duration":"long"}]})")}) {
    for (const Observation& one : traced(odd, "Is there a fault?")) EXPECT_LE(one.weight, 0.6) << one.cause;
  }
}

TEST(Traces, SpansThatWereStoredFlatAreRead) {
  const auto found = traced(
      R"({"traceID":"t","spans":[{"spanID":"1","parentSpanID":"","serviceName":"edge","operationName":"GET /basket",)"
      R"("startTimeUnixMs":1000,"durationMs":4391,"tags":{"http.status_code":200}},)"
      R"({"spanID":"2","parentSpanID":"1","serviceName":"rules","operationName":"redis","startTimeUnixMs":1029,)"
      R"("durationMs":4311,"tags":{"db.statement":"KEYS rules:*:7","net.peer.name":"redis-1"}}]})",
      "Why is the basket slow?");
  const Observation* one = find_by(found, "trace-slowest-call");
  ASSERT_NE(one, nullptr);
  EXPECT_EQ(
      one->cause,
      "Most of the time of GET /basket of service edge goes into KEYS rules:*:7 of service rules, a call to "
      "redis-1.");
}

TEST(Traces, ZipkinsListsOfSpansAreRead) {
  const std::string spans =
      R"([{"traceId":"t","id":"1","name":"get /orders","timestamp":1000000,"duration":3000000,"kind":"SERVER",)"
      R"("localEndpoint":{"serviceName":"shop"}},{"traceId":"t","id":"2","parentId":"1","name":"get /stock",)"
      R"("timestamp":1100000,"duration":2800000,"kind":"CLIENT","localEndpoint":{"serviceName":"shop"},)"
      R"("remoteEndpoint":{"serviceName":"stock"},"tags":{"error":"timeout after 2.8 s"}}])";
  for (const std::string& json : {spans, "[" + spans + "]"}) {
    const auto found = traced(json, "Why is the order page slow?");
    const Observation* one = find_by(found, "trace-slowest-call");
    ASSERT_NE(one, nullptr);
    EXPECT_THAT(one->cause,
                HasSubstr("goes into get /stock of service shop, a call to stock: timeout after 2.8 s"));
    EXPECT_NE(find_by(found, "trace-failed-call"), nullptr);
  }
}

}  // namespace
}  // namespace carrel
