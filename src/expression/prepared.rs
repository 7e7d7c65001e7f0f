//! Constant arguments that are checked, and some of them read, when an expression is compiled.

use super::signature::Function;
use crate::event::Value;

/// What a function reads from a constant argument only once.
#[derive(Debug)]
pub enum Prepared {}

/// Why a constant argument is refused: the message and the remedy of an error.
pub type Refusal = (String, String);

/// Checks the constant argument at this index. `None`: its value is the argument.
///
/// # Errors
/// The function never has a result with this argument.
pub fn prepare(
    _function: Function,
    _at: usize,
    _value: &Value<'_>,
) -> Result<Option<Prepared>, Refusal> {
    Ok(None)
}
