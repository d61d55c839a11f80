// The guest of a virtual machine that is a room: what its init does, from the kernel's hand to the last
// message.
#pragma once

namespace carrel {

// Runs the room and never returns: the machine is switched off. What goes wrong before the room's program
// runs is told to the host as a refusal, where there is a way to tell it.
[[noreturn]] void run_guest();

}  // namespace carrel
