//! Slack's own answers to a request. Pure.

use super::answer::Answer;
use super::record::Post;

/// Returns Slack's answer to a message for `path`.
///
/// Slack's documentation
/// (<https://docs.slack.dev/messaging/sending-messages-using-incoming-webhooks/>) does not state
/// the status of `no_text`, `too_many_attachments` and of the words for invalid blocks (400 here,
/// as for every invalid body) and of `no_service` (404 here, as for a removed webhook).
pub fn answer(path: &str, post: Option<&Post>) -> Answer {
    let segments = path
        .strip_prefix("/services/")
        .map(|rest| rest.split('/').filter(|segment| !segment.is_empty()).count());
    match (segments, post) {
        (None | Some(0), _) => Answer::new(404, "no_service"),
        (_, None) => Answer::new(400, "invalid_payload"),
        (_, Some(post)) if is_blank(post) => Answer::new(400, "no_text"),
        (_, Some(post)) => match post.faults().first() {
            Some(fault) => Answer::new(400, fault.word),
            None => Answer::default(),
        },
    }
}

/// Parses a request's body: a JSON object whose members have the right types. (serde would accept a
/// list, too.)
pub fn read(body: &[u8]) -> Option<Post> {
    body.trim_ascii_start().starts_with(b"{").then(|| serde_json::from_slice(body).ok())?
}

/// Whether nothing would be shown.
pub fn is_blank(post: &Post) -> bool {
    post.text.as_deref().unwrap_or_default().trim().is_empty() && post.is_plain()
}
