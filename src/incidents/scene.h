// What a kind of fault has to work with: verbs that change a healthy world as such a fault would, and the
// label that says what was done.
//
//   void command_missing(Scene& s) {
//     Workload& w = s.victim();
//     const std::string program = ...;
//     w.container()["command"] = ...;
//     s.decide(s.fail_to_start(w, "StartError", message));
//     s.cause(w, "{0} cannot start: its command {1} is not in the image.", {program});
//     s.expect({program});
//   }
#pragma once

#include <string>
#include <vector>

#include "incidents/product.h"

namespace carrel::incidents {

// One line that a component writes. What it decides by is quoted in the label.
struct Say {
  Level level = Level::info;
  std::string text;
  bool decides = false;
};

struct Label {
  std::string cause;                             // the reference
  std::vector<std::string> right, wrong;         // other sentences, which the patterns accept and refuse
  std::vector<std::vector<std::string>> groups;  // regular expressions: one of each is in a right cause
  std::vector<std::string> missing;              // what an honest report says is not there
  std::vector<std::string> commands;
  std::string verdict = "fault";
  std::string question;
  std::string difficulty = "medium";
  std::string culprit_kind, culprit_space, culprit_name;
};

using Phrases = std::vector<std::string>;
using Runtimes = std::vector<Runtime>;
const Runtimes kDatabases = {Runtime::postgres, Runtime::mysql};

class Scene {
 public:
  explicit Scene(World* made) : world(*made), random(made->random), words(made->names.words()) {}

  World& world;
  Random& random;
  const Words& words;
  Label label;

  // --- words ---

  // One of the phrases of this split, with {0}, {1}, ... filled in. The two lists share no phrase.
  std::string phrase(const Phrases& training, const Phrases& testing, const Phrases& values = {});
  // Both lists of every call, for the test that holds them apart.
  struct Offered {
    Phrases training, testing;
  };
  const std::vector<Offered>& offered() const { return offered_; }

  // --- whom it happens to ---

  // A service of the product, of one of these runtimes. Others call it where the product is large enough.
  Workload& victim(const Runtimes& runtimes = {Runtime::go, Runtime::java, Runtime::python, Runtime::node});
  // Another service of the product than these.
  Workload& other(const std::vector<const Workload*>& than);
  // The product's data store, cache or broker of one of these runtimes, made where there is none, with a
  // service that calls it.
  Workload& backend(const Runtimes& runtimes);
  Workload& caller_of(const Workload& workload);
  Workload& front();  // the proxy in front of the product
  Node& worker();     // a node that pods of the product are on

  // --- what happens ---

  Millis ago(int minutes) const { return world.now - minutes * kMinute; }
  // Since the trouble began, as the component writes it.
  void say(Pod& pod, const Workload& workload, Millis at, const Say& line);
  void say(const std::string& file, const Speaker& speaker, Millis at, const Say& line);
  // `times` times between the beginning of the trouble and now.
  void repeat(Pod& pod, const Workload& workload, const Say& line, int times);
  void repeat(const std::string& file, const Speaker& speaker, const Say& line, int times);
  // The containers of all its pods end over and over, each time after these lines.
  void crash(Workload& workload, int exit_code, const std::vector<Say>& last_words,
             const std::string& reason = "Error");
  // They never start: what the kubelet waits for and why. Gives the message, of the first pod and of its
  // event.
  std::vector<Json*> hold(Workload& workload, const std::string& waiting, const std::string& message,
                          const std::string& event);
  // They were not placed on any node.
  std::vector<Json*> leave_pending(Workload& workload, const std::string& message);
  // They run but are not ready (since the trouble began).
  void unready(Workload& workload);
  // The message of an event about an object.
  Json& event(const std::string& kind, const std::string& space, const std::string& name,
              const std::string& reason, const std::string& message, int count = 1,
              const std::string& component = "kubelet", const std::string& type = "Warning");
  Json& event(const Workload& workload, const Pod& pod, const std::string& reason, const std::string& message,
              int count = 1);
  // The services that need this one log that it does not answer, and the proxy answers 502.
  void callers_fail(const Workload& workload);
  void node_lost(Node& node, const std::string& reason, const std::string& message);

  // --- objects ---

  Json& put(const std::string& place, const std::string& space, const std::string& name);
  Json& config_of(const Workload& workload);  // the data of its ConfigMap

  // --- the label ---

  void decide(Json& value) {
    if (value.mark == 0) value.mark = ++marks_;
  }
  void decide(const std::vector<Json*>& values) {
    for (Json* value : values) decide(*value);
  }
  // The reference, and further right answers; {0} is the workload, the values are {1} and on.
  void cause(const Workload& workload, const std::string& sentence, const Phrases& values = {},
             const Phrases& others = {});
  void culprit(const std::string& kind, const std::string& space, const std::string& name);
  // One of these has to be in a right cause. `names` are taken literally.
  void expect(std::vector<std::string> patterns) { label.groups.push_back(std::move(patterns)); }
  void expect_name(const std::vector<std::string>& names);
  void command(const std::string& text) { label.commands.push_back(text); }
  // What a user notices first, to ask about.
  void noticed(const Workload& workload) { noticed_ = workload.name; }
  const std::string& noticed_name() const { return noticed_; }

  // What is decided by in a log carries this.
  int new_mark() { return ++marks_; }
  bool troubled(const Workload& workload) const;

 private:
  void write(Log* log, const Speaker& speaker, Millis at, const Say& line);
  Workload& blamed(Workload& workload);

  std::vector<Offered> offered_;
  std::vector<std::string> troubled_;
  std::string noticed_;
  int marks_ = 0;
};

// A regular expression that the text alone matches.
std::string literal(const std::string& text);

// Patterns of what causes say, for expect().
namespace saying {
extern const std::vector<std::string> missing;      // does not exist, is not set, ...
extern const std::vector<std::string> unreachable;  // refused, timed out, down, ...
extern const std::vector<std::string> full;         // out of space, exhausted, ...
extern const std::vector<std::string> denied;       // forbidden, not allowed, ...
extern const std::vector<std::string> mismatch;     // wrong, differs, no match, ...
}  // namespace saying

}  // namespace carrel::incidents
