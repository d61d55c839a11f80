#include "host/page/assets.h"

#include <array>

// The assembler puts a file's bytes between two labels. The build names the folders, and knows that this file
// changes with theirs.
#define CARREL_EMBED(name, path)                                                                    \
  asm(".pushsection .rodata\n" #name "_begin:\n.incbin \"" path "\"\n" #name "_end:\n.popsection"); \
  extern "C" const char name##_begin[] __attribute__((visibility("hidden")));                       \
  extern "C" const char name##_end[] __attribute__((visibility("hidden")))

CARREL_EMBED(carrel_page_html, CARREL_WEB "/index.html");
CARREL_EMBED(carrel_page_script, CARREL_WEB "/app.js");
CARREL_EMBED(carrel_page_style, CARREL_WEB "/app.css");
CARREL_EMBED(carrel_page_contract, CARREL_CONTRACT);

namespace carrel {
namespace {

std::string_view between(const char* begin, const char* end) {
  return {begin, static_cast<std::size_t>(end - begin)};
}

}  // namespace

const Asset* find_asset(std::string_view path) {
  static const std::array<Asset, 4> assets = {{
      {"/", "text/html; charset=utf-8", between(carrel_page_html_begin, carrel_page_html_end)},
      {"/app.js", "text/javascript; charset=utf-8",
       between(carrel_page_script_begin, carrel_page_script_end)},
      {"/app.css", "text/css; charset=utf-8", between(carrel_page_style_begin, carrel_page_style_end)},
      {"/api/v1/openapi.yaml", "application/yaml",
       between(carrel_page_contract_begin, carrel_page_contract_end)},
  }};
  for (const Asset& asset : assets) {
    if (path == asset.path) return &asset;
  }
  return nullptr;
}

}  // namespace carrel
