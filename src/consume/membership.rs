//! This process as a member of its consumer group: the client, what the cluster says about the
//! topics, the assigned partitions, and the lookups that resolve them.
//!
//! Invariant: where a partition starts is never guessed. A lookup that failed is made again, and an
//! answer counts only for partitions that were not revoked after the lookup was sent.

use std::collections::BTreeSet;
use std::sync::Arc;
use std::time::{Duration, Instant};

use rdkafka::Statistics;
use rdkafka::error::{KafkaError, KafkaResult, RDKafkaErrorCode};

use crate::commit::ledger::Ledger;
use crate::config::model::Config;
use crate::event::{Offset, Partition, TopicIndex};
use crate::kafka;
use crate::kafka::native::{Described, PartitionError};
use crate::metrics::Metrics;

use super::access::AccessChange;
use super::added_partitions::AddedPartitions;
use super::assignment::Assignment;
use super::backpressure::Backpressure;
use super::broker_lookup::{BrokerLookup, Findings, LookupRequest};
use super::broker_queries::DueEnds;
use super::client_position;
use super::error::ConsumeError;
use super::refusals::Refusals;
use super::resolution;
use super::sender_controls::SenderControls;
use super::session::Session;
use super::settlement::Settlement;
use super::shared_group::SharedGroup;
use super::starting_offset::StartingOffset;
use super::statistics;
use super::topic_table::TopicTable;

/// The pause between two attempts of a lookup that failed.
const LOOKUP_RETRY: Duration = Duration::from_secs(1);

/// The client and what it is a member with.
pub struct Membership {
    /// The Kafka client.
    pub session: Session,
    /// What the cluster says about the topics.
    pub topics: TopicTable,
    /// The assigned partitions.
    pub assignment: Assignment,
    /// The requests that wait for a broker.
    pub lookup: BrokerLookup,
    /// Why Kafka does not let this worker in.
    pub refusals: Refusals,
    /// Another deployment in the group.
    pub shared_group: SharedGroup,
    added: AddedPartitions,
    /// The configuration at the start: its Kafka settings stay.
    config: Arc<Config>,
    metrics: Arc<Metrics>,
}

impl Membership {
    /// Not a member yet: `session` is subscribed to nothing.
    #[must_use]
    pub fn new(
        config: Arc<Config>,
        session: Session,
        lookup: BrokerLookup,
        metrics: Arc<Metrics>,
    ) -> Self {
        Self {
            topics: TopicTable::new(session.names.clone()),
            refusals: Refusals::new(session.names.clone(), Arc::clone(&config)),
            session,
            assignment: Assignment::default(),
            lookup,
            shared_group: SharedGroup::new(config.kafka.group_id.clone(), Arc::clone(&metrics)),
            added: AddedPartitions::new(config.kafka.instance_id.is_some()),
            config,
            metrics,
        }
    }

    /// Sends what is unresolved to the lookup thread, unless a lookup is in flight. One that does
    /// not resolve starting offsets is cancelled for one that does.
    pub fn request_lookup(&mut self, ledger: &Ledger, now: Instant) -> Result<(), ConsumeError> {
        if self.assignment.has_unrequested() {
            self.lookup.cancel_unless_resolving();
        }
        if !self.lookup.is_idle() || self.session.fatal.is_some() {
            return Ok(());
        }
        let unresolved = self.assignment.unresolved(now);
        let is_check = self.added.is_due(now);
        let added = if is_check { self.added.check(&self.topics, ledger) } else { Vec::new() };
        let resolves = unresolved.is_some();
        let is_survey = !resolves && self.shared_group.takes_survey(now);
        if !resolves && added.is_empty() && !is_survey {
            return Ok(());
        }
        let request = LookupRequest {
            unresolved: unresolved.unwrap_or_default(),
            added,
            is_survey,
            counts: self.topics.counts(),
            broker: self.session.broker,
        };
        let client = Arc::clone(&self.session.client);
        let id = self.lookup.send(client, &self.topics.names, request)?;
        if resolves {
            self.assignment.lookup_sent(id);
        }
        Ok(())
    }

    /// Takes what a lookup has found, if it has ended. One that failed is made again.
    pub fn take_findings(&mut self, now: Instant) -> Result<Option<Findings>, ConsumeError> {
        match self.lookup.take()? {
            None => Ok(None),
            Some(Ok(findings)) => Ok(Some(findings)),
            Some(Err(_)) if self.lookup.is_cancelled() => {
                self.added.failed(now);
                Ok(None)
            }
            Some(Err(error)) => {
                self.lookup_failed(&error, now);
                Ok(None)
            }
        }
    }

