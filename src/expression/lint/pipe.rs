//! A pipe where `||` is meant: `a == 'x' | b == 'y'` takes the field `b` of true or false.

use jmespath::ast::Ast;

use super::Lints;
use crate::expression::error::{CompileError, refuse};
use crate::expression::part::text_of;
use crate::expression::signature::Function;

impl Lints<'_, '_> {
    /// Refuses a pipe whose left side is true or false and whose right side reads a field of it.
    pub fn refuse_pipe_of_condition(&self, mut ast: &Ast) -> Result<(), CompileError> {
        while let Ast::Subexpr { lhs, rhs, offset } = ast {
            let is_pipe = self.tokens.at(*offset).is_some_and(|token| token.text == "|");
            if is_pipe && is_condition(lhs) && (reads_field(rhs) || self.is_literal(rhs)) {
                let message = "`|` hands true or false to the right side, which has no fields";
                return refuse(*offset, message, self.with_or(*offset, self.is_literal(rhs)));
            }
            ast = lhs;
        }
        Ok(())
    }

    /// The remedy: `||` in place of the pipe at `offset`.
    fn with_or(&self, offset: usize, is_literal: bool) -> String {
        let at = self.tokens.all.partition_point(|token| token.offset < offset);
        let (before, after) = self.tokens.all.split_at(at);
        let (before, after) = (text_of(before), text_of(after.get(1..).unwrap_or_default()));
        if is_literal || before.len() + after.len() > 100 {
            return "alternatives are joined by `||`: a == 'x' || a == 'y'".to_owned();
        }
        format!("write {before} || {after}")
    }
}

/// Whether an expression is always true, false or null.
fn is_condition(mut ast: &Ast) -> bool {
    loop {
        match ast {
            Ast::Comparison { .. } | Ast::Not { .. } => return true,
            Ast::Function { name, .. } => {
                return Function::named(name).is_some_and(Function::is_test);
            }
            Ast::Or { lhs, rhs, .. } | Ast::And { lhs, rhs, .. } if is_condition(rhs) => ast = lhs,
            _ => return false,
        }
    }
}

/// Whether an expression takes a field of what it is applied to.
fn reads_field(mut ast: &Ast) -> bool {
    loop {
        match ast {
            Ast::Field { .. } => return true,
            Ast::Not { node, .. } => ast = node,
            Ast::Subexpr { lhs, .. } => ast = lhs,
            Ast::Comparison { lhs, rhs, .. }
            | Ast::Or { lhs, rhs, .. }
            | Ast::And { lhs, rhs, .. } => {
                if reads_field(rhs) {
                    return true;
                }
                ast = lhs;
            }
            Ast::Function { args, .. } => return args.iter().any(reads_field),
            _ => return false,
        }
    }
}
