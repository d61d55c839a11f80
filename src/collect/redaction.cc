#include "collect/redaction.h"

#include <filesystem>

#include <CLI/CLI.hpp>

#include "base/fd.h"
#include "collect/map_key.h"

namespace carrel {
namespace {

constexpr std::size_t rules_bytes = 1 << 20;

Result<RedactionRules> read_rules(const RedactionOptions& options) {
  RedactionRules rules;
  if (!options.rules.empty()) {
    const auto text = read_file(options.rules, rules_bytes);
    if (!text) return text.error();
    auto read = read_redaction_rules(options.rules, *text);
    if (!read) return read.error();
    rules = std::move(*read);
  }
  rules.addresses |= options.addresses;
  return rules;
}

}  // namespace

void add_redaction_options(CLI::App* command, RedactionOptions* options) {
  command->add_option("--rules", options->rules, "your own rules of what to mask (docs/redaction.md)")
      ->type_name("FILE");
  command->add_flag("--addresses", options->addresses, "mask IP and MAC addresses too");
  command
      ->add_option("--map", options->map,
                   "write the sealed map from pseudonyms to values, for `reveal`: keep it to yourself")
      ->type_name("FILE");
  command
      ->add_option("--map-key", options->map_key,
                   "the map's key, made where there is none [a passphrase is asked for]")
      ->type_name("FILE");
}

Redaction::Redaction(RedactionRules rules, Pseudonyms pseudonyms)
    : plan_(std::make_unique<RedactionPlan>(std::move(rules))), pseudonyms_(std::move(pseudonyms)) {}

Result<Redaction> Redaction::prepare(const RedactionOptions& options) {
  if (options.map.empty() && !options.map_key.empty())
    return Error{Code::usage, "--map-key is the key of a map, and none is to be written",
                 "name the map with --map"};
  auto rules = read_rules(options);
  if (!rules) return rules.error();
  auto pseudonyms = Pseudonyms::create(!options.map.empty());
  if (!pseudonyms) return pseudonyms.error();
  Redaction redaction(std::move(*rules), std::move(*pseudonyms));
  if (options.map.empty()) return redaction;
  std::error_code error;
  if (std::filesystem::exists(options.map, error))
    return Error{Code::usage, options.map + " exists already, and a map is never overwritten",
                 "name another file"};
  auto map = OutputFile::create(options.map, false);
  if (!map) return map.error();
  redaction.map_.emplace(std::move(*map));
  auto lock = lock_for_new_map(options.map_key);
  if (!lock) return lock.error();
  redaction.lock_.emplace(std::move(*lock));
  return redaction;
}

Status Redaction::keep_map() {
  if (!map_) return {};
  if (Status written = map_->write(seal_map(pseudonyms_.kept(), *lock_)); !written) return written;
  return map_->finish();
}

}  // namespace carrel
