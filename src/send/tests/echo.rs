//! A receiver that repeats the request: no event data in logs, metrics and results.

use tokio::io::{AsyncReadExt, AsyncWriteExt};

use super::hostile::{LONG, at, raw};
use super::*;

/// In every message; it does not look like a word.
const PLANTED: &str = "Ada Lovelace <ada@example.com>";

/// A server that answers with the request's body inside what these give: status, before, after.
const ECHOES: [(&str, &str, &str); 9] = [
    ("200 OK", "", ""),
    ("200 OK", "{\"ok\":false,\"error\":\"invalid: ", "\"}"),
    ("200 OK", "{\"success\":false,\"error\":\"", "\"}"),
    ("200 OK", "<html>", "</html>"),
    ("400 Bad Request", "{\"error\":\"", "\"}"),
    ("403 Forbidden", "blocked: ", ""),
    ("404 Not Found", "<!doctype html>", ""),
    ("429 Too Many", "{\"retry_after\":1,\"error\":\"", "\"}"),
    ("503 Busy", "busy: ", " (try again)"),
];

async fn receiver(echo: (&'static str, &'static str, &'static str)) -> String {
    let address = raw(move |mut stream| async move {
        let mut request = [0; 4096];
        let read = stream.read(&mut request).await.unwrap_or_default();
        let request = String::from_utf8_lossy(&request[..read]).into_owned();
        let said = request.split_once("\r\n\r\n").map_or("", |(_, body)| body);
        let (status, before, after) = echo;
        let length = before.len() + said.len() + after.len();
        let answer =
            format!("HTTP/1.1 {status}\r\ncontent-length: {length}\r\n\r\n{before}{said}{after}");
        let _ = stream.write_all(answer.as_bytes()).await;
    })
    .await;
    format!("http://{address}/hooks/x")
}

#[test]
fn event_data_that_an_answer_repeats_is_only_in_the_debug_log() {
    let mut shown = String::new();
    let log = rig::logged(false, async {
        for echo in ECHOES {
            let once = Retry {
                initial: Duration::from_millis(1),
                max: Duration::from_millis(1),
                max_elapsed: Duration::from_millis(1),
            };
            let url = receiver(echo).await;
            let webhook = Webhook { rate_per_second: 1e4, retry: once, ..at(&url, LONG) };
            let open = || Endpoint::open(&webhook, &[], &mut ClientPool::default()).unwrap();
            let attempted = open().attempt_once("sales", PLANTED.into()).await;
            shown.push_str(&format!("{attempted:?}\n"));
            let (sender, mut rest) = rig::sender(webhook.clone(), open());
            let task = tokio::spawn(run(sender));
            let mut post = rig::post(0);
            post.payload = PLANTED.as_bytes().into();
            rest.queue.push(post, crate::delivery::Origin::Read);
            match attempted.verdict {
                Verdict::RateLimited { .. } => {
                    let report = rest.reports.recv().await;
                    assert!(matches!(report, Some(Report::Throttled { .. })));
                    rest.queue.release(|_| true);
                }
                Verdict::Rest { .. } => {
                    while rest.metrics.resting().is_empty() {
                        tokio::time::sleep(Duration::from_millis(1)).await;
                    }
                    shown.push_str(&rest.metrics.resting().concat());
                    rest.queue.release(|_| true);
                }
                _ => drop(rig::outcome(&mut rest.reports, LONG).await),
            }
            rest.queue.close();
            task.await.unwrap();
            shown.push_str(&rest.metrics.text());
        }
    });
    let is_debug = |line: &&str| line.contains(" DEBUG ") || line.contains(" TRACE ");
    let (debug, usual): (Vec<&str>, Vec<&str>) = log.lines().partition(is_debug);
    for part in ["Ada", "Lovelace", "example.com"] {
        assert!(!shown.contains(part), "{shown}");
        assert!(!usual.iter().any(|line| line.contains(part)), "{usual:#?}");
        assert!(debug.iter().any(|line| line.contains(part)), "for who looks for the cause");
    }
    for word in ["http_404", "status 403", "status 503", "status 400"] {
        assert!(usual.iter().any(|line| line.contains(word)), "{word}: {usual:#?}");
    }
}
