// `support-diag keys`, `seal` and `open`: bundles that their recipients alone can open, and signatures.
#include <cstdio>
#include <filesystem>
#include <memory>
#include <string>

#include <CLI/CLI.hpp>
#include <fmt/format.h>

#include "base/fd.h"
#include "base/text.h"
#include "collect/commands.h"
#include "collect/delivery_options.h"
#include "crypto/key_file.h"
#include "digest/sha256.h"
#include "record/exit_status.h"

namespace carrel {
namespace {

namespace fs = std::filesystem;

constexpr std::size_t seal_piece_bytes = 256 << 10;

struct SealArguments {
  std::string bundle, out, key, signed_by;
  DeliveryOptions delivery;
  bool signing = false, replace = false;
};

// Each piece of the file, and its SHA-256 as it is read.
template <class Take>
Result<std::string> each_piece(const std::string& file, Take take) {
  auto from = open_read(file);
  if (!from) return from.error();
  Sha256 digest;
  std::string piece(seal_piece_bytes, '\0');
  for (;;) {
    const auto got = read_some(from->get(), piece.data(), piece.size());
    if (!got) return got.error();
    if (*got == 0) return digest.hex();
    const std::string_view bytes(piece.data(), *got);
    digest.add(bytes);
    if (Status taken = take(bytes); !taken) return taken.error();
  }
}

Status make_keys(const SealArguments& arguments) {
  std::error_code error;
  for (const std::string& file : {arguments.key, arguments.key + ".pub"}) {
    if (fs::exists(file, error))
      return Error{Code::usage, file + " exists already, and a key is never overwritten",
                   "name another file"};
  }
  std::string secret, shown;
  if (arguments.signing) {
    const SigningKeys keys = random_signing_keys();
    secret = signing_key_text(keys.secret);
    shown = verifying_key_text(keys.verifying);
  } else {
    const RecipientKeys keys = random_recipient_keys();
    secret = recipient_secret_text(keys.secret);
    shown = recipient_text(keys.recipient);
  }
  Status kept = write_file_durably(arguments.key, secret + "\n", 0600);
  wipe(secret);
  if (!kept) return kept;
  if (Status told = write_file_durably(arguments.key + ".pub", shown + "\n", 0644); !told) return told;
  std::fprintf(stderr, "support-diag: %s is secret; give %s.pub to whoever %s\n",
               escape_for_terminal(arguments.key).c_str(), escape_for_terminal(arguments.key).c_str(),
               arguments.signing ? "checks your signatures" : "sends you bundles");
  return {};
}

// What is to be sealed is written again; what is signed alone stays where it is.
Status seal_bundle(const SealArguments& arguments) {
  auto delivery = read_delivery(arguments.delivery);
  if (!delivery) return delivery.error();
  if (delivery->recipients.empty()) {
    if (!delivery->signing)
      return Error{Code::usage, "nothing is to be done", "give --encrypt-to KEY, --sign KEY, or both"};
    if (!arguments.out.empty())
      return Error{Code::usage, "--out names a sealed file, and nothing is to be sealed",
                   "leave it away, or say for whom with --encrypt-to"};
    const auto digest = each_piece(arguments.bundle, [](std::string_view) { return Status(); });
    if (!digest) return digest.error();
    return sign_file(arguments.bundle, arguments.replace, *delivery->signing, *digest);
  }
  auto out = DeliveredFile::create(arguments.out.empty() ? arguments.bundle + ".sealed" : arguments.out,
                                   arguments.replace, std::move(*delivery));
  if (!out) return out.error();
  const auto read = each_piece(arguments.bundle, [&](std::string_view bytes) { return out->write(bytes); });
  if (!read) return read.error();
  return out->finish();
}

Status check_signature(const SealArguments& arguments) {
  const auto verifying = read_key_file(arguments.signed_by, verifying_key_of_text);
  if (!verifying) return verifying.error();
  const auto digest = each_piece(arguments.bundle, [](std::string_view) { return Status(); });
  if (!digest) return digest.error();
  const auto holds = has_file_signature(arguments.bundle, *verifying, *digest);
  if (!holds) return holds.error();
  if (*holds) return {};
  return Error{Code::bad_input, "there is no " + signature_path(arguments.bundle) + ": nobody signed it",
               "ask the sender for the signature, or open it without --signed-by"};
}

Status open_bundle(const SealArguments& arguments) {
  auto keys = read_key_file(arguments.key, recipient_keys_of_text);
  if (!keys) return keys.error();
  if (!arguments.signed_by.empty()) {
    if (Status holds = check_signature(arguments); !holds) return holds;
  }
  auto out = OutputFile::create(arguments.out, arguments.replace);
  if (!out) return out.error();
  FileOpener opener(std::move(keys->secret));
  std::string plain;
  const auto give = [&] {
    Status written = out->write(plain);
    plain.clear();
    return written;
  };
  Status opened;
  const auto read = each_piece(arguments.bundle, [&](std::string_view bytes) {
    opened = opener.add(bytes, &plain);
    return opened ? give() : opened;
  });
  if (opened && read) opened = opener.finish(&plain);
  if (!opened)
    return Error{opened.error().code, arguments.bundle + " " + opened.error().what, opened.error().remedy};
  if (!read) return read.error();
  if (Status written = give(); !written) return written;
  return out->finish();
}

// Makes `work` what the command line chose when it names this command.
void choose(CLI::App* command, Chosen* chosen, const std::shared_ptr<SealArguments>& arguments,
            Status (*work)(const SealArguments&)) {
  command->callback([chosen, arguments, work] {
    *chosen = [arguments, work] {
      const Status done = work(*arguments);
      return done ? exit_status::passed : tell(done.error());
    };
  });
}

}  // namespace

void add_seal_commands(CLI::App* app, Chosen* chosen) {
  const auto arguments = std::make_shared<SealArguments>();
  CLI::App* keys =
      app->add_subcommand("keys", "Make a pair of keys: to receive sealed bundles, or to sign them");
  keys->footer(
      "\nExample:\n  support-diag keys support.key        # and support.key.pub, for the customer\n");
  keys->add_option("FILE", arguments->key, "the secret key; the public one becomes FILE.pub")->required();
  keys->add_flag("--signing", arguments->signing, "keys to sign with, not to receive with");
  choose(keys, chosen, arguments, make_keys);

  CLI::App* seal = app->add_subcommand("seal", "Seal a bundle to its recipients, sign it, or both");
  seal->footer(
      "\nExample:\n  support-diag seal customer-123.tar.gz --encrypt-to support.key.pub --sign site.key\n");
  seal->add_option("BUNDLE", arguments->bundle, "a bundle, or any file")->required();
  add_delivery_options(seal, &arguments->delivery);
  seal->add_option("-o,--out", arguments->out, "the sealed file [BUNDLE.sealed]");
  seal->add_flag("--force", arguments->replace, "replace a file of that name");
  choose(seal, chosen, arguments, seal_bundle);

  CLI::App* open = app->add_subcommand("open", "Open a sealed bundle");
  open->footer(
      "\nExample:\n  support-diag open customer-123.tar.gz.sealed --key support.key --out "
      "customer-123.tar.gz\n");
  open->add_option("BUNDLE", arguments->bundle, "a sealed bundle")->required();
  open->add_option("--key", arguments->key, "the secret key")->required();
  open->add_option("--signed-by", arguments->signed_by,
                   "the sender's public signing key: BUNDLE.sig must be by it");
  open->add_option("-o,--out", arguments->out, "where the bundle goes")->required();
  open->add_flag("--force", arguments->replace, "replace a file of that name");
  choose(open, chosen, arguments, open_bundle);
}

}  // namespace carrel
