//! Measures how long webhooks were held, from consecutive scrapes.

use std::collections::BTreeMap;
use std::time::{Duration, Instant};

use super::scrape::Scrape;

/// The metric shows a hold after this time.
const SHOWN_AFTER: Duration = Duration::from_secs(1);

/// The holds of one program's webhooks so far.
#[derive(Debug, Default)]
pub struct Holds {
    /// For each held webhook, the first of the consecutive scrapes that showed the hold.
    since: BTreeMap<String, Instant>,
    longest: Duration,
}

impl Holds {
    /// Records one more scrape.
    pub fn record(&mut self, scrape: &Scrape, now: Instant) {
        for series in scrape.select("slackline_webhook_held", &[]) {
            let Some(webhook) = series.labels.get("webhook") else { continue };
            if series.value == 0.0 {
                self.since.remove(webhook);
            } else {
                let since = self.since.entry(webhook.clone()).or_insert(now);
                self.longest = self.longest.max(now.duration_since(*since) + SHOWN_AFTER);
            }
        }
    }

    /// The longest hold of one webhook; zero without a hold.
    pub fn longest(&self) -> Duration {
        self.longest
    }
}

#[cfg(test)]
mod tests {
    use super::{Duration, Holds, Instant, Scrape};

    #[test]
    fn a_hold_lasts_from_its_first_scrape_to_its_last_and_the_second_before() {
        let mut holds = Holds::default();
        let start = Instant::now();
        let mut see = |at, a, b| {
            let text = format!(
                "slackline_webhook_held{{webhook=\"a\"}} {a}\nslackline_webhook_held{{webhook=\"b\"}} {b}\n"
            );
            holds.record(&Scrape::parse(&text), start + Duration::from_secs(at));
            holds.longest().as_secs()
        };
        // Two short holds of different webhooks are not one long hold.
        let seen = [
            see(0, 0, 0),
            see(1, 1, 0),
            see(3, 1, 0),
            see(4, 0, 1),
            see(5, 0, 1),
            see(6, 0, 0),
            see(10, 1, 0),
        ];
        assert_eq!(seen, [0, 1, 3, 3, 3, 3, 3]);
    }
}
