# tests/build.sh: how tests/run and examples/run build; to be sourced, with `top` set to the checkout.
#
# SPDX-License-Identifier: LGPL-2.1-or-later

# Where build folders go: .build/ of the checkout, or where TYET_BUILD says; when the checkout belongs to somebody else,
# a folder of one's own beside the other temporary files.
if [ -z "${TYET_BUILD:-}" ]; then
  TYET_BUILD=$top/.build
  if ! mkdir -p "$TYET_BUILD" 2>/dev/null || [ ! -w "$TYET_BUILD" ] ||
     [ -n "$(find "$TYET_BUILD" -maxdepth 1 -mindepth 1 ! -writable -print -quit)" ]; then
    TYET_BUILD=${TMPDIR:-/tmp}/tyet-build-$(id -u)-$(printf %s "$top" | cksum | cut -d' ' -f1)
    echo "building in $TYET_BUILD ($top/.build is not writable)"
  fi
fi
mkdir -p "$TYET_BUILD"
TYET_BUILD=$(cd "$TYET_BUILD" && pwd)

# tyet_build NAME [meson setup argument...]: a build folder NAME, up to date (or only what $targets names). A folder that Meson cannot use any more (it was
# moved, or made by another version) is made anew.
tyet_build () {
  local dir=$TYET_BUILD/$1
  shift
  if [ ! -f "$dir/build.ninja" ] || ! meson configure "$dir" "$@" >/dev/null 2>&1 ||
     ! ninja -C "$dir" --quiet build.ninja >/dev/null 2>&1; then
    rm -rf "$dir"
    meson setup "$dir" "$top" "$@" >"$TYET_BUILD/setup.log" 2>&1 || { cat "$TYET_BUILD/setup.log"; return 1; }
  fi
  # shellcheck disable=SC2086 # several words are several targets
  ninja -C "$dir" --quiet ${targets:-}
}
