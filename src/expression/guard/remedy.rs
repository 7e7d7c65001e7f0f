//! The warning about an unguarded call, with its guarded form in the user's own names.

use super::Unguarded;
use crate::expression::error::CompileError;
use crate::expression::lexer::{Kind, Token, brief};
use crate::expression::name::written;
use crate::expression::node::Node;
use crate::expression::part::{comparisons, split, text_of};
use crate::expression::signature::{Function, Takes};

/// Returns the field that a path or a projection starts from, as an expression; `None` for `@`,
/// which has no name.
pub fn path_of(node: &Node) -> Option<String> {
    let steps = match node {
        Node::Path(steps) => steps,
        Node::Project(parts) => return path_of(&parts.0),
        Node::Values(inner) | Node::Flatten(inner) => return path_of(inner),
        step => std::slice::from_ref(step),
    };
    let mut path = String::new();
    for step in steps {
        match step {
            Node::Current if path.is_empty() => {}
            Node::Root => "$".clone_into(&mut path),
            Node::Record => "$record".clone_into(&mut path),
            Node::RecordPart(part) => path = format!("$record.{}", part.as_str()),
            Node::Field(name) => {
                path.push_str(if path.is_empty() { "" } else { "." });
                path.push_str(&written(name));
            }
            Node::Index(index) => path.push_str(&format!("[{index}]")),
            // The field before the first projection or pipe.
            _ if !path.is_empty() => break,
            _ => return None,
        }
    }
    (!path.is_empty()).then_some(path)
}

/// Returns the warning about a call of the expression that has these tokens.
pub fn warning(unguarded: &Unguarded, tokens: &[Token<'_>]) -> Option<CompileError> {
    let name = nth_call(tokens, unguarded.call)?;
    let offset = tokens.get(name)?.offset;
    let mut paths: Vec<&str> = unguarded.missing.iter().map(|it| it.path.as_str()).collect();
    paths.dedup();
    let function = unguarded.function.name();
    let message = format!("`{function}` fails where `{}` is missing", brief(&paths.join("` or `")));
    let help = match guarded(unguarded, &paths, tokens, name) {
        Some(guarded) => format!("write {guarded}"),
        None => format!("test it first: {} && …", paths.join(" && ")),
    };
    Some(CompileError::new(offset, message, help))
}

/// Returns the guarded form of the call whose name is the token at `name`.
fn guarded(
    unguarded: &Unguarded,
    paths: &[&str],
    tokens: &[Token<'_>],
    name: usize,
) -> Option<String> {
    let close = name + 1 + closing(tokens.get(name + 1..)?)?;
    let start = start_of(tokens, name);
    let end = close + 1 + end_of(tokens.get(close + 1..)?);
    let condition = tokens.get(start..end)?;
    let is_test = unguarded.function.is_test() && end == close + 1;
    let takes_number = |at| unguarded.function.signature().argument(at) == Takes::Number;
    let is_number = unguarded.missing.iter().any(|it| takes_number(it.argument));
    let has_elements = unguarded.missing.iter().any(|it| it.is_element);
    if !has_elements && (is_test || is_number || comparisons(condition).next().is_some()) {
        let guarded = format!("{} && {}", paths.join(" && "), text_of(condition));
        let is_negated = start.checked_sub(1).is_some_and(|before| tokens[before].text == "!");
        return Some(if is_negated { format!("!({guarded})") } else { guarded });
    }
    let arguments = split(tokens.get(name + 2..close)?, ",");
    let with = |element: &str| {
        let argument = |(at, argument): (usize, &&[Token<'_>])| {
            let text = text_of(argument);
            let missing = unguarded.missing.iter().find(|it| it.argument == at);
            match missing {
                None => text,
                Some(missing) if missing.is_element => text + element,
                Some(_) => format!("not_null({text}, {})", default(unguarded.function, at)),
            }
        };
        let arguments: Vec<String> = arguments.iter().enumerate().map(argument).collect();
        format!("{}({})", unguarded.function.name(), arguments.join(", "))
    };
    let call = with("[?@]");
    if !has_elements {
        return Some(call);
    }
    let element = unguarded.missing.iter().find(|it| it.is_element)?;
    let fallback = match unguarded.function {
        Function::Join => "''",
        _ => "0",
    };
    let or = format!("not_null({}, {fallback})", element.path);
    Some(format!("{call}, which leaves out what is missing, or {or} in place of {}", element.path))
}

/// The value in place of a missing argument.
fn default(function: Function, argument: usize) -> &'static str {
    match function.signature().argument(argument) {
        Takes::Text => "''",
        Takes::Object => "`{}`",
        _ => "`[]`",
    }
}

/// The index of the name of the nth call.
fn nth_call(tokens: &[Token<'_>], nth: usize) -> Option<usize> {
    let is_call = |pair: &[Token<'_>]| matches!(pair, [name, open] if name.kind == Kind::Name && open.text == "(");
    let mut calls = tokens.windows(2).enumerate().filter(|(_, pair)| is_call(pair));
    calls.nth(nth).map(|(at, _)| at)
}

/// How far the bracket reaches that the tokens start with.
fn closing(tokens: &[Token<'_>]) -> Option<usize> {
    let mut depth = 0_i32;
    tokens.iter().position(|token| {
        depth += change(token);
        depth == 0
    })
}

/// Where the operand of `&&`, `||` or `!` starts that the token at `at` belongs to.
fn start_of(tokens: &[Token<'_>], at: usize) -> usize {
    let mut depth = 0_i32;
    let before = tokens.get(..at).unwrap_or_default().iter().rposition(|token| {
        let is_edge = depth == 0 && (change(token) > 0 || separates(token));
        depth -= change(token);
        is_edge
    });
    before.map_or(0, |edge| edge + 1)
}

/// How many of the tokens belong to the operand that they continue.
fn end_of(tokens: &[Token<'_>]) -> usize {
    let mut depth = 0_i32;
    let edge = tokens.iter().position(|token| {
        let is_edge = depth == 0 && (change(token) < 0 || separates(token));
        depth += change(token);
        is_edge
    });
    edge.unwrap_or(tokens.len())
}

fn change(token: &Token<'_>) -> i32 {
    match (token.kind, token.text) {
        (Kind::Sign, "(" | "[" | "[?" | "{") => 1,
        (Kind::Sign, ")" | "]" | "}") => -1,
        _ => 0,
    }
}

fn separates(token: &Token<'_>) -> bool {
    token.kind == Kind::Sign && matches!(token.text, "&&" | "||" | "|" | "!" | "," | ":" | "&")
}
