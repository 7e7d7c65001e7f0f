//! The key that an event does have, for a path that leads to none: other case, other separators, a
//! dot in the key, a typing error, another object.
//!
//! Invariant: only names of keys are returned, never a value.

use std::collections::VecDeque;

use super::name::written;
use crate::event::{Value, View};

/// The most objects and keys that are searched.
const MAX_OBJECTS: usize = 200;
const MAX_KEYS: usize = 2000;

/// Returns the path of what `names` probably mean, if the key they name is missing in `root`.
pub fn nearest(root: &Value<'_>, names: &[&str]) -> Option<String> {
    let path = match found(root, names)? {
        Found::Exact => return None,
        Found::Near(path) => path,
        Found::Missing => elsewhere(root, names)?,
    };
    Some(text(&path))
}

enum Found {
    /// The key is there, whatever its value.
    Exact,
    Near(Vec<String>),
    Missing,
}

/// Follows names as far as there are keys; `None` where there is no object.
fn found(at: &Value<'_>, names: &[&str]) -> Option<Found> {
    let Some((first, rest)) = names.split_first() else { return Some(Found::Exact) };
    let object = match at.view() {
        View::Object(object) => object,
        View::Array(elements) => {
            let found = found(elements.first()?, names)?;
            let mut path = vec!["[*]".to_owned()];
            match found {
                Found::Exact => path.extend(names.iter().map(|name| (*name).to_owned())),
                Found::Near(near) => path.extend(near),
                Found::Missing => return None,
            }
            return Some(Found::Near(path));
        }
        _ => return None,
    };
    let with = |key: &str, value: &Value<'_>, rest: &[&str]| {
        let mut path = vec![key.to_owned()];
        match found(value, rest)? {
            Found::Exact => path.extend(rest.iter().map(|name| (*name).to_owned())),
            Found::Near(near) => path.extend(near),
            Found::Missing => return None,
        }
        Some(path)
    };
    if let Some(value) = object.get(first) {
        return Some(match found(value, rest)? {
            Found::Near(near) => {
                Found::Near([(*first).to_owned()].into_iter().chain(near).collect())
            }
            other => other,
        });
    }
    let keys = || object.iter().take(MAX_KEYS);
    // A key with dots: `labels."agent.ip"`.
    for count in (2..=names.len()).rev() {
        let (joined, rest) = names.split_at(count);
        let joined = normal(&joined.join("."));
        let dotted = keys().find(|(key, _)| key.contains('.') && normal(key) == joined);
        if let Some(path) = dotted.and_then(|(key, value)| with(key, value, rest)) {
            return Some(Found::Near(path));
        }
    }
    let wanted = normal(first);
    let same = keys().filter(|(key, _)| normal(key) == wanted);
    if let Some(path) = same.filter_map(|(key, value)| with(key, value, rest)).next() {
        return Some(Found::Near(path));
    }
    let near = keys().filter_map(|(key, value)| {
        let distance = strsim::damerau_levenshtein(&wanted, &normal(key));
        (distance <= tolerance(&wanted)).then_some((distance, key, value))
    });
    let mut near: Vec<_> = near.collect();
    near.sort_by_key(|(distance, ..)| *distance);
    let path = near.into_iter().find_map(|(_, key, value)| with(key, value, rest));
    Some(path.map_or(Found::Missing, Found::Near))
}

/// Finds the names in another object, the outer ones first; or their last ones at the root.
fn elsewhere(root: &Value<'_>, names: &[&str]) -> Option<Vec<String>> {
    let mut queue = VecDeque::from([(root, Vec::new())]);
    let mut searched = 0;
    while let Some((at, path)) = queue.pop_front()
        && searched < MAX_OBJECTS
    {
        let View::Object(object) = at.view() else { continue };
        searched += 1;
        if !path.is_empty() && leads_to_key(at, names) {
            return Some(joined(path, names));
        }
        for (key, value) in object.iter().take(MAX_KEYS) {
            if matches!(value.view(), View::Object(_)) && path.len() < 4 {
                let mut inner: Vec<String> = path.clone();
                inner.push(key.to_owned());
                queue.push_back((value, inner));
            }
        }
    }
    let ends = (1..names.len()).filter_map(|from| names.get(from..));
    ends.filter(|end| leads_to_key(root, end)).map(|end| joined(Vec::new(), end)).next()
}

