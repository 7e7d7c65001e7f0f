//! The nodes of a compiled template.

use std::ops::Range;

use super::offsets::Offsets;
use super::place::Place;
use crate::expression::compiled::Expression;
use crate::expression::error::CompileError;

/// A compiled template's nodes and what they refer to.
#[derive(Debug, Default)]
pub struct Tree {
    /// The author's own text, all of it, in its order.
    pub own: String,
    pub nodes: Box<[Node]>,
    pub warnings: Vec<CompileError>,
}

/// A node of a template.
#[derive(Debug, Clone)]
pub enum Node {
    /// A range of the author's own text.
    Text(Range<usize>),
    Variable(Variable),
    /// `{% if %}`, `{% unless %}`.
    Choice(Choice),
    Case(Box<Case>),
    For(Box<For>),
}

/// An expression, and where its text is in the template.
#[derive(Debug, Clone)]
pub struct Site {
    pub expression: Expression,
    pub offsets: Offsets,
}

/// `{{ … }}` or `{{{ … }}}`.
#[derive(Debug, Clone)]
pub struct Variable {
    pub site: Site,
    pub is_raw: bool,
    /// Where it is, in a template without tags: in others that depends on the event.
    pub place: Place,
}

/// The branches of `{% if %}`.
#[derive(Debug, Clone)]
pub struct Choice {
    pub branches: Box<[Branch]>,
    pub otherwise: Box<[Node]>,
}

/// One branch, and when it is taken.
#[derive(Debug, Clone)]
pub struct Branch {
    pub condition: Site,
    pub is_negated: bool,
    pub nodes: Box<[Node]>,
}

/// `{% case %}`.
#[derive(Debug, Clone)]
pub struct Case {
    pub value: Site,
    /// The values of each `when`, and its nodes.
    pub branches: Box<[(Box<[Site]>, Box<[Node]>)]>,
    pub otherwise: Box<[Node]>,
}

/// `{% for %}`.
#[derive(Debug, Clone)]
pub struct For {
    pub list: Site,
    pub limit: Option<u8>,
    /// Whether its body may use `forloop`.
    pub counts: bool,
    pub nodes: Box<[Node]>,
    pub otherwise: Box<[Node]>,
}

/// Calls `visit` with each expression of `nodes`, in the order of the text. Recursion is as deep as
/// the tags.
pub fn visit<'t>(nodes: &'t [Node], visit_site: &mut dyn FnMut(&'t Site)) {
    for node in nodes {
        match node {
            Node::Text(_) => {}
            Node::Variable(variable) => visit_site(&variable.site),
            Node::Choice(choice) => {
                for branch in &choice.branches {
                    visit_site(&branch.condition);
                    visit(&branch.nodes, visit_site);
                }
                visit(&choice.otherwise, visit_site);
            }
            Node::Case(case) => {
                visit_site(&case.value);
                for (values, nodes) in &case.branches {
                    values.iter().for_each(&mut *visit_site);
                    visit(nodes, visit_site);
                }
                visit(&case.otherwise, visit_site);
            }
            Node::For(repeat) => {
                visit_site(&repeat.list);
                visit(&repeat.nodes, visit_site);
                visit(&repeat.otherwise, visit_site);
            }
        }
    }
}
