//! The errors of the crate's parser, rewritten with a position, the unexpected token and a remedy.

use jmespath::{ErrorReason, JmespathError};

use super::error::CompileError;
use super::lexer::{Kind, Tokens, brief};

/// The remedy for each start of the parser's messages.
const REMEDIES: [(&str, &str); 10] = [
    ("Quoted strings", "a function's name has no quotes"),
    ("Invalid function name", "only a name can be called: length(a), not a.b(c)"),
    ("Expected ':' to follow key", "write `name: expression` in braces"),
    ("Expected Field to start key", "write `name: expression` in braces"),
    ("Expected identifier, '*'", "write a name, `*`, `[…]` or `{…}` after a dot"),
    (
        "Expected number, ':', or '*'",
        "write an index, a slice, `*` or `?condition` in the brackets after a value",
    ),
    ("Expected number", INDEX_OR_SLICE),
    ("Expected ':'", INDEX_OR_SLICE),
    ("Expected '.', '['", "write `.name`, `[…]` or `| …` after a projection"),
    ("", "write a field, a text in single quotes, JSON in backticks or a bracket here"),
];

const INDEX_OR_SLICE: &str =
    "write an index such as `0`, or a slice such as `0:5`, in the brackets";

/// Rewrites an error of the crate's parser. Its offsets are those of the user's text, because the
/// parser's input has the same ones.
pub fn explain(error: &JmespathError, tokens: &Tokens<'_>, end: usize) -> CompileError {
    let text = match &error.reason {
        ErrorReason::Parse(text) => text.as_str(),
        ErrorReason::Runtime(_) => "",
    };
    if text.starts_with("Unable to parse quoted identifier") {
        let message = "the name in double quotes is not a JSON string";
        let help = "a name in double quotes is written like a string in JSON, with JSON's escapes";
        return CompileError::new(error.offset, message, help);
    }
    let Some(found) = tokens.at(error.offset).filter(|_| error.offset < end) else {
        let help = "add what is missing: an operand, an argument or a closing bracket";
        return CompileError::new(end, "the expression ends too early", help);
    };
    let help = match found.kind {
        Kind::Number if text.starts_with("Expected valid number") => {
            "an index or slice is a number of at most 31 bits"
        }
        Kind::Number => "write a number in backticks: `5`",
        Kind::Root | Kind::Record => "`$` is the start of a path; it cannot follow a dot",
        _ => REMEDIES
            .iter()
            .find(|(start, _)| text.starts_with(start))
            .map_or("", |(_, remedy)| *remedy),
    };
    CompileError::new(error.offset, format!("unexpected `{}`", brief(found.text)), help)
}
