//! Reads one record by its position, for a person who wants to see it.
//!
//! Invariant: the group is not joined and nothing is committed. The answer comes within the time
//! limit, whatever the brokers do.

use std::time::{Duration, Instant};

use rdkafka::config::FromClientConfigAndContext as _;
use rdkafka::consumer::Consumer as _;
use rdkafka::error::{KafkaError, RDKafkaErrorCode};
use rdkafka::message::{Headers as _, Message as _};
use rdkafka::{Offset as KafkaOffset, TopicPartitionList};

use super::client::{Client, ClientEvent, Context};
use super::is_unknown_topic;
use super::properties::properties;
use super::refusal::Refusal;
use crate::config::model::Kafka;
use crate::event::{Headers, Position, Record};

/// The longest that one request waits before the client's errors are read.
const ATTEMPT: Duration = Duration::from_millis(500);

/// A record with everything that an event is made from.
#[derive(Debug, Default)]
pub struct SingleRecord {
    timestamp: Option<i64>,
    key: Option<Vec<u8>>,
    headers: Vec<(String, Option<Vec<u8>>)>,
    /// The value; `None` is a tombstone.
    pub value: Option<Vec<u8>>,
}

/// Why there is no record to show.
#[derive(Debug, thiserror::Error)]
pub enum NoRecord {
    /// The properties are wrong.
    #[error("cannot create the Kafka client: {0}")]
    Client(#[source] KafkaError),
    /// A broker refuses the client, or the client the broker.
    #[error("{0}")]
    Refused(Refusal),
    /// No broker has answered in time.
    #[error("no answer from `{brokers}` within {seconds} s{reason}")]
    Unreachable {
        /// `kafka.brokers`.
        brokers: String,
        /// The time limit.
        seconds: u64,
        /// The client's last error, after a colon; empty without one.
        reason: String,
    },
    /// The topic does not exist.
    #[error("the topic does not exist")]
    UnknownTopic,
    /// The topic has fewer partitions.
    #[error("the topic has no such partition: it has {0}, numbered from 0")]
    UnknownPartition(usize),
    /// The user may not read the topic.
    #[error("Kafka denies access to the topic: give its user the ACL `Read` on it")]
    Denied,
    /// The partition does not have the offset.
    #[error("{}", out_of_range(*.0, *.1))]
    OutOfRange(i64, i64),
    /// The partition has the offset, but no record there.
    #[error("{}", no_such_offset(*.0))]
    NoSuchOffset(Option<i64>),
    /// Any other error.
    #[error("cannot read the record: {0}")]
    Failed(#[source] KafkaError),
}

fn out_of_range(low: i64, high: i64) -> String {
    match high - 1 {
        last if last < low => format!("the partition has no records: the next offset is {high}"),
        last => format!("the partition has the offsets {low} to {last}"),
    }
}

fn no_such_offset(next: Option<i64>) -> String {
    let cause = "no record has this offset: it was compacted away, or belongs to a transaction";
    match next {
        Some(next) => format!("{cause}; the next record has the offset {next}"),
        None => format!("{cause} that is open or aborted; no record follows"),
    }
}

/// Reads the record of `topic` at `position`, within `limit`.
///
/// # Errors
/// Why there is no record to show.
pub fn read(
    kafka: &Kafka,
    topic: &str,
    position: Position,
    limit: Duration,
) -> Result<SingleRecord, NoRecord> {
    let mut config = properties(kafka);
    config.remove("group.instance.id");
    config.set("enable.partition.eof", "true").set("statistics.interval.ms", "0");
    let context = Context::new(kafka.oauth_token_file.clone());
    let client = Client::from_config_and_context(&config, context).map_err(NoRecord::Client)?;
    let end = Instant::now() + limit;
    let brokers = kafka.brokers.clone();
    let has_token = kafka.oauth_token_file.is_some();
    let mut reader = Reader { client, topic, position, end, has_token, reason: None };
    let read = reader.read();
    reader.client.context().close();
    read.map_err(|error| match error {
        Failed::For(no_record) => no_record,
        Failed::TimedOut => {
            let reason = reader.reason.map(|reason| format!(": {reason}")).unwrap_or_default();
            NoRecord::Unreachable { brokers, seconds: limit.as_secs(), reason }
        }
    })
}

struct Reader<'t> {
    client: Client,
    topic: &'t str,
    position: Position,
    end: Instant,
    /// The client logs in with a token.
    has_token: bool,
    /// The client's last error, in librdkafka's words.
    reason: Option<String>,
}

enum Failed {
    For(NoRecord),
    TimedOut,
}

impl From<NoRecord> for Failed {
    fn from(no_record: NoRecord) -> Self {
        Failed::For(no_record)
    }
}

impl Reader<'_> {
    fn read(&mut self) -> Result<SingleRecord, Failed> {
        let (number, wanted) = (self.position.partition.number, self.position.offset.0);
        let partitions = self.partitions()?;
        if usize::try_from(number).is_ok_and(|number| number >= partitions) {
            return Err(NoRecord::UnknownPartition(partitions).into());
        }
        let range =
            self.retry(|client, topic, limit| client.fetch_watermarks(topic, number, limit))?;
        if !(range.0..range.1).contains(&wanted) {
            return Err(NoRecord::OutOfRange(range.0, range.1).into());
        }
        let mut list = TopicPartitionList::new();
        list.add_partition_offset(self.topic, number, KafkaOffset::Offset(wanted))
            .and_then(|()| self.client.assign(&list))
            .map_err(NoRecord::Failed)?;
        loop {
            let limit = self.time_left()?;
            match self.client.poll(limit) {
                Some(Ok(message)) if message.offset() == wanted => {
                    let mut record = SingleRecord {
                        timestamp: message.timestamp().to_millis(),
                        key: message.key().map(<[u8]>::to_vec),
                        headers: Vec::new(),
                        value: message.payload().map(<[u8]>::to_vec),
                    };
                    for header in message.headers().iter().flat_map(|headers| headers.iter()) {
                        let value = header.value.map(<[u8]>::to_vec);
                        record.headers.push((header.key.to_owned(), value));
                    }
                    return Ok(record);
                }
                Some(Ok(message)) => {
                    return Err(NoRecord::NoSuchOffset(Some(message.offset())).into());
                }
                Some(Err(KafkaError::PartitionEOF(_))) => {
                    return Err(NoRecord::NoSuchOffset(None).into());
                }
                Some(Err(error)) => self.check(&error)?,
                None => {}
            }
            self.check_events()?;
        }
    }

