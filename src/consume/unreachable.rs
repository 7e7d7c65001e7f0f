//! Brokers to which no connection can be opened: a name that cannot be resolved, a port that
//! refuses or does not answer. Pure: the time is an argument.
//!
//! A client connects to an address of `kafka.brokers` first, and then only to the addresses that
//! this broker advertises, which are in no file of ours. So an advertised address that was never
//! reached is reported together with where it comes from.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Instant;

use crate::kafka::refusal::{Refusal, parts};
use crate::log_throttle::LogThrottle;

/// At most this many brokers are listed in `/readyz`.
const LISTED: usize = 3;

/// The brokers without a connection.
pub struct Unreachable {
    /// The addresses of `kafka.brokers`.
    configured: Vec<String>,
    /// Addresses that were connected before: they are right.
    proven: BTreeSet<String>,
    /// By address: what is wrong, and the remedy.
    problems: BTreeMap<String, (String, &'static str)>,
    lines: LogThrottle,
}

/// Why no connection is opened.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Cause<'r> {
    Unresolved,
    Refused,
    Silent,
    /// The operating system's words.
    Other(&'r str),
}

impl Cause<'_> {
    /// The cause in librdkafka's text; `None` if a connection was opened.
    fn of(said: &str) -> Option<Cause<'_>> {
        if said.starts_with("Failed to resolve") {
            return Some(Cause::Unresolved);
        }
        if said.starts_with("Connection setup timed out") {
            return Some(Cause::Silent);
        }
        if !said.starts_with("Connect to ") && !said.starts_with("Failed to connect to ") {
            return None;
        }
        let (_, reason) = said.rsplit_once(": ")?;
        Some(match reason {
            "Connection refused" => Cause::Refused,
            "Connection timed out" | "Operation timed out" => Cause::Silent,
            other => Cause::Other(other),
        })
    }

    fn words(self) -> String {
        match self {
            Self::Unresolved => "cannot be resolved".to_owned(),
            Self::Refused => "refuses the connection".to_owned(),
            Self::Silent => "does not answer".to_owned(),
            Self::Other(words) => format!("cannot be reached ({words})"),
        }
    }
}

impl Unreachable {
    /// Every broker may be reachable. `brokers`: `kafka.brokers`, with commas.
    #[must_use]
    pub fn new(brokers: &str) -> Self {
        Self {
            configured: addresses(brokers),
            proven: BTreeSet::new(),
            problems: BTreeMap::new(),
            lines: LogThrottle::default(),
        }
    }

    /// Records what librdkafka says of a broker. Returns `false` if it is of another kind.
    pub fn record(&mut self, reason: &str, now: Instant) -> bool {
        let (broker, said) = parts(reason);
        let Some(cause) = Cause::of(said).filter(|_| !broker.is_empty()) else { return false };
        let (error, help) = self.explain(broker, cause);
        if let Some(times) = self.lines.record(now) {
            tracing::warn!(broker, error, reason, help, times, "no connection to Kafka, retrying");
        }
        self.problems.insert(broker.to_owned(), (error, help));
        true
    }

    fn explain(&self, broker: &str, cause: Cause<'_>) -> (String, &'static str) {
        let is_unresolved = cause == Cause::Unresolved;
        let words = cause.words();
        if self.configured.iter().any(|address| address == broker) {
            let help = match is_unresolved {
                true => "check `kafka.brokers`, and this machine's name resolution",
                false => {
                    "check `kafka.brokers`, that the broker runs, and the firewalls in between"
                }
            };
            return (format!("{broker} {words}"), help);
        }
        if self.proven.contains(broker) {
            let help = match is_unresolved {
                true => "check this machine's name resolution",
                false => "check that the broker runs",
            };
            return (format!("{broker} {words}"), help);
        }
        let answered = match &self.configured[..] {
            [one] => one.clone(),
            several => format!("one of {}", several.join(", ")),
        };
        let help = match is_unresolved {
            true => "check the broker's `advertised.listeners`",
            false => "check the broker's `advertised.listeners`, and that this broker runs",
        };
        (format!("{answered} answered and named {broker}, which {words}"), help)
    }

