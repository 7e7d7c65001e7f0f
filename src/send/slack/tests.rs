#![allow(clippy::unwrap_used, clippy::panic, reason = "tests")]

use proptest::prelude::*;

use super::*;

const NOW: SystemTime = SystemTime::UNIX_EPOCH;

fn answer(status: u16, body: &str) -> Answer {
    Answer { status, body: Bytes::copy_from_slice(body.as_bytes()), ..Answer::default() }
}

fn rejected(word: &str) -> Verdict {
    Verdict::Rejected { word: word.to_owned() }
}

/// Every body of the reference page, and what no page would list.
const BODIES: [&str; 24] = [
    "ok",
    "",
    "no_channel",
    "{\"ok\":false,\"error\":\"invalid_auth\"}",
    "{\"ok\":true}",
    "invalid_payload",
    "user_not_found",
    "invalid_blocks",
    "action_prohibited",
    "invalid_token",
    "posting_to_general_channel_denied",
    "channel_not_found",
    "no_active_hooks",
    "channel_is_archived",
    "{\"retry_after\":1,\"ok\":false,\"error\":\"rate_limited\"}",
    "rollup_error",
    "no_text",
    "no_service",
    "no_service_id",
    "no_team",
    "team_disabled",
    "too_many_attachments",
    "OK",
    "ok ok",
];

#[test]
fn every_status_with_every_body_has_the_verdict_of_the_specification() {
    for status in 100..=599 {
        for body in BODIES {
            let verdict = judge(&answer(status, body), NOW);
            let expected = match status {
                200 if body == "ok" => AttemptResult::Ok,
                429 => AttemptResult::RateLimited,
                501 => AttemptResult::Rejected,
                408 | 500 | 502..=599 => AttemptResult::ServerError,
                _ => AttemptResult::Rejected,
            };
            assert_eq!(verdict.result(), expected, "{status} {body}");
            if let Verdict::Rejected { word } | Verdict::Retry { word, .. } = verdict {
                let named =
                    body.split('"').skip_while(|part| *part != "error").nth(2).unwrap_or(body);
                let expected = if body.is_empty() { "(empty answer)" } else { named };
                assert_eq!(word, expected, "{status} {body}");
            }
        }
    }
}

#[test]
fn white_space_around_ok_is_forgiven_and_nothing_else() {
    for body in ["ok\n", " ok\r\n", "\tok "] {
        assert_eq!(judge(&answer(200, body), NOW), Verdict::Delivered, "{body:?}");
    }
    for body in ["ok.", "\"ok\"", "o k", "not ok", "ok\0"] {
        assert!(matches!(judge(&answer(200, body), NOW), Verdict::Rejected { .. }), "{body:?}");
    }
    assert_eq!(judge(&answer(201, "ok"), NOW), rejected("ok"));
}

#[test]
fn a_broken_off_200_is_tried_again_unless_ok_was_read() {
    let broken = |status, body| judge(&Answer { broken_off: true, ..answer(status, body) }, NOW);
    assert_eq!(broken(200, "ok"), Verdict::Delivered);
    assert_eq!(broken(200, "o").result(), AttemptResult::Connect);
    assert_eq!(broken(200, "").result(), AttemptResult::Connect);
    assert_eq!(broken(404, "no_serv"), rejected("no_serv"));
    assert_eq!(broken(503, "").result(), AttemptResult::ServerError);
}

fn pause(header: Option<&str>, body: &str, now: SystemTime) -> Option<Duration> {
    match judge(&Answer { retry_after: header.map(str::to_owned), ..answer(429, body) }, now) {
        Verdict::RateLimited { retry_after } => retry_after,
        other => panic!("{other:?}"),
    }
}

