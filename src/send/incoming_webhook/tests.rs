#![allow(clippy::unwrap_used, clippy::panic, reason = "tests")]

use std::time::Duration;

use proptest::prelude::*;

use super::*;
use crate::sanitize;
use crate::send::answer::LONGEST_PAUSE;

const NOW: SystemTime = SystemTime::UNIX_EPOCH;

fn answer(status: u16, body: &str) -> Answer {
    Answer { status, body: Bytes::copy_from_slice(body.as_bytes()), ..Answer::default() }
}

fn judge(answer: &Answer, now: SystemTime) -> Verdict {
    webhook().judge(answer, now)
}

fn webhook() -> IncomingWebhook {
    let url = "https://hooks.slack.com/services/T0SECRET/B0SECRET/s3cr3tt0k3n?key=abcdef&n=1";
    IncomingWebhook { url: Secret::new(Url::parse(url).unwrap()) }
}

fn rejected(word: &str) -> Verdict {
    Verdict::Rejected { word: word.to_owned() }
}

/// Every body that Slack documents, and some that it does not.
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
        assert_eq!(ended(404, "no_serv"), rejected("no_serv"));
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
    let request = webhook().request(Bytes::from_static(b"{}"));
    assert_eq!(
        (request.method(), request.url().path()),
        (&Method::POST, "/services/T0SECRET/B0SECRET/s3cr3tt0k3n")
    );
    assert_eq!(request.headers()[CONTENT_TYPE], "application/json; charset=utf-8");
    assert_eq!(request.body().unwrap().as_bytes(), Some(&b"{}"[..]));
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
            Verdict::Rejected { word } | Verdict::Retry { word, .. } => {
                prop_assert!(!word.is_empty() && word.chars().count() <= 100);
                prop_assert!(!word.chars().any(sanitize::is_hazardous) && !word.contains('/'));
            }
            Verdict::RateLimited { retry_after: Some(pause) } => prop_assert!(!pause.is_zero() && pause <= LONGEST_PAUSE),
            Verdict::RateLimited { retry_after: None } | Verdict::Delivered => {}
        }
    }
}
