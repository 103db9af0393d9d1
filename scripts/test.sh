#!/usr/bin/env bash
# Sets up and runs all tests. Needs Rust and Node (and Python 3 for the official client's test);
# installs the rest: cargo-nextest, cargo-deny, the pinned codex, the Python client.
#
#   scripts/test.sh          everything
#   scripts/test.sh --fast   without the installs and the checks of dependencies
set -euo pipefail
cd "$(dirname "$0")/.."

say() { printf '\n== %s\n' "$*"; }
have() { command -v "$1" >/dev/null 2>&1; }
fast=false
[ "${1:-}" = "--fast" ] && fast=true

if ! $fast; then
  say "tools"
  have cargo-nextest || cargo install --locked cargo-nextest@0.9.143
  have cargo-deny || cargo install --locked cargo-deny@0.20.2
  say "the real codex, pinned"
  (cd tests/node && npm ci --no-fund --no-audit)
  say "the official Python client, pinned"
  if have python3; then
    [ -x target/python/bin/python ] || python3 -m venv target/python
    target/python/bin/pip install --quiet --disable-pip-version-check -r tests/python/requirements.txt
  else
    echo "python3 is missing: the test of the official Python client will fail; install Python 3.10 or newer" >&2
  fi
fi

say "format"
cargo fmt --check
say "lints"
cargo clippy --locked --all-targets --features fakes -- -D warnings
if ! $fast; then
  say "licences, bans, sources of dependencies"
  # The advisory database cannot be reached from a closed network; the other checks need none.
  cargo deny --locked check licenses bans sources
fi
say "tests"
cargo nextest run --locked --features fakes
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
