//! The arguments that a function takes: their number and types.

use std::borrow::Cow;

use crate::event::{Number, Value, View, number_end};
use crate::expression::context::Mode;

/// The types that an argument may have.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Takes {
    Any,
    Number,
    /// A number, or a text that is one.
    Figure,
    NumberOrText,
    Text,
    TextOrNull,
    Array,
    Object,
    ArrayOrText,
    ArrayObjectOrText,
    Numbers,
    Texts,
    NumbersOrTexts,
    /// Lists of a string and a value.
    Pairs,
    /// A whole number.
    Whole,
    /// A whole number that is not negative.
    Count,
    /// A string of one character.
    Character,
    /// What may name a time, or be missing.
    Time,
    /// A constant string, read when the expression is compiled.
    Pattern,
    Expression,
}

/// The arguments of a function, and its result.
#[derive(Debug, Clone, Copy)]
pub struct Signature {
    pub(super) takes: &'static [Takes],
    /// How many arguments are required.
    pub(super) required: usize,
    /// An example of a call, for remedies. With `…`, the last argument may be repeated.
    pub usage: &'static str,
    /// What a call in a template makes of arguments that it cannot take.
    pub in_templates: Mode,
    /// The types of the result; none if they depend on the arguments.
    pub(super) gives: &'static [&'static str],
}

impl Signature {
    /// Returns the types of the argument at this index, from 0.
    pub fn argument(&self, at: usize) -> Takes {
        self.takes.get(at).or(self.takes.last()).copied().unwrap_or(Takes::Any)
    }

    /// Checks the number of arguments.
    ///
    /// # Errors
    /// The number that the function takes, in words.
    pub fn check_count(&self, count: usize) -> Result<(), String> {
        let (least, most) = (self.required, self.takes.len());
        let repeats = self.usage.contains('…');
        if (least..=most).contains(&count) || repeats && count > most {
            return Ok(());
        }
        let plural = if most == 1 { "" } else { "s" };
        Err(match (repeats, least == most) {
            (true, _) => format!("at least {least} argument{plural}"),
            (false, true) => format!("{least} argument{plural}"),
            (false, false) => format!("{least} to {most} arguments"),
        })
    }
}

impl Takes {
    pub fn describe(self) -> &'static str {
        match self {
            Takes::Any => "a value",
            Takes::Number => "a number",
            Takes::Figure => "a number",
            Takes::NumberOrText => "a number or a string",
            Takes::Text => "a string",
            Takes::TextOrNull => "a string or null",
            Takes::Array => "an array",
            Takes::Object => "an object",
            Takes::ArrayOrText => "an array or a string",
            Takes::ArrayObjectOrText => "an array, an object or a string",
            Takes::Numbers => "an array of numbers",
            Takes::Texts => "an array of strings",
            Takes::NumbersOrTexts => "an array of only numbers or only strings",
            Takes::Pairs => "an array of pairs of a string and a value",
            Takes::Whole => "a whole number",
            Takes::Count => "a whole number from 0 on",
            Takes::Character => "a string of one character",
            Takes::Time => "a string, a number or null",
            Takes::Pattern => "a constant pattern",
            Takes::Expression => "an expression",
        }
    }

    /// Describes an argument that is not taken.
    pub fn describe_refused(self, value: &Value<'_>) -> Cow<'static, str> {
        match (self, value.view()) {
            (Takes::Whole | Takes::Count, View::Number(_)) => "another number".into(),
            (Takes::Character, View::String(_)) => "another string".into(),
            _ => describe_type(value),
        }
    }

    /// Whether an array is taken only if its elements have certain types.
    pub fn has_typed_elements(self) -> bool {
        matches!(self, Takes::Numbers | Takes::Texts | Takes::NumbersOrTexts)
    }

    /// Whether the argument is evaluated before the call.
    pub fn is_value(self) -> bool {
        !matches!(self, Takes::Expression | Takes::Pattern)
    }

    pub fn accepts(self, value: &Value<'_>) -> bool {
        let are = |elements: &[Value<'_>], name| elements.iter().all(|it| it.type_name() == name);
        match (self, value.view()) {
            (Takes::Any, _)
            | (Takes::Number | Takes::Figure | Takes::NumberOrText, View::Number(_))
            | (Takes::NumberOrText, View::String(_))
            | (Takes::TextOrNull, View::Null | View::String(_))
            | (Takes::Time, View::Null | View::String(_) | View::Number(_))
            | (
                Takes::Pattern | Takes::Text | Takes::ArrayOrText | Takes::ArrayObjectOrText,
                View::String(_),
            )
            | (Takes::Array | Takes::ArrayOrText | Takes::ArrayObjectOrText, View::Array(_))
            | (Takes::Object | Takes::ArrayObjectOrText, View::Object(_)) => true,
            (Takes::Figure, View::String(text)) => number_end(text.as_bytes(), 0) == Ok(text.len()),
            (Takes::Whole, View::Number(number)) => whole(number).is_some(),
            (Takes::Count, View::Number(number)) => whole(number).is_some_and(|it| it >= 0),
            (Takes::Character, View::String(text)) => text.chars().take(2).count() == 1,
            (Takes::Pairs, View::Array(elements)) => elements.iter().all(is_pair),
            (Takes::Numbers, View::Array(elements)) => are(elements, "number"),
            (Takes::Texts, View::Array(elements)) => are(elements, "string"),
            (Takes::NumbersOrTexts, View::Array(elements)) => {
                are(elements, "number") || are(elements, "string")
            }
            _ => false,
        }
    }
}

/// Returns a whole number of 53 bits, however it is written.
pub fn whole(number: Number<'_>) -> Option<i64> {
    let float = number.as_f64();
    let is_whole = float.fract() == 0.0 && float.abs() < 9e15;
    #[allow(clippy::cast_possible_truncation, reason = "it is whole and in range")]
    let from_float = is_whole.then_some(float as i64);
    number.as_i64().or(from_float)
}

fn is_pair(value: &Value<'_>) -> bool {
    match value.view() {
        View::Array([key, _]) => matches!(key.view(), View::String(_)),
        _ => false,
    }
}

/// Returns a value's type for an error message; of an array, with the types of its elements.
pub fn describe_type(value: &Value<'_>) -> Cow<'static, str> {
    match value.view() {
        View::Null => "null".into(),
        View::Array(elements) => {
            let mut types: Vec<_> = elements.iter().take(1000).map(Value::type_name).collect();
            types.sort_unstable();
            types.dedup();
            format!("an array of {}", types.join(" and ")).into()
        }
        View::Object(_) => "an object".into(),
        View::Bool(_) => "a boolean".into(),
        View::Number(_) => "a number".into(),
        View::String(_) => "a string".into(),
    }
}
