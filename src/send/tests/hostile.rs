//! Hostile and broken servers: the real client, real sockets, real (short) time.

use std::net::SocketAddr;
use std::time::Instant;

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use url::Url;

use super::*;
use crate::fake_slack::{self, FakeSlack, Fault};
use crate::metrics::AttemptResult;
use crate::secret::Secret;

pub const PATH: &str = "/services/T0SECRET/B0SECRET/s3cr3tt0k3n";

/// The timeout where a test expects an answer, also on a busy machine.
pub const LONG: Duration = Duration::from_secs(20);

/// The timeout where a test expects it to pass.
pub const SHORT: Duration = Duration::from_millis(300);

pub fn at(url: &str, timeout: Duration) -> Webhook {
    Webhook { url: Some(Secret::new(Url::parse(url).unwrap())), timeout, ..webhook() }
}

pub async fn attempt(webhook: &Webhook) -> Attempted {
    let began = Instant::now();
    let endpoint = Endpoint::open(webhook, &[], &mut ClientPool::default()).unwrap();
    let attempted =
        endpoint.attempt_once("sales", Bytes::from_static(b"{\"text\":\"hello\"}")).await;
    assert!(began.elapsed() < webhook.timeout + Duration::from_secs(5), "bounded by the timeout");
    let shown = format!("{attempted:?} {}", attempted.word);
    for secret in ["SECRET", "s3cr3t", "services"] {
        assert!(!shown.contains(secret), "{shown}");
    }
    attempted
}

