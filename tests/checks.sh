# Sourced by tests/helm.sh and tests/deploy.sh: one line a check, and how many there were.
# shellcheck shell=bash

passed=0 failed=0
checks="$(mktemp -d "${TMPDIR:-/tmp}/slackline-checks.XXXXXX")"
trap 'rm -rf "$checks"' EXIT

# Runs a command; its output is shown only where it fails.
check() { # WHAT COMMAND…
    local what="$1"
    shift
    if "$@" >"$checks/log" 2>&1; then
        echo "ok      $what"
        passed=$((passed + 1))
    else
        echo "FAILED  $what"
        sed 's/^/        /' "$checks/log"
        failed=$((failed + 1))
        return 1
    fi
}
