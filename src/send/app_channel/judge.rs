//! What an answer of `chat.postMessage` means.
//!
//! Pure. Invariant: every answer, however broken, has exactly one verdict.

use std::time::SystemTime;

use serde::Deserialize;
use serde::de::DeserializeOwned;
use serde_json::value::RawValue;

use crate::metrics::AttemptResult;
use crate::send::answer::{Answer, BodyEnd};
use crate::send::said::{Said, is_word};
use crate::send::verdict::{Repair, Verdict};

/// The scope without which user and icon are refused.
const CUSTOMIZE: &str = "chat:write.customize";

/// A person must repair the credential.
const CREDENTIAL: &[&str] = &[
    "access_denied",
    "account_inactive",
    "accesslimited",
    "app_access_restricted",
    "ekm_access_denied",
    "enterprise_is_restricted",
    "invalid_auth",
    "missing_scope",
    "no_permission",
    "not_allowed_token_type",
    "not_authed",
    "team_access_not_granted",
    "token_expired",
    "token_revoked",
    "two_factor_setup_required",
];

/// A person must repair the channel. So do those that start with [`RESTRICTED`].
const CHANNEL: &[&str] = &[
    "channel_not_found",
    "is_archived",
    "messages_tab_disabled",
    "not_in_channel",
    "team_not_found",
];

/// The start of the words for what the workspace's rules forbid.
const RESTRICTED: &str = "restricted_action";

/// About threads, to which no message goes.
const THREADS: &[&str] =
    &["restricted_action_non_threadable_channel", "restricted_action_thread_locked"];

/// Another attempt may succeed. After some of them a part may have succeeded already.
const TEMPORARY: &[&str] = &[
    "fatal_error",
    "internal_error",
    "org_login_required",
    "request_timeout",
    "service_unavailable",
    "team_added_to_org",
];

/// Final, besides every word that is not known: these also decide where the status is an error.
const FINAL: &[&str] = &[
    "attachment_payload_limit_exceeded",
    "invalid_arg_name",
    "invalid_arguments",
    "invalid_array_arg",
    "invalid_blocks",
    "invalid_blocks_format",
    "invalid_charset",
    "invalid_form_data",
    "invalid_json",
    "invalid_metadata_format",
    "invalid_metadata_schema",
    "invalid_post_type",
    "json_not_object",
    "markdown_text_conflict",
    "metadata_must_be_sent_from_app",
    "metadata_too_large",
    "missing_post_type",
    "msg_blocks_too_long",
    "msg_too_long",
    "no_text",
    "too_many_attachments",
];

/// The members of an answer that decide. Each may be anything.
#[derive(Default, Deserialize)]
struct Response<'a> {
    #[serde(borrow)]
    ok: Option<&'a RawValue>,
    #[serde(borrow)]
    error: Option<&'a RawValue>,
    #[serde(borrow)]
    needed: Option<&'a RawValue>,
}

/// Judges an answer. `customized`: the request had a user or an icon.
pub fn judge(answer: &Answer, customized: bool, now: SystemTime) -> Verdict {
    let response: Response<'_> = serde_json::from_slice(&answer.body).unwrap_or_default();
    let word = error(&response, answer);
    let retry = |result, word| {
        let retry_after = answer.retry_after(now);
        Verdict::Retry { result, word, retry_after }
    };
    let by_word = |word: &str| by_word(word, &response, customized, answer, now);
    match answer.status {
        200..=299 => match (read::<bool>(response.ok), answer.body_end) {
            (Some(true), _) => Verdict::Delivered,
            (Some(false), _) => {
                let word = word.unwrap_or_else(|| answer.word_with_status());
                by_word(&word).unwrap_or(Verdict::Rejected { word })
            }
            // The word that decides never arrived. A duplicate does less harm than a lost message.
            (None, BodyEnd::ConnectionLost) => {
                retry(AttemptResult::Connect, "connection lost during the answer".to_owned())
            }
            (None, BodyEnd::TimedOut) => {
                retry(AttemptResult::Timeout, "no whole answer within the timeout".to_owned())
            }
            (None, BodyEnd::Complete) => {
                retry(AttemptResult::ServerError, answer.word_with_status())
            }
        },
        429 => Verdict::RateLimited { retry_after: answer.retry_after(now) },
        408 | 500.. => retry(AttemptResult::ServerError, answer.word_with_status()),
        status => {
            let known = word.as_deref().and_then(by_word);
            known.unwrap_or_else(|| match status {
                400 | 413 => Verdict::Rejected { word: answer.word_with_status() },
                _ => Verdict::Rest { word: format!("http_{status}"), whose: Repair::App },
            })
        }
    }
}

/// What a known word means.
fn by_word(
    word: &str,
    response: &Response<'_>,
    customized: bool,
    answer: &Answer,
    now: SystemTime,
) -> Option<Verdict> {
    let named = || word.to_owned();
    let rest = |whose| Some(Verdict::Rest { word: named(), whose });
    match word {
        "ratelimited" | "rate_limited" => {
            Some(Verdict::RateLimited { retry_after: answer.retry_after(now) })
        }
        "message_limit_exceeded" => Some(Verdict::MessageLimit),
        "missing_scope" if customized && needs_only_customize(response) => {
            Some(Verdict::WithoutCustomization)
        }
        _ if CREDENTIAL.contains(&word) => rest(Repair::App),
        _ if THREADS.contains(&word) || FINAL.contains(&word) => {
            Some(Verdict::Rejected { word: named() })
        }
        _ if CHANNEL.contains(&word) || word.starts_with(RESTRICTED) => rest(Repair::Channel),
        _ if TEMPORARY.contains(&word) => Some(Verdict::Retry {
            result: AttemptResult::ServerError,
            word: named(),
            retry_after: answer.retry_after(now),
        }),
        _ => None,
    }
}

/// Slack's word for the error: the object's, or the whole body.
fn error(response: &Response<'_>, answer: &Answer) -> Option<String> {
    if response.error.is_some() {
        return read::<String>(response.error).filter(|word| is_word(word));
    }
    match answer.status {
        200..=299 => None,
        _ => match answer.said() {
            Said::Word(word) => Some(word),
            _ => None,
        },
    }
}

/// Whether the scope for user and icon is the only one that is missing: `needed` is a list with
/// commas.
fn needs_only_customize(response: &Response<'_>) -> bool {
    read::<String>(response.needed)
        .is_some_and(|needed| needed.split(',').all(|scope| scope.trim() == CUSTOMIZE))
}

/// A member's value, where it is of this kind.
fn read<T: DeserializeOwned>(member: Option<&RawValue>) -> Option<T> {
    serde_json::from_str(member?.get()).ok()
}

#[cfg(test)]
mod tests;
