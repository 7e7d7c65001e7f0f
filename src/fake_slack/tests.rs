#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "tests")]

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

use super::*;

const PATH: &str = "/services/T0/B0/sales";

async fn request(slack: &FakeSlack, method: &str, path: &str, body: &str) -> (u16, String) {
    let mut stream = TcpStream::connect(slack.address()).await.unwrap();
    let length = body.len();
    let request = format!(
        "{method} {path} HTTP/1.1\r\nhost: x\r\nconnection: close\r\ncontent-length: {length}\r\n\r\n{body}"
    );
    stream.write_all(request.as_bytes()).await.unwrap();
    let mut answer = Vec::new();
    // A reset counts as an answer.
    let _ = stream.read_to_end(&mut answer).await;
    let answer = String::from_utf8(answer).unwrap();
    let status = answer.split(' ').nth(1).and_then(|status| status.parse().ok()).unwrap_or(0);
    (status, answer.split_once("\r\n\r\n").map_or("", |(_, body)| body).to_owned())
}

#[tokio::test]
async fn it_answers_as_slack_does() {
    let slack = FakeSlack::start().await.unwrap();
    let many = format!("{{\"text\":\"x\",\"attachments\":[{}1]}}", "1,".repeat(100));
    for (path, body, expected) in [
        (PATH, "{\"text\":\"hello\"}", (200, "ok")),
        (PATH, "{\"text\":\"hello\"", (400, "invalid_payload")),
        (PATH, "[]", (400, "invalid_payload")),
        (PATH, "{\"text\":7}", (400, "invalid_payload")),
        (PATH, "{}", (400, "no_text")),
        (PATH, "{\"text\":\" \\n\"}", (400, "no_text")),
        (PATH, "{\"blocks\":[{}]}", (200, "ok")),
        (PATH, &many, (400, "too_many_attachments")),
        ("/services/", "{\"text\":\"hello\"}", (404, "no_service")),
        ("/elsewhere", "{\"text\":\"hello\"}", (404, "no_service")),
    ] {
        let (status, answer) = request(&slack, "POST", path, body).await;
        assert_eq!((status, answer.as_str()), expected, "{path} {body}");
    }
    assert_eq!(request(&slack, "GET", PATH, "").await.0, 405);
    let requests = slack.requests_to(PATH);
    assert_eq!((requests.len(), slack.count()), (8, 10));
    assert_eq!(requests[0].json()["text"], "hello");
    assert!(requests[0].is_posted() && !requests[1].is_posted());
    assert!(requests.is_sorted_by_key(|request| request.at));
}

#[tokio::test]
async fn scripts_are_followed_in_order_and_by_path() {
    let slack = FakeSlack::start().await.unwrap();
    let hello = "{\"text\":\"x\"}";
    slack.push(PATH, [Answer::new(500, "rollup_error"), Answer::rate_limited(7)]);
    slack.set_default(PATH, Some(Answer::new(410, "channel_is_archived")));
    let mut statuses = Vec::new();
    for _ in 0..4 {
        statuses.push(request(&slack, "POST", PATH, hello).await.0);
    }
    assert_eq!(statuses, [500, 429, 410, 410]);
    assert_eq!(request(&slack, "POST", "/services/T/B/other", hello).await, (200, "ok".to_owned()));
    slack.set_default(PATH, None);
    assert_eq!(request(&slack, "POST", PATH, hello).await.0, 200);
    assert_eq!(slack.count(), 6);
}

#[tokio::test]
async fn it_can_answer_as_other_receivers_and_proxies_do() {
    let slack = FakeSlack::start().await.unwrap();
    for (status, body, is_posted) in [
        (200, "{\"success\":true}", true),
        (200, "{\"result\":\"success\",\"msg\":\"\",\"ok\":true}", true),
        (204, "", true),
        (200, "{\"ok\":true,\"success\":false}", false),
        (200, "<html>Sign in</html>", false),
        (503, "ok", false),
    ] {
        slack.push(PATH, [Answer::new(status, body).with_header("Retry-After", "7")]);
        let answered = request(&slack, "POST", PATH, "{\"text\":\"x\"}").await;
        assert_eq!(answered, (status, body.to_owned()));
        let request = slack.requests().pop().unwrap();
        assert_eq!(request.is_posted(), is_posted, "{status} {body}");
        assert_eq!(request.answer.headers["Retry-After"], "7");
    }
}

