//! The series of each metric, read off the books into the page.
//!
//! Invariant: each book is read once a page, whole, so that its series belong to one moment.

use std::sync::atomic::Ordering;
use std::time::{SystemTime, UNIX_EPOCH};

use super::documented as doc;
use super::documented::Documented;
use super::page::Page;
use super::{
    ActionTally, AttemptResult, Configured, Degree, Metrics, PartitionGauges, RebalanceKind, Tally,
    TopicTally, lock,
};
use crate::config::model::ActionIndex;
use crate::delivery::Reason;
use crate::event::{Invalid, TopicIndex};

/// In place of an action or a webhook that the configuration has no more; no name of either looks like it.
const REMOVED: &str = "(removed)";

impl Metrics {
    pub(super) fn text_at(&self, now: SystemTime) -> String {
        let mut page = Page::new();
        let configured = self.configured();
        self.topics_page(&configured, &mut page);
        self.deliveries_page(&configured, &mut page);
        configured.webhooks_page(&mut page, now);
        drop(configured);
        self.partitions_page(&mut page);
        self.process_page(&mut page);
        page.finish()
    }

    fn topics_page(&self, configured: &Configured, page: &mut Page) {
        let topics: Vec<(&str, TopicTally)> =
            self.topics.iter().map(|topic| (topic.name.as_str(), *lock(&topic.tally))).collect();
        let mut counter = |documented, of: fn(&TopicTally) -> u64| {
            page.family(documented, |family| {
                for (name, tally) in &topics {
                    family.count(&[name], of(tally));
                }
            });
        };
        counter(&doc::EVENTS_CONSUMED, TopicTally::consumed);
        counter(&doc::EVENTS_UNMATCHED, |tally| tally.unmatched);
        counter(&doc::EVENTS_MATCHED, |tally| tally.matched);
        counter(&doc::EVENTS_REREAD, |tally| tally.reread);
        counter(&doc::OFFSETS_LOST, |tally| tally.offsets_lost);
        page.family(&doc::EVENTS_INVALID, |family| {
            for (name, tally) in &topics {
                for (reason, count) in Invalid::ALL.into_iter().zip(tally.invalid) {
                    family.count(&[name, reason.as_str()], count);
                }
            }
        });
        page.family(&doc::EXPRESSION_ERRORS, |family| {
            for action in &configured.actions {
                let count = action.expression_errors.load(Ordering::Relaxed);
                if count > 0 || !configured.sparse {
                    family.count(&[&action.name], count);
                }
            }
        });
    }

    fn deliveries_page(&self, configured: &Configured, page: &mut Page) {
        let books: Vec<(&str, Tally)> = configured
            .webhooks
            .iter()
            .map(|webhook| (webhook.name.as_str(), webhook.tally()))
            .collect();
        let unclaimed = self.unclaimed.load(Ordering::Relaxed);
        let mut counter = |documented: &'static Documented, of: fn(&ActionTally) -> u64| {
            page.family(documented, |family| {
                if unclaimed > 0 && documented.name == doc::DELIVERIES_MATCHED.name {
                    family.count(&[REMOVED, REMOVED], unclaimed);
                }
                for (webhook, action, tally) in configured.by_action(&books) {
                    let count = of(tally);
                    if count > 0 || !configured.sparse {
                        family.count(&[webhook, action], count);
                    }
                }
            });
        };
        counter(&doc::DELIVERIES_MATCHED, |tally| tally.matched);
        counter(&doc::DELIVERIES_RESTORED, |tally| tally.restored);
        counter(&doc::DELIVERIES_DELIVERED, |tally| tally.delivered);
        counter(&doc::DELIVERIES_RELEASED, |tally| tally.released);
        page.family(&doc::DELIVERIES_DROPPED, |family| {
            if unclaimed > 0 {
                family.count(&[REMOVED, REMOVED, Reason::Unclaimed.as_str()], unclaimed);
            }
            for (webhook, action, tally) in configured.by_action(&books) {
                for (reason, count) in Reason::ALL.into_iter().zip(tally.dropped) {
                    if count > 0 || !configured.sparse {
                        family.count(&[webhook, action, reason.as_str()], count);
                    }
                }
            }
        });
        let mut of_webhook = |documented, of: fn(&Tally) -> u64| {
            page.family(documented, |family| {
                for (webhook, tally) in &books {
                    family.count(&[webhook], of(tally));
                }
            });
        };
        of_webhook(&doc::ATTEMPTS_ABANDONED, |tally| tally.abandoned);
        of_webhook(&doc::QUEUE_DEPTH, |tally| tally.queued);
        of_webhook(&doc::QUEUE_CAPACITY, |tally| tally.capacity);
        of_webhook(&doc::IN_FLIGHT, |tally| tally.in_flight);
    }

    fn partitions_page(&self, page: &mut Page) {
        let partitions = lock(&self.partitions).clone();
        let mut gauge = |documented, of: fn(&PartitionGauges) -> Option<f64>| {
            page.family(documented, |family| {
                for (partition, gauges) in &partitions {
                    let Some(topic) = self.topics.get(partition.topic.0 as usize) else { continue };
                    if let Some(value) = of(gauges) {
                        family.value(&[&topic.name, &partition.number.to_string()], value);
                    }
                }
            });
        };
        gauge(&doc::CONSUMER_LAG, |gauges| gauges.consumer_lag.map(as_float));
        gauge(&doc::READ_LAG, |gauges| gauges.read_lag.map(as_float));
        gauge(&doc::UNSETTLED_EVENTS, |gauges| {
            i64::try_from(gauges.unsettled_events).ok().map(as_float)
        });
        gauge(&doc::OLDEST_UNSETTLED_AGE, |gauges| Some(gauges.oldest_unsettled_age_seconds));
        let mut of_topic = |documented, counts: fn(&PartitionGauges) -> bool| {
            page.family(documented, |family| {
                for (index, topic) in (0..).zip(&self.topics) {
                    let owned = partitions
                        .iter()
                        .filter(|(partition, _)| partition.topic == TopicIndex(index));
                    family.count(
                        &[&topic.name],
                        owned.filter(|(_, gauges)| counts(gauges)).count() as u64,
                    );
                }
            });
        };
        of_topic(&doc::ASSIGNED_PARTITIONS, |_| true);
        of_topic(&doc::PAUSED_PARTITIONS, |gauges| gauges.paused);
    }

    fn process_page(&self, page: &mut Page) {
        page.family(&doc::REBALANCES, |family| {
            for (kind, count) in RebalanceKind::ALL.into_iter().zip(&self.rebalances) {
                family.count(&[kind.as_str()], count.load(Ordering::Relaxed));
            }
        });
        page.family(&doc::COMMITS, |family| {
            family.count(&["ok"], self.commits_ok.load(Ordering::Relaxed));
            family.count(&["failed"], self.commits_failed.load(Ordering::Relaxed));
        });
        page.family(&doc::FENCED_OUTCOMES, |family| {
            family.count(&[], self.fenced_outcomes.load(Ordering::Relaxed))
        });
        page.family(&doc::RESTART_STATE_TRUNCATED, |family| {
            for topic in &self.topics {
                for (degree, count) in Degree::ALL.into_iter().zip(&topic.truncated) {
                    family.count(&[&topic.name, degree.as_str()], count.load(Ordering::Relaxed));
                }
            }
        });
        page.family(&doc::HEALTHY, |family| {
            family.count(&[], u64::from(self.healthy.load(Ordering::Relaxed)))
        });
        page.family(&doc::READY, |family| {
            family.count(&[], u64::from(self.ready.load(Ordering::Relaxed)))
        });
        page.family(&doc::CLIENTS_REPLACED, |family| {
            family.count(&[], self.clients_replaced.load(Ordering::Relaxed))
        });
        let loaded = *lock(&self.loaded);
        page.family(&doc::CONFIG_HASH, |family| family.count(&[], loaded.hash));
        page.family(&doc::CONFIG_SUCCESSFUL, |family| {
            family.count(&[], u64::from(loaded.successful))
        });
        let at = loaded.at.duration_since(UNIX_EPOCH).unwrap_or_default();
        page.family(&doc::CONFIG_TIMESTAMP, |family| family.value(&[], at.as_secs_f64()));
        page.family(&doc::BUILD_INFO, |family| {
            family.count(&[env!("CARGO_PKG_VERSION"), &self.librdkafka], 1)
        });
    }
}

