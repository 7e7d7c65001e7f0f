//! The kinds of values that several sections use.

use std::fmt::Display;
use std::marker::PhantomData;
use std::path::PathBuf;
use std::time::Duration;

use serde::Serialize;
use serde_json::{Value as Json, json};

use super::duration;
use super::located::Located;
use super::names::{list, nearest};
use super::reader::{Fields, Reader};
use super::section::{Document, Kind, Section};
use super::tree::{Node, Value};
use super::yaml_traps;

/// Text that contains a variable of the environment, which only the running program knows.
const VARIABLE: &str = r"\$\{[A-Za-z_][A-Za-z0-9_]*(:-[^}]*)?\}";

/// A text that a function turns into a value. The words say what it is.
pub struct Text<T>(pub &'static str, pub fn(&Node, &str, &mut Reader<'_>) -> Option<T>);

/// A text that is not empty.
pub const FILLED: Text<String> =
    Text("text", |node, key, reader| match yaml_traps::is_cut(node, key, reader) {
        true => None,
        false => reader.filled(node, key).map(|text| text.value),
    });

/// The path of a file. A relative one is resolved against the configuration's directory.
pub const FILE_PATH: Text<PathBuf> =
    Text(PATH, |node, key, reader| reader.filled(node, key).map(|path| path.value.into()));

/// The path of a file that must be readable.
pub const READABLE_FILE: Text<PathBuf> =
    Text(PATH, |node, key, reader| reader.file(node, key).map(|file| file.path));

pub const PATH: &str = "path of a file";

/// A text with its default.
pub struct Defaulted(pub Text<String>, pub &'static str);

/// A key that can be left out.
pub struct Optional<K>(pub K);

/// A duration over zero.
pub struct Period {
    /// Zero where the key has no default.
    pub default: Duration,
    pub most: Duration,
}

/// A whole number from 1.
pub struct Count<T> {
    pub default: T,
    pub most: T,
}

/// True or false; false by default.
pub struct Flag;

/// One of a closed list of words; the first one by default.
pub struct Word<T: 'static>(pub &'static [(&'static str, T)]);

/// A section inside a section.
pub struct Nested<S> {
    /// Without the key, every value in it is its default.
    pub is_required: bool,
    pub section: PhantomData<S>,
}

impl<T> Kind for Text<T> {
    type Value = T;

    fn read(&self, node: &Node, key: &str, reader: &mut Reader<'_>) -> Option<T> {
        (self.1)(node, key, reader)
    }

    fn words(&self) -> String {
        self.0.to_owned()
    }
}

impl Kind for Defaulted {
    type Value = String;

    fn read(&self, node: &Node, key: &str, reader: &mut Reader<'_>) -> Option<String> {
        self.0.read(node, key, reader)
    }

    fn default(&self) -> Option<String> {
        Some(self.1.to_owned())
    }

    fn schema(&self) -> Json {
        json!({ "type": "string", "default": self.1 })
    }

    fn words(&self) -> String {
        self.0.words()
    }
}

impl<K: Kind> Kind for Optional<K> {
    type Value = Option<K::Value>;

    fn read(&self, node: &Node, key: &str, reader: &mut Reader<'_>) -> Option<Self::Value> {
        self.0.read(node, key, reader).map(Some)
    }

    fn default(&self) -> Option<Self::Value> {
        Some(None)
    }

    /// Without the default of the value: left out, the key has none.
    fn schema(&self) -> Json {
        let mut schema = self.0.schema();
        schema.as_object_mut().map(|schema| schema.remove("default"));
        schema
    }

    fn words(&self) -> String {
        self.0.words()
    }

    fn section(&self) -> Option<Document> {
        self.0.section()
    }
}

impl Kind for Period {
    type Value = Duration;

    fn read(&self, node: &Node, key: &str, reader: &mut Reader<'_>) -> Option<Duration> {
        if let Value::Number(number) = &node.value {
            let is_whole = number.is_finite() && *number >= 0.0 && number.fract() == 0.0;
            let help = if is_whole {
                format!("write `{key}: {number}s` if seconds are meant")
            } else {
                duration::HELP.to_owned()
            };
            reader.error(node, format!("`{key}` is a number without a unit"), help);
            return None;
        }
        let Located { value, at } = reader.located(node, key)?;
        let Some(period) = duration::parse(&value) else {
            let message = format!("`{key}` is not a duration: `{}`", at.shown);
            reader.error(&at, message, duration::HELP);
            return None;
        };
        if period.is_zero() || period > self.most {
            let what = if period.is_zero() { "zero" } else { "too long" };
            let most = duration::show(self.most);
            let help = if self.default.is_zero() {
                format!("write a duration up to `{most}`, or remove the key")
            } else {
                let default = duration::show(self.default);
                format!("write a duration up to `{most}`; the default is `{default}`")
            };
            reader.error(&at, format!("`{key}` is {what}"), help);
            return None;
        }
        Some(period)
    }

    fn default(&self) -> Option<Duration> {
        Some(self.default)
    }

    fn schema(&self) -> Json {
        let pattern = format!("^[0-9]+(ms|s|m|h)$|{VARIABLE}");
        json!({ "type": "string", "pattern": pattern, "default": duration::show(self.default) })
    }

    fn words(&self) -> String {
        format!("duration, up to `{}`", duration::show(self.most))
    }
}

/// Reads a number, also from the text of an environment variable. `wanted` is what it should be.
pub fn number(node: &Node, key: &str, wanted: &str, reader: &mut Reader<'_>) -> Option<f64> {
    match &node.value {
        Value::Number(number) => return Some(*number),
        Value::Text(text) if text.contains("${") => {}
        _ => {
            reader.wrong_type(node, key, wanted);
            return None;
        }
    }
    let text = reader.text(node, key)?;
    let number = text.trim().parse().ok();
    if number.is_none() {
        let message = format!("`{key}` is not {wanted} after environment variables are expanded");
        reader.error(node, message, "set the variable to a number");
    }
    number
}

/// The JSON Schema of a number, or of a variable that contains one.
pub fn number_schema(kind: &str, default: impl Serialize) -> Json {
    json!({ "type": [kind, "string"], "pattern": VARIABLE, "default": default })
}

impl<T: Copy + Display + PartialOrd + Serialize + TryFrom<u64>> Kind for Count<T> {
    type Value = T;

    #[allow(
        clippy::cast_possible_truncation,
        clippy::cast_sign_loss,
        reason = "checked: whole and not negative; a value over 2^64 saturates and is refused"
    )]
    fn read(&self, node: &Node, key: &str, reader: &mut Reader<'_>) -> Option<T> {
        let number = number(node, key, "a whole number", reader)?;
        if number.fract() != 0.0 || number < 0.0 {
            let message = format!("`{key}` is not a whole number of at least 1");
            reader.error(node, message, "write a whole number, such as `1`");
            return None;
        }
        let count = T::try_from(number as u64).ok();
        let count = count.filter(|count| number >= 1.0 && *count <= self.most);
        if count.is_none() {
            let message = format!("`{key}` must be from 1 to {}", self.most);
            let help = format!("write such a number; the default is `{}`", self.default);
            reader.error(node, message, help);
        }
        count
    }

    fn default(&self) -> Option<T> {
        Some(self.default)
    }

    fn schema(&self) -> Json {
        let mut schema = number_schema("integer", self.default);
        schema["minimum"] = 1.into();
        schema["maximum"] = json!(self.most);
        schema
    }

    fn words(&self) -> String {
        format!("whole number, 1 to {}", self.most)
    }
}

impl Kind for Flag {
    type Value = bool;

    fn read(&self, node: &Node, key: &str, reader: &mut Reader<'_>) -> Option<bool> {
        match &node.value {
            Value::Bool(flag) => Some(*flag),
            Value::Text(_) => {
                let Located { value, at } = reader.located(node, key)?;
                let flag = value.parse().ok();
                if flag.is_none() {
                    let message = format!("`{key}` is neither true nor false");
                    reader.error(&at, message, "write `true` or `false`");
                }
                flag
            }
            _ => {
                reader.wrong_type(node, key, "a boolean");
                None
            }
        }
    }

    fn default(&self) -> Option<bool> {
        Some(false)
    }

    fn schema(&self) -> Json {
        number_schema("boolean", false)
    }

    fn words(&self) -> String {
        "`true` or `false`".to_owned()
    }
}

impl<T: Copy> Word<T> {
    fn names(&self) -> Vec<&'static str> {
        self.0.iter().map(|(word, _)| *word).collect()
    }

    /// The word for `value`.
    pub fn of(&self, value: T) -> &'static str
    where
        T: PartialEq,
    {
        self.0.iter().find(|(_, other)| *other == value).map_or("", |(word, _)| word)
    }
}

