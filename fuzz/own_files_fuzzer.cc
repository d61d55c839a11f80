// Files that a person, a colleague or another program wrote, and Carrel reads on the host.
// links: host/playbook host/settings host/eval host/probe host/models collect/redact
//
// Whatever is in them, they are read or refused. The first byte chooses what the rest is.
#include <filesystem>
#include <string>
#include <string_view>

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/fd.h"
#include "collect/redact/rules.h"
#include "expect.h"
#include "host/eval/case.h"
#include "host/eval/evaluation.h"
#include "host/models/model_list.h"
#include "host/models/pull_source.h"
#include "host/models/stores.h"
#include "host/playbook/playbook.h"
#include "host/probe/probe_record.h"
#include "host/settings/settings.h"
#include "record/calibration.h"
#include "record/report.h"

namespace {

using namespace carrel;
namespace fs = std::filesystem;

// A folder in memory, gone with the program.
class Folder {
 public:
  Folder() {
    std::string pattern = "/dev/shm/carrel-fuzz-XXXXXX";
    expect(::mkdtemp(pattern.data()) != nullptr);
    path_ = pattern;
    for (const char* const below : {"playbook/prompts", "cases", "data/probes", "data/models"})
      fs::create_directories(path_ + "/" + below);
    write("playbook/prompts/first.md", "Say what is wrong.\n");
    write("playbook/answer.schema.json",
          R"({"type":"object","properties":{"root_cause":{"type":"string"}}})");
  }
  ~Folder() { fs::remove_all(path_); }
  std::string write(const std::string& name, std::string_view bytes) const {
    const std::string path = path_ + "/" + name;
    const Fd file(::open(path.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600));
    expect(file.valid() && write_all(file.get(), bytes));
    return path;
  }
  const std::string& path() const { return path_; }

 private:
  std::string path_;
};

void expect_told(const Error& error) {
  expect(!error.what.empty());
}

void read_settings(const std::string& file) {
  Settings settings;
  for (const Source source : {Source::user_file, Source::project_file}) {
    if (const Status read = settings.load_file(file, source); !read) expect_told(read.error());
  }
  (void)settings.to_json();
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const unsigned char* data, std::size_t size) {
  static const Folder folder;
  if (size == 0) return 0;
  const std::string text(reinterpret_cast<const char*>(data) + 1, size - 1);
  const auto none = [](const char*) -> const char* { return nullptr; };
  std::vector<Mistake> mistakes;
  switch (data[0] % 9) {
    case 0:
      folder.write("playbook/playbook.yaml", text);
      if (const auto playbook = load_playbook(folder.path() + "/playbook", setting_mistake); !playbook)
        expect_told(playbook.error());
      break;
    case 1:
      read_settings(folder.write("carrel.yaml", text));
      break;
    case 2:
      folder.write("cases/cases.json", text);
      if (const auto cases = load_cases(folder.path() + "/cases", {}); !cases) expect_told(cases.error());
      break;
    case 3:
      if (const auto read = parse_calibration(text, &mistakes)) {
        expect(static_cast<bool>(parse_calibration(to_json(*read), &mistakes)));
      } else {
        expect(!mistakes.empty());
      }
      break;
    case 4:
      (void)parse_evaluation(text);
      break;
    case 5:
      if (const auto report = report_from_json(text))
        expect(static_cast<bool>(report_from_json(to_json(*report))));
      break;
    case 6:
      (void)read_redaction_rules("rules.yaml", text);
      break;
    case 7: {
      const std::string configuration(64, 'a');
      folder.write("data/probes/" + configuration + ".json", text);
      (void)find_probe_record(folder.path() + "/data", configuration);
      break;
    }
    default:
      (void)parse_pull_source(text, false, none);
      (void)model_name_of(text);
      (void)why_not_a_model(text);
  }
  return 0;
}
