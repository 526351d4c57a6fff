#!/bin/sh
# run_fuzz.sh SECONDS: each fuzz target for that long, from its seeds in tests/fuzz/seeds, with its
# dictionary in tests/fuzz/dictionaries.
set -u
cd "$(dirname "$0")/.."
status=0
for target in build/fuzz/bin/fuzz_*; do
  name=$(basename "$target")
  mkdir -p "build/fuzz/corpus/$name"
  seeds=tests/fuzz/seeds/$name
  [ -d "$seeds" ] || seeds=""
  dictionary=tests/fuzz/dictionaries/$name.dict
  if [ -f "$dictionary" ]; then dictionary="-dict=$dictionary"; else dictionary=""; fi
  echo "headrace: $name for $1 s"
  "$target" -max_total_time="$1" -rss_limit_mb=2048 -timeout=10 -print_final_stats=0 -verbosity=0 $dictionary \
    "build/fuzz/corpus/$name" $seeds || status=1
done
exit $status
