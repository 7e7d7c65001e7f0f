//! No answer of a hostile or broken webhook hurts: the real client, real sockets, real (short) time.

use std::net::SocketAddr;
use std::time::Instant;

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use url::Url;

use super::*;
use crate::fake_slack::{self, FakeSlack, Fault};
use crate::metrics::AttemptResult;
use crate::secret::Secret;

const PATH: &str = "/services/T0SECRET/B0SECRET/s3cr3tt0k3n";

/// Long enough for anything that is well on a busy machine, where the test expects an answer.
const LONG: Duration = Duration::from_secs(20);

/// What a test that expects a timeout waits for.
const SHORT: Duration = Duration::from_millis(300);

fn at(url: &str, timeout: Duration) -> Webhook {
    Webhook { url: Secret::new(Url::parse(url).unwrap()), timeout, ..webhook() }
}

async fn attempt(webhook: &Webhook) -> Attempted {
    let began = Instant::now();
    let attempted =
        attempt_once(webhook, Bytes::from_static(b"{\"text\":\"hello\"}")).await.unwrap();
    assert!(began.elapsed() < webhook.timeout + Duration::from_secs(5), "bounded by the timeout");
    let shown = format!("{attempted:?} {}", attempted.word);
    for secret in ["SECRET", "s3cr3t", "services"] {
        assert!(!shown.contains(secret), "{shown}");
    }
    attempted
}

