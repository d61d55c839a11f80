// carrel-boot: the program with which a virtual machine's room begins. It seals itself as a room does and
// then becomes QEMU, which runs with the seal on: carrel-boot kvm|tcg PROGRAM ARGUMENT...
#include <cstdlib>
#include <cstring>

#include <fcntl.h>
#include <unistd.h>

#include "base/fd.h"
#include "record/guest.h"
#include "room/seal/seal.h"

namespace carrel {
namespace {

Status boot(char** words) {
  if (Status sealed = seal_machine(std::strcmp(words[1], "kvm") == 0); !sealed) return sealed;
  // QEMU takes no standard descriptor to write to by number, so the last words get another.
  if (::fcntl(STDERR_FILENO, F_DUPFD, machine_words) != machine_words)
    return errno_error("cannot copy the descriptor of the last words");
  char* const no_environment[] = {nullptr};
  ::execve(words[2], words + 2, no_environment);
  return errno_error(std::string("cannot start ") + words[2]);
}

}  // namespace
}  // namespace carrel

int main(int count, char** words) {
  if (count < 3) return 2;
  const carrel::Status booted = carrel::boot(words);
  return carrel::send_refusal(booted.error()) ? EXIT_SUCCESS : EXIT_FAILURE;
}
