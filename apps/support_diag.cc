// support-diag: collects a bundle at the customer's site. All it can do is told by `support-diag --help`.
#include <cstdio>
#include <exception>
#include <new>

#include "collect/cli.h"
#include "record/exit_status.h"

int main(int count, char** arguments) {
  try {
    return carrel::run_support_diag(count, arguments);
  } catch (const std::bad_alloc&) {
    std::fputs("support-diag: out of memory\n", stderr);
    return carrel::exit_status::machine;
  } catch (const std::exception& error) {
    std::fprintf(stderr, "support-diag: %s\n  This is a defect of support-diag; please report it.\n",
                 error.what());
    return carrel::exit_status::internal;
  }
}
