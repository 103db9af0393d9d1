#!/usr/bin/env bash
# Sets up and runs all tests. Needs Rust and Node, Python 3 for the tests of the official client, and a Chromium for those
# of the page (which it installs itself where it may: Debian's, as root); installs the rest: cargo-nextest, cargo-deny, cargo-fuzz, the pinned codex, MCP's conformance suite with the
# Node 22 that it wants, the Python client. The fuzz targets need a C++ compiler.
#
#   scripts/test.sh          everything
#   scripts/test.sh --fast   without the installs, the checks of dependencies, the older versions of codex, and fuzzing
#   scripts/test.sh --help   this text
#
# Without python3, or a Chromium, their tests are left out, and said to be; with CI=true that fails.
set -euo pipefail
cd "$(dirname "$0")/.."

say() { printf '\n== %s\n' "$*"; }
have() { command -v "$1" >/dev/null 2>&1; }
fast=false
for flag in "$@"; do
  case "$flag" in
    --fast) fast=true ;;
    -h | --help) sed -n '2,/^set /s/^# \{0,1\}//p' scripts/test.sh; exit 0 ;;
    *) echo "unknown flag $flag: see scripts/test.sh --help" >&2; exit 2 ;;
  esac
done

tests='all()'
if ! have python3; then
  if [ "${CI:-}" = true ]; then
    echo "python3 is missing, and CI leaves no test out: install Python 3.10 or newer" >&2
    exit 1
  fi
  echo "python3 is missing: the tests of the Python client are left out (install Python 3.10 or newer)" >&2
  tests='all() & !test(/^real::python::/)'
fi

# The page's tests: $CHROMIUM names the browser, else one of the usual names is looked for.
browser() {
  [ -n "${CHROMIUM:-}" ] || have chromium || have chromium-browser || have google-chrome || have google-chrome-stable \
    || have chrome || [ -x "/Applications/Google Chrome.app/Contents/MacOS/Google Chrome" ]
}
if ! browser && ! $fast && have apt-get && [ "$(id -u)" = 0 ]; then
  say "a browser without a window"
  apt-get install -y --no-install-recommends chromium >/dev/null \
    || { apt-get update >/dev/null && apt-get install -y --no-install-recommends chromium >/dev/null; }
fi
if ! browser; then
  if [ "${CI:-}" = true ]; then
    echo "a Chromium is missing, and CI leaves no test out: install one, or name it as \$CHROMIUM" >&2
    exit 1
  fi
  echo "a Chromium is missing: the tests of the page are left out (install one, or name it as \$CHROMIUM)" >&2
  tests="($tests) & !test(/^page::/)"
fi

older="0.160 0.165"

if ! $fast; then
  say "tools"
  have cargo-nextest || cargo install --locked cargo-nextest@0.9.143
  have cargo-deny || cargo install --locked cargo-deny@0.20.2
  say "the real codex and MCP's conformance suite, pinned"
  (cd tests/node && npm ci --no-fund --no-audit)
  # The older ones that the bridge works with, one before them for the tests of doctor, MCP's Inspector and Claude Code.
  for folder in $older old inspector claude; do (cd "tests/node/$folder" && npm ci --no-fund --no-audit); done
  if have python3; then
    say "the official Python client, pinned"
    [ -x target/python/bin/python ] || python3 -m venv target/python
    target/python/bin/pip install --quiet --disable-pip-version-check -r tests/python/requirements.txt
  fi
fi

say "format"
cargo fmt --check
cargo fmt --check --manifest-path fuzz/Cargo.toml
say "lints"
cargo clippy --locked --all-targets --features fakes -- -D warnings
if ! $fast; then
  say "licences, bans, sources of dependencies"
  # The advisory database cannot be reached from a closed network; the other checks need none.
  cargo deny --locked check licenses bans sources
fi
say "tests"
cargo nextest run --locked --features fakes -E "$tests"
if ! $fast; then
  # Users have the bridge in the background, and so have the tests above; here all is in the process of the host. What is
  # about `serve` is that in any case.
  say "tests with all in one process"
  TEST_EMBEDDED=1 cargo nextest run --locked --features fakes \
    -E "($tests) & binary(it) & !test(/^real::|^conformance::|^matrix::|^memory::|^daemon::|^http::|^page::|slow_/)"
  for version in $older; do
    say "tests against codex $version.0, all in one process"
    # The table of flags is about the newest codex and its SDK; what is done many times is done with the newest.
    TEST_EMBEDDED=1 TEST_CODEX=$version.0 cargo nextest run --locked --features fakes \
      -E "($tests) & test(/^real::/) & !test(/^real::flags::table::|::slow_/)"
  done
fi
if ! $fast; then
  say "fuzzing, a short run"
  bash scripts/fuzz.sh --quick
fi
say "documentation"
cargo test --locked --quiet --doc
RUSTDOCFLAGS="-D warnings" cargo doc --locked --quiet --no-deps

say "other systems"
for target in x86_64-pc-windows-gnu aarch64-apple-darwin; do
  if ! have rustup || ! rustup target list --installed 2>/dev/null | grep -qx "$target"; then
    echo "not checked for $target: its standard library is not installed here (rustup target add $target)"
  elif [ "$target" = x86_64-pc-windows-gnu ] && ! have x86_64-w64-mingw32-gcc; then
    echo "not checked for $target: bundled SQLite needs x86_64-w64-mingw32-gcc"
  elif [ "$target" = aarch64-apple-darwin ] && [ "$(uname -s)" != Darwin ]; then
    echo "not checked for $target: bundled SQLite needs Apple's C compiler"
  else
    cargo check --locked --target "$target"
  fi
done
