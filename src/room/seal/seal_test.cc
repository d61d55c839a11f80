// The layers change the process that puts them on, so each test does it in a child and asks how the child
// ended. What the filter denies is tested with the wall (tests/escape): a denied call waits for a host.
#include "room/seal/seal.h"

#include <atomic>
#include <cerrno>
#include <csignal>
#include <functional>
#include <new>
#include <thread>

#include <fcntl.h>
#include <gtest/gtest.h>
#include <pthread.h>
#include <seccomp.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/fd.h"
#include "record/codec.h"
#include "record/room_exit.h"
#include "room/seal/filter.h"
#include "room/seal/landlock.h"

namespace carrel {
namespace {

struct End {
  int status = -1, signal = 0;
};

End in_child(const std::function<int()>& work) {
  const pid_t child = ::fork();
  if (child == 0) ::_exit(::prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) == 0 ? work() : 99);
  int status = 0;
  ::waitpid(child, &status, 0);
  return {WIFEXITED(status) ? WEXITSTATUS(status) : -1, WIFSIGNALED(status) ? WTERMSIG(status) : 0};
}

int open_errno(const char* path, int flags) {
  const Fd opened(::open(path, flags, 0600));
  return opened.valid() ? 0 : errno;
}

TEST(Landlock, OpensNothingByPath) {
  ASSERT_GE(landlock_abi(), 1);
  EXPECT_EQ(open_errno("/proc/self/status", O_RDONLY), 0);
  const End end = in_child([] {
    if (!restrict_paths("")) return 1;
    if (open_errno("/proc/self/status", O_RDONLY) != EACCES) return 2;
    if (open_errno("/tmp", O_RDONLY | O_DIRECTORY) != EACCES) return 3;
    if (open_errno("/tmp/carrel-seal-test", O_WRONLY | O_CREAT) != EACCES) return 4;
    return 0;
  });
  EXPECT_EQ(end.status, 0);
}

TEST(Landlock, ReadsBelowTheNamedFolderAndWritesNowhere) {
  const End end = in_child([] {
    if (!restrict_paths("/proc")) return 1;
    if (open_errno("/proc/self/status", O_RDONLY) != 0) return 2;
    if (open_errno("/proc/self/comm", O_WRONLY) != EACCES) return 3;
    if (open_errno("/etc/passwd", O_RDONLY) != EACCES) return 4;
    return 0;
  });
  EXPECT_EQ(end.status, 0);
}

TEST(Landlock, AFolderThatIsNotThereIsAnError) {
  EXPECT_EQ(in_child([] { return restrict_paths("/no/such/folder") ? 1 : 0; }).status, 0);
}

// The host's part in the child itself: a thread that was there before the filter answers what the filter
// denies.
class Answering {
 public:
  Answering() : thread_([this] { answer(); }) { thread_.detach(); }
  Result<int> install() {
    auto listener = install_filter();
    listener_ = listener ? *listener : -2;
    return listener;
  }

