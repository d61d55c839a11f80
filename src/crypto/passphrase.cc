#include "crypto/passphrase.h"

#include <cerrno>
#include <csignal>

#include <fcntl.h>
#include <poll.h>
#include <sys/signalfd.h>
#include <termios.h>

#include "base/fd.h"

namespace carrel {
namespace {

// While it lives nothing that is typed is shown, and signals to end wait, readable as a descriptor.
class Silence {
 public:
  explicit Silence(int terminal) : terminal_(terminal) {
    sigset_t ending;
    ::sigemptyset(&ending);
    for (const int number : {SIGINT, SIGTERM, SIGHUP, SIGQUIT}) ::sigaddset(&ending, number);
    ::pthread_sigmask(SIG_BLOCK, &ending, &signals_before_);
    waiting_ = Fd(::signalfd(-1, &ending, SFD_CLOEXEC));
    hidden_ = ::tcgetattr(terminal_, &before_) == 0;
    termios hidden = before_;
    hidden.c_lflag &= ~static_cast<tcflag_t>(ECHO);
    hidden_ = hidden_ && ::tcsetattr(terminal_, TCSAFLUSH, &hidden) == 0;
  }
  ~Silence() {
    if (hidden_) ::tcsetattr(terminal_, TCSAFLUSH, &before_);
    ::pthread_sigmask(SIG_SETMASK, &signals_before_, nullptr);
  }
  Silence(const Silence&) = delete;
  Silence& operator=(const Silence&) = delete;

  bool holds() const { return hidden_ && waiting_.valid(); }

  // One byte of what is typed; 0 read at the end of it. Error: Code::interrupted.
  Result<std::size_t> read(char* c) const {
    pollfd ready[] = {{terminal_, POLLIN, 0}, {waiting_.get(), POLLIN, 0}};
    while (::poll(ready, 2, -1) < 0) {
      if (errno != EINTR) return errno_error("cannot wait for the terminal");
    }
    if (ready[1].revents != 0) return Error{Code::interrupted, "interrupted", ""};
    return read_some(terminal_, c, 1);
  }

 private:
  int terminal_;
  termios before_{};
  sigset_t signals_before_{};
  bool hidden_ = false;
  Fd waiting_;
};

}  // namespace

Result<Passphrase> ask_passphrase(std::string_view question, std::string_view instead) {
  const Fd terminal(::open("/dev/tty", O_RDWR | O_CLOEXEC));
  if (!terminal.valid())
    return Error{Code::usage, "a passphrase is needed and there is no terminal to ask for it on",
                 std::string(instead)};
  const Silence silence(terminal.get());
  if (!silence.holds())
    return Error{Code::machine, "the terminal does not hide what is typed", std::string(instead)};
  if (Status asked = write_all(terminal.get(), question); !asked) return asked.error();
  Passphrase passphrase;
  for (char c = 0; passphrase.text().size() < Passphrase::longest;) {
    const auto got = silence.read(&c);
    if (!got) return got.error();
    if (*got == 0 || c == '\n') break;
    passphrase.add(c);
  }
  if (Status told = write_all(terminal.get(), "\n"); !told) return told.error();
  if (passphrase.text().empty()) return Error{Code::usage, "nothing was typed", ""};
  return passphrase;
}

Result<Passphrase> ask_new_passphrase(std::string_view question, std::string_view instead) {
  auto first = ask_passphrase(question, instead);
  if (!first) return first;
  const auto again = ask_passphrase("The same again: ", instead);
  if (!again) return again.error();
  if (first->text() != again->text())
    return Error{Code::usage, "the two differ", "run it again; nothing was made"};
  return first;
}

}  // namespace carrel
