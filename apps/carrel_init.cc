// carrel-init: the first and only program that the kernel of a virtual machine starts, when that machine is a
// room.
#include "room/guest/guest.h"

int main() {
  carrel::run_guest();
}
