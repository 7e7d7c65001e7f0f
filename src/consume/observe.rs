//! [1] What the poll loop tells about itself: lags, ages, brokers, and the partition counts that the shares are made of.
//!
//! Invariant: only what is owned has a series.

use std::collections::BTreeSet;
use std::time::{Duration, Instant, SystemTime};

use rdkafka::Statistics;
use rdkafka::statistics;

use crate::commit::ledger::PartitionProgress;
use crate::event::{Offset, Partition};
use crate::health::stall::{PartitionSeen, Seen, WebhookSeen};
use crate::metrics::{PartitionGauges, TopicTally};
use crate::queue::QueueStatus;

use super::PollLoop;
use super::denied::ASK_AGAIN;

/// How often the partitions' gauges are set.
const INTERVAL: Duration = Duration::from_secs(1);

/// A broker answers a fetch within half a second and a heartbeat at once.
const SILENT_AFTER: Duration = Duration::from_secs(5);

/// How long such a question may wait; it is asked again anyway.
const ASKING_TIMEOUT: Duration = Duration::from_secs(3);

/// How often the ends of paused partitions are asked for.
const PAUSED_INTERVAL: Duration = Duration::from_secs(5);

/// How often the ends of all owned partitions are asked for.
const ALL_INTERVAL: Duration = Duration::from_secs(30);

/// How often it is looked whether the topics are still the ones that are being read.
const TOPICS_INTERVAL: Duration = Duration::from_secs(10);

impl PollLoop {
    /// What is told at every turn or once a second.
    pub(super) fn observe(&mut self, now: Instant) {
        self.parts.health.set_offsets_committed(
            self.undecided.is_none() && self.parts.settlement.ledger.all_committed(),
        );
        if now < self.observed + INTERVAL {
            return;
        }
        self.observed = now;
        self.look_for_failure();
        self.look_at_refusals(now);
        self.look_at_commits();
        self.look_at_ends(now);
        self.pass_over_markers();
        self.observe_holds(now);
        self.parts.settlement.forget_throttles();
        self.look_at_topics(now);
        self.look_for_unread_partitions(now);
        self.look_for_stalls(now);
        self.report_partitions();
        for (partition, lost) in self.parts.settlement.ledger.take_lost() {
            self.tell_of_lost(partition, lost);
        }
        self.parts.settlement.log_drops(now);
    }

    /// Pending events of a former owner that were not there any more: compacted away, or out of the retention.
    fn tell_of_lost(&self, partition: Partition, lost: u64) {
        let topic = self.topics.name(partition.topic);
        tracing::error!(
            topic,
            partition = partition.number,
            lost,
            "events with pending deliveries left the topic before they were delivered"
        );
        let tally = TopicTally { offsets_lost: lost, ..TopicTally::default() };
        self.parts.metrics.add_events(partition.topic, &tally);
    }

    /// librdkafka learns the end of a partition by fetching: of a paused one it is asked for, and now and then of all, since a fetcher that is stuck does not know
    /// that there is anything to fetch. The answer is taken when it is there.
    fn look_at_ends(&mut self, now: Instant) {
        while let Some(ends) = self.parts.ends.answer() {
            for end in ends {
                let Some(topic) = self.topics.index(&end.topic) else { continue };
                let partition = Partition { topic, number: end.number };
                if self.ends.contains_key(&partition) {
                    self.asked_ends.insert(partition, Offset(end.offset));
                }
            }
        }
        // While no broker is up, librdkafka would wait for one without a pause between two looks: half a core.
        if self.broker.is_none() || now < self.asked_for_ends + PAUSED_INTERVAL {
            return;
        }
        self.asked_for_ends = now;
        let all = now >= self.asked_for_all_ends + ALL_INTERVAL;
        if all {
            self.asked_for_all_ends = now;
        }
        let asked: Vec<(&str, i32)> = self
            .parts
            .settlement
            .ledger
            .partitions()
            .filter(|partition| all || self.pauses.is_paused(partition.topic))
            .map(|partition| (self.topics.name(partition.topic), partition.number))
            .collect();
        if !asked.is_empty()
            && let Err(error) = self.parts.ends.ask(&asked, ASKING_TIMEOUT)
        {
            tracing::debug!(%error, "could not ask for the ends of partitions");
        }
    }

