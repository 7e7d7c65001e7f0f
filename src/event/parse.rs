//! Builds the value of a JSON text from the lexer's tokens.
//!
//! Invariant: no recursion, and at most one allocation per array, object and escaped string.

use std::sync::{Arc, LazyLock};

use super::lexer::{Fault, Lexer, Token};
use super::value::{Object, Text, Value};

/// The empty object, shared: `{}` in an event costs no allocation.
static EMPTY: LazyLock<Arc<Object<'static>>> = LazyLock::new(Arc::default);

impl<'a> Value<'a> {
    /// Parses one JSON value of any type.
    ///
    /// # Errors
    /// The first [`Fault`] of the text.
    pub fn parse(text: &'a str) -> Result<Value<'a>, Fault> {
        let mut lexer = Lexer::new(text);
        // The complete values whose array or object is still open; likewise the keys.
        let mut values: Vec<Value<'a>> = Vec::new();
        let mut keys: Vec<Text<'a>> = Vec::new();
        // The number of values and keys when each open array or object started.
        let mut open: Vec<(usize, usize)> = Vec::new();
        while let Some(token) = lexer.next_token()? {
            let value = match token {
                Token::ObjectStart | Token::ArrayStart => {
                    open.push((values.len(), keys.len()));
                    continue;
                }
                Token::Key(key) => {
                    keys.push(key.decode().into());
                    continue;
                }
                Token::ArrayEnd => {
                    let (first, _) = open.pop().unwrap_or_default();
                    // The standard library shares the empty array: nothing is allocated.
                    if first == values.len() {
                        Value::Array(Arc::default())
                    } else {
                        Value::Array(values.drain(first..).collect())
                    }
                }
                Token::ObjectEnd => {
                    let (first, first_key) = open.pop().unwrap_or_default();
                    if first == values.len() {
                        values.push(Value::Object(Arc::clone(&EMPTY)));
                        continue;
                    }
                    let entries = keys.drain(first_key..).zip(values.drain(first..));
                    Value::Object(Arc::new(Object::new(entries)))
                }
                Token::String(text) => text.decode().into(),
                Token::Number(text) => Value::Written(text),
                Token::Bool(bool) => Value::Bool(bool),
                Token::Null => Value::Null,
            };
            values.push(value);
        }
        values.pop().ok_or(Fault::NotJson)
    }
}
