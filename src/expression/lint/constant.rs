//! `true`, `false` and `null` as other languages write them: in JMESPath a bare word is a field.

use jmespath::ast::Ast;

use super::Lints;
use crate::expression::error::{CompileError, refuse};
use crate::expression::lexer::{Kind, Token, brief};

/// Returns the JSON that a bare word means in other languages.
pub fn constant(word: &str) -> Option<&'static str> {
    match word.to_ascii_lowercase().as_str() {
        "true" => Some("true"),
        "false" => Some("false"),
        "null" | "nil" | "none" | "undefined" => Some("null"),
        _ => None,
    }
}

/// Refuses a whole trigger that is such a word, which would be a field that no event has.
///
/// # Errors
/// The remedy with the literal.
pub fn refuse_alone(tokens: &[Token<'_>]) -> Result<(), CompileError> {
    let mut inside = tokens.iter().filter(|token| !matches!(token.text, "(" | ")"));
    match (inside.next(), inside.next()) {
        (Some(word), None) => refuse_word(word),
        _ => Ok(()),
    }
}

/// Refuses a token that is such a word.
fn refuse_word(token: &Token<'_>) -> Result<(), CompileError> {
    let Some(json) = constant(token.text).filter(|_| token.kind == Kind::Name) else {
        return Ok(());
    };
    let (message, help) = explained(token.text, json);
    refuse(token.offset, message, help)
}

/// Returns what a bare word is, and what to write.
fn explained(word: &str, json: &str) -> (String, String) {
    let word = brief(word);
    let message = format!("`{word}` is the field `{word}`, not JSON's {json}");
    let help = format!("write `{json}`, with the backticks; a field of that name is \"{word}\"");
    (message, format!("{help} or @.{word}"))
}

impl Lints<'_, '_> {
    /// Refuses a comparison with such a word.
    pub fn refuse_constant(&self, side: &Ast) -> Result<(), CompileError> {
        self.bare(side).map_or(Ok(()), refuse_word)
    }

    /// Warns of such a word as an operand or an argument.
    pub fn check_constant(&mut self, operand: &Ast) {
        let Some(token) = self.bare(operand) else { return };
        let Some(json) = constant(token.text) else { return };
        let (message, help) = explained(token.text, json);
        self.warnings.push(CompileError::new(token.offset, message, help));
    }

    /// Returns the token of an expression that is a name without quotes, and nothing else.
    pub fn bare(&self, ast: &Ast) -> Option<&Token<'_>> {
        let Ast::Field { offset, .. } = ast else { return None };
        self.tokens.at(*offset).filter(|token| token.kind == Kind::Name)
    }
}
