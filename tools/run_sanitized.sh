#!/bin/sh
# run_sanitized.sh asan|tsan: every unit test of that build; with asan also the end-to-end
# tests that need only the binary (command line and server, by real clients), for which the
# thread sanitizer's binary is too slow. The models are used if they are in the cache already.
set -u
cd "$(dirname "$0")/.."
home=${HEADRACE_HOME:-$HOME/.cache/headrace}
for pair in smollm2:HEADRACE_TEST_MODEL gemma3:HEADRACE_TEST_MODEL_GEMMA3; do
  path=$(ls "$home/models/${pair%%:*}"/*.gguf 2>/dev/null | head -n 1)
  [ -n "$path" ] && export "${pair#*:}=$path"
done
export ASAN_OPTIONS="${ASAN_OPTIONS:-detect_stack_use_after_return=1}"
export TSAN_OPTIONS="${TSAN_OPTIONS:-halt_on_error=1}"
failed=0
ctest --test-dir "build/$1" --output-on-failure || failed=1

[ "$1" = asan ] || exit $failed

# A report makes the process end with a status of its own, which these tests look at.
venv=$(tools/test_venv.sh) || exit 1
export HEADRACE_TEST_SLOWER=30
export HEADRACE_BIN="$PWD/build/$1/bin/headrace"
"$venv/bin/python" -m pytest -q tests/end_to_end/test_cli_*.py tests/end_to_end/test_server_*.py -p no:cacheprovider || failed=1
exit $failed
