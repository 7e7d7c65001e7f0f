//! What the body of an answer says.
//!
//! Pure. Invariant: nothing of a body leaves this file but a word that looks like one of Slack's:
//! a body may repeat the request, and so contain event data.

use serde_json::Value;

/// The most characters of a word. Slack's longest error word has 41.
const LONGEST_WORD: usize = 64;

/// Slack's error words: those of incoming webhooks, then those of `chat.postMessage`, which
/// compatible receivers use
/// (<https://docs.slack.dev/messaging/sending-messages-using-incoming-webhooks#handling_errors>,
/// <https://docs.slack.dev/reference/methods/chat.postMessage#errors>).
const SLACK_WORDS: &[&str] = &[
    "action_prohibited",
    "channel_is_archived",
    "channel_not_found",
    "invalid_attachments",
    "invalid_blocks",
    "invalid_channel",
    "invalid_payload",
    "invalid_token",
    "missing_text_or_fallback_or_attachments",
    "no_active_hooks",
    "no_channel",
    "no_service",
    "no_service_id",
    "no_team",
    "no_text",
    "posting_to_general_channel_denied",
    "rate_limited",
    "rollup_error",
    "team_disabled",
    "too_many_attachments",
    "user_not_found",
    "access_denied",
    "accesslimited",
    "account_inactive",
    "attachment_payload_limit_exceeded",
    "ekm_access_denied",
    "enterprise_is_restricted",
    "fatal_error",
    "internal_error",
    "invalid_arguments",
    "invalid_auth",
    "invalid_blocks_format",
    "invalid_charset",
    "invalid_form_data",
    "invalid_json",
    "is_archived",
    "message_limit_exceeded",
    "missing_charset",
    "missing_scope",
    "msg_blocks_too_long",
    "msg_too_long",
    "no_permission",
    "not_allowed_token_type",
    "not_authed",
    "not_in_channel",
    "org_login_required",
    "ratelimited",
    "request_timeout",
    "restricted_action",
    "service_unavailable",
    "team_access_not_granted",
    "team_added_to_org",
    "token_expired",
    "token_revoked",
];

/// The first tags of a web page without `<html>`, such as a short error page.
const HTML_TAGS: &[&str] = &[
    "a", "b", "br", "center", "div", "font", "form", "h1", "h2", "h3", "head", "iframe", "img",
    "link", "meta", "p", "pre", "script", "span", "style", "table", "title",
];

/// What a body says.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Said {
    /// The text `ok`.
    Ok,
    /// One word by itself that looks like one of Slack's.
    Word(String),
    /// A JSON object.
    Object {
        /// `"ok": true`.
        ok: bool,
        /// `"success": true`.
        success: bool,
        /// `"ok": false` or `"success": false`.
        no: bool,
        /// What `error` is, where it looks like one of Slack's words.
        error: Option<String>,
    },
    /// A web page.
    Html,
    /// Nothing but white space.
    Empty,
    /// Anything else.
    Other,
}

impl Said {
    /// Reads a body. White space around it does not matter: a proxy or a compatible receiver that
    /// adds a line feed did post the message, and a retry would duplicate it.
    pub fn read(body: &[u8]) -> Self {
        let body = body.trim_ascii();
        match body {
            b"ok" => return Said::Ok,
            b"" => return Said::Empty,
            _ => {}
        }
        if let Some(object) = object(body) {
            return object;
        }
        let text = String::from_utf8_lossy(body);
        if is_word(&text) {
            Said::Word(text.into_owned())
        } else if is_html(&text.to_ascii_lowercase()) {
            Said::Html
        } else {
            Said::Other
        }
    }

    /// Whether it says that the message was posted, in Slack's words or those of a compatible
    /// receiver.
    pub fn is_yes(&self, is_slack: bool) -> bool {
        match self {
            Said::Ok => true,
            Said::Object { ok, success, no, .. } => (*ok || *success && !is_slack) && !no,
            _ => false,
        }
    }

    /// Whether it says that the message was not posted, although the status says that it was.
    pub fn is_no(&self) -> bool {
        match self {
            Said::Word(word) => SLACK_WORDS.contains(&word.as_str()),
            Said::Object { no, .. } => *no,
            Said::Html => true,
            Said::Ok | Said::Empty | Said::Other => false,
        }
    }

    /// Whether it is a refusal that the receiver itself can have given: one of Slack's words, or
    /// elsewhere any JSON object. Everything else is the answer of a server in between.
    pub fn is_refusal(&self, is_slack: bool) -> bool {
        match self {
            Said::Word(word) => is_error_word(word),
            Said::Object { no, error, .. } => {
                !is_slack || *no || error.as_deref().is_some_and(is_error_word)
            }
            Said::Ok | Said::Html | Said::Empty | Said::Other => false,
        }
    }

    /// The error word that it says, where it looks like one of Slack's.
    pub fn error_word(&self) -> Option<&str> {
        match self {
            Said::Word(word) => Some(word.as_str()),
            Said::Object { error, .. } => error.as_deref(),
            Said::Ok | Said::Html | Said::Empty | Said::Other => None,
        }
        .filter(|word| is_error_word(word))
    }

