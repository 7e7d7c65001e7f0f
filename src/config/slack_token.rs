//! Slack's tokens: what a text is that is not a bot token, and where one is in a text.
//!
//! Pure. Invariant: no message here contains any part of the text.

use std::ops::Range;

use crate::sanitize::is_hazardous;

/// What is wrong with a text (a predicate: a message puts its place before it), and the remedy.
pub type Refused = (&'static str, &'static str);

const BOT: &str = "copy the Bot User OAuth Token of the app's page `OAuth & Permissions`: \
                   it starts with `xoxb-`";
const ONLY_THE_TOKEN: &str = "store nothing but the token, which starts with `xoxb-`";

/// How Slack's other credentials start, and what they are. A longer start comes first.
const OTHERS: &[(&str, &str)] = &[
    ("xoxe.xoxp-", "is a user token that rotates (`xoxe.xoxp-`), not a bot token"),
    ("xoxe-", "is a refresh token (`xoxe-`), not a bot token"),
    ("xoxp-", "is a user token (`xoxp-`), not a bot token"),
    ("xapp-", "is an app-level token (`xapp-`), not a bot token"),
    ("xoxa-", "is a workspace token (`xoxa-`), not a bot token"),
    ("xoxr-", "is a refresh token (`xoxr-`), not a bot token"),
    ("xoxc-", "is the token of a browser (`xoxc-`), not a bot token"),
    ("xoxd-", "is the cookie of a browser (`xoxd-`), not a bot token"),
    ("xoxs-", "is the token of a session (`xoxs-`), not a bot token"),
    ("xox", "is a Slack token of another kind, not a bot token"),
];

/// How the base64 of `xox`, `"xox` and of a byte order mark starts.
const BASE64: &[&str] = &["eG94", "Inhve", "J3hve", "77u/"];

/// Returns what is wrong with a text as a bot token. `is_file`: it is the content of a file.
pub fn refused(text: &str, is_file: bool) -> Option<Refused> {
    let lower = text.to_ascii_lowercase();
    let is_placeholder = lower.contains("${") || lower.contains("{{");
    Some(match text.chars().next() {
        None => ("is empty", BOT),
        Some('\u{feff}') => {
            ("starts with a byte order mark (BOM)", "save it as UTF-8 without a byte order mark")
        }
        Some('"' | '\'' | '`' | '“' | '”' | '„' | '‘' | '’' | '«') => {
            ("starts with a quote", "store the value without quotes")
        }
        Some('$' | '%') => (
            "starts with `$` or `%`: the name of a variable, not its value",
            "write `${NAME}` in the configuration; values of variables and files are not searched \
             for variables",
        ),
        Some('{') => {
            ("starts with `{`: JSON, or a placeholder that nothing has replaced", ONLY_THE_TOKEN)
        }
        Some('<') => ("starts with `<`", ONLY_THE_TOKEN),
        _ if is_placeholder => ("contains a placeholder that nothing has replaced", ONLY_THE_TOKEN),
        _ if text.contains('…') || text.contains("***") => {
            ("is shortened with `…` or `***`", "copy the whole token")
        }
        _ if lower.starts_with("xoxe.xoxb-") => (
            "is a bot token that rotates (`xoxe.xoxb-`), and so expires",
            "switch token rotation off, or make an app without it: its bot token starts with \
             `xoxb-`",
        ),
        _ if text.starts_with("xoxb-") => return in_a_bot_token(text),
        _ if lower.starts_with("xoxb-") => ("starts with capitals", BOT),
        _ if lower.starts_with("bearer") => ("starts with `Bearer`", ONLY_THE_TOKEN),
        _ => {
            return OTHERS.iter().find(|(start, _)| lower.starts_with(start)).map_or_else(
                || Some(no_token(text, &lower, is_file)),
                |(_, what)| Some((*what, BOT)),
            );
        }
    })
}

