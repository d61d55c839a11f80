// Text of any log.
// links: room/evidence record
//
// However it is cut into pieces on its way, the miner finds the same lines, each within the limits.
#include <algorithm>
#include <string>
#include <string_view>

#include "base/text.h"
#include "expect.h"
#include "record/codec.h"
#include "room/evidence/evidence.h"
#include "room/evidence/mine.h"

namespace {

using namespace carrel;

// `sizes` are those of the pieces, in turn; empty: one piece.
std::string mine(std::string_view text, std::string_view sizes, TextFile::Kind kind) {
  LogMiner miner("why does api fail to connect to db:5432?");
  for (const char* const name : {"logs/api.log", "logs/db.log"}) {
    miner.begin({name, kind, "shop", "api-0", "api"});
    for (std::size_t at = 0, i = 0; at < text.size(); ++i) {
      const std::size_t size =
          sizes.empty() ? text.size() : 1 + static_cast<unsigned char>(sizes[i % sizes.size()]);
      miner.add(text.substr(at, size));
      at += size;
    }
    miner.end();
  }
  const EvidenceList list = make_evidence(Inventory(), miner, "why?");
  for (const EvidenceLine& line : list.lines) {
    expect(is_utf8(line.quote) && line.at.line >= 1 &&
           line.at.line <= std::max(line.at.line, line.at.end_line));
  }
  const auto bytes = encode(list);
  expect(static_cast<bool>(bytes));
  return *bytes;
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const unsigned char* data, std::size_t size) {
  const std::string_view bytes(reinterpret_cast<const char*>(data), size);
  if (size < 4) return 0;
  const std::string_view sizes = bytes.substr(0, 3), text = bytes.substr(3);
  const auto kind = static_cast<TextFile::Kind>(static_cast<unsigned char>(bytes[0]) % 5);
  expect(mine(text, {}, kind) == mine(text, sizes, kind));
  return 0;
}
