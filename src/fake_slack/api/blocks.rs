//! `blocks.validate`: checks blocks without posting them. It needs no scope.
//!
//! Source: <https://docs.slack.dev/reference/methods/blocks.validate>.

use hyper::header::CONTENT_TYPE;
use serde_json::{Map, Value, json};
use url::form_urlencoded;

use super::reply::{Call, Refusal, Reply};
use crate::block_kit::validate::{self, Fault};

/// What can be checked, and the word for an invalid one.
const KINDS: [(&str, &str); 3] =
    [("blocks", "invalid_blocks"), ("message", "invalid_message"), ("view", "invalid_view")];

pub fn validate(call: &Call<'_>) -> Reply {
    let arguments = arguments(call);
    let mut given =
        KINDS.iter().filter_map(|(name, word)| Some((word, name, arguments.get(*name)?)));
    let (Some((word, name, value)), None) = (given.next(), given.next()) else {
        let message = "must provide exactly one of `blocks`, `view`, or `message`";
        let details = json!({ "response_metadata": { "messages": [message] } });
        return Err(Refusal::with("invalid_arguments", details));
    };
    let faults = match *name {
        "blocks" => validate::blocks(value),
        _ => validate::message(&value["blocks"], &value["attachments"]),
    };
    if faults.is_empty() {
        return Ok(Map::new());
    }
    let errors: Vec<Value> = faults.iter().map(error).collect();
    Err(Refusal::with(word, json!({ "errors": errors })))
}

fn error(fault: &Fault) -> Value {
    json!({
        "code": "failed_constraint",
        "message": fault.problem.message(),
        "pointer": fault.pointer,
        "constraint": fault.problem.constraint(),
    })
}

/// Reads the arguments: a form with JSON in its values, or JSON whose values may be strings with
/// JSON.
fn arguments(call: &Call<'_>) -> Map<String, Value> {
    let is_json = call
        .headers
        .get(CONTENT_TYPE)
        .is_some_and(|kind| kind.as_bytes().to_ascii_lowercase().starts_with(b"application/json"));
    let parsed = |text: &str| serde_json::from_str(text).unwrap_or_default();
    if !is_json {
        let pairs = form_urlencoded::parse(call.body);
        return pairs.map(|(name, text)| (name.into_owned(), parsed(&text))).collect();
    }
    let Ok(Value::Object(sent)) = serde_json::from_slice(call.body) else { return Map::new() };
    sent.into_iter()
        .map(|(name, value)| match value {
            Value::String(text) => (name, parsed(&text)),
            value => (name, value),
        })
        .collect()
}
