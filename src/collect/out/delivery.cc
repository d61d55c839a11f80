#include "collect/out/delivery.h"

#include <sys/stat.h>
#include <unistd.h>

namespace carrel {
namespace {

Status no_other_signature(const std::string& path) {
  struct stat status {};
  const std::string beside = signature_path(path);
  if (::lstat(beside.c_str(), &status) != 0) return {};
  return Error{Code::usage, beside + " is there already, and would not be this bundle's signature",
               "remove it, choose another name, or sign the bundle with --sign"};
}

}  // namespace

Result<DeliveredFile> DeliveredFile::create(const std::string& path, bool replace, Delivery delivery) {
  auto bundle = OutputFile::create(path, replace);
  if (!bundle) return bundle.error();
  if (!delivery.signing) {
    if (Status none = no_other_signature(path); !none) return none.error();
    return DeliveredFile(std::move(*bundle), std::nullopt, std::move(delivery));
  }
  auto signature = OutputFile::create(signature_path(path), replace);
  if (!signature) return signature.error();
  return DeliveredFile(std::move(*bundle), std::move(*signature), std::move(delivery));
}

DeliveredFile::DeliveredFile(OutputFile bundle, std::optional<OutputFile> signature, Delivery delivery)
    : bundle_(std::move(bundle)), signature_(std::move(signature)), signing_(std::move(delivery.signing)) {
  if (!delivery.recipients.empty()) sealer_.emplace(delivery.recipients);
}

Status DeliveredFile::write(std::string_view bytes) {
  return sealer_ ? write_out(sealer_->add(bytes)) : write_out(bytes);
}

Status DeliveredFile::write_out(std::string_view bytes) {
  digest_.add(bytes);
  bytes_ += bytes.size();
  return bundle_.write(bytes);
}

Status DeliveredFile::finish() {
  if (sealer_) {
    if (Status done = write_out(sealer_->finish()); !done) return done;
  }
  if (!signature_) return bundle_.finish();
  if (Status done = signature_->write(file_signature_text(*signing_, digest_.hex()) + "\n"); !done)
    return done;
  if (Status done = signature_->finish(); !done) return done;
  Status named = bundle_.finish();
  if (!named) ::unlink(signature_->path().c_str());
  return named;
}

Status sign_file(const std::string& path, bool replace, const SigningKeys& keys, std::string_view digest) {
  auto signature = OutputFile::create(signature_path(path), replace);
  if (!signature) return signature.error();
  if (Status done = signature->write(file_signature_text(keys, digest) + "\n"); !done) return done;
  return signature->finish();
}

}  // namespace carrel