/// A server that reads a request's head and then does as it is told with the bare connection.
async fn raw<F>(serve: impl Fn(TcpStream) -> F + Send + 'static) -> SocketAddr
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

async fn says(bytes: &'static [u8]) -> SocketAddr {
    raw(move |mut stream| async move {
        let mut request = [0; 4096];
        let _ = stream.read(&mut request).await;
        let _ = stream.write_all(bytes).await;
    })
    .await
}

#[tokio::test]
async fn a_post_that_is_well_arrives_as_it_was_sent() {
    let slack = FakeSlack::start().await.unwrap();
    let attempted = attempt(&at(&slack.url(PATH), LONG)).await;
    assert_eq!(
        (attempted.status, attempted.word.as_str(), attempted.verdict),
        (Some(200), "ok", Verdict::Delivered)
    );
    let request = &slack.requests()[0];
    assert_eq!(request.path, PATH);
    assert_eq!(request.body, "{\"text\":\"hello\"}");
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
        (Fault::EndlessBody, "ok", LONG, Rejected),
        (Fault::SlowHeaders, "ok", SHORT, Timeout),
        (Fault::EndlessInterim, "ok", SHORT, Timeout),
        (Fault::ContentTooShort, "ok", LONG, Ok),
        (Fault::ContentTooShort, "o", LONG, Connect),
        (Fault::ContentTooLong, "ok", LONG, Ok),
        (Fault::Garbage, "ok", LONG, Connect),
        (Fault::RedirectLoop, "ok", LONG, Rejected),
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
        [(500, ServerError), (501, Rejected), (503, ServerError), (301, Rejected), (307, Rejected)]
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
async fn of_an_endless_body_no_more_is_taken_than_the_limit() {
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
    assert_eq!(attempted.verdict.result(), AttemptResult::Rejected);
    // What went beyond 64 KiB sits in the kernel's buffers.
    let sent = counted.await.unwrap();
    assert!(sent < 32 * 1024 * 1024, "{sent} bytes were taken");
}

#[tokio::test]
async fn broken_http_is_no_answer() {
    use AttemptResult::{Connect, Ok, Rejected, ServerError};
    let cases: [(&[u8], AttemptResult); 12] = [
        (b"", Connect),
        (b"\r\n\r\n", Connect),
        (b"HTTP/1.1 2", Connect),
        (b"HTTP/9.9 200 OK\r\n\r\nok", Connect),
        (b"HTTP/1.1 999 Odd\r\ncontent-length: 2\r\n\r\nok", Rejected),
        (b"HTTP/1.1 101 Switching Protocols\r\nupgrade: x\r\nconnection: upgrade\r\n\r\n", Rejected),
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
async fn headers_without_end_are_not_swallowed() {
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
async fn nobody_there_and_no_such_name_are_connection_errors() {
    let gone = TcpListener::bind("127.0.0.1:0").await.unwrap().local_addr().unwrap();
    let attempted = attempt(&at(&format!("http://{gone}{PATH}"), LONG)).await;
    assert_eq!(attempted.verdict.result(), AttemptResult::Connect);
    assert!(attempted.word.contains("refused"), "{}", attempted.word);
}

#[tokio::test]
async fn what_a_server_repeats_of_the_url_is_masked() {
    let slack = FakeSlack::start().await.unwrap();
    for body in [
        format!("Cannot POST {PATH}"),
        "the token s3cr3tt0k3n is not valid".to_owned(),
        "{\"ok\":false,\"error\":\"T0SECRET_B0SECRET_s3cr3tt0k3n\"}".to_owned(),
    ] {
        slack.push(PATH, [fake_slack::Answer::new(404, body.clone())]);
        let attempted = attempt(&at(&slack.url(PATH), LONG)).await;
        assert!(
            attempted.word.contains("***") || attempted.word.contains('…'),
            "{body}: {}",
            attempted.word
        );
    }
}

#[tokio::test]
async fn loopback_never_goes_through_a_proxy_unless_told_so() {
    assert!(
        [
            "http://localhost:1/x",
            "http://127.9.9.9/x",
            "http://[::1]/x",
            "http://[::ffff:127.0.0.1]/x",
            "http://a.localhost./x"
        ]
        .iter()
        .all(|url| client::is_loopback(&Url::parse(url).unwrap()))
    );
    assert!(
        [
            "https://hooks.slack.com/x",
            "https://localhost.evil.com/x",
            "https://128.0.0.1/x",
            "https://notlocalhost/x"
        ]
        .iter()
        .all(|url| !client::is_loopback(&Url::parse(url).unwrap()))
    );

    // A proxy is asked for the whole URL; a fake Slack can play one.
    let proxy = FakeSlack::start().await.unwrap();
    let told = Webhook {
        proxy: Some(Secret::new(Url::parse(&proxy.url("/")).unwrap())),
        ..at("http://slack.internal.invalid/services/T0SECRET/B0SECRET/s3cr3tt0k3n", LONG)
    };
    assert_eq!(attempt(&told).await.verdict, Verdict::Delivered);
    assert_eq!(proxy.requests()[0].headers["host"], "slack.internal.invalid");
}

mod tls {
    use rcgen::{BasicConstraints, CertificateParams, CertifiedIssuer, IsCa, KeyPair};
    use rustls::pki_types::{PrivateKeyDer, PrivatePkcs8KeyDer};
    use tokio_rustls::TlsAcceptor;

    use super::*;

    /// A server with a certificate of a private authority for `localhost`, and that authority's PEM.
    async fn server() -> (SocketAddr, Vec<u8>) {
        let mut authority = CertificateParams::new(Vec::new()).unwrap();
        authority.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        let authority =
            CertifiedIssuer::self_signed(authority, KeyPair::generate().unwrap()).unwrap();
        let key = KeyPair::generate().unwrap();
        let certificate = CertificateParams::new(vec!["localhost".to_owned()])
            .unwrap()
            .signed_by(&key, &authority)
            .unwrap();
        let key = PrivateKeyDer::Pkcs8(PrivatePkcs8KeyDer::from(key.serialize_der()));
        let provider = Arc::new(rustls::crypto::ring::default_provider());
        let config = rustls::ServerConfig::builder_with_provider(provider)
            .with_safe_default_protocol_versions()
            .unwrap()
            .with_no_client_auth()
            .with_single_cert(vec![certificate.der().clone()], key)
            .unwrap();
        let acceptor = TlsAcceptor::from(Arc::new(config));
        let address = raw(move |stream| {
            let acceptor = acceptor.clone();
            async move {
                let Ok(mut stream) = acceptor.accept(stream).await else { return };
                let mut request = [0; 4096];
                let _ = stream.read(&mut request).await;
                let _ = stream.write_all(b"HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\nok").await;
                let _ = stream.shutdown().await;
            }
        })
        .await;
        (address, authority.pem().into_bytes())
    }

    #[tokio::test]
    async fn an_unknown_authority_is_refused_and_a_configured_one_accepted() {
        let (address, pem) = server().await;
        let url = format!("https://localhost:{}{PATH}", address.port());
        let attempted = attempt(&at(&url, LONG)).await;
        assert_eq!(attempted.verdict.result(), AttemptResult::Connect);
        assert!(attempted.word.contains("certificate"), "{}", attempted.word);

        let trusting = Webhook { ca_pem: Some(pem.clone()), ..at(&url, LONG) };
        assert_eq!(attempt(&trusting).await.verdict, Verdict::Delivered);

        let wrong_name = format!("https://127.0.0.1:{}{PATH}", address.port());
        let attempted = attempt(&Webhook { ca_pem: Some(pem), ..at(&wrong_name, LONG) }).await;
        assert_eq!(attempted.verdict.result(), AttemptResult::Connect);
    }

    #[tokio::test]
    async fn what_does_not_speak_tls_is_a_connection_error() {
        for bytes in
            [&b"HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\nok"[..], b"", b"\x16\x03\x03\xff\xff"]
        {
            let address = says(bytes).await;
            let attempted = attempt(&at(&format!("https://{address}{PATH}"), LONG)).await;
            assert_eq!(attempted.verdict.result(), AttemptResult::Connect, "{attempted:?}");
        }
        let silent = raw(|stream| async move {
            let _held = stream;
            std::future::pending::<()>().await;
        })
        .await;
        let attempted = attempt(&at(&format!("https://{silent}{PATH}"), SHORT)).await;
        assert_eq!(attempted.verdict.result(), AttemptResult::Timeout);
    }

    #[test]
    fn a_ca_file_without_a_certificate_is_refused() {
        for pem in [
            &b""[..],
            b"no PEM",
            b"-----BEGIN CERTIFICATE-----\nnot base64 at all!\n-----END CERTIFICATE-----\n",
        ] {
            let error = Clients::new()
                .endpoint(&Webhook { ca_pem: Some(pem.to_vec()), ..webhook() })
                .err()
                .unwrap();
            assert!(matches!(error, ClientError::Ca(_)), "{error:?}");
        }
    }
}

/// Invariants 5 and 6 where they count: as the receivers see it.
#[tokio::test]
async fn the_receiver_never_sees_more_than_the_rate_whatever_it_answers() {
    let slack = FakeSlack::start().await.unwrap();
    let paths = [
        "/services/T0/B0/well",
        "/services/T0/B0/down",
        "/services/T0/B0/limited",
        "/services/T0/B0/hangs",
    ];
    slack.set_default(paths[1], Some(fake_slack::Answer::new(503, "rollup_error")));
    slack.push(paths[2], [fake_slack::Answer::rate_limited(1)]);
    slack.set_default(paths[3], Some(fake_slack::Answer::fault(Fault::Hang)));
    let impatient = Retry {
        initial: Duration::from_millis(1),
        max: Duration::from_millis(1),
        max_elapsed: LONG,
    };
    let mut clients = Clients::new();
    let mut ends = Vec::new();
    let mut tasks = Vec::new();
    for path in paths {
        let webhook = Webhook {
            rate_per_second: 20.0,
            burst: 3,
            retry: impatient,
            ..at(&slack.url(path), Duration::from_millis(200))
        };
        let endpoint = clients.endpoint(&webhook).unwrap();
        let (sender, rest) = rig::sender(webhook, endpoint);
        tasks.push(tokio::spawn(run(sender)));
        for offset in 0..40 {
            let mut delivery = rig::delivery(offset);
            delivery.payload = format!("{{\"text\":\"{offset}\"}}").into_bytes().into();
            rest.queue.push(delivery, crate::delivery::Origin::Read);
        }
        ends.push(rest);
    }
    for offset in 0..40 {
        assert_eq!(rig::outcome(&mut ends[0].reports, LONG).await, (offset, Ended::Delivered));
    }
    for rest in &mut ends {
        rest.reports.close();
        rest.queue.release(|_| true);
        rest.queue.close();
    }
    for task in tasks {
        tokio::time::timeout(LONG, task).await.unwrap().unwrap();
    }
    for path in paths {
        let times: Vec<Instant> =
            slack.requests_to(path).iter().map(|request| request.at).collect();
        for (first, from) in times.iter().enumerate() {
            for (last, to) in times.iter().enumerate().skip(first) {
                let window = (*to - *from).as_secs_f64();
                // A request is seen a little after it left: on a busy machine the first of a window more than the last.
                let allowed = 20.0 * (window + 0.2) + 3.0;
                assert!(
                    (last - first + 1) as f64 <= allowed,
                    "{path}: {} in {window} s",
                    last - first + 1
                );
            }
        }
        assert!(times.len() >= 2, "{path} was tried {} times", times.len());
    }
    let limited = slack.requests_to(paths[2]);
    assert!(limited[1].at - limited[0].at >= Duration::from_millis(990), "Retry-After was kept");
    let down = slack.requests_to(paths[1]);
    assert!(
        down.iter().all(|request| request.json()["text"] == "0"),
        "order: the first one stays first in line"
    );
}

#[test]
fn no_log_line_of_the_http_stack_shows_the_url() {
    let text = rig::logged(|| {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
        runtime.block_on(async {
            let slack = FakeSlack::start().await.unwrap();
            slack.push(
                PATH,
                [
                    fake_slack::Answer::fault(Fault::Reset),
                    fake_slack::Answer::new(404, format!("no {PATH} here")),
                ],
            );
            let webhook = Webhook { rate_per_second: 1000.0, ..at(&slack.url(PATH), LONG) };
            let retry = Retry { initial: Duration::from_millis(1), ..webhook.retry };
            let webhook = Webhook { retry, ..webhook };
            let endpoint = Clients::new().endpoint(&webhook).unwrap();
            let (sender, mut rest) = rig::sender(webhook, endpoint);
            let task = tokio::spawn(run(sender));
            rest.queue.push(rig::delivery(0), crate::delivery::Origin::Read);
            assert_eq!(
                rig::outcome(&mut rest.reports, LONG).await,
                (0, Ended::Dropped(Reason::Rejected))
            );
            rest.queue.close();
            task.await.unwrap();
        });
    });
    assert!(text.contains("delivery dropped") && text.contains("attempt failed"), "{text}");
    for secret in ["SECRET", "s3cr3t", "/services"] {
        assert!(!text.contains(secret), "{text}");
    }
}
