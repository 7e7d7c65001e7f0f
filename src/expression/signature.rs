//! The built-in functions: their names, arguments and results.

use std::borrow::Cow;

use super::context::Mode;
use crate::event::{Value, View};

mod table;

pub use table::Function;

/// The types that an argument may have.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Takes {
    Any,
    Number,
    Text,
    TextOrNull,
    Array,
    Object,
    ArrayOrText,
    ArrayObjectOrText,
    Numbers,
    Texts,
    NumbersOrTexts,
    Expression,
}

/// The arguments of a function, and its result.
#[derive(Debug, Clone, Copy)]
pub struct Signature {
    takes: &'static [Takes],
    /// How many arguments are required.
    required: usize,
    /// An example of a call, for remedies. With `…`, the last argument may be repeated.
    pub usage: &'static str,
    /// What a call in a template makes of arguments that it cannot take.
    pub in_templates: Mode,
    /// The types of the result; none if they depend on the arguments.
    gives: &'static [&'static str],
}

impl Function {
    pub fn named(name: &str) -> Option<Function> {
        Function::ALL.iter().copied().find(|function| function.name() == name)
    }

    pub fn name(self) -> &'static str {
        let usage = self.signature().usage;
        usage.split_once('(').map_or(usage, |(name, _)| name)
    }

    /// Returns the function whose name this is with a few typing errors.
    pub fn misspelled(name: &str) -> Option<Function> {
        let name = name.to_ascii_lowercase();
        // Far longer than any function's name: not a misspelled one.
        let known: &[Function] = if name.len() > 30 { &[] } else { Function::ALL };
        let distances = known.iter().map(|known| (strsim::levenshtein(&name, known.name()), known));
        let (distance, nearest) = distances.min_by_key(|(distance, _)| *distance)?;
        let is_near = distance <= (nearest.name().len() / 3).clamp(1, 2);
        is_near.then_some(*nearest)
    }

    /// Returns the remedy for an unknown name: the nearest known one, or a list of all.
    pub fn nearest(name: &str) -> String {
        match Function::misspelled(name) {
            Some(nearest) => {
                format!("did you mean `{}`: {}", nearest.name(), nearest.signature().usage)
            }
            None => {
                let names: Vec<_> = Function::ALL.iter().map(|function| function.name()).collect();
                format!("the functions are {}", names.join(", "))
            }
        }
    }

    /// Whether the result is true or false.
    pub fn is_test(self) -> bool {
        self.gives().is_some_and(|types| types == ["boolean"])
    }

    /// Returns the types of the result, if they do not depend on the arguments.
    pub fn gives(self) -> Option<&'static [&'static str]> {
        let types = self.signature().gives;
        (!types.is_empty()).then_some(types)
    }

    /// Returns the index of the argument that a filter's pipe hands over.
    pub fn piped(self) -> usize {
        usize::from(matches!(self, Function::Join | Function::Map))
    }

    /// Whether the argument at this index is nearly always a string, so that a word in double
    /// quotes is a mistake.
    pub fn expects_text(self, at: usize) -> bool {
        match self {
            Function::Contains => at == 1,
            _ => at != self.piped() && self.signature().argument(at) == Takes::Text,
        }
    }
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
            Takes::Text => "a string",
            Takes::TextOrNull => "a string or null",
            Takes::Array => "an array",
            Takes::Object => "an object",
            Takes::ArrayOrText => "an array or a string",
            Takes::ArrayObjectOrText => "an array, an object or a string",
            Takes::Numbers => "an array of numbers",
            Takes::Texts => "an array of strings",
            Takes::NumbersOrTexts => "an array of only numbers or only strings",
            Takes::Expression => "an expression",
        }
    }

    /// Whether an array is taken only if its elements have certain types.
    pub fn has_typed_elements(self) -> bool {
        matches!(self, Takes::Numbers | Takes::Texts | Takes::NumbersOrTexts)
    }

    /// Whether the argument is evaluated before the call.
    pub fn is_value(self) -> bool {
        self != Takes::Expression
    }

    pub fn accepts(self, value: &Value<'_>) -> bool {
        let are = |elements: &[Value<'_>], name| elements.iter().all(|it| it.type_name() == name);
        match (self, value.view()) {
            (Takes::Any, _)
            | (Takes::Number, View::Number(_))
            | (Takes::TextOrNull, View::Null | View::String(_))
            | (Takes::Text | Takes::ArrayOrText | Takes::ArrayObjectOrText, View::String(_))
            | (Takes::Array | Takes::ArrayOrText | Takes::ArrayObjectOrText, View::Array(_))
            | (Takes::Object | Takes::ArrayObjectOrText, View::Object(_)) => true,
            (Takes::Numbers, View::Array(elements)) => are(elements, "number"),
            (Takes::Texts, View::Array(elements)) => are(elements, "string"),
            (Takes::NumbersOrTexts, View::Array(elements)) => {
                are(elements, "number") || are(elements, "string")
            }
            _ => false,
        }
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
