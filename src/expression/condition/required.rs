//! The requirements of a condition: values that fields must have for it to be true. The index of
//! triggers looks events up by them.
//!
//! Invariant: if an event has none of a requirement's values, or is outside of its bound, the
//! condition is false *and* does not fail. So a requirement after a part that can fail does not
//! count: that part is evaluated first, and its failure is counted.

use super::{Condition, Kind, Scalar};
use crate::event::{FieldValue, Path};
use crate::expression::node::{Comparison, Node};
use crate::expression::signature::Function;

/// A value that a field must have, as a key of a hash table. Equal numbers have equal keys;
/// numbers that differ only beyond the precision of f64 can have equal keys too.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Key {
    /// `null`, or missing.
    Null,
    /// `true` or `false`.
    Bool(bool),
    /// A number: the bits of the nearest f64, those of `0.0` for zero of either sign.
    Number(u64),
    /// A string.
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
    /// The number of values in it.
    #[must_use]
    pub fn values(&self) -> usize {
        match self {
            Required::OneOf(pairs) => pairs.len(),
            Required::AtLeast(..) | Required::AtMost(..) => 1,
        }
    }
}

impl Key {
    /// Returns the key of a number, from its nearest f64.
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

/// Returns the bits that the key of a number has, from its nearest f64.
#[must_use]
pub fn bits(nearest: f64) -> u64 {
    if nearest == 0.0 { 0 } else { nearest.to_bits() }
}

impl Condition {
    /// Returns every requirement, in the condition's order.
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
                    // The first of several is enough: which one is the rarest is known only
                    // among all triggers.
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

    /// Whether the condition fails for some event.
    fn can_fail(&self) -> bool {
        match &self.0 {
            Kind::All(conditions) | Kind::Any(conditions) => {
                conditions.iter().any(Condition::can_fail)
            }
            Kind::Not(condition) => condition.can_fail(),
            Kind::Test(..) => true,
            // Without a call, only the limit on steps can fail, which no usual event reaches.
            Kind::Record(node) | Kind::Whole(node) => calls(node),
            Kind::Always(_)
            | Kind::Is(_)
            | Kind::Compare(..)
            | Kind::CompareFields(..)
            | Kind::OneOf(..) => false,
        }
    }
}

/// Whether a node calls a function that does not take every value.
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

/// Returns the nearest f64 of a field that is a number.
#[must_use]
pub fn nearest(field: FieldValue<'_>) -> Option<f64> {
    match field {
        FieldValue::Number(written) => Some(crate::event::Number::Written(written).as_f64()),
        _ => None,
    }
}
