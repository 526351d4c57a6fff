#!/bin/sh
# Installs the Debian packages that are missing: `bootstrap.sh build` for building and
# running, `test` for the tests as well, `fuzz` for the fuzz targets, `bench` for the
# comparison with llama.cpp, `format` for clang-format and clang-tidy. As root, or by sudo where that
# asks for no password; otherwise it prints the one command to run and stops.
set -eu

build="g++ cmake ninja-build pkg-config ca-certificates python3 python3-pip
  libboost-dev nettle-dev nlohmann-json3-dev libpcre2-dev libutf8proc-dev
  libfmt-dev libcli11-dev zlib1g-dev libminizip-dev
  libzstd-dev liblz4-dev libsnappy-dev libbrotli-dev"
test="$build libgtest-dev libgmock-dev python3-venv python3-dev curl chromium chromium-driver"

case "${1:-build}" in
  build) wanted=$build ;;
  test) wanted=$test ;;
  fuzz) wanted="$build clang-19 libclang-rt-19-dev" ;;
  bench) wanted="$build clang-19 python3-venv" ;;
  format) wanted="$build clang-format-19 clang-tidy-19 clang-19" ;;
  *) echo "usage: bootstrap.sh [build|test|fuzz|bench|format]" >&2; exit 2 ;;
esac

missing=""
for package in $wanted; do
  case "$(dpkg-query -W -f='${db:Status-Status}' "$package" 2>/dev/null || true)" in
    installed) ;;
    *) missing="$missing $package" ;;
  esac
done
[ -z "$missing" ] && exit 0

if ! command -v apt-get >/dev/null 2>&1; then
  echo "headrace: this is not a Debian system; install the equivalents of:$missing" >&2
  exit 1
fi
install="apt-get install -y --no-install-recommends$missing"
if [ "$(id -u)" = 0 ]; then
  as_root=""
elif command -v sudo >/dev/null 2>&1 && sudo -n true 2>/dev/null; then
  as_root="sudo"
else
  echo "headrace: some Debian packages are missing. Run this once, then try again:" >&2
  echo "  sudo sh -c 'apt-get update && $install'" >&2
  exit 1
fi
echo "headrace: installing$missing"
export DEBIAN_FRONTEND=noninteractive
if ! { $as_root apt-get -qq update && $as_root $install >/dev/null; }; then
  echo "headrace: the packages above could not be installed; is there a network, and space on the disk?" >&2
  exit 1
fi
