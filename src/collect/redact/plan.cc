#include "collect/redact/plan.h"

#include <memory>
#include <utility>

#include "base/text.h"
#include "collect/redact/key_name.h"
#include "collect/redact/shapes.h"

namespace carrel {
namespace {

struct Fixed {
  std::string_view phrase;
  RedactionPlan::Finder finder;
  std::string_view label = {};
};

using Finder = RedactionPlan::Finder;

constexpr Fixed fixed[] = {
    {"eyj", Finder::jwt},
    {"-----begin", Finder::private_key},
    {"ls0tls1crudjti", Finder::base64_private_key},
    {"://", Finder::url},
    {"@", Finder::at_sign},
    {"@tcp(", Finder::dsn},
    {"jdbc:oracle:thin:", Finder::oracle_url},
    {"jdbc:oracle:oci:", Finder::oracle_url},
    {"data source", Finder::connection_part, "host"},
    {"server", Finder::connection_part, "host"},
    {"location", Finder::connection_part, "host"},
    {"user id", Finder::connection_part, "user"},
    {"uid", Finder::connection_part, "user"},
    {"initial catalog", Finder::connection_part, "database"},
    {"database", Finder::connection_part, "database"},
    {"bearer", Finder::bearer},
    {"basic", Finder::basic},
    {" -u", Finder::command_login},
    {" --user", Finder::command_login},
    {" -p", Finder::command_login},
    {" -a", Finder::command_login},
    {" -k", Finder::command_login},
    {"\"-u", Finder::command_login},
    {"\"-p", Finder::command_login},
    {"\"-a", Finder::command_login},
    {"identified by", Finder::sql},
    {"password", Finder::sql},
    {"kind", Finder::kind},
    {"data", Finder::data},
    {"stringdata", Finder::data},
    {"\n---", Finder::document},
};

}  // namespace

RedactionPlan::RedactionPlan(RedactionRules rules) : rules_(std::move(rules)) {
  std::vector<std::string> phrases;
  const auto add = [&](std::string phrase, Finder finder, std::size_t index, std::string_view label) {
    anchors_.push_back(
        {finder, static_cast<std::uint32_t>(phrase.size()), static_cast<std::uint32_t>(index), label});
    phrases.push_back(std::move(phrase));
  };
  for (std::size_t i = 0; i < rules_.words.size(); ++i)
    add(to_lower(rules_.words[i].text), Finder::own_word, i, rules_.words[i].label);
  for (std::size_t i = 0; i < rules_.patterns.size(); ++i)
    add(to_lower(rules_.patterns[i].begin), Finder::own_pattern, i, rules_.patterns[i].label);
  for (std::size_t i = 0; i < rules_.names.size(); ++i)
    add(to_lower(rules_.names[i].anchor), Finder::own_name, i, rules_.names[i].label);
  for (const std::string& phrase : telling_phrases()) add(phrase, Finder::named, 0, {});
  for (std::size_t i = 0; i < shapes().size(); ++i)
    add(to_lower(shapes()[i].begin), Finder::shape, i, shapes()[i].label);
  for (const Fixed& each : fixed) add(std::string(each.phrase), each.finder, 0, each.label);
  if (rules_.addresses) {
    add(".", Finder::ip, 0, {});
    add(":", Finder::ip, 0, {});
    add(":", Finder::mac, 0, {});
    add("-", Finder::mac, 0, {});
  }
  phrases_ = std::make_unique<PhraseSet>(phrases);
}

}  // namespace carrel
