//! The expressions of one configuration, each kept once: thousands of messages use the same few
//! fields.
//!
//! Invariant: the results are those of [`Expression::compile`]; the cache only shares them.

use std::collections::HashMap;

use super::bindings::Bindings;
use super::compiled::Expression;
use super::error::CompileError;

/// The expressions compiled so far, by source.
#[derive(Debug, Default)]
pub struct ExpressionCache(HashMap<Box<str>, Expression>);

impl ExpressionCache {
    /// Compiles an expression, or returns the one that was compiled from the same text.
    ///
    /// # Errors
    /// Those of [`Expression::compile`].
    pub fn compile(&mut self, source: &str) -> Result<Expression, CompileError> {
        self.compile_in(source, &Bindings::default())
    }

    /// Compiles an expression with these names in scope, or returns the one that was compiled from
    /// the same text with the same names.
    ///
    /// # Errors
    /// Those of [`Expression::compile_in`].
    pub fn compile_in(
        &mut self,
        source: &str,
        bindings: &Bindings,
    ) -> Result<Expression, CompileError> {
        if !bindings.is_empty() {
            // No expression has this character outside of quotes.
            let key = format!("{}\u{1}{source}", bindings.joined());
            if let Some(known) = self.0.get(&*key) {
                return Ok(known.clone());
            }
            let expression = Expression::compile_in(source, bindings)?;
            self.0.insert(key.into(), expression.clone());
            return Ok(expression);
        }
        if let Some(known) = self.0.get(source) {
            return Ok(known.clone());
        }
        let expression = Expression::compile(source)?;
        self.0.insert(source.into(), expression.clone());
        Ok(expression)
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "tests")]
mod tests {
    use super::*;

    #[test]
    fn expressions_of_equal_text_are_shared() {
        let mut cache = ExpressionCache::default();
        let (first, again) = (cache.compile("a.b").unwrap(), cache.compile("a.b").unwrap());
        assert!(first.is_shared_with(&again));
        assert!(!first.is_shared_with(&cache.compile("a . b").unwrap()), "another text");
        assert!(cache.compile("a.").is_err());
        assert!(cache.compile("a.").is_err(), "a fault is reported each time");
    }
}
