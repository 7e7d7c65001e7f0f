//! The parser's complaints in one line: where, what stands there, what would be right.

use jmespath::{ErrorReason, JmespathError};

use super::CompileError;
use super::lex::{Kind, Tokens, brief};

/// Turns an error of the crate's parser into ours. Its offsets are the user's, because the text that it got has them.
pub(super) fn explain(error: &JmespathError, tokens: &Tokens<'_>, end: usize) -> CompileError {
    let text = match &error.reason {
        ErrorReason::Parse(text) => text.as_str(),
        ErrorReason::Runtime(_) => "",
    };
    if text.starts_with("Unable to parse quoted identifier") {
        let help = "between double quotes stands a name as in JSON, with JSON's escapes";
        return CompileError::new(
            error.offset,
            "the name in double quotes is not a JSON string",
            help,
        );
    }
    let Some(found) = tokens.at(error.offset).filter(|_| error.offset < end) else {
        let help = "add what is missing: an operand, an argument or a closing bracket";
        return CompileError::new(end, "the expression ends too early", help);
    };
    let help = match found.kind {
        Kind::Number if text.starts_with("Expected valid number") => {
            "an index or slice is a number of at most 31 bits"
        }
        Kind::Number => "a number stands in backticks: `5`",
        Kind::Root | Kind::Record => "`$` begins an expression; it cannot follow a dot",
        Kind::Name | Kind::Quoted if text.starts_with("Quoted strings") => {
            "a function's name has no quotes"
        }
        _ if text.starts_with("Quoted strings") => "a function's name has no quotes",
        _ if text.starts_with("Invalid function name") => {
            "only a name can be called: length(a), not a.b(c)"
        }
        _ if text.starts_with("Expected ':' to follow key") => {
            "in braces stands `name: expression`"
        }
        _ if text.starts_with("Expected Field to start key") => {
            "in braces stands `name: expression`"
        }
        _ if text.starts_with("Expected identifier, '*'") => {
            "behind a dot stands a name, `*`, `[…]` or `{…}`"
        }
        _ if text.starts_with("Expected number, ':', or '*'") => {
            "in the brackets behind a value stands an index, a slice, `*` or `?condition`"
        }
        _ if text.starts_with("Expected number") || text.starts_with("Expected ':'") => {
            "in the brackets stands an index such as `0`, or a slice such as `0:5`"
        }
        _ if text.starts_with("Expected '.', '['") => {
            "behind a projection stands `.name`, `[…]` or `| …`"
        }
        _ => "a field, a text in single quotes, JSON in backticks or a bracket was expected there",
    };
    CompileError::new(error.offset, format!("unexpected `{}`", brief(found.text)), help)
}
