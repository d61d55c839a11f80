// The folder rules of DESIGN, as code: which folder of src/ may use which, and what a program may be linked
// with.
//
// The tree states its dependencies in one place, the carrel_folder() lines of the build. `Folders` is that
// graph; breaches() holds the graph to the rules, and stray_includes() holds the sources to the graph.
#pragma once

#include <map>
#include <set>
#include <string>
#include <vector>

namespace carrel::rules {

// Folder below src/ ("room/bundle") to what it names as its dependencies: folders and libraries.
using Folders = std::map<std::string, std::set<std::string>>;

// The carrel_folder() lines of a CMake text.
Folders parse_folders(const std::string& cmake);

// What the graph must not have, one sentence each:
//   - base uses nothing of ours, record only base;
//   - room/ and host/ never use each other;
//   - folders of room/ and of host/ do not use each other either, but for room/worker and host/flow, which
//   compose
//     them, and for the few shared leaves named in rules.cc;
//   - no circle.
std::vector<std::string> breaches(const Folders& folders);

// An include line of a source file: `file` and what it includes, both relative to src/.
struct Include {
  std::string file;
  std::string included;
};

// The quoted includes of a source text.
std::vector<Include> parse_includes(const std::string& file, const std::string& source);

// The includes whose folder is not among what the including folder depends on, directly or not; one sentence
// each.
std::vector<std::string> stray_includes(const Folders& folders, const std::vector<Include>& includes);

// The words of a program's link line in a build.ninja; empty when there is no such program.
std::vector<std::string> link_line(const std::string& ninja, const std::string& program);

}  // namespace carrel::rules