    /// Logs a failed lookup and schedules its retry.
    pub fn lookup_failed(&mut self, error: &KafkaError, now: Instant) {
        self.record_denial(error.rdkafka_error_code());
        self.lookup.log_failure(error, now);
        self.assignment.lookup_failed(now + LOOKUP_RETRY);
        self.added.failed(now);
    }

    /// Makes the client read on in partitions that were out of range. Returns those whose logs are
    /// not the ones that were read: they have to be resolved again.
    pub fn resume_out_of_range(
        &mut self,
        findings: &Findings,
        settlement: &mut Settlement,
    ) -> KafkaResult<Vec<Partition>> {
        let partitions = self.assignment.still_pending(findings.id).out_of_range;
        let next: Vec<(Partition, Offset)> =
            partitions.iter().filter_map(|at| Some((*at, settlement.ledger.next(*at)?))).collect();
        let (mut resumed, mut others) = (Vec::new(), Vec::new());
        for start in
            resolution::continuations(&next, findings, &self.topics, self.config.kafka.start)
        {
            match start.starting {
                // The offset is in the log after all, or an earlier resume that failed has advanced
                // to it. The client has stopped reading in both cases.
                StartingOffset::Committed(offset) => resumed.push((start.partition, offset)),
                StartingOffset::OutOfRetention { offset, .. } => {
                    settlement.ledger.advance(start.partition, offset);
                    start.report(&self.topics, &self.metrics);
                    resumed.push((start.partition, offset));
                }
                _ => others.push(start.partition),
            }
        }
        if !resumed.is_empty() {
            self.session.restart(&resumed, &read_positions(&settlement.ledger))?;
            for (partition, _) in &resumed {
                if let Some((_, end)) = findings.logs.get(partition) {
                    self.assignment.resumed(*partition, *end);
                }
            }
            settlement.committer.schedule.request();
        }
        Ok(others)
    }

    /// Makes the client read the partitions whose starting offsets are known now. Returns whether
    /// an assignment was acknowledged.
    pub fn start_assigned(
        &mut self,
        findings: &Findings,
        settlement: &mut Settlement,
        controls: &SenderControls,
        now: Instant,
    ) -> KafkaResult<bool> {
        let names = settlement.ledger.names();
        self.shared_group.surveyed(findings, &self.topics, names, now);
        let partitions = self.assignment.still_pending(findings.id).starting;
        if partitions.is_empty() && !self.assignment.must_acknowledge_empty() {
            return Ok(false);
        }
        let starts =
            resolution::starts(&partitions, findings, &self.topics, self.config.kafka.start);
        let from: Vec<(Partition, Offset)> =
            starts.iter().map(|start| (start.partition, start.starting.offset())).collect();
        self.session.start(&from, &read_positions(&settlement.ledger))?;
        // Of partitions that are resolved again: the client went on reading them meanwhile.
        self.session.forget(&partitions);
        let foreign = resolution::foreign(&starts, &self.topics, names);
        self.shared_group.assigned(&foreign, now);
        resolution::report_copied(&starts, &self.topics, &self.metrics);
        for start in starts {
            start.report(&self.topics, &self.metrics);
            self.assignment.start_reading(start.partition, start.known.high);
            start.take_over(settlement, controls, &self.topics);
        }
        self.assignment.acknowledged();
        self.refusals.access.set_group(true);
        // A start that is not committed would be decided again by the next owner, after more
        // events.
        settlement.committer.schedule.request();
        self.added.assigned(now);
        let owned = settlement.ledger.partitions().count();
        tracing::info!(partitions = from.len(), owned, "partitions assigned");
        Ok(true)
    }

    /// Rejoins the group where a lookup has found added partitions that no member reads.
    pub fn rejoin_for_added(&mut self, findings: &Findings) {
        let unread = self.added.unread(findings);
        if unread.is_empty() {
            return;
        }
        let topics: Vec<&str> = unread.iter().map(|topic| self.topics.name(*topic)).collect();
        tracing::warn!(?topics, "added partitions are not read by any member, rejoining the group");
        if let Err(error) = self.session.rejoin() {
            tracing::error!(%error, "could not subscribe again");
        }
    }

    /// Applies what the broker says about the topics. Returns whether a partition count has
    /// changed.
    pub fn apply_topics(&mut self, described: &[Described], ledger: &Ledger) -> bool {
        let owned: BTreeSet<TopicIndex> = ledger.partitions().map(|at| at.topic).collect();
        let changes = self.topics.apply(described, |topic| owned.contains(&topic));
        for (topic, readable) in changes.readable {
            self.refusals.access.set_topic(topic, readable);
        }
        for topic in changes.recreated {
            self.assignment.recreated(topic);
        }
        for topic in changes.confirmed {
            self.assignment.not_recreated(topic);
        }
        for topic in changes.found {
            tracing::info!(topic = self.topics.name(topic), "the topic exists now");
        }
        for topic in changes.missing {
            let topic = self.topics.name(topic);
            tracing::warn!(topic, "the topic does not exist; waiting for it");
        }
        changes.partition_count_changed
    }

