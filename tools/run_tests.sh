#!/bin/sh
# Runs every test on the build in build/dev: the unit tests, then the
# Python ones (parity with reference packages, end to end through the real binary and
# real clients). Ends with one line that counts them.
set -u
cd "$(dirname "$0")/.."
results=build/test-results
rm -rf "$results" && mkdir -p "$results"
export HEADRACE_BIN="$PWD/build/dev/bin/headrace"
export HEADRACE_DRIVERS="$PWD/build/dev/bin"
export HEADRACE_CHAT_TEMPLATE_DRIVER="$HEADRACE_DRIVERS/chat_template_driver"

# The models are data: fetched once, and the tests that need one are skipped without it.
for pair in smollm2:HEADRACE_TEST_MODEL gemma3:HEADRACE_TEST_MODEL_GEMMA3; do
  model=${pair%%:*}
  variable=${pair#*:}
  if path=$("$HEADRACE_BIN" pull "$model" --print-path); then
    export "$variable=$path"
  else
    echo "headrace: $model could not be fetched; the tests that need it are skipped"
  fi
done

failed=0
ctest --test-dir build/dev --output-on-failure --output-junit "$PWD/$results/unit.xml" || failed=1
# What the tests say about tiers that this CPU lacks.
grep -h '^\[ tier ' build/dev/Testing/Temporary/LastTest.log 2>/dev/null | sort -u

if venv=$(tools/test_venv.sh); then
  echo "headrace: installing the Python package"
  "$venv/bin/pip" install -q --disable-pip-version-check . || failed=1
  "$venv/bin/python" -m pytest -q tests/parity tests/end_to_end --junitxml="$results/python.xml" -p no:cacheprovider || failed=1
else
  echo "headrace: the Python packages of the tests could not be installed; the Python tests are skipped"
fi

python3 tools/count_tests.py "$results" || failed=1
exit $failed
