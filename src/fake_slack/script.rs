//! How requests are answered where the fake Slack is scripted, by the place that a request is for.
//! Pure.

use std::collections::{HashMap, VecDeque};

use super::answer::{Answer, Limit, Script};
use super::record::API;
use super::workspace;

/// The path below which all of the Web API is scripted.
const WHOLE_API: &str = "/api";

/// The method that posts a message.
pub const POST_MESSAGE: &str = "chat.postMessage";

/// What a request is for.
pub enum Place {
    /// A webhook, by its path.
    Webhook(String),
    /// A method of the Web API other than [`POST_MESSAGE`].
    Method(String),
    /// A channel to which an app posts.
    Channel {
        /// Its names: as in the request, by its name and by its ID.
        names: Vec<String>,
        /// The app's token.
        token: String,
    },
}

/// The behavior of each place.
#[derive(Default)]
pub struct Scripts {
    /// For places without their own behavior.
    everywhere: Behavior,
    paths: HashMap<String, Behavior>,
}

/// How requests are answered.
#[derive(Default)]
struct Behavior {
    /// Answers to the next requests, one each.
    next: VecDeque<Answer>,
    /// The answer to all others; `None` to answer as Slack does.
    default: Option<Answer>,
    limit: Option<Limit>,
}

impl Place {
    /// Returns the paths whose scripts hold for the place, the most specific one first.
    fn paths(&self) -> Vec<String> {
        match self {
            Self::Webhook(path) => vec![path.clone()],
            Self::Method(method) => vec![format!("{API}{method}"), WHOLE_API.to_owned()],
            Self::Channel { names, .. } => {
                let channels = names.iter().map(|name| format!("{API}{name}"));
                channels.chain([format!("{API}{POST_MESSAGE}"), WHOLE_API.to_owned()]).collect()
            }
        }
    }
}

impl Scripts {
    /// Scripts a path, or all places without their own script.
    pub fn apply(&mut self, path: Option<&str>, script: Script) {
        let behavior = match path {
            Some(path) => self.paths.entry(normal(path)).or_default(),
            None => &mut self.everywhere,
        };
        behavior.next.extend(script.answers);
        if let Some(default) = script.default {
            behavior.default = default;
        }
        if let Some(limit) = script.limit {
            behavior.limit = limit;
        }
    }

    /// Takes the scripted answer to the next request.
    pub fn next(&mut self, place: &Place) -> Option<Answer> {
        self.find(&place.paths(), |behavior| behavior.next.pop_front())
    }

    /// Returns the scripted answer to every request.
    pub fn default(&mut self, place: &Place) -> Option<Answer> {
        self.find(&place.paths(), |behavior| behavior.default.clone())
    }

    /// Returns the limits that hold for the place, each with the name of its bucket: a channel has
    /// one, and its app another.
    pub fn limits(&self, place: &Place) -> Vec<(String, Limit)> {
        let own = |path: &str| self.paths.get(path).and_then(|behavior| behavior.limit);
        let limits = match place {
            Place::Webhook(path) => [(path.clone(), own(path).or(self.everywhere.limit)), none()],
            Place::Method(method) => {
                let path = format!("{API}{method}");
                [(path.clone(), own(&path)), none()]
            }
            Place::Channel { names, token } => {
                let paths: Vec<_> = names.iter().map(|name| format!("{API}{name}")).collect();
                let limit = paths.iter().find_map(|path| own(path)).or(self.everywhere.limit);
                // The last name is the same, whatever the request calls the channel.
                let channel = paths.into_iter().next_back().unwrap_or_default();
                [(channel, limit), (format!("app {token}"), own(WHOLE_API))]
            }
        };
        limits.into_iter().filter_map(|(bucket, limit)| Some((bucket, limit?))).collect()
    }

    /// Returns what the first of the paths that has it has, or else what all places have.
    fn find<T>(
        &mut self,
        paths: &[String],
        part: impl Fn(&mut Behavior) -> Option<T>,
    ) -> Option<T> {
        let own = paths.iter().find_map(|path| self.paths.get_mut(path).and_then(&part));
        own.or_else(|| part(&mut self.everywhere))
    }
}

/// Returns the form in which a path is looked up: a channel by its name without `#`, or by its ID.
fn normal(path: &str) -> String {
    match path.strip_prefix(API) {
        Some("") => WHOLE_API.to_owned(),
        Some(channel) if !channel.contains('.') => {
            format!("{API}{}", workspace::key(channel.trim_start_matches("%23")))
        }
        _ => path.to_owned(),
    }
}

fn none() -> (String, Option<Limit>) {
    (String::new(), None)
}
