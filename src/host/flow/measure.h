// Two short runs of a model in think rooms over made texts: how fast it is here and what it takes.
#pragma once

#include "base/result.h"
#include "host/flow/model.h"
#include "host/flow/rooms.h"
#include "host/models/fit.h"
#include "host/settings/settings.h"

namespace carrel {

// Reads about 500 tokens, then 3,000 (by the vocabulary up to 4,000), and writes 32 a try behind each. The
// speeds are of the threads that the settings name.
Result<Measured> measure_model(const Model& model, Rooms& rooms, const Settings& settings,
                               std::uint32_t tries);

}  // namespace carrel
