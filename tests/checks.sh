# Prints one line per check and counts the checks. tests/helm.sh, tests/deploy.sh and tests/local.sh
# source it.
# shellcheck shell=bash

passed=0 failed=0
checks="$(mktemp -d "${TMPDIR:-/tmp}/slackline-checks.XXXXXX")"
trap 'rm -rf "$checks"' EXIT

# Runs a command, and shows its output only if it fails.
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
