// What the commands about models share: a model by its name or path, opened and described by a room, and put
// on the list.
#pragma once

#include <string>

#include "base/result.h"
#include "host/cli/cli.h"
#include "host/flow/model.h"
#include "host/models/model_list.h"

namespace carrel {

struct ChosenModel {
  std::string path;
  ExpectedSum sum;  // of a listed one
};

// A name of the list, or a path.
Result<ChosenModel> chosen_model(const Desk& desk, const std::string& given);

// Hashes the file and lets an inspect room describe it, with progress on stderr.
Result<Model> open_model(const Desk& desk, const std::string& path, const ExpectedSum& sum);

// Puts what was opened so on the list; the model as it was listed. `rename`: see list_model().
Result<ListedModel> list_opened(const Desk& desk, ListedModel model, const Model& opened,
                                const ExpectedSum& sum, bool rename);

}  // namespace carrel
