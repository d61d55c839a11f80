// Programs that end by themselves: bad configuration, panics, exceptions.
#include <fmt/format.h>

#include "incidents/kind.h"

namespace carrel::incidents {
namespace {

void env_missing(Scene& s) {
  Workload& w = s.victim();
  const std::string key = s.world.names.key();
  const std::string text = s.phrase(
      {"required environment variable {0} is not set", "config error: {0} must be set",
       "missing required setting {0}", "environment variable {0} is empty or undefined, cannot continue"},
      {"no value for {0} in the environment, exiting", "{0} has not been provided",
       "startup aborted: expected {0} to be defined", "mandatory parameter {0} absent"},
      {key});
  s.crash(w, 1, {{Level::info, "initialising"}, {Level::fatal, text, true}});
  s.callers_fail(w);
  s.cause(w, "{0} crashes at start because the environment variable {1} is not set.", {key},
          {"The setting {1} is missing from the environment of {0}, so it exits."});
  s.expect_name({key});
  s.expect(saying::missing);
}

void config_invalid(Scene& s) {
  Workload& w = s.victim();
  const std::string file = s.phrase({"config.yaml", "application.yml", "settings.yaml"},
                                    {"service.yml", "runtime.yaml", "options.yml"});
  const int line = s.random.between(3, 60);
  s.config_of(w)[file] = "server:\n  port: 8080\n   workers: 4\n";
  const std::string text =
      s.phrase({"cannot load /etc/app/{0}: yaml: line {1}: mapping values are not allowed in this context",
                "failed to parse {0}: yaml: line {1}: did not find expected key",
                "invalid configuration in {0}: while scanning a simple key, line {1}"},
               {"reading {0} failed: bad indentation of a mapping entry at line {1}",
                "{0}:{1}: syntax error: expected <block end>, but found '<block mapping start>'",
                "could not decode {0}: unexpected token at line {1}"},
               {file, std::to_string(line)});
  s.crash(w, 2, {{Level::info, "reading configuration"}, {Level::fatal, text, true}});
  s.callers_fail(w);
  s.cause(w, "{0} crashes at start: its configuration file {1} is not valid YAML.", {file},
          {"{1} of {0} has a syntax error and cannot be parsed."});
  s.expect_name({file, w.name});
  s.expect({"yaml", "pars", "syntax", "invalid", "not valid", "indentation", "decode", "malformed",
            "configuration", "scanning", "mapping"});
}

void value_invalid(Scene& s) {
  Workload& w = s.victim();
  const std::string key = s.world.names.key();
  const std::string value =
      s.phrase({"ten", "yes please", "8O80", "5 minutes"}, {"many", "tru", "1O0", "half"});
  s.config_of(w)[key] = value;
  s.decide(s.config_of(w)[key]);
  const std::string text =
      s.phrase({"invalid value for {0}: strconv.Atoi: parsing \"{1}\": invalid syntax",
                "cannot convert {0}=\"{1}\" to a number", "{0} has the illegal value '{1}'"},
               {"{0}: '{1}' is not an integer", "value '{1}' of {0} was rejected by the validator",
                "could not interpret {0} ('{1}')"},
               {key, value});
  s.crash(w, 1, {{Level::info, "reading settings"}, {Level::fatal, text, true}});
  s.callers_fail(w);
  s.cause(w, "{0} exits at start because the value \"{2}\" of {1} in its ConfigMap cannot be parsed.",
          {key, value}, {"{1} is set to {2}, which is invalid."});
  s.expect_name({key, value});
  s.expect({"invalid", "illegal", "pars", "convert", "not an? (integer|number|valid)", "reject", "interpret",
            "wrong"});
}

void unknown_flag(Scene& s) {
  Workload& w = s.victim({Runtime::go, Runtime::python, Runtime::node});
  const std::string flag = "--" + s.random.pick(s.words.flags);
  w.container()["args"] = Json::array({"serve", flag + "=true"});
  s.decide(w.container()["args"].at(1));
  const std::string text = w.runtime == Runtime::go ? "flag provided but not defined: " + flag.substr(1)
                           : w.runtime == Runtime::python
                               ? fmt::format("{}: error: unrecognized arguments: {}=true", w.name, flag)
                               : fmt::format("error: unknown option '{}=true'", flag);
  s.crash(w, 2, {{Level::raw, text, true}, {Level::raw, fmt::format("Usage of /app/{}:", w.name)}});
  s.callers_fail(w);
  s.cause(w, "{0} exits at once because its command line has the flag {1}, which this version does not know.",
          {flag}, {"{0} is started with the unrecognized argument {1}."});
  s.expect_name({flag.substr(2)});
  s.expect({"flag", "option", "argument", "unknown", "unrecogni", "not defined"});
}

void go_panic(Scene& s) {
  Workload& w = s.victim({Runtime::go});
  const std::string file = s.random.pick(s.words.classes);
  std::string lower;
  for (const char c : file) lower += static_cast<char>(c >= 'A' && c <= 'Z' ? c + 32 : c);
  const int line = s.random.between(20, 400);
  const std::string what = s.phrase(
      {"panic: runtime error: invalid memory address or nil pointer dereference",
       "panic: runtime error: index out of range [3] with length 3", "panic: assignment to entry in nil map"},
      {"panic: interface conversion: interface {} is nil, not string", "panic: close of closed channel",
       "panic: runtime error: slice bounds out of range [:9] with capacity 4"});
  s.crash(w, 2,
          {{Level::info, "loading"},
           {Level::raw, what, true},
           {Level::raw, "goroutine 1 [running]:"},
           {Level::raw, fmt::format("main.(*{}).Load(0x0)\n\t/src/{}.go:{} +0x1d", file, lower, line)},
           {Level::raw, "main.main()\n\t/src/main.go:41 +0x2b5"}});
  s.callers_fail(w);
  s.cause(w, "{0} crashes with a Go panic in {1}.go: {2}.", {lower, what.substr(7)},
          {"A panic ({2}) ends {0} at start."});
  s.expect_name({w.name, lower, file});
  s.expect({"panic", literal(what.substr(7, 30))});
}

void java_exception(Scene& s) {
  Workload& w = s.victim({Runtime::java});
  const std::string bean = s.random.pick(s.words.classes);
  const std::string why = s.phrase({"java.lang.IllegalStateException: no active profile for {0}",
                                    "java.lang.NullPointerException: Cannot invoke "
                                    "\"java.util.Map.get(Object)\" because \"{0}.rules\" is null",
                                    "java.lang.ClassNotFoundException: com.example.{0}Driver"},
                                   {"java.lang.IllegalArgumentException: {0} was given an empty rule set",
                                    "java.lang.NoSuchMethodError: 'void com.example.{0}.init(int)'",
                                    "java.lang.UnsupportedOperationException: {0} cannot be frozen twice"},
                                   {bean});
  s.crash(w, 1,
          {{Level::info, "Starting application using Java 17"},
           {Level::fatal, "Application run failed"},
           {Level::raw, fmt::format("org.springframework.beans.factory.BeanCreationException: Error creating "
                                    "bean with name '{}': Invocation of init method failed",
                                    bean)},
           {Level::raw,
            "\tat "
            "org.springframework.beans.factory.support.AbstractAutowireCapableBeanFactory.initializeBean("
            "AbstractAutowireCapableBeanFactory.java:1804)"},
           {Level::raw, "Caused by: " + why, true},
           {Level::raw,
            fmt::format("\tat com.example.{}.init({}.java:{})", bean, bean, s.random.between(20, 300))},
           {Level::raw, "\t... 21 more"}});
  s.callers_fail(w);
  s.cause(w, "{0} fails to start: bean {1} throws {2}.", {bean, why},
          {"An exception in {1} ({2}) ends {0}."});
  s.expect_name({w.name, bean});
  s.expect({literal(why.substr(0, why.find(':'))), literal(why.substr(10, why.find(':') - 10)),
            literal(why.substr(why.find(':') + 2, 40))});
}

void python_traceback(Scene& s) {
  Workload& w = s.victim({Runtime::python});
  const std::string name = s.random.pick(s.words.tables);
  const std::string what = s.phrase({"KeyError: '{0}'", "ModuleNotFoundError: No module named '{0}'",
                                     "TypeError: unsupported operand type(s) for +: 'int' and 'NoneType'"},
                                    {"AttributeError: 'NoneType' object has no attribute '{0}'",
                                     "ImportError: cannot import name '{0}' from 'core'",
                                     "ValueError: not enough values to unpack (expected 2, got 1)"},
                                    {name});
  s.crash(w, 1,
          {{Level::info, "boot"},
           {Level::raw, "Traceback (most recent call last):"},
           {Level::raw, fmt::format("  File \"/app/main.py\", line {}, in <module>\n    run()",
                                    s.random.between(10, 90))},
           {Level::raw, fmt::format("  File \"/app/{}.py\", line {}, in run\n    return handler(context)",
                                    name, s.random.between(10, 400))},
           {Level::raw, what, true}});
  s.callers_fail(w);
  s.cause(w, "{0} ends with an unhandled Python exception at start: {1}.", {what},
          {"A traceback ends {0}: {1}"});
  s.expect_name({w.name});
  s.expect({literal(what.substr(0, what.find(':'))), literal(what)});
}

void node_exception(Scene& s) {
  Workload& w = s.victim({Runtime::node});
  const std::string name = s.random.pick(s.words.tables);
  const std::string what = s.phrase(
      {"Error: Cannot find module './{0}'", "TypeError: Cannot read properties of undefined (reading '{0}')",
       "ReferenceError: {0} is not defined"},
      {"SyntaxError: Unexpected token '<' in {0}", "TypeError: {0}.map is not a function",
       "RangeError: Invalid array length in {0}"},
      {name});
  s.crash(w, 1,
          {{Level::info, "loading modules"},
           {Level::raw,
            "node:internal/process/esm_loader:97\n    internalBinding('errors').triggerUncaughtException("},
           {Level::raw, what, true},
           {Level::raw,
            fmt::format("    at Object.<anonymous> (/app/{}.js:{}:17)", name, s.random.between(3, 200))},
           {Level::raw, "Node.js v20.11.1"}});
  s.callers_fail(w);
  s.cause(w, "{0} ends with an uncaught exception at start: {1}.", {what}, {"Node.js of {0} throws {1}"});
  s.expect_name({w.name});
  s.expect({literal(what.substr(0, what.find(':'))), literal(what.substr(what.find(':') + 2))});
}

void folder_not_writable(Scene& s) {
  Workload& w = s.victim();
  const std::string folder = s.random.pick(s.words.folders);
  w.spec["securityContext"]["runAsUser"] = 1000;
  w.spec["securityContext"]["runAsNonRoot"] = true;
  const std::string text =
      s.phrase({"open {0}/lock: permission denied", "mkdir {0}/tmp: permission denied",
                "[Errno 13] Permission denied: '{0}/state'"},
               {"EACCES: permission denied, open '{0}/journal'",
                "java.nio.file.AccessDeniedException: {0}/index", "cannot create {0}/pid: Permission denied"},
               {folder});
  s.crash(w, 1, {{Level::info, "preparing storage"}, {Level::fatal, text, true}});
  s.callers_fail(w);
  s.cause(w, "{0} crashes because it runs as user 1000, who may not write to {1}: permission denied.",
          {folder}, {"Permission denied on {1}: the process of {0} is not its owner."});
  s.expect_name({folder, w.name});
  s.expect({"permission", "access ?denied", "EACCES", "may not write", "not writable"});
}

void port_in_use(Scene& s) {
  Workload& w = s.victim();
  const std::string port = std::to_string(w.port);
  const std::string text = w.runtime == Runtime::go
                               ? fmt::format("listen tcp :{}: bind: address already in use", port)
                           : w.runtime == Runtime::java
                               ? fmt::format("Web server failed to start. Port {} was already in use.", port)
                           : w.runtime == Runtime::node
                               ? fmt::format("Error: listen EADDRINUSE: address already in use :::{}", port)
                               : fmt::format(
                                     "[Errno 98] error while attempting to bind on address ('0.0.0.0', {}): "
                                     "address already in use",
                                     port);
  Json sidecar = Json::object({{"name", s.phrase({"metrics-proxy", "envoy", "log-shipper"},
                                                 {"mesh-agent", "auth-proxy", "stats-exporter"})},
                               {"image", s.world.registry + "/infra/sidecar:1.4.0"}});
  const std::string name = sidecar["name"].text();
  sidecar["args"] = Json::array({"--listen=:" + port});
  s.decide(sidecar["args"].at(0));
  w.spec["containers"].add(std::move(sidecar));
  s.crash(w, 1, {{Level::info, "starting server"}, {Level::fatal, text, true}});
  s.callers_fail(w);
  s.cause(w, "{0} cannot bind port {1}: it is already in use, by the sidecar {2} of the same pod.",
          {port, name}, {"Port {1} is taken already when {0} starts."});
  s.expect_name({port});
  s.expect({"in use", "taken", "conflict", "EADDRINUSE", "occupied", "same port"});
}

void segfault(Scene& s) {
  Workload& w = s.victim();
  const std::string library =
      s.phrase({"libcrypto.so.3", "libimage.so.2"}, {"libtensor.so.1", "libcodec.so.9"});
  s.crash(w, 139, {{Level::info, "loading native code"}, {Level::info, "model loaded"}}, "Error");
  for (Pod& pod : w.pods) s.decide(pod.last_state["terminated"]["exitCode"]);
  const std::string node = w.pods.front().node;
  s.repeat(
      "host-logs/" + node + "/dmesg.log", {Style::kernel, node, 1},
      {Level::info,
       fmt::format(
           "{}[{}]: segfault at 18 ip 00007f3a1c0d3a10 sp 00007ffd9c0 error 4 in {}[7f3a1c000000+1a2000]",
           w.name.substr(0, 15), s.random.between(10000, 90000), library),
       true},
      3);
  s.callers_fail(w);
  s.cause(w, "{0} ends with a segmentation fault (exit code 139) in the native library {1}.", {library},
          {"A segfault in {1} kills {0}."});
  s.expect_name({w.name, library});
  s.expect({"seg(mentation )?fault", "SIGSEGV", "139"});
}

void licence_expired(Scene& s) {
  Workload& w = s.victim();
  const std::string day = time_text(s.world.trouble - kDay, "%Y-%m-%d");
  s.crash(w, 3,
          {{Level::info, "checking licence"},
           {Level::fatal,
            s.phrase({"license expired on {0}, refusing to start"},
                     {"the entitlement ended on {0}: product is locked"}, {day}),
            true}});
  s.callers_fail(w);
  s.cause(w, "{0} refuses to start because its licence expired on {1}.", {day},
          {"The license of {0} has ended."});
  s.expect_name({w.name, day});
  s.expect({"licen[cs]e", "entitlement"});
}

}  // namespace

Kinds crash_kinds() {
  return {
      {"env-missing", "crashloop", "a required environment variable is not set", env_missing},
      {"config-invalid", "crashloop", "a configuration file cannot be parsed", config_invalid},
      {"value-invalid", "crashloop", "a value of a ConfigMap cannot be parsed", value_invalid},
      {"flag-unknown", "crashloop", "the command line has a flag that the program does not know",
       unknown_flag},
      {"panic-go", "crashloop", "a panic in Go", go_panic},
      {"exception-java", "crashloop", "an exception in Java at start", java_exception},
      {"exception-python", "crashloop", "a traceback in Python", python_traceback},
      {"exception-node", "crashloop", "an uncaught exception in Node.js", node_exception},
      {"folder-not-writable", "crashloop", "the process may not write to its folder", folder_not_writable},
      {"port-in-use", "crashloop", "two containers of a pod want one port", port_in_use},
      {"segfault", "crashloop", "a native library crashes", segfault, true},
      {"licence-expired", "crashloop", "the program's licence has ended", licence_expired, true},
  };
}

}  // namespace carrel::incidents
