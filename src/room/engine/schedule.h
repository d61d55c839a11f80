// Where the reading of a prompt's beginning is cut into batches.
//
// A batch costs much before its first token (every weight is made floats for the BLAS: with 1.5B weights as
// much as 70 tokens), so none may be a short rest: a step takes two thirds of a batch, and what is left is
// read at once as soon as it fits into one.
#pragma once

#include <cstddef>

namespace carrel {

// How many of `total` tokens are read after the next step, of which `done` are; `batch`: the most that one
// takes.
constexpr std::size_t next_border(std::size_t done, std::size_t total, std::size_t batch) {
  return total - done <= batch ? total : done + (batch - batch / 3);
}

}  // namespace carrel
