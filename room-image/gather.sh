# Gathers what libllama needs at run time into a root, by following what each shared object says it needs. Sourced by
# make-image; the same way for Debian's packages and for a llama.cpp of the user's own.

# shellcheck shell=bash
search=()    # folders in which a needed object is looked for, the first that has it
includes=()  # folders with the headers
multiarch=${multiarch:-$(gcc -print-multiarch 2> /dev/null || true)}
multiarch=${multiarch:-$(uname -m)-linux-gnu}

soname_of() { readelf -d "$1" | sed -n 's/.*(SONAME).*\[\(.*\)\]$/\1/p'; }
needed_by() { readelf -d "$1" | sed -n 's/.*(NEEDED).*\[\(.*\)\]$/\1/p'; }

# find_in_prefix DIR: sets search, includes, backends and blas for an installed llama.cpp, or for its build tree.
find_in_prefix() {
  local prefix=$1 file
  llama=$(find -L "$prefix" -name 'libllama.so' -o -name 'libllama.so.[0-9]*' 2> /dev/null | LC_ALL=C sort | head -1)
  [ -n "$llama" ] || refuse "there is no libllama.so below $prefix" \
    "build llama.cpp with -DBUILD_SHARED_LIBS=ON and install it: cmake --install build --prefix DIR"
  header=$(find -L "$prefix" -name llama.h | LC_ALL=C sort | head -1)
  [ -n "$header" ] || refuse "there is no llama.h below $prefix" "install its headers beside it: cmake --install build --prefix DIR"
  mapfile -t search < <(find -L "$prefix" -name 'lib*.so*' -printf '%h\n' | LC_ALL=C sort -u)
  includes=("$(dirname "$header")")
  file=$(find -L "$prefix" -name ggml.h | LC_ALL=C sort | head -1)
  [ -n "$file" ] || refuse "there is no ggml.h below $prefix" "install its headers beside it: cmake --install build --prefix DIR"
  [ "$(dirname "$file")" = "${includes[0]}" ] || includes+=("$(dirname "$file")")
  # Back ends that are loaded at run time, one per instruction set. A build without them has one, linked, and the
  # closure brings it. GPU back ends need a room of another posture.
  mapfile -t backends < <(find -L "$prefix" -name 'libggml-cpu*.so' | LC_ALL=C sort)
  blas=$(find -L "$prefix" -name 'libggml-blas.so' | LC_ALL=C sort | head -1)
}

# Where an object stands on this machine: what the packages do not bring, a user's own build takes from the host.
on_this_host() {
  PATH=$PATH:/sbin:/usr/sbin ldconfig -p | awk -v name="$1" '$1 == name && $0 ~ /x86-64|AArch64/ { print $NF; exit }'
}

find_object() {
  local folder
  for folder in "${search[@]}"; do
    if [ -e "$folder/$1" ]; then
      printf '%s\n' "$folder/$1"
      return
    fi
  done
  [ -z "$prefix" ] || on_this_host "$1"
}

# close_over LIBRARIES NAME...: brings these objects, and what they need, into a folder.
close_over() {
  local libraries=$1 queue=("${@:2}") name file
  while [ ${#queue[@]} -gt 0 ]; do
    name=${queue[0]}
    queue=("${queue[@]:1}")
    [ ! -e "$libraries/$name" ] || continue
    file=$(find_object "$name")
    [ -n "$file" ] || refuse "$name is needed and is nowhere to be found" "install it, or build llama.cpp without what needs it"
    install -m 755 "$(readlink -f "$file")" "$libraries/$name"
    mapfile -t -O "${#queue[@]}" queue < <(needed_by "$libraries/$name")
  done
}

# gather IMAGE: fills IMAGE/root and IMAGE/dev.
gather() {
  local image=$1 libraries=$1/root/usr/lib/$multiarch name file object folder needed
  mkdir -p "$libraries/ggml/backends0"  # where Debian's libggml looks for its back ends
  # One folder of libraries under every name that a dynamic loader looks under, on Debian and elsewhere.
  ln -s "usr/lib" "$image/root/lib"
  ln -s "usr/lib/$multiarch" "$image/root/lib64"
  ln -s "lib/$multiarch" "$image/root/usr/lib64"

  # carrel-think itself needs the C and C++ libraries, whatever libllama needs.
  close_over "$libraries" "$(soname_of "$llama")" libstdc++.so.6 libgcc_s.so.1 libm.so.6 libc.so.6
  for file in "${backends[@]}"; do
    name=$(basename "$file")
    object=$(soname_of "$file")
    [ ! -e "$libraries/${object:-$name}" ] || continue  # linked already
    install -m 755 "$(readlink -f "$file")" "$libraries/ggml/backends0/$name"
  done
  # Beside their folder, since not every context is to have it: src/room/engine/llama/blas.h loads it.
  if [ -n "$blas" ] && [ ! -e "$libraries/libggml-blas.so.0" ]; then
    install -m 755 "$(readlink -f "$blas")" "$libraries/ggml/libggml-blas.so"
    mapfile -t needed < <(needed_by "$blas")
    close_over "$libraries" "${needed[@]}"
  fi
  if [ -z "$(find "$libraries" -name 'libggml-cpu*')" ]; then
    refuse "this llama.cpp has no back end for the CPU" "build it with -DGGML_CPU=ON"
  fi
  find "$image/root" -exec touch -h -d @0 {} +

  for folder in "${includes[@]}"; do
    find -L "$folder" -maxdepth 1 \( -name '*ggml*.h' -o -name 'llama*.h' -o -name 'gguf*.h' \) -exec cp -L {} "$image/dev/include/" \;
  done
  for name in llama ggml ggml-base; do
    file=$(find "$libraries" -maxdepth 1 -name "lib$name.so*" -printf '%f\n' | head -1)
    [ -n "$file" ] || refuse "this llama.cpp has no lib$name.so" "build it with -DBUILD_SHARED_LIBS=ON"
    ln -s "../../root/usr/lib/$multiarch/$file" "$image/dev/lib/lib$name.so"
  done
}

# The digest of a tree: of the sorted list of its paths, kinds, modes and contents. Times and owners are not part.
digest_of() {
  (cd "$1" && find . -mindepth 1 -printf '%P\n' | LC_ALL=C sort | while read -r path; do
    if [ -L "$path" ]; then
      printf '%s link %s\n' "$path" "$(readlink "$path")"
    elif [ -d "$path" ]; then
      printf '%s folder\n' "$path"
    else
      printf '%s file %s %s\n' "$path" "$(stat -c %a "$path")" "$(sha256sum < "$path" | cut -c1-64)"
    fi
  done) | sha256sum | cut -c1-64
}
