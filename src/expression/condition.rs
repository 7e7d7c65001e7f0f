//! A trigger as a formula over a few fields, which is decided without parsing the whole event.
//!
//! Invariant: a condition is true exactly where its expression is, and fails exactly where that
//! fails. The parts that fields alone cannot decide (projections, most functions) remain nodes,
//! and are evaluated on the parsed document.

use std::sync::Arc;

use super::compiled::Expression;
use super::node::{Comparison, Node};
use super::signature::{Function, Takes};
use crate::event::{Number, Path, Paths, Value, View};

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
    Compare(Path, Comparison, Scalar),
    /// A comparison of two fields.
    CompareFields(Path, Comparison, Path),
    /// A field that has one of these values: `contains(['a', 'b'], field)`.
    OneOf(Path, Box<[Scalar]>),
    /// A function of a field and a literal. It fails for a field of a type that it does not take.
    Test(Test, Path, Scalar),
    /// An expression on the Kafka record only.
    Record(Arc<Node>),
    /// An expression that needs the parsed document.
    Whole(Arc<Node>),
}

/// The functions of a [`Kind::Test`].
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Test {
    StartsWith,
    EndsWith,
    Contains,
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
pub(super) fn needs_document(node: &Node) -> bool {
    matches!(condition(node, &mut Paths::default()).0, Kind::Whole(_))
}

fn condition(node: &Node, paths: &mut Paths) -> Condition {
    Condition(match node {
        Node::Literal(value) => Kind::Always(value.is_truthy()),
        Node::All(nodes) => Kind::All(nodes.iter().map(|node| condition(node, paths)).collect()),
        Node::Any(nodes) => Kind::Any(nodes.iter().map(|node| condition(node, paths)).collect()),
        Node::Not(node) => Kind::Not(Box::new(condition(node, paths))),
        _ => covered(node, paths).unwrap_or_else(|| {
            if is_of_record(node) { Kind::Record(shared(node)) } else { Kind::Whole(shared(node)) }
        }),
    })
}

fn shared(node: &Node) -> Arc<Node> {
    Arc::new(node.clone())
}

fn covered(node: &Node, paths: &mut Paths) -> Option<Kind> {
    match node {
        Node::Field(_) | Node::Path(_) => Some(Kind::Is(field(node, paths)?)),
        Node::Compare(comparison, sides) => match (&sides.0, &sides.1) {
            (Node::Literal(literal), node) => Some(Kind::Compare(
                field(node, paths)?,
                comparison.mirrored(),
                Scalar::of(literal)?,
            )),
            (node, Node::Literal(literal)) => {
                Some(Kind::Compare(field(node, paths)?, *comparison, Scalar::of(literal)?))
            }
            (a, b) => Some(Kind::CompareFields(field(a, paths)?, *comparison, field(b, paths)?)),
        },
        Node::Call(Function::Contains, args) => match &**args {
            [Node::Literal(Value::Array(elements)), node] => {
                let elements = elements.iter().map(Scalar::of).collect::<Option<_>>()?;
                Some(Kind::OneOf(field(node, paths)?, elements))
            }
            [Node::List(nodes), node] => {
                let literal = |node: &Node| match node {
                    Node::Literal(value) => Scalar::of(value),
                    _ => None,
                };
                let elements = nodes.iter().map(literal).collect::<Option<_>>()?;
                Some(Kind::OneOf(field(node, paths)?, elements))
            }
            args => test(Test::Contains, args, paths),
        },
        Node::Call(Function::StartsWith, args) => test(Test::StartsWith, args, paths),
        Node::Call(Function::EndsWith, args) => test(Test::EndsWith, args, paths),
        _ => None,
    }
}

fn test(test: Test, args: &[Node], paths: &mut Paths) -> Option<Kind> {
    match args {
        [node, Node::Literal(literal)] => {
            Some(Kind::Test(test, field(node, paths)?, Scalar::of(literal)?))
        }
        _ => None,
    }
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
    match node {
        Node::Record | Node::RecordPart(_) | Node::Literal(_) => true,
        Node::Path(steps) => match &**steps {
            [first, rest @ ..] => {
                is_of_record(first)
                    && rest.iter().all(|step| matches!(step, Node::Field(_) | Node::Index(_)))
            }
            [] => false,
        },
        Node::Any(nodes) | Node::All(nodes) => nodes.iter().all(is_of_record),
        Node::Not(node) => is_of_record(node),
        Node::Compare(_, sides) => is_of_record(&sides.0) && is_of_record(&sides.1),
        Node::Call(function, args) => {
            let plain = |(at, arg)| {
                function.signature().argument(at) != Takes::Expression && is_of_record(arg)
            };
            args.iter().enumerate().all(plain)
        }
        _ => false,
    }
}

impl Scalar {
    fn of(value: &Value<'_>) -> Option<Scalar> {
        Some(match value.view() {
            View::Null => Scalar::Null,
            View::Bool(bool) => Scalar::Bool(bool),
            View::Number(number) => Scalar::Number(Literal::of(number)),
            View::String(text) => Scalar::Text(text.into()),
            View::Array(_) | View::Object(_) => return None,
        })
    }
}

impl Literal {
    fn of(number: Number<'_>) -> Literal {
        Literal { written: number.text().into(), nearest: number.as_f64() }
    }
}

impl Comparison {
    /// Returns the same comparison with its sides swapped.
    fn mirrored(self) -> Comparison {
        match self {
            Comparison::Equal | Comparison::NotEqual => self,
            Comparison::Less => Comparison::Greater,
            Comparison::LessOrEqual => Comparison::GreaterOrEqual,
            Comparison::Greater => Comparison::Less,
            Comparison::GreaterOrEqual => Comparison::LessOrEqual,
        }
    }
}
