#!/bin/sh
# run_sanitized.sh asan|tsan: every unit test of that build, with the models if they
# are in the cache already.
set -u
cd "$(dirname "$0")/.."
home=${HEADRACE_HOME:-$HOME/.cache/headrace}
for pair in smollm2:HEADRACE_TEST_MODEL gemma3:HEADRACE_TEST_MODEL_GEMMA3; do
  path=$(ls "$home/models/${pair%%:*}"/*.gguf 2>/dev/null | head -n 1)
  [ -n "$path" ] && export "${pair#*:}=$path"
done
export ASAN_OPTIONS="${ASAN_OPTIONS:-detect_stack_use_after_return=1}"
export TSAN_OPTIONS="${TSAN_OPTIONS:-halt_on_error=1}"
exec ctest --test-dir "build/$1" --output-on-failure
