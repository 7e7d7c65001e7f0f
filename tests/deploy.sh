#!/usr/bin/env bash
# Checks everything that deploys slackline without Kubernetes, on a machine without Docker:
# tests/deploy.sh
#
# The services of docker-compose.yml are started without containers. The image is not built.
# SLACKLINE is the program to check (default target/release/slackline, built if it is missing).
set -uo pipefail
cd "$(dirname "$0")/.." || exit 1
slackline="${SLACKLINE:-target/release/slackline}"
[[ -x $slackline ]] || cargo build --release --locked || exit 1
# shellcheck source=tests/checks.sh
. tests/checks.sh
home="$checks"

tool() {
    tests/tools.sh "$1"
}

# The program links only the C library and the compiler's own libraries. The tests on a real broker
# show that TLS, SASL and the codecs are part of it.
self_contained() {
    local foreign
    foreign="$(ldd "$slackline" | awk '{print $1}' | grep -vE '^(linux-vdso|linux-gate|libgcc_s|libm|libc|libpthread|libdl|librt|/lib.*/ld-linux)' || true)"
    [[ -z $foreign ]] || { echo "linked with other libraries: $foreign"; return 1; }
}

compose() {
    "$(tool docker-compose)" --file docker-compose.yml config --quiet
}

compose_configuration() {
    KAFKA_BROKERS=kafka:9092 SLACK=http://fake-slack:9465 "$slackline" check --config deploy/compose/slackline.yaml
}

unit() {
    command -v systemd-analyze || { echo "no systemd-analyze: NOT CHECKED"; return 0; }
    sed "s|^ExecStart=/usr/local/bin/slackline|ExecStart=$(realpath "$slackline")|" deploy/slackline.service >"$home/slackline.service"
    systemd-analyze verify "$home/slackline.service"
}

rules() {
    "$(tool promtool)" check rules deploy/prometheus/alerts.yaml
}

prometheus() {
    # Both in one folder, as in the container.
    cp -L deploy/prometheus/prometheus.yml deploy/prometheus/alerts.yaml "$home"
    "$(tool promtool)" check config "$home/prometheus.yml"
}

check 'the binary is self-contained' self_contained
check 'Dockerfile: hadolint' "$(tool hadolint)" deploy/Dockerfile
check 'docker-compose.yml: docker compose config' compose
check "compose's configuration: slackline check" compose_configuration
check 'services of docker-compose.yml, without containers: tests/local.sh --check' env SLACKLINE="$slackline" tests/local.sh --check
check "the dashboard's queries and picture: unit tests" python3 tests/local/picture_test.py
check 'systemd unit' unit
check 'alerts: promtool check rules' rules
check 'alerts, on recorded series: promtool test rules' tests/alerts.sh
check 'prometheus.yml: promtool check config' prometheus
echo "deploy: $passed checks passed, $failed failed; the image was not built, Grafana not started"
[[ $failed == 0 ]]
