// `support-diag reveal`: reads a reply back, pseudonyms replaced by what they stand for.
#include <cstdio>
#include <memory>
#include <string>

#include <CLI/CLI.hpp>
#include <unistd.h>

#include "base/fd.h"
#include "base/text.h"
#include "collect/commands.h"
#include "collect/map_key.h"
#include "record/exit_status.h"

namespace carrel {
namespace {

constexpr std::size_t map_bytes = 256ULL << 20;
constexpr std::size_t reply_bytes = 64ULL << 20;

struct RevealArguments {
  std::string file, map, map_key;
};

Status reveal_reply(const RevealArguments& arguments) {
  auto sealed = read_file(arguments.map, map_bytes);
  if (!sealed) return sealed.error();
  auto entries = open_map(*sealed, unlock_map(arguments.map_key));
  if (!entries) return std::move(entries.error()).in(arguments.map);
  auto reply = arguments.file.empty() || arguments.file == "-" ? read_all(STDIN_FILENO, reply_bytes)
                                                               : read_file(arguments.file, reply_bytes);
  if (!reply) return reply.error();
  std::size_t unknown = 0;
  std::string text = reveal(*reply, *entries, &unknown);
  // A reply comes from outside: on a terminal it is made harmless, into a file it goes as it is.
  if (isatty(STDOUT_FILENO) != 0) text = escape_for_terminal(text, true);
  if (Status written = write_all(STDOUT_FILENO, text); !written) return written;
  if (unknown > 0) {
    std::fprintf(stderr, "support-diag: %zu pseudonym%s in it %s not of this map\n", unknown,
                 unknown == 1 ? "" : "s", unknown == 1 ? "is" : "are");
  }
  return {};
}

}  // namespace

void add_reveal_command(CLI::App* app, Chosen* chosen) {
  const auto arguments = std::make_shared<RevealArguments>();
  CLI::App* command =
      app->add_subcommand("reveal", "Read a reply back: pseudonyms become what they stand for");
  command->footer("\nExample:\n  support-diag reveal --map secrets.map --map-key secrets.key reply.txt\n");
  command->add_option("FILE", arguments->file, "the reply; without one, and for \"-\", stdin");
  command->add_option("--map", arguments->map, "the map that was written when the text was redacted")
      ->required();
  command->add_option("--map-key", arguments->map_key, "the map's key file [a passphrase is asked for]");
  command->callback([arguments, chosen] {
    *chosen = [arguments] {
      const Status done = reveal_reply(*arguments);
      return done ? exit_status::passed : tell(done.error());
    };
  });
}

}  // namespace carrel
