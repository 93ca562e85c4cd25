# shellcheck shell=sh
# SPDX-License-Identifier: GPL-3.0-or-later
# Shell functions that build-aux/try and build-aux/check share. Sourced, never run.

top=$(cd "$(dirname "$0")/.." && pwd)

say () {
  printf '\n== %s\n' "$*"
}

die () {
  printf '%s: %s\n' "$(basename "$0")" "$*" >&2
  exit 1
}

# As root directly, otherwise through sudo.
as_root () {
  if [ "$(id -u)" = 0 ]; then
    "$@"
  else
    command -v sudo >/dev/null || die "needs root for: $* (and sudo is not installed)"
    sudo "$@"
  fi
}

# Prints the package names of the given sections of build-aux/packages.
package_names () {
  for section in "$@"; do
    sed -n "s/^$section: //p" "$top/build-aux/packages"
  done | tr ' ' '\n' | sort -u
}

# Installs what is missing of the given sections; asks for nothing when everything is there.
need_packages () {
  missing=
  for name in $(package_names "$@"); do
    case $(dpkg-query -W -f '${Status}' "$name" 2>/dev/null) in
      *' installed') ;;
      *) missing="$missing $name" ;;
    esac
  done
  [ -n "$missing" ] || return 0
  command -v apt-get >/dev/null || die "please install by hand:$missing"
  say "Installing:$missing"
  as_root env DEBIAN_FRONTEND=noninteractive apt-get -q update
  # shellcheck disable=SC2086 # a list of names
  as_root env DEBIAN_FRONTEND=noninteractive apt-get -q -y install --no-install-recommends $missing
}

# Makes sure of an ordinary user with a home, to run as when we are root.
need_user () {
  id "$1" >/dev/null 2>&1 && return 0
  say "Creating the user $1"
  useradd --create-home --shell /bin/sh --comment 'Bulkhead build-aux' "$1" \
    || die "could not create the user $1"
}

# Copies the sources as they are, without what git ignores, to $1. Works on a read-only checkout
# that belongs to somebody else, and without git.
copy_sources () {
  rm -rf "$1"
  mkdir -p "$1"
  if command -v git >/dev/null \
     && git -c safe.directory="$top" -C "$top" rev-parse --git-dir >/dev/null 2>&1; then
    # A file that is deleted but not yet committed is listed all the same: tar would stop at it.
    git -c safe.directory="$top" -C "$top" ls-files -z -co --exclude-standard \
      | (cd "$top" && while_exists) | tar -C "$top" --null --no-recursion -T - -cf - | tar -C "$1" -xf - --no-same-owner
  else
    tar -C "$top" --exclude=./.git --exclude=./build --exclude=./_build --exclude='./build-[!a]*' -cf - . | tar -C "$1" -xf - --no-same-owner
  fi
}

# Keeps of a NUL-separated list what exists.
while_exists () {
  # shellcheck disable=SC2016 # for the inner shell
  xargs -0 sh -c 'for f; do if [ -e "$f" ] || [ -L "$f" ]; then printf "%s\0" "$f"; fi; done' sh
}

# as_user NAME COMMAND…: with a clean environment; plus what is in $pass (a list of NAME=VALUE).
as_user () {
  name=$1
  shift
  home=$(getent passwd "$name" | cut -d: -f6)
  # shellcheck disable=SC2086 # a list
  if [ "$(id -un)" = "$name" ]; then
    env -i HOME="$home" USER="$name" LOGNAME="$name" SHELL=/bin/sh LANG=C.UTF-8 \
      PATH=/usr/local/bin:/usr/bin:/bin:/usr/sbin:/sbin ${pass-} "$@"
  else
    setpriv --reuid="$name" --regid="$(id -g "$name")" --init-groups --inh-caps=-all \
      env -i HOME="$home" USER="$name" LOGNAME="$name" SHELL=/bin/sh LANG=C.UTF-8 \
      PATH=/usr/local/bin:/usr/bin:/bin:/usr/sbin:/sbin ${pass-} "$@"
  fi
}

# X servers that tests start need this folder to be root's or their own; on a machine without a
# desktop it is missing, or belongs to whoever ran one first.
need_x11_folder () {
  mkdir -p -m 1777 /tmp/.X11-unix
  chown root:root /tmp/.X11-unix
  chmod 1777 /tmp/.X11-unix
}
