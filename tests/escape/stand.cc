#include "tests/escape/stand.h"

#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <sstream>
#include <thread>

#include <fcntl.h>
#include <fmt/format.h>
#include <grp.h>
#include <sched.h>
#include <stdlib.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "host/walls/namespace_wall.h"
#include "record/codec.h"

namespace carrel::escape {
namespace {

namespace fs = std::filesystem;
constexpr unsigned ordinary_user = 61'234;  // an id that no distribution hands out

[[noreturn]] void give_up(const std::string& what) {
  std::fprintf(stderr, "the stand for the escape tests cannot be made: %s\n", what.c_str());
  std::abort();
}

// Files that everybody may reach, gone when the test program ends.
class Place {
 public:
  Place() {
    std::string pattern = (fs::temp_directory_path() / "carrel-escape-XXXXXX").string();
    if (::mkdtemp(pattern.data()) == nullptr) give_up("no temporary folder");
    path_ = pattern;
    open_to_all(path_);
    add_root("static", "probe", ESCAPE_PROBE, {});
    add_root("dynamic", "probe", ESCAPE_PROBE_DYNAMIC, libraries_of(ESCAPE_PROBE_DYNAMIC));
    add_root("probe", "carrel-probe", CARREL_PROBE, {});
    fs::create_symlink("carrel-probe", path_ / "probe" / "carrel-read");
    // A root that everybody may write to, so that what keeps a room from it is that it is mounted read-only.
    fs::copy_file(ESCAPE_PROBE, path_ / "probe" / "probe");
    fs::permissions(path_ / "probe", fs::perms(0777));
    if (FILE* const file = std::fopen((path_ / "input").c_str(), "w")) {
      std::fputs("input", file);
      std::fclose(file);
    }
  }
  ~Place() { fs::remove_all(path_); }
  Place(const Place&) = delete;
  Place& operator=(const Place&) = delete;

  const fs::path& path() const { return path_; }

 private:
  static void open_to_all(const fs::path& path) { fs::permissions(path, fs::perms(0755)); }

  // What the dynamic loader would load: "libc.so.6 => /lib/x86_64-linux-gnu/libc.so.6 (0x...)".
  static std::vector<std::string> libraries_of(const std::string& program) {
    std::vector<std::string> paths;
    FILE* const output = ::popen(("ldd '" + program + "'").c_str(), "r");
    if (output == nullptr) give_up("ldd");
    char line[4096];
    while (std::fgets(line, sizeof line, output) != nullptr) {
      std::istringstream words(line);
      for (std::string word; words >> word;) {
        if (word[0] == '/') paths.push_back(word);
      }
    }
    ::pclose(output);
    return paths;
  }

  void add_root(const char* name, const char* program, const char* from,
                const std::vector<std::string>& libraries) {
    const fs::path root = path_ / name;
    fs::create_directory(root);
    fs::copy_file(from, root / program);
    open_to_all(root / program);
    for (const std::string& library : libraries) {
      const fs::path to = root / library.substr(1);
      fs::create_directories(to.parent_path());
      fs::copy_file(fs::canonical(library), to, fs::copy_options::skip_existing);
      open_to_all(to);
    }
  }

