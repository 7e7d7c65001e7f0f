//! The expressions of one configuration, each kept once: thousands of messages ask for the same few fields.
//!
//! Invariant: what comes out is what [`Expression::compile`] gives; only who shares it differs.

use std::borrow::Borrow;
use std::collections::HashSet;
use std::hash::{Hash, Hasher};

use super::{CompileError, Expression};

/// What was compiled so far.
#[derive(Debug, Default)]
pub struct Compiled {
    known: HashSet<BySource>,
}

/// Equal where the source is.
#[derive(Debug)]
struct BySource(Expression);

impl Compiled {
    /// Compiles an expression, or shares the one that was compiled of the same text.
    ///
    /// # Errors
    /// Those of [`Expression::compile`].
    pub fn expression(&mut self, source: &str) -> Result<Expression, CompileError> {
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
    use std::sync::Arc;

    use super::*;

    #[test]
    fn one_text_is_kept_once() {
        let mut compiled = Compiled::default();
        let (first, again) =
            (compiled.expression("a.b").unwrap(), compiled.expression("a.b").unwrap());
        assert!(Arc::ptr_eq(&first.inner, &again.inner));
        assert!(
            !Arc::ptr_eq(&first.inner, &compiled.expression("a . b").unwrap().inner),
            "a text of its own"
        );
        assert!(compiled.expression("a.").is_err());
        assert!(compiled.expression("a.").is_err(), "a fault is told each time");
    }
}
