#!/usr/bin/env bash
# Runs the services of docker-compose.yml without containers: the same commands, settings and files,
# on addresses of this machine. `tests/local.sh --help` shows the options.
set -uo pipefail
cd "$(dirname "$0")/.." || exit 1

usage() {
    cat <<'TEXT'
usage: tests/local.sh [--check | --picture SVG]

Starts the services of docker-compose.yml without a Docker engine: a real Kafka, slackline, a fake Slack,
sample events and a real Prometheus, on 127.0.0.1 and the published ports (other ports if these are
in use). Grafana is not started. It shows the posts; Ctrl-C stops everything and deletes all data.

  --check        start on free ports, check within two minutes that everything works, stop; prints one
                 line per check, exit code 1 if any failed
  --picture SVG  start, inject faults into the fake Slack for a quarter of an hour, draw the dashboard
                 into that file, stop; takes 20 minutes

SLACKLINE is the program to run (default target/release/slackline, built if it is missing).
Needs python3, Java and Maven; the other tools are fetched.
TEXT
}

die() {
    echo "local.sh: $*" >&2
    exit 1
}

mode=up
case "${1:-}" in
'') ;;
--check) mode=check ;;
--picture) mode=picture picture="${2:?--picture needs a file}" ;;
-h | --help) usage; exit ;;
*) usage >&2; exit 2 ;;
esac

slackline="${SLACKLINE:-target/release/slackline}"
[[ -x $slackline || -n ${SLACKLINE:-} ]] || cargo build --release --locked || exit 1
[[ -x $slackline ]] || die "no program at \`$slackline\`"
tools="$(tests/tools.sh docker-compose prometheus)" || exit 1
{ read -r compose; read -r prometheus; } <<<"$tools"
tests/kafka.sh fetch || exit 1

# shellcheck source=tests/checks.sh
. tests/checks.sh
work="$checks/local"
mkdir "$work"
groups=()
trap stop EXIT
trap 'exit 130' INT
trap 'exit 143' TERM HUP

alive() {
    local group
    for group in "${groups[@]}"; do
        kill -0 -- "-$group" 2>/dev/null && return
    done
    return 1
}

# Like `docker compose down`: SIGTERM, and after ten seconds SIGKILL. Kafka is last, so that
# slackline can commit.
stop() {
    local group until=$((SECONDS + 10))
    trap '' INT TERM HUP
    for group in "${groups[@]}"; do kill -TERM -- "-$group"; done 2>/dev/null
    while alive && ((SECONDS < until)); do sleep 0.1; done
    for group in "${groups[@]}" ${kafka:+"$kafka"}; do kill -KILL -- "-$group"; done 2>/dev/null
    tests/kafka.sh stop --dir "$work/kafka/cluster"
    rm -rf "$checks"
}

# Restarts a service like Docker does: after a second at first, then after longer pauses.
keep() { # SERVICE POLICY
    local code=0 pause=1
    while :; do
        bash "$work/$1/run"
        code=$?
        echo "--- $1 exited with code $code"
        [[ $2 == always || $2 == unless-stopped || ($2 == on-failure* && $code != 0) ]] || return
        sleep "$pause"
        pause=$((pause < 32 ? pause * 2 : 60))
    done
}

addresses() { # SERVICE
    awk -F '\t' -v service="$1" '$1 == service { printf "%s%s", separator, $3; separator = " " }' "$work/ports"
}

# The first address of a service.
address() { # SERVICE
    addresses "$1" | cut -d ' ' -f 1
}

# Starts a command in its own process group, `$!`, so that it can be stopped with its children
# and does not receive Ctrl-C.
apart() { # COMMAND…
    set -m
    "$@" </dev/null &
    set +m
    # Otherwise bash prints how it ended.
    disown
}