#[tokio::test]
async fn a_limit_answers_429_with_the_seconds_to_wait() {
    let slack = FakeSlack::start().await.unwrap();
    slack.set_limit_everywhere(Some(Limit { rate: 0.1, burst: 2 }));
    let mut statuses = Vec::new();
    for _ in 0..4 {
        statuses.push(request(&slack, "POST", PATH, "{\"text\":\"x\"}").await.0);
    }
    assert_eq!(statuses, [200, 200, 429, 429]);
    assert_eq!(
        request(&slack, "POST", "/services/T/B/other", "{\"text\":\"x\"}").await.0,
        200,
        "each path is counted separately"
    );
    let refused = &slack.requests_to(PATH)[2];
    assert_eq!(refused.answer.headers["Retry-After"], "9");
    assert_eq!(refused.answer.body, "{\"retry_after\":9,\"ok\":false,\"error\":\"rate_limited\"}");
}

#[tokio::test]
async fn another_process_can_script_it() {
    let slack = FakeSlack::start().await.unwrap();
    let hello = "{\"text\":\"x\"}";
    let script = r#"{"answers": [{"status": 500, "body": "rollup_error"}, {"fault": "reset"}], "default": {"status": 503}, "limit": null}"#;
    assert_eq!(request(&slack, "POST", &format!("/control{PATH}"), script).await.0, 200);
    let mut statuses = Vec::new();
    for _ in 0..3 {
        statuses.push(request(&slack, "POST", PATH, hello).await.0);
    }
    assert_eq!(statuses, [500, 0, 503]);
    assert_eq!(
        request(&slack, "POST", &format!("/control{PATH}"), "{\"default\": null}").await.0,
        200
    );
    assert_eq!(request(&slack, "POST", PATH, hello).await.0, 200);
    assert_eq!(request(&slack, "POST", "/control", "{\"limit\": {\"rate\": 0.001}}").await.0, 200);
    assert_eq!(request(&slack, "POST", PATH, hello).await.0, 200);
    assert_eq!(request(&slack, "POST", PATH, hello).await.0, 429);
    for wrong in [
        "",
        "[]",
        "{\"defualt\": null}",
        "{\"limit\": {\"rate\": 0}}",
        "{\"answers\": [{\"fault\": \"fire\"}]}",
    ] {
        assert_eq!(request(&slack, "POST", "/control", wrong).await.0, 400, "{wrong}");
    }
    let (status, counts) = request(&slack, "GET", "/control", "").await;
    assert_eq!((status, counts.as_str()), (200, "{\"requests\":{\"/services/T0/B0/sales\":6}}\n"));
}

#[tokio::test]
async fn it_handles_thousands_of_messages_on_many_connections() {
    let slack = FakeSlack::start().await.unwrap();
    let mut clients = tokio::task::JoinSet::new();
    for client in 0..50 {
        let address = slack.address();
        clients.spawn(async move {
            let mut stream = TcpStream::connect(address).await.unwrap();
            let request = format!(
                "POST /services/T/B/{client} HTTP/1.1\r\nhost: x\r\ncontent-length: 12\r\n\r\n{{\"text\":\"x\"}}"
            );
            let mut answer = [0; 1024];
            for _ in 0..100 {
                stream.write_all(request.as_bytes()).await.unwrap();
                let read = stream.read(&mut answer).await.unwrap();
                assert!(answer[..read].starts_with(b"HTTP/1.1 200") && answer[..read].ends_with(b"\r\n\r\nok"));
            }
        });
    }
    while let Some(client) = clients.join_next().await {
        client.unwrap();
    }
    assert_eq!(slack.count(), 5000);
}
