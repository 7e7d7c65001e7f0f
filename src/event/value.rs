//! A JSON value of an event or an expression: keys in order, numbers as written, borrowed from the
//! record if possible.
//!
//! Invariant: a clone copies no content, so that an expression on a large event costs only what it
//! visits.

use std::borrow::Cow;
use std::ops::Deref;
use std::sync::Arc;

use super::marked::Marked;
use super::number::Number;
use super::object::OrderedMap;

/// A JSON object.
pub type Object<'a> = OrderedMap<Text<'a>, Value<'a>>;

/// A JSON value. Match on its [`Value::view`], which hides where a string or number is stored.
///
/// Its size is 24 bytes, because ten megabytes of `[0,0,…` are five million values.
#[derive(Debug, Clone)]
pub enum Value<'a> {
    /// `null`, or a missing value.
    Null,
    /// `true` or `false`.
    Bool(bool),
    /// A number as written, borrowed from the record or the expression.
    Written(&'a str),
    /// A number as written, owned.
    Digits(Arc<str>),
    /// A computed whole number.
    Int(i64),
    /// A computed finite number.
    Float(f64),
    /// A string, borrowed.
    Text(&'a str),
    /// A string that was unescaped or computed, owned.
    Shared(Arc<str>),
    /// A string that has markup where Slack formats it.
    Marked(Arc<Marked>),
    /// An array.
    Array(Arc<[Value<'a>]>),
    /// An object.
    Object(Arc<Object<'a>>),
}

/// The content of a [`Value`], wherever it is stored.
#[derive(Debug, Clone, Copy)]
pub enum View<'v, 'a> {
    /// `null`.
    Null,
    /// `true` or `false`.
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

/// A string that is borrowed or shared: like [`Cow`], but cheap to clone.
#[derive(Debug, Clone)]
pub enum Text<'a> {
    /// Borrowed from the record.
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

/// The value of a missing field, to borrow from.
pub static NULL: Value<'static> = Value::Null;

impl<'a> Value<'a> {
    /// Returns the content.
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
            Value::Marked(marked) => View::String(marked.plain()),
            Value::Array(elements) => View::Array(elements),
            Value::Object(object) => View::Object(object),
        }
    }

    /// Whether the value counts as true in JMESPath: every value does, `0` included, except
    /// `false`, `null`, `""`, `[]` and `{}`.
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

    /// Returns the name of its type, as JMESPath's function `type` does.
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

    /// Returns the value of a key; `null` if it is missing or the value is not an object.
    #[must_use]
    pub fn field(&self, name: &str) -> &Value<'a> {
        match self {
            Value::Object(object) => object.get(name).unwrap_or(&NULL),
            _ => &NULL,
        }
    }

    /// Returns the same value, borrowed from this one if that is cheaper than sharing.
    #[must_use]
    pub fn reborrow(&self) -> Value<'_> {
        match self {
            Value::Digits(text) => Value::Written(text),
            Value::Shared(text) => Value::Text(text),
            other => other.clone(),
        }
    }

    /// Returns the text that readers see of a text with markup, any other value unchanged.
    #[must_use]
    pub fn without_markup(self) -> Self {
        match self {
            Value::Marked(marked) => Value::Shared(marked.plain().into()),
            other => other,
        }
    }

    /// Returns the same value without any borrowed content.
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
            Value::Marked(marked) => Value::Marked(Arc::clone(marked)),
            Value::Array(elements) => Value::Array(elements.iter().map(Value::to_static).collect()),
            Value::Object(object) => {
                let entries =
                    object.iter().map(|(key, value)| (Text::Shared(key.into()), value.to_static()));
                Value::Object(Arc::new(Object::new(entries)))
            }
        }
    }
}
