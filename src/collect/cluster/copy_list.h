// Copies a list of the Kubernetes API from its replies to a file: pages become one list, and compact JSON one
// value a line, so that a line can be cited. Constant memory; numbers and strings stay as they are.
//
//   ListCopy copy(write, visit);
//   for (...) copy.page(read);      // each page's reply
//   copy.finish();
#pragma once

#include <functional>
#include <memory>
#include <string>
#include <string_view>

#include "base/result.h"
#include "collect/spool/spool.h"

namespace carrel {

// Up to `size` bytes of a reply's body; 0 at its end.
using BodyReader = std::function<Result<std::size_t>(char* into, std::size_t size)>;

// What stands in the items: each scalar with the path of keys that leads to it ("metadata/name",
// "spec/containers/*/image"), and the end of each item.
struct ItemVisitor {
  std::function<void(std::string_view path, std::string_view value)> scalar;
  std::function<void()> end;
};

class ListCopy {
 public:
  ListCopy(ByteSink write, ItemVisitor visit);
  ~ListCopy();

  // Errors: of the body, of the sink, and Code::bad_input where the reply is no JSON object.
  Status page(const BodyReader& body);
  // Where the next page begins; empty after the last.
  const std::string& next() const;
  std::uint64_t items() const;
  Status finish();

 private:
  class Handler;
  std::unique_ptr<Handler> handler_;
};

// Copies one JSON value in the same form.
Status copy_json(const BodyReader& body, const ByteSink& write);

}  // namespace carrel
