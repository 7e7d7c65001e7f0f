//! A condition as text, and why one does not hold: what `preview` and `check` say.

use std::fmt::{self, Display, Formatter, Write};

use super::judge::Facts;
use super::{Condition, Kind, Scalar};
use crate::event::{Fields, Path, Paths, Seen, Shown, Value};
use crate::expression::evaluate::evaluate;
use crate::expression::node::{Node, write_text};

/// The most of a value that a reason shows, in characters.
const LONGEST_VALUE: usize = 80;

/// The most fields whose values a reason shows.
const MOST_FIELDS: usize = 4;

impl Condition {
    /// Why it does not hold: the first condition of an `&&` that is not true, and what the event has there.
    #[must_use]
    pub fn why(&self, facts: &Facts<'_, '_>, paths: &Paths) -> String {
        let failed = self.first_untrue(facts);
        let (value, mut parts) = match &failed.0 {
            Kind::Record(node) => of_node(node, facts.document.bare()),
            Kind::Whole(node) => match facts.document.event() {
                Some(event) => of_node(node, event),
                None => (None, Vec::new()),
            },
            Kind::Is(path) => (Some(shown(facts.fields, *path)), Vec::new()),
            _ => (None, Vec::new()),
        };
        if !matches!(failed.0, Kind::Is(_)) {
            let mut asked = Vec::new();
            failed.asks_for(&mut asked);
            parts.extend(
                asked
                    .into_iter()
                    .map(|path| (Shown(paths, path).to_string(), shown(facts.fields, path))),
            );
        }
        let mut text =
            format!("`{}` is {}", failed.show(paths), value.as_deref().unwrap_or("false"));
        for (at, (name, value)) in parts.iter().take(MOST_FIELDS).enumerate() {
            // Writing to a text does not fail.
            let _ = write!(text, "{}`{name}` is {value}", if at == 0 { ": " } else { ", " });
        }
        if parts.len() > MOST_FIELDS {
            text.push_str(", …");
        }
        text
    }

    fn first_untrue(&self, facts: &Facts<'_, '_>) -> &Condition {
        if let Kind::All(conditions) = &self.0
            && let Some(untrue) =
                conditions.iter().find(|condition| !condition.is_true(facts).unwrap_or(false))
        {
            return untrue.first_untrue(facts);
        }
        self
    }

    /// The part that takes the document, as text.
    #[must_use]
    pub fn whole_part(&self) -> Option<String> {
        self.first_whole().map(Node::to_string)
    }

    fn asks_for(&self, asked: &mut Vec<Path>) {
        let mut ask = |path: Path| {
            if !asked.contains(&path) {
                asked.push(path);
            }
        };
        match &self.0 {
            Kind::All(conditions) | Kind::Any(conditions) => {
                conditions.iter().for_each(|it| it.asks_for(asked))
            }
            Kind::Not(condition) => condition.asks_for(asked),
            Kind::Is(path)
            | Kind::Compare(path, ..)
            | Kind::OneOf(path, _)
            | Kind::Test(_, path, _) => ask(*path),
            Kind::CompareFields(a, _, b) => [*a, *b].into_iter().for_each(ask),
            Kind::Always(_) | Kind::Record(_) | Kind::Whole(_) => {}
        }
    }

    /// It as an expression.
    pub fn show<'c>(&'c self, paths: &'c Paths) -> impl Display + 'c {
        Written(self, paths)
    }
}

/// What a node gives, and the sides of a comparison that are no literals.
fn of_node(
    node: &Node,
    event: &crate::event::Event<'_>,
) -> (Option<String>, Vec<(String, String)>) {
    let of = |node: &Node| evaluate(node, event).ok().map(|value| brief(&value));
    let sides = match node {
        Node::Compare(_, sides) => vec![&sides.0, &sides.1],
        _ => Vec::new(),
    };
    let sides = sides.into_iter().filter(|side| !matches!(side, Node::Literal(_)));
    (of(node), sides.filter_map(|side| Some((side.to_string(), of(side)?))).collect())
}

fn shown(fields: Fields<'_, '_>, path: Path) -> String {
    let json = |json: &str| Value::parse(json).map(|value| brief(&value)).unwrap_or_default();
    match fields.get(path) {
        Seen::Null => brief(&Value::Null),
        Seen::Bool(bool) => brief(&Value::Bool(bool)),
        Seen::Number(written) => brief(&Value::Written(written)),
        Seen::String(text) => brief(&text.decode().into()),
        Seen::Array(text) | Seen::Object(text) => json(text),
    }
}

fn brief(value: &Value<'_>) -> String {
    let mut text = String::new();
    value.write_json(&mut text);
    if let Some((end, _)) = text.char_indices().nth(LONGEST_VALUE) {
        text.truncate(end);
        text.push('…');
    }
    text
}

struct Written<'c>(&'c Condition, &'c Paths);

impl Display for Written<'_> {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        let paths = self.1;
        let joined = |conditions: &[Condition], by: &str, f: &mut Formatter<'_>| {
            for (at, condition) in conditions.iter().enumerate() {
                f.write_str(if at > 0 { by } else { "" })?;
                part(condition, paths, f)?;
            }
            Ok(())
        };
        match &self.0.0 {
            Kind::Always(always) => write!(f, "`{always}`"),
            Kind::All(conditions) => joined(conditions, " && ", f),
            Kind::Any(conditions) => joined(conditions, " || ", f),
            Kind::Not(condition) => {
                // `!a == b` would be `(!a) == b`, and `!a.b` is `(!a).b`.
                match &condition.0 {
                    Kind::Test(..) | Kind::OneOf(..) | Kind::Always(_) => {
                        write!(f, "!{}", condition.show(paths))
                    }
                    _ => write!(f, "!({})", condition.show(paths)),
                }
            }
            Kind::Is(path) => Shown(paths, *path).fmt(f),
            Kind::Compare(path, comparison, scalar) => {
                write!(f, "{} {} {scalar}", Shown(paths, *path), comparison.sign())
            }
            Kind::CompareFields(a, comparison, b) => {
                write!(f, "{} {} {}", Shown(paths, *a), comparison.sign(), Shown(paths, *b))
            }
            Kind::OneOf(path, scalars) => {
                f.write_str("contains([")?;
                for (at, scalar) in scalars.iter().enumerate() {
                    write!(f, "{}{scalar}", if at > 0 { ", " } else { "" })?;
                }
                write!(f, "], {})", Shown(paths, *path))
            }
            Kind::Test(test, path, scalar) => {
                write!(f, "{}({}, {scalar})", test.function().name(), Shown(paths, *path))
            }
            Kind::Record(node) | Kind::Whole(node) => node.fmt(f),
        }
    }
}

/// A part of a chain, in brackets where it would come apart.
fn part(condition: &Condition, paths: &Paths, f: &mut Formatter<'_>) -> fmt::Result {
    let whole = match &condition.0 {
        Kind::All(_) | Kind::Any(_) => false,
        Kind::Record(node) | Kind::Whole(node) => node.is_operand(),
        _ => true,
    };
    if whole { Written(condition, paths).fmt(f) } else { write!(f, "({})", condition.show(paths)) }
}

impl Display for Scalar {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        match self {
            Scalar::Null => f.write_str("`null`"),
            Scalar::Bool(bool) => write!(f, "`{bool}`"),
            Scalar::Number(number) => write!(f, "`{}`", number.written),
            Scalar::Text(text) => write_text(text, f),
        }
    }
}
