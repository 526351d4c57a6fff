#!/bin/sh
# build.sh PRESET JOBS: configures once, then builds. Quiet when nothing is to do.
set -eu
preset=$1
jobs=$2
cd "$(dirname "$0")/.."
if [ ! -f "build/$preset/build.ninja" ]; then
  echo "headrace: configuring $preset"
  mkdir -p "build/$preset"
  if ! cmake --preset "$preset" >"build/$preset/configure.log" 2>&1; then
    cat "build/$preset/configure.log" >&2
    exit 1
  fi
fi
if [ ! -e "build/$preset/.built" ]; then
  echo "headrace: building $preset with $jobs jobs (a first build takes some minutes)"
fi
ninja -C "build/$preset" -j "$jobs"
touch "build/$preset/.built"
