#!/usr/bin/env bash
# Runs every fault that slackline promises to survive, on a release build and a real broker:
#   tests/faults.sh [FILTER]
# Prints one line per finished fault, and all of them as a table at the end. The exit code is 0 if
# every test passed.
#
# FILTER is a part of a test name: `kill`, `members::`, `kip_848`. SLACKLINE_FAULTS_SEED repeats the
# random moments of a test that failed.
set -euo pipefail
cd "$(dirname "$0")/.."
filter="${1:-}"
started=$SECONDS
dir="$(mktemp -d "${TMPDIR:-/tmp}/slackline-faults.XXXXXX")"
trap 'tests/kafka.sh stop --dir "$dir/kafka" || true; [[ -f $dir/keep ]] || rm -rf "$dir"' EXIT
export SLACKLINE_FAULTS_REPORT="$dir/report" CARGO_TERM_COLOR="${CARGO_TERM_COLOR:-never}"
: >"$SLACKLINE_FAULTS_REPORT"

bold='' plain=''
if [[ -t 1 && -z ${NO_COLOR:-} ]]; then
    bold=$'\e[1m' plain=$'\e[0m'
fi

# Progress for a person who waits: each fault's line, and each test's result.
progress() {
    while IFS= read -r line; do
        if [[ $line =~ ^.+' | '[0-9]+' | ' || $line =~ ^test\ faults::.*\ (ok|FAILED)$ ]]; then
            printf '[%4d s] %s\n' "$((SECONDS - started))" "$line"
        fi
    done
}

# Prints the report with its first two columns aligned. ${#…} counts characters; printf's own width
# would count bytes.
table() {
    local wide=5 fault tried figures
    while IFS='|' read -r fault _; do
        fault="${fault% }"
        ((${#fault} > wide)) && wide=${#fault}
    done <"$SLACKLINE_FAULTS_REPORT"
    printf '%s%s%*s  %5s  %s%s\n' "$bold" fault $((wide - 5)) '' tried figures "$plain"
    while IFS='|' read -r fault tried figures; do
        fault="${fault% }"
        printf '%s%*s  %5s  %s\n' "$fault" $((wide - ${#fault})) '' "${tried// /}" "${figures# }"
    done <"$SLACKLINE_FAULTS_REPORT"
}

cargo test --release --locked --test integration --no-run
mapfile -t tests < <(cargo test --release --locked --quiet --test integration -- --include-ignored --list |
    sed -nE 's/^(faults::.*): test$/\1/p' | grep -F -- "$filter")
if [[ ${#tests[@]} == 0 ]]; then
    echo "no test of a fault has \`$filter\` in its name" >&2
    exit 2
fi
status=0
tests/kafka.sh run --dir "$dir/kafka" \
    cargo test --release --locked --test integration -- --include-ignored --nocapture --test-threads 2 --exact "${tests[@]}" 2>&1 |
    tee "$dir/log" | progress || status=$?

echo
table
echo
# A test that did not end counts as failed: the whole run may have been aborted.
failed="$(printf '%s\n' "${tests[@]}" | grep -vxF -f <(sed -nE 's/^test (faults::.*) \.\.\. ok$/\1/p' "$dir/log") || true)"
if [[ $status != 0 || -n $failed ]]; then
    echo "${bold}FAILED${plain} after $((SECONDS - started)) s, of ${#tests[@]} tests:"
    echo "${failed:-no single test: the run itself ended with $status}"
    echo "their output and the programs' logs: $dir/log"
    touch "$dir/keep"
    exit 1
fi
echo "all of ${#tests[@]} tests passed in $((SECONDS - started)) s"
