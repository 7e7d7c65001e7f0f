//! What one attempt came to, as `send` prints it: Slack's answer, what `run` would do next, and
//! what a person does about it.

use std::io::Write;

use serde_json::Value;

use crate::cli::exit::Exit;
use crate::sanitize;
use crate::send::answer::Answer;
use crate::send::cure::{cure, of_connection, of_missing_scope, of_refused_message};
use crate::send::endpoint::Attempted;
use crate::send::verdict::Verdict;

/// The longest channel, `ts` or scope of an answer, in characters.
const LONGEST: usize = 200;

/// Slack's word for a scope that the app lacks.
const MISSING_SCOPE: &str = "missing_scope";

/// What to do about an answer that another attempt may not get.
const LATER: &str = "send it again in a minute";

/// Prints what an attempt of `webhook` came to; `app` is the name of the app that posted, if one
/// did.
pub fn write(
    attempted: &Attempted,
    webhook: &str,
    app: Option<&str>,
    out: &mut dyn Write,
) -> anyhow::Result<Exit> {
    let (word, took) = (&attempted.word, attempted.took.as_millis());
    match attempted.status {
        Some(status) => {
            let said = if *word == format!("status {status}") {
                String::new()
            } else {
                format!(" `{word}`")
            };
            writeln!(out, "webhook `{webhook}` answered {status}{said} after {took} ms")?;
        }
        None => writeln!(out, "no response from webhook `{webhook}` after {took} ms: {word}")?,
    }
    if attempted.verdict == Verdict::Delivered {
        writeln!(out, "posted{}", place(attempted.answer.as_ref()))?;
        return Ok(Exit::Done);
    }
    writeln!(out, "not posted: {}", next(&attempted.verdict))?;
    if matches!(attempted.verdict, Verdict::BlocksRefused { .. }) {
        return Ok(Exit::Failed);
    }
    writeln!(out, "  help: {}", help(attempted, app))?;
    Ok(Exit::Failed)
}

/// Where an app's message is: incoming webhooks do not say it.
fn place(answer: Option<&Answer>) -> String {
    let member = |name| member(answer?, name);
    match (member("channel"), member("ts")) {
        (Some(channel), Some(ts)) => format!(": channel {channel}, ts {ts}"),
        _ => String::new(),
    }
}

/// What `run` would do next.
fn next(verdict: &Verdict) -> String {
    match verdict {
        Verdict::Delivered => String::new(),
        Verdict::Rejected { .. } => {
            "this response is final; `run` would drop the message".to_owned()
        }
        Verdict::BlocksRefused { pointer, .. } => {
            let at = pointer.as_ref().map(|pointer| format!(" at `{pointer}`")).unwrap_or_default();
            format!("the blocks were refused{at}; posting the text without them")
        }
        Verdict::RateLimited { retry_after: Some(pause) } => {
            format!("rate limited; `run` would retry after {} s", pause.as_secs_f64())
        }
        Verdict::RateLimited { retry_after: None } => {
            "rate limited; `run` would retry later".to_owned()
        }
        Verdict::MessageLimit => {
            "the workspace's limit of messages is reached; `run` would retry later".to_owned()
        }
        Verdict::Retry { retry_after: Some(pause), .. } => {
            format!("`run` would retry after {} s", pause.as_secs_f64())
        }
        Verdict::Retry { .. } => "`run` would retry".to_owned(),
        Verdict::WithoutCustomization => {
            "the app may not set user and icon; `run` would retry without them".to_owned()
        }
        Verdict::Rest { .. } => "`run` would keep the message and retry from time to time, \
                                 until this is repaired"
            .to_owned(),
    }
}

/// What a person does about it.
fn help(attempted: &Attempted, app: Option<&str>) -> String {
    let answer = attempted.answer.as_ref();
    let needed = || answer.and_then(|answer| member(answer, "needed")).unwrap_or_default();
    match &attempted.verdict {
        Verdict::Rest { word, .. } if word == MISSING_SCOPE => of_missing_scope(&needed()),
        Verdict::Rest { word, .. } => cure(word, app),
        Verdict::BlocksRefused { word, .. } => of_refused_message(word, app),
        Verdict::Rejected { word } => match answer.map(Answer::error_word) {
            Some(said) if said == *word => of_refused_message(word, app),
            // Not one of Slack's words.
            _ => of_connection(app),
        },
        Verdict::WithoutCustomization => {
            format!("{}, or leave user and icon out of the action", of_missing_scope(&needed()))
        }
        Verdict::RateLimited { retry_after: Some(pause) }
        | Verdict::Retry { retry_after: Some(pause), .. } => {
            format!("send it again in {} s", pause.as_secs_f64())
        }
        Verdict::MessageLimit => "ask the workspace's admins, or send it again later".to_owned(),
        Verdict::Retry { .. } if !is_temporary(answer) => of_connection(app),
        Verdict::RateLimited { .. } | Verdict::Retry { .. } | Verdict::Delivered => {
            LATER.to_owned()
        }
    }
}

/// Whether the receiver itself says that it cannot answer at the moment.
fn is_temporary(answer: Option<&Answer>) -> bool {
    answer.is_some_and(|answer| {
        answer.status == 408 || answer.status >= 500 || !answer.error_word().starts_with("http_")
    })
}

/// A text in the JSON object of an answer, fit for printing.
fn member(answer: &Answer, name: &str) -> Option<String> {
    let body: Value = serde_json::from_slice(&answer.body).ok()?;
    let text = sanitize::one_line(body.get(name)?.as_str()?, LONGEST);
    Some(text).filter(|text| !text.is_empty())
}