    /// The end of an owned partition as far as anything told: the statistics, the broker itself, or what was read, which is proof of an end.
    pub(super) fn end_of(&self, standing: &PartitionProgress) -> Option<i64> {
        let told = self.ends.get(&standing.partition)?;
        let asked = self.asked_ends.get(&standing.partition).unwrap_or(told);
        Some(told.0.max(asked.0).max(standing.next.0))
    }

    /// The client reads on in a topic that was made anew as if it were the one before, at the old offset and without a word: only the id tells. Asked for now and
    /// then, and at once where an end has gone back.
    fn look_at_topics(&mut self, now: Instant) {
        let names: Vec<&str> = self.topics.indices().map(|topic| self.topics.name(topic)).collect();
        let mut last = None;
        while let Some(answer) = self.parts.described.answer(&names) {
            last = Some(answer);
        }
        // As above.
        let interval = if self.denied.is_empty() { TOPICS_INTERVAL } else { ASK_AGAIN };
        if self.broker.is_some() && now >= self.asked_for_topics + interval {
            self.asked_for_topics = now;
            if let Err(error) = self.parts.described.ask(self.broker, &names, ASKING_TIMEOUT) {
                tracing::debug!(%error, "could not ask for the topics");
            }
        }
        match last {
            Some(Ok(described)) => {
                self.note_topics(described);
            }
            Some(Err(error)) => tracing::debug!(%error, "no answer about the topics"),
            None => {}
        }
    }

    /// They may not be what they were: the next look asks.
    pub(super) fn ask_for_topics_at_once(&mut self, now: Instant) {
        self.asked_for_topics = now.checked_sub(TOPICS_INTERVAL).unwrap_or(self.asked_for_topics);
    }

    /// Owned work that stands still without a reason: `/healthz` fails, and the process is started anew.
    fn look_for_stalls(&mut self, now: Instant) {
        let mut stalls = std::mem::take(&mut self.stalls);
        let partitions: Vec<PartitionSeen<'_>> = self
            .parts
            .settlement
            .ledger
            .progress()
            .map(|at| PartitionSeen {
                partition: at.partition,
                topic: self.topics.name(at.partition.topic),
                next: at.next,
                lag: self.end_of(&at).map_or(0, |end| end - at.next.0),
                excused: self.pauses.is_paused(at.partition.topic)
                    || self.leaderless.contains(&at.partition)
                    || self.denied.has(at.partition.topic),
            })
            .collect();
        let parts = &self.parts;
        let webhooks = parts.config.webhooks.iter().zip(&parts.queues).zip(&parts.orders);
        let webhooks: Vec<WebhookSeen<'_>> = webhooks
            .map(|((webhook, queue), orders)| {
                let QueueStatus { waiting, in_flight, taken, attempt } = queue.status();
                let excused = orders.borrow().rate_share <= 0.0;
                WebhookSeen {
                    name: &webhook.name,
                    timeout: webhook.timeout,
                    waiting,
                    in_flight,
                    taken,
                    attempt,
                    excused,
                }
            })
            .collect();
        let seen = Seen {
            reachable: parts.health.is_reachable(),
            deciding: self.undecided.is_some() || self.out_of_range.is_some(),
            commit: self.parts.settlement.committer.in_flight_since(),
            partitions: &partitions,
            webhooks: &webhooks,
        };
        let stalled = stalls.look(&seen, now);
        self.stalls = stalls;
        let reasons = stalled.join("; ");
        if self.parts.health.set_stalls(stalled) {
            tracing::error!(reasons, "work stands still without a reason: `/healthz` fails");
        }
    }

