#include "host/flow/prefix.h"

#include "digest/sha256.h"
#include "record/codec.h"

namespace carrel {

std::string prefix_key(const PrefixOrigin& origin, const ThinkJob& job) {
  std::string text;
  Encoder encoder(text);
  constexpr std::uint32_t version = 1;
  constexpr std::size_t any = SIZE_MAX;  // nothing that is sent
  encoder(version);
  encoder(origin.tenant, any);
  encoder(origin.bundle_sha256, any);
  encoder(origin.model_sha256, any);
  encoder(origin.image_sha256, any);
  encoder(job.chat_template, any);
  encoder(job.system, any);
  encoder(job.threads);
  encoder(job.chunk);
  encoder(job.exact);
  return sha256_of(text);
}

std::string room_key(const PrefixOrigin& origin) {
  std::string text;
  Encoder encoder(text);
  constexpr std::size_t any = SIZE_MAX;
  encoder(origin.tenant, any);
  encoder(origin.model_sha256, any);
  encoder(origin.image_sha256, any);
  return sha256_of("kept think room 1" + text);
}

}  // namespace carrel
