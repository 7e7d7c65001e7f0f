//! The log of events that cannot be used as they are: invalid ones, and those for which an
//! expression fails. Pure: the time is an argument.
//!
//! Invariants: every such event is counted in exactly one line, at most one line a minute per topic
//! and reason, or per action. A line has a position and what the bytes look like, never content.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Instant;

use crate::config::model::{ActionIndex, Config};
use crate::event::{Invalid, Position, Record, Shape, TopicIndex};
use crate::log_sample::LogSample;
use crate::route::Failure;
use crate::sanitize;

/// The longest expression in a line, in characters.
const LONGEST_EXPRESSION: usize = 200;

/// What was found since the last line of each kind.
pub struct EventLog {
    invalid: BTreeMap<(TopicIndex, Invalid), LogSample<(Position, Shape)>>,
    failures: BTreeMap<ActionIndex, LogSample<(Position, Failure)>>,
    config: Arc<Config>,
}

impl EventLog {
    /// Nothing was found; names come from `config`.
    pub fn new(config: Arc<Config>) -> Self {
        Self { invalid: BTreeMap::new(), failures: BTreeMap::new(), config }
    }

    /// Records a record that is not an event.
    pub fn invalid(&mut self, record: &Record<'_>, reason: Invalid, now: Instant) {
        let kind = (record.position.partition.topic, reason);
        let example = || (record.position, Shape::of(record.payload));
        let sample = self.invalid.entry(kind).or_default();
        if let Some(((position, shape), events)) = sample.record(now, example) {
            log_invalid(&self.config, position, reason, &shape, events);
        }
    }

    /// Records an expression that failed for the event at `position`.
    pub fn failed(&mut self, position: Position, failure: Failure, now: Instant) {
        let sample = self.failures.entry(failure.action).or_default();
        if let Some(((position, failure), errors)) = sample.record(now, || (position, failure)) {
            log_failure(&self.config, position, &failure, errors);
        }
    }

    /// Logs what no line covers yet, where its minute has passed.
    pub fn summarize(&mut self, now: Instant) {
        self.log(|sample| sample.due(now), |sample| sample.due(now));
    }

    /// Logs everything that no line covers yet: the process ends.
    pub fn finish(&mut self) {
        self.log(LogSample::rest, LogSample::rest);
    }

    /// Takes the names of another configuration.
    pub fn reload(&mut self, config: Arc<Config>) {
        self.config = config;
    }

    fn log(
        &mut self,
        invalid: impl Fn(&mut LogSample<(Position, Shape)>) -> Option<((Position, Shape), u64)>,
        failed: impl Fn(&mut LogSample<(Position, Failure)>) -> Option<((Position, Failure), u64)>,
    ) {
        for ((_, reason), sample) in &mut self.invalid {
            if let Some(((position, shape), events)) = invalid(sample) {
                log_invalid(&self.config, position, *reason, &shape, events);
            }
        }
        for sample in self.failures.values_mut() {
            if let Some(((position, failure), errors)) = failed(sample) {
                log_failure(&self.config, position, &failure, errors);
            }
        }
    }
}

fn log_invalid(config: &Config, position: Position, reason: Invalid, shape: &Shape, events: u64) {
    let topic = config.kafka.topics.get(position.partition.topic.0 as usize);
    let (partition, offset) = (position.partition.number, position.offset.0);
    let (looks_like, help) = (shape.to_string(), shape.help());
    let reason_name = reason.as_str();
    if reason == Invalid::Empty {
        // Tombstones are usual in a compacted topic.
        tracing::info!(
            topic,
            partition,
            offset,
            reason = reason_name,
            looks_like,
            help,
            events,
            "invalid event skipped"
        );
    } else {
        tracing::warn!(
            topic,
            partition,
            offset,
            reason = reason_name,
            looks_like,
            help,
            events,
            "invalid event skipped"
        );
    }
}

fn log_failure(config: &Config, position: Position, failure: &Failure, errors: u64) {
    let action = config.actions.get(failure.action.0 as usize).map(|action| action.name.as_str());
    let topic = config.kafka.topics.get(position.partition.topic.0 as usize);
    let expression = sanitize::one_line(failure.expression.source(), LONGEST_EXPRESSION);
    tracing::warn!(
        action,
        expression,
        error = %failure.error,
        topic,
        partition = position.partition.number,
        offset = position.offset.0,
        errors,
        "expression failed: false in a trigger, empty in a message"
    );
}
