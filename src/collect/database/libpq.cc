#include "collect/database/libpq.h"

#include <string>

#include <dlfcn.h>

namespace carrel {
namespace {

Result<Libpq> load() {
  void* const library = ::dlopen("libpq.so.5", RTLD_NOW | RTLD_LOCAL);
  if (library == nullptr)
    return Error{Code::machine, std::string("libpq is not installed here: ") + ::dlerror(),
                 "install it (Debian: libpq5, Red Hat: libpq)"};
  Libpq pq;
  std::string missing;
  const auto find = [&](auto* function, const char* name) {
    *function = reinterpret_cast<std::remove_pointer_t<decltype(function)>>(::dlsym(library, name));
    if (*function == nullptr) missing = name;
  };
  find(&pq.connect_start, "PQconnectStart");
  find(&pq.connect_poll, "PQconnectPoll");
  find(&pq.socket, "PQsocket");
  find(&pq.status, "PQstatus");
  find(&pq.finish, "PQfinish");
  find(&pq.error_message, "PQerrorMessage");
  find(&pq.send_query, "PQsendQueryParams");
  find(&pq.single_rows, "PQsetSingleRowMode");
  find(&pq.get_result, "PQgetResult");
  find(&pq.result_status, "PQresultStatus");
  find(&pq.result_error, "PQresultErrorMessage");
  find(&pq.fields, "PQnfields");
  find(&pq.field_name, "PQfname");
  find(&pq.field_type, "PQftype");
  find(&pq.rows, "PQntuples");
  find(&pq.value, "PQgetvalue");
  find(&pq.length, "PQgetlength");
  find(&pq.is_null, "PQgetisnull");
  find(&pq.clear, "PQclear");
  find(&pq.escape_identifier, "PQescapeIdentifier");
  find(&pq.free_memory, "PQfreemem");
  if (!missing.empty())
    return Error{Code::machine, "the libpq that is installed here has no " + missing, "install a newer one"};
  return pq;
}

}  // namespace

Result<const Libpq*> load_libpq() {
  static const Result<Libpq> loaded = load();
  if (!loaded) return loaded.error();
  return &*loaded;
}

}  // namespace carrel