/// A server that passes each bare connection to `serve`.
pub async fn raw<F>(serve: impl Fn(TcpStream) -> F + Send + 'static) -> SocketAddr
where
    F: Future<Output = ()> + Send + 'static,
{
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    tokio::spawn(async move {
        while let Ok((stream, _)) = listener.accept().await {
            tokio::spawn(serve(stream));
        }
    });
    address
}

pub async fn says(bytes: &'static [u8]) -> SocketAddr {
    raw(move |mut stream| async move {
        let mut request = [0; 4096];
        let _ = stream.read(&mut request).await;
        let _ = stream.write_all(bytes).await;
    })
    .await
}

#[tokio::test]
async fn a_post_arrives_under_the_default_name() {
    let slack = FakeSlack::start().await.unwrap();
    let attempted = attempt(&at(&slack.url(PATH), LONG)).await;
    assert_eq!(
        (attempted.status, attempted.word.as_str(), attempted.verdict),
        (Some(200), "ok", Verdict::Delivered)
    );
    let request = &slack.requests()[0];
    assert_eq!(request.path, PATH);
    assert_eq!(request.body, r#"{"text":"hello","username":"Slackline"}"#);
    assert_eq!(request.headers["content-type"], "application/json; charset=utf-8");
    assert_eq!(request.headers["user-agent"], concat!("slackline/", env!("CARGO_PKG_VERSION")));
    assert!(!request.headers.contains_key("referer"));
}

#[tokio::test]
async fn every_fault_has_its_verdict_within_the_timeout() {
    use AttemptResult::{Connect, Ok, Rejected, ServerError, Timeout};
    let slack = FakeSlack::start().await.unwrap();
    for (fault, body, timeout, expected) in [
        (Fault::Reset, "ok", LONG, Connect),
        (Fault::Close, "ok", LONG, Connect),
        (Fault::HalfAnswer, "ok", LONG, Connect),
        (Fault::Hang, "ok", SHORT, Timeout),
        (Fault::EndlessBody, "ok", LONG, Ok),
        (Fault::SlowHeaders, "ok", SHORT, Timeout),
        (Fault::EndlessInterim, "ok", SHORT, Timeout),
        (Fault::ContentTooShort, "ok", LONG, Ok),
        (Fault::ContentTooShort, "o", LONG, Connect),
        (Fault::ContentTooLong, "ok", LONG, Ok),
        (Fault::Garbage, "ok", LONG, Connect),
        (Fault::RedirectLoop, "ok", LONG, ServerError),
    ] {
        let answer =
            fake_slack::Answer { body: body.to_owned(), ..fake_slack::Answer::fault(fault) };
        slack.set_default(PATH, Some(answer));
        let before = slack.count();
        let attempted = attempt(&at(&slack.url(PATH), timeout)).await;
        assert_eq!(attempted.verdict.result(), expected, "{fault:?} {body}: {attempted:?}");
        assert_eq!(slack.count(), before + 1, "{fault:?}: one attempt is one request");
        if expected != Timeout {
            assert!(attempted.took < LONG / 2, "{fault:?}: {attempted:?}");
        }
    }
    for (status, expected) in
        [(500, ServerError), (501, Rejected), (503, ServerError), (301, ServerError)]
    {
        slack.set_default(
            PATH,
            Some(fake_slack::Answer::new(status, "").with_header("location", PATH)),
        );
        let attempted = attempt(&at(&slack.url(PATH), LONG)).await;
        assert_eq!((attempted.status, attempted.verdict.result()), (Some(status), expected));
    }
}

#[tokio::test]
async fn an_endless_body_is_read_up_to_the_limit() {
    let (count, counted) = tokio::sync::oneshot::channel();
    let count = Arc::new(std::sync::Mutex::new(Some(count)));
    let address = raw(move |mut stream| {
        let count = Arc::clone(&count);
        async move {
            let mut request = [0; 4096];
            let _ = stream.read(&mut request).await;
            let _ = stream.write_all(b"HTTP/1.1 404 Not Found\r\n\r\n").await;
            let mut sent = 0u64;
            while stream.write_all(&[b'x'; 4096]).await.is_ok() {
                sent += 4096;
            }
            let count = count.lock().unwrap().take();
            count.unwrap().send(sent).unwrap();
        }
    })
    .await;
    let attempted = attempt(&at(&format!("http://{address}{PATH}"), LONG)).await;
    assert_eq!((attempted.status, attempted.word.as_str()), (Some(404), "status 404"));
    // What is beyond 64 KiB is in the kernel's buffers.
    let sent = counted.await.unwrap();
    assert!(sent < 32 * 1024 * 1024, "{sent} bytes were read");
}

#[tokio::test]
async fn broken_http_has_a_verdict() {
    use AttemptResult::{Connect, Ok, ServerError};
    let cases: [(&[u8], AttemptResult); 12] = [
        (b"", Connect),
        (b"\r\n\r\n", Connect),
        (b"HTTP/1.1 2", Connect),
        (b"HTTP/9.9 200 OK\r\n\r\nok", Connect),
        (b"HTTP/1.1 999 Odd\r\ncontent-length: 2\r\n\r\nok", ServerError),
        (b"HTTP/1.1 101 Switching Protocols\r\nupgrade: x\r\nconnection: upgrade\r\n\r\n", ServerError),
        (b"HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 103 Early Hints\r\n\r\nHTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\nok", Ok),
        (b"HTTP/1.1 200 OK\r\ncontent-length: -1\r\n\r\nok", Connect),
        (b"HTTP/1.1 200 OK\r\ncontent-length: 99999999999999999999999\r\n\r\nok", Connect),
        (b"HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\nffffffffffffffffff\r\nok", Connect),
        (b"HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n2\r\nok\r\nzzz", Ok),
        (b"HTTP/1.1 503 Service Unavailable\r\ncontent-length: 100\r\n\r\nupst", ServerError),
    ];
    for (bytes, expected) in cases {
        let address = says(bytes).await;
        let attempted = attempt(&at(&format!("http://{address}{PATH}"), LONG)).await;
        let shown = String::from_utf8_lossy(bytes);
        assert_eq!(attempted.verdict.result(), expected, "{shown:?}: {attempted:?}");
    }
}

#[tokio::test]
async fn endless_headers_are_refused() {
    let address = raw(|mut stream| async move {
        let mut request = [0; 4096];
        let _ = stream.read(&mut request).await;
        let _ = stream.write_all(b"HTTP/1.1 200 OK\r\nx-long: ").await;
        while stream.write_all(&[b'y'; 4096]).await.is_ok() {}
    })
    .await;
    let attempted = attempt(&at(&format!("http://{address}{PATH}"), LONG)).await;
    assert_eq!(attempted.verdict.result(), AttemptResult::Connect);
    assert!(attempted.took < LONG / 2, "refused, not timed out");
}

#[tokio::test]
async fn a_refused_connection_is_a_connection_error() {
    let closed = TcpListener::bind("127.0.0.1:0").await.unwrap().local_addr().unwrap();
    let attempted = attempt(&at(&format!("http://{closed}{PATH}"), LONG)).await;
    assert_eq!(attempted.verdict.result(), AttemptResult::Connect);
    assert!(attempted.word.contains("refused"), "{}", attempted.word);
}

#[tokio::test]
async fn parts_of_the_url_in_an_answer_are_masked() {
    let slack = FakeSlack::start().await.unwrap();
    for (body, word) in [
        (format!("Cannot POST {PATH}"), "status 404"),
        ("the token s3cr3tt0k3n is not valid".to_owned(), "status 404"),
        ("no_s3cr3tt0k3n".to_owned(), "status 404"),
        ("{\"ok\":false,\"error\":\"t_s3cr3tt0k3n\"}".to_owned(), "status 404"),
        ("no_token".to_owned(), "no_token"),
    ] {
        slack.push(PATH, [fake_slack::Answer::new(404, body.clone())]);
        let attempted = attempt(&at(&slack.url(PATH), LONG)).await;
        assert_eq!(attempted.word, word, "{body}");
    }
}

#[tokio::test]
async fn a_configured_proxy_is_used() {
    // A proxy receives the whole URL; a fake Slack can be one.
    let proxy = FakeSlack::start().await.unwrap();
    let proxied = Webhook {
        proxy: Some(Secret::new(Url::parse(&proxy.url("/")).unwrap())),
        ..at("http://slack.internal.invalid/services/T0SECRET/B0SECRET/s3cr3tt0k3n", LONG)
    };
    assert_eq!(attempt(&proxied).await.verdict, Verdict::Delivered);
    assert_eq!(proxy.requests()[0].headers["host"], "slack.internal.invalid");
}

/// A proxy makes the host Slack's, though nothing leaves this machine.
#[tokio::test]
async fn the_rules_of_slacks_hosts_are_those_of_the_url_not_of_the_proxy() {
    use AttemptResult::{Ok, Rejected, Resting, ServerError};
    let proxy = FakeSlack::start().await.unwrap();
    let slack = Webhook {
        proxy: Some(Secret::new(Url::parse(&proxy.url("/")).unwrap())),
        ..at(&format!("http://hooks.slack.com{PATH}"), LONG)
    };
    let other = Webhook { proxy: None, ..at(&proxy.url(PATH), LONG) };
    for (status, body, of_slack, elsewhere) in [
        (200, "ok", Ok, Ok),
        (200, "{\"ok\":true}", Ok, Ok),
        (200, "{\"success\":true}", Rejected, Ok),
        (200, "", Rejected, Ok),
        (204, "", Rejected, Ok),
        (201, "created", Rejected, Ok),
        (200, "no_service", Resting, Resting),
        (200, "<!doctype html><title>Sign in</title>", ServerError, ServerError),
        (404, "no_service", Resting, Resting),
        (404, "default backend - 404", Resting, Resting),
        (403, "default backend - 403", ServerError, ServerError),
        (407, "", ServerError, ServerError),
    ] {
        proxy.set_default(PATH, Some(fake_slack::Answer::new(status, body)));
        for (webhook, expected) in [(&slack, of_slack), (&other, elsewhere)] {
            let attempted = attempt(webhook).await;
            assert_eq!(attempted.verdict.result(), expected, "{status} {body}: {attempted:?}");
        }
    }
}
