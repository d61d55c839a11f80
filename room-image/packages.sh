# Fetches an image's packages, and trusts none that is neither signed for nor named in its lock. Sourced by make-image
# and make-vm-image, which say what they make (subject) and what else a user can do (instead).
#
# A package is taken, in this order: from the cache where its sha256 is the locked one; from the suite in the locked
# version; from the suite in its current version, where the soname is still the locked one.

# shellcheck shell=bash
subject=${subject:-room image}
instead=${instead:-bring a llama.cpp of your own: make room LLAMA_PREFIX=DIR}
say() { printf '%s: %s\n' "$subject" "$*"; }

# refuse WHAT REMEDY: ends the script.
refuse() {
  printf '%s: %s\n' "$subject" "$1" >&2
  [ -z "${2:-}" ] || printf '%*s  %s\n' "${#subject}" '' "$2" >&2
  exit 1
}

cache=${XDG_CACHE_HOME:-$HOME/.cache}/carrel/packages

# The mirror this machine already uses for Debian itself: no host name stands in Carrel.
debian_mirror() {
  if [ -n "${CARREL_DEBIAN_MIRROR:-}" ]; then
    printf '%s\n' "$CARREL_DEBIAN_MIRROR"
    return
  fi
  local codename
  codename=$(. /etc/os-release && printf '%s' "${VERSION_CODENAME:-}")
  apt-get indextargets --format '$(REPO_URI) $(RELEASE) $(COMPONENT)' 'Created-By: Packages' 2> /dev/null |
    awk -v release="$codename" '$2 == release && $3 == "main" && $1 ~ /debian\/?$/ { print $1; exit }'
}

# apt with an own state: own lists, own cache, own sources. The machine's apt.conf.d stays in force (proxies), but what
# it wants done after an update concerns the machine's lists, not these.
private_apt() {
  local program=$1
  shift
  "$program" -q -c "$apt_state/apt.conf" "$@"
}

prepare_apt() {
  local work=$1 suite=$2 options=$3 mirror
  mirror=$(debian_mirror)
  [ -n "$mirror" ] || refuse "no Debian package source is known here: this machine's apt names none" \
    "set CARREL_DEBIAN_MIRROR=http://… to a Debian mirror, or $instead"
  apt_state=$work/apt
  mkdir -p "$apt_state/lists/partial" "$apt_state/cache/archives/partial" "$apt_state/preferences.d"
  : > "$apt_state/status"
  printf 'deb [%s] %s %s main\n' "$options" "$mirror" "$suite" > "$apt_state/sources.list"
  cat > "$apt_state/apt.conf" << CONF
#clear APT::Update::Post-Invoke;
#clear APT::Update::Post-Invoke-Success;
Dir::State "$apt_state";
Dir::State::lists "$apt_state/lists";
Dir::State::status "$apt_state/status";
Dir::Cache "$apt_state/cache";
Dir::Etc::sourcelist "$apt_state/sources.list";
Dir::Etc::sourceparts "-";
Dir::Etc::preferences "-";
Dir::Etc::preferencesparts "$apt_state/preferences.d";
APT::Sandbox::User "root";  // the lists lie in a folder of the caller, where apt's own user may not write
Acquire::Languages "none";
Acquire::Retries "2";
Acquire::http::Timeout "30";
Acquire::https::Timeout "30";
// A mirror that lags behind its own date still serves what the archive signed.
Acquire::Check-Valid-Until "false";
Acquire::Check-Date "false";
CONF
}

# The suite's lists. Where this machine's keyring does not know the archive's key, the lists are read without a
# signature, and then only packages whose sha256 the lock names are taken: authentic says which it is.
read_lists() {
  local work=$1 suite=$2 keyring= file said
  for file in /usr/share/keyrings/debian-archive-keyring.{pgp,gpg}; do [ ! -r "$file" ] || keyring=$file; done
  say "reading the package lists of Debian's suite $suite"
  if [ -n "$keyring" ]; then
    prepare_apt "$work" "$suite" "signed-by=$keyring"
    if said=$(LC_ALL=C private_apt apt-get update -o APT::Update::Error-Mode=any 2>&1); then
      authentic=yes
      return
    fi
    case $said in
      *NO_PUBKEY* | *"not signed"* | *EXPKEYSIG* | *KEYEXPIRED*) ;;
      *) refuse_source "$said" ;;
    esac
  fi
  say "this machine's keyring cannot verify the suite: only packages that the lock names by sha256 are taken"
  prepare_apt "$work" "$suite" "trusted=yes"
  authentic=no
  said=$(LC_ALL=C private_apt apt-get update -o APT::Update::Error-Mode=any 2>&1) || refuse_source "$said"
}

refuse_source() {
  printf '%s\n' "$1" | grep -E '^(E|W|Err)' | head -3 >&2
  refuse "the package source cannot be reached or read ($(debian_mirror))" \
    "check the network and the proxy, or set CARREL_DEBIAN_MIRROR, or $instead"
}

sha256_of() { sha256sum "$1" | cut -c1-64; }

