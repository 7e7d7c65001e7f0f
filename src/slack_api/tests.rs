use std::net::{Ipv4Addr, SocketAddr};

use super::*;
use crate::config::fixture;
use crate::fake_slack::{Answer, FakeSlack, Fault};

const PLANTED: &str = "xoxb-pl4nt3d";

async fn slack() -> FakeSlack {
    FakeSlack::start_on(SocketAddr::from((Ipv4Addr::LOCALHOST, 0))).await.unwrap()
}

fn api(fake: &FakeSlack, limit: Duration) -> SlackApi {
    let app = fixture::app("acme", &fake.url("/api/"), PLANTED);
    SlackApi::open(&app, &mut ClientPool::default(), Instant::now() + limit).unwrap()
}

const LONG: Duration = Duration::from_secs(20);

#[tokio::test]
async fn a_token_has_an_owner_and_scopes() {
    let fake = slack().await;
    let answer = Answer::new(200, r#"{"ok":true,"team":"Acme\u001b[31m","user":"bot","x":1}"#);
    fake.push("/api/auth.test", [answer.with_header("X-OAuth-Scopes", "chat:write, groups:read")]);
    let reply = api(&fake, LONG).identity().await.unwrap();
    assert_eq!((reply.body.team().as_str(), reply.body.user().as_str()), ("Acme[31m", "bot"));
    let scopes = reply.scopes.unwrap();
    assert!(scopes.has("chat:write") && scopes.has("groups:read") && !scopes.has("chat"));
    let request = fake.requests_to("/api/auth.test").remove(0);
    assert_eq!(request.headers["authorization"], format!("Bearer {PLANTED}"));
}

#[tokio::test]
async fn pages_follow_the_cursor() {
    let fake = slack().await;
    let page = |cursor: &str| {
        Answer::new(
            200,
            format!(
                r#"{{"ok":true,"channels":[{{"id":"C1"}}],"response_metadata":{{"next_cursor":"{cursor}"}}}}"#
            ),
        )
    };
    fake.push("/api/conversations.list", [page("a="), page("")]);
    let api = api(&fake, LONG);
    let first = api.conversations("public_channel", "").await.unwrap();
    assert_eq!(first.next(), Some("a="));
    assert_eq!(api.conversations("public_channel", "a=").await.unwrap().next(), None);
    let requests = fake.requests_to("/api/conversations.list");
    let sent = requests.iter().map(|request| String::from_utf8_lossy(&request.body).into_owned());
    let arguments = "types=public_channel&limit=999&exclude_archived=false";
    assert_eq!(
        sent.collect::<Vec<_>>(),
        [arguments.to_owned(), format!("{arguments}&cursor=a%3D")]
    );
}

#[tokio::test]
async fn a_short_retry_after_is_waited_for_and_a_long_one_is_not() {
    let fake = slack().await;
    let throttled = |seconds| Answer::rate_limited(seconds);
    let info = Answer::new(200, r#"{"ok":true,"channel":{"id":"C1","name":"a"}}"#);
    fake.push("/api/conversations.info", [throttled(1), info, throttled(11), throttled(3)]);
    let asked = api(&fake, LONG);
    assert_eq!(asked.conversation("C1").await.unwrap().shown(), "#a");
    let long = asked.conversation("C1").await.unwrap_err();
    assert_eq!(long, Failure::Throttled(Some(Duration::from_secs(11))));
    // Not enough time is left to wait.
    let late = api(&fake, Duration::from_secs(2)).conversation("C1").await.unwrap_err();
    assert_eq!(late, Failure::Throttled(Some(Duration::from_secs(3))));
    let requests = fake.requests_to("/api/conversations.info");
    assert_eq!(requests.len(), 4);
    assert!(requests[1].at - requests[0].at >= Duration::from_secs(1));
}

#[tokio::test]
async fn a_request_ends_in_time_and_no_reason_holds_the_token() {
    let fake = slack().await;
    for fault in [Fault::Reset, Fault::Close, Fault::Hang, Fault::Garbage, Fault::EndlessBody] {
        fake.push("/api/auth.test", [Answer::fault(fault)]);
        let failure = api(&fake, Duration::from_millis(300)).identity().await.unwrap_err();
        let is_failure = matches!(failure, Failure::NoAnswer(_));
        assert!(is_failure && !format!("{failure:?}").contains(PLANTED), "{fault:?}: {failure:?}");
    }
    // No redirect is followed.
    fake.push("/api/auth.test", [Answer::fault(Fault::RedirectLoop)]);
    let failure = api(&fake, LONG).identity().await.unwrap_err();
    assert!(
        matches!(&failure, Failure::Refused { word, .. } if word.starts_with("http_3")),
        "{failure:?}"
    );
}

#[tokio::test]
async fn blocks_are_validated_with_places() {
    let fake = slack().await;
    let api = api(&fake, LONG);
    assert_eq!(api.validate_blocks(r#"[{"type":"divider"}]"#).await.unwrap(), Validation::Valid);
    let sent = fake.requests_to("/api/blocks.validate").remove(0);
    assert_eq!(&sent.body[..], b"blocks=%5B%7B%22type%22%3A%22divider%22%7D%5D");
    let invalid = |word: &str, pointer: &str| Validation::Invalid {
        word: word.to_owned(),
        faults: vec![BlockFault {
            pointer: pointer.to_owned(),
            message: "missing required field: text".to_owned(),
        }],
    };
    let found = api.validate_blocks(r#"[{"type":"header"}]"#).await.unwrap();
    assert_eq!(found, invalid("invalid_blocks", "/0"));
    let message = r#"{"attachments":[{"blocks":[{"type":"header"}]}]}"#;
    let found = api.validate_message(message).await.unwrap();
    assert_eq!(found, invalid("invalid_message", "/attachments/0/blocks/0"));
    fake.push("/api/blocks.validate", [Answer::error("unknown_method")]);
    let refused = api.validate_blocks("[]").await.unwrap_err();
    assert_eq!(refused, Failure::Refused { word: "unknown_method".into(), needed: String::new() });
    let odd = r#"{"ok":false,"error":"invalid_blocks","errors":["x"]}"#;
    fake.push("/api/blocks.validate", [Answer::new(200, odd)]);
    let found = api.validate_blocks("[]").await.unwrap();
    assert_eq!(found, Validation::Invalid { word: "invalid_blocks".into(), faults: vec![] });
}

fn read(status: u16, body: &str) -> Result<serde_json::Value, Failure> {
    reply::read(status, None, Bytes::copy_from_slice(body.as_bytes()), SystemTime::UNIX_EPOCH)
}

#[test]
fn every_answer_is_a_reply_or_a_failure() {
    let refused = |word: &str, needed: &str| Failure::Refused {
        word: word.to_owned(),
        needed: needed.to_owned(),
    };
    let trouble = |word: &str| Failure::Unavailable(word.to_owned());
    for (status, body, expected) in [
        (200, r#"{"ok":false,"error":"invalid_auth"}"#, refused("invalid_auth", "")),
        (
            200,
            r#"{"ok":false,"error":"missing_scope","needed":"channels:read"}"#,
            refused("missing_scope", "channels:read"),
        ),
        (403, r#"{"ok":false,"error":"access_denied"}"#, refused("access_denied", "")),
        (404, "<html>", refused("http_404", "")),
        (302, "", refused("http_302", "")),
        (200, "<html>", Failure::NotSlack),
        (200, "ok", Failure::NotSlack),
        (200, r#"{"ok":"true"}"#, Failure::NotSlack),
        (200, r#"{"ok":false,"error":"Of xoxb-1-2"}"#, Failure::NotSlack),
        (200, r#"{"ok":false}"#, Failure::NotSlack),
        (200, r#"{"ok":false,"error":"internal_error"}"#, trouble("internal_error")),
        (503, r#"{"ok":true}"#, trouble("http_503")),
        (408, "", trouble("http_408")),
        (429, "", Failure::Throttled(None)),
        (200, r#"{"ok":false,"error":"ratelimited"}"#, Failure::Throttled(None)),
        (429, r#"{"ok":false,"retry_after":2}"#, Failure::Throttled(Some(Duration::from_secs(2)))),
    ] {
        assert_eq!(read(status, body), Err(expected), "{status} {body}");
    }
    assert!(read(200, r#"{"ok":true}"#).is_ok());
}