    /// Applies librdkafka's statistics. Returns whether a partition count has changed.
    pub fn apply_statistics(&mut self, statistics: &Statistics, now: Instant) -> bool {
        let reachable = self.session.apply_statistics(statistics, now);
        let joined = self.assignment.is_joined();
        self.refusals.clear(statistics, reachable, joined, now);
        let changes = statistics::apply(statistics, &mut self.topics, &mut self.assignment);
        if changes.log_end_moved_back {
            self.session.queries.want_topics();
        }
        changes.partition_count_changed
    }

    /// Requests the topics' descriptions, and returns those that have arrived.
    pub fn query_topics(&mut self, now: Instant) -> Option<Vec<Described>> {
        let (broker, names) = (self.session.broker, &self.topics.names);
        let queries = &mut self.session.queries;
        let described = queries.take_topics(names);
        queries.request_topics(broker, names, self.refusals.access.denies_anything(), now);
        described
    }

    /// Takes the ends of partitions that have arrived, and requests those that are due.
    pub fn query_ends(&mut self, ledger: &Ledger, backpressure: &Backpressure, now: Instant) {
        for end in self.session.queries.take_ends() {
            if let Some(topic) = self.topics.names.index(&end.topic) {
                let partition = Partition { topic, number: end.number };
                self.assignment.set_asked_end(partition, Offset(end.offset));
            }
        }
        if self.session.broker.is_none() {
            return;
        }
        let Some(due) = self.session.queries.due_ends(now) else { return };
        let is_due = |at: &Partition| due == DueEnds::All || backpressure.is_paused(at.topic);
        let partitions = ledger.partitions().filter(is_due);
        let named: Vec<(&str, i32)> =
            partitions.map(|at| (self.topics.name(at.topic), at.number)).collect();
        self.session.queries.request_ends(&named);
    }

    /// Moves read positions past control records at the ends of partitions.
    pub fn skip_control_records(&self, ledger: &mut Ledger) {
        if client_position::has_offsets_ahead(ledger, &self.assignment) {
            let positions = self.session.positions();
            client_position::skip_control_records(ledger, &self.assignment, positions);
        }
    }

    /// Acts on an error that came in place of a record.
    pub fn partition_error(
        &mut self,
        PartitionError { partition, error, reason }: PartitionError,
        ledger: &Ledger,
    ) {
        let code = error.rdkafka_error_code();
        if code == Some(RDKafkaErrorCode::AutoOffsetReset) {
            return self.assignment.out_of_range(partition);
        }
        if let Some(next) = ledger.next(partition) {
            self.session.reset_position(partition, next);
        }
        if code == Some(RDKafkaErrorCode::TopicAuthorizationFailed) {
            self.refusals.access.set_topic(partition.topic, false);
        }
        self.client_error(&error, &reason);
    }

    /// Acts on an error of the client, `reason` being librdkafka's own words.
    pub fn client_error(&mut self, error: &KafkaError, reason: &str) {
        self.session.check_fatal();
        if self.session.fatal.is_some() {
            // Logged where the client is replaced.
            return;
        }
        if kafka::is_unknown_topic(error) {
            return self.session.queries.want_topics();
        }
        if self.refusals.record(error, reason, Instant::now()) {
            self.session.queries.want_topics();
        }
    }

    /// Checks, once a second, whether access has changed; `committed`: how the last commit ended.
    pub fn check_access(&mut self, committed: Option<Result<(), RDKafkaErrorCode>>, now: Instant) {
        if self.refusals.access.is_login_refused() {
            kafka::renew_token(&self.session.client);
        }
        self.refusals.take_findings(now);
        match committed {
            Some(Ok(())) => self.refusals.access.set_group(true),
            Some(Err(code)) => self.record_denial(Some(code)),
            None => {}
        }
    }

    /// Records an error of a request if it denies access.
    pub fn record_denial(&mut self, code: Option<RDKafkaErrorCode>) {
        if self.refusals.access.record_denial(code) == AccessChange::TopicDenied {
            self.session.queries.want_topics();
        }
    }
}

/// The offsets to read next of all owned partitions.
fn read_positions(ledger: &Ledger) -> Vec<(Partition, Offset)> {
    ledger.progress().map(|at| (at.partition, at.next)).collect()
}