impl<T: Copy> Kind for Word<T> {
    type Value = T;

    fn read(&self, node: &Node, key: &str, reader: &mut Reader<'_>) -> Option<T> {
        let Located { value, at } = reader.located(node, key)?;
        if let Some((_, meaning)) = self.0.iter().find(|(word, _)| *word == value) {
            return Some(*meaning);
        }
        let names = self.names();
        let help = match nearest(&value, &names) {
            // The value of a variable may be a secret.
            Some(near) if at.token.is_some() => format!("did you mean `{near}`?"),
            _ => format!("write one of {}", list(&names)),
        };
        reader.error(&at, format!("`{key}` cannot be `{}`", at.shown), help);
        None
    }

    fn default(&self) -> Option<T> {
        self.0.first().map(|(_, value)| *value)
    }

    fn schema(&self) -> Json {
        let names = self.names();
        let variable = json!({ "type": "string", "pattern": VARIABLE });
        json!({ "default": names.first(), "anyOf": [{ "enum": names }, variable] })
    }

    fn words(&self) -> String {
        list(&self.names()).replace(", ", " or ")
    }
}

impl<S> Nested<S> {
    pub const REQUIRED: Self = Self { is_required: true, section: PhantomData };
    pub const OPTIONAL: Self = Self { is_required: false, section: PhantomData };
}

impl<S: Section> Kind for Nested<S> {
    type Value = S;

    fn read(&self, node: &Node, key: &str, reader: &mut Reader<'_>) -> Option<S> {
        let fields = reader.fields(node, &format!("`{key}`"))?;
        read_section(fields, reader)
    }

    fn is_required(&self) -> bool {
        self.is_required
    }

    fn absent(&self, reader: &mut Reader<'_>) -> Option<S> {
        if self.is_required { None } else { read_section(Fields::default(), reader) }
    }

    fn schema(&self) -> Json {
        // Draft 7 ignores what is beside a `$ref`.
        json!({ "allOf": [{ "$ref": format!("#/definitions/{}", S::document().name) }] })
    }

    fn words(&self) -> String {
        "section".to_owned()
    }

    fn section(&self) -> Option<Document> {
        Some(S::document())
    }
}

/// Reads a section and applies its rules.
pub fn read_section<S: Section>(fields: Fields<'_>, reader: &mut Reader<'_>) -> Option<S> {
    let outer = reader.expands;
    reader.expands |= S::EXPANDS;
    let keys = S::read(fields, reader);
    let section = S::check(keys, reader);
    reader.expands = outer;
    section
}