impl Configured {
    /// Every action's books by name.
    fn by_action<'a>(
        &'a self,
        books: &'a [(&'a str, Tally)],
    ) -> impl Iterator<Item = (&'a str, &'a str, &'a ActionTally)> {
        books.iter().flat_map(move |(webhook, tally)| {
            let named = |(action, tally): &'a (ActionIndex, ActionTally)| {
                let name = match self.actions.get(action.0 as usize) {
                    Some(action) => action.name.as_str(),
                    None => REMOVED,
                };
                (*webhook, name, tally)
            };
            tally.actions.iter().map(named)
        })
    }

    fn webhooks_page(&self, page: &mut Page, now: SystemTime) {
        let webhooks =
            || self.webhooks.iter().map(|webhook| (webhook.name.as_str(), webhook.numbers.read()));
        page.family(&doc::ATTEMPTS, |family| {
            for (webhook, numbers) in webhooks() {
                for (result, count) in AttemptResult::ALL.into_iter().zip(numbers.attempts) {
                    if count > 0 || !self.sparse {
                        family.count(&[webhook, result.as_str()], count);
                    }
                }
            }
        });
        page.family(&doc::ATTEMPT_DURATION, |family| {
            for (webhook, numbers) in
                webhooks().filter(|(_, numbers)| !self.sparse || !numbers.duration.is_zero())
            {
                family.histogram(&[webhook], numbers.duration.proto());
            }
        });
        page.family(&doc::DELIVERY_LATENCY, |family| {
            for (webhook, numbers) in
                webhooks().filter(|(_, numbers)| !self.sparse || !numbers.latency.is_zero())
            {
                family.histogram(&[webhook], numbers.latency.proto());
            }
        });
        page.family(&doc::MESSAGES_TRUNCATED, |family| {
            for (webhook, numbers) in webhooks() {
                family.count(&[webhook], numbers.truncated);
            }
        });
        page.family(&doc::RATE_LIMIT, |family| {
            for (webhook, numbers) in webhooks() {
                family.value(&[webhook], numbers.rate_limit);
            }
        });
        page.family(&doc::LANES_HELD, |family| {
            for (webhook, numbers) in webhooks() {
                family.count(&[webhook], u64::from(numbers.held));
            }
        });
        page.family(&doc::BLOCKED_UNTIL, |family| {
            for (webhook, numbers) in webhooks() {
                family.value(&[webhook], numbers.blocked_until(now));
            }
        });
    }
}

#[allow(clippy::cast_precision_loss, reason = "a count is exact up to 2^53")]
fn as_float(count: i64) -> f64 {
    count as f64
}