    /// Returns the number of the topic's partitions.
    fn partitions(&mut self) -> Result<usize, Failed> {
        let metadata =
            self.retry(|client, topic, limit| client.fetch_metadata(Some(topic), limit))?;
        let described = metadata.topics().iter().find(|described| described.name() == self.topic);
        let described = described.ok_or(NoRecord::UnknownTopic)?;
        if let Some(code) = described.error() {
            let error = KafkaError::MetadataFetch(code.into());
            self.check(&error)?;
            return Err(NoRecord::Failed(error).into());
        }
        Ok(described.partitions().len())
    }

    /// Repeats a request until it is answered, and serves the client in between.
    fn retry<T>(
        &mut self,
        request: impl Fn(&Client, &str, Duration) -> Result<T, KafkaError>,
    ) -> Result<T, Failed> {
        loop {
            self.serve()?;
            let limit = self.time_left()?;
            match request(&self.client, self.topic, limit) {
                Ok(answer) => return Ok(answer),
                Err(error) => self.check(&error)?,
            }
        }
    }

    /// Has the client handle everything that has arrived: a token is read only in a poll, and
    /// errors come in one.
    fn serve(&mut self) -> Result<(), Failed> {
        loop {
            let before = self.client.context().activity();
            self.client.poll(Duration::ZERO);
            if self.client.context().activity() == before {
                return self.check_events();
            }
        }
    }

    /// Returns how long the next request may wait.
    fn time_left(&self) -> Result<Duration, Failed> {
        let left = self.end.saturating_duration_since(Instant::now());
        if left.is_zero() { Err(Failed::TimedOut) } else { Ok(left.min(ATTEMPT)) }
    }

    /// Ends the search at an error that a retry does not change.
    fn check(&self, error: &KafkaError) -> Result<(), Failed> {
        use RDKafkaErrorCode as Code;
        match error.rdkafka_error_code() {
            Some(Code::TopicAuthorizationFailed) => Err(NoRecord::Denied.into()),
            _ if is_unknown_topic(error) => Err(NoRecord::UnknownTopic.into()),
            Some(Code::OffsetOutOfRange | Code::AutoOffsetReset) => {
                Err(NoRecord::NoSuchOffset(None).into())
            }
            _ => Ok(()),
        }
    }

    /// Reads what the client has reported: a refusal ends the search.
    fn check_events(&mut self) -> Result<(), Failed> {
        for event in self.client.context().take() {
            let ClientEvent::Error(error, reason) = event else { continue };
            if let Some(refusal) = Refusal::of(&reason) {
                let refusal = if self.has_token { refusal.of_token() } else { refusal };
                return Err(NoRecord::Refused(refusal).into());
            }
            // That no broker is left says less than the error of one.
            let all_down = error.rdkafka_error_code() == Some(RDKafkaErrorCode::AllBrokersDown);
            if !all_down || self.reason.is_none() {
                self.reason = Some(reason);
            }
        }
        Ok(())
    }
}

impl SingleRecord {
    /// Returns the record at `position` of `topic`.
    #[must_use]
    pub fn record<'a>(&'a self, topic: &'a str, position: Position) -> Record<'a> {
        Record {
            position,
            topic,
            timestamp: self.timestamp,
            key: self.key.as_deref(),
            headers: self,
            payload: self.value.as_deref(),
        }
    }
}

impl Headers for SingleRecord {
    fn for_each<'a>(&'a self, each: &mut dyn FnMut(&'a str, Option<&'a [u8]>)) {
        for (name, value) in &self.headers {
            each(name, value.as_deref());
        }
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "tests")]
mod tests;
