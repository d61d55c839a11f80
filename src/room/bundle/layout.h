// What the paths of a bundle say: which format it is, whose log a file is, which listing of objects it holds.
//
// Paths are matched by their last components, so that a bundle's top folder may have any name or be missing.
// Sources: replicatedhq/troubleshoot (pkg/collect), kubernetes/kubectl (cluster-info dump), openshift/oc
// (inspect, must-gather), sosreport/sos, and the kubelet's /var/log/pods.
#pragma once

#include <string>
#include <string_view>

#include "room/inventory/line_sink.h"

namespace carrel {

// What a structured file's own place says about its objects.
struct Listing {
  enum class Role : unsigned char {
    none,
    objects,  // all objects of `kind` in `space`
    errors,   // why objects of `kind` could not be listed
  };
  Role role = Role::none;
  std::string kind;   // resource name
  std::string space;  // empty for cluster-scoped kinds
};

struct Place {
  TextFile file;
  Listing listing;
};

// `path` is a good name (member.h).
Place place_of(std::string_view path);

// Gathers the format from the paths, in any order.
class FormatVotes {
 public:
  void see(std::string_view path);
  // The whole input is one file.
  void see_alone() { alone_ = true; }
  // How a file of it begins.
  void see_content(std::string_view head);
  // "support bundle (troubleshoot)", "kubectl cluster-info dump", "must-gather", "sos report"; where it is
  // none of them, what its files are: "saved kubectl output", "journald export", "journald JSON", "journal or
  // syslog", "docker logs (JSON)", several joined by " and "; "folder with Kubernetes objects" or "folder of
  // text", of one file alone "file with Kubernetes objects" or "text file".
  std::string format(bool has_objects) const;

 private:
  bool troubleshoot_ = false, dump_ = false, must_gather_ = false, sos_ = false, kubectl_ = false;
  bool journal_export_ = false, journal_json_ = false, journal_text_ = false, docker_ = false;
  bool alone_ = false;
};

}  // namespace carrel
