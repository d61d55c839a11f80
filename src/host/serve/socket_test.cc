#include "host/serve/socket.h"

#include <filesystem>
#include <thread>

#include <fcntl.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/socket.h>
#include <sys/stat.h>

#include "host/serve/order.h"

namespace carrel {
namespace {

using testing::HasSubstr;

class Socket : public testing::Test {
 protected:
  Socket() {
    std::string pattern = testing::TempDir() + "/carrel-socket-XXXXXX";
    folder_ = ::mkdtemp(pattern.data());
    path_ = folder_ + "/run/serve.sock";
  }
  ~Socket() override { std::filesystem::remove_all(folder_); }
  static mode_t mode(const std::string& path) {
    struct stat info {};
    EXPECT_EQ(::lstat(path.c_str(), &info), 0);
    return info.st_mode & 07777;
  }
  std::string folder_, path_;
  std::atomic<bool> stop_ = false;
};

TEST_F(Socket, IsWhereTheRuntimeFolderIsOrBesideTheData) {
  const auto with = [](const char* runtime) {
    return serve_socket_path([&](const char*) { return runtime; }, "/home/a/.local/share/carrel");
  };
  EXPECT_EQ(with("/run/user/1000"), "/run/user/1000/carrel/serve.sock");
  EXPECT_EQ(with(nullptr), "/home/a/.local/share/carrel/serve.sock");
  EXPECT_EQ(with("run"), "/home/a/.local/share/carrel/serve.sock");
}

TEST_F(Socket, IsOfThisUserAlone) {
  const auto socket = ServeSocket::listen(path_);
  ASSERT_TRUE(socket) << socket.error().what;
  EXPECT_EQ(mode(path_), 0600U);
  EXPECT_EQ(mode(folder_ + "/run"), 0700U);
  const auto second = ServeSocket::listen(path_);
  ASSERT_FALSE(second);
  EXPECT_THAT(second.error().what, HasSubstr("another carrel serve"));
}

TEST_F(Socket, NobodyThereIsNoError) {
  auto none = connect_to_server(path_);
  ASSERT_TRUE(none);
  EXPECT_FALSE(*none);
  // What a dead server left: a socket that nobody listens on. The next one takes it away.
  std::filesystem::create_directories(folder_ + "/run");
  {
    const auto socket = ServeSocket::listen(path_);
    ASSERT_TRUE(socket);
    ASSERT_EQ(::link(path_.c_str(), (path_ + ".kept").c_str()), 0);
  }
  ASSERT_EQ(::rename((path_ + ".kept").c_str(), path_.c_str()), 0);
  none = connect_to_server(path_);
  ASSERT_TRUE(none) << none.error().what;
  EXPECT_FALSE(*none);
  EXPECT_TRUE(ServeSocket::listen(path_));
}

TEST_F(Socket, AFolderThatOthersWriteToIsRefused) {
  auto socket = ServeSocket::listen(path_);
  ASSERT_TRUE(socket);
  ASSERT_EQ(::chmod((folder_ + "/run").c_str(), 0777), 0);
  EXPECT_FALSE(connect_to_server(path_));
  EXPECT_FALSE(ServeSocket::listen(folder_ + "/run/other.sock"));
}

TEST_F(Socket, AFileThatIsNoSocketIsRefused) {
  std::filesystem::create_directories(folder_ + "/run");
  ASSERT_EQ(::close(::open(path_.c_str(), O_CREAT | O_WRONLY, 0600)), 0);
  EXPECT_FALSE(connect_to_server(path_));
}

TEST_F(Socket, APathThatNoSocketHasIsRefused) {
  EXPECT_FALSE(ServeSocket::listen(folder_ + "/" + std::string(120, 'a')));
}

TEST_F(Socket, AMessageComesWholeWithItsFiles) {
  auto socket = ServeSocket::listen(path_);
  ASSERT_TRUE(socket);
  auto client = connect_to_server(path_);
  ASSERT_TRUE(client && *client);
  const auto server = socket->accept(1000);
  ASSERT_TRUE(server);
  const std::string body(3 << 20, 'x');
  const int file = ::open("/dev/null", O_RDONLY | O_CLOEXEC);
  std::thread sender([&] {
    EXPECT_TRUE(send_message(**client, ServeMessage::order, body, {file, file}));
    EXPECT_TRUE(send_message(**client, ServeMessage::progress, "next", {file}));
  });
  const auto first = receive_message(*server, stop_);
  const auto second = receive_message(*server, stop_);
  sender.join();
  ::close(file);
  ASSERT_TRUE(first && *first && second && *second);
  EXPECT_EQ((*first)->body, body);
  EXPECT_EQ((*first)->files.size(), 2U);
  EXPECT_EQ((*second)->type, ServeMessage::progress);
  EXPECT_EQ((*second)->files.size(), 1U);
  EXPECT_FALSE(hung_up(*server));
  (*client)->reset();
  EXPECT_TRUE(hung_up(*server));
  const auto end = receive_message(*server, stop_);
  ASSERT_TRUE(end);
  EXPECT_FALSE(*end);
}

// Every beginning of a message is the end of the stream, and what is no message is refused before memory is
// taken.
TEST_F(Socket, WhatIsCutShortOrForeignIsNoMessage) {
  int ends[2];
  ASSERT_EQ(::socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends), 0);
  const std::string whole = {'C', 's', static_cast<char>(serve_version), 'o', 3, 0, 0, 0, 'a', 'b', 'c'};
  ::close(ends[0]);
  ::close(ends[1]);
  const auto given = [&](const std::string& bytes) {
    EXPECT_EQ(::socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends), 0);
    const Fd ours(ends[0]);
    Fd theirs(ends[1]);
    EXPECT_TRUE(write_all(theirs.get(), bytes));
    theirs.reset();
    return receive_message(ours, stop_);
  };
  for (std::size_t size = 0; size < whole.size(); ++size) {
    const auto cut = given(whole.substr(0, size));
    ASSERT_TRUE(cut) << size;
    EXPECT_FALSE(*cut) << size;
  }
  EXPECT_TRUE(given(whole) && *given(whole));
  for (const std::size_t at : {0, 1, 2, 7}) {
    std::string foreign = whole;
    foreign[at] = 0x7f;
    EXPECT_FALSE(given(foreign)) << at;
  }
}

