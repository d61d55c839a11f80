#include "collect/delivery_options.h"

#include <CLI/CLI.hpp>
#include <fmt/format.h>

#include "crypto/key_file.h"

namespace carrel {

void add_delivery_options(CLI::App* command, DeliveryOptions* options) {
  command
      ->add_option("--encrypt-to", options->recipients,
                   "the public key of who may open the bundle; may be repeated")
      ->type_name("FILE")
      ->allow_extra_args(false);
  command
      ->add_option("--sign", options->sign,
                   "a secret key to sign the bundle with; the signature becomes BUNDLE.sig")
      ->type_name("FILE");
}

Result<Delivery> read_delivery(const DeliveryOptions& options) {
  Delivery delivery;
  if (options.recipients.size() > most_recipients)
    return Error{Code::usage, fmt::format("a bundle is sealed to at most {} keys", most_recipients),
                 "leave some away"};
  for (const std::string& file : options.recipients) {
    const auto key = read_key_file(file, recipient_of_text);
    if (!key) return key.error();
    delivery.recipients.push_back(*key);
  }
  if (options.sign.empty()) return delivery;
  auto keys = read_key_file(options.sign, signing_keys_of_text);
  if (!keys) return keys.error();
  delivery.signing.emplace(std::move(*keys));
  return delivery;
}

}  // namespace carrel
