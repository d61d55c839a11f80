// The header of a model file, which anybody may have made.
// links: room/engine
//
// Whatever the bytes, the table is read within its limits or refused as bad input.

#include <sys/mman.h>
#include <unistd.h>

#include "base/fd.h"
#include "expect.h"
#include "room/engine/gguf_table.h"

extern "C" int LLVMFuzzerTestOneInput(const unsigned char* bytes, std::size_t size) {
  const carrel::Fd file(::memfd_create("model", MFD_CLOEXEC));
  if (!file.valid()) return 0;
  if (!carrel::write_all(file.get(), {reinterpret_cast<const char*>(bytes), size})) return 0;
  const auto table = carrel::read_tensor_table(file.get(), "model");
  carrel::expect(table || table.error().code == carrel::Code::bad_input);
  return 0;
}
