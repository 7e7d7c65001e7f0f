use std::time::Duration;

use bytes::Bytes;
use proptest::prelude::*;

use super::*;

const NOW: SystemTime = SystemTime::UNIX_EPOCH;

fn answer(status: u16, body: &str) -> Answer {
    Answer { status, body: Bytes::copy_from_slice(body.as_bytes()), ..Answer::default() }
}

fn judged(status: u16, body: &str) -> Verdict {
    judge(&answer(status, body), false, NOW)
}

fn no(word: &str) -> String {
    format!("{{\"ok\":false,\"error\":\"{word}\"}}")
}

fn rest(word: &str, whose: Repair) -> Verdict {
    Verdict::Rest { word: word.to_owned(), whose }
}

fn rejected(word: &str) -> Verdict {
    Verdict::Rejected { word: word.to_owned() }
}

#[test]
fn each_word_of_slack_has_its_verdict() {
    let credential = "invalid_auth not_authed token_expired token_revoked account_inactive \
        missing_scope not_allowed_token_type no_permission access_denied ekm_access_denied \
        two_factor_setup_required enterprise_is_restricted team_access_not_granted accesslimited \
        app_access_restricted";
    for word in credential.split_whitespace() {
        assert_eq!(judged(200, &no(word)), rest(word, Repair::App));
        assert_eq!(judged(403, &no(word)), rest(word, Repair::App));
    }
    let channel = "channel_not_found not_in_channel is_archived restricted_action \
        restricted_action_read_only_channel restricted_action_thread_only_channel \
        messages_tab_disabled team_not_found";
    for word in channel.split_whitespace() {
        assert_eq!(judged(200, &no(word)), rest(word, Repair::Channel));
        assert_eq!(judged(404, &no(word)), rest(word, Repair::Channel));
    }
    let refused = "no_text msg_too_long msg_blocks_too_long invalid_blocks invalid_blocks_format \
        attachment_payload_limit_exceeded too_many_attachments markdown_text_conflict \
        metadata_too_large invalid_metadata_format invalid_arguments invalid_arg_name \
        invalid_charset a_word_that_slack_adds restricted_action_thread_locked";
    for word in refused.split_whitespace() {
        assert_eq!(judged(200, &no(word)), rejected(word));
    }
    let temporary = "internal_error fatal_error request_timeout service_unavailable \
        team_added_to_org org_login_required";
    for word in temporary.split_whitespace() {
        let (result, name) = (AttemptResult::ServerError, word.to_owned());
        let retry = Verdict::Retry { result, word: name, retry_after: None };
        assert_eq!(judged(200, &no(word)), retry);
    }
    for word in ["ratelimited", "rate_limited"] {
        assert_eq!(judged(200, &no(word)), Verdict::RateLimited { retry_after: None });
    }
    assert_eq!(judged(200, &no("message_limit_exceeded")), Verdict::MessageLimit);
}

#[test]
fn a_throttle_lasts_as_long_as_slack_says() {
    let mut limited = answer(429, "{\"ok\":false,\"error\":\"ratelimited\"}");
    assert_eq!(judge(&limited, false, NOW), Verdict::RateLimited { retry_after: None });
    limited.retry_after = Some("30".to_owned());
    let retry_after = Some(Duration::from_secs(30));
    assert_eq!(judge(&limited, false, NOW), Verdict::RateLimited { retry_after });
}

#[test]
fn a_status_decides_where_no_known_word_does() {
    for (status, body) in [(400, "<html>bad"), (413, ""), (400, "{\"ok\":false}")] {
        assert_eq!(judged(status, body).result(), AttemptResult::Rejected, "{status} {body}");
    }
    for status in [301, 302, 401, 403, 404, 407, 410, 418, 425, 451] {
        for body in ["", "<html>sign in</html>", "{}", "{\"ok\":true}", "{\"error\":\"odd_word\"}"]
        {
            let word = format!("http_{status}");
            assert_eq!(judged(status, body), rest(&word, Repair::App), "{body}");
        }
        assert_eq!(judged(status, "invalid_auth"), rest("invalid_auth", Repair::App));
    }
    for status in [408, 500, 501, 502, 503, 599] {
        let verdict = judged(status, &no("invalid_auth"));
        assert_eq!(verdict.result(), AttemptResult::ServerError, "{status}");
    }
}

#[test]
fn without_a_boolean_ok_the_outcome_is_unknown() {
    for body in ["", "ok", "true", "[]", "{}", "{\"ok\":1}", "{\"ok\":\"true\"}", "{\"ok\":null}"] {
        assert_eq!(judged(200, body).result(), AttemptResult::ServerError, "{body}");
    }
    for body in ["invalid_auth", "<html>", "{\"error\":\"invalid_auth\"}", "{\"ok\":true"] {
        assert_eq!(judged(200, body).result(), AttemptResult::ServerError, "{body}");
    }
    let mut cut = answer(200, "{\"ok\":tr");
    cut.body_end = BodyEnd::ConnectionLost;
    assert_eq!(judge(&cut, false, NOW).result(), AttemptResult::Connect);
    cut.body_end = BodyEnd::TimedOut;
    assert_eq!(judge(&cut, false, NOW).result(), AttemptResult::Timeout);
    // The answer is whole, whatever happens to the connection after it.
    let mut whole = answer(200, "{\"ok\":true}");
    whole.body_end = BodyEnd::ConnectionLost;
    assert_eq!(judge(&whole, false, NOW), Verdict::Delivered);
}

#[test]
fn an_error_that_is_no_word_is_final_and_is_not_repeated() {
    for error in ["null", "1", "\"Ada Lovelace\"", "{}", "\"\""] {
        let body = format!("{{\"ok\":false,\"error\":{error}}}");
        assert_eq!(judged(200, &body), rejected("status 200"), "{body}");
    }
}

#[test]
fn only_a_missing_scope_for_user_and_icon_leaves_them_out() {
    let body = |needed: &str| {
        let word = "missing_scope";
        answer(200, &format!("{{\"ok\":false,\"error\":\"{word}\",\"needed\":\"{needed}\"}}"))
    };
    let rests = rest("missing_scope", Repair::App);
    let customize = body("chat:write.customize");
    assert_eq!(judge(&customize, true, NOW), Verdict::WithoutCustomization);
    assert_eq!(judge(&customize, false, NOW), rests);
    for needed in ["chat:write", "chat:write.customize,chat:write", "", "chat:write:bot"] {
        assert_eq!(judge(&body(needed), true, NOW), rests, "{needed}");
    }
    assert_eq!(judge(&answer(200, &no("missing_scope")), true, NOW), rests);
}

proptest! {
    /// No word of a verdict is anything but a word or a phrase of ours, whatever the answer.
    #[test]
    fn every_answer_has_a_verdict_without_its_text(status in 100..1000u16, body in "(\\{\"ok\":(true|false|1),\"error\":)?.{0,40}\\}?", customized: bool) {
        let verdict = judge(&answer(status, &body), customized, NOW);
        if let Verdict::Rejected { word } | Verdict::Rest { word, .. } | Verdict::Retry { word, .. } = verdict {
            let own = ["HTML page", "empty answer", "status "].iter().any(|own| word.starts_with(own));
            prop_assert!(own || is_word(&word), "{word}");
        }
    }
}
