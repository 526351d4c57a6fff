#!/bin/sh
# test_venv.sh: prints the folder of the Python environment that tests/requirements.txt asks
# for, after making it if it is not there or the file has changed. Fails where it cannot.
set -u
cd "$(dirname "$0")/.."
venv=build/venv
stamp="$venv/requirements.txt"
if ! cmp -s tests/requirements.txt "$stamp"; then
  echo "headrace: preparing the Python environment of the tests" >&2
  rm -rf "$venv"
  python3 -m venv "$venv" >&2 && "$venv/bin/pip" install -q --disable-pip-version-check -r tests/requirements.txt >&2 &&
    cp tests/requirements.txt "$stamp" || exit 1
fi
echo "$venv"
