//! Configuration: the kinds of values that its sections are made of, each with how it is read and how the JSON Schema tells it.

use std::collections::HashMap;
use std::ops::Range;
use std::time::Duration;

use super::decode::{Decode, Reader, list, nearest};
use super::source::{Source, quotable};
use super::tree::{Node, Value};
use super::{duration, scalar};

/// A value and where it stands.
pub(super) struct Located<T> {
    pub(super) value: T,
    pub(super) at: At,
}

/// A value's place, and what of it may be shown.
#[derive(Clone)]
pub(super) struct At {
    /// Its first byte.
    pub(super) start: usize,
    /// The scalar's own bytes, where a place inside the value has a place in the file.
    pub(super) token: Option<Range<usize>>,
    /// The value as a message may quote it: masked if secret, `${NAME}` unexpanded.
    pub(super) shown: String,
    /// The value is a secret: no message may tell any of it.
    pub(super) hidden: bool,
}

impl At {
    /// The byte offset in the file of the byte at `offset` of `value`; the value's beginning where that can't be said.
    pub(super) fn place(&self, source: &Source<'_>, value: &str, offset: usize) -> usize {
        self.exact(source, value, offset).unwrap_or(self.start)
    }

    /// The same; `None` where it can't be said.
    pub(super) fn exact(&self, source: &Source<'_>, value: &str, offset: usize) -> Option<usize> {
        scalar::place_in(source.text, self.token.as_ref()?, value, offset)
    }
}

/// Named sections in the file's order.
pub(super) struct Entries<T> {
    pub(super) list: Vec<(Located<String>, Located<T>)>,
    /// The names of those that could not be read, which is reported.
    pub(super) broken: Vec<String>,
}

/// A list.
pub(super) struct Items<T> {
    pub(super) list: Vec<Located<T>>,
    /// Some could not be read and are left out, which is reported.
    pub(super) is_broken: bool,
}

/// A list of brokers, or one text with commas.
pub(super) struct Brokers(pub(super) Vec<Located<String>>);

/// librdkafka's properties: name and value. Values are texts, numbers or booleans, as written.
pub(super) struct Properties(pub(super) Vec<(Located<String>, Located<String>)>);

/// A number, a fraction or not.
pub(super) struct Rate(pub(super) f64);

/// A whole number from 0.
pub(super) struct Count(pub(super) u64);

/// True or false.
pub(super) struct Flag(pub(super) bool);

/// A duration.
pub(super) struct Period(pub(super) Duration);

/// `kafka.start`.
pub(super) struct StartAt(pub(super) super::model::Start);

/// A webhook's `when_full`.
pub(super) struct Overflow(pub(super) super::model::WhenFull);

impl<T: Decode> Decode for Located<T> {
    fn decode(node: &Node, name: &str, reader: &mut Reader<'_>) -> Option<Self> {
        let value = T::decode(node, name, reader)?;
        let expanded =
            reader.expands && matches!(&node.value, Value::Text(text) if text.contains("${"));
        Some(Self { value, at: reader.at(node, expanded) })
    }
}

impl Decode for String {
    fn decode(node: &Node, name: &str, reader: &mut Reader<'_>) -> Option<Self> {
        reader.text(node, name).map(|(text, _)| text)
    }
}

impl<T: Decode> Decode for Items<T> {
    fn decode(node: &Node, name: &str, reader: &mut Reader<'_>) -> Option<Self> {
        let Value::List(list) = &node.value else {
            reader.wrong_type(node, name, "a list");
            return None;
        };
        // At once as long as it will be: a thousand actions are a megabyte, and growing would hold them twice.
        let mut items = Self { list: Vec::with_capacity(list.len()), is_broken: false };
        for node in list {
            match Located::decode(node, name, reader) {
                Some(item) => items.list.push(item),
                None => items.is_broken = true,
            }
        }
        Some(items)
    }
}

impl<T> Items<T> {
    /// Nothing is written there.
    pub(super) fn is_empty(&self) -> bool {
        self.list.is_empty() && !self.is_broken
    }
}

impl<T> Entries<T> {
    /// The names that are written there.
    pub(super) fn names(&self) -> Vec<&str> {
        let read = self.list.iter().map(|(name, _)| name.value.as_str());
        read.chain(self.broken.iter().map(String::as_str)).collect()
    }
}

impl<T: Decode> Decode for Entries<T> {
    fn decode(node: &Node, name: &str, reader: &mut Reader<'_>) -> Option<Self> {
        let Value::Map(map) = &node.value else {
            reader.wrong_type(node, name, "a mapping");
            return None;
        };
        let (mut list, mut broken) = (Vec::new(), Vec::new());
        let mut seen: HashMap<String, usize> = HashMap::new();
        for (key, value) in map {
            let Some(name) = reader.key(key) else { continue };
            if let Some(first) = seen.get(&name) {
                reader.twice(key, &name, *first);
                continue;
            }
            seen.insert(name.clone(), key.written.start);
            match Located::decode(value, &name, reader) {
                Some(value) => {
                    list.push((Located { value: name, at: reader.at(key, false) }, value))
                }
                None => broken.push(name),
            }
        }
        Some(Self { list, broken })
    }
}

