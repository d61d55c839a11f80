// Runs `carrel` as a user would, with a home of its own.
#pragma once

#include <functional>
#include <string>
#include <vector>

#include <gtest/gtest.h>
#include <rapidjson/document.h>
#include <sys/types.h>

namespace carrel::e2e {

struct Outcome {
  int status = -1;  // exit status; 128 + signal where a signal ended it
  std::string out, err;
};

class Scratch : public testing::Test {
 protected:
  Scratch();
  ~Scratch() override;

  // Runs carrel with these arguments, HOME in the scratch folder and the variables given ("NAME=value").
  Outcome carrel(const std::vector<std::string>& arguments,
                 const std::vector<std::string>& variables = {}) const;
  // Any program, likewise.
  Outcome run(const std::vector<std::string>& words, const std::vector<std::string>& variables = {}) const;
  // Starts carrel and calls `meanwhile` with its process id; then waits for it.
  Outcome carrel_while(const std::vector<std::string>& arguments,
                       const std::function<void(pid_t)>& meanwhile) const;
  // Whether all that was started here has ended, at the latest within five seconds: a room outlives a killed
  // carrel by the moment its own kill takes. Orphans come to this process, so no other test's rooms are seen.
  static bool nothing_left_running();

  std::string file(const std::string& name, const std::string& bytes) const;
  static std::string read(const std::string& path);
  // A model file of random weights.
  // `prompt_version`: of Carrel's own prompt, that the file claims to know; 0: it is a model like any.
  // `temperature`: what it recommends; negative: nothing.
  std::string tiny_model(std::uint32_t prompt_version = 0, double temperature = -1) const;

  std::string folder_;
};

inline const std::string example = CARREL_SOURCE_DIR "/examples/customer-123.tar.gz";

// The output of a run with --json.
rapidjson::Document json_of(const Outcome& outcome);

}  // namespace carrel::e2e
