#![allow(clippy::unwrap_used, clippy::panic, reason = "tests")]

use std::time::Duration;

use proptest::prelude::*;

use super::*;
use crate::send::answer::LONGEST_PAUSE;

const NOW: SystemTime = SystemTime::UNIX_EPOCH;

fn answer(status: u16, body: &str) -> Answer {
    Answer { status, body: Bytes::copy_from_slice(body.as_bytes()), ..Answer::default() }
}

/// As Slack's own webhook.
fn judge(answer: &Answer, now: SystemTime) -> Verdict {
    webhook().judge(b"{}", answer, now)
}

fn webhook() -> IncomingWebhook {
    let url = "https://hooks.slack.com/services/T0SECRET/B0SECRET/s3cr3tt0k3n?key=abcdef&n=1";
    IncomingWebhook { url: Secret::new(Url::parse(url).unwrap()) }
}

fn rejected(word: &str) -> Verdict {
    Verdict::Rejected { word: word.to_owned() }
}

fn rests(word: &str) -> Verdict {
    Verdict::Rest { word: word.to_owned(), whose: Repair::Channel }
}

/// A legacy webhook obeys the payload's channel, which values can fill.
#[test]
fn an_answer_about_the_channel_that_the_message_names_is_about_the_message() {
    let of = |payload: &[u8], status, word| webhook().judge(payload, &answer(status, word), NOW);
    let named = br##"{"text":"x","channel":"#sales"}"##;
    let quoted = br#"{"text":"\",\"channel\":"}"#;
    for word in ["channel_not_found", "channel_is_archived", "is_archived"] {
        for status in [200, 400, 403, 404, 410] {
            assert_eq!(of(named, status, word), rejected(word), "{status}");
            assert_eq!(of(quoted, status, word), rests(word), "{status}");
        }
    }
    assert_eq!(of(named, 404, "user_not_found"), rejected("user_not_found"));
    assert_eq!(of(named, 404, "no_service"), rests("no_service"));
    assert_eq!(of(named, 404, ""), rests("http_404"));
    assert_eq!(of(named, 429, "channel_not_found").result(), AttemptResult::RateLimited);
}

/// What a body is, for the naive model.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Kind {
    Ok,
    JsonOk,
    JsonSuccess,
    JsonNo,
    /// An object that says neither.
    JsonOther,
    /// One of Slack's errors about the message.
    SlackWord,
    /// One about the webhook, the token or the workspace.
    BrokenWebhook,
    /// One about a channel that a person can repair.
    BrokenChannel,
    /// One about a channel or a user that the message names.
    OtherChannel,
    /// A word of several parts that Slack may add.
    NewWord,
    /// `accepted`, `forbidden`.
    PlainWord,
    Html,
    Empty,
    Text,
}

/// The rules as the documentation states them, without any of the code's order.
fn model(status: u16, kind: Kind, is_slack: bool, names_channel: bool) -> AttemptResult {
    use AttemptResult::{Ok, RateLimited, Rejected, Resting, ServerError};
    let is_2xx = (200..300).contains(&status);
    let says_ok = matches!(kind, Kind::Ok | Kind::JsonOk);
    let says_no = matches!(
        kind,
        Kind::JsonNo
            | Kind::SlackWord
            | Kind::BrokenWebhook
            | Kind::BrokenChannel
            | Kind::OtherChannel
            | Kind::Html
    );
    let posted = if is_slack { status == 200 && says_ok } else { is_2xx && !says_no };
    let is_json = matches!(kind, Kind::JsonOk | Kind::JsonSuccess | Kind::JsonOther);
    let rests = matches!(kind, Kind::BrokenWebhook | Kind::BrokenChannel);
    let is_own =
        matches!(kind, Kind::JsonNo | Kind::SlackWord | Kind::NewWord | Kind::OtherChannel)
            || rests
            || (is_json && !is_slack);
    let is_about_message =
        names_channel && matches!(kind, Kind::BrokenChannel | Kind::OtherChannel);
    let in_between = matches!(status, 300..=399 | 407 | 425);
    let is_down = matches!(status, 408 | 500 | 502..=599);
    match status {
        429 => RateLimited,
        _ if posted => Ok,
        404 | 410 if is_about_message => Rejected,
        404 | 410 => Resting,
        200 | 400..=499 if rests => match is_about_message {
            true => Rejected,
            false => Resting,
        },
        _ if kind == Kind::Html || in_between || is_down => ServerError,
        501 => Rejected,
        _ if is_2xx || is_own => Rejected,
        _ => ServerError,
    }
}

