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
    let many = format!("{{\"text\":\"x\",\"attachments\":[{}{{}}]}}", "{},".repeat(100));
    let section = format!(
        r#"{{"type":"section","text":{{"type":"mrkdwn","text":"{}"}}}}"#,
        "x".repeat(2_400)
    );
    let long = format!(r#"{{"blocks":[{section},{section},{section},{section}]}}"#);
    for (path, body, expected) in [
        (PATH, "{\"text\":\"hello\"}", (200, "ok")),
        (PATH, "{\"text\":\"hello\"", (400, "invalid_payload")),
        (PATH, "[]", (400, "invalid_payload")),
        (PATH, "{\"text\":7}", (400, "invalid_payload")),
        (PATH, "{}", (400, "no_text")),
        (PATH, "{\"text\":\" \\n\"}", (400, "no_text")),
        (PATH, r#"{"blocks":[{"type":"divider"}]}"#, (200, "ok")),
        (PATH, r#"{"text":"x","blocks":[{}]}"#, (400, "invalid_blocks")),
        (PATH, r#"{"text":"x","blocks":[{"type":"timeline"}]}"#, (400, "invalid_blocks")),
        (PATH, r#"{"text":"x","blocks":{}}"#, (400, "invalid_blocks_format")),
        (PATH, r#"{"attachments":[{"blocks":[{"type":"header"}]}]}"#, (400, "invalid_attachments")),
        (PATH, &long, (400, "msg_blocks_too_long")),
        (PATH, &many, (400, "too_many_attachments")),
        ("/services/", "{\"text\":\"hello\"}", (404, "no_service")),
        ("/elsewhere", "{\"text\":\"hello\"}", (404, "no_service")),
    ] {
        let (status, answer) = request(&slack, "POST", path, body).await;
        assert_eq!((status, answer.as_str()), expected, "{path} {body}");
    }
    assert_eq!(request(&slack, "GET", PATH, "").await.0, 405);
    let requests = slack.requests_to(PATH);
    assert_eq!((requests.len(), slack.count()), (13, 15));
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

/// Status, headers in lower case, and body of a call of the Web API.
async fn call(slack: &FakeSlack, method: &str, token: &str, body: &str) -> (u16, String, String) {
    let mut stream = TcpStream::connect(slack.address()).await.unwrap();
    let request = format!(
        "POST /api/{method} HTTP/1.1\r\nhost: x\r\nconnection: close\r\nauthorization: Bearer {token}\r\n\
         content-type: application/json; charset=utf-8\r\ncontent-length: {}\r\n\r\n{body}",
        body.len()
    );
    stream.write_all(request.as_bytes()).await.unwrap();
    let mut answer = String::new();
    stream.read_to_string(&mut answer).await.unwrap();
    let (head, body) = answer.split_once("\r\n\r\n").unwrap();
    let status = head.split(' ').nth(1).unwrap().parse().unwrap();
    (status, head.to_lowercase(), body.to_owned())
}

/// Posts to a channel, and returns the status and the error word.
async fn post(slack: &FakeSlack, token: &str, channel: &str) -> (u16, String) {
    let message = format!(r#"{{"channel":"{channel}","text":"hello"}}"#);
    let (status, _, body) = call(slack, "chat.postMessage", token, &message).await;
    let body: serde_json::Value = serde_json::from_str(&body).unwrap();
    (status, body["error"].as_str().unwrap_or_default().to_owned())
}

fn ok() -> (u16, String) {
    (200, String::new())
}

fn refused(word: &str) -> (u16, String) {
    (200, word.to_owned())
}

fn throttled() -> (u16, String) {
    (429, "ratelimited".to_owned())
}

#[tokio::test]
async fn the_web_api_answers_with_its_headers_and_records_who_posted_where() {
    let slack = FakeSlack::start().await.unwrap();
    let (status, head, body) = call(&slack, "auth.test", "xoxb-1", "").await;
    assert_eq!(status, 200, "{head} {body}");
    for header in [
        "content-type: application/json; charset=utf-8",
        "x-oauth-scopes: channels:read,chat:write,chat:write.customize,chat:write.public,groups:read",
        "x-slack-req-id: 00000000000000000000000000000001",
    ] {
        assert!(head.contains(header), "{header}: {head}");
    }
    assert_eq!(post(&slack, "xoxb-1", "#Sales").await, ok());
    assert_eq!(post(&slack, "xoxb-2", "C0000000001").await, ok());
    assert_eq!(post(&slack, "xoxb-2", "deals").await, ok());
    assert_eq!(post(&slack, "wrong", "deals").await, refused("invalid_auth"));
    let posted = |requests: Vec<Arc<Request>>| {
        requests.iter().map(|request| request.is_posted()).collect::<Vec<_>>()
    };
    assert_eq!(posted(slack.requests_in("sales")), [true, true]);
    assert_eq!(posted(slack.requests_in("deals")), [true, false]);
    assert_eq!(posted(slack.requests_of("xoxb-2")), [true, true]);
    assert_eq!(posted(slack.requests_to("/api/auth.test")), [false], "nothing is posted");
    let times: std::collections::BTreeSet<String> = slack.requests()[1..4]
        .iter()
        .map(|request| {
            serde_json::from_str::<serde_json::Value>(&request.answer.body).unwrap()["ts"]
                .to_string()
        })
        .collect();
    assert_eq!(times.len(), 3);
    assert!(!format!("{:?}", slack.requests()).contains("xoxb-"), "no token is shown");
    let (_, counts) = request(&slack, "GET", "/control", "").await;
    assert_eq!(counts, "{\"requests\":{\"/api/auth.test\":1,\"/api/deals\":2,\"/api/sales\":2}}\n");
}

#[tokio::test]
async fn a_channel_and_an_app_have_separate_limits() {
    let slack = FakeSlack::start().await.unwrap();
    slack.set_limit_everywhere(Some(Limit { rate: 0.01, burst: 1 }));
    slack.set_limit("/api/busy", Some(Limit { rate: 0.01, burst: 5 }));
    slack.set_limit("/api", Some(Limit { rate: 0.02, burst: 3 }));
    for (token, channel, expected) in [
        ("xoxb-1", "sales", ok()),
        ("xoxb-1", "#sales", throttled()),
        ("xoxb-1", "busy", ok()),
        ("xoxb-1", "busy", ok()),
        ("xoxb-1", "busy", throttled()),
        ("xoxb-2", "busy", ok()),
        ("xoxb-2", "sales", throttled()),
    ] {
        assert_eq!(post(&slack, token, channel).await, expected, "{token} {channel}");
    }
    let refused = &slack.requests_in("busy")[2];
    assert_eq!(refused.answer.headers["Retry-After"], "45");
    for _ in 0..3 {
        assert_eq!(call(&slack, "auth.test", "xoxb-1", "").await.0, 200, "only posts are limited");
    }
}

#[tokio::test]
async fn the_web_api_is_scripted_by_channel_by_method_and_as_a_whole() {
    let slack = FakeSlack::start().await.unwrap();
    slack.push("/api/#sales", [Answer::error("is_archived")]);
    slack.push("/api/chat.postMessage", [Answer::missing_scope("chat:write")]);
    slack.push("/api", [Answer::error("token_revoked")]);
    for expected in
        [refused("is_archived"), refused("missing_scope"), refused("token_revoked"), ok()]
    {
        assert_eq!(post(&slack, "xoxb-1", "sales").await, expected);
    }
    slack.set_default("/api/C0000000001", Some(Answer::error("not_in_channel")));
    assert_eq!(post(&slack, "xoxb-1", "sales").await, refused("not_in_channel"), "by its ID");
    assert_eq!(post(&slack, "xoxb-1", "deals").await, ok());
    slack.set_default("/api", Some(Answer::error("invalid_auth")));
    assert_eq!(post(&slack, "xoxb-1", "deals").await, refused("invalid_auth"));
    let body = call(&slack, "auth.test", "xoxb-1", "").await.2;
    assert_eq!(body, r#"{"ok":false,"error":"invalid_auth"}"#);
    slack.set_default("/api/auth.test", Some(Answer::new(503, "")));
    assert_eq!(call(&slack, "auth.test", "xoxb-1", "").await.0, 503);
    assert_eq!(request(&slack, "POST", PATH, "{\"text\":\"x\"}").await.0, 200, "webhooks are not");
}

#[tokio::test]
async fn a_scripted_ok_is_slacks_own_answer_in_both_kinds() {
    let slack = FakeSlack::start().await.unwrap();
    slack.set_default_everywhere(Some(Answer::default().with_header("X-More", "1")));
    let (_, head, body) =
        call(&slack, "chat.postMessage", "xoxb-1", r#"{"channel":"a","text":"hello"}"#).await;
    let body: serde_json::Value = serde_json::from_str(&body).unwrap();
    assert_eq!((&body["ok"], &body["message"]["text"]), (&true.into(), &"hello".into()));
    assert!(head.contains("x-more: 1") && head.contains("x-oauth-scopes: "), "{head}");
    assert_eq!(request(&slack, "POST", PATH, "{\"text\":\"x\"}").await, (200, "ok".to_owned()));
}

#[tokio::test]
async fn another_process_can_script_the_web_api_and_its_workspace() {
    let slack = FakeSlack::start().await.unwrap();
    let control = async |path: &str, body: &str| request(&slack, "POST", path, body).await.0;
    let script = r#"{"answers": [{"error": "not_in_channel"}, {"error": "missing_scope", "needed": "chat:write"}]}"#;
    assert_eq!(control("/control/api/%23Sales", script).await, 200);
    assert_eq!(control("/control/api/", r#"{"limit": {"rate": 0.01}}"#).await, 200);
    let scripted = ["not_in_channel", "missing_scope", ""].map(refused);
    for expected in scripted {
        assert_eq!(post(&slack, "xoxb-1", "#sales").await, expected);
    }
    let needed = &slack.requests_in("sales")[1].answer.body;
    assert!(needed.contains(r#""needed":"chat:write""#), "{needed}");
    assert_eq!(post(&slack, "xoxb-1", "deals").await, throttled());
    assert_eq!(control("/control/api", r#"{"limit": null}"#).await, 200);

    let settings = r##"{"channels": [{"name": "#sales"}, {"name": "old", "id": "C7", "is_archived": true}], "tokens": ["xoxb-9"]}"##;
    assert_eq!(control("/control/workspace", settings).await, 200);
    for (token, channel, word) in [
        ("xoxb-1", "sales", "invalid_auth"),
        ("xoxb-9", "sales", ""),
        ("xoxb-9", "C7", "is_archived"),
        ("xoxb-9", "deals", "channel_not_found"),
    ] {
        assert_eq!(post(&slack, token, channel).await, refused(word), "{token} {channel}");
    }
    let open = r#"{"channels": null, "tokens": null, "scopes": ["chat:write"], "ignore_customization": true}"#;
    assert_eq!(control("/control/workspace", open).await, 200);
    let message = r#"{"channel":"deals","text":"x","username":"Bot"}"#;
    assert_eq!(call(&slack, "chat.postMessage", "xoxb-1", message).await.0, 200);
    let ignored = slack.requests_in("deals").pop().unwrap();
    assert!(ignored.is_posted() && ignored.post.as_ref().unwrap().username.is_none());
    assert_eq!(ignored.json()["username"], "Bot");
    for wrong in ["", "[]", r#"{"chanels": null}"#, r#"{"channels": [{"id": "C1"}]}"#] {
        assert_eq!(control("/control/workspace", wrong).await, 400, "{wrong}");
    }
}

#[tokio::test]
async fn a_terminal_shows_channel_user_and_icon_of_an_app_and_the_word_of_a_refusal() {
    let slack = FakeSlack::start().await.unwrap();
    let mut feed = slack.subscribe();
    slack.push("/api/old", [Answer::error("is_archived")]);
    let messages = [
        r##"{"channel":"#sales","text":"hi","username":"Bot","icon_emoji":":tada:"}"##,
        r#"{"channel":"C0000000001","text":"hi","icon_url":"https://x.io/a/bot.png?s=1"}"#,
        r#"{"channel":"old","text":"hi"}"#,
    ];
    for message in messages {
        call(&slack, "chat.postMessage", "xoxb-1", message).await;
    }
    call(&slack, "auth.test", "xoxb-1", "").await;
    call(&slack, "auth.test", "xoxp-1", "").await;
    slack.push(PATH, [Answer::new(404, "no_service")]);
    request(&slack, "POST", PATH, "{\"text\":\"x\"}").await;
    let mut shown = Vec::new();
    for _ in 0..6 {
        let text = anstream::adapter::strip_str(&feed.next().await.unwrap()).to_string();
        // Without the time of day.
        shown.push(text.split_once(' ').unwrap().1.to_owned());
    }
    assert_eq!(
        shown,
        [
            "#sales  :tada: Bot [APP]\n         hi",
            "#sales  [bot.png] slackline [APP]\n         hi",
            "#old  ✗ is_archived",
            "auth.test  ✓",
            "auth.test  ✗ invalid_auth",
            "#sales  ✗ 404 no_service",
        ]
    );
}
