//! Where the value of a key is from, as messages call it. Pure.

use serde_json::Value as Json;

use super::section::SettingValue;
use super::tree::{Node, Value};

/// Where a credential is from.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Origin {
    /// The value of this key, as written.
    Key(&'static str),
    /// This environment variable alone.
    Variable(String),
    /// A file, named as configured.
    File(String),
}

impl Origin {
    /// The origin of the value of `key`.
    pub fn of(node: &Node, key: &'static str) -> Self {
        let Value::Text(text) = &node.value else { return Self::Key(key) };
        let text = text.trim();
        let inside = text.strip_prefix("${").and_then(|rest| rest.strip_suffix('}'));
        match inside.filter(|name| !name.contains(['$', '{', '}', ':'])) {
            Some(name) => Self::Variable(name.to_owned()),
            None => Self::Key(key),
        }
    }

    /// How messages call it.
    pub fn owner(&self) -> String {
        match self {
            Self::Key(key) => format!("`{key}`"),
            Self::Variable(name) => format!("the variable `{name}`"),
            Self::File(name) => format!("the content of `{name}`"),
        }
    }

    /// A message about the value.
    pub fn message(&self, what: &str) -> String {
        format!("{} {what}", self.owner())
    }

    /// A message about `value`, which is not what it should be. Says how long it is where the
    /// author does not see it: that shows what was stored in its place.
    pub fn not_usable(&self, what: &str, value: &str) -> String {
        let message = self.message(what);
        match self {
            Self::Key(_) => message,
            _ => format!("{message}; it is {} characters long", value.chars().count()),
        }
    }
}

impl SettingValue for Origin {
    fn shown(&self) -> Json {
        match self {
            Self::Key(_) => "configuration".into(),
            Self::Variable(name) => format!("variable {name}").into(),
            Self::File(name) => format!("file {name}").into(),
        }
    }
}