    /// Applies which brokers the client knows and which of them have a working connection, as
    /// addresses.
    pub fn apply<'a>(
        &mut self,
        known: impl Iterator<Item = &'a str>,
        up: impl Iterator<Item = &'a str>,
        now: Instant,
    ) {
        for broker in up {
            self.problems.remove(broker);
            if !self.proven.contains(broker) {
                self.proven.insert(broker.to_owned());
            }
        }
        // Brokers that left the cluster.
        let known: BTreeSet<&str> = known.collect();
        self.problems.retain(|broker, _| known.contains(broker.as_str()));
        if self.problems.is_empty()
            && let Some(recovered) = self.lines.recover(now)
        {
            let seconds = recovered.lasted.as_secs_f64();
            tracing::info!(seconds, "connection to Kafka restored");
        }
    }

    /// Whether any broker is unreachable.
    pub fn is_known(&self) -> bool {
        !self.problems.is_empty()
    }

    /// The brokers without a connection, with what is wrong and the remedy.
    pub fn problems(&self) -> impl Iterator<Item = Refusal> {
        self.problems.iter().map(|(broker, (error, help))| Refusal::new(broker, error, *help))
    }

    /// The brokers without a connection, one line each, with the remedy.
    pub fn lines(&self) -> impl Iterator<Item = String> {
        self.problems.values().take(LISTED).map(|(error, help)| format!("{error}: {help}"))
    }
}

/// Returns the addresses of `kafka.brokers`, each as `host:port`.
#[must_use]
pub fn addresses(brokers: &str) -> Vec<String> {
    let address = |broker: &str| {
        let broker = broker.trim();
        let broker = broker.split_once("://").map_or(broker, |(_, address)| address);
        let has_port = broker.contains(':') && !broker.ends_with(']');
        if has_port { broker.to_owned() } else { format!("{broker}:9092") }
    };
    brokers.split(',').map(address).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    const RESOLVE: &str = "kafka.internal:29092/1: Failed to resolve 'kafka.internal:29092': Name or service not known (after 1ms in state CONNECT)";
    const REFUSE: &str = "localhost:29092/1: Connect to ipv4#127.0.0.1:29092 failed: Connection refused (after 0ms in state CONNECT)";
    const BOOTSTRAP: &str = "ssl://k:9093/bootstrap: Connection setup timed out in state SSL_HANDSHAKE (after 10001ms in state SSL_HANDSHAKE)";

    fn lines(unreachable: &Unreachable) -> Vec<String> {
        unreachable.lines().collect()
    }

    #[test]
    fn an_advertised_address_is_named_with_where_it_comes_from() {
        let now = Instant::now();
        let mut unreachable = Unreachable::new("127.0.0.1:26370");
        assert!(unreachable.record(RESOLVE, now) && unreachable.record(REFUSE, now));
        assert_eq!(
            lines(&unreachable),
            [
                "127.0.0.1:26370 answered and named kafka.internal:29092, which cannot be resolved: check the broker's `advertised.listeners`",
                "127.0.0.1:26370 answered and named localhost:29092, which refuses the connection: check the broker's `advertised.listeners`, and that this broker runs",
            ]
        );
    }

    #[test]
    fn the_coordinator_is_named_by_its_address() {
        let mut unreachable = Unreachable::new("a:9092, SSL://b");
        let reason = "GroupCoordinator: kafka.internal:29092: Failed to resolve 'kafka.internal:29092': Name or service not known (after 0ms in state CONNECT)";
        assert!(unreachable.record(reason, Instant::now()));
        let line = &lines(&unreachable)[0];
        assert!(line.starts_with("one of a:9092, b:9092 answered and named kafka.internal:29092"));
    }

    #[test]
    fn a_configured_address_and_one_that_was_reached_before_blame_no_listener() {
        let now = Instant::now();
        let mut unreachable = Unreachable::new("k:9093");
        assert!(unreachable.record(BOOTSTRAP, now));
        assert!(
            lines(&unreachable)[0].starts_with("k:9093 does not answer: check `kafka.brokers`")
        );
        unreachable.apply(["localhost:29092"].into_iter(), ["localhost:29092"].into_iter(), now);
        assert!(unreachable.record(REFUSE, now));
        assert_eq!(
            lines(&unreachable),
            ["localhost:29092 refuses the connection: check that the broker runs"]
        );
    }

    #[test]
    fn a_broker_that_is_up_or_has_left_the_cluster_is_no_problem() {
        let now = Instant::now();
        let mut unreachable = Unreachable::new("127.0.0.1:26370");
        unreachable.record(RESOLVE, now);
        unreachable.record(REFUSE, now);
        let known = ["kafka.internal:29092", "localhost:29092"];
        unreachable.apply(known.into_iter(), ["localhost:29092"].into_iter(), now);
        assert_eq!(lines(&unreachable).len(), 1);
        unreachable.apply(["localhost:29092"].into_iter(), [].into_iter(), now);
        assert!(!unreachable.is_known());
    }

    #[test]
    fn an_error_of_an_open_connection_is_of_another_kind() {
        let mut unreachable = Unreachable::new("k:9092");
        for reason in [
            "k:9092/1: Disconnected: connection closed by peer (after 3ms in state UP)",
            "ssl://k:9092/bootstrap: SSL handshake failed: Disconnected",
            "1/1 brokers are down",
            "JoinGroup failed: Broker: Inconsistent group protocol",
        ] {
            assert!(!unreachable.record(reason, Instant::now()), "{reason}");
        }
    }
}
