//! A compiled expression as text: what `check` and `preview` say of a part of one. It is for people: nearly always it is what they wrote.

use std::fmt::{self, Display, Formatter, Write};

use super::{Comparison, Node, Value};
use crate::event::{View, write_name};

/// How strongly an operator binds; brackets go around what binds less than its place asks for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Binds {
    Pipe,
    Or,
    And,
    Compare,
    Not,
    Tight,
}

impl Node {
    /// Whether it can stand between `&&` and `||` without brackets.
    pub(in crate::expression) fn is_operand(&self) -> bool {
        binds(self) >= Binds::Compare
    }
}

impl Display for Node {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        within(self, Binds::Pipe, f)
    }
}

fn binds(node: &Node) -> Binds {
    match node {
        Node::Any(_) => Binds::Or,
        Node::All(_) => Binds::And,
        Node::Compare(..) => Binds::Compare,
        Node::Not(_) => Binds::Not,
        Node::Path(steps)
            if steps
                .windows(2)
                .any(|two| matches!(two, [before, step] if joint(before, step) == PIPE)) =>
        {
            Binds::Pipe
        }
        Node::Where(_) => Binds::Pipe,
        _ => Binds::Tight,
    }
}

const PIPE: &str = " | ";

/// What stands between two steps of a path.
fn joint(before: &Node, step: &Node) -> &'static str {
    let follows = matches!(
        step,
        Node::Field(_)
            | Node::Index(_)
            | Node::Slice { .. }
            | Node::List(_)
            | Node::Hash(_)
            | Node::Call(..)
    );
    // Without a pipe it would be a part of the last operand, or of each element.
    if binds(before) < Binds::Tight || projects(before) {
        PIPE
    } else if starts_with_bracket(step) {
        ""
    } else if follows {
        "."
    } else {
        PIPE
    }
}

fn within(node: &Node, least: Binds, f: &mut Formatter<'_>) -> fmt::Result {
    if binds(node) >= least {
        return bare(node, f);
    }
    f.write_char('(')?;
    bare(node, f)?;
    f.write_char(')')
}

fn bare(node: &Node, f: &mut Formatter<'_>) -> fmt::Result {
    match node {
        Node::Current => f.write_char('@'),
        Node::Root => f.write_char('$'),
        Node::Record => f.write_str("$record"),
        Node::RecordPart(part) => write!(f, "$record.{}", part.name()),
        Node::Literal(value) => literal(value, f),
        Node::Field(name) => write_name(name, f),
        Node::Index(index) => write!(f, "[{index}]"),
        Node::Slice { start, stop, step } => slice(*start, *stop, *step, f),
        Node::Path(steps) => path(steps, f),
        Node::Any(nodes) => joined(nodes, " || ", Binds::And, f),
        Node::All(nodes) => joined(nodes, " && ", Binds::Compare, f),
        Node::Not(node) => {
            f.write_char('!')?;
            // `!a.b` would be `(!a).b`.
            let plain = matches!(
                **node,
                Node::Field(_) | Node::Current | Node::Literal(_) | Node::Call(..)
            );
            if plain { bare(node, f) } else { bracketed(node, f) }
        }
        Node::Compare(comparison, sides) => {
            within(&sides.0, Binds::Not, f)?;
            write!(f, " {} ", comparison.sign())?;
            within(&sides.1, Binds::Not, f)
        }
        Node::Where(parts) => write!(f, "{} && {}", parts.0, parts.1),
        Node::Project(parts) => projection(&parts.0, &parts.1, f),
        Node::Values(object) => {
            before(object, f)?;
            f.write_str(if matches!(**object, Node::Current) { "*" } else { ".*" })
        }
        // It takes all of a projection, with or without brackets.
        Node::Flatten(list) => {
            if !matches!(**list, Node::Current) {
                within(list, Binds::Tight, f)?;
            }
            f.write_str("[]")
        }
        Node::List(nodes) => {
            f.write_char('[')?;
            joined(nodes, ", ", Binds::Pipe, f)?;
            f.write_char(']')
        }
        Node::Hash(entries) => {
            f.write_char('{')?;
            for (at, (name, node)) in entries.iter().enumerate() {
                f.write_str(if at > 0 { ", " } else { "" })?;
                write_name(name, f)?;
                write!(f, ": {node}")?;
            }
            f.write_char('}')
        }
        Node::Call(function, args) => {
            write!(f, "{}(", function.name())?;
            for (at, arg) in args.iter().enumerate() {
                f.write_str(if at > 0 { ", " } else { "" })?;
                let expression = function.signature().argument(at).is_expression();
                write!(f, "{}{arg}", if expression { "&" } else { "" })?;
            }
            f.write_char(')')
        }
    }
}

