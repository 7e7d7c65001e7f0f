//! JMESPath's built-in functions: their names and arguments.

use std::borrow::Cow;

use crate::event::{Value, View};

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

/// The arguments of a function.
#[derive(Debug, Clone, Copy)]
pub struct Signature {
    takes: &'static [Takes],
    /// An example of a call, for remedies. With `…`, the last argument may be repeated.
    pub usage: &'static str,
}

macro_rules! functions {
    ($($function:ident $usage:literal ($($takes:ident),*);)*) => {
        /// A built-in function.
        #[derive(Debug, Clone, Copy, PartialEq, Eq)]
        pub enum Function { $($function),* }

        impl Function {
            const ALL: &[Function] = &[$(Function::$function),*];

            pub fn signature(self) -> Signature {
                match self {
                    $(Function::$function => {
                        Signature { takes: &[$(Takes::$takes),*], usage: $usage }
                    })*
                }
            }
        }
    };
}

functions! {
    Abs "abs(number)" (Number);
    Avg "avg(list_of_numbers)" (Numbers);
    Ceil "ceil(number)" (Number);
    Contains "contains(list_or_text, value)" (ArrayOrText, Any);
    EndsWith "ends_with(text, end)" (Text, Text);
    Floor "floor(number)" (Number);
    Join "join(glue, list_of_texts)" (Text, Texts);
    Keys "keys(object)" (Object);
    Length "length(list_object_or_text)" (ArrayObjectOrText);
    Map "map(&expression, list)" (Expression, Array);
    Max "max(list_of_numbers_or_texts)" (NumbersOrTexts);
    MaxBy "max_by(list, &expression)" (Array, Expression);
    Merge "merge(object, …)" (Object);
    Min "min(list_of_numbers_or_texts)" (NumbersOrTexts);
    MinBy "min_by(list, &expression)" (Array, Expression);
    NotNull "not_null(value, …)" (Any);
    ParseJson "parse_json(text)" (TextOrNull);
    Reverse "reverse(list_or_text)" (ArrayOrText);
    Sort "sort(list_of_numbers_or_texts)" (NumbersOrTexts);
    SortBy "sort_by(list, &expression)" (Array, Expression);
    StartsWith "starts_with(text, beginning)" (Text, Text);
    Sum "sum(list_of_numbers)" (Numbers);
    ToArray "to_array(value)" (Any);
    ToNumber "to_number(value)" (Any);
    ToString "to_string(value)" (Any);
    Type "type(value)" (Any);
    Values "values(object)" (Object);
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
        Some(match self {
            Function::Contains | Function::EndsWith | Function::StartsWith => &["boolean"],
            Function::Abs | Function::Ceil | Function::Floor | Function::Length | Function::Sum => {
                &["number"]
            }
            Function::Avg | Function::ToNumber => &["number", "null"],
            Function::Join | Function::ToString | Function::Type => &["string"],
            Function::Keys
            | Function::Map
            | Function::Sort
            | Function::SortBy
            | Function::ToArray
            | Function::Values => &["array"],
            Function::Merge => &["object"],
            Function::Max
            | Function::MaxBy
            | Function::Min
            | Function::MinBy
            | Function::NotNull
            | Function::ParseJson
            | Function::Reverse => return None,
        })
    }

    /// Whether the argument at this index is nearly always a string, so that a word in double
    /// quotes is a mistake.
    pub fn expects_text(self, at: usize) -> bool {
        matches!(
            (self, at),
            (Function::Contains | Function::StartsWith | Function::EndsWith, 1)
                | (Function::Join, 0)
        )
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
        let wanted = self.takes.len();
        let repeats = self.usage.contains('…');
        if count == wanted || repeats && count > wanted {
            return Ok(());
        }
        let at_least = if repeats { "at least " } else { "" };
        Err(format!("{at_least}{wanted} argument{}", if wanted == 1 { "" } else { "s" }))
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