#[test]
fn retry_after_is_read_in_each_of_its_forms() {
    let seconds = |seconds| Some(Duration::from_secs(seconds));
    let body = "{\"retry_after\":7,\"ok\":false,\"error\":\"rate_limited\"}";
    assert_eq!(pause(Some("30"), body, NOW), seconds(30));
    assert_eq!(pause(Some(" 30 "), "", NOW), seconds(30));
    assert_eq!(pause(Some("0.5"), "", NOW), Some(Duration::from_millis(500)));
    assert_eq!(pause(None, body, NOW), seconds(7));
    assert_eq!(
        pause(Some("soon"), body, NOW),
        seconds(7),
        "an unusable header leaves it to the body"
    );
    assert_eq!(pause(Some("0"), body, NOW), seconds(7));
    assert_eq!(pause(None, "{\"retry_after\":1.25}", NOW), Some(Duration::from_millis(1250)));
    assert_eq!(pause(Some("Thu, 01 Jan 1970 00:01:30 GMT"), "", NOW), seconds(90));
    assert_eq!(pause(Some("Thursday, 01-Jan-70 00:01:30 GMT"), "", NOW), seconds(90));
}

#[test]
fn over_an_hour_counts_as_an_hour() {
    for header in ["3601", "99999999999999999999999999", "Fri, 31 Dec 9999 23:59:59 GMT", "1e300"] {
        assert_eq!(pause(Some(header), "", NOW), Some(LONGEST_PAUSE), "{header}");
    }
    assert_eq!(pause(None, "{\"retry_after\":1e300}", NOW), Some(LONGEST_PAUSE));
    assert_eq!(pause(Some("3599"), "", NOW), Some(Duration::from_secs(3599)));
}

#[test]
fn what_is_not_usable_is_none() {
    let late = NOW + Duration::from_secs(100);
    for header in [
        "",
        "-5",
        "nan",
        "inf",
        "0",
        "0.0",
        "1 s",
        "1e-30",
        "Thu, 01 Jan 1970 00:01:30 GMT",
        "Thu, 01 Foo",
    ] {
        assert_eq!(pause(Some(header), "", late), None, "{header}");
    }
    for body in [
        "",
        "7",
        "[7]",
        "{\"retry_after\":0}",
        "{\"retry_after\":-1}",
        "{\"retry_after\":\"7\"}",
        "{\"retry_after\":1e999}",
    ] {
        assert_eq!(pause(None, body, NOW), None, "{body}");
    }
}

#[test]
fn a_word_shows_neither_urls_nor_tokens_nor_escapes() {
    assert_eq!(word(b"Cannot POST /services/T000/B000/XXXX"), "Cannot POST …");
    assert_eq!(word(b"gone: https://hooks.slack.com/services/T/B/X\n"), "gone: …");
    assert_eq!(word(b"%2Fservices%2FT%2FB"), "…");
    assert_eq!(word(b"token abcdEFGH12345678abcdEFGH expired"), "token … expired");
    assert_eq!(word(b"{\"error\":\"see /services/T/B/X\"}"), "see …");
    assert_eq!(word(b"\x1b[31mred\x07\xff"), "[31mred\u{FFFD}");
    assert_eq!(word("ä".repeat(500).as_bytes()).chars().count(), 100);
    assert_eq!(word(b" \r\n"), "(empty answer)");
}

proptest! {
    #[test]
    fn any_answer_has_a_verdict_and_a_tame_word(status: u16, header in proptest::option::of(".*"), body: Vec<u8>, broken_off: bool, at in 0..4_000_000_000u64) {
        let answer = Answer { status, retry_after: header, body: body.into(), broken_off };
        let verdict = judge(&answer, NOW + Duration::from_secs(at));
        match verdict {
            Verdict::Rejected { word } | Verdict::Retry { word, .. } => {
                prop_assert!(!word.is_empty() && word.chars().count() <= 100);
                prop_assert!(!word.chars().any(sanitize::is_hazardous) && !word.contains('/'));
            }
            Verdict::RateLimited { retry_after: Some(pause) } => prop_assert!(!pause.is_zero() && pause <= LONGEST_PAUSE),
            Verdict::RateLimited { retry_after: None } | Verdict::Delivered => {}
        }
    }
}