    /// Sets the gauges of what is owned; series of what is not disappear.
    pub(super) fn report_partitions(&self) {
        let now = since_epoch();
        let gauges: Vec<(Partition, PartitionGauges)> =
            self.parts
                .settlement
                .ledger
                .progress()
                .map(|standing| {
                    let end = self.end_of(&standing);
                    let age = standing.oldest.and_then(|oldest| u64::try_from(oldest).ok()).map(
                        |oldest| now.saturating_sub(Duration::from_millis(oldest)).as_secs_f64(),
                    );
                    let gauges = PartitionGauges {
                        consumer_lag: end
                            .zip(standing.committed)
                            .map(|(end, committed)| (end - committed.0).max(0)),
                        read_lag: end.map(|end| end - standing.next.0),
                        unsettled_events: standing.unsettled as u64,
                        oldest_unsettled_age_seconds: age.unwrap_or(0.0),
                        paused: self.pauses.is_paused(standing.partition.topic),
                    };
                    (standing.partition, gauges)
                })
                .collect();
        self.parts.metrics.set_partitions(&gauges);
    }

    /// Takes from librdkafka's statistics what nothing else tells without asking a broker.
    pub(super) fn learn(&mut self, statistics: &Statistics) {
        let now = Instant::now();
        let reachable =
            statistics.brokers.values().any(|broker| broker.state == "UP" && !is_silent(broker));
        self.parts.health.set_reachable(reachable, now);
        self.look_who_is_up(statistics);
        let askable = |broker: &&statistics::Broker| {
            broker.state == "UP" && broker.source != "logical" && broker.nodeid >= 0
        };
        let idlest =
            statistics.brokers.values().filter(askable).min_by_key(|broker| broker.waitresp_cnt);
        self.broker = idlest.map(|broker| broker.nodeid);
        if reachable && let Some(recovered) = self.trouble.recover(self.began.elapsed()) {
            tracing::info!(seconds = recovered.lasted.as_secs_f64(), "Kafka is reachable");
        }
        let up: BTreeSet<i32> = statistics
            .brokers
            .values()
            .filter(|broker| broker.state == "UP")
            .map(|broker| broker.nodeid)
            .collect();
        let (mut news, mut gone_back) = (false, false);
        for (name, topic) in &statistics.topics {
            let Some(index) = self.topics.index(name) else { continue };
            let known: Vec<&statistics::Partition> = topic
                .partitions
                .values()
                .filter(|partition| partition.partition >= 0 && !partition.unknown)
                .collect();
            // A topic that is only just being looked up is listed without its partitions.
            if let Ok(count) = u32::try_from(known.len())
                && count > 0
            {
                news |= self.topics.set_partitions(index, count);
            }
            for partition in known {
                let at = Partition { topic: index, number: partition.partition };
                if up.contains(&partition.leader) {
                    self.leaderless.remove(&at);
                } else {
                    self.leaderless.insert(at);
                }
                // With transactions only what is decided can be read: the last stable offset.
                let end = if partition.ls_offset >= 0 {
                    partition.ls_offset
                } else {
                    partition.hi_offset
                };
                if end >= 0
                    && let Some(known) = self.ends.get_mut(&at)
                {
                    gone_back |= end < known.0;
                    *known = Offset(end);
                }
            }
        }
        if gone_back {
            self.ask_for_topics_at_once(now);
        }
        if news {
            self.ownership_changed();
        }
    }
}

/// Connected, and owing an answer for long: a broker that stands still, or a network that swallows everything.
fn is_silent(broker: &statistics::Broker) -> bool {
    let silent = u64::try_from(broker.rxidle).map(Duration::from_micros);
    broker.waitresp_cnt > 0 && silent.is_ok_and(|silent| silent >= SILENT_AFTER)
}

fn since_epoch() -> Duration {
    SystemTime::now().duration_since(SystemTime::UNIX_EPOCH).unwrap_or_default()
}
