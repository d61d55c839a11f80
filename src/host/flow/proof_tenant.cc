// That nothing of one tenant is anywhere in what belongs to another.
#include <algorithm>
#include <filesystem>
#include <set>

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/fd.h"
#include "base/json_writer.h"
#include "host/flow/proof.h"

namespace carrel {
namespace {

namespace fs = std::filesystem;
constexpr std::size_t every_run = 1'000'000;
constexpr std::size_t most_places = 100;  // a canary that is everywhere is told as such

// Objects that are made of a tenant's data; a playbook's prompts, say, are the same for everybody.
bool holds_data(const std::string& role) {
  return role == "evidence" || role == "prompt" || role == "tries" || role == "report";
}

// The regular files below a folder, and what else is there that must not be.
struct Walk {
  std::vector<std::string> files;
  std::uint64_t bytes = 0;
  std::vector<std::string> odd;
};

Walk walk(const std::string& folder) {
  Walk found;
  std::error_code problem;
  const auto look = [&](const fs::path& path) {
    struct stat state {};
    if (::lstat(path.c_str(), &state) != 0) return;  // gone meanwhile: a run's lock, a journal
    if (S_ISLNK(state.st_mode)) {
      found.odd.push_back(path.string() + " is a symbolic link");
    } else if (state.st_uid != ::geteuid()) {
      found.odd.push_back(path.string() + " belongs to another user");
    } else if (S_ISREG(state.st_mode)) {
      if (state.st_nlink > 1) found.odd.push_back(path.string() + " has more than one name");
      found.files.push_back(path.string());
      found.bytes += static_cast<std::uint64_t>(state.st_size);
    } else if (!S_ISDIR(state.st_mode)) {
      found.odd.push_back(path.string() + " is neither a file nor a folder");
    }
  };
  look(folder);
  for (fs::recursive_directory_iterator entry(folder, problem), end; !problem && entry != end;
       entry.increment(problem)) {
    look(entry->path());
  }
  if (problem) found.odd.push_back(folder + " cannot be read whole: " + problem.message());
  return found;
}

// Whether a file holds any of the texts; each is looked for across the borders of what is read at once.
Status search_file(const std::string& path, std::vector<CanarySearch>* canaries, bool own) {
  auto file = open_read(path);
  if (!file) return file.error();
  std::size_t overlap = 0;
  for (const CanarySearch& canary : *canaries) overlap = std::max(overlap, canary.canary.size());
  std::vector<bool> hit(canaries->size());
  std::string window;
  std::vector<char> block(1 << 20);
  for (;;) {
    auto n = read_some(file->get(), block.data(), block.size());
    if (!n) return std::move(n.error()).in(path);
    if (*n == 0) break;
    window.append(block.data(), *n);
    for (std::size_t i = 0; i < canaries->size(); ++i) {
      CanarySearch& canary = (*canaries)[i];
      if (!own) canary.bytes_searched += *n;
      if (!hit[i]) hit[i] = window.find(canary.canary) != std::string::npos;
    }
    if (window.size() > overlap) window.erase(0, window.size() - overlap);
  }
  for (std::size_t i = 0; i < canaries->size(); ++i) {
    if (!hit[i]) continue;
    if (own)
      ++(*canaries)[i].own_places;
    else if ((*canaries)[i].elsewhere.size() < most_places)
      (*canaries)[i].elsewhere.push_back(path);
  }
  return {};
}

// What a ledger gives out may be packed or sealed on the disk, so it is searched as it is given out, too.
Status search_runs(Ledger& ledger, const std::vector<RunRow>& runs, const std::string& tenant,
                   std::vector<CanarySearch>* canaries, bool own) {
  for (const RunRow& run : runs) {
    std::vector<std::pair<std::string, std::string>> texts = {
        {"row",
         fmt::format("{}\n{}\n{}\n{}\n{}", run.input, run.question, run.settings, run.model, run.error)}};
    for (const auto& [role, sha256] : run.objects) {
      auto bytes = ledger.get(sha256);
      if (!bytes) return std::move(bytes.error()).in(fmt::format("run {} of tenant {}", run.id, tenant));
      texts.emplace_back(role, std::move(*bytes));
    }
    for (CanarySearch& canary : *canaries) {
      for (const auto& [role, text] : texts) {
        if (!own) canary.bytes_searched += text.size();
        if (text.find(canary.canary) == std::string::npos) continue;
        if (own)
          ++canary.own_places;
        else if (canary.elsewhere.size() < most_places)
          canary.elsewhere.push_back(fmt::format("run {} of tenant {}, {}", run.id, tenant, role));
      }
    }
  }
  return {};
}

void count_input(std::vector<TouchedInput>* inputs, const std::string& sha256, const std::string& name) {
  if (sha256.empty()) return;
  const auto known = std::ranges::find(*inputs, sha256, &TouchedInput::sha256);
  if (known != inputs->end()) {
    ++known->runs;
  } else {
    inputs->push_back({sha256, name, 1, {}});
  }
}

void compare_with(const std::string& other, const std::vector<RunRow>& runs,
                  const std::vector<PrefixRow>& states, const std::set<std::string>& objects,
                  TenantProof* proof) {
  std::set<std::string> inputs, models;
  std::size_t same_objects = 0;
  for (const PrefixRow& state : states) same_objects += objects.contains(state.sha256) ? 1 : 0;
  for (const RunRow& run : runs) {
    inputs.insert(run.input_sha256);
    models.insert(run.model_sha256);
    for (const auto& [role, sha256] : run.objects) {
      if (holds_data(role) && objects.contains(sha256)) ++same_objects;
    }
  }
  for (TouchedInput& input : proof->inputs) {
    if (!inputs.contains(input.sha256)) continue;
    input.also_of.push_back(other);
    proof->findings.push_back(fmt::format("the input {} ({}) was also read by runs of the tenant {}",
                                          input.name, input.sha256.substr(0, 12), other));
  }
  for (TouchedInput& model : proof->models) {
    if (models.contains(model.sha256)) model.also_of.push_back(other);
  }
  if (same_objects > 0) {
    proof->findings.push_back(fmt::format(
        "{} objects of the tenant {} have the same bytes as objects of this one", same_objects, other));
  }
}

Status read_own(Ledger& own, const std::vector<RunRow>& runs, std::set<std::string>* objects,
                TenantProof* proof) {
  proof->runs = runs.size();
  std::set<std::string> own_ids;
  for (const RunRow& run : runs) own_ids.insert(run.id);
  for (const RunRow& run : runs) {
    count_input(&proof->inputs, run.input_sha256, run.input);
    count_input(&proof->models, run.model_sha256, run.model);
    if (run.tenant != proof->tenant) {
      proof->findings.push_back(fmt::format("run {} says that it is of the tenant {}", run.id, run.tenant));
    }
    for (const auto& [role, sha256] : run.objects) {
      if (holds_data(role)) objects->insert(sha256);
      if (role != "rooms") continue;
      auto bytes = own.get(sha256);
      if (!bytes) return bytes.error();
      auto rooms = read_rooms(*bytes);
      if (!rooms) return rooms.error();
      for (const RoomRecord& room : *rooms) {
        ++(room.kept ? proof->kept[room.kept->room] : proof->rooms[room.room]);
        for (const std::string& before : room.kept ? room.kept->runs : std::vector<std::string>()) {
          if (own_ids.contains(before)) continue;
          proof->findings.push_back(
              fmt::format("a {} room of run {} had worked for {}, which is no run of this tenant", room.room,
                          run.id, before));
        }
        if (room.survivors != 0) {
          proof->findings.push_back(fmt::format("{} processes of a {} room of run {} outlived it",
                                                room.survivors, room.room, run.id));
        }
        const std::string& read =
            room.room == "think" || room.room == "inspect" ? run.model_sha256 : run.input_sha256;
        if (!room.input_sha256.empty() && room.input_sha256 != read) {
          proof->findings.push_back(
              fmt::format("a {} room of run {} read what the run does not name", room.room, run.id));
        }
      }
    }
  }
  return {};
}

// No room that was kept for this tenant may have worked for another.
Status compare_kept(Ledger& other, const std::vector<RunRow>& runs, const std::string& name,
                    TenantProof* proof) {
  if (proof->kept.empty()) return {};
  for (const RunRow& run : runs) {
    for (const auto& [role, sha256] : run.objects) {
      if (role != "rooms") continue;
      auto bytes = other.get(sha256);
      auto rooms = bytes ? read_rooms(*bytes) : bytes.error();
      if (!rooms) return std::move(rooms.error()).in(fmt::format("run {} of tenant {}", run.id, name));
      for (const RoomRecord& room : *rooms) {
        if (!room.kept || !proof->kept.contains(room.kept->room)) continue;
        proof->findings.push_back(fmt::format("the kept room {} worked for run {} of the tenant {} too",
                                              room.kept->room, run.id, name));
      }
    }
  }
  return {};
}

void look_at_folder(const std::string& folder, TenantProof* proof, Walk* own) {
  *own = walk(folder);
  proof->files = own->files.size();
  proof->bytes = own->bytes;
  for (const std::string& odd : own->odd) proof->findings.push_back(odd);
  struct stat state {};
  if (::stat(folder.c_str(), &state) == 0 && (state.st_mode & 077) != 0) {
    proof->findings.push_back(folder + " can be opened by other users");
  }
}

}  // namespace

Result<TenantProof> prove_tenant(const std::string& data, Ledger& own, const std::string& tenant,
                                 std::map<std::string, Ledger>& others,
                                 const std::vector<std::string>& canaries) {
  TenantProof proof;
  proof.tenant = tenant;
  for (const std::string& canary : canaries) proof.canaries.push_back({canary, 0, {}, 0});
  auto runs = own.runs(every_run);
  if (!runs) return runs.error();
  std::set<std::string> objects;
  if (Status read = read_own(own, *runs, &objects, &proof); !read) return read.error();

  auto states = own.prefixes();
  if (!states) return states.error();
  proof.states = std::move(*states);
  for (const PrefixRow& state : proof.states) objects.insert(state.sha256);

  Walk files;
  look_at_folder(data + "/tenants/" + tenant, &proof, &files);
  if (!proof.canaries.empty()) {
    for (const std::string& file : files.files) {
      if (Status done = search_file(file, &proof.canaries, true); !done) return done.error();
    }
    if (Status done = search_runs(own, *runs, tenant, &proof.canaries, true); !done) return done.error();
  }

  for (auto& [name, ledger] : others) {
    proof.others.push_back(name);
    auto theirs = ledger.runs(every_run);
    if (!theirs) return std::move(theirs.error()).in("tenant " + name);
    auto their_states = ledger.prefixes();
    if (!their_states) return std::move(their_states.error()).in("tenant " + name);
    compare_with(name, *theirs, *their_states, objects, &proof);
    if (Status done = compare_kept(ledger, *theirs, name, &proof); !done) return done.error();
    if (proof.canaries.empty()) continue;
    if (Status done = search_runs(ledger, *theirs, name, &proof.canaries, false); !done) return done.error();
  }

  // Everything below the data folder that is not the tenant's: the other tenants' files, and what they share.
  std::error_code problem;
  for (const auto& entry : fs::directory_iterator(data, problem)) {
    if (entry.path().filename() != "tenants") proof.shared.push_back(entry.path().filename());
    if (proof.canaries.empty()) continue;
    for (const std::string& file : walk(entry.path().string()).files) {
      if (std::ranges::find(files.files, file) != files.files.end() ||
          file.starts_with(data + "/tenants/" + tenant + "/")) {
        continue;
      }
      if (Status done = search_file(file, &proof.canaries, false); !done) return done.error();
    }
  }
  std::ranges::sort(proof.shared);
  for (const CanarySearch& canary : proof.canaries) {
    if (!canary.elsewhere.empty()) {
      proof.findings.push_back(
          fmt::format("a canary of this tenant is in {} places that are not its own, the first: {}",
                      canary.elsewhere.size(), canary.elsewhere.front()));
    }
    if (canary.own_places == 0) {
      proof.gaps.push_back(
          "a canary is not in this tenant's own data either, so that its absence elsewhere "
          "proves nothing");
    }
  }
  return proof;
}

std::string to_json(const TenantProof& proof) {
  JsonPage json;
  const auto inputs = [&](const char* key, const std::vector<TouchedInput>& all) {
    json.list(key, all, [&](const TouchedInput& input) {
      json.object([&] {
        json.text("name", input.name);
        json.text("sha256", input.sha256);
        json.count("runs", input.runs);
        json.list("also_of", input.also_of, [&](const std::string& other) { json.text(other); });
      });
    });
  };
  const auto texts = [&](const char* key, const std::vector<std::string>& all) {
    json.list(key, all, [&](const std::string& one) { json.text(one); });
  };
  json.text("tenant", proof.tenant);
  json.count("runs", proof.runs);
  inputs("inputs", proof.inputs);
  inputs("models", proof.models);
  json.object("rooms", [&] {
    for (const auto& [room, count] : proof.rooms) json.count(room, count);
  });
  json.object("kept_rooms", [&] {
    for (const auto& [room, runs] : proof.kept) json.count(room, runs);
  });
  json.count("files", proof.files);
  json.count("bytes", proof.bytes);
  json.list("states", proof.states, [&](const PrefixRow& state) {
    json.object([&] {
      json.text("run", state.run);
      json.text("sha256", state.sha256);
      json.count("bytes", state.bytes);
      json.text("used_at", state.used_at);
    });
  });
  texts("shared", proof.shared);
  texts("others", proof.others);
  json.list("canaries", proof.canaries, [&](const CanarySearch& canary) {
    json.object([&] {
      json.text("canary", canary.canary);
      json.count("own_places", canary.own_places);
      json.count("bytes_searched_elsewhere", canary.bytes_searched);
      json.list("elsewhere", canary.elsewhere, [&](const std::string& place) { json.text(place); });
    });
  });
  texts("findings", proof.findings);
  texts("gaps", proof.gaps);
  return json.finish();
}

}  // namespace carrel
