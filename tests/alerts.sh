#!/usr/bin/env bash
# The alerts of deploy/prometheus/alerts.yaml, evaluated by promtool on series of the real program: tests/alerts.sh
# The series are recorded anew by `tests/alerts.sh record [NAME]`, in 25 minutes on a real broker. Do so when an alert or a metric that it asks for changes.
set -euo pipefail
cd "$(dirname "$0")/.."

case "${1:-}" in
record)
    dir="$(mktemp -d "${TMPDIR:-/tmp}/slackline-alerts.XXXXXX")"
    trap 'rm -rf "$dir"' EXIT
    # A release build, and all at once: most of it is waiting.
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
