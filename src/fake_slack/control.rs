//! The HTTP interface that scripts the fake Slack from another process:
//!
//! | request | effect |
//! | --- | --- |
//! | `POST /control/services/T/B/X` with a [`Script`] as JSON | scripts that webhook |
//! | `POST /control` with a [`Script`] | scripts all webhooks without their own script |
//! | `GET /control` | returns the number of requests to each path, as JSON |
//!
//! ```text
//! curl localhost:9465/control -d '{"default": {"status": 503, "body": "rollup_error"}}'
//! curl localhost:9465/control -d '{"limit": {"rate": 1}}'
//! curl localhost:9465/control -d '{"default": null, "limit": null}'
//! curl localhost:9465/control/services/T/B/X -d '{"answers": [{"fault": "hang"}]}'
//! ```

use std::collections::BTreeMap;

use hyper::Method;

use super::answer::{Answer, Limit, Script};
use super::state::State;

/// Answers a request below `/control`; `target` is the webhook's path, or empty.
pub fn respond(state: &State, method: &Method, target: &str, body: &[u8]) -> Answer {
    let path = Some(target).filter(|target| !target.is_empty() && *target != "/");
    match *method {
        Method::POST => apply(state, path, body),
        Method::GET => counts(state),
        _ => Answer::new(405, "use GET or POST\n"),
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
        *counts.entry(request.path.clone()).or_default() += 1;
    }
    let mut body = serde_json::json!({ "requests": counts }).to_string();
    body.push('\n');
    Answer::new(200, body).with_header("Content-Type", "application/json")
}
