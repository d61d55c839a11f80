// How a bundle leaves: as it is, sealed to its recipients, signed, or both.
//
// What is written to a DeliveredFile is sealed and summed on its way, so that of a sealed bundle no plain
// byte reaches the disk. Like any OutputFile it has its name only once it is whole; its signature, NAME.sig,
// has its own just before, so that wherever the bundle is seen its signature is.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "collect/out/output_file.h"
#include "crypto/file_signature.h"
#include "crypto/sealed_file.h"
#include "digest/sha256.h"

namespace carrel {

struct Delivery {
  std::vector<RecipientKey> recipients;  // at most most_recipients; none: it is not sealed
  std::optional<SigningKeys> signing;
};

class DeliveredFile {
 public:
  // Errors, before anything was collected: those of OutputFile::create for the bundle or its signature; and
  // a signature that is there and would not be this bundle's.
  static Result<DeliveredFile> create(const std::string& path, bool replace, Delivery delivery);

  Status write(std::string_view bytes);
  // The rest, then the names: first the signature's.
  Status finish();

  const std::string& folder() const { return bundle_.folder(); }
  std::uint64_t bytes() const { return bytes_; }  // of the file so far

 private:
  DeliveredFile(OutputFile bundle, std::optional<OutputFile> signature, Delivery delivery);
  Status write_out(std::string_view bytes);

  OutputFile bundle_;
  std::optional<OutputFile> signature_;
  std::optional<SigningKeys> signing_;
  std::optional<FileSealer> sealer_;
  Sha256 digest_;
  std::uint64_t bytes_ = 0;
};

// Signs a file that is there, whose SHA-256 this is.
Status sign_file(const std::string& path, bool replace, const SigningKeys& keys, std::string_view digest);

}  // namespace carrel
