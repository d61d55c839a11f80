#include "room/engine/llama/blas.h"

#include <cstdlib>
#include <string>

#include <dlfcn.h>
#include <ggml-backend.h>
#include <unistd.h>

namespace carrel {
namespace {

struct Blas {
  ggml_backend_reg_t back_end = nullptr;
  bool used = false;
};
Blas& blas() {
  static Blas instance;
  return instance;
}

// BLIS knows processors by their model, and takes a generic kernel, a fourth as fast, on one that is newer
// than itself. What they can do is what its kernels need.
const char* kernel_of_this_processor() {
#if defined(__x86_64__)
  if (__builtin_cpu_supports("avx512f") && __builtin_cpu_supports("avx512dq") &&
      __builtin_cpu_supports("avx512bw") && __builtin_cpu_supports("avx512vl"))
    return "skx";
  if (__builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma")) return "haswell";
#endif
  return nullptr;
}

// The folder that libggml stands in: everything of the image does.
std::string library_folder() {
  Dl_info libggml;
  if (::dladdr(reinterpret_cast<const void*>(&ggml_backend_load), &libggml) == 0) return "";
  const std::string path = libggml.dli_fname;
  return path.substr(0, path.rfind('/') + 1);
}

}  // namespace

void load_blas() {
  const char* kernel = kernel_of_this_processor();
  if (kernel == nullptr) return;
  const std::string folder = library_folder();
  const std::string back_end = folder + "ggml/libggml-blas.so";
  if (::access(back_end.c_str(), R_OK) != 0) return;
  // Outside a room nobody looks in the image's folder for what the back end needs.
  ::dlopen((folder + "libblas.so.3").c_str(), RTLD_NOW | RTLD_LOCAL);
  ::setenv("BLIS_ARCH_TYPE", kernel, 1);
  blas().back_end = ggml_backend_load(back_end.c_str());
  // One more hold on it, or it would be gone with the first exact context.
  blas().used = blas().back_end != nullptr;
  if (blas().used) ::dlopen(back_end.c_str(), RTLD_NOW | RTLD_NOLOAD);
}

bool use_blas(bool wanted, std::uint32_t threads) {
  if (blas().back_end == nullptr) return false;
  if (wanted) ::setenv("BLIS_NUM_THREADS", std::to_string(threads).c_str(), 1);
  // A context takes every back end that is registered when it is made.
  if (wanted && !blas().used) ggml_backend_register(blas().back_end);
  if (!wanted && blas().used) ggml_backend_unload(blas().back_end);
  return blas().used = wanted;
}

}  // namespace carrel