    /// The word that it says, or the kind of body that it is; `None`: a body that has no name.
    pub fn word(&self) -> Option<&str> {
        match self {
            Said::Ok => Some("ok"),
            Said::Word(word) => Some(word),
            Said::Object { error, .. } => error.as_deref(),
            Said::Html => Some("HTML page"),
            Said::Empty => Some("empty answer"),
            Said::Other => None,
        }
    }
}

fn object(body: &[u8]) -> Option<Said> {
    if !body.starts_with(b"{") {
        return None;
    }
    let object: Value = serde_json::from_slice(body).ok()?;
    let is = |key: &str, flag: bool| object.get(key).and_then(Value::as_bool) == Some(flag);
    let error = object.get("error").and_then(Value::as_str).filter(|error| is_word(error));
    Some(Said::Object {
        ok: is("ok", true),
        success: is("success", true),
        no: is("ok", false) || is("success", false),
        error: error.map(str::to_owned),
    })
}

/// Whether `text` looks like one of Slack's words.
pub fn is_word(text: &str) -> bool {
    text.len() <= LONGEST_WORD
        && text.starts_with(|c: char| c.is_ascii_lowercase())
        && text.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'_')
}

/// Whether a word is one of Slack's errors. Slack adds words, and those have several parts;
/// `forbidden` and `unauthorized` are the words of proxies.
fn is_error_word(word: &str) -> bool {
    word.contains('_') || SLACK_WORDS.contains(&word)
}

/// Whether a text in lower case is a web page, or a part of one.
fn is_html(text: &str) -> bool {
    let text = text.trim_start_matches('\u{feff}').trim_start();
    let tag = text
        .strip_prefix('<')
        .map(|rest| rest.split(|c: char| !c.is_ascii_alphanumeric()).next().unwrap_or_default());
    tag.is_some_and(|tag| HTML_TAGS.contains(&tag))
        || ["<html", "<!doctype html", "<body"].iter().any(|tag| text.contains(tag))
}

#[cfg(test)]
#[allow(clippy::panic, reason = "tests")]
mod tests {
    use super::*;

    #[test]
    fn a_web_page_is_recognized() {
        for page in [
            "<html><title>Access blocked</title></html>",
            "<!DOCTYPE html>\n<title>Sign in</title>",
            "\u{feff}<!doctype HTML PUBLIC \"-//W3C//DTD HTML 4.01//EN\">",
            "<?xml version=\"1.0\"?><!DOCTYPE html><x/>",
            "<!-- a proxy --><HTML>",
            "<h1>502 Bad Gateway</h1>",
            "<meta http-equiv=\"refresh\" content=\"0; url=/login\">",
            "<script>location = '/login'</script>",
        ] {
            assert_eq!(Said::read(page.as_bytes()), Said::Html, "{page}");
        }
        for other in ["<response>ok</response>", "<", "a < b", "<https://x.test|x>", "<Error/>"] {
            assert_eq!(Said::read(other.as_bytes()), Said::Other, "{other}");
        }
    }

    #[test]
    fn only_what_looks_like_a_word_of_slack_is_one() {
        let longest = "a".repeat(64);
        for word in ["no_service", "ratelimited", "a1", longest.as_str()] {
            let body = format!(" {word}\r\n");
            assert_eq!(Said::read(body.as_bytes()), Said::Word(word.to_owned()));
            let body = format!("{{\"error\":\"{word}\"}}");
            assert_eq!(Said::read(body.as_bytes()).word(), Some(word), "{body}");
        }
        let too_long = "a".repeat(65);
        let texts = ["Ada", "two words", "a-b", "a.b", "4915112345678", "_a", "é", "a@b"];
        for text in texts.into_iter().chain([too_long.as_str()]) {
            assert_eq!(Said::read(text.as_bytes()), Said::Other, "{text}");
            let body = format!("{{\"error\":\"{text}\"}}");
            assert_eq!(Said::read(body.as_bytes()).word(), None, "{body}");
        }
    }

    #[test]
    fn only_a_boolean_of_the_object_itself_is_an_answer() {
        for body in [
            "{\"ok\":\"true\"}",
            "{\"ok\":1}",
            "{\"data\":{\"ok\":true}}",
            "[{\"ok\":true}]",
            "{\"ok\":true",
            "{\"OK\":true}",
            "{\"ok\":true,\"success\":false}",
            "{\"ok\":false,\"success\":true}",
            "true",
        ] {
            assert!(!Said::read(body.as_bytes()).is_yes(false), "{body}");
        }
        for body in ["{\"ok\":\"false\"}", "{\"ok\":null}", "{\"data\":{\"ok\":false}}", "false"] {
            assert!(!Said::read(body.as_bytes()).is_no(), "{body}");
        }
        assert!(Said::read(b"{\"success\":true}").is_yes(false));
        assert!(!Said::read(b"{\"success\":true}").is_yes(true), "not Slack's");
    }
}
