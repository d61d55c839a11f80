// A file that its recipients alone can open: a sealed stream (sealed_stream.h) under a random key, and before
// it that key in an envelope for each recipient (envelope.h). docs/formats/sealed.md has the format.
//
//   FileSealer sealer({recipient});
//   write(out, sealer.add(bytes));
//   write(out, sealer.finish());
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "crypto/envelope.h"
#include "crypto/sealed_stream.h"

namespace carrel {

inline constexpr std::string_view sealed_file_magic = "carrel bundle 1\n";
inline constexpr std::size_t most_recipients = 16;

class FileSealer {
 public:
  // 1 to most_recipients; whoever has the secret of one of them opens it.
  explicit FileSealer(const std::vector<RecipientKey>& recipients);
  // Sealed bytes that are ready; the first have the head in front.
  std::string add(std::string_view plain);
  // The rest, with the mark of the end. Called once.
  std::string finish();

 private:
  std::string head_;
  std::unique_ptr<Sealer> sealer_;
};

class FileOpener {
 public:
  explicit FileOpener(RecipientSecret secret) : secret_(std::move(secret)) {}
  // Appends what opened to `plain`. Error: Code::bad_input, after which nothing more is given out.
  Status add(std::string_view sealed, std::string* plain);
  // Says whether the end was seen. Called once.
  Status finish(std::string* plain);

 private:
  Status open_head();

  RecipientSecret secret_;
  std::string head_;
  std::unique_ptr<Opener> opener_;
};

}  // namespace carrel
