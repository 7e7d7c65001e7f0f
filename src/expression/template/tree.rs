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
    pub branches: Box<[When]>,
    pub otherwise: Box<[Node]>,
}

/// The values of one `{% when %}`, and its nodes.
pub type When = (Box<[Site]>, Box<[Node]>);

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

/// What is called with each expression, and with those that are true where it is evaluated.
pub type Visit<'v, 't> = &'v mut dyn FnMut(&'t Site, &[&'t Expression]);

/// Calls `each` with every expression of `nodes`, in the order of the text; `truths` are true
/// there. Recursion is as deep as the tags.
pub fn visit<'t>(nodes: &'t [Node], truths: &mut Vec<&'t Expression>, each: Visit<'_, 't>) {
    for node in nodes {
        match node {
            Node::Text(_) => {}
            Node::Variable(variable) => each(&variable.site, truths),
            Node::Choice(choice) => {
                for branch in &choice.branches {
                    each(&branch.condition, truths);
                    let known = truths.len();
                    truths.extend((!branch.is_negated).then_some(&branch.condition.expression));
                    visit(&branch.nodes, truths, each);
                    truths.truncate(known);
                }
                visit(&choice.otherwise, truths, each);
            }
            Node::Case(case) => {
                each(&case.value, truths);
                for (values, nodes) in &case.branches {
                    values.iter().for_each(|value| each(value, truths));
                    visit(nodes, truths, each);
                }
                visit(&case.otherwise, truths, each);
            }
            Node::For(repeat) => {
                each(&repeat.list, truths);
                // A round has an element, so that the list is true.
                truths.push(&repeat.list.expression);
                visit(&repeat.nodes, truths, each);
                truths.pop();
                visit(&repeat.otherwise, truths, each);
            }
        }
    }
}