TEST_F(Socket, AReaderThatPausesIsNotWaitedFor) {
  int ends[2];
  ASSERT_EQ(::socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends), 0);
  const Fd server(ends[0]);
  Fd client(ends[1]);
  const std::string body(1000, 'x');
  // What finds no room is dropped, whole.
  for (int i = 0; i < 5000; ++i) ASSERT_TRUE(offer_message(server, ServeMessage::progress, body, stop_));
  // The answer waits until somebody reads, or until it is to stop.
  std::atomic<bool> stop = false;
  std::thread stopper([&] {
    std::this_thread::sleep_for(std::chrono::milliseconds(200));
    stop = true;
  });
  EXPECT_FALSE(send_until(server, ServeMessage::answer, std::string(1 << 20, 'y'), stop));
  stopper.join();
  client.reset();
  EXPECT_FALSE(offer_message(server, ServeMessage::progress, body, stop_));
}

TEST_F(Socket, WhatIsOfferedArrivesWholeOrNotAtAll) {
  int ends[2];
  ASSERT_EQ(::socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends), 0);
  const Fd server(ends[0]);
  const Fd client(ends[1]);
  for (int i = 0; i < 5000; ++i)
    ASSERT_TRUE(offer_message(server, ServeMessage::progress, std::string(1000, 'x'), stop_));
  std::thread answering(
      [&] { EXPECT_TRUE(send_until(server, ServeMessage::answer, std::string(1 << 20, 'y'), stop_)); });
  std::size_t offered = 0;
  for (;;) {
    auto received = receive_message(client, stop_);
    ASSERT_TRUE(received && *received);
    if ((*received)->type == ServeMessage::answer) {
      EXPECT_EQ((*received)->body, std::string(1 << 20, 'y'));
      break;
    }
    ASSERT_EQ((*received)->body, std::string(1000, 'x'));
    ++offered;
  }
  answering.join();
  EXPECT_GT(offered, 0U);
  EXPECT_LT(offered, 5000U);
}

}  // namespace
}  // namespace carrel