/// What is wrong inside a text that starts as a bot token does.
fn in_a_bot_token(text: &str) -> Option<Refused> {
    let is_odd =
        |c: char| !c.is_ascii_graphic() || matches!(c, '"' | '\'' | '`' | '<' | '>' | '\\');
    Some(match text {
        "xoxb-" => ("ends after `xoxb-`", "copy the whole token"),
        _ if text.contains('\n') => {
            ("contains a line break", "write the token on one line, and nothing after it")
        }
        _ if text.contains(char::is_whitespace) => {
            ("contains a blank", "remove it, and whatever comes after the token")
        }
        _ if text.contains(is_hazardous) => {
            ("contains an invisible character", "copy the token again, as plain text")
        }
        _ if text.contains(is_odd) => {
            ("contains a character that no token has", "copy the token again, as plain text")
        }
        _ => return None,
    })
}

/// What a text is that starts as none of Slack's tokens does.
fn no_token(text: &str, lower: &str, is_file: bool) -> Refused {
    let is_path = ["/", "./", "../", "~/", "file:"].iter().any(|start| lower.starts_with(start));
    let is_hexadecimal = text.len() == 32 && text.bytes().all(|byte| byte.is_ascii_hexdigit());
    if has_token(text) {
        ("contains something before the token", ONLY_THE_TOKEN)
    } else if lower.starts_with("http://") || lower.starts_with("https://") {
        ("is a URL, not a bot token", "write a webhook's URL under `webhooks`, as its `url`")
    } else if BASE64.iter().any(|start| text.starts_with(start)) {
        (
            "is base64",
            "store it decoded: in a Kubernetes Secret, `data` is base64, `stringData` is plain",
        )
    } else if is_path && is_file {
        ("looks like the path of a file, not a token", "put the token itself into the file")
    } else if is_path {
        ("looks like the path of a file", "to read the token from a file, write `token_file: PATH`")
    } else if is_hexadecimal {
        ("looks like a signing secret or a client secret, not a bot token", BOT)
    } else {
        ("is not a bot token", BOT)
    }
}

/// Whether a text contains a Slack token.
pub fn has_token(text: &str) -> bool {
    tokens_in(text).next().is_some()
}

/// Returns the ranges of a text that look like Slack's tokens, wherever they are: a last resort for
/// a secret in a place where none belongs. A kind alone (`xoxb-`) is no secret.
pub fn tokens_in(text: &str) -> impl Iterator<Item = Range<usize>> + '_ {
    let mut from = 0;
    std::iter::from_fn(move || {
        while let Some(start) = next_start(text, from) {
            let is_part = |c: char| c.is_ascii_alphanumeric() || "-_.%+/=~".contains(c);
            let rest = &text[start..];
            let len = rest.find(|c| !is_part(c)).unwrap_or(rest.len());
            from = start + len;
            if rest[..len]
                .split(['-', '.'])
                .skip(1)
                .any(|part| !part.is_empty() && !part.to_ascii_lowercase().starts_with("xox"))
            {
                return Some(start..start + len);
            }
        }
        None
    })
}

/// The offset of the next `xox?-`, `xox?.` or `xapp-`, in any case.
fn next_start(text: &str, from: usize) -> Option<usize> {
    let bytes = text.as_bytes().get(from..)?;
    let is_start = |window: &[u8]| match window {
        [a, b, c, kind, end] => {
            let start = [a, b, c].map(u8::to_ascii_lowercase);
            match &start {
                b"xox" => kind.is_ascii_alphabetic() && matches!(end, b'-' | b'.'),
                b"xap" => kind.eq_ignore_ascii_case(&b'p') && *end == b'-',
                _ => false,
            }
        }
        _ => false,
    };
    bytes.windows(5).position(is_start).map(|at| from + at)
}

