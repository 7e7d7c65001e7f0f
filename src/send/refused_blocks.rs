//! Whether an answer refuses the blocks of a message, and where the mistake is.
//!
//! Pure. Invariant: nothing of an answer leaves this file but one of Slack's words and a JSON
//! pointer.

use serde_json::Value;

use super::answer::Answer;
use super::verdict::Verdict;
use crate::payload::has_blocks;

/// Slack's words about blocks and attachments.
const WORDS: [&str; 6] = [
    "attachment_payload_limit_exceeded",
    "invalid_attachments",
    "invalid_blocks",
    "invalid_blocks_format",
    "msg_blocks_too_long",
    "too_many_attachments",
];

/// What precedes the pointer in one of the messages of an answer.
const POINTER: &str = "[json-pointer:";

/// The longest pointer, in bytes.
const LONGEST_POINTER: usize = 200;

/// The verdict where `word` refuses the blocks of `payload`; `None` if it does not, or if there are
/// none to leave out.
#[must_use]
pub fn verdict(word: Option<&str>, payload: &[u8], answer: &Answer) -> Option<Verdict> {
    let word = word.filter(|word| WORDS.contains(word) && has_blocks(payload))?;
    Some(Verdict::BlocksRefused { word: word.to_owned(), pointer: pointer(answer) })
}

/// Where the first mistake is: `chat.postMessage` says it.
fn pointer(answer: &Answer) -> Option<String> {
    let body: Value = serde_json::from_slice(&answer.body).ok()?;
    let messages = body.get("response_metadata")?.get("messages")?.as_array()?;
    let after = messages.iter().find_map(|message| Some(message.as_str()?.split_once(POINTER)?.1));
    let is_pointer = |c: char| c.is_ascii_alphanumeric() || matches!(c, '/' | '_' | '-' | '~');
    let pointer = after?.split(']').next()?;
    (pointer.len() <= LONGEST_POINTER && pointer.chars().all(is_pointer))
        .then(|| pointer.to_owned())
        .filter(|pointer| !pointer.is_empty())
}

#[cfg(test)]
mod tests {
    use super::*;

    const BLOCKS: &[u8] = br#"{"text":"x","blocks":[]}"#;

    fn answer(body: &str) -> Answer {
        Answer { status: 400, body: body.to_owned().into(), ..Answer::default() }
    }

    #[test]
    fn only_blocks_can_be_refused() {
        let refused = |word, payload| verdict(Some(word), payload, &answer("invalid_blocks"));
        for word in WORDS {
            let expected = Verdict::BlocksRefused { word: word.to_owned(), pointer: None };
            assert_eq!(refused(word, BLOCKS), Some(expected));
            assert_eq!(refused(word, br#"{"text":"\"blocks\":["}"#), None);
        }
        assert_eq!(refused("invalid_payload", BLOCKS), None);
        assert_eq!(verdict(None, BLOCKS, &answer("")), None);
    }

    #[test]
    fn the_pointer_is_the_first_one_and_nothing_else() {
        let of = |messages: &str| {
            let body = format!(r#"{{"ok":false,"response_metadata":{{"messages":[{messages}]}}}}"#);
            pointer(&answer(&body))
        };
        let long = format!("\"x [json-pointer:{}]\"", "/a".repeat(200));
        for (messages, expected) in [
            (
                r#""[ERROR] too long [json-pointer:/blocks/0/text/text]""#,
                Some("/blocks/0/text/text"),
            ),
            (
                r#"1,"no","x [json-pointer:/blocks/10/a_b~1c] y","[json-pointer:/z]""#,
                Some("/blocks/10/a_b~1c"),
            ),
            (r#""x [json-pointer:a b]""#, None),
            (r#""x [json-pointer:]""#, None),
            (long.as_str(), None),
            ("", None),
        ] {
            assert_eq!(of(messages).as_deref(), expected, "{messages}");
        }
        for body in ["", "invalid_blocks", "[]", r#"{"response_metadata":{"messages":{}}}"#] {
            assert_eq!(pointer(&answer(body)), None, "{body}");
        }
    }
}