# fetch_packages LOCK WORK KIND: the lock's packages of a kind (image, comparator) as verified .deb files in WORK/debs.
# Sets multiarch and tested (yes: all as locked).
fetch_packages() {
  local lock=$1 work=$2 kind=$3 suite architecture package version sum deb missing= got
  command -v dpkg-deb > /dev/null && command -v apt-get > /dev/null ||
    refuse "Debian's package tools are not on this machine" "$instead"
  suite=$(awk '$1 == "suite" { print $2 }' "$lock")
  architecture=$(dpkg --print-architecture)
  multiarch=$(dpkg-architecture -qDEB_HOST_MULTIARCH 2> /dev/null || gcc -print-multiarch)
  mkdir -p "$cache" "$work/debs"
  tested=yes
  authentic=

  fetch_locked "$work" "$lock" "$kind"
  for package in $(awk -v kind="$kind" '$1 == kind { print $2 }' "$lock" | sort -u); do
    read -r version sum <<< "$(awk -v kind="$kind" -v p="$package" -v a="$architecture" \
      '$1 == kind && $2 == p && $3 == a { print $4, $5 }' "$lock")"
    deb=$cache/${sum:-none}.deb
    if [ -n "$sum" ] && [ -s "$deb" ] && [ "$(sha256_of "$deb")" = "$sum" ]; then
      got="$version (from the cache)"
    else
      [ -n "$authentic" ] || read_lists "$work" "$suite"
      deb=$(fetch_one "$work" "$package" "${version:-}" "${sum:-}")
      sum=$(sha256_of "$deb")
      got=$(dpkg-deb -f "$deb" Version)
      [ "$got" = "${version:-}" ] || tested=no
      version=$got
    fi
    say "  $package $got"
    cp "$deb" "$work/debs/$package.deb"
    printf 'package %s %s %s %s\n' "$package" "$architecture" "$version" "$sum" >> "$work/sources"
  done
  [ "$kind" != image ] || check_sonames "$lock" "$work"
}

# fetch_locked WORK LOCK KIND: brings into the cache, in one go, what the lock names and the suite still has. What is
# missing afterwards is fetched or refused one by one.
fetch_locked() {
  local work=$1 lock=$2 kind=$3 folder=$1/all deb architecture wanted=()
  architecture=$(dpkg --print-architecture)
  mkdir -p "$folder"
  mapfile -t wanted < <(awk -v kind="$kind" -v a="$architecture" -v cache="$cache" \
    '$1 == kind && $3 == a && $5 && system("test -s " cache "/" $5 ".deb") { print $2 "=" $4 }' "$lock")
  [ ${#wanted[@]} -gt 1 ] || return 0
  [ -n "$authentic" ] || read_lists "$work" "$suite"
  say "fetching ${#wanted[@]} packages"
  (cd "$folder" && private_apt apt-get download "${wanted[@]}" > "$work/said" 2>&1) || true
  for deb in "$folder"/*.deb; do
    [ ! -s "$deb" ] || mv "$deb" "$cache/$(sha256_of "$deb").deb"
  done
}

# Prints the path of the fetched package. Words for a person go to the standard error.
fetch_one() {
  local work=$1 package=$2 version=$3 sum=$4 folder=$1/fetch deb found
  mkdir -p "$folder"
  rm -f "$folder"/*.deb
  if [ -z "$version" ] || ! (cd "$folder" && private_apt apt-get download "$package=$version" > "$work/said" 2>&1); then
    if [ "$authentic" = no ]; then
      refuse "$package $version cannot be had any more, and nothing here verifies a newer one" \
        "install a newer debian-archive-keyring, or $instead" >&2
    fi
    found=$(private_apt apt-cache policy "$package" | awk '$1 == "Candidate:" { print $2 }')
    if [ -z "$found" ] && [[ $package == linux-image-* ]]; then
      # A kernel's package has its interface's number in its name: the newest of its kind is its next version.
      package=$(private_apt apt-cache pkgnames linux-image- | grep -E '^linux-image-[0-9][0-9.]*-[0-9]+-cloud-amd64$' | sort -V | tail -1)
      found=$(private_apt apt-cache policy "${package:-none}" | awk '$1 == "Candidate:" { print $2 }')
    fi
    if [ -z "$found" ] || [ "$found" = "(none)" ]; then
      refuse "the suite has no $package any more$(successors "$package")" \
        "take a newer Carrel, or $instead" >&2
    fi
    if [ -n "$version" ]; then
      say "  $package $version, the tested version, cannot be had; the suite has $found" >&2
    fi
    (cd "$folder" && private_apt apt-get download "$package=$found" > "$work/said" 2>&1) || refuse_source "$(cat "$work/said")" >&2
    [ "$found" = "$version" ] || sum=
  fi
  deb=$(find "$folder" -name '*.deb')
  if [ -n "$sum" ] && [ "$(sha256_of "$deb")" != "$sum" ]; then
    refuse "$package $version is not the package that was tested: its sha256 differs from the lock's" \
      "somebody may have changed it on its way: try another mirror with CARREL_DEBIAN_MIRROR" >&2
  fi
  sum=$(sha256_of "$deb")
  mv "$deb" "$cache/$sum.deb"
  printf '%s\n' "$cache/$sum.deb"
}

# ": it has libllama1 in its place" where the suite has moved on to another soname.
successors() {
  local stem
  stem=$(printf '%s' "$1" | sed 's/[0-9]*$//')
  [ "$stem" != "$1" ] || return 0
  private_apt apt-cache pkgnames "$stem" 2> /dev/null | grep -E "^$stem[0-9]+(t64)?\$" | sort | tail -1 |
    sed 's/^/: it has /; s/$/, whose soname Carrel was not tested with/'
}

# Another soname is another interface: refused, whatever the package is called.
check_sonames() {
  local lock=$1 work=$2 soname package file
  while read -r soname package; do
    dpkg-deb -x "$work/debs/$package.deb" "$work/sonames"
    file=$(find "$work/sonames" -name "$soname" | head -1)
    if [ -z "$file" ]; then
      refuse "$package has no $soname, the soname that Carrel was tested with" \
        "take a newer Carrel, or $instead"
    fi
  done < <(awk '$1 == "soname" { print $2, $3 }' "$lock")
  rm -rf "$work/sonames"
}
