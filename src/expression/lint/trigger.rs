//! Whole triggers that are the same for every event.

use super::constant;
use crate::expression::error::CompileError;
use crate::expression::lexer::{Tokens, brief};
use crate::expression::node::Node;

/// Refuses the signs of a template in a trigger, which is an expression.
pub fn refuse_template(source: &str) -> Result<(), CompileError> {
    let mut quote = None;
    let mut characters = source.char_indices();
    while let Some((at, c)) = characters.next() {
        match (quote, c) {
            (Some(_), '\\') => drop(characters.next()),
            (Some(mark), _) if mark == c => quote = None,
            (Some(_), _) => {}
            (None, '\'' | '"' | '`') => quote = Some(c),
            (None, '{') if source.get(at..).is_some_and(is_opening) => {
                let message = "a trigger is an expression, not a template";
                let help = "write only the expression, without `{{` or `{%`: `$.total > 100`";
                return Err(CompileError::new(at, message, help));
            }
            (None, _) => {}
        }
    }
    Ok(())
}

fn is_opening(text: &str) -> bool {
    text.starts_with("{{") || text.starts_with("{%")
}

/// Refuses a trigger that is a bare `true`, `false` or `null`.
///
/// # Errors
/// The remedy with the literal.
pub fn refuse(node: &Node, source: &str) -> Result<(), CompileError> {
    // A bare word compiles to a field.
    match node {
        Node::Field(_) => constant::refuse_alone(&Tokens::read(source)?.all),
        _ => Ok(()),
    }
}

/// Returns a warning about a trigger that hardly means what it says.
pub fn warning(node: &Node, source: &str) -> Option<CompileError> {
    if let Node::Path(steps) = node
        && steps.iter().all(|step| matches!(step, Node::Field(_)))
        && let Some(pipe) = Tokens::read(source).ok()?.all.iter().find(|token| token.text == "|")
    {
        let (left, right) =
            (source.get(..pipe.offset)?.trim(), source.get(pipe.offset + 1..)?.trim());
        let message = format!("`|` takes the field `{}` of the left side", brief(right));
        let help = format!(
            "write {0} || {1} if one of both is enough, or {0}.{1}",
            brief(left),
            brief(right)
        );
        return Some(CompileError::new(pipe.offset, message, help));
    }
    let offset = source.len() - source.trim_start().len();
    let (message, help) = match node {
        Node::Literal(value) if value.type_name() == "string" => (
            "the trigger is a text: it is the same for every event",
            "remove the single quotes around the whole expression; to match every event, write \
             `true` in backticks",
        ),
        Node::List(nodes) if !nodes.is_empty() => (
            "the trigger is a list that is never empty: it is always true",
            "join conditions by `&&` or `||`",
        ),
        Node::Hash(_) => (
            "the trigger is an object that is never empty: it is always true",
            "join conditions by `&&` or `||`",
        ),
        _ => return None,
    };
    Some(CompileError::new(offset, message, help))
}
