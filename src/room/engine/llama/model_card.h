// What a model file says of itself: the inspect room's answer.
#pragma once

#include "base/fd.h"
#include "base/result.h"
#include "record/room.h"

namespace carrel {

// Reads the description (not the weights) of the model in the descriptor. Texts over their limits are cut.
// Needs load_backends() before.
Result<ModelCard> read_model_card(Fd file, const InspectJob& job);

}  // namespace carrel
