#!/usr/bin/env bash
# Checks the Helm chart: lint, rendered objects for each of helm/slackline/ci/*.yaml, refused
# values, unit tests. It prints one line per check; the exit code is 1 if any failed.
#
# SLACKLINE is the program that checks the rendered configurations (default
# target/release/slackline, built if it is missing).
set -euo pipefail
cd "$(dirname "$0")/.."
chart=helm/slackline
# The oldest and the newest supported version of Kubernetes.
versions=(1.27 1.37)

tools="$(tests/tools.sh helm helm-unittest kubernetes-validate)"
{ read -r helm; read -r unittest; read -r validate; } <<<"$tools"
python="$(dirname "$validate")/python3"
slackline="${SLACKLINE:-target/release/slackline}"
[[ -x $slackline || -n ${SLACKLINE:-} ]] || cargo build --release --locked --bin slackline
slackline="$(realpath "$slackline")"

# shellcheck source=tests/checks.sh
. tests/checks.sh
work="$checks"

render() { # OUT HELM-ARGUMENT…
    local out="$1"
    shift
    "$helm" template slackline "$chart" --namespace chat "$@" >"$out"
}

# The schema or the chart must refuse the values, with the text in the file's first line.
refused() { # FILE
    local wanted
    wanted="$(sed -n '1s/^# //p' "$1")"
    if render "$work/taken" --values "$chart/ci/minimal-values.yaml" --values "$1" --kube-version "${versions[-1]}" 2>"$work/refusal"; then
        echo "the values were accepted"
        return 1
    fi
    grep -qF -- "$wanted" "$work/refusal" || { echo "expected: $wanted"; cat "$work/refusal"; return 1; }
}

configuration() { # DIRECTORY
    local names
    mapfile -t names <"$1/environment"
    env "${names[@]}" "$slackline" check -c "$1/slackline.yaml"
}

same_version() {
    local crate
    crate="$(sed -n 's/^version = "\(.*\)"$/\1/p' Cargo.toml | head -n 1)"
    grep -qx "appVersion: \"$crate\"" "$chart/Chart.yaml" || { echo "appVersion is not the crate's $crate"; return 1; }
}

check "the chart's appVersion is the crate's version" same_version || true
check "the chart's schema holds the configuration's" "$python" tests/helm/schema.py || true
for values in "$chart"/ci/*.yaml; do
    name="$(basename "$values" .yaml)"
    out="$work/$name"
    mkdir -p "$out"
    check "$name: lint" "$helm" lint "$chart" --strict --values "$values" || true
    for version in "${versions[@]}"; do
        check "$name: render for Kubernetes $version" render "$out/rendered.yaml" --values "$values" --kube-version "$version" || continue
        check "$name: custom resources, names, selectors" "$python" tests/helm/rendered.py "$out/rendered.yaml" "$values" "$out" || continue
        check "$name: schemas of Kubernetes $version" "$validate" -k "$version" --strict "$out/kubernetes.yaml" || true
    done
    check "$name: slackline check of the rendered configuration" configuration "$out" || true
done
for values in "$chart"/ci/refused/*.yaml; do
    check "refused: $(basename "$values" .yaml)" refused "$values" || true
done
check "unit tests" "$unittest" "$chart" || true

echo "helm: $passed checks passed, $failed failed; custom resources were checked with the schemas in tests/helm/custom, not with their operators' own"
[[ $failed == 0 ]]
