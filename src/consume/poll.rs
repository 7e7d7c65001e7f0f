//! [1] What a turn takes from the client: what it has to tell, then what it has read, topic by topic.
//!
//! Invariant: a rebalance that was told of is acted on before the next record is read, and a topic that stands still is not read on: what was taken of it is held
//! as it is, in its order, and goes on there.

use std::sync::Arc;
use std::time::{Duration, Instant};

use rdkafka::consumer::Consumer;
use rdkafka::error::{KafkaError, RDKafkaErrorCode};
use rdkafka::message::Message;

use crate::event::Partition;
use crate::kafka::ClientEvent;
use crate::kafka::native::{Records, Taken};
use crate::metrics::TopicTally;

use super::PollLoop;

/// How long a turn goes on taking records, so that outcomes never wait long.
const TURN: Duration = Duration::from_millis(50);

/// How many records are read between two looks at the clock: many triggers make few records long.
const CLOCK: usize = 32;

impl PollLoop {
    /// Serves what the client has to tell, until there is nothing. Whether there may be more.
    pub(super) fn hear(&mut self) -> bool {
        let client = Arc::clone(&self.parts.client);
        let end = Instant::now() + TURN;
        loop {
            let before = client.context().activity();
            let polled = client.poll(Duration::ZERO);
            let told = client.context().activity() != before;
            if told {
                self.listen();
            }
            match polled {
                Some(Err(KafkaError::MessageConsumptionFatal(code))) => self.fatal = Some(code),
                // ClientEvent to the context as well.
                Some(Err(_)) => {}
                Some(Ok(stray)) => self.return_stray(stray.topic(), stray.partition()),
                // A poll that served something else may have left more behind it.
                None if told => {}
                None => return false,
            }
            if self.fatal.is_some() {
                return false;
            }
            if Instant::now() >= end {
                return true;
            }
        }
    }

    /// Acts on what librdkafka told during a poll.
    fn listen(&mut self) {
        for told in self.parts.client.context().take() {
            match told {
                ClientEvent::Assigned(partitions) => self.assigned(&partitions),
                ClientEvent::Revoked { partitions, lost } => self.revoked(&partitions, lost),
                ClientEvent::Statistics(statistics) => self.learn(&statistics),
                ClientEvent::Error(error, reason) => self.client_error(&error, &reason),
            }
        }
    }

    /// A record where none should come: its partition is not forwarded to its topic's queue, and others of it may follow there. What is passed over here is read
    /// again.
    fn return_stray(&mut self, topic: &str, number: i32) {
        let Some(topic) = self.topics.index(topic) else { return };
        let partition = Partition { topic, number };
        if self.parts.settlement.ledger.epoch(partition).is_some() {
            self.begin_again(vec![partition]);
        }
    }

    /// Reads what has come of the topics that do not stand still, until there is nothing or the turn is over. Whether there may be more.
    pub(super) fn read_on(&mut self) -> bool {
        if self.fatal.is_some() {
            return false;
        }
        let end = Instant::now() + TURN;
        let mut records = std::mem::take(&mut self.parts.records);
        let first = self.first.min(records.len());
        let (later, sooner) = records.split_at_mut(first);
        let more = sooner.iter_mut().chain(later).any(|records| self.read_topic(records, end));
        // Where one topic fills whole turns, the others have theirs.
        self.first = if first + 1 < records.len() { first + 1 } else { 0 };
        self.parts.records = records;
        for (topic, tally) in self.topics.indices().zip(&mut self.tallies) {
            if *tally != TopicTally::default() {
                self.parts.metrics.add_events(topic, &std::mem::take(tally));
            }
        }
        more
    }

    /// Whether the turn was over before the topic's records were.
    fn read_topic(&mut self, records: &mut Records, end: Instant) -> bool {
        let topic = records.topic();
        loop {
            for _ in 0..CLOCK {
                if self.pauses.is_paused(topic) {
                    return false;
                }
                let Some(taken) = records.take() else {
                    if records.fill() {
                        continue;
                    }
                    return false;
                };
                match taken {
                    Taken::Message(message) => self.read(&message),
                    Taken::Trouble { partition, error, reason } => {
                        self.trouble_with(partition, &error, &reason)
                    }
                }
            }
            if Instant::now() >= end {
                return true;
            }
        }
    }

    fn trouble_with(&mut self, partition: Partition, error: &KafkaError, reason: &str) {
        if error.rdkafka_error_code() == Some(RDKafkaErrorCode::AutoOffsetReset) {
            self.stuck.insert(partition);
            self.out_of_range = self.out_of_range.or(Some(Instant::now()));
        } else {
            self.set_right(partition);
            if error.rdkafka_error_code() == Some(RDKafkaErrorCode::TopicAuthorizationFailed) {
                self.deny_topic(partition.topic);
            }
            self.client_error(error, reason);
        }
    }
}
