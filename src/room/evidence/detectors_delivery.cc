// Which revision of its repository a delivery follows: a branch that is not the one that everybody else's
// changes go to. Sources: spec.source.targetRevision of argoproj.io/v1alpha1's Application; `argocd app get`.
#include <optional>

#include <fmt/format.h>

#include "base/text.h"
#include "room/evidence/detectors.h"

namespace carrel {
namespace {

constexpr std::size_t most_followed = 8;
constexpr std::uint32_t lines_of_an_application = 200;  // of what `argocd app get` prints above its resources

// Where an Application says what it follows.
struct Followed {
  std::string name, target;
  const Object* object = nullptr;  // or, of a text:
  const Document* document = nullptr;
  std::uint32_t name_line = 0, target_line = 0, synced_line = 0;
  bool synced = false;
};

// A name of the mainline, or of a release.
bool is_mainline(std::string_view revision) {
  return revision.empty() || revision == "HEAD" || revision == "main" || revision == "master" ||
         revision == "trunk" || revision.find_first_of("*^~<>=") != std::string_view::npos ||
         revision.find('/') == std::string_view::npos;
}

// The question names it, or what it delivers: "web" of "web-prod".
bool delivers_asked(const Survey& survey, std::string_view name) {
  constexpr std::size_t shortest = 4;
  for (std::size_t end = name.size(); end != std::string_view::npos && end >= shortest;
       end = end == 0 ? std::string_view::npos : name.rfind('-', end - 1)) {
    if (survey.names(name.substr(0, end))) return true;
  }
  return false;
}

std::optional<Followed> followed_in(const Document& document) {
  Followed out;
  out.document = &document;
  for (std::uint32_t number = 1; number <= document.starts.size() && number <= lines_of_an_application;
       ++number) {
    const std::string_view line = trim(document.line(number));
    const auto value = [&](std::string_view label) {
      return line.starts_with(label) ? trim(line.substr(label.size())) : std::string_view();
    };
    if (const std::string_view name = value("Name:"); !name.empty() && out.name.empty())
      out.name = name.substr(name.rfind('/') + 1), out.name_line = number;
    if (const std::string_view target = value("Target:"); !target.empty() && out.target.empty())
      out.target = target, out.target_line = number;
    if (const std::string_view status = value("Sync Status:"); !status.empty())
      out.synced_line = number, out.synced = status.starts_with("Synced");
  }
  if (out.target.empty() || !is_plain_name(out.name)) return std::nullopt;
  return out;
}

void tell_followed(const Followed& followed, bool stays_behind, Observations* out) {
  Observation& made = report_missing(
      out, "delivery-elsewhere", stays_behind ? 0.9 : 0.5, "application", "", followed.name,
      fmt::format("Application {} follows the target revision {} and no mainline: what is merged elsewhere "
                  "does not arrive{}.",
                  followed.name, brief(followed.target, 100),
                  followed.synced ? ", though it is Synced" : ""));
  made.culprit.present = true;
  if (followed.object != nullptr) {
    const Object& application = *followed.object;
    made.culprit.space = application.space;
    cite(&made, application, application["spec"]["source"]["targetRevision"], "the revision that it follows");
    cite(&made, application, application["metadata"]["name"], "the Application");
    cite(&made, application, application["status"]["sync"]["status"], "whether it has that");
    suggest(&made, fmt::format("kubectl -n {} describe application {}", application.space, application.name),
            "shows what it follows");
    return;
  }
  cite_line(&made, *followed.document, followed.target_line, "the revision that it follows");
  cite_line(&made, *followed.document, followed.name_line, "the Application");
  if (followed.synced_line != 0)
    cite_line(&made, *followed.document, followed.synced_line, "what it was synced to");
  lack(&made, fmt::format("who pointed {} to {}, and whether that is still wanted", followed.name,
                          brief(followed.target, 60)));
}

}  // namespace

void detect_revisions(const Survey& survey, Observations* out) {
  std::vector<Followed> all;
  for (const Object* application : survey.each("application")) {
    const std::string_view target = (*application)["spec"]["source"]["targetRevision"].text();
    if (!target.empty())
      all.push_back({application->name, std::string(target), application, nullptr, 0, 0, 0,
                     (*application)["status"]["sync"]["status"].text() == "Synced"});
  }
  for (const Document& document : survey.inventory.documents()) {
    if (document.text.find("Target:") == std::string::npos ||
        document.text.find("Sync Status:") == std::string::npos)
      continue;
    if (std::optional<Followed> one = followed_in(document)) all.push_back(std::move(*one));
  }
  const bool stays_behind =
      survey.asks({"merged", "still run", "still on", "still show", "old version", "older", "does not arrive",
                   "not deployed", "never arrive", "doesn't arrive", "not rolled out", "stale", "main",
                   "master", "no change"});
  std::size_t told = 0;
  for (const Followed& followed : all) {
    const bool other = !is_mainline(followed.target) && !survey.names(followed.target);
    if (other && delivers_asked(survey, followed.name) && ++told <= most_followed)
      tell_followed(followed, stays_behind, out);
  }
}

}  // namespace carrel
