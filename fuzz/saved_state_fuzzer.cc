// A state that an earlier room kept, which had read hostile text.
// links: room/engine
//
// Whatever the bytes, its parts lie within them or it is refused.
#include <cstdlib>
#include <string_view>

#include "room/engine/saved_state.h"

extern "C" int LLVMFuzzerTestOneInput(const unsigned char* bytes, std::size_t size) {
  const std::string_view blob(reinterpret_cast<const char*>(bytes), size);
  const auto state = carrel::read_saved_state(blob);
  if (!state) {
    if (state.error().code != carrel::Code::bad_input) std::abort();
    return 0;
  }
  const bool inside = state->bytes.data() >= blob.data() &&
                      state->bytes.data() + state->bytes.size() == blob.data() + blob.size();
  if (!inside || state->tokens.size() > size) std::abort();
  if (carrel::reusable_tokens(state->tokens, state->tokens, 64) != state->tokens.size()) std::abort();
  return 0;
}
