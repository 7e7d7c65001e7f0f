//! Where in a template an expression's text comes from.
//!
//! Pure.

use std::ops::Range;

use crate::expression::error::CompileError;

/// Leads from an expression's offsets back to the template's.
#[derive(Debug, Clone)]
pub enum Offsets {
    /// The expression is in the template from this offset on.
    At(usize),
    /// Parts of it are: where each starts in the expression, and its range in the template.
    Rewritten(Box<[(usize, Range<usize>)]>),
}

impl Offsets {
    /// Returns the error or warning of the expression with its offset in the template.
    pub fn shift(&self, error: CompileError) -> CompileError {
        let offset = match self {
            Offsets::At(start) => start + error.offset,
            Offsets::Rewritten(parts) => {
                let after = parts.partition_point(|(start, _)| *start <= error.offset);
                let part = after.checked_sub(1).and_then(|at| parts.get(at)).cloned();
                let (start, own) = part.unwrap_or_default();
                (own.start + (error.offset - start)).min(own.end)
            }
        };
        CompileError { offset, ..error }
    }
}