impl Decode for Brokers {
    fn decode(node: &Node, name: &str, reader: &mut Reader<'_>) -> Option<Self> {
        match &node.value {
            Value::List(_) => Items::decode(node, name, reader).map(|brokers| Self(brokers.list)),
            Value::Text(_) => {
                let Located { value, at } = Located::<String>::decode(node, name, reader)?;
                let mut from = 0;
                let mut brokers = Vec::new();
                for part in value.split(',') {
                    let start = at.place(
                        reader.source,
                        &value,
                        from + part.len() - part.trim_start().len(),
                    );
                    let shown =
                        if at.token.is_some() { quotable(part.trim()) } else { at.shown.clone() };
                    brokers.push(Located {
                        value: part.trim().to_owned(),
                        at: At { start, token: None, shown, hidden: at.hidden },
                    });
                    from += part.len() + 1;
                }
                Some(Self(brokers))
            }
            _ => {
                reader.wrong_type(node, name, "a text or a list");
                None
            }
        }
    }
}

impl Decode for Properties {
    fn decode(node: &Node, name: &str, reader: &mut Reader<'_>) -> Option<Self> {
        let entries = Entries::<Property>::decode(node, name, reader)?.list;
        let as_text = |(key, Located { value: Property(value), at })| (key, Located { value, at });
        Some(Self(entries.into_iter().map(as_text).collect()))
    }
}

struct Property(String);

impl Decode for Property {
    fn decode(node: &Node, name: &str, reader: &mut Reader<'_>) -> Option<Self> {
        if let Some(text) = reader.scalar_text(node) {
            return Some(Self(text));
        }
        String::decode(node, name, reader).map(Self)
    }
}

/// A number, also as the text of an environment variable.
fn number(node: &Node, name: &str, wanted: &str, reader: &mut Reader<'_>) -> Option<f64> {
    match &node.value {
        Value::Number(number) => return Some(*number),
        Value::Text(text) if text.contains("${") => {}
        _ => {
            reader.wrong_type(node, name, wanted);
            return None;
        }
    }
    let (text, _) = reader.text(node, name)?;
    let number = text.trim().parse().ok();
    if number.is_none() {
        let message = format!("`{name}` is not {wanted} once the environment is expanded");
        reader.findings.error(node.written.start, message, "set the variable to a number");
    }
    number
}

impl Decode for Rate {
    fn decode(node: &Node, name: &str, reader: &mut Reader<'_>) -> Option<Self> {
        number(node, name, "a number", reader).map(Self)
    }
}

impl Decode for Count {
    #[allow(
        clippy::cast_possible_truncation,
        clippy::cast_sign_loss,
        reason = "checked: whole, not negative; beyond 2^64 it saturates and is refused"
    )]
    fn decode(node: &Node, name: &str, reader: &mut Reader<'_>) -> Option<Self> {
        let number = number(node, name, "a whole number", reader)?;
        if number.fract() != 0.0 || number < 0.0 {
            let message = format!("`{name}` is not a whole number from 1");
            reader.findings.error(node.written.start, message, "write a whole number, such as `1`");
            return None;
        }
        Some(Self(number as u64))
    }
}

impl Decode for Flag {
    fn decode(node: &Node, name: &str, reader: &mut Reader<'_>) -> Option<Self> {
        const HELP: &str = "write `true` or `false`";
        match &node.value {
            Value::Bool(flag) => Some(Self(*flag)),
            Value::Text(_) => {
                let (text, _) = reader.text(node, name)?;
                let flag = text.parse().ok();
                if flag.is_none() {
                    reader.findings.error(
                        node.written.start,
                        format!("`{name}` is neither true nor false"),
                        HELP,
                    );
                }
                flag.map(Self)
            }
            _ => {
                reader.wrong_type(node, name, "a boolean");
                None
            }
        }
    }
}

impl Decode for Period {
    fn decode(node: &Node, name: &str, reader: &mut Reader<'_>) -> Option<Self> {
        if let Value::Number(number) = &node.value {
            let whole = number.is_finite() && *number >= 0.0 && number.fract() == 0.0;
            let help = if whole {
                format!("write `{name}: {number}s` if seconds are meant")
            } else {
                duration::HELP.to_owned()
            };
            reader.findings.error(
                node.written.start,
                format!("`{name}` is a number without a unit"),
                help,
            );
            return None;
        }
        let (text, expanded) = reader.text(node, name)?;
        let period = duration::parse(&text);
        if period.is_none() {
            let shown = reader.at(node, expanded).shown;
            reader.findings.error(
                node.written.start,
                format!("`{name}` is no duration: `{shown}`"),
                duration::HELP,
            );
        }
        period.map(Self)
    }
}

/// One of a closed list of words.
fn word<T: Copy>(
    node: &Node,
    name: &str,
    words: &[(&str, T)],
    reader: &mut Reader<'_>,
) -> Option<T> {
    let (text, expanded) = reader.text(node, name)?;
    if let Some((_, value)) = words.iter().find(|(word, _)| *word == text) {
        return Some(*value);
    }
    let names: Vec<&str> = words.iter().map(|(word, _)| *word).collect();
    let shown = reader.at(node, expanded).shown;
    let help = match nearest(&text, &names) {
        Some(near) if !expanded => format!("did you mean `{near}`?"),
        _ => format!("write one of {}", list(&names)),
    };
    reader.findings.error(node.written.start, format!("`{name}` can't be `{shown}`"), help);
    None
}

impl Decode for StartAt {
    fn decode(node: &Node, name: &str, reader: &mut Reader<'_>) -> Option<Self> {
        use super::model::Start;
        word(node, name, &[("latest", Start::Latest), ("earliest", Start::Earliest)], reader)
            .map(Self)
    }
}

impl Decode for Overflow {
    fn decode(node: &Node, name: &str, reader: &mut Reader<'_>) -> Option<Self> {
        use super::model::WhenFull;
        let words = [
            ("drop_newest", WhenFull::DropNewest),
            ("drop_oldest", WhenFull::DropOldest),
            ("block", WhenFull::Block),
        ];
        word(node, name, &words, reader).map(Self)
    }
}
