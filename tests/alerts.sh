#!/usr/bin/env bash
# Tests the alerts of deploy/prometheus/alerts.yaml with promtool, on recorded series of the real
# program: tests/alerts.sh
#
# `tests/alerts.sh record [NAME]` records the series again, in 25 minutes on a real broker. It is
# needed when an alert, or a metric in an alert's expression, changes.
set -euo pipefail
cd "$(dirname "$0")/.."

case "${1:-}" in
record)
    dir="$(mktemp -d "${TMPDIR:-/tmp}/slackline-alerts.XXXXXX")"
    trap 'rm -rf "$dir"' EXIT
    # All recordings in parallel: they mostly wait.
    cargo test --release --locked --test integration --no-run
    tests/kafka.sh run --dir "$dir/kafka" \
        cargo test --release --locked --quiet --test integration -- --ignored --test-threads 64 "alerts::record::${2:-}"
    ;;
'') "$(tests/tools.sh promtool)" test rules tests/alerts/recordings/*.yaml ;;
*)
    echo "usage: tests/alerts.sh [record [NAME]]" >&2
    exit 2
    ;;
esac
