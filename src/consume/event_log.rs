//! The log of events that cannot be used unchanged: invalid ones, those for which an expression
//! fails, and those whose message is too long. Pure: the time is an argument.
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
use crate::truncation::Truncations;

/// The longest expression in a line, in characters.
const LONGEST_EXPRESSION: usize = 200;

/// What was found since the last line of each kind.
pub struct EventLog {
    found: BTreeMap<Kind, LogSample<(Position, Detail)>>,
    config: Arc<Config>,
}

/// What one line is about.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Kind {
    /// Records of a topic that are not events.
    Invalid(TopicIndex, Invalid),
    /// Expressions of an action that failed.
    Failed(ActionIndex),
    /// Messages of an action that were cut.
    Cut(ActionIndex),
}

/// What is known about the example of a line.
#[derive(Debug)]
enum Detail {
    Shape(Shape),
    Failure(Failure),
    Cut(Truncations),
}

impl EventLog {
    /// Nothing was found; names come from `config`.
    pub fn new(config: Arc<Config>) -> Self {
        Self { found: BTreeMap::new(), config }
    }

    /// Records a record that is not an event.
    pub fn invalid(&mut self, record: &Record<'_>, reason: Invalid, now: Instant) {
        let kind = Kind::Invalid(record.position.partition.topic, reason);
        self.record(kind, record.position, now, || Detail::Shape(Shape::of(record.payload)));
    }

    /// Records an expression that failed for the event at `position`.
    pub fn failed(&mut self, position: Position, failure: Failure, now: Instant) {
        let kind = Kind::Failed(failure.action);
        self.record(kind, position, now, || Detail::Failure(failure));
    }

    /// Records a message that was cut, of the event at `position`.
    pub fn cut(
        &mut self,
        position: Position,
        action: ActionIndex,
        what: Truncations,
        now: Instant,
    ) {
        self.record(Kind::Cut(action), position, now, || Detail::Cut(what));
    }

    /// Logs what no line covers yet, where its minute has passed.
    pub fn summarize(&mut self, now: Instant) {
        self.log_each(|sample| sample.due(now));
    }

    /// Logs everything that no line covers yet: the process ends.
    pub fn finish(&mut self) {
        self.log_each(LogSample::rest);
    }

    /// Takes the names of another configuration.
    pub fn reload(&mut self, config: Arc<Config>) {
        self.config = config;
    }

    // Out of the way of events that can be used.
    #[cold]
    #[inline(never)]
    fn record(
        &mut self,
        kind: Kind,
        position: Position,
        now: Instant,
        detail: impl FnOnce() -> Detail,
    ) {
        let sample = self.found.entry(kind).or_default();
        if let Some(((position, detail), count)) = sample.record(now, || (position, detail())) {
            log(&self.config, kind, position, &detail, count);
        }
    }

    fn log_each(
        &mut self,
        take: impl Fn(&mut LogSample<(Position, Detail)>) -> Option<((Position, Detail), u64)>,
    ) {
        for (kind, sample) in &mut self.found {
            if let Some(((position, detail), count)) = take(sample) {
                log(&self.config, *kind, position, &detail, count);
            }
        }
    }
}

fn log(config: &Config, kind: Kind, position: Position, detail: &Detail, count: u64) {
    let topic = config.kafka.topics.get(position.partition.topic.0 as usize);
    let (partition, offset) = (position.partition.number, position.offset.0);
    let action = match kind {
        Kind::Failed(action) | Kind::Cut(action) => config.actions.get(action.0 as usize),
        Kind::Invalid(..) => None,
    };
    let action = action.map(|action| action.name.as_str());
    match (kind, detail) {
        (Kind::Invalid(_, reason), Detail::Shape(shape)) => {
            let (looks_like, help) = (shape.to_string(), shape.help());
            let is_tombstone = reason == Invalid::Empty;
            let reason = reason.as_str();
            macro_rules! skipped {
                ($level:ident) => {
                    tracing::$level!(
                        topic,
                        partition,
                        offset,
                        reason,
                        looks_like,
                        help,
                        events = count,
                        "invalid event skipped"
                    )
                };
            }
            // Tombstones are usual in a compacted topic.
            if is_tombstone {
                skipped!(info);
            } else {
                skipped!(warn);
            }
        }
        (_, Detail::Failure(failure)) => {
            let expression = sanitize::one_line(failure.expression.source(), LONGEST_EXPRESSION);
            let error = failure.error.to_string();
            tracing::warn!(
                action,
                expression,
                error,
                topic,
                partition,
                offset,
                errors = count,
                "expression failed: false in a trigger, empty in a message"
            );
        }
        (_, Detail::Cut(what)) => {
            let what = what.names().join(", ");
            tracing::warn!(
                action,
                what,
                topic,
                partition,
                offset,
                messages = count,
                "message too long for Slack, cut"
            );
        }
        (_, Detail::Shape(_)) => {}
    }
}
