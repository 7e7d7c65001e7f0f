//! The expressions of one configuration, each kept once: thousands of messages use the same few
//! fields.
//!
//! Invariant: the results are those of [`Expression::compile`]; the cache only shares them.

use std::borrow::Borrow;
use std::collections::HashSet;
use std::hash::{Hash, Hasher};

use super::compiled::Expression;
use super::error::CompileError;

/// The expressions compiled so far.
#[derive(Debug, Default)]
pub struct ExpressionCache {
    known: HashSet<BySource>,
}

/// An expression, identified by its source.
#[derive(Debug)]
struct BySource(Expression);

impl ExpressionCache {
    /// Compiles an expression, or returns the one that was compiled from the same text.
    ///
    /// # Errors
    /// Those of [`Expression::compile`].
    pub fn compile(&mut self, source: &str) -> Result<Expression, CompileError> {
        if let Some(BySource(known)) = self.known.get(source) {
            return Ok(known.clone());
        }
        let expression = Expression::compile(source)?;
        self.known.insert(BySource(expression.clone()));
        Ok(expression)
    }
}

impl Borrow<str> for BySource {
    fn borrow(&self) -> &str {
        self.0.source()
    }
}

impl PartialEq for BySource {
    fn eq(&self, other: &Self) -> bool {
        self.0.source() == other.0.source()
    }
}

impl Eq for BySource {}

impl Hash for BySource {
    fn hash<H: Hasher>(&self, state: &mut H) {
        self.0.source().hash(state);
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
