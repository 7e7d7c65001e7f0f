//! Words of Liquid and Jinja in the expressions of tags: there they would be fields.
//!
//! Pure.

use crate::expression::error::{CompileError, refuse};
use crate::expression::lexer::{Kind, Token, Tokens, brief};
use crate::expression::lint::constant::constant;
use crate::expression::signature::Function;

/// The longest operand that is repeated in a remedy, in bytes.
const MAX_OPERAND: usize = 60;

/// Refuses what is not JMESPath in the expression of a tag.
///
/// # Errors
/// `== nil`, `== blank`, `== empty` and filters with arguments, with their remedy and their offset
/// in the expression.
pub fn check_tag(expression: &str) -> Result<(), CompileError> {
    let Ok(tokens) = Tokens::read(expression) else { return Ok(()) };
    for (at, sign) in tokens.all.iter().enumerate() {
        let (before, after) = (tokens.all.get(..at), tokens.all.get(at + 1..));
        let (Some(before), Some(after)) = (before, after) else { continue };
        match sign.text {
            _ if sign.kind != Kind::Sign => {}
            "|" => check_filter(before, after)?,
            "==" | "!=" => check_comparison(expression, before, sign, after)?,
            _ => {}
        }
    }
    Ok(())
}

/// Refuses `| truncate: 5`.
fn check_filter(before: &[Token<'_>], after: &[Token<'_>]) -> Result<(), CompileError> {
    let [name, colon, ..] = after else { return Ok(()) };
    let Some(function) = Function::named(name.text).filter(|_| name.kind == Kind::Name) else {
        return Ok(());
    };
    if colon.text != ":" || colon.kind != Kind::Sign {
        return Ok(());
    }
    let value = match before {
        [value] if value.kind != Kind::Sign && value.text.len() <= MAX_OPERAND => value.text,
        _ => "value",
    };
    let call = match function {
        Function::Join | Function::Map => format!("{}(…, {value})", name.text),
        _ => format!("{}({value}, …)", name.text),
    };
    let message = format!("the filter `{}` is in a tag", name.text);
    let help = format!("write `{call}`; filters are only outside of brackets in {{{{ }}}}");
    refuse(name.offset, message, help)
}

/// Refuses a comparison with `nil`, `blank` or `empty`.
fn check_comparison(
    expression: &str,
    before: &[Token<'_>],
    sign: &Token<'_>,
    after: &[Token<'_>],
) -> Result<(), CompileError> {
    let mut depth = 0_usize;
    let start = before.iter().rposition(|token| ends(token, &mut depth, [")", "]", "}"]));
    let left = before.get(start.map_or(0, |at| at + 1)..).unwrap_or_default();
    let mut depth = 0_usize;
    let end = after.iter().position(|token| ends(token, &mut depth, ["(", "[", "{"]));
    let right = after.get(..end.unwrap_or(after.len())).unwrap_or_default();
    let end = end.and_then(|at| after.get(at)).map_or(expression.len(), |token| token.offset);
    let (word, value, range) = match (empty_word(left), empty_word(right)) {
        (_, Some(word)) => (word, left, left.first().map(|first| first.offset..sign.offset)),
        (Some(word), None) => (word, right, right.first().map(|first| first.offset..end)),
        (None, None) => return Ok(()),
    };
    let text = range.and_then(|range| expression.get(range)).unwrap_or_default().trim();
    let is_shown = !text.is_empty() && text.len() <= MAX_OPERAND && !text.contains('`');
    let text = if is_shown { text } else { "x" };
    // `!a.b` is `(!a).b`.
    let remedy = match sign.text {
        "==" if is_shown && value.len() > 1 => format!("!({text})"),
        "==" => format!("!{text}"),
        _ => text.to_owned(),
    };
    let message = format!("`{}` would be the field `{}`", word.text, word.text);
    let help = format!("write `{remedy}`; the field is written `$.{}`", word.text);
    refuse(word.offset, message, help)
}

/// Whether an operand ends at a token. `depth` counts the brackets that `inner` ones open.
fn ends(token: &Token<'_>, depth: &mut usize, inner: [&str; 3]) -> bool {
    if token.kind != Kind::Sign {
        return false;
    }
    let text = if token.text == "[?" { "[" } else { token.text };
    if inner.contains(&text) {
        *depth += 1;
        return false;
    }
    let is_bracket = matches!(text, "(" | "[" | "{" | ")" | "]" | "}");
    if *depth > 0 {
        *depth -= usize::from(is_bracket);
        return false;
    }
    is_bracket || matches!(text, "&&" | "||" | "|" | "," | ":" | "&" | "==" | "!=")
}

/// Returns an operand's word if it is one of those of Liquid for a value that is not there.
fn empty_word<'t, 's>(operand: &'t [Token<'s>]) -> Option<&'t Token<'s>> {
    let [word] = operand else { return None };
    let is_word = matches!(word.text, "nil" | "blank" | "empty");
    (word.kind == Kind::Name && is_word).then_some(word)
}

/// Checks a value of `{% when %}`. Returns a warning about a name in double quotes.
///
/// # Errors
/// A bare `true`, `nil`, `blank` or the like, with its remedy and its offset in the value.
pub fn check_when(value: &str) -> Result<Option<CompileError>, CompileError> {
    let Ok(tokens) = Tokens::read(value) else { return Ok(None) };
    let [token] = tokens.all.as_slice() else { return Ok(None) };
    let word = token.text;
    let shown = brief(word);
    match token.kind {
        Kind::Quoted => {
            let name = shown.trim_matches('"');
            let message = format!("`{shown}` is the field `{name}`, not a text");
            let help = format!("a text is written '{name}'");
            Ok(Some(CompileError::new(token.offset, message, help)))
        }
        Kind::Name => {
            let ours = match constant(word) {
                Some(json) => format!("`{json}`, with the backticks"),
                None if matches!(word, "blank" | "empty") => "`''`".to_owned(),
                None => return Ok(None),
            };
            let message = format!("`{word}` would be the field `{word}`");
            refuse(token.offset, message, format!("write {ours}; the field is written `$.{word}`"))
        }
        _ => Ok(None),
    }
}