  fs::path path_;
};

Place& place() {
  static Place made;
  return made;
}

// An outcome on its way from the process of an ordinary user.
struct Carried {
  RoomOutcome& outcome;
  template <class Codec>
  void fields(Codec& c) {
    constexpr std::size_t any = 1 << 26;
    c(outcome.ending);
    c(outcome.detail, any);
    c(outcome.remedy, any);
    c(outcome.answer.type);
    c(outcome.answer.body, any);
    c(outcome.denials, any);
    c(outcome.last_words, any);
    c(outcome.peak_memory);
    c(outcome.bytes_out);
    c(outcome.survivors);
    c(outcome.start_s);
    c(outcome.elapsed_s);
    c(outcome.layers, any, any);
    c(outcome.configuration, any);
  }
};

void become_ordinary() {
  if (::setgroups(0, nullptr) != 0 || ::setresgid(ordinary_user, ordinary_user, ordinary_user) != 0 ||
      ::setresuid(ordinary_user, ordinary_user, ordinary_user) != 0 ||
      ::prctl(PR_SET_DUMPABLE, 1, 0, 0, 0) != 0) {  // as after the execve of a program that the user started
    give_up("ids");
  }
}

void become_rootless() {
  if (::geteuid() == 0) become_ordinary();
  const std::string user = fmt::format("0 {} 1", ::geteuid()), group = fmt::format("0 {} 1", ::getegid());
  if (::unshare(CLONE_NEWUSER) != 0) give_up("a user namespace");
  for (const auto& [path, text] :
       {std::pair("/proc/self/setgroups", std::string("deny")), std::pair("/proc/self/gid_map", group),
        std::pair("/proc/self/uid_map", user)}) {
    const Fd file(::open(path, O_WRONLY | O_CLOEXEC));
    if (!write_all(file.get(), text)) give_up(path);
  }
  if (::geteuid() != 0) give_up("root of a user namespace");
}

RoomOutcome run_here(RoomSpec spec, Stopping stopping) {
  std::atomic<bool> stop = false;
  std::jthread stopper;
  if (stopping.after_ms >= 0) {
    stopper = std::jthread([&] {
      std::this_thread::sleep_for(std::chrono::milliseconds(stopping.after_ms));
      stop = true;
    });
  }
  NamespaceWall wall;
  return wall.run(std::move(spec), {}, stop);
}

RoomSpec room_in(const char* root, const std::string& part, const std::string& job) {
  RoomSpec spec;
  spec.root = (place().path() / root).string();
  spec.program = "/probe";
  spec.arguments = {part};
  auto input = open_read((place().path() / "input").string());
  if (!input) give_up(input.error().what);
  spec.inputs.push_back(std::move(*input));
  spec.caps = small_caps();
  spec.job = job;
  return spec;
}

}  // namespace

std::vector<Who> everyone() {
  return ::geteuid() == 0 ? std::vector<Who>{Who::caller, Who::user} : std::vector<Who>{Who::caller};
}

std::string name_of(Who who) {
  if (who == Who::user) return "user";
  if (who == Who::rootless) return "rootless";
  return ::geteuid() == 0 ? "root" : "caller";
}

RoomSpec probe_room(const std::string& part, const std::string& job) {
  return room_in("static", part, job);
}
RoomSpec dynamic_room(const std::string& part, const std::string& job) {
  return room_in("dynamic", part, job);
}

RoomOutcome run_room(RoomSpec spec, Who who, Stopping stopping) {
  if (who == Who::caller) return run_here(std::move(spec), stopping);
  const std::string bytes = in_a_process(who, [&](int to) {
    RoomOutcome outcome = run_here(std::move(spec), stopping);
    const auto encoded = encode(Carried{outcome});
    if (!encoded || !write_all(to, *encoded)) ::_exit(1);
  });
  RoomOutcome outcome;
  Carried carried{outcome};
  Decoder decoder(bytes);
  decoder(carried);
  if (!decoder.ok()) give_up("the outcome of a user's room was not carried");
  return outcome;
}

std::string in_a_process(Who who, const std::function<void(int)>& work) {
  int ends[2];
  if (::pipe2(ends, O_CLOEXEC) != 0) give_up("pipe");
  const pid_t child = ::fork();
  if (child == 0) {
    ::close(ends[0]);
    if (who == Who::user) become_ordinary();
    if (who == Who::rootless) become_rootless();
    work(ends[1]);
    ::_exit(0);
  }
  ::close(ends[1]);
  const Fd from(ends[0]);
  auto text = read_all(from.get(), 1 << 26);
  ::waitpid(child, nullptr, 0);
  return text ? *text : std::string();
}

std::string probe_root() {
  return (place().path() / "probe").string();
}

Caps small_caps() {
  Caps caps;
  caps.wall_clock = std::chrono::milliseconds(20'000);
  caps.cpu = std::chrono::seconds(10);
  caps.address_space = 1ULL << 30;
  caps.memory = 64ULL << 20;
  caps.processes = 24;
  caps.output_bytes = 1 << 20;
  caps.denials = 100;
  return caps;
}

namespace {

struct Verdicts {
  std::vector<ProbeVerdict> all;
  template <class Codec>
  void fields(Codec& c) {
    c(all, 1000);
  }
};

}  // namespace

std::vector<ProbeVerdict> run_group(const std::string& group, Who who, bool kept) {
  const std::string root = probe_root();
  const std::string bytes = in_a_process(who, [&](int to) {
    Verdicts made;
    const auto stand = ProbeStand::make(root);
    if (!stand) give_up(stand.error().what);
    TwinRoom twin{
        RoomKind::read, "/carrel-read", {"read"}, 1, small_caps(), kept || group == lent_memory, kept};
    if (twin.output) ++twin.inputs;  // an earlier state comes with memory for the next
    NamespaceWall wall;
    const std::atomic<bool> stop = false;
    for (const Expectation& expectation : expected_probes()) {
      if (group == expectation.group) made.all.push_back(run_probe(wall, twin, *stand, expectation, stop));
    }
    const auto encoded = encode(made);
    if (!encoded || !write_all(to, *encoded)) ::_exit(1);
  });
  auto decoded = decode<Verdicts>(bytes);
  if (!decoded) give_up("the verdicts of a user's probes were not carried: " + decoded.error().what);
  return std::move(decoded->all);
}

std::string shown(const RoomOutcome& outcome) {
  std::string text = fmt::format(
      "ending {}, \"{}\" [{}], answer {} \"{}\", {} bytes out, {} survivors, words \"{}\"",
      to_string(outcome.ending), outcome.detail, outcome.remedy, static_cast<int>(outcome.answer.type),
      outcome.answer.body, outcome.bytes_out, outcome.survivors, outcome.last_words);
  for (const Denial& denial : outcome.denials) {
    text += fmt::format("\n  denied {}{} {} times", denial.call, denial.arguments, denial.count);
  }
  return text;
}

}  // namespace carrel::escape
