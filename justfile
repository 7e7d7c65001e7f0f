# The commands of daily work: `just --list` shows them with their comments, `just NAME` runs one.
# Each is a plain command, so that it works without `just` too.

# Show this list
default:
    @just --list

# Compile the program for trying it out
build:
    cargo build --release --locked

# Compile the program as production runs it: slower to compile, faster to run
dist:
    cargo build --profile dist --locked

# Run the tests that need no broker; FILTER is part of a test's name
test *FILTER:
    cargo test --locked -- {{ FILTER }}

# Run the tests that need a broker, on a real Kafka; needs Java and Maven
test-kafka *FILTER:
    tests/kafka.sh run cargo test --locked -- --ignored --skip measure:: --skip alerts::record:: --test-threads 6 {{ FILTER }}

# Check with clippy, without warnings, and the shell scripts with shellcheck
lint:
    cargo clippy --locked --workspace --all-targets -- -D warnings
    shellcheck .ci/run tests/*.sh benches/*.sh

# Format the code
fmt:
    cargo fmt --all

# Run the demo: an embedded Kafka, a fake Slack and sample events, without any setup
demo *ARGUMENTS:
    cargo run --release --locked -- demo {{ ARGUMENTS }}

# Run every fault that slackline must survive, in full (35 minutes); FILTER is part of a test's name
faults *FILTER:
    tests/faults.sh {{ FILTER }}

# Measure the speed table on a real broker (30 minutes on an idle machine); --help lists the options
bench *ARGUMENTS:
    benches/table.sh {{ ARGUMENTS }}

# Measure single parts without Kafka and Slack; FILTER is part of a part's name
bench-parts *FILTER:
    cargo bench --locked --bench parts -- {{ FILTER }}

# Measure memory and latency against their limits; WHAT is `memory`, `latency`, or nothing for both
measure *WHAT:
    tests/measure.sh {{ WHAT }}

# Build the documentation of the code, without warnings
docs:
    RUSTDOCFLAGS='-D warnings' cargo doc --locked --no-deps

# Test the alert rules on the recordings of the real program
alerts:
    tests/alerts.sh

# Record the alert rules' test data again (25 minutes); NAME is part of a recording's name
alerts-record *NAME:
    tests/alerts.sh record {{ NAME }}

# Check the Helm chart
helm:
    tests/helm.sh

# Check what deploys slackline without Kubernetes: image, compose file, systemd unit, alerts
deploy:
    tests/deploy.sh

# Start the services of docker-compose.yml without containers, except Grafana
local *ARGUMENTS:
    tests/local.sh {{ ARGUMENTS }}

# Check licences and sources of the dependencies, known vulnerabilities, and the workflows
supply:
    tests/supply.sh

# Run everything that CI runs (25 minutes on two idle cores)
ci:
    .ci/run
