//! A JSON value as an event or an expression has it: keys in order, numbers as written, borrowed from the record where it can be.
//!
//! Invariant: cloning copies no content, whatever the size, so that an expression over a large event costs what it visits.

use std::borrow::Cow;
use std::ops::Deref;
use std::sync::Arc;

use super::number::Number;

mod object;

mod write;

pub use object::Object;
pub use write::{Full, MAX_WRITTEN};

/// A JSON value. Match on its [`Value::view`]: where a text or number is kept is of no interest elsewhere.
///
/// 24 bytes, because ten megabytes of `[0,0,…` are five million of them.
#[derive(Debug, Clone)]
pub enum Value<'a> {
    /// `null`, and whatever is missing.
    Null,
    /// `true`, `false`
    Bool(bool),
    /// A number as the record has it.
    Written(&'a str),
    /// A number as it was written somewhere that has not lived on.
    Digits(Arc<str>),
    /// A whole number that was computed.
    Int(i64),
    /// A finite number that was computed.
    Float(f64),
    /// A string as the record has it.
    Text(&'a str),
    /// A string that was unescaped or computed.
    Shared(Arc<str>),
    /// An array.
    Array(Arc<[Value<'a>]>),
    /// An object.
    Object(Arc<Object<'a>>),
}

/// What a [`Value`] is, wherever it is kept.
#[derive(Debug, Clone, Copy)]
pub enum View<'v, 'a> {
    /// `null`
    Null,
    /// `true`, `false`
    Bool(bool),
    /// Any number.
    Number(Number<'v>),
    /// Any string.
    String(&'v str),
    /// An array's elements.
    Array(&'v [Value<'a>]),
    /// An object.
    Object(&'v Object<'a>),
}

/// A text that is borrowed or shared: like [`Cow`], but cheap to clone.
#[derive(Debug, Clone)]
pub enum Text<'a> {
    /// As the record has it.
    Borrowed(&'a str),
    /// Unescaped or computed.
    Shared(Arc<str>),
}

impl Deref for Text<'_> {
    type Target = str;

    fn deref(&self) -> &str {
        match self {
            Text::Borrowed(text) => text,
            Text::Shared(text) => text,
        }
    }
}

impl<'a> From<Cow<'a, str>> for Text<'a> {
    fn from(text: Cow<'a, str>) -> Self {
        match text {
            Cow::Borrowed(text) => Text::Borrowed(text),
            Cow::Owned(text) => Text::Shared(text.into()),
        }
    }
}

impl<'a> From<Text<'a>> for Value<'a> {
    fn from(text: Text<'a>) -> Self {
        match text {
            Text::Borrowed(text) => Value::Text(text),
            Text::Shared(text) => Value::Shared(text),
        }
    }
}

impl<'a> From<Cow<'a, str>> for Value<'a> {
    fn from(text: Cow<'a, str>) -> Self {
        Text::from(text).into()
    }
}

impl<'a> From<Vec<Value<'a>>> for Value<'a> {
    fn from(elements: Vec<Value<'a>>) -> Self {
        Value::Array(elements.into())
    }
}

/// What a missing value is a reference to.
pub(crate) static NULL: Value<'static> = Value::Null;

impl<'a> Value<'a> {
    /// What it is.
    #[must_use]
    pub fn view(&self) -> View<'_, 'a> {
        match self {
            Value::Null => View::Null,
            Value::Bool(bool) => View::Bool(*bool),
            Value::Written(text) => View::Number(Number::Written(text)),
            Value::Digits(text) => View::Number(Number::Written(text)),
            Value::Int(int) => View::Number(Number::Int(*int)),
            Value::Float(float) => View::Number(Number::Float(*float)),
            Value::Text(text) => View::String(text),
            Value::Shared(text) => View::String(text),
            Value::Array(elements) => View::Array(elements),
            Value::Object(object) => View::Object(object),
        }
    }

    /// Whether it counts as true, as JMESPath has it: all but `false`, `null`, `""`, `[]` and `{}` does. So does `0`.
    #[must_use]
    pub fn is_truthy(&self) -> bool {
        match self.view() {
            View::Null => false,
            View::Bool(bool) => bool,
            View::Number(_) => true,
            View::String(text) => !text.is_empty(),
            View::Array(elements) => !elements.is_empty(),
            View::Object(object) => !object.is_empty(),
        }
    }

    /// Its type, as JMESPath's `type` names it.
    #[must_use]
    pub fn type_name(&self) -> &'static str {
        match self.view() {
            View::Null => "null",
            View::Bool(_) => "boolean",
            View::Number(_) => "number",
            View::String(_) => "string",
            View::Array(_) => "array",
            View::Object(_) => "object",
        }
    }

    /// The value of a key; `null` where there is none, and of what is no object.
    #[must_use]
    pub fn field(&self, name: &str) -> &Value<'a> {
        match self {
            Value::Object(object) => object.get(name).unwrap_or(&NULL),
            _ => &NULL,
        }
    }

    /// The same value, borrowing from this one instead of sharing where that is cheaper.
    #[must_use]
    pub fn reborrow(&self) -> Value<'_> {
        match self {
            Value::Digits(text) => Value::Written(text),
            Value::Shared(text) => Value::Text(text),
            other => other.clone(),
        }
    }

    /// The same value, borrowing from nothing.
    #[must_use]
    pub fn to_static(&self) -> Value<'static> {
        match self {
            Value::Null => Value::Null,
            Value::Bool(bool) => Value::Bool(*bool),
            Value::Written(text) => Value::Digits((*text).into()),
            Value::Digits(text) => Value::Digits(Arc::clone(text)),
            Value::Int(int) => Value::Int(*int),
            Value::Float(float) => Value::Float(*float),
            Value::Text(text) => Value::Shared((*text).into()),
            Value::Shared(text) => Value::Shared(Arc::clone(text)),
            Value::Array(elements) => Value::Array(elements.iter().map(Value::to_static).collect()),
            Value::Object(object) => {
                let entries =
                    object.iter().map(|(key, value)| (Text::Shared(key.into()), value.to_static()));
                Value::Object(Arc::new(Object::new(entries.collect())))
            }
        }
    }
}