fn bracketed(node: &Node, f: &mut Formatter<'_>) -> fmt::Result {
    f.write_char('(')?;
    bare(node, f)?;
    f.write_char(')')
}

/// What a projection is made of: nothing for the current value, and in brackets what would be of each element.
fn before(node: &Node, f: &mut Formatter<'_>) -> fmt::Result {
    match node {
        Node::Current => Ok(()),
        node if projects(node) => bracketed(node, f),
        node => within(node, Binds::Tight, f),
    }
}

/// Whether what follows is taken of each element.
fn projects(node: &Node) -> bool {
    match node {
        Node::Project(_) => true,
        Node::Path(steps) => steps.last().is_some_and(projects),
        _ => false,
    }
}

fn joined(nodes: &[Node], by: &str, least: Binds, f: &mut Formatter<'_>) -> fmt::Result {
    for (at, node) in nodes.iter().enumerate() {
        f.write_str(if at > 0 { by } else { "" })?;
        within(node, least, f)?;
    }
    Ok(())
}

fn path(steps: &[Node], f: &mut Formatter<'_>) -> fmt::Result {
    let mut before = None;
    for step in steps {
        f.write_str(before.map_or("", |before| joint(before, step)))?;
        within(step, Binds::Or, f)?;
        before = Some(step);
    }
    Ok(())
}

/// The second part stands behind the first as one more step.
fn projection(of: &Node, each: &Node, f: &mut Formatter<'_>) -> fmt::Result {
    let each = match each {
        Node::Where(parts) => {
            before(of, f)?;
            write!(f, "[?{}]", parts.0)?;
            &parts.1
        }
        each => {
            match of {
                Node::Values(_) | Node::Flatten(_) => bare(of, f)?,
                Node::Path(steps) if matches!(steps.last(), Some(Node::Slice { .. })) => {
                    if let [first @ .., last] = &**steps {
                        path(first, f)?;
                        bare(last, f)?;
                    }
                }
                Node::Slice { .. } => bare(of, f)?,
                _ => {
                    before(of, f)?;
                    f.write_str("[*]")?;
                }
            }
            each
        }
    };
    match each {
        Node::Current => Ok(()),
        Node::Path(steps) => steps.iter().try_for_each(|step| follow(step, f)),
        step => follow(step, f),
    }
}

fn follow(step: &Node, f: &mut Formatter<'_>) -> fmt::Result {
    match step {
        Node::Current => Ok(()),
        step if starts_with_bracket(step) => bare(step, f),
        step => {
            f.write_char('.')?;
            within(step, Binds::Tight, f)
        }
    }
}

fn starts_with_bracket(node: &Node) -> bool {
    match node {
        Node::Project(parts) => starts_with_bracket(&parts.0) || matches!(parts.0, Node::Current),
        Node::Flatten(list) => starts_with_bracket(list) || matches!(**list, Node::Current),
        Node::Values(object) => starts_with_bracket(object),
        Node::Path(steps) => steps.first().is_some_and(starts_with_bracket),
        Node::Index(_) | Node::Slice { .. } => true,
        _ => false,
    }
}

fn slice(start: Option<i32>, stop: Option<i32>, step: i32, f: &mut Formatter<'_>) -> fmt::Result {
    let shown = |at: Option<i32>| at.map(|at| at.to_string()).unwrap_or_default();
    write!(f, "[{}:{}", shown(start), shown(stop))?;
    if step == 1 { f.write_char(']') } else { write!(f, ":{step}]") }
}

/// A text in single quotes, other values in backticks.
fn literal(value: &Value<'_>, f: &mut Formatter<'_>) -> fmt::Result {
    if let View::String(text) = value.view() {
        return write_text(text, f);
    }
    let mut json = String::new();
    value.write_json(&mut json);
    write!(f, "`{}`", json.replace('`', "\\`"))
}

/// A text as an expression writes it.
pub(in crate::expression) fn write_text(text: &str, f: &mut Formatter<'_>) -> fmt::Result {
    write!(f, "'{}'", text.replace('\'', "\\'"))
}

impl Comparison {
    pub(in crate::expression) fn sign(self) -> &'static str {
        match self {
            Comparison::Equal => "==",
            Comparison::NotEqual => "!=",
            Comparison::Less => "<",
            Comparison::LessOrEqual => "<=",
            Comparison::Greater => ">",
            Comparison::GreaterOrEqual => ">=",
        }
    }
}
