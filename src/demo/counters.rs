//! The numbers of the demo's live line, read from the worker's metrics.
//!
//! Invariant: each number is a sum of series of `/metrics`.

use std::collections::BTreeMap;
use std::fmt;

/// Sums over all topics, webhooks and actions.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Counters {
    /// Events read.
    pub consumed: u64,
    /// Invalid records.
    pub invalid: u64,
    /// Deliveries created.
    pub matched: u64,
    /// Deliveries that Slack accepted.
    pub delivered: u64,
    /// Dropped deliveries by reason, without reasons that did not occur.
    pub dropped: BTreeMap<String, u64>,
    /// Deliveries left to the partition's next owner.
    pub released: u64,
    /// Deliveries in a queue.
    pub queued: u64,
    /// Deliveries being sent or between two attempts.
    pub in_flight: u64,
}

impl Counters {
    /// Reads a page in the Prometheus text format. Other series are ignored.
    #[must_use]
    pub fn read(page: &str) -> Self {
        let mut counters = Self::default();
        for line in page.lines().filter_map(|line| line.strip_prefix("slackline_")) {
            let Some((series, value)) = line.rsplit_once(' ') else { continue };
            // All of these series are counts.
            let Ok(value) = value.parse::<u64>() else { continue };
            let (name, labels) = series.split_once('{').unwrap_or((series, ""));
            match name {
                "events_consumed_total" => counters.consumed += value,
                "events_invalid_total" => counters.invalid += value,
                "deliveries_matched_total" => counters.matched += value,
                "deliveries_delivered_total" => counters.delivered += value,
                "deliveries_released_total" => counters.released += value,
                "queue_depth" => counters.queued += value,
                "in_flight" => counters.in_flight += value,
                "deliveries_dropped_total" if value > 0 => {
                    // The last label. Its values are a closed list, so nothing is escaped.
                    let reason = labels
                        .rsplit_once("reason=\"")
                        .and_then(|(_, rest)| rest.split('"').next());
                    *counters.dropped.entry(reason.unwrap_or("unknown").to_owned()).or_default() +=
                        value;
                }
                _ => {}
            }
        }
        counters
    }

    /// Returns the number of all dropped deliveries.
    #[must_use]
    pub fn dropped(&self) -> u64 {
        self.dropped.values().sum()
    }

    /// Returns ` (reason count, …)`, or nothing if no delivery was dropped.
    #[must_use]
    pub fn reasons(&self) -> String {
        let by_reason: Vec<String> =
            self.dropped.iter().map(|(reason, count)| format!("{reason} {count}")).collect();
        if by_reason.is_empty() { String::new() } else { format!(" ({})", by_reason.join(", ")) }
    }

    /// Whether the numbers add up: every delivery ended, is queued, or is in flight.
    #[must_use]
    pub fn balance(&self) -> bool {
        self.matched
            == self.delivered + self.dropped() + self.released + self.queued + self.in_flight
    }
}

/// One line, which fits a terminal of 80 columns for some minutes.
impl fmt::Display for Counters {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { consumed, matched, delivered, queued, in_flight, .. } = self;
        write!(
            f,
            "consumed {consumed} · matched {matched} · delivered {delivered} · queued {queued} · in flight {in_flight}"
        )
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const PAGE: &str = r#"# HELP slackline_events_consumed_total x
# TYPE slackline_events_consumed_total counter
slackline_events_consumed_total{topic="a"} 1000
slackline_events_consumed_total{topic="b"} 24
slackline_events_invalid_total{topic="a",reason="empty"} 2
slackline_deliveries_matched_total{webhook="w",action="x y} 7"} 10
slackline_deliveries_delivered_total{webhook="w",action="x"} 3
slackline_deliveries_dropped_total{webhook="w",action="reason=\"",reason="overflow"} 2
slackline_deliveries_dropped_total{webhook="v",action="x",reason="overflow"} 1
slackline_deliveries_dropped_total{webhook="v",action="x",reason="rejected"} 0
slackline_queue_depth{webhook="w"} 3
slackline_in_flight{webhook="w"} 1
slackline_rate_limit_per_second{webhook="w"} 0.5
nonsense
"#;

    #[test]
    fn it_sums_the_series() {
        let counters = Counters::read(PAGE);
        let expected = Counters {
            consumed: 1024,
            invalid: 2,
            matched: 10,
            delivered: 3,
            dropped: BTreeMap::from([("overflow".to_owned(), 3)]),
            released: 0,
            queued: 3,
            in_flight: 1,
        };
        assert_eq!(counters, expected);
        assert!(counters.balance());
        assert!(!Counters { queued: 4, ..expected }.balance());
    }

    #[test]
    fn it_prints_one_line() {
        let line = Counters::read(PAGE).to_string();
        assert_eq!(line, "consumed 1024 · matched 10 · delivered 3 · queued 3 · in flight 1");
        assert_eq!(Counters::read(PAGE).reasons(), " (overflow 3)");
        assert_eq!(Counters::default().reasons(), "");
    }
}
