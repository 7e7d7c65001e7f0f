//! The rebalance protocols that a group can use.

use super::setup::Setup;

/// A rebalance protocol, selected by `kafka.properties`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Protocol {
    /// Classic, `cooperative-sticky`: slackline's default.
    Cooperative,
    /// Classic, `range`: every rebalance revokes all partitions first.
    Eager,
    /// KIP-848. The broker sets session and heartbeat (`tests/kafka.sh`: 6 s and 1 s).
    Consumer,
}

impl Protocol {
    /// All protocols.
    pub const ALL: [Self; 3] = [Self::Cooperative, Self::Eager, Self::Consumer];

    /// The name in reports.
    pub fn name(self) -> &'static str {
        match self {
            Self::Cooperative => "cooperative",
            Self::Eager => "eager",
            Self::Consumer => "KIP-848",
        }
    }
}

impl Setup {
    /// Selects this protocol, with a session of 6 s. Other properties stay.
    pub fn protocol(mut self, protocol: Protocol) -> Self {
        let short = [("session.timeout.ms", "6000"), ("heartbeat.interval.ms", "500")];
        let properties: Vec<(&'static str, &str)> = match protocol {
            Protocol::Cooperative => short.to_vec(),
            Protocol::Eager => [&short[..], &[("partition.assignment.strategy", "range")]].concat(),
            Protocol::Consumer => vec![("group.protocol", "consumer")],
        };
        let of_groups = [
            "session.timeout.ms",
            "heartbeat.interval.ms",
            "partition.assignment.strategy",
            "group.protocol",
        ];
        self.properties.retain(|(name, _)| !of_groups.contains(name));
        self.properties
            .extend(properties.into_iter().map(|(name, value)| (name, value.to_owned())));
        self
    }
}
