#![allow(clippy::unwrap_used, reason = "tests")]

use serde_json::{Value, json};

use super::*;
use crate::config::fixture;
use crate::config::model::Config;
use crate::send::client_pool::ClientPool;
use crate::send::endpoint::Endpoint;

const TOKEN: &str = "xoxb-1111111111-2222222222-s3cr3tt0k3n";

fn config() -> Config {
    fixture::checked(&format!(
        "kafka: {{brokers: 'localhost:9092', group_id: slackline, topics: [events]}}\n\
         apps: {{acme: {{token: {TOKEN}}}}}\n\
         webhooks: {{w: {{app: acme, channel: '#sales', channels: ['#emea']}}}}\n\
         actions: [{{name: a, trigger: a, webhook: w, message: m}}]\n"
    ))
}

/// The two channels of one app.
fn channels() -> [AppChannel; 2] {
    let config = config();
    let credential = Arc::new(Credential::of(&config.apps[0]).unwrap());
    [0, 1].map(|index| {
        let channel = config.webhooks[index].channel.as_ref().unwrap();
        AppChannel::new(Arc::clone(&credential), channel).unwrap()
    })
}

fn body(channel: &AppChannel, payload: &'static str) -> Value {
    let request = channel.request(Bytes::from_static(payload.as_bytes()));
    serde_json::from_slice(request.body().unwrap().as_bytes().unwrap()).unwrap()
}

fn missing(needed: &str) -> Answer {
    let body = json!({ "ok": false, "error": "missing_scope", "needed": needed }).to_string();
    Answer { status: 200, body: body.into(), ..Answer::default() }
}

#[test]
fn a_request_has_the_token_in_a_sensitive_header_and_the_channel_in_its_body() {
    let [sales, _] = channels();
    let request = sales.request(Bytes::from_static(b"{\"text\":\"hi\"}"));
    assert_eq!(request.method(), Method::POST);
    assert_eq!(request.url().as_str(), "https://slack.com/api/chat.postMessage");
    let authorization = &request.headers()[AUTHORIZATION];
    assert_eq!(authorization.to_str().unwrap(), format!("Bearer {TOKEN}"));
    assert!(authorization.is_sensitive());
    assert_eq!(request.headers()[CONTENT_TYPE], "application/json; charset=utf-8");
    assert!(!format!("{request:?}").contains("s3cr3t"));
    assert_eq!(body(&sales, "{\"text\":\"hi\"}"), json!({ "text": "hi", "channel": "#sales" }));
}

#[test]
fn a_payload_keeps_its_values_and_loses_another_channel() {
    let [_, emea] = channels();
    let payload = r##"{"text":"\u00e9 {\"channel\":\"#x\"} 49.90","channel":"@ada","username":"Bot","icon_emoji":":x:","unfurl_links":false,"link_names":true}"##;
    let mut expected: Value = serde_json::from_str(payload).unwrap();
    expected["channel"] = "#emea".into();
    assert_eq!(body(&emea, payload), expected);
}

#[test]
fn user_and_icon_are_left_out_for_the_whole_app_once_they_were_refused() {
    let payload =
        r##"{"text":"hi","username":"Bot","icon_url":"https://x.test/i","icon_emoji":":x:"}"##;
    let plain = |channel: &str| json!({ "text": "hi", "channel": channel });
    let [sales, emea] = channels();
    let judge = |channel: &AppChannel| {
        channel.judge(&[], &missing("chat:write.customize"), SystemTime::UNIX_EPOCH)
    };
    assert_eq!(body(&sales, payload)["username"], "Bot");
    assert_eq!(body(&emea, payload)["username"], "Bot");
    assert_eq!(judge(&sales), Verdict::WithoutCustomization);
    assert_eq!(judge(&emea), Verdict::WithoutCustomization, "its request was under way");
    assert_eq!(body(&sales, payload), plain("#sales"));
    assert_eq!(body(&emea, payload), plain("#emea"));
    assert!(matches!(judge(&sales), Verdict::Rest { .. }), "nothing is left to leave out");
}

#[test]
fn no_part_of_a_token_comes_back() {
    let [sales, _] = channels();
    let text = format!("Bearer {TOKEN} s3cr3tt0k3n xoxb- 2222222222");
    assert_eq!(sales.mask(&text).unwrap(), "Bearer *** *** xoxb- 2222222222");
    assert_eq!(sales.mask("{\"ok\":true,\"ts\":\"2222222222.000100\"}"), None);
}

#[test]
fn the_channels_of_an_app_share_its_credential() {
    let config = config();
    let mut clients = ClientPool::default();
    for webhook in &config.webhooks {
        Endpoint::open(webhook, &config.apps, &mut clients).unwrap();
    }
    let app = &config.apps[0];
    let index = config.webhooks[0].app.unwrap();
    let first = clients.app(&config.webhooks[0], index, app).unwrap().1;
    let second = clients.app(&config.webhooks[1], index, app).unwrap().1;
    assert!(Arc::ptr_eq(&first, &second));
}

#[test]
fn a_refusal_of_blocks_names_the_block() {
    let [sales, _] = channels();
    let of = |payload: &str, body: Value| {
        let answer = Answer { status: 200, body: body.to_string().into(), ..Answer::default() };
        sales.judge(payload.as_bytes(), &answer, SystemTime::UNIX_EPOCH)
    };
    let messages = ["[ERROR] missing required field: text [json-pointer:/blocks/1/text]"];
    let answer = |error: &str| json!({ "ok": false, "error": error, "response_metadata": { "messages": messages } });
    let blocks = r#"{"text":"x","blocks":[{"type":"divider"}]}"#;
    for word in ["invalid_blocks", "invalid_blocks_format", "msg_blocks_too_long"] {
        let pointer = Some("/blocks/1/text".to_owned());
        let expected = Verdict::BlocksRefused { word: word.to_owned(), pointer };
        assert_eq!(of(blocks, answer(word)), expected);
        assert_eq!(
            of(r#"{"text":"x"}"#, answer(word)),
            Verdict::Rejected { word: word.to_owned() }
        );
    }
    assert!(matches!(of(blocks, answer("no_text")), Verdict::Rejected { .. }));
    assert!(matches!(of(blocks, answer("ratelimited")), Verdict::RateLimited { .. }));
}