fn joined(mut path: Vec<String>, names: &[&str]) -> Vec<String> {
    path.extend(names.iter().map(|name| (*name).to_owned()));
    path
}

fn leads_to_key(at: &Value<'_>, names: &[&str]) -> bool {
    let Some((first, rest)) = names.split_first() else { return true };
    let View::Object(object) = at.view() else { return false };
    object.get(first).is_some_and(|value| leads_to_key(value, rest))
}

/// A name without what differs between conventions: case and separators.
fn normal(name: &str) -> String {
    let letters: String = name.chars().filter(|c| c.is_alphanumeric()).collect();
    if letters.is_empty() { name.to_owned() } else { letters.to_lowercase() }
}

/// How many typing errors a name may have: none in a short one.
fn tolerance(name: &str) -> usize {
    match name.chars().count() {
        0..4 => 0,
        4..8 => 1,
        _ => 2,
    }
}

fn text(path: &[String]) -> String {
    let mut text = String::new();
    for name in path {
        if name == "[*]" {
            text.push_str(name);
            continue;
        }
        if !text.is_empty() {
            text.push('.');
        }
        text.push_str(&written(name));
    }
    text
}

#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "tests")]
mod tests {
    use super::*;

    #[test]
    fn a_missing_key_has_the_nearest_one_that_is_there() {
        for (event, names, expected) in [
            (r#"{"labels":{"agent.ip":"x"}}"#, "labels agent ip", r#"labels."agent.ip""#),
            (r#"{"labels.agent.ip":"x"}"#, "labels agent ip", r#""labels.agent.ip""#),
            (r#"{"a.b":{"c":1}}"#, "a b c", r#""a.b".c"#),
            (r#"{"event_type":"x"}"#, "eventType", "event_type"),
            (r#"{"EventType":"x"}"#, "event_type", "EventType"),
            (r#"{"event-type":null}"#, "eventType", r#""event-type""#),
            (r#"{"Event Type":null}"#, "event_type", r#""Event Type""#),
            (r#"{"Properties":{"Name":"x"}}"#, "properties name", "Properties.Name"),
            (r#"{"properties":{"custmer":"x"}}"#, "properties customer", "properties.custmer"),
            (r#"{"properties":{"plan":"x"}}"#, "plan", "properties.plan"),
            (r#"{"a":{"b":{"plan":"x"}}}"#, "plan", "a.b.plan"),
            (r#"{"plan":"x"}"#, "properties plan", "plan"),
            (r#"{"items":[{"name":"x"}]}"#, "items name", "items[*].name"),
        ] {
            let names: Vec<&str> = names.split(' ').collect();
            let event = Value::parse(event).unwrap();
            assert_eq!(nearest(&event, &names).as_deref(), Some(expected), "{names:?}");
        }
    }

    #[test]
    fn a_key_that_is_there_or_has_no_like_has_none() {
        for (event, names) in [
            (r#"{"plan":null,"Plan":"x"}"#, "plan"),
            (r#"{"a":{"plan":null},"plan":"x"}"#, "a plan"),
            (r#"{"plan":"x"}"#, "seats"),
            (r#"{"ip":"x"}"#, "id"),
            (r#"{"a":"text"}"#, "a b"),
            (r#"{"a":[]}"#, "a b"),
            (r#"{"properties":{"plan":"x"}}"#, "plan name"),
            ("{}", "a b c"),
        ] {
            let names: Vec<&str> = names.split(' ').collect();
            assert_eq!(nearest(&Value::parse(event).unwrap(), &names), None, "{names:?}");
        }
    }
}
