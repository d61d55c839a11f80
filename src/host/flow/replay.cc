#include "host/flow/replay.h"

#include <set>

#include <fmt/format.h>

#include "base/read_value.h"

namespace carrel {

Result<RunRequest> replay_request(const RunRow& run, Playbook playbook, const Settings& here,
                                  const std::string& rooms, const ReplayWish& wish) {
  static const std::set<std::string, std::less<>> of_this_machine = {
      "data", "rooms", "tenant", "key-command", "passphrase", "key", "bundle-key-command"};
  auto recorded = read_json(run.settings);
  if (!recorded || !recorded->is(Value::Kind::object))
    return Error{Code::bad_input, fmt::format("the settings of run {} cannot be read", run.id), ""};
  RunRequest request{
      std::move(playbook), wish.input.empty() ? run.input : wish.input, run.question, Settings(), rooms,
      run.tenant};
  const std::string place = fmt::format("{} of {}", wish.place, run.id);
  for (const auto& [name, setting] : recorded->members) {
    if (of_this_machine.contains(name)) continue;
    if (Status done = request.settings.set(name, std::string(setting["value"].text()), Source::flag, place);
        !done)
      return std::move(done.error()).in("run " + run.id);
  }
  for (const std::string& name : of_this_machine) {
    if (Status done = request.settings.set(name, here.text(name), here.source(name), name); !done)
      return done.error();
  }
  if (!wish.model.empty()) {
    if (Status done = request.settings.set("model", wish.model, Source::flag, "--model"); !done)
      return done.error();
  }
  return request;
}

}  // namespace carrel
