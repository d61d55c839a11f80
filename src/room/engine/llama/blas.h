// The back end of ggml that multiplies the many tokens of a prompt through a BLAS (BLIS, in Debian's room
// image). For weights that libggml does not repack for the processor (Q8_0, F16, …) it reads a prompt about
// twice as fast, docs/prompt.md; steps of few tokens never go through it.
//
// What it computes depends on how many tokens are read together, so exact contexts do without.
#pragma once

#include <cstdint>

namespace carrel {

// Loads it, where the image has it and this processor is one that the BLAS has kernels for; nothing
// otherwise. Opens files by name: before the room is sealed, behind the other back ends.
void load_blas();

// Whether contexts that are made from here on multiply through it, in so many threads: false where it was not
// loaded. BLIS keeps the number of threads that it was first asked to compute with.
bool use_blas(bool wanted, std::uint32_t threads);

}  // namespace carrel