#[cfg(test)]
#[allow(clippy::panic, reason = "tests")]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn each_kind_of_mistake_is_named() {
        for (text, named) in [
            ("", "empty"),
            ("xoxp-1-2-3", "user token (`xoxp-`)"),
            ("xapp-1-A-2-3", "app-level token (`xapp-`)"),
            ("xoxe-1-x", "refresh token (`xoxe-`)"),
            ("xoxe.xoxb-1-x", "rotation off"),
            ("xoxe.xoxp-1-x", "`xoxe.xoxp-`"),
            ("xoxa-2-x", "`xoxa-`"),
            ("xoxr-2-x", "`xoxr-`"),
            ("xoxc-2-x", "`xoxc-`"),
            ("xoxd-2-x", "`xoxd-`"),
            ("xoxs-2-x", "`xoxs-`"),
            ("xoxo-2-x", "another kind"),
            ("XOXB-1-2-x", "capitals"),
            ("Bearer xoxb-1-2-x", "`Bearer`"),
            ("\"xoxb-1-2-x\"", "quote"),
            ("'xoxb-1-2-x'", "quote"),
            ("<xoxb-1-2-x>", "`<`"),
            ("$SLACK_TOKEN", "${NAME}"),
            ("${SLACK_TOKEN}", "${NAME}"),
            ("%SLACK_TOKEN%", "${NAME}"),
            ("{\"token\":\"xoxb-1-2-x\"}", "JSON"),
            ("xoxb-{{REST}}", "placeholder"),
            ("xoxb-…", "shortened"),
            ("xoxb-1-***", "shortened"),
            ("xoxb-", "ends after"),
            ("xoxb-1-2\n-x", "line break"),
            ("xoxb-1-2 x", "blank"),
            ("xoxb-1-2\u{200b}x", "invisible"),
            ("xoxb-1-2-x\"", "character"),
            ("xoxb-1-2-é", "character"),
            ("SLACK_TOKEN=xoxb-1-2-x", "before the token"),
            ("\u{feff}xoxb-1-2-x", "byte order mark"),
            ("https://hooks.slack.com/services/T/B/x", "URL"),
            ("eG94Yi0xLTIteA==", "base64"),
            ("/run/secrets/slack-token", "token_file"),
            ("0123456789abcdef0123456789abcdef", "signing secret"),
            ("changeme", "not a bot token"),
        ] {
            let (what, help) = refused(text, false).unwrap_or_else(|| panic!("{text} is right"));
            assert!(format!("{what}: {help}").contains(named), "{text}: {what}: {help}");
        }
    }

    #[test]
    fn a_bot_token_is_no_mistake() {
        for token in ["xoxb-1-2-x", "xoxb-123456789012-1234567890123-AbCdEfGhIjKl", "xoxb-x_y"] {
            assert_eq!(refused(token, false), None, "{token}");
        }
    }

    #[test]
    fn the_name_of_a_kind_is_no_token() {
        for text in ["starts with `xoxb-`", "xoxb-…", "xapp-", "`xoxe.xoxb-`", "xox", "xox-1-2"] {
            assert!(!has_token(text), "{text}");
        }
    }

    proptest! {
        #[test]
        fn every_byte_of_a_token_is_found(
            before in "[a-z =:\"é]{0,8}",
            kind in "(xoxb-|xoxp-|xapp-|xoxe\\.xoxb-|xoxe-|XOXB-)",
            secret in "[0-9]{1,4}-[A-Za-z0-9]{1,8}",
            after in "( [a-z é]{0,8})?",
        ) {
            let text = format!("{before}{kind}{secret}{after}");
            let shown: String = text
                .char_indices()
                .filter(|(at, _)| !tokens_in(&text).any(|range| range.contains(at)))
                .map(|(_, c)| c)
                .collect();
            prop_assert_eq!(shown, format!("{before}{after}"));
        }

        #[test]
        fn no_text_causes_a_panic(text in "(xox|xapp|[-.a-eé\"{$ ]){0,8}") {
            let _ = refused(&text, true);
            prop_assert!(tokens_in(&text).all(|range| text.get(range).is_some()));
        }
    }
}
