// The command line of `support-diag`. Results go to stdout, progress and errors to stderr; exit statuses are
// those of record/exit_status.h.
#pragma once

namespace carrel {

int run_support_diag(int count, const char* const* arguments);

}  // namespace carrel
