// The command line program. All it can do is told by `carrel --help`.
#include <cstdio>
#include <exception>
#include <new>

#include "host/cli/cli.h"
#include "record/exit_status.h"

int main(int count, char** arguments) {
  try {
    return carrel::run_cli(count, arguments);
  } catch (const std::bad_alloc&) {
    std::fputs("carrel: out of memory\n", stderr);
    return carrel::exit_status::machine;
  } catch (const std::exception& error) {
    std::fprintf(stderr, "carrel: %s\n  This is a defect of carrel; please report it.\n", error.what());
    return carrel::exit_status::internal;
  }
}
