//! A trigger as a formula over a few fields, which is decided without parsing the whole event.
//!
//! Invariant: a condition is true exactly where its expression is, and fails exactly where that
//! fails. The parts that fields alone cannot decide (projections, most functions) remain nodes,
//! and are evaluated on the parsed document.

use std::sync::Arc;

use jmespath::ast::Comparator;

use super::compiled::Expression;
use super::node::Node;
use super::signature::{Function, Takes};
use crate::event::{Path, Paths, Value, View};

pub mod judge;

pub mod required;

#[cfg(test)]
#[allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "tests")]
pub(super) mod tests;

/// A condition on an event.
#[derive(Debug, Clone)]
pub struct Condition(Kind);

#[derive(Debug, Clone)]
enum Kind {
    /// A constant.
    Always(bool),
    /// `a && b`.
    All(Box<[Condition]>),
    /// `a || b`.
    Any(Box<[Condition]>),
    /// `!a`.
    Not(Box<Condition>),
    /// A field that counts as true: not null, false or empty.
    Is(Path),
    /// A comparison of a field with a literal.
    Compare(Path, Comparator, Scalar),
    /// A comparison of two fields.
    CompareFields(Path, Comparator, Path),
    /// A field that has one of these values: `contains(['a', 'b'], field)`.
    OneOf(Path, Box<[Scalar]>),
    /// `contains`, `starts_with` or `ends_with` of a field and a literal. It fails for a field of a
    /// type that the function does not take.
    Test(Function, Path, Scalar),
    /// An expression on the Kafka record only.
    Record(Arc<Node>),
    /// An expression that needs the parsed document.
    Whole(Arc<Node>),
}

/// A literal that is neither an array nor an object.
#[derive(Debug, Clone)]
enum Scalar {
    Null,
    Bool(bool),
    Number(Literal),
    Text(Box<str>),
}

/// A number of an expression.
#[derive(Debug, Clone)]
struct Literal {
    written: Box<str>,
    /// The nearest f64. Two numbers whose nearest f64 differ have the order of these.
    nearest: f64,
}

impl Expression {
    /// Returns the expression as a condition, and requests its fields from `paths`.
    #[must_use]
    pub fn condition(&self, paths: &mut Paths) -> Condition {
        condition(self.node(), paths)
    }
}

/// Whether a part of an expression, neither `&&` nor `||` nor `!`, needs the parsed document.
pub fn needs_document(node: &Node) -> bool {
    matches!(condition(node, &mut Paths::default()).0, Kind::Whole(_))
}

fn condition(node: &Node, paths: &mut Paths) -> Condition {
    Condition(match node {
        Node::Literal(value) => Kind::Always(value.is_truthy()),
        Node::All(nodes) => Kind::All(nodes.iter().map(|node| condition(node, paths)).collect()),
        Node::Any(nodes) => Kind::Any(nodes.iter().map(|node| condition(node, paths)).collect()),
        Node::Not(node) => Kind::Not(Box::new(condition(node, paths))),
        _ => covered(node, paths).unwrap_or_else(|| {
            let shared = Arc::new(node.clone());
            if is_of_record(node) { Kind::Record(shared) } else { Kind::Whole(shared) }
        }),
    })
}

fn covered(node: &Node, paths: &mut Paths) -> Option<Kind> {
    let literal = |node: &Node| match node {
        Node::Literal(value) => Scalar::of(value),
        _ => None,
    };
    Some(match node {
        Node::Field(_) | Node::Path(_) => Kind::Is(field(node, paths)?),
        Node::Compare(comparator, sides) => match &**sides {
            (value @ Node::Literal(_), node) => {
                Kind::Compare(field(node, paths)?, mirrored(comparator), literal(value)?)
            }
            (node, value @ Node::Literal(_)) => {
                Kind::Compare(field(node, paths)?, comparator.clone(), literal(value)?)
            }
            (a, b) => Kind::CompareFields(field(a, paths)?, comparator.clone(), field(b, paths)?),
        },
        Node::Call(
            function @ (Function::Contains | Function::StartsWith | Function::EndsWith),
            args,
        ) => match (function, &**args) {
            (Function::Contains, [Node::Literal(Value::Array(elements)), node]) => {
                let scalars = elements.iter().map(Scalar::of).collect::<Option<_>>()?;
                Kind::OneOf(field(node, paths)?, scalars)
            }
            (Function::Contains, [Node::List(nodes), node]) => {
                let scalars = nodes.iter().map(literal).collect::<Option<_>>()?;
                Kind::OneOf(field(node, paths)?, scalars)
            }
            (_, [node, value]) => Kind::Test(*function, field(node, paths)?, literal(value)?),
            _ => return None,
        },
        _ => return None,
    })
}

/// Returns the path of a node that consists of names only, from the root on.
fn field(node: &Node, paths: &mut Paths) -> Option<Path> {
    let single = std::slice::from_ref(node);
    let steps = match node {
        Node::Path(steps) => steps,
        _ => single,
    };
    let steps = match steps {
        [Node::Root | Node::Current, steps @ ..] => steps,
        steps => steps,
    };
    let names = steps.iter().map(|step| match step {
        Node::Field(name) => Some(&**name),
        _ => None,
    });
    let names = names.collect::<Option<Vec<&str>>>()?;
    // `$` alone is the whole event.
    if names.is_empty() { None } else { Some(paths.request(names)) }
}

/// Whether a node depends on nothing but the Kafka record.
fn is_of_record(node: &Node) -> bool {
    let is_expression =
        |at, function: &Function| function.signature().argument(at) == Takes::Expression;
    match node {
        Node::Record | Node::RecordPart(_) | Node::Literal(_) | Node::Prepared(_) => true,
        Node::Path(steps) => steps.split_first().is_some_and(|(first, rest)| {
            is_of_record(first)
                && rest.iter().all(|step| matches!(step, Node::Field(_) | Node::Index(_)))
        }),
        Node::Call(function, args) if (0..args.len()).any(|at| is_expression(at, function)) => {
            false
        }
        Node::Any(_) | Node::All(_) | Node::Not(_) | Node::Compare(..) | Node::Call(..) => {
            node.children().into_iter().all(is_of_record)
        }
        _ => false,
    }
}

/// Returns the same comparison for swapped sides.
fn mirrored(comparator: &Comparator) -> Comparator {
    match comparator {
        Comparator::LessThan => Comparator::GreaterThan,
        Comparator::LessThanEqual => Comparator::GreaterThanEqual,
        Comparator::GreaterThan => Comparator::LessThan,
        Comparator::GreaterThanEqual => Comparator::LessThanEqual,
        other => other.clone(),
    }
}

impl Scalar {
    fn of(value: &Value<'_>) -> Option<Scalar> {
        Some(match value.view() {
            View::Null => Scalar::Null,
            View::Bool(bool) => Scalar::Bool(bool),
            View::Number(number) => {
                Scalar::Number(Literal { written: number.text().into(), nearest: number.as_f64() })
            }
            View::String(text) => Scalar::Text(text.into()),
            View::Array(_) | View::Object(_) => return None,
        })
    }
}
