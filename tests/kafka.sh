#!/usr/bin/env bash
# Runs a real Apache Kafka for the tests: KRaft, one process per broker, on free ports of 127.0.0.1.
# The jars come from the Maven registry. Nothing is installed. `tests/kafka.sh help` shows the
# usage.
set -euo pipefail

version="${KAFKA_VERSION:-4.1.0}"
cache="${XDG_CACHE_HOME:-$HOME/.cache}/slackline/kafka-$version"
heap="${KAFKA_TEST_HEAP:--Xms64m -Xmx512m}"
default_dir="${TMPDIR:-/tmp}/slackline-kafka"

usage() {
    cat <<TEXT
usage: tests/kafka.sh COMMAND [--dir DIR] [--brokers N] [--set KEY=VALUE]… [--proxied HOST:PORT]… [--secure DIR]

  fetch       download Apache Kafka $version into $cache (once)
  start       start a cluster of N brokers (default 1), print BROKERS=ADDRESS,…
  stop        stop it and delete its data
  status      which brokers run, and the addresses
  kill I      SIGKILL broker I (1…N); its data stay
  restart I   start broker I again, on its ports and data
  pause I     SIGSTOP broker I; resume I: SIGCONT
  scram USER PASSWORD   set a user's password for SCRAM-SHA-512
  mirror FILE           run MirrorMaker 2 with this file of properties, until it is ended
  run CMD…    start, run CMD with SLACKLINE_TEST_BROKERS and SLACKLINE_TEST_KAFKA set, stop; CMD's exit code

--set adds a line to every broker's configuration. --proxied, once per broker, adds a second listener
that the broker advertises as HOST:PORT, the address of a proxy: a client that bootstraps there keeps
using the proxy. \`start\` prints the addresses behind the proxies as PROXIED=ADDRESS,…

--secure (one broker) adds listeners with TLS and SASL, with the certificates, keys and users in DIR.
\`start\` prints SECURE=NAME=ADDRESS,…

--dir (default $default_dir) holds data, logs and pids of one cluster.
KAFKA_VERSION sets the version, KAFKA_TEST_HEAP the JVM options.
TEXT
}

die() {
    echo "kafka.sh: $*" >&2
    exit 1
}

need() {
    command -v "$1" >/dev/null || die "\`$1\` is missing; on Debian: apt-get install --no-install-recommends $2"
}

fetch() {
    fetch_artifact kafka_2.13 "$cache"
}

# Downloads an artifact of Apache Kafka with everything that it needs (once).
fetch_artifact() { # ARTIFACT FOLDER
    local artifact="$1" cache="$2" work
    [[ -f $cache/complete ]] && return
    need java openjdk-17-jre-headless
    need mvn maven
    mkdir -p "$(dirname "$cache")"
    work="$(mktemp -d "$cache.XXXXXX")"
    # log4j-slf4j-impl: without a binding the broker logs nothing.
    cat >"$work/pom.xml" <<POM
<project xmlns="http://maven.apache.org/POM/4.0.0">
  <modelVersion>4.0.0</modelVersion>
  <groupId>slackline.test</groupId>
  <artifactId>kafka</artifactId>
  <version>1</version>
  <packaging>pom</packaging>
  <dependencies>
    <dependency>
      <groupId>org.apache.kafka</groupId>
      <artifactId>$artifact</artifactId>
      <version>$version</version>
    </dependency>
    <dependency>
      <groupId>org.apache.logging.log4j</groupId>
      <artifactId>log4j-slf4j-impl</artifactId>
      <version>2.24.3</version>
    </dependency>
  </dependencies>
</project>
POM
    if ! mvn -B -q -f "$work/pom.xml" dependency:copy-dependencies -DincludeScope=runtime \
        -DoutputDirectory="$work/lib" >"$work/mvn.log" 2>&1 </dev/null; then
        cat "$work/mvn.log" >&2
        rm -rf "$work"
        die "$artifact of Apache Kafka $version could not be fetched by mvn"
    fi
    touch "$work/complete"
    # Another fetch may have finished first: keep its result.
    if ! mv -T "$work" "$cache" 2>/dev/null; then
        rm -rf "$work"
        [[ -f $cache/complete ]] || die "\`$cache\` exists but is incomplete; delete it"
    fi
}

# Ports are below the kernel's ephemeral range, so that no outgoing connection takes one while its
# broker is down.
free_port() {
    local port
    for _ in {1..200}; do
        port=$((RANDOM % 12000 + 20000))
        [[ " $taken_ports " == *" $port "* ]] && continue
        if ! (exec 3<>"/dev/tcp/127.0.0.1/$port") 2>/dev/null; then
            taken_ports+=" $port"
            chosen_port=$port
            return
        fi
    done
    die "no free port found between 20000 and 32000"
}

java_run() { # CLASS ARGUMENT…
    # Only the fast compiler, and the serial collector: a test broker starts often and runs for
    # minutes.
    # shellcheck disable=SC2086 # the heap options are several words
    exec java $heap -XX:+UseSerialGC -XX:TieredStopAtLevel=1 -XX:-UsePerfData -Djava.awt.headless=true \
        -Dorg.apache.kafka.sasl.oauthbearer.allowed.urls="file://$secure/jwks.json" \
        -Dlog4j2.configurationFile="$dir/log4j2.properties" -cp "$cache/lib/*" "$@"
}

mirror() { # FILE
    cache+=-mirror
    fetch_artifact connect-mirror "$cache"
    mkdir -p "$dir"
    write_logging
    java_run org.apache.kafka.connect.mirror.MirrorMaker "$1"
}

pid_of() {
    cat "$dir/$1/pid" 2>/dev/null || true
}

running() {
    local pid
    pid="$(pid_of "$1")"
    # Another process may have the number by now: check that it is still this broker.
    [[ -n $pid ]] && tr '\0' ' ' <"/proc/$pid/cmdline" 2>/dev/null | grep -qF "$dir/$1/server.properties"
}

launch() {
    local id="$1"
    running "$id" && die "broker $id is already running"
    : >"$dir/$id/log"
    (java_run kafka.Kafka "$dir/$id/server.properties" >"$dir/$id/log" 2>&1 </dev/null & echo $! >"$dir/$id/pid")
}

# Returns 0 when the broker is ready, 1 if it died or took too long.
await() {
    local id="$1"
    for _ in {1..600}; do
        # Logged when the broker is registered, unfenced and serving; its port opens earlier.
        grep -q 'Kafka Server started' "$dir/$id/log" && return 0
        running "$id" || { sleep 0.1; running "$id" || return 1; }
        sleep 0.1
    done
    return 1
}

# shellcheck source=tests/kafka-secure.sh
. "$(dirname "${BASH_SOURCE[0]}")/kafka-secure.sh"

configure() {
    local brokers="$1" id replicas in_sync voters='' addresses='' behind=''
    local -a client controller second
    taken_ports=''
    replicas=$((brokers < 3 ? brokers : 3))
    in_sync=$((replicas < 3 ? 1 : 2))
    for ((id = 1; id <= brokers; id++)); do
        free_port && client[id]=$chosen_port
        free_port && controller[id]=$chosen_port
        free_port && second[id]=$chosen_port
        behind+="${behind:+,}127.0.0.1:${second[id]}"
        voters+="${voters:+,}$id@127.0.0.1:${controller[id]}"
        addresses+="${addresses:+,}127.0.0.1:${client[id]}"
    done
    for ((id = 1; id <= brokers; id++)); do
        mkdir -p "$dir/$id"
        cat >"$dir/$id/server.properties" <<PROPERTIES
process.roles=broker,controller
node.id=$id
controller.quorum.voters=$voters
controller.listener.names=CONTROLLER
listeners=PLAINTEXT://127.0.0.1:${client[id]},CONTROLLER://127.0.0.1:${controller[id]}
advertised.listeners=PLAINTEXT://127.0.0.1:${client[id]}
listener.security.protocol.map=PLAINTEXT:PLAINTEXT,CONTROLLER:PLAINTEXT
log.dirs=$dir/$id/data
num.network.threads=2
num.io.threads=4
num.recovery.threads.per.data.dir=1
# Rebalances without a delay and short sessions: tests do not wait.
group.initial.rebalance.delay.ms=0
group.min.session.timeout.ms=1000
group.consumer.min.session.timeout.ms=1000
group.consumer.session.timeout.ms=6000
group.consumer.min.heartbeat.interval.ms=500
group.consumer.heartbeat.interval.ms=1000
offsets.topic.num.partitions=4
offsets.topic.replication.factor=$replicas
transaction.state.log.num.partitions=4
transaction.state.log.replication.factor=$replicas
transaction.state.log.min.isr=$in_sync
share.coordinator.state.topic.num.partitions=1
share.coordinator.state.topic.replication.factor=$replicas
share.coordinator.state.topic.min.isr=$in_sync
default.replication.factor=$replicas
min.insync.replicas=$in_sync
# A test creates its own topics; a missing topic stays missing.
auto.create.topics.enable=false
# Room for one record of 10 MB, which a topic allows with max.message.bytes.
replica.fetch.max.bytes=12582912
socket.request.max.bytes=104857600
log.segment.delete.delay.ms=1000
log.retention.check.interval.ms=1000
log.cleaner.backoff.ms=500
log.cleaner.dedupe.buffer.size=4194304
controlled.shutdown.enable=false
broker.session.timeout.ms=3000
broker.heartbeat.interval.ms=500
PROPERTIES
        if [[ ${#proxied[@]} -gt 0 ]]; then
            # The last line of a duplicate key counts.
            cat >>"$dir/$id/server.properties" <<PROPERTIES
listeners=PLAINTEXT://127.0.0.1:${client[id]},PROXIED://127.0.0.1:${second[id]},CONTROLLER://127.0.0.1:${controller[id]}
advertised.listeners=PLAINTEXT://127.0.0.1:${client[id]},PROXIED://${proxied[id - 1]}
listener.security.protocol.map=PLAINTEXT:PLAINTEXT,PROXIED:PLAINTEXT,CONTROLLER:PLAINTEXT
inter.broker.listener.name=PLAINTEXT
PROPERTIES
            echo "$behind" >"$dir/proxied"
        fi
        [[ -z $secure ]] || secure_listeners "$id" "${client[id]}" "${controller[id]}"
        [[ ${#settings[@]} -eq 0 ]] || printf '%s\n' "${settings[@]}" >>"$dir/$id/server.properties"
    done
    write_logging
    echo "$addresses" >"$dir/brokers"
}

write_logging() {
    cat >"$dir/log4j2.properties" <<'LOG4J'
status = error
appender.out.type = Console
appender.out.name = out
appender.out.layout.type = PatternLayout
appender.out.layout.pattern = %d{HH:mm:ss.SSS} %p %c{1} %m%n
rootLogger.level = warn
rootLogger.appenderRef.out.ref = out
# `start` waits for "Kafka Server started".
logger.started.name = kafka.server.KafkaRaftServer
logger.started.level = info
LOG4J
}

start_once() {
    local brokers="$1" id cluster
    rm -rf "$dir"
    mkdir -p "$dir"
    dir="$(cd "$dir" && pwd)"
    configure "$brokers"
    # 16 random bytes in the alphabet of Kafka's ids. Like Kafka's own generator, never with a dash
    # first.
    cluster="A$(head -c 16 /dev/urandom | base64 | tr '+/' '-_' | cut -c 2-22)"
    for ((id = 1; id <= brokers; id++)); do
        (java_run kafka.tools.StorageTool format -t "$cluster" -c "$dir/$id/server.properties" >"$dir/$id/format.log" 2>&1) &
    done
    wait
    for ((id = 1; id <= brokers; id++)); do
        launch "$id"
    done
    for ((id = 1; id <= brokers; id++)); do
        await "$id" || return 1
    done
}

ids() {
    local each
    for each in "$dir"/*/server.properties; do
        [[ -f $each ]] && basename "$(dirname "$each")"
    done
    return 0
}

start() {
    local brokers="$1" attempt
    fetch
    need java openjdk-17-jre-headless
    if [[ -e $dir ]]; then
        # Only a folder of a test cluster is emptied.
        [[ -f $dir/brokers ]] || [[ -z $(ls -A "$dir") ]] || die "\`$dir\` holds other files; use another --dir"
        for id in $(ids); do
            running "$id" && die "a cluster is already running in \`$dir\`; stop it or use another --dir"
        done
    fi
    # Another process can take a chosen port before the broker does: choose other ports.
    for attempt in 1 2 3; do
        if start_once "$brokers"; then
            echo "BROKERS=$(cat "$dir/brokers")"
            [[ ! -f $dir/secure ]] || echo "SECURE=$(cat "$dir/secure")"
            [[ ! -f $dir/proxied ]] || echo "PROXIED=$(cat "$dir/proxied")"
            return
        fi
        kill_all
        grep -q 'Address already in use\|BindException' "$dir"/*/log || break
    done
    tail -n 20 "$dir"/*/format.log "$dir"/*/log >&2
    die "the brokers did not start (attempt $attempt); the logs are in \`$dir\`"
}

kill_all() {
    local id
    for id in $(ids); do
        signal "$id" KILL
    done
}

signal() {
    if running "$1"; then
        kill "-$2" "$(pid_of "$1")"
    fi
    if [[ $2 == KILL ]]; then
        # Its ports must be free when this returns.
        while running "$1"; do sleep 0.02; done
    fi
}

stop() {
    [[ -f $dir/brokers ]] || return 0
    # The data is deleted anyway: no need to wait for a clean shutdown.
    kill_all
    rm -rf "$dir"
}

broker_argument() {
    [[ -n ${1:-} && -f $dir/$1/server.properties ]] || die "missing or unknown broker; one of: $(ids | tr '\n' ' ')"
}

dir="$default_dir"
brokers=1
settings=()
proxied=()
secure=''
command="${1:-help}"
[[ $# -gt 0 ]] && shift
arguments=()
while [[ $# -gt 0 ]]; do
    case "$1" in
        --dir) dir="${2:?--dir needs a directory}"; shift 2 ;;
        --brokers) brokers="${2:?--brokers needs a number}"; shift 2 ;;
        --set) settings+=("${2:?--set needs KEY=VALUE}"); shift 2 ;;
        --proxied) proxied+=("${2:?--proxied needs HOST:PORT}"); shift 2 ;;
        --secure) secure="${2:?--secure needs a directory}"; shift 2 ;;
        *)
            arguments+=("$1")
            shift
            # The rest belongs to the command.
            if [[ $command == run ]]; then arguments+=("$@"); break; fi
            ;;
    esac
done
[[ $brokers =~ ^[1-9]$ ]] || die "--brokers must be a number from 1 to 9, not \`$brokers\`"
for each in "${settings[@]}"; do
    [[ $each == ?*=* ]] || die "--set must be KEY=VALUE, not \`$each\`"
done
[[ ${#proxied[@]} -eq 0 || ${#proxied[@]} -eq $brokers ]] || die "--proxied must appear once per broker ($brokers), or not at all"
[[ -z $secure || $brokers -eq 1 ]] || die "--secure works with one broker only"
# Absolute, because `running` finds a broker by the path in its command line.
[[ $dir == /* ]] || dir="$PWD/$dir"

case "$command" in
    fetch) fetch ;;
    start) start "$brokers" ;;
    stop) stop ;;
    status)
        [[ -f $dir/brokers ]] || die "no cluster in \`$dir\`"
        echo "BROKERS=$(cat "$dir/brokers")"
        for id in $(ids); do
            if running "$id"; then echo "$id: runs as $(pid_of "$id")"; else echo "$id: down"; fi
        done
        ;;
    kill) broker_argument "${arguments[0]:-}" && signal "${arguments[0]}" KILL ;;
    pause) broker_argument "${arguments[0]:-}" && signal "${arguments[0]}" STOP ;;
    resume) broker_argument "${arguments[0]:-}" && signal "${arguments[0]}" CONT ;;
    restart)
        broker_argument "${arguments[0]:-}"
        fetch
        launch "${arguments[0]}"
        await "${arguments[0]}" || { tail -n 20 "$dir/${arguments[0]}/log" >&2; die "broker ${arguments[0]} did not start"; }
        ;;
    scram)
        [[ ${#arguments[@]} -eq 2 && -f $dir/brokers ]] || die "usage: scram USER PASSWORD --dir DIR, with a running cluster in DIR"
        # In a subshell, because java_run replaces its shell.
        (java_run kafka.admin.ConfigCommand --bootstrap-server "$(cat "$dir/brokers")" --alter --entity-type users \
            --entity-name "${arguments[0]}" --add-config "SCRAM-SHA-512=[password=${arguments[1]}]") >/dev/null
        ;;
    mirror)
        [[ -f ${arguments[0]:-} ]] || die "usage: mirror FILE"
        mirror "${arguments[0]}"
        ;;
    run)
        [[ ${#arguments[@]} -gt 0 ]] || die "run needs a command"
        trap stop EXIT
        start "$brokers"
        SLACKLINE_TEST_BROKERS="$(cat "$dir/brokers")"
        export SLACKLINE_TEST_BROKERS SLACKLINE_TEST_KAFKA="$dir"
        "${arguments[@]}"
        ;;
    help | -h | --help) usage ;;
    *) usage >&2; exit 2 ;;
esac
