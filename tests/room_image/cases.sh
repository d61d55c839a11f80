#!/usr/bin/env bash
# Cases for room-image/make-image: cases.sh NAME IMAGE. No network is used.
set -euo pipefail
tree=$(cd "$(dirname "$0")/../.." && pwd)
image=$2
scratch=$(mktemp -d)
trap 'rm -rf "$scratch"' EXIT
export XDG_CACHE_HOME=$scratch/cache

fail() { printf '%s\n' "$*" >&2; exit 1; }
# make_image WANTED_STATUS ARGUMENTS...: what it says is in $scratch/said.
make_image() {
  local wanted=$1 status=0
  shift
  "$tree/room-image/make-image" --out "$scratch/out" "$@" > "$scratch/said" 2>&1 || status=$?
  [ "$status" = "$wanted" ] || fail "ended with $status, not $wanted: $(cat "$scratch/said")"
}
says() { grep -qF -- "$1" "$scratch/said" || fail "does not say '$1' but: $(cat "$scratch/said")"; }
fact() { sed -n "s/^$1 //p" "$2/manifest"; }

# An installation as a user's own would be, out of the image's own files.
own_llama() {
  mkdir -p "$scratch/own"
  cp -a "$image/root/usr/lib" "$scratch/own/lib"
  cp -a "$image/dev/include" "$scratch/own/include"
}

case_gives_the_same_digest_from_the_same_files() {
  own_llama
  make_image 0 --llama-prefix "$scratch/own"
  [ "$(fact digest "$scratch/out")" = "$(fact digest "$image")" ] || fail "another digest: $(cat "$scratch/out/manifest")"
  [ "$(fact tested "$scratch/out")" = own ] || fail "an own llama.cpp must be proven"
}

case_does_nothing_the_second_time_and_sees_a_change() {
  own_llama
  make_image 0 --llama-prefix "$scratch/own"
  make_image 0 --llama-prefix "$scratch/own"
  says "up to date"
  local first
  first=$(fact digest "$scratch/out")
  rm "$scratch"/own/lib/*/ggml/backends0/libggml-cpu-zen4.so
  touch "$scratch"/own/lib/*/libllama.so.0
  make_image 0 --llama-prefix "$scratch/own"
  [ "$(fact digest "$scratch/out")" != "$first" ] || fail "the digest did not change with the files"
}

case_holds_shared_objects_alone() {
  local file
  while read -r file; do
    [ "$(head -c 4 "$file" | tail -c 3)" = ELF ] || fail "$file is no shared object"
    case $file in *.so | *.so.[0-9]*) ;; *) fail "$file is no library" ;; esac
  done < <(find "$image/root" -type f)
  [ "$(du -sb --apparent-size "$image/root" | cut -f1)" -lt 50000000 ] || fail "over 50 MB"
}

case_says_that_there_is_no_libllama() {
  mkdir -p "$scratch/empty"
  make_image 1 --llama-prefix "$scratch/empty"
  says "there is no libllama.so below"
  [ ! -e "$scratch/out/root" ] || fail "something was left"
}

case_says_what_an_object_needs_and_nobody_has() {
  own_llama
  local lib
  lib=$(find "$scratch/own/lib" -name libggml-base.so.0)
  rm "$lib"
  make_image 1 --llama-prefix "$scratch/own"
  says "libggml-base.so.0 is needed and is nowhere to be found"
}

case_says_that_the_package_source_cannot_be_reached() {
  CARREL_DEBIAN_MIRROR=http://127.0.0.1:9/debian make_image 1
  says "the package source cannot be reached"
  says "make room LLAMA_PREFIX=DIR"
  [ ! -e "$scratch/out/root" ] || fail "something was left"
}

case_an_image_in_use_outlives_a_failure() {
  own_llama
  make_image 0 --llama-prefix "$scratch/own"
  CARREL_DEBIAN_MIRROR=http://127.0.0.1:9/debian make_image 1
  [ -s "$scratch/out/manifest" ] && [ -d "$scratch/out/root/usr" ] || fail "the image that was there is gone"
}

case_a_package_that_was_changed_is_not_taken() {
  # A cache whose file has not the bytes that its name says is passed over, and then there is no source.
  local sum
  sum=$(awk '$1 == "image" { print $5; exit }' "$tree/room-image/lock")
  mkdir -p "$XDG_CACHE_HOME/carrel/packages"
  printf 'changed' > "$XDG_CACHE_HOME/carrel/packages/$sum.deb"
  CARREL_DEBIAN_MIRROR=http://127.0.0.1:9/debian make_image 1
  says "the package source cannot be reached"
}

"case_$1"
