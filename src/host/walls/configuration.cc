#include "host/walls/configuration.h"

#include "digest/sha256.h"
#include "record/codec.h"

namespace carrel {

std::string configuration_digest(const RoomSpec& spec, const std::vector<std::string>& layers) {
  std::string text;
  Encoder encoder(text);
  constexpr std::uint32_t version = 2;
  constexpr std::size_t any = SIZE_MAX;  // our own words, nothing that was sent
  encoder(version);
  encoder(spec.kind);
  encoder(spec.program, any);
  encoder(spec.arguments, any, any);
  encoder(spec.caps.wall_clock.count());
  encoder(spec.caps.cpu.count());
  encoder(spec.caps.address_space);
  encoder(spec.caps.memory);
  encoder(spec.caps.processes);
  encoder(spec.caps.descriptors);
  encoder(spec.caps.output_bytes);
  encoder(spec.caps.denials);
  encoder(spec.inputs.size());
  encoder(spec.output.valid());
  encoder(layers, any, any);
  return sha256_of(text);
}

}  // namespace carrel
