//! What an answer of the Web API says. Pure.
//!
//! Invariant: every answer, however broken, is a reply or a [`Failure`].

use std::collections::BTreeSet;
use std::time::{Duration, SystemTime};

use bytes::Bytes;
use serde::Deserialize;
use serde::de::DeserializeOwned;

use crate::sanitize;
use crate::send::answer::Answer;

/// The most characters of a name.
const LONGEST_NAME: usize = 100;

/// An answer with the app's scopes.
#[derive(Debug)]
pub struct Reply<T> {
    /// The scopes of the token; `None`: the answer does not list them.
    pub scopes: Option<Scopes>,
    /// What the method returns.
    pub body: T,
}

/// The scopes of a token.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Scopes(BTreeSet<String>);

/// Whose token it is.
#[derive(Debug, Default, Deserialize)]
pub struct Identity {
    /// The workspace's name.
    #[serde(default)]
    pub team: String,
    /// The bot's name.
    #[serde(default)]
    pub user: String,
}

/// One channel.
#[derive(Debug, Clone, Default, PartialEq, Eq, Deserialize)]
pub struct Conversation {
    /// Its ID.
    pub id: String,
    /// Its name without `#`; empty for a direct message.
    #[serde(default)]
    pub name: String,
    /// Whether the app is a member; `None`: Slack does not say it.
    #[serde(default)]
    pub is_member: Option<bool>,
    /// Whether it is archived.
    #[serde(default)]
    pub is_archived: bool,
    /// Whether only members see it.
    #[serde(default)]
    pub is_private: bool,
    /// Whether it is a direct message.
    #[serde(default)]
    pub is_im: bool,
}

/// `conversations.info`.
#[derive(Debug, Deserialize)]
pub struct OneConversation {
    pub channel: Conversation,
}

/// One page of `conversations.list`.
#[derive(Debug, Default, Deserialize)]
pub struct ConversationPage {
    /// The channels.
    #[serde(default)]
    pub channels: Vec<Conversation>,
    #[serde(default)]
    response_metadata: Metadata,
}

#[derive(Debug, Default, Deserialize)]
struct Metadata {
    #[serde(default)]
    next_cursor: String,
}

/// What `blocks.validate` says of blocks.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Validation {
    /// Slack would take them.
    Valid,
    /// Slack would refuse them.
    Invalid {
        /// Slack's word, such as `invalid_blocks`.
        word: String,
        /// What is wrong, fit for printing. It may be empty.
        faults: Vec<BlockFault>,
    },
}

/// One fault of blocks in Slack's words, fit for printing.
#[derive(Debug, Clone, Default, PartialEq, Eq, Deserialize)]
#[serde(default)]
pub struct BlockFault {
    /// A JSON pointer to the value.
    pub pointer: String,
    /// What is wrong with it.
    pub message: String,
}

#[derive(Default, Deserialize)]
struct InvalidBlocks {
    #[serde(default)]
    errors: Vec<BlockFault>,
}

/// What every answer has.
#[derive(Deserialize)]
struct Envelope {
    ok: bool,
    #[serde(default)]
    error: String,
    #[serde(default)]
    needed: String,
}

/// Why there is no reply.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Failure {
    /// Slack refuses, with its word.
    Refused {
        /// Slack's word, such as `invalid_auth`; `http_404` where the answer is not Slack's.
        word: String,
        /// The scopes that are missing, separated by commas; empty for other words.
        needed: String,
    },
    /// Slack is asked too often; with the time to wait.
    Throttled(Option<Duration>),
    /// Slack cannot answer at the moment; with its word, or the status.
    Unavailable(String),
    /// The answer is not one of Slack's Web API.
    NotSlack,
    /// There is no answer, for this reason.
    NoAnswer(String),
}

/// Slack's words for what `blocks.validate` finds invalid.
const INVALID: [&str; 3] = ["invalid_blocks", "invalid_message", "invalid_blocks_format"];

/// The most characters of a pointer or a message, and the most faults.
const LONGEST_FAULT: usize = 200;
const MOST_FAULTS: usize = 20;

/// Slack's words for its own trouble.
const TROUBLE: &[&str] = &[
    "internal_error",
    "fatal_error",
    "request_timeout",
    "service_unavailable",
    "team_added_to_org",
    "org_login_required",
];

