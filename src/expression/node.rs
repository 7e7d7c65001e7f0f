//! The nodes of a compiled expression, which the evaluator walks.
//!
//! Invariant: a chain (`a.b.c`, `a || b || c`) is one node, so that the depth is that of the
//! brackets.

use std::sync::Arc;

use jmespath::ast::Comparator;

use super::prepared::Prepared;
use super::signature::Function;
use crate::event::Value;
use crate::label::label;

/// A step of a compiled expression, evaluated against a current value.
#[derive(Debug, Clone)]
pub enum Node {
    /// `@`.
    Current,
    /// `$`.
    Root,
    /// `$record`.
    Record,
    /// `$record.topic` and the other parts: only the named part is built.
    RecordPart(RecordPart),
    /// A loop's element, or its `forloop`: an index of the names in scope.
    Variable(usize),
    /// A string or JSON literal.
    Literal(Value<'static>),
    /// A constant argument that was read when the expression was compiled.
    Prepared(Arc<Prepared>),
    /// `name`.
    Field(Box<str>),
    /// `[0]`, `[-1]`.
    Index(i32),
    /// `[1:2]`, without its projection.
    Slice { start: Option<i32>, stop: Option<i32>, step: i32 },
    /// Steps, each evaluated against the result of the one before.
    Path(Box<[Node]>),
    /// `a || b`.
    Any(Box<[Node]>),
    /// `a && b`.
    All(Box<[Node]>),
    /// `!a`.
    Not(Box<Node>),
    /// `a == b`.
    Compare(Comparator, Box<(Node, Node)>),
    /// The second if the first is true, otherwise null: the inside of `[?…]`.
    Where(Box<(Node, Node)>),
    /// The second, evaluated against every element of the first; null results are left out.
    Project(Box<(Node, Node)>),
    /// `a.*`, without its projection.
    Values(Box<Node>),
    /// `a[]`, without its projection.
    Flatten(Box<Node>),
    /// `[a, b]`.
    List(Box<[Node]>),
    /// `{a: b}`.
    Hash(Box<[(Box<str>, Node)]>),
    /// A function. An argument `&a` is the node of `a`, which the function evaluates.
    Call(Function, Box<[Node]>),
}

label! {
    /// A part of the Kafka record.
    RecordPart {
        Topic = "topic",
        Partition = "partition",
        Offset = "offset",
        Timestamp = "timestamp",
        Key = "key",
        Headers = "headers",
    }
}

impl Node {
    /// Returns whether the node is a function's call or has one in it.
    pub fn has_call(&self) -> bool {
        matches!(self, Node::Call(..)) || self.children().into_iter().any(Node::has_call)
    }

    /// Returns the nodes directly below this one.
    pub fn children(&self) -> Vec<&Node> {
        match self {
            Node::Path(nodes)
            | Node::Any(nodes)
            | Node::All(nodes)
            | Node::List(nodes)
            | Node::Call(_, nodes) => nodes.iter().collect(),
            Node::Not(node) | Node::Values(node) | Node::Flatten(node) => vec![node],
            Node::Compare(_, nodes) | Node::Where(nodes) | Node::Project(nodes) => {
                vec![&nodes.0, &nodes.1]
            }
            Node::Hash(entries) => entries.iter().map(|(_, node)| node).collect(),
            Node::Current
            | Node::Root
            | Node::Record
            | Node::RecordPart(_)
            | Node::Variable(_)
            | Node::Literal(_)
            | Node::Prepared(_)
            | Node::Field(_)
            | Node::Index(_)
            | Node::Slice { .. } => Vec::new(),
        }
    }
}
