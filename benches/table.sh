#!/usr/bin/env bash
# The whole table of speeds on a release build and a real broker: benches/table.sh [--runs N] [--only ROW…] [--topics TOPIC…] [--out FILE.json] [--markdown] [--quick]
#
# Core 0 is for the process that is measured, core 1 for everything else: the broker, the fake Slack. All of it takes about half an hour; --help says more.
set -euo pipefail
cd "$(dirname "$0")/.."
if [[ " $* " == *' --help '* || " $* " == *' -h '* ]]; then
    exec cargo bench --locked --quiet --bench table -- --help
fi
command -v taskset >/dev/null || { echo "table.sh: \`taskset\` is missing; on Debian: apt-get install --no-install-recommends util-linux" >&2; exit 1; }
taskset -c 0,1 true || { echo "table.sh: needs cores 0 and 1" >&2; exit 1; }
dir="$(mktemp -d "${TMPDIR:-/tmp}/slackline-table.XXXXXX")"
trap 'tests/kafka.sh stop --dir "$dir/kafka" || true; rm -rf "$dir"' EXIT
# Built before the broker runs, on all cores.
cargo bench --locked --quiet --bench table --no-run
# Room for what is fetched ahead; the topics themselves are in the kernel's cache.
export KAFKA_TEST_HEAP="${KAFKA_TEST_HEAP:--Xms512m -Xmx1g}" KAFKA_VERSION="${KAFKA_VERSION:-4.1.0}"
taskset -c 1 tests/kafka.sh run --dir "$dir/kafka" cargo bench --locked --quiet --bench table -- "$@"