impl Scopes {
    /// Reads the header: names separated by commas.
    #[must_use]
    pub fn read(header: &str) -> Self {
        let names = header.split(',').map(str::trim).filter(|name| !name.is_empty());
        Self(names.map(str::to_owned).collect())
    }

    /// Whether the token has a scope.
    #[must_use]
    pub fn has(&self, scope: &str) -> bool {
        self.0.contains(scope)
    }
}

impl ConversationPage {
    /// Where the next page starts; `None` at the end.
    #[must_use]
    pub fn next(&self) -> Option<&str> {
        Some(self.response_metadata.next_cursor.as_str()).filter(|cursor| !cursor.is_empty())
    }
}

impl Identity {
    /// The workspace's name, fit for printing.
    #[must_use]
    pub fn team(&self) -> String {
        sanitize::one_line(&self.team, LONGEST_NAME)
    }

    /// The bot's name, fit for printing.
    #[must_use]
    pub fn user(&self) -> String {
        sanitize::one_line(&self.user, LONGEST_NAME)
    }
}

impl Conversation {
    /// Its name with `#`, or its ID where it has none; fit for printing.
    #[must_use]
    pub fn shown(&self) -> String {
        match self.name.as_str() {
            "" => sanitize::one_line(&self.id, LONGEST_NAME),
            name => format!("#{}", sanitize::one_line(name, LONGEST_NAME)),
        }
    }
}

/// Reads an answer; `now` is when it was read, which matters for a `Retry-After` that is a date.
pub fn read<T: DeserializeOwned>(
    status: u16,
    retry_after: Option<String>,
    body: Bytes,
    now: SystemTime,
) -> Result<T, Failure> {
    let answer = Answer { status, retry_after, body, ..Answer::default() };
    let envelope: Option<Envelope> = serde_json::from_slice(&answer.body).ok();
    let word = envelope.as_ref().map(|envelope| envelope.error.as_str()).unwrap_or_default();
    if status == 429 || ["ratelimited", "rate_limited"].contains(&word) {
        return Err(Failure::Throttled(answer.retry_after(now)));
    }
    let http = || format!("http_{status}");
    match envelope {
        _ if status == 408 || status >= 500 => Err(Failure::Unavailable(http())),
        Some(Envelope { ok: true, .. }) if status == 200 => {
            serde_json::from_slice(&answer.body).map_err(|_| Failure::NotSlack)
        }
        Some(Envelope { ok: false, error, .. }) if TROUBLE.contains(&error.as_str()) => {
            Err(Failure::Unavailable(error))
        }
        Some(Envelope { ok: false, error, needed }) if is_word(&error) => {
            let is_scope = |c: char| c.is_ascii_alphanumeric() || ":._-, ".contains(c);
            let needed = if needed.chars().all(is_scope) { needed } else { String::new() };
            Err(Failure::Refused { word: error, needed: sanitize::one_line(&needed, LONGEST_NAME) })
        }
        _ if status == 200 => Err(Failure::NotSlack),
        _ => Err(Failure::Refused { word: http(), needed: String::new() }),
    }
}

/// Reads the answer of `blocks.validate`.
pub fn read_validation(
    status: u16,
    retry_after: Option<String>,
    body: Bytes,
    now: SystemTime,
) -> Result<Validation, Failure> {
    let answer = read::<serde::de::IgnoredAny>(status, retry_after, body.clone(), now);
    let Err(Failure::Refused { word, .. }) = &answer else {
        return answer.map(|_| Validation::Valid);
    };
    if !INVALID.contains(&word.as_str()) {
        return answer.map(|_| Validation::Valid);
    }
    // Faults in another form than the documented one are not shown, but the word is.
    let invalid: InvalidBlocks = serde_json::from_slice(&body).unwrap_or_default();
    let shown = invalid.errors.into_iter().take(MOST_FAULTS).map(|fault| BlockFault {
        pointer: sanitize::one_line(&fault.pointer, LONGEST_FAULT),
        message: sanitize::one_line(&fault.message, LONGEST_FAULT),
    });
    Ok(Validation::Invalid { word: word.clone(), faults: shown.collect() })
}

fn is_word(text: &str) -> bool {
    (1..=64).contains(&text.len())
        && text.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'_')
}
