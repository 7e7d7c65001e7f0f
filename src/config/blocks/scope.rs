//! The names that the texts and conditions of a block can use.

use crate::expression::template::Template;
use crate::expression::{Bindings, CompileError, Expression, ExpressionCache};

/// The loops around a text.
#[derive(Clone, Default)]
pub struct Scope(Bindings);

impl Scope {
    /// Returns these names and those of one more loop inside.
    pub fn with_loop(&self, name: &str) -> Self {
        Self(self.0.with_loop(name))
    }

    pub fn template(
        &self,
        source: &str,
        cache: &mut ExpressionCache,
    ) -> Result<Template, CompileError> {
        Template::compile_in(source, cache, &self.0)
    }

    pub fn expression(
        &self,
        source: &str,
        cache: &mut ExpressionCache,
    ) -> Result<Expression, CompileError> {
        cache.compile_in(source, &self.0)
    }
}
