#!/usr/bin/env bash
# Measures what issue 3 limits, on a release build and a real broker, and prints it: memory with 1,000 stalled webhooks and 1,000,000 events behind,
# and the time from event to post. tests/measure.sh [memory|latency]
set -euo pipefail
cd "$(dirname "$0")/.."
dir="$(mktemp -d "${TMPDIR:-/tmp}/slackline-measure.XXXXXX")"
trap 'rm -rf "$dir"' EXIT
cargo test --release --locked --test integration --no-run
tests/kafka.sh run --dir "$dir/kafka" \
    cargo test --release --locked --quiet --test integration -- --ignored --nocapture --test-threads 1 "measure::${1:-}"
