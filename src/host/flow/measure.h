// A short run of a model in a think room over a made text: how fast it is here and what it takes.
#pragma once

#include "base/result.h"
#include "host/flow/model.h"
#include "host/flow/rooms.h"
#include "host/models/fit.h"
#include "host/settings/settings.h"

namespace carrel {

// Reads about 1,000 tokens and writes 32 a try. The speeds are of the threads that the settings name.
Result<Measured> measure_model(const Model& model, Rooms& rooms, const Settings& settings,
                               std::uint32_t tries);

}  // namespace carrel
