//! What must hold for a condition to be true: what an index of triggers looks events up by.
//!
//! Invariant: where none of a requirement's keys is there, or a bound is not kept, the condition is false, *and* does not fail: what stands before a requirement
//! and can fail would be evaluated first, and its failure is counted.

use super::{Condition, Kind, Scalar};
use crate::event::{Path, Seen};
use crate::expression::function::Function;
use crate::expression::node::{Comparison, Node};

/// A value that a field must have, in a form that is looked up: equal numbers have equal keys (and so can numbers that differ beyond f64).
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Key {
    /// `null`, or nothing there.
    Null,
    /// `true`, `false`
    Bool(bool),
    /// The nearest f64's bits; zero has one sign.
    Number(u64),
    /// A text.
    Text(Box<str>),
}

/// One requirement of a condition.
#[derive(Debug, Clone, PartialEq)]
pub enum Required {
    /// One of these fields must have its value.
    OneOf(Vec<(Path, Key)>),
    /// The field must be a number that is not less than this.
    AtLeast(Path, f64),
    /// The field must be a number that is not more than this.
    AtMost(Path, f64),
}

impl Required {
    /// How many values it names.
    #[must_use]
    pub fn values(&self) -> usize {
        match self {
            Required::OneOf(pairs) => pairs.len(),
            Required::AtLeast(..) | Required::AtMost(..) => 1,
        }
    }
}

impl Key {
    /// The key of a number: its nearest f64.
    #[must_use]
    pub fn number(nearest: f64) -> Key {
        Key::Number(bits(nearest))
    }

    fn of(scalar: &Scalar) -> Key {
        match scalar {
            Scalar::Null => Key::Null,
            Scalar::Bool(bool) => Key::Bool(*bool),
            Scalar::Number(number) => Key::number(number.nearest),
            Scalar::Text(text) => Key::Text(text.clone()),
        }
    }
}

/// What an f64 is looked up by.
#[must_use]
pub fn bits(nearest: f64) -> u64 {
    if nearest == 0.0 { 0 } else { nearest.to_bits() }
}

impl Condition {
    /// Everything that an index can go by, in the condition's order.
    #[must_use]
    pub fn required(&self) -> Vec<Required> {
        let mut required = Vec::new();
        self.require(&mut required);
        required
    }

    fn require(&self, required: &mut Vec<Required>) {
        match &self.0 {
            Kind::All(conditions) => {
                for condition in conditions {
                    condition.require(required);
                    if condition.can_fail() {
                        break;
                    }
                }
            }
            Kind::Any(conditions) => {
                let mut keys = Vec::new();
                for condition in conditions {
                    // Of several the first will do: which one is the rarest is known only among all triggers, and this is rare.
                    let first =
                        condition.required().into_iter().find_map(|required| match required {
                            Required::OneOf(keys) => Some(keys),
                            Required::AtLeast(..) | Required::AtMost(..) => None,
                        });
                    match first {
                        Some(more) => keys.extend(more),
                        None => return,
                    }
                }
                keys.sort();
                keys.dedup();
                required.push(Required::OneOf(keys));
            }
            Kind::Compare(path, Comparison::Equal, scalar) => {
                required.push(Required::OneOf(vec![(*path, Key::of(scalar))]));
            }
            Kind::Compare(path, comparison, Scalar::Number(number)) => match comparison {
                Comparison::Greater | Comparison::GreaterOrEqual => {
                    required.push(Required::AtLeast(*path, number.nearest));
                }
                Comparison::Less | Comparison::LessOrEqual => {
                    required.push(Required::AtMost(*path, number.nearest))
                }
                Comparison::Equal | Comparison::NotEqual => {}
            },
            Kind::OneOf(path, scalars) => {
                let mut keys: Vec<_> =
                    scalars.iter().map(|scalar| (*path, Key::of(scalar))).collect();
                keys.sort();
                keys.dedup();
                required.push(Required::OneOf(keys));
            }
            Kind::Always(_)
            | Kind::Not(_)
            | Kind::Is(_)
            | Kind::Compare(..)
            | Kind::CompareFields(..)
            | Kind::Test(..)
            | Kind::Record(_)
            | Kind::Whole(_) => {}
        }
    }

    /// Whether there is an event for which it fails.
    fn can_fail(&self) -> bool {
        match &self.0 {
            Kind::All(conditions) | Kind::Any(conditions) => {
                conditions.iter().any(Condition::can_fail)
            }
            Kind::Not(condition) => condition.can_fail(),
            Kind::Test(..) => true,
            // Two arrays, or a projection: only the bound on steps, which is far from every event that means no harm.
            Kind::Record(node) | Kind::Whole(node) => calls(node),
            Kind::Always(_)
            | Kind::Is(_)
            | Kind::Compare(..)
            | Kind::CompareFields(..)
            | Kind::OneOf(..) => false,
        }
    }

    /// Whether it takes the document.
    #[must_use]
    pub fn needs_document(&self) -> bool {
        self.first_whole().is_some()
    }

    /// The first part of it that takes the document.
    pub(super) fn first_whole(&self) -> Option<&Node> {
        match &self.0 {
            Kind::All(conditions) | Kind::Any(conditions) => {
                conditions.iter().find_map(Condition::first_whole)
            }
            Kind::Not(condition) => condition.first_whole(),
            Kind::Whole(node) => Some(node),
            _ => None,
        }
    }
}

/// Whether a node calls a function that takes not everything.
fn calls(node: &Node) -> bool {
    match node {
        Node::Call(
            Function::Type | Function::ToArray | Function::ToString | Function::NotNull,
            args,
        ) => args.iter().any(calls),
        Node::Call(..) => true,
        Node::Path(nodes) | Node::Any(nodes) | Node::All(nodes) | Node::List(nodes) => {
            nodes.iter().any(calls)
        }
        Node::Not(node) | Node::Values(node) | Node::Flatten(node) => calls(node),
        Node::Compare(_, nodes) | Node::Where(nodes) | Node::Project(nodes) => {
            calls(&nodes.0) || calls(&nodes.1)
        }
        Node::Hash(entries) => entries.iter().any(|(_, node)| calls(node)),
        Node::Current
        | Node::Root
        | Node::Record
        | Node::RecordPart(_)
        | Node::Literal(_)
        | Node::Field(_)
        | Node::Index(_)
        | Node::Slice { .. } => false,
    }
}

/// The nearest f64 of a field that is a number.
#[must_use]
pub fn nearest(seen: Seen<'_>) -> Option<f64> {
    match seen {
        Seen::Number(written) => Some(crate::event::Number::Written(written).as_f64()),
        _ => None,
    }
}
