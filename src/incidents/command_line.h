// The command line of carrel-incidents, the program that makes labelled incidents. Exit statuses are those of
// docs/exit-codes.md.
#pragma once

namespace carrel::incidents {

int run_command_line(int count, char** words);

}  // namespace carrel::incidents
