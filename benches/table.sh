#!/usr/bin/env bash
# Measures the speed table on a real broker:
# benches/table.sh [--runs N] [--only ROW…] [--topics TOPIC…] [--out FILE] [--markdown] [--quick]
#
# Core 0 runs only the process that is measured; core 1 runs the broker and the fake Slack. A full
# run takes about half an hour. --help lists the options.
#
# The program is built with the profile `dist`, as in the image. `--quick`, which proves only that
# the command works, uses `release`, which compiles faster.
set -euo pipefail
cd "$(dirname "$0")/.."
profile=dist
[[ " $* " != *' --quick '* ]] || profile=release
cargo build --profile "$profile" --locked --quiet -p slackline -p slackline-table
table="${CARGO_TARGET_DIR:-target}/$profile/slackline-table"
if [[ " $* " == *' --help '* || " $* " == *' -h '* ]]; then
    exec "$table" --help
fi
if ! command -v taskset >/dev/null; then
    echo "table.sh: \`taskset\` is missing; on Debian: apt-get install --no-install-recommends util-linux" >&2
    exit 1
fi
taskset -c 0,1 true || { echo "table.sh: needs cores 0 and 1" >&2; exit 1; }
dir="$(mktemp -d "${TMPDIR:-/tmp}/slackline-table.XXXXXX")"
trap 'tests/kafka.sh stop --dir "$dir/kafka" || true; rm -rf "$dir"' EXIT
mkdir "$dir/home"
export SLACKLINE_TABLE_HOME="$dir/home"
# Heap for prefetched batches; the topics themselves are in the kernel's page cache.
export KAFKA_TEST_HEAP="${KAFKA_TEST_HEAP:--Xms512m -Xmx1g}" KAFKA_VERSION="${KAFKA_VERSION:-4.1.0}"
taskset -c 1 tests/kafka.sh run --dir "$dir/kafka" "$table" "$@"