fn body() -> impl Strategy<Value = (Kind, String)> {
    let of = |kind: Kind, pattern: &str| {
        proptest::string::string_regex(pattern).unwrap().prop_map(move |body| (kind, body)).boxed()
    };
    let words = "(ratelimited|invalid_auth|no_text|rollup_error|invalid_payload)";
    let broken = "(no_service|no_service_id|no_team|team_disabled|no_active_hooks|invalid_token|\
                  token_revoked|account_inactive|action_prohibited)";
    let channels =
        "(channel_not_found|channel_is_archived|is_archived|posting_to_general_channel_denied)";
    let rest =
        r#"(,"ts":"[0-9]{1,9}"|,"error":"[a-zA-Z ]{0,9}"|,"message":\{"ok":(true|false)\})?"#;
    let page = "(<html>|<!DOCTYPE html>|<HTML lang=en>|<title>|<h1>|<script>|<!-- x -->\n<html>)\
                [a-z<>/ ]{0,20}";
    prop_oneof![
        of(Kind::Ok, "ok"),
        of(Kind::JsonOk, &format!(r#"\{{"ok": ?true{rest}\}}"#)),
        of(Kind::JsonOk, r#"\{"result":"success","success":true,"ok":true\}"#),
        of(Kind::JsonSuccess, &format!(r#"\{{"success":true{rest}\}}"#)),
        of(Kind::JsonNo, &format!(r#"\{{"(ok|success)": ?false{rest}\}}"#)),
        of(Kind::JsonNo, r#"\{("ok":true,"success":false|"success":true,"ok":false)\}"#),
        of(Kind::JsonOther, r#"\{("ok":("true"|1|null)|"id":[0-9]|"message":"[a-z ]{0,9}")?\}"#),
        of(Kind::SlackWord, words),
        of(Kind::BrokenWebhook, broken),
        of(Kind::BrokenWebhook, &format!(r#"\{{"ok":false,"error":"{broken}"\}}"#)),
        of(Kind::BrokenChannel, channels),
        of(Kind::BrokenChannel, &format!(r#"\{{"ok":false,"error":"{channels}"\}}"#)),
        of(Kind::OtherChannel, "(user_not_found|no_channel|invalid_channel)"),
        of(Kind::NewWord, "[a-f]{1,9}_[a-f0-9]{1,9}"),
        of(Kind::PlainWord, "(accepted|queued|done|forbidden|unauthorized|blocked)"),
        of(Kind::Html, page),
        of(Kind::Empty, ""),
        of(
            Kind::Text,
            "(default backend - [0-9]{3}|Access Denied|OK|ok ok|1|true|too early|\\[\\])"
        ),
    ]
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(4000))]
    #[test]
    fn every_answer_has_the_verdict_of_the_model(
        status in prop_oneof![100u16..=599, 200u16..=204, prop::sample::select(vec![301u16, 400, 403, 404, 407, 410, 425, 429, 501, 503])],
        (kind, body) in body(),
        blanks in "[ \r\n]{0,3}",
        is_slack: bool,
        names_channel: bool,
    ) {
        let answer = answer(status, &format!("{blanks}{body}{blanks}"));
        let verdict = super::judge(&answer, is_slack, names_channel, NOW);
        prop_assert_eq!(verdict.result(), model(status, kind, is_slack, names_channel), "{:?}", kind);
    }
}

#[test]
fn the_host_decides_whose_rules_apply() {
    let at = |url: &str| IncomingWebhook { url: Secret::new(Url::parse(url).unwrap()) };
    for slack in ["https://hooks.slack.com/services/T/B/x", "https://hooks.slack-gov.com/services/"]
    {
        for body in ["", "{\"success\":true}", "accepted"] {
            assert_eq!(
                at(slack).judge(b"{}", &answer(200, body), NOW).result(),
                AttemptResult::Rejected
            );
        }
        assert_eq!(
            at(slack).judge(b"{}", &answer(204, ""), NOW),
            rejected("empty answer, status 204")
        );
        assert_eq!(at(slack).judge(b"{}", &answer(200, "{\"ok\":true}"), NOW), Verdict::Delivered);
    }
    for other in ["https://chat.example/hooks/x", "https://hooks.slack.com.example/services/T/B/x"]
    {
        for (status, body) in [(200, ""), (204, ""), (201, "{}"), (200, "{\"success\":true}")] {
            assert_eq!(
                at(other).judge(b"{}", &answer(status, body), NOW),
                Verdict::Delivered,
                "{body}"
            );
        }
        assert_eq!(at(other).judge(b"{}", &answer(200, "no_service"), NOW), rests("no_service"));
    }
}

#[test]
fn an_answer_is_named_by_its_word_or_its_kind() {
    let word = |status, body| match super::judge(&answer(status, body), true, false, NOW) {
        Verdict::Rejected { word } | Verdict::Retry { word, .. } | Verdict::Rest { word, .. } => {
            word
        }
        other => panic!("{other:?}"),
    };
    assert_eq!(word(404, "no_service\n"), "no_service");
    assert_eq!(word(400, "{\"ok\":false,\"error\":\"invalid_auth\"}"), "invalid_auth");
    assert_eq!(word(403, "<html>Access blocked</html>"), "HTML page, status 403");
    assert_eq!(word(503, ""), "empty answer, status 503");
    assert_eq!(word(407, "Proxy Authentication Required"), "status 407");
    assert_eq!(word(404, "default backend - 404"), "http_404");
    assert_eq!(word(410, "<html>Not here</html>"), "http_410");
    assert_eq!(word(404, "accepted"), "http_404", "not one of Slack's errors");
    assert_eq!(word(400, "{\"error\":\"no user Ada Lovelace\"}"), "status 400");
}

#[test]
fn a_retry_waits_for_as_long_as_the_answer_says() {
    let pause = |status, header: &str, body| {
        let retry_after = Some(header.to_owned());
        match judge(&Answer { retry_after, ..answer(status, body) }, NOW) {
            Verdict::Retry { retry_after, .. } => retry_after,
            other => panic!("{other:?}"),
        }
    };
    let seconds = |seconds| Some(Duration::from_secs(seconds));
    assert_eq!(pause(503, "30", "rollup_error"), seconds(30));
    assert_eq!(pause(503, "Thu, 01 Jan 1970 00:01:30 GMT", ""), seconds(90));
    assert_eq!(pause(403, "7", "<html>"), seconds(7));
    assert_eq!(pause(503, "99999999", ""), Some(LONGEST_PAUSE));
    assert_eq!(pause(503, "0", ""), None);
    assert_eq!(pause(503, "soon", ""), None);
}

#[test]
fn only_white_space_may_surround_ok() {
    for body in ["ok\n", " ok\r\n", "\tok "] {
        assert_eq!(judge(&answer(200, body), NOW), Verdict::Delivered, "{body:?}");
    }
    for body in ["ok.", "\"ok\"", "o k", "not ok", "ok\0"] {
        assert!(matches!(judge(&answer(200, body), NOW), Verdict::Rejected { .. }), "{body:?}");
    }
    assert_eq!(judge(&answer(201, "ok"), NOW), rejected("ok"));
}

#[test]
fn a_200_whose_body_ends_early_is_retried_unless_ok_was_read() {
    for (body_end, result) in [
        (BodyEnd::ConnectionLost, AttemptResult::Connect),
        (BodyEnd::TimedOut, AttemptResult::Timeout),
    ] {
        let ended = |status, body| judge(&Answer { body_end, ..answer(status, body) }, NOW);
        assert_eq!(ended(200, "ok"), Verdict::Delivered);
        assert_eq!(ended(200, "o").result(), result);
        assert_eq!(ended(200, "").result(), result);
        assert_eq!(ended(404, "no_serv"), rests("no_serv"));
        let elsewhere =
            |body| super::judge(&Answer { body_end, ..answer(202, body) }, false, false, NOW);
        assert_eq!(elsewhere("{\"success\":true}"), Verdict::Delivered);
        assert_eq!(elsewhere("{\"succ").result(), result);
        assert_eq!(ended(503, "").result(), AttemptResult::ServerError);
    }
}

#[test]
fn a_429_without_a_usable_time_has_none() {
    let limited = |body| judge(&answer(429, body), NOW);
    let pause = Some(Duration::from_secs(7));
    assert_eq!(limited("{\"retry_after\":7}"), Verdict::RateLimited { retry_after: pause });
    assert_eq!(limited("ok"), Verdict::RateLimited { retry_after: None });
}

#[test]
fn the_request_is_a_post_of_the_payload_as_json() {
    let payload = br#"{"text":"x","username":"Bot"}"#;
    let request = webhook().request(Bytes::from_static(payload));
    assert_eq!(
        (request.method(), request.url().path()),
        (&Method::POST, "/services/T0SECRET/B0SECRET/s3cr3tt0k3n")
    );
    assert_eq!(request.headers()[CONTENT_TYPE], "application/json; charset=utf-8");
    assert_eq!(request.body().unwrap().as_bytes(), Some(&payload[..]));
}

#[test]
fn every_part_of_the_url_is_masked() {
    let masked = |text| webhook().mask(text);
    assert_eq!(masked("no T0SECRET/B0SECRET here").as_deref(), Some("no ***/*** here"));
    assert_eq!(masked("/services/?key=abcdef").as_deref(), Some("/services/?key=***"));
    assert_eq!(masked("/services/ is not part of the secret"), None);
}

proptest! {
    #[test]
    fn any_answer_has_a_verdict_and_a_printable_word(status: u16, header in proptest::option::of(".*"), body: Vec<u8>, end in 0..3usize, at in 0..4_000_000_000u64) {
        let body_end = [BodyEnd::Complete, BodyEnd::ConnectionLost, BodyEnd::TimedOut][end];
        let answer = Answer { status, retry_after: header, body: body.into(), body_end };
        let verdict = judge(&answer, NOW + Duration::from_secs(at));
        match verdict {
            Verdict::Rejected { word } | Verdict::Retry { word, .. } | Verdict::Rest { word, .. } => {
                prop_assert!(!word.is_empty() && word.len() <= 64);
                let is_legal = |c: char| c.is_ascii_alphanumeric() || matches!(c, '_' | ' ' | ',');
                prop_assert!(word.chars().all(is_legal), "{}", word);
            }
            Verdict::RateLimited { retry_after: Some(pause) } => prop_assert!(!pause.is_zero() && pause <= LONGEST_PAUSE),
            Verdict::RateLimited { retry_after: None } | Verdict::Delivered => {}
            Verdict::WithoutCustomization
            | Verdict::MessageLimit
            | Verdict::BlocksRefused { .. } => {
                prop_assert!(false, "an app's, or of a message with blocks");
            }
        }
    }
}

proptest! {
    /// Values can contain what a user name looks like.
    #[test]
    fn a_message_without_a_user_has_slacklines(
        text in r#"[a,"\\:}]{0,8}|,"username":"x"\}?"#, user in prop::option::of(r#"[a,"\\]{1,4}"#), last in any::<bool>(),
    ) {
        let mut payload = serde_json::json!({ "text": text });
        if let Some(user) = &user {
            payload["username"] = user.as_str().into();
        }
        if last {
            payload["link_names"] = true.into();
        }
        let posted = with_user(payload.to_string().into());
        let posted: serde_json::Value = serde_json::from_slice(&posted).unwrap();
        payload["username"] = user.as_deref().unwrap_or("Slackline").into();
        prop_assert_eq!(posted, payload);
    }
}

#[test]
fn an_answer_about_blocks_refuses_those_of_a_message_that_has_some() {
    let of = |payload: &str, status, body| {
        webhook().judge(payload.as_bytes(), &answer(status, body), NOW)
    };
    let refused = |word: &str| Verdict::BlocksRefused { word: word.to_owned(), pointer: None };
    let blocks = r#"{"text":"x","blocks":[{"type":"divider"}]}"#;
    let coloured = r#"{"attachments":[{"fallback":"x","blocks":[]}]}"#;
    for status in [200, 201, 302, 400, 403, 404, 413] {
        assert_eq!(of(blocks, status, "invalid_blocks"), refused("invalid_blocks"), "{status}");
        let word = "invalid_attachments";
        assert_eq!(of(coloured, status, word), refused(word), "{status}");
    }
    let object = r#"{"ok":false,"error":"msg_blocks_too_long"}"#;
    assert_eq!(of(blocks, 400, object), refused("msg_blocks_too_long"));
    for (payload, status, body) in [
        (r#"{"text":"x"}"#, 400, "invalid_blocks"),
        (blocks, 400, "invalid_payload"),
        (blocks, 429, "invalid_blocks"),
        (blocks, 503, "invalid_blocks"),
    ] {
        let verdict = of(payload, status, body);
        assert!(!matches!(verdict, Verdict::BlocksRefused { .. }), "{status} {body}: {verdict:?}");
    }
}