start() {
    local ports=same service policy program
    [[ $mode == up ]] || ports=free
    "$compose" --file docker-compose.yml config --format json |
        python3 tests/local/compose.py "$work" "$ports" "slackline=$(realpath "$slackline")" "prom/prometheus=$prometheus" "apache/kafka=$PWD/tests/kafka.sh" ||
        die 'docker-compose.yml could not be read'
    # All services start together; a service that needs another one waits for it by itself.
    while IFS=$'\t' read -r service policy program; do
        if [[ $program != run ]]; then
            echo "$service: NOT STARTED: no program for the image $program"
            continue
        fi
        apart keep "$service" "$policy" >"$work/$service.log" 2>&1
        if [[ $service == kafka ]]; then kafka=$!; else groups+=("$!"); fi
    done <"$work/services"
}

# Polls a command until it succeeds or the deadline has passed, then shows its last output. Exit
# code 2 means that waiting cannot help.
await() { # COMMAND…
    local code
    while :; do
        "$@" >"$work/answer" 2>&1 && return
        code=$?
        ((code != 2 && SECONDS < deadline)) || { cat "$work/answer"; return 1; }
        sleep 0.5
    done
}

ask() { # QUESTION ADDRESS…
    await python3 tests/local/check.py "$@"
}

# A table of the services, with `-` for a service without a listener.
table() {
    local service policy program at
    printf '%-14s %-34s %s\n' service addresses log
    while IFS=$'\t' read -r service policy program; do
        [[ $program == run ]] || continue
        at="$(addresses "$service")"
        printf '%-14s %-34s %s\n' "$service" "${at:--}" "$work/$service.log"
    done <"$work/services"
}

# Does what Grafana does: reads the data source and the dashboard from the provisioned paths, and
# runs every query.
dashboard() {
    local grafana="$work/grafana" folder url
    url="$(sed -n 's/^ *url: //p' "$grafana"/etc/grafana/provisioning/datasources/*.yaml)"
    folder="$(sed -n 's/.*path: \([^ }]*\).*/\1/p' "$grafana"/etc/grafana/provisioning/dashboards/*.yaml)"
    await python3 tests/local/dashboard.py --prometheus "$url" "$grafana$folder"/*.json && cat "$work/answer"
}

logs() {
    local log
    for log in "$work"/*.log; do
        echo "--- the end of $(basename "$log")"
        tail -n 15 "$log"
    done
}

verify() {
    local deadline=$((SECONDS + 120)) at slack published
    at="$(address prometheus)" slack="$(address fake-slack)"
    mapfile -t published < <(awk -F '\t' '$4 == "published" && $1 != "grafana" { print $3 }' "$work/ports")
    check 'every published port is listened on' ask listens "${published[@]}"
    check 'slackline: /readyz' await "$slackline" health --url "http://$(address slackline)/readyz"
    check 'every action has delivered, and the fake Slack has it' ask delivered "$at" "$slack"
    check 'Prometheus: every target is up' ask scraped "$at"
    check 'Prometheus: every alert is loaded and evaluated, none fires' ask alerts "$at" deploy/prometheus/alerts.yaml
    check "the dashboard's queries, with Grafana's data source" dashboard
    echo "local: $passed checks passed, $failed failed, in $SECONDS s"
    [[ $failed == 0 ]] || { logs; return 1; }
}

# Adds traffic, so that a queue can fill, then injects faults and draws the dashboard.
paint() {
    apart "$slackline" sample-events --brokers "$(address kafka)" --topic events --rate 4 >"$work/more-events.log" 2>&1
    groups+=("$!")
    python3 tests/local/trouble.py "$(address fake-slack)" &&
        python3 tests/local/picture.py --prometheus "http://$(address prometheus)" --out "$picture"
}

start
case "$mode" in
check) verify ;;
picture) paint ;;
up)
    table
    echo "The posts, until Ctrl-C:"
    # Not `apart`, because this is waited for. Bash handles a signal during `wait` immediately, but
    # during a foreground command only when that ends.
    set -m
    tail -n +1 -f "$work/fake-slack.log" </dev/null &
    set +m
    groups+=("$!")
    wait "$!"
    ;;
esac
