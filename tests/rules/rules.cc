#include "rules.h"

#include <algorithm>
#include <functional>
#include <regex>
#include <sstream>

namespace carrel::rules {
namespace {

// Leaves that others of their side may use: each is there because two or more must mean the same by it.
const std::map<std::string, std::string> shared_leaves = {
    {"room/inventory", "what a bundle's objects are, for reading and for detecting"},
    {"room/engine", "the engine's interface, for libllama's implementation below it"},
    {"room/constrain", "what may be decoded, for what decodes"},
    {"collect/spool", "what a file of a bundle is, for what fills it and for what writes it"},
    {"collect/http", "how a server is asked"},
    {"host/walls", "what makes a room, for what keeps some and for what tries to break it"},
};
// Leaves of no side: the host and what writes bundles may use them, the rooms not.
const std::map<std::string, std::string> outside_leaves = {
    {"digest", "how bytes are hashed"},
    {"command_line", "what the command lines of programs do alike"},
};
// Leaves of no side that are for both sides of a wall.
const std::map<std::string, std::string> wall_leaves = {
    {"confine", "what holds a process, for the host's walls and for the init of a guest"},
};
const std::set<std::string> composers = {"room/worker", "host/flow", "host/review", "host/eval",
                                         "host/page",   "host/cli",  "collect"};

std::string side(const std::string& folder) {
  return folder.substr(0, folder.find('/'));
}

std::string folder_of(const std::string& file) {
  const auto slash = file.rfind('/');
  return slash == std::string::npos ? "" : file.substr(0, slash);
}

// Everything that `from` depends on, directly or not.
std::set<std::string> reachable(const Folders& folders, const std::string& from) {
  std::set<std::string> seen;
  std::function<void(const std::string&)> visit = [&](const std::string& folder) {
    const auto found = folders.find(folder);
    if (found == folders.end()) return;
    for (const std::string& next : found->second) {
      if (seen.insert(next).second) visit(next);
    }
  };
  visit(from);
  return seen;
}

std::string breach_of(const std::string& from, const std::string& to) {
  if (from == "base") return "base uses " + to + ": base knows nothing of us";
  if (from == "record") return to == "base" ? "" : "record uses " + to + ": record knows base alone";
  if (from == "crypto") return to == "base" ? "" : "crypto uses " + to + ": crypto knows base alone";
  if (to == "base" || to == "record" || to == "crypto") return "";
  if (wall_leaves.contains(to) && (side(from) == "room" || side(from) == "host")) return "";
  if (outside_leaves.contains(to) && side(from) != "room") return "";
  if (side(from) != side(to)) return from + " uses " + to + ": that crosses the wall";
  if (composers.contains(from) || shared_leaves.contains(to)) return "";
  if (from.starts_with(to + "/")) return "";  // an implementation below its interface
  return from + " uses " + to + ": leaves do not use each other";
}

}  // namespace

Folders parse_folders(const std::string& cmake) {
  Folders folders;
  static const std::regex line(R"((?:^|\n)[ \t]*carrel_folder\(([^)]*)\))");
  for (std::sregex_iterator match(cmake.begin(), cmake.end(), line), end; match != end; ++match) {
    std::istringstream words((*match)[1].str());
    std::string folder;
    words >> folder;
    std::set<std::string>& dependencies = folders[folder];
    for (std::string word; words >> word;) dependencies.insert(word);
  }
  return folders;
}

std::vector<std::string> breaches(const Folders& folders) {
  std::vector<std::string> found;
  for (const auto& [from, dependencies] : folders) {
    for (const std::string& to : dependencies) {
      if (!folders.contains(to)) continue;  // a library of the system
      if (std::string breach = breach_of(from, to); !breach.empty()) found.push_back(std::move(breach));
    }
    if (reachable(folders, from).contains(from)) found.push_back(from + " depends on itself");
  }
  return found;
}

std::vector<Include> parse_includes(const std::string& file, const std::string& source) {
  std::vector<Include> includes;
  static const std::regex line(R"re((?:^|\n)[ \t]*#[ \t]*include[ \t]*"([^"]+)")re");
  for (std::sregex_iterator match(source.begin(), source.end(), line), end; match != end; ++match) {
    includes.push_back({file, (*match)[1].str()});
  }
  return includes;
}

std::vector<std::string> stray_includes(const Folders& folders, const std::vector<Include>& includes) {
  std::vector<std::string> found;
  for (const Include& include : includes) {
    const std::string from = folder_of(include.file);
    const std::string to = folder_of(include.included);
    if (from == to || (composers.contains(from) && breach_of(from, to).empty())) continue;
    if (!folders.contains(from)) {
      found.push_back(include.file + " stands in a folder that no carrel_folder() names");
    } else if (!reachable(folders, from).contains(to)) {
      found.push_back(include.file + " includes " + include.included + ", but " + from +
                      " does not depend on " + (to.empty() ? "its folder" : to));
    }
  }
  return found;
}

std::vector<std::string> link_line(const std::string& ninja, const std::string& program) {
  // build carrel: CXX_EXECUTABLE_LINKER__carrel_Release objects | libraries || order
  //   LINK_LIBRARIES = ...
  const std::regex head("(?:^|\n)build [^\n]*\\b" + program +
                        ": CXX_EXECUTABLE_LINKER__[^\n]*\n((?:  [^\n]*\n)*)");
  std::smatch match;
  std::vector<std::string> words;
  if (!std::regex_search(ninja, match, head)) return words;
  std::istringstream lines(match[1].str());
  for (std::string line; std::getline(lines, line);) {
    if (line.find("LINK_LIBRARIES = ") == std::string::npos &&
        line.find("LINK_FLAGS = ") == std::string::npos)
      continue;
    std::istringstream rest(line.substr(line.find("= ") + 2));
    for (std::string word; rest >> word;) words.push_back(word);
  }
  return words;
}

}  // namespace carrel::rules