 private:
  void answer() {
    while (listener_ == -1) std::this_thread::yield();
    seccomp_notif* request = nullptr;
    seccomp_notif_resp* response = nullptr;
    if (listener_ < 0 || seccomp_notify_alloc(&request, &response) != 0) return;
    // The kernel takes only an empty request, and libseccomp leaves the last one's answer in it.
    while (*request = {}, seccomp_notify_receive(listener_, request) == 0) {
      response->id = request->id;
      response->error = -EPERM;
      if (seccomp_notify_respond(listener_, response) != 0) break;
    }
  }
  std::atomic<int> listener_ = -1;
  std::thread thread_;
};

TEST(Filter, LetsThreadsAndPrivateMemoryThrough) {
  const End end = in_child([] {
    Answering host;
    if (!host.install()) return 1;
    int sum = 0;
    // Not a std::thread: under the filter, a sanitizer's check of its virtual call would be denied a pipe.
    pthread_t thread;
    const auto work = [](void* result) -> void* {
      *static_cast<int*>(result) = 1;
      return nullptr;
    };
    if (::pthread_create(&thread, nullptr, work, &sum) != 0 || ::pthread_join(thread, nullptr) != 0) return 4;
    void* const memory = ::mmap(nullptr, 4096, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    if (memory == MAP_FAILED || ::munmap(memory, 4096) != 0) return 2;
    return sum == 1 ? 0 : 3;
  });
  EXPECT_EQ(end.status, 0);
}

TEST(Filter, DeniesWithTheHostsAnswer) {
  const End end = in_child([] {
    Answering host;
    if (!host.install()) return 1;
    const auto denied = [](long result) { return result == -1 && errno == EPERM; };
    if (!denied(::syscall(SYS_socket, 2, 1, 0))) return 2;
    if (!denied(::syscall(SYS_openat, AT_FDCWD, "/dev/null", O_WRONLY))) return 3;
    if (!denied(::syscall(SYS_openat, AT_FDCWD, "/", O_PATH))) return 4;
    if (!denied(
            ::syscall(SYS_mmap, nullptr, 4096, PROT_READ | PROT_EXEC, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0))) {
      return 5;
    }
    if (!denied(::syscall(SYS_mmap, nullptr, 4096, PROT_READ, MAP_SHARED | MAP_ANONYMOUS, -1, 0))) return 6;
    if (!denied(::syscall(SYS_clone, SIGCHLD, nullptr, nullptr, nullptr, nullptr))) return 7;
    if (!denied(::syscall(SYS_tgkill, 1, 1, 0))) return 8;
    if (!denied(::syscall(SYS_prlimit64, 0, RLIMIT_NOFILE, "limit", nullptr))) return 9;
    return 0;
  });
  EXPECT_EQ(end.status, 0);
}

TEST(Filter, SaysThatThereIsNoClone3) {
  const End end = in_child([] {
    if (!install_filter()) return 1;
    return ::syscall(SYS_clone3, nullptr, 0) == -1 && errno == ENOSYS ? 0 : 2;
  });
  EXPECT_EQ(end.status, 0);
}

TEST(Filter, KillsForCallsOfAnotherArchitecture) {
  const End end = in_child([] {
    if (!install_filter()) return 1;
    ::syscall(0x40000000 | SYS_getpid);  // the x32 ABI
    return 0;
  });
  EXPECT_EQ(end.signal, SIGSYS);
}

TEST(Filter, IsAnErrorWithoutNoNewPrivs) {
  if (::geteuid() == 0) {
    // Root may always; what must not happen is a filter that was not put on and not told.
    EXPECT_EQ(in_child([] { return install_filter() ? 0 : 1; }).status, 0);
    return;
  }
  EXPECT_FALSE(install_filter());
}

// The child's descriptors 0 and 1 are pipes to this process, which plays the host.
class Conversation : public testing::Test {
 protected:
  void SetUp() override {
    int ends[2];
    ASSERT_EQ(::pipe2(ends, O_CLOEXEC), 0);
    to_room_read_ = Fd(ends[0]);
    to_room_ = Fd(ends[1]);
    ASSERT_EQ(::pipe2(ends, O_CLOEXEC), 0);
    from_room_ = Fd(ends[0]);
    from_room_write_ = Fd(ends[1]);
  }
  pid_t start(const std::function<int()>& room) {
    const pid_t child = ::fork();
    if (child == 0) {
      ::dup2(to_room_read_.get(), 0);
      ::dup2(from_room_write_.get(), 1);
      to_room_.reset();
      ::_exit(room());
    }
    to_room_read_.reset();
    from_room_write_.reset();
    return child;
  }
  Message next_message() {
    for (;;) {
      auto message = reader_.next();
      if (message && *message) return **message;
      char bytes[4096];
      const auto size = read_some(from_room_.get(), bytes, sizeof bytes);
      if (!message || !size || *size == 0) return {};
      reader_.add({bytes, *size});
    }
  }
  static int status_of(pid_t child) {
    int status = 0;
    ::waitpid(child, &status, 0);
    return WIFEXITED(status) ? WEXITSTATUS(status) : -1;
  }

  Fd to_room_, from_room_, to_room_read_, from_room_write_;
  FrameReader reader_;
};

TEST_F(Conversation, SealsThenTakesTheJob) {
  const pid_t child = start([] {
    const auto job = seal_and_receive_job();
    return job && send(MessageType::result, *job) ? 0 : 1;
  });
  const Message sealed = next_message();
  EXPECT_EQ(sealed.type, MessageType::sealed);
  EXPECT_TRUE(decode<Sealed>(sealed.body));
  ASSERT_TRUE(write_all(to_room_.get(), *frame(MessageType::job, "a job")));
  const Message result = next_message();
  EXPECT_EQ(result.type, MessageType::result);
  EXPECT_EQ(result.body, "a job");
  EXPECT_EQ(status_of(child), 0);
}

TEST_F(Conversation, AHostThatLeavesIsAnError) {
  const pid_t child = start([] {
    const auto job = seal_and_receive_job();
    return !job && job.error().code == Code::interrupted ? 0 : 1;
  });
  next_message();
  to_room_.reset();
  EXPECT_EQ(status_of(child), 0);
}

TEST_F(Conversation, SomethingElseThanTheJobIsAnError) {
  const pid_t child = start([] { return seal_and_receive_job() ? 1 : 0; });
  next_message();
  ASSERT_TRUE(write_all(to_room_.get(), *frame(MessageType::result, "not a job")));
  EXPECT_EQ(status_of(child), 0);
}

TEST_F(Conversation, AFailedAllocationEndsTheRoom) {
  const pid_t child = start([] {
    if (!seal_and_receive_job()) return 1;
    // What operator new calls when there is no memory left; a sanitizer's own would never ask.
    const std::new_handler handler = std::get_new_handler();
    if (handler == nullptr) return 2;
    handler();
    return 3;
  });
  next_message();
  ASSERT_TRUE(write_all(to_room_.get(), *frame(MessageType::job, "")));
  EXPECT_EQ(status_of(child), room_exit::memory);
}

TEST_F(Conversation, ALongRefusalIsCutAndNotLost) {
  std::string letters;
  while (letters.size() <= 2 * limit::detail) letters += "\u00e4";
  const pid_t child = start([&letters] {
    return send_refusal(Error{Code::does_not_fit, "x" + letters, letters}) ? 0 : 1;
  });
  const Message message = next_message();
  ASSERT_EQ(message.type, MessageType::refused);
  const auto refused = decode<Refused>(message.body);
  ASSERT_TRUE(refused);
  EXPECT_EQ(refused->code, Code::does_not_fit);
  EXPECT_EQ(refused->what, "x" + letters.substr(0, limit::detail - 2)) << "cut between two letters";
  EXPECT_EQ(refused->remedy, letters.substr(0, limit::detail));
  EXPECT_EQ(status_of(child), 0);
}

TEST_F(Conversation, ProgressComesAtMostTenTimesASecond) {
  const pid_t child = start([] {
    const auto progress = progress_sender("reading", 1000);
    for (std::uint64_t done = 1; done <= 1000; ++done) progress(done);
    ::usleep(120'000);
    progress(1000);
    return send(MessageType::result, "") ? 0 : 1;
  });
  const Message first = next_message();
  ASSERT_EQ(first.type, MessageType::progress);
  const auto seen = decode<Progress>(first.body);
  ASSERT_TRUE(seen);
  EXPECT_EQ(seen->stage, "reading");
  EXPECT_EQ(seen->done, 1U);
  EXPECT_EQ(seen->total, 1000U);
  EXPECT_EQ(next_message().type, MessageType::progress);
  EXPECT_EQ(next_message().type, MessageType::result);
  EXPECT_EQ(status_of(child), 0);
}

}  // namespace
}  // namespace carrel
