//! Slack's Web API, as far as slackline uses it: `auth.test`, `blocks.validate`,
//! `chat.postMessage`, `conversations.info` and `conversations.list`. Pure.
//!
//! Sources: the pages of these methods on <https://docs.slack.dev/reference/methods>, and
//! <https://docs.slack.dev/apis/web-api>. Like Slack, it says in the body what is wrong: the status
//! is 200.

use hyper::HeaderMap;
use hyper::header::AUTHORIZATION;
use serde_json::{Map, Value, json};
use url::form_urlencoded;

use super::answer::Answer;
use super::record::token;
use super::script::POST_MESSAGE;
use super::workspace::Workspace;

mod blocks;

mod conversations;

mod message;

mod reply;

pub use reply::Call;

use reply::{Refusal, members};

/// The app's name, which a message without a user shows.
pub const APP: &str = "slackline";

/// Returns Slack's answer to a call.
pub fn answer(call: &Call<'_>, workspace: &mut Workspace) -> Answer {
    if let Err(refusal) = authorize(call.headers, workspace) {
        return json_answer(&refused(&refusal, workspace));
    }
    let reply = match call.method {
        "auth.test" => Ok(identity()),
        "blocks.validate" => blocks::validate(call),
        POST_MESSAGE => message::post(call, workspace),
        "conversations.info" => conversations::info(&arguments(call.body), workspace),
        "conversations.list" => conversations::list(&arguments(call.body), workspace),
        _ => Err("unknown_method".into()),
    };
    let answer = match reply {
        Ok(reply) => {
            let mut answer = members(json!({ "ok": true }));
            answer.extend(reply);
            answer
        }
        Err(refusal) => refused(&refusal, workspace),
    };
    json_answer(&answer).with_header("X-OAuth-Scopes", workspace.scopes())
}

fn authorize(headers: &HeaderMap, workspace: &Workspace) -> Result<(), Refusal> {
    if !headers.contains_key(AUTHORIZATION) {
        return Err("not_authed".into());
    }
    if workspace.accepts(token(headers)) { Ok(()) } else { Err("invalid_auth".into()) }
}

fn identity() -> Map<String, Value> {
    members(json!({
        "url": "https://fake.slack.com/",
        "team": "Fake",
        "user": APP,
        "team_id": "T00FAKE",
        "user_id": "U00FAKE",
        "bot_id": "B00FAKE",
        "is_enterprise_install": false,
    }))
}

fn refused(refusal: &Refusal, workspace: &Workspace) -> Map<String, Value> {
    let mut answer = members(json!({ "ok": false, "error": refusal.word }));
    if !refusal.needed.is_empty() {
        answer.insert("needed".to_owned(), refusal.needed.as_str().into());
        answer.insert("provided".to_owned(), workspace.scopes().into());
    }
    answer.extend(refusal.details.clone());
    answer
}

fn json_answer(members: &Map<String, Value>) -> Answer {
    let body = serde_json::to_string(members).unwrap_or_default();
    Answer::new(200, body)
}

/// Reads the arguments of a method that only reads: a form.
fn arguments(body: &[u8]) -> Vec<(String, String)> {
    form_urlencoded::parse(body).into_owned().collect()
}

#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "tests")]
mod tests;
