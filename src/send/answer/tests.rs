#![allow(clippy::unwrap_used, clippy::panic, reason = "tests")]

use super::*;

const NOW: SystemTime = SystemTime::UNIX_EPOCH;

fn pause(header: Option<&str>, body: &str, now: SystemTime) -> Option<Duration> {
    let body = Bytes::copy_from_slice(body.as_bytes());
    let retry_after = header.map(str::to_owned);
    Answer { status: 429, retry_after, body, ..Answer::default() }.retry_after(now)
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
        "the body counts where the header is unusable"
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
fn an_unusable_retry_after_is_ignored() {
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
fn the_debug_log_shows_neither_urls_nor_tokens_nor_escapes() {
    let text = |body: &[u8]| {
        Answer { status: 400, body: Bytes::copy_from_slice(body), ..Answer::default() }.text()
    };
    assert_eq!(text(b"Cannot POST /services/T000/B000/XXXX"), "Cannot POST …");
    assert_eq!(text(b"moved: https://hooks.slack.com/services/T/B/X\n"), "moved: …");
    assert_eq!(text(b"%2Fservices%2FT%2FB"), "…");
    assert_eq!(text(b"token abcdEFGH12345678abcdEFGH expired"), "token … expired");
    assert_eq!(text(b"\x1b[31mred\x07\xff"), "[31mred\u{FFFD}");
    assert_eq!(text("ä".repeat(500).as_bytes()).chars().count(), 300);
}
