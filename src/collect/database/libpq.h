// libpq, loaded while the program runs: the functions that are used, by their own names and types.
#pragma once

#include <memory>

#include <postgresql/libpq-fe.h>

#include "base/result.h"

namespace carrel {

struct Libpq {
  decltype(&PQconnectStart) connect_start = nullptr;
  decltype(&PQconnectPoll) connect_poll = nullptr;
  decltype(&PQsocket) socket = nullptr;
  decltype(&PQstatus) status = nullptr;
  decltype(&PQfinish) finish = nullptr;
  decltype(&PQerrorMessage) error_message = nullptr;
  decltype(&PQsendQueryParams) send_query = nullptr;
  decltype(&PQsetSingleRowMode) single_rows = nullptr;
  decltype(&PQgetResult) get_result = nullptr;
  decltype(&PQresultStatus) result_status = nullptr;
  decltype(&PQresultErrorMessage) result_error = nullptr;
  decltype(&PQnfields) fields = nullptr;
  decltype(&PQfname) field_name = nullptr;
  decltype(&PQftype) field_type = nullptr;
  decltype(&PQntuples) rows = nullptr;
  decltype(&PQgetvalue) value = nullptr;
  decltype(&PQgetlength) length = nullptr;
  decltype(&PQgetisnull) is_null = nullptr;
  decltype(&PQclear) clear = nullptr;
  decltype(&PQescapeIdentifier) escape_identifier = nullptr;
  decltype(&PQfreemem) free_memory = nullptr;
};

// Loaded once. The Error says that it is not installed, or what it lacks.
Result<const Libpq*> load_libpq();

}  // namespace carrel
