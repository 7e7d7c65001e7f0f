//! Constant arguments that are checked, and some of them read, when an expression is compiled.

use super::constants::{self, Refusal};
use super::pattern::Pattern;
use super::signature::Function;
use crate::event::{Value, View};

/// What a function reads from a constant argument only once.
#[derive(Debug)]
pub enum Prepared {
    /// The pattern of `matches` and `glob`.
    Pattern(Pattern),
}

/// Checks the constant argument at this index. `None`: its value is the argument.
///
/// # Errors
/// The function never has a result with this argument.
pub fn prepare(
    function: Function,
    at: usize,
    value: &Value<'_>,
) -> Result<Option<Prepared>, Refusal> {
    constants::check(function, at, value)?;
    let View::String(text) = value.view() else { return Ok(None) };
    let pattern = match (function, at) {
        (Function::Matches, 1) => Pattern::regex(text),
        (Function::Glob, 1) => Pattern::glob(text),
        _ => return Ok(None),
    };
    match pattern {
        Ok(pattern) => Ok(Some(Prepared::Pattern(pattern))),
        Err(problem) => {
            let message = format!("the pattern of `{}` is invalid: {problem}", function.name());
            let help = "write a pattern of the regex crate (https://docs.rs/regex), or \
                        glob(text, 'a*') or contains(text, 'a')";
            Err((message, help.to_owned()))
        }
    }
}
