#!/usr/bin/env bash
# Measures slackline against its limits, with a release build on a real broker:
# tests/measure.sh [memory|latency]
#
# Memory with 1,000 stalled webhooks and a backlog of 1,000,000 events, and the time from event to
# post.
set -euo pipefail
cd "$(dirname "$0")/.."
dir="$(mktemp -d "${TMPDIR:-/tmp}/slackline-measure.XXXXXX")"
trap 'rm -rf "$dir"' EXIT
cargo test --release --locked --test integration --no-run
tests/kafka.sh run --dir "$dir/kafka" \
    cargo test --release --locked --quiet --test integration -- --ignored --nocapture --test-threads 1 "measure::${1:-}"
