#!/usr/bin/env bash
# Runs the fuzz targets (fuzz/), as many at a time as there are processors. Needs Rust and a C++ compiler; installs
# cargo-fuzz.
#
#   scripts/fuzz.sh                     each target for ten minutes
#   scripts/fuzz.sh SECONDS [TARGET …]  for so long, all of them or these
#   scripts/fuzz.sh --quick             each for 20 seconds, built without optimising, which takes a third of the time
#   scripts/fuzz.sh --corpus            takes what the runs found into fuzz/corpus, as little as covers the same
#   scripts/fuzz.sh --help              this text
#
# Whatever a run finds it keeps below fuzz/target/corpus, for the next. What breaks a target lies in fuzz/artifacts:
# `cargo fuzz run -s none TARGET fuzz/artifacts/TARGET/FILE` shows it again, `cargo fuzz tmin` makes it small.
set -euo pipefail
cd "$(dirname "$0")/.."

targets="frames messages settings schemas mcp"
seconds=600 corpus=false build=
case "${1:-}" in
  -h | --help) sed -n '2,/^set /s/^# \{0,1\}//p' scripts/fuzz.sh; exit 0 ;;
  --corpus) corpus=true ;;
  --quick) seconds=20 build=--dev ;;
  '') ;;
  *[!0-9]*) echo "unknown argument $1: see scripts/fuzz.sh --help" >&2; exit 2 ;;
  *) seconds=$1 ;;
esac
if [ $# -gt 1 ]; then targets="${*:2}"; fi
logs=fuzz/target/logs
export RUST_BACKTRACE=1

command -v cargo-fuzz >/dev/null 2>&1 || cargo install --locked cargo-fuzz@0.13.2
# `cargo fuzz` has no --locked.
cargo metadata --locked --format-version 1 --manifest-path fuzz/Cargo.toml >/dev/null
# What earlier processes worked in.
rm -rf fuzz/target/mcp fuzz/target/settings
mkdir -p "$logs"
cargo fuzz build -s none $build

# Makes the corpus of a target small: what has a name stays, and of the rest as little as reaches the same places. Long
# inputs are left out.
shrink() {
  local kept="fuzz/target/kept/$1"
  rm -rf "$kept"
  mkdir -p "$kept" "fuzz/target/corpus/$1"
  cargo fuzz run -s none "$1" "$kept" "fuzz/corpus/$1" "fuzz/target/corpus/$1" -- -set_cover_merge=1 -use_counters=0 \
    >"$logs/$1.log" 2>&1
  find "fuzz/corpus/$1" -type f -name '????????????????????????????????????????' -delete
  find "$kept" -type f -size -1501c -exec mv {} "fuzz/corpus/$1" \;
  echo "$1: $(find "fuzz/corpus/$1" -type f | wc -l) inputs"
}

# Runs one target; says what it did, and at a fault all that it said.
run() {
  local log="$logs/$1.log" found="fuzz/target/corpus/$1"
  if [ -n "$build" ]; then
    # To run what longer ones found would take longer than the run itself.
    found="fuzz/target/quick/$1"
    rm -rf "$found"
  fi
  mkdir -p "$found"
  if cargo fuzz run -s none $build "$1" "$found" "fuzz/corpus/$1" -- -max_total_time="$2" -timeout=20 \
    -rss_limit_mb=2048 -dict="fuzz/dictionaries/$1.dict" -print_final_stats=1 >"$log" 2>&1; then
    local runs coverage
    runs=$(sed -n 's/^stat::number_of_executed_units: *//p' "$log")
    coverage=$(sed -n 's/.* cov: \([0-9]*\) .*/\1/p' "$log" | tail -1)
    echo "$1: $runs runs, $coverage places reached, nothing found"
  else
    tail -n 60 "$log"
    echo "$1: found something; see $log and fuzz/artifacts/$1" >&2
    return 1
  fi
}

export -f run shrink
export logs build
if $corpus; then
  for target in $targets; do shrink "$target"; done
else
  # Its own number of processors, where the system has no nproc.
  at_once=$(nproc 2>/dev/null || sysctl -n hw.ncpu 2>/dev/null || echo 1)
  printf '%s\n' $targets | xargs -P "$at_once" -I{} bash -c "run {} $seconds"
fi
