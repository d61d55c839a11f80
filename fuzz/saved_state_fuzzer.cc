// A state that an earlier room kept, which had read hostile text.
// links: room/engine
//
// Whatever the bytes, its parts lie within them or it is refused.
#include <string_view>

#include "expect.h"
#include "room/engine/saved_state.h"

extern "C" int LLVMFuzzerTestOneInput(const unsigned char* bytes, std::size_t size) {
  const std::string_view blob(reinterpret_cast<const char*>(bytes), size);
  const auto state = carrel::read_saved_state(blob);
  if (!state) {
    carrel::expect(state.error().code == carrel::Code::bad_input);
    return 0;
  }
  const bool inside = state->bytes.data() >= blob.data() &&
                      state->bytes.data() + state->bytes.size() == blob.data() + blob.size();
  carrel::expect(inside && state->tokens.size() <= size);
  carrel::expect(carrel::reusable_tokens(state->tokens, state->tokens, 64) == state->tokens.size());
  return 0;
}
