//! Forms that cannot mean what was intended, which are refused, and those that hardly do, which get
//! a warning.

use jmespath::ast::Ast;

use super::error::{CompileError, refuse};
use super::lexer::{Kind, Tokens, brief};
use super::name::is_plain;

mod comparison;

pub mod constant;

pub mod mention;

mod pipe;

pub mod trigger;

#[cfg(test)]
#[allow(clippy::unwrap_used, clippy::panic, reason = "tests")]
mod tests;

/// The checks of an expression, and their warnings so far.
pub struct Lints<'t, 's> {
    tokens: &'t Tokens<'s>,
    warnings: Vec<CompileError>,
}

impl<'t, 's> Lints<'t, 's> {
    /// Returns the checks of the expression that has these tokens.
    pub fn new(tokens: &'t Tokens<'s>) -> Self {
        Lints { tokens, warnings: Vec::new() }
    }

    /// Returns the warnings in the order of the text.
    pub fn into_warnings(mut self) -> Vec<CompileError> {
        self.warnings.sort_by_key(|warning| warning.offset);
        self.warnings
    }

    /// Refuses `!a.b`, which is `(!a).b` in JMESPath: the field of a boolean, always null. Only a
    /// pipe may follow.
    pub fn refuse_path_of_not(&self, mut ast: &Ast) -> Result<(), CompileError> {
        while let Ast::Subexpr { lhs, offset, .. } = ast {
            if self.tokens.at(*offset).is_some_and(|token| token.text != "|") {
                self.refuse_part_of_not(lhs)?;
            }
            ast = lhs;
        }
        Ok(())
    }

    /// Refuses a projection or path whose left side is `!…`.
    pub fn refuse_part_of_not(&self, ast: &Ast) -> Result<(), CompileError> {
        let Ast::Not { offset, .. } = ast else { return Ok(()) };
        let message =
            "`!` binds stronger than the path after it: this takes a part of true or false";
        refuse(*offset, message, "put brackets around the operand: `!(a.b)`")
    }

    /// Returns a field that is only a name in double quotes, with its offset.
    fn quoted(&self, ast: &Ast) -> Option<(usize, String)> {
        let Ast::Field { name, offset } = ast else { return None };
        let is_quoted = self.tokens.at(*offset)?.kind == Kind::Quoted;
        is_quoted.then(|| (*offset, name.clone()))
    }

    fn warn_of_quoted(&mut self, offset: usize, name: &str) {
        let name = brief(name);
        let message = format!("`\"{name}\"` is the field `{name}`, not a text");
        let help = format!("a text is written '{name}'");
        self.warnings.push(CompileError::new(offset, message, help));
    }

    /// Warns of `a == 'x' || 'y'`, which is always true.
    pub fn check_default(&mut self, operands: &[&Ast]) {
        for pair in operands.windows(2) {
            if let [Ast::Comparison { .. }, other] = pair
                && self.is_literal(other)
            {
                let message =
                    "this is always true: the comparison before `||` does not apply to it";
                let help = "write it as its own comparison: `a == 'x' || a == 'y'`";
                self.warnings.push(CompileError::new(offset_of(other), message, help));
            }
        }
    }

    /// Whether an expression is a literal: a text, JSON in backticks, or a number.
    fn is_literal(&self, ast: &Ast) -> bool {
        match ast {
            Ast::Literal { .. } => true,
            Ast::Identity { offset } => {
                self.tokens.at(*offset).is_some_and(|token| token.kind == Kind::Number)
            }
            _ => false,
        }
    }

    /// Warns of `contains([1], x)`: the brackets are an index.
    pub fn check_index_argument(&mut self, argument: &Ast) {
        if let Ast::Index { idx, .. } = argument {
            let message = format!("`[{idx}]` is element {idx} of a list, not a list of one");
            let help =
                format!("a list of one is written `[{idx}]` in backticks; the element, @[{idx}]");
            // The parser's offset is that of `]`; the number is the token before it.
            let offset = offset_of(argument);
            let offset = self.tokens.before(offset).map_or(offset, |number| number.offset);
            self.warnings.push(CompileError::new(offset, message, help));
        }
    }

    /// Warns of a word in double quotes where nearly always a string is meant.
    pub fn check_text_argument(&mut self, argument: &Ast) {
        if let Some((offset, word)) = self.quoted(argument)
            && is_plain(&word)
        {
            self.warn_of_quoted(offset, &word);
        }
    }
}

/// Returns where an expression starts. A loop, since chains are long.
pub fn offset_of(mut ast: &Ast) -> usize {
    loop {
        match ast {
            Ast::Comparison { lhs, .. }
            | Ast::And { lhs, .. }
            | Ast::Or { lhs, .. }
            | Ast::Subexpr { lhs, .. }
            | Ast::Projection { lhs, .. } => ast = lhs,
            Ast::Condition { offset, .. }
            | Ast::Identity { offset }
            | Ast::Expref { offset, .. }
            | Ast::Flatten { offset, .. }
            | Ast::Function { offset, .. }
            | Ast::Field { offset, .. }
            | Ast::Index { offset, .. }
            | Ast::Literal { offset, .. }
            | Ast::MultiList { offset, .. }
            | Ast::MultiHash { offset, .. }
            | Ast::Not { offset, .. }
            | Ast::ObjectValues { offset, .. }
            | Ast::Slice { offset, .. } => return *offset,
        }
    }
}
