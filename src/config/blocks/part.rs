//! Blocks as compiled: JSON with templates in its texts, and conditions and loops in its lists.

use serde_json::Value as Json;

use crate::expression::Expression;
use crate::expression::template::Template;

/// A part of a block.
#[derive(Clone)]
pub struct Part {
    /// Where it starts in the configuration file, in bytes.
    pub at: usize,
    /// Its value.
    pub content: Content,
}

/// The value of a part.
#[derive(Clone)]
pub enum Content {
    /// A value without a template.
    Constant(Json),
    /// A text with a template.
    Text(Template, Insert),
    /// A list, whose entries may be conditional or repeated.
    List(Vec<Entry>),
    /// An object.
    Object(Vec<(Box<str>, Part)>),
}

/// How values are inserted into a text.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Insert {
    /// Slack reads markup in it: values are escaped.
    Markup,
    /// Slack shows it unchanged.
    Plain,
    /// A link: what would end it is percent-encoded.
    Url,
}

/// An entry of a list.
#[derive(Clone)]
pub struct Entry {
    /// What it is repeated for.
    pub each: Option<Each>,
    /// It is left out where this is false; beside `each`, for each element.
    pub condition: Option<Expression>,
    /// What is shown.
    pub part: Part,
}

/// A loop over the elements of a list.
#[derive(Clone)]
pub struct Each {
    /// The list.
    pub list: Expression,
    /// The name of the element.
    pub name: Box<str>,
    /// The most elements that are shown.
    pub limit: Option<usize>,
}

impl Entry {
    /// Whether it is always there, once.
    #[must_use]
    pub fn is_certain(&self) -> bool {
        self.each.is_none() && self.condition.is_none()
    }
}

impl Part {
    /// Whether it holds no template, condition or loop.
    #[must_use]
    pub fn is_constant(&self) -> bool {
        match &self.content {
            Content::Constant(_) => true,
            Content::Text(..) => false,
            Content::List(entries) => {
                entries.iter().all(|entry| entry.is_certain() && entry.part.is_constant())
            }
            Content::Object(members) => members.iter().all(|(_, part)| part.is_constant()),
        }
    }

    /// Adds the templates of the texts.
    pub fn templates<'p>(&'p self, templates: &mut Vec<&'p Template>) {
        match &self.content {
            Content::Constant(_) => {}
            Content::Text(template, _) => templates.push(template),
            Content::List(entries) => {
                entries.iter().for_each(|entry| entry.part.templates(templates));
            }
            Content::Object(members) => {
                members.iter().for_each(|(_, part)| part.templates(templates));
            }
        }
    }

    /// Returns the part at a JSON pointer, or the nearest one around it. With `only_certain`, lists
    /// count only the entries that are always there.
    #[must_use]
    pub fn find(&self, pointer: &str, only_certain: bool) -> &Self {
        let mut part = self;
        for step in pointer.split('/').skip(1) {
            let inner = match &part.content {
                Content::List(entries) => {
                    let mut counted =
                        entries.iter().filter(|entry| !only_certain || entry.is_certain());
                    let index: Option<usize> = step.parse().ok();
                    index.and_then(|index| counted.nth(index)).map(|entry| &entry.part)
                }
                Content::Object(members) => {
                    members.iter().find(|(name, _)| **name == *step).map(|(_, part)| part)
                }
                Content::Constant(_) | Content::Text(..) => None,
            };
            match inner {
                Some(inner) => part = inner,
                None => return part,
            }
        }
        part
    }

    /// Returns a value that the part can have: with every entry once, or only those that are
    /// always there.
    #[must_use]
    pub fn sample(&self, only_certain: bool) -> Json {
        match &self.content {
            Content::Constant(value) => value.clone(),
            Content::Text(_, Insert::Url) => Json::from("https://slack.example"),
            Content::Text(..) => Json::from("x"),
            Content::List(entries) => {
                let counted = entries.iter().filter(|entry| !only_certain || entry.is_certain());
                counted.map(|entry| entry.part.sample(only_certain)).collect()
            }
            Content::Object(members) => members
                .iter()
                .map(|(name, part)| (name.to_string(), part.sample(only_certain)))
                .collect::<serde_json::Map<_, _>>()
                .into(),
        }
    }
}
