#include "room/bundle/text_format.h"

#include <gtest/gtest.h>

namespace carrel {
namespace {

TEST(TextFormat, IsToldByHowATextBegins) {
  for (const auto& [head, format] : {
           std::pair{"NAME    READY   STATUS    RESTARTS   AGE\napi-0   1/1     Running   0          3d\n",
                     TextFormat::kubectl},
           std::pair{"$ kubectl get ns\nNAME      STATUS   AGE\ndefault   Active   9d\n",
                     TextFormat::kubectl},
           std::pair{"LAST SEEN   TYPE      REASON   OBJECT   MESSAGE\n", TextFormat::kubectl},
           std::pair{"Name:         api-0\nNamespace:    shop\n", TextFormat::kubectl},
           std::pair{"apiVersion: v1\nitems: []\nkind: List\n", TextFormat::objects},
           std::pair{"---\nkind: Pod\n", TextFormat::objects},
           std::pair{"{\n  \"apiVersion\": \"v1\",\n  \"kind\": \"List\"\n}\n", TextFormat::objects},
           std::pair{"__CURSOR=s=1\nMESSAGE=x\n", TextFormat::journal_export},
           std::pair{"{\"MESSAGE\":\"x\",\"__REALTIME_TIMESTAMP\":\"1\"}\n", TextFormat::journal_json},
           std::pair{"-- Logs begin at Mon 2025-01-06. --\n", TextFormat::journal_text},
           std::pair{"Jun 12 10:00:00 host kubelet[812]: started\n", TextFormat::journal_text},
           std::pair{"Jun  2 10:00:00 host kernel: up\n", TextFormat::journal_text},
           std::pair{"{\"log\":\"x\\n\",\"stream\":\"stdout\",\"time\":\"2025-01-01T00:00:00Z\"}\n",
                     TextFormat::docker_json},
       }) {
    EXPECT_EQ(text_format(head), format) << head;
  }
}

TEST(TextFormat, OtherTextIsPlain) {
  for (const char* head : {"", "NAME", "NAMES of the files:\n", "Name: Bob\n", "Name:  x\nAge: 3\n",
                           "{\"log\":\"x\"}\n", "{}", "Jun 12 was a day\n", "June 12 10:00:00 x y: z\n",
                           "kindly\n", "__CURSOR\n", "$ ", "log stream time\n"}) {
    EXPECT_EQ(text_format(head), TextFormat::plain) << head;
  }
}

TEST(TextFormat, ALogStaysALog) {
  using Kind = TextFile::Kind;
  EXPECT_EQ(kind_of_content(Kind::previous_log, "NAME   READY\n"), Kind::previous_log);
  EXPECT_EQ(kind_of_content(Kind::other, "NAME   READY\n"), Kind::tool_output);
  EXPECT_EQ(kind_of_content(Kind::structured, "{\"log\":\"\",\"stream\":\"\",\"time\":\"\"}\n"), Kind::log);
  EXPECT_EQ(kind_of_content(Kind::tool_output, "-- Journal begins at x\n"), Kind::log);
  EXPECT_EQ(kind_of_content(Kind::other, "some text\n"), Kind::other);
  // The answer of a log store that is saved under the name of a log, and a log of JSON lines that begin
  // alike.
  EXPECT_EQ(kind_of_content(Kind::log, "{\n \"data\": [\n  {\n \"attributes\": {"), Kind::structured);
  EXPECT_EQ(kind_of_content(Kind::log,
                            "{\"status\":\"success\",\"data\":{\"resultType\":\"streams\",\"result\":[]}}"),
            Kind::structured);
  EXPECT_EQ(kind_of_content(Kind::log, "{\"data\":1,\"msg\":\"one line alone\"}\n"), Kind::log);
  EXPECT_EQ(kind_of_content(Kind::log, "{\"took\":5,\"hits\":{\"hits\":[]}}\n"), Kind::structured);
  EXPECT_EQ(kind_of_content(Kind::log, "{\"data\":1}\n{\"data\":2}\n"), Kind::log);
  EXPECT_EQ(kind_of_content(Kind::previous_log, "{\n \"data\": [\n"), Kind::previous_log);
}

}  // namespace
}  // namespace carrel
