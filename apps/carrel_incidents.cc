// The program that makes labelled incidents. All it can do is told by `carrel-incidents --help`.
#include <cstdio>
#include <exception>

#include "incidents/command_line.h"

int main(int count, char** words) {
  try {
    return carrel::incidents::run_command_line(count, words);
  } catch (const std::exception& error) {
    std::fprintf(stderr, "carrel-incidents: %s\n", error.what());
    return 1;
  }
}
