// 200 schemas over everything that an answer's schema may hold, made the same way each time.
#pragma once

#include <string>
#include <vector>

namespace carrel::bench {

std::vector<std::string> written_schemas();

}  // namespace carrel::bench
