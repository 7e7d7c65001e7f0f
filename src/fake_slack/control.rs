//! The HTTP interface that scripts the fake Slack from another process:
//!
//! | request | effect |
//! | --- | --- |
//! | `POST /control/services/T/B/X` with a [`Script`] as JSON | scripts that webhook |
//! | `POST /control/api/NAME` with a [`Script`] | scripts a channel or a method |
//! | `POST /control/api` with a [`Script`] | scripts all of the Web API |
//! | `POST /control` with a [`Script`] | scripts everything without its own script |
//! | `POST /control/workspace` with [`Settings`] | sets channels, scopes and valid tokens |
//! | `GET /control` | returns the number of requests to each of them, as JSON |
//!
//! A channel is scripted by its name or ID, whichever app posts to it. A `limit` of `/control/api`
//! is that of each app; one of `/control` is that of each webhook and channel. In an answer,
//! `{"error": "not_in_channel"}` is the Web API's refusal with that word.
//!
//! ```text
//! curl localhost:9465/control -d '{"default": {"status": 503, "body": "rollup_error"}}'
//! curl localhost:9465/control -d '{"limit": {"rate": 1}}'
//! curl localhost:9465/control -d '{"default": null, "limit": null}'
//! curl localhost:9465/control/services/T/B/X -d '{"answers": [{"fault": "hang"}]}'
//! curl localhost:9465/control/api/sales -d '{"answers": [{"error": "not_in_channel"}]}'
//! curl localhost:9465/control/api -d '{"limit": {"rate": 0.5}}'
//! curl localhost:9465/control/workspace -d '{"channels": [{"name": "sales"}]}'
//! ```

use std::collections::BTreeMap;

use hyper::Method;

use super::answer::{Answer, Limit, Script};
use super::record::API;
use super::state::State;
use super::workspace::Settings;

/// The path of the settings, below `/control`.
const WORKSPACE: &str = "/workspace";

/// Answers a request below `/control`; `target` is the webhook's path, or empty.
pub fn respond(state: &State, method: &Method, target: &str, body: &[u8]) -> Answer {
    if target == WORKSPACE && *method == Method::POST {
        return set_workspace(state, body);
    }
    let path = Some(target).filter(|target| !target.is_empty() && *target != "/");
    match *method {
        Method::POST => apply(state, path, body),
        Method::GET => counts(state),
        _ => Answer::new(405, "use GET or POST\n"),
    }
}

fn set_workspace(state: &State, body: &[u8]) -> Answer {
    let is_object = body.trim_ascii_start().starts_with(b"{");
    match serde_json::from_slice::<Settings>(body) {
        Ok(_) if !is_object => Answer::new(400, "invalid settings: give a JSON object\n"),
        Ok(settings) => {
            state.set_workspace(settings);
            Answer::new(200, "done\n")
        }
        Err(error) => Answer::new(400, format!("invalid settings: {error}\n")),
    }
}

fn apply(state: &State, path: Option<&str>, body: &[u8]) -> Answer {
    match serde_json::from_slice::<Script>(body) {
        Ok(_) if !body.trim_ascii_start().starts_with(b"{") => {
            Answer::new(400, "invalid script: give a JSON object\n")
        }
        Ok(Script { limit: Some(Some(Limit { rate, .. })), .. }) if rate <= 0.0 => {
            Answer::new(400, format!("the rate `{rate}` is not above 0\n"))
        }
        Ok(script) => {
            state.apply(path, script);
            Answer::new(200, "done\n")
        }
        Err(error) => Answer::new(400, format!("invalid script: {error}\n")),
    }
}

fn counts(state: &State) -> Answer {
    let mut counts: BTreeMap<String, u64> = BTreeMap::new();
    for request in state.requests() {
        let path = match &request.channel {
            Some(channel) => format!("{API}{channel}"),
            None => request.path.clone(),
        };
        *counts.entry(path).or_default() += 1;
    }
    let mut body = serde_json::json!({ "requests": counts }).to_string();
    body.push('\n');
    Answer::new(200, body).with_header("Content-Type", "application/json")
}
