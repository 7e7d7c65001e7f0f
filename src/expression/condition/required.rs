//! The requirements of a condition: values that fields must have for it to be true. The index of
//! triggers looks events up by them.
//!
//! Invariant: if an event has none of a requirement's values, or is outside of its bound, the
//! condition is false *and* does not fail. So a requirement after a part that can fail does not
//! count: that part is evaluated first, and its failure is counted.

use jmespath::ast::Comparator;

use super::{Condition, Kind, Scalar};
use crate::event::{FieldValue, Number, Path};
use crate::expression::node::Node;
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
    /// The field must be a number on this side of the bound, or equal to it.
    Bound {
        /// The field.
        path: Path,
        /// Whether the bound is the least number; otherwise it is the greatest.
        least: bool,
        /// The bound.
        number: f64,
    },
}

impl Required {
    /// The number of values in it.
    #[must_use]
    pub fn values(&self) -> usize {
        match self {
            Required::OneOf(pairs) => pairs.len(),
            Required::Bound { .. } => 1,
        }
    }
}

impl Key {
    fn of(scalar: &Scalar) -> Key {
        match scalar {
            Scalar::Null => Key::Null,
            Scalar::Bool(bool) => Key::Bool(*bool),
            Scalar::Number(number) => Key::Number(bits(number.nearest)),
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
                    let first = condition.required().into_iter().find_map(|first| match first {
                        Required::OneOf(keys) => Some(keys),
                        Required::Bound { .. } => None,
                    });
                    let Some(more) = first else { return };
                    keys.extend(more);
                }
                required.push(one_of(keys));
            }
            Kind::Compare(path, Comparator::Equal, scalar) => {
                required.push(one_of(vec![(*path, Key::of(scalar))]));
            }
            Kind::Compare(path, comparator, Scalar::Number(number)) => {
                let least = match comparator {
                    Comparator::GreaterThan | Comparator::GreaterThanEqual => true,
                    Comparator::LessThan | Comparator::LessThanEqual => false,
                    Comparator::Equal | Comparator::NotEqual => return,
                };
                required.push(Required::Bound { path: *path, least, number: number.nearest });
            }
            Kind::OneOf(path, scalars) => {
                required.push(one_of(scalars.iter().map(|it| (*path, Key::of(it))).collect()));
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

/// Returns the requirement of one of these values, each listed once.
fn one_of(mut keys: Vec<(Path, Key)>) -> Required {
    keys.sort();
    keys.dedup();
    Required::OneOf(keys)
}

/// Whether a node calls a function that does not take every value.
fn calls(node: &Node) -> bool {
    use Function::{Default, Escape, If, Json, NotNull, ToArray, ToString, Type, UrlEncode};
    let takes_all = |function| {
        matches!(
            function,
            Type | ToArray | ToString | NotNull | If | Default | Escape | Json | UrlEncode
        )
    };
    matches!(node, Node::Call(function, _) if !takes_all(*function))
        || node.children().into_iter().any(calls)
}

/// Returns the nearest f64 of a field that is a number.
#[must_use]
pub fn nearest(field: FieldValue<'_>) -> Option<f64> {
    match field {
        FieldValue::Number(written) => Some(Number::Written(written).as_f64()),
        _ => None,
    }
}
