// Logs for the reader's benchmark, the same in every run.
#pragma once

#include <cstdint>
#include <string>

// Writes a tar of container logs, at least `bytes` of text in files of 10 MB. Ends the program where it
// cannot.
void write_tar_of_logs(const std::string& path, std::uint64_t bytes);
