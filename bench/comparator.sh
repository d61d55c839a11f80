# The root in which llama.cpp's own programs run on the libraries of the room image, its BLAS with them, in as many threads
# as the engine has (src/room/engine/llama/blas.cc). Sourced. WITHOUT_BLAS=1 leaves the BLAS out, as a machine has it that
# installed no more than Debian's llama.cpp.

# shellcheck shell=bash disable=SC2034  # for what sources this
root=$(cd "$(dirname "$0")/.." && pwd)/build/room-image/comparator
in_room=(bwrap --ro-bind "$root" / --proc /proc --dev /dev --unshare-all --die-with-parent --clearenv)
blas=$(cd "$root" && find usr/lib -name libggml-blas.so)
kernel=
if grep -qw avx512vl /proc/cpuinfo; then kernel=skx; elif grep -qw avx2 /proc/cpuinfo; then kernel=haswell; fi
if [ -z "${WITHOUT_BLAS:-}" ] && [ -n "$blas" ] && [ -n "$kernel" ]; then
  in_room+=(--setenv GGML_BACKEND_PATH "/$blas" --setenv BLIS_ARCH_TYPE "$kernel" --setenv BLIS_NUM_THREADS "$(nproc)")
fi
