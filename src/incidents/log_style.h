// How components write a line of their log: the same message in the form of Go's zap or slog, Java's Logback,
// PostgreSQL, the kubelet, and so on.
#pragma once

#include <string>

#include "incidents/clock.h"

namespace carrel::incidents {

enum class Style {
  zap,        // {"level":"error","ts":"...","caller":"...","msg":"..."}
  slog,       // time=... level=ERROR msg="..."
  logrus,     // time="..." level=error msg="..."
  go_plain,   // 2024/05/14 07:05:41 ...
  klog,       // E0514 07:05:41.123456       1 main.go:88] ...
  logback,    // 2024-05-14 07:05:41.123 ERROR 1 --- [main] c.e.Orders : ...
  logstash,   // {"@timestamp":"...","level":"ERROR","logger_name":"...","message":"..."}
  log4j,      // [2024-05-14 07:05:41,123] ERROR ... (kafka.server.KafkaServer)
  python,     // 2024-05-14 07:05:41,123 ERROR name: ...
  gunicorn,   // [2024-05-14 07:05:41 +0000] [7] [ERROR] ...
  structlog,  // {"event":"...","level":"error","timestamp":"..."}
  pino,       // {"level":50,"time":1715670341123,"pid":1,"msg":"..."}
  winston,    // 2024-05-14T07:05:41.123Z error: ...
  postgres,   // 2024-05-14 07:05:41.123 UTC [77] ERROR:  ...
  mysql,      // 2024-05-14T07:05:41.123456Z 7 [ERROR] [MY-010119] [Server] ...
  redis,      // 1:M 14 May 2024 07:05:41.123 # ...
  rabbitmq,   // 2024-05-14 07:05:41.123456+00:00 [error] <0.77.0> ...
  nginx,      // 2024/05/14 07:05:41 [error] 7#7: *5 ...
  coredns,    // [ERROR] plugin/errors: ...
  etcd,       // {"level":"warn","ts":"...","caller":"etcdserver/util.go:170","msg":"..."}
  syslog,     // May 14 07:05:41 worker-a kubelet[812]: ...
  kernel,     // [1234567.123456] ...
  bare,       // the message as it is
};

// `raw`: a line that is written past the logger (a panic, a stack trace, output of a shell).
enum class Level { debug, info, warn, error, fatal, raw };

struct Speaker {
  Style style = Style::bare;
  std::string name;        // logger, host or unit, as the style has it
  std::uint64_t salt = 0;  // process ids and source lines that stay the same for one speaker
};

// What stands in the log.
std::string log_line(const Speaker& speaker, Millis at, Level level, const std::string& message);

// The message as the style writes it (escaped, where that is JSON or in quotes).
std::string as_written(Style style, Level level, const std::string& message);

}  // namespace carrel::incidents
