#!/usr/bin/env bash
# Checks the dependencies (licences, bans, sources, and known vulnerabilities if the database can be
# reached), the oldest supported Rust, and the workflows.
set -euo pipefail
cd "$(dirname "$0")/.."

tools="$(tests/tools.sh cargo-deny actionlint)"
{ read -r deny; read -r actionlint; } <<<"$tools"

"$deny" --locked check --hide-inclusion-graph -A duplicate licenses bans sources
echo "supply: licences, bans and sources conform to deny.toml"

# An unreachable database is neither a success nor a fault of this commit.
if timeout 60 "$deny" fetch db >/dev/null 2>&1; then
    "$deny" --locked check --disable-fetch advisories
    echo "supply: no known vulnerability"
elif [[ ${SLACKLINE_ADVISORIES:-} == required ]]; then
    echo "supply: the advisory database cannot be reached" >&2
    exit 1
else
    echo "supply: NOT CHECKED: advisories; the database cannot be reached"
fi

# If the installed toolchain is the oldest supported one, all other checks cover it. Otherwise
# compile with the oldest one, if rustup has it.
oldest="$(sed -n 's/^rust-version = "\(.*\)"$/\1/p' Cargo.toml)"
here="$(rustc --version | cut -d' ' -f2)"
if [[ $here == "$oldest" || $here == "$oldest".* ]]; then
    echo "supply: rust-version $oldest is the toolchain in use ($here): all other checks use it"
elif rustup run "$oldest" rustc --version >/dev/null 2>&1; then
    CARGO_TARGET_DIR=target/msrv cargo "+$oldest" check --locked --all-targets
    echo "supply: compiles with rust-version $oldest"
else
    echo "supply: NOT CHECKED: rust-version $oldest; rustc is $here (rustup toolchain install $oldest)"
fi

"$actionlint" .github/workflows/*.yml
echo "supply: the workflows are valid"
