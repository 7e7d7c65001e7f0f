#![allow(clippy::unwrap_used, reason = "tests")]
use super::*;
use crate::config::fixture;
use crate::config::model::LongText;
use crate::fake_slack::{Answer, FakeSlack, Fault};
use crate::route::fixture::{SALES, action, config};
use crate::secret::Secret;

const ENTERPRISE: &str = r#"{"type":"identify","traits":{"name":"Ada","plan":"enterprise"}}"#;
const PATH: &str = "/services/T00/B00/sales";

/// A configuration whose first webhook is the fake Slack's.
fn with(slack: &FakeSlack, message: &str) -> Arc<Config> {
    let mut config =
        Arc::into_inner(config(vec![action("other", "a", "b"), action(SALES.0, SALES.1, message)]))
            .unwrap();
    config.webhooks[0].url = Some(Secret::new(slack.url(PATH).parse().unwrap()));
    Arc::new(config)
}

/// Status, standard output with the time taken as `N ms`, standard error.
async fn run(config: &Arc<Config>, action: &str, file: &str, stdin: &str) -> (u8, String, String) {
    let args = SendArgs {
        timestamp: None,
        action: action.to_owned(),
        files: vec![file.into()],
        config: ConfigFile::default(),
    };
    let (mut out, mut err) = (Vec::new(), Vec::new());
    let sent = send(config, &args, &mut stdin.as_bytes(), &mut out, &mut err).await;
    let status = sent.unwrap_or_else(|error| {
        writeln!(err, "{error:#}").unwrap();
        Exit::Refused
    });
    (status as u8, without_time(&String::from_utf8(out).unwrap()), String::from_utf8(err).unwrap())
}

fn without_time(out: &str) -> String {
    let Some((before, after)) = out.split_once(" ms") else { return out.to_owned() };
    format!("{}N ms{after}", before.trim_end_matches(|character: char| character.is_ascii_digit()))
}

#[tokio::test]
async fn it_posts_once_and_prints_the_response() {
    let slack = FakeSlack::start().await.unwrap();
    let config = with(&slack, "{{$.traits.name}} joined");
    let rests = "not posted: `run` would keep the message and retry from time to time, until this is repaired\n  help: ";
    let connection =
        "  help: check the webhook's URL, `proxy` and `ca_file`, and the network in between\n";
    for (answer, status, said, expected) in [
        (Answer::default(), 0, "200 `ok`", "posted\n".to_owned()),
        (
            Answer::new(404, "no_active_hooks"),
            1,
            "404 `no_active_hooks`",
            format!("{rests}the webhook is disabled: enable it, or create another one and change the URL\n"),
        ),
        (
            Answer::new(200, r#"{"ok":false,"error":"channel_not_found"}"#),
            1,
            "200 `channel_not_found`",
            format!("{rests}correct the channel\n"),
        ),
        (
            Answer::new(403, "<html>Ada is blocked</html>"),
            1,
            "403 `HTML page`",
            format!("not posted: `run` would retry\n{connection}"),
        ),
        (
            Answer::new(404, "no Ada here"),
            1,
            "404",
            format!("{rests}check the URL, or create another webhook and change the URL\n"),
        ),
        (
            Answer::new(400, "invalid_payload"),
            1,
            "400 `invalid_payload`",
            "not posted: this response is final; `run` would drop the message\n  help: look the word up: https://docs.slack.dev/messaging/sending-messages-using-incoming-webhooks#handling_errors\n".to_owned(),
        ),
        (
            Answer::new(503, "busy").with_header("Retry-After", "7"),
            1,
            "503 `busy`",
            "not posted: `run` would retry after 7 s\n  help: send it again in 7 s\n".to_owned(),
        ),
        (
            Answer::rate_limited(30),
            1,
            "429 `rate_limited`",
            "not posted: rate limited; `run` would retry after 30 s\n  help: send it again in 30 s\n".to_owned(),
        ),
        (
            Answer::new(503, "busy"),
            1,
            "503 `busy`",
            "not posted: `run` would retry\n  help: send it again in a minute\n".to_owned(),
        ),
    ] {
        slack.push(PATH, [answer]);
        let before = slack.count();
        let expected = format!("webhook `sales` answered {said} after N ms\n{expected}");
        assert_eq!(run(&config, SALES.0, "-", ENTERPRISE).await, (status, expected, String::new()));
        assert_eq!(slack.count(), before + 1, "one attempt");
    }
    let body = &slack.requests()[0].body;
    assert_eq!(body.as_ref(), r#"{"text":"Ada joined","username":"Slackline"}"#.as_bytes());
}

#[tokio::test]
async fn a_message_that_run_would_not_post_is_posted_with_a_note() {
    let slack = FakeSlack::start().await.unwrap();
    let config = with(&slack, "{{$.traits.name}}{{ abs($.type) }}");
    let (status, _, err) =
        run(&config, SALES.0, "-", r#"{"type":"identify","traits":{"name":"Bob","plan":"free"}}"#)
            .await;
    assert_eq!((status, slack.count()), (0, 1));
    let notes: Vec<_> = err.lines().collect();
    assert!(
        notes[0].starts_with(
            "note: `run` would not post this, because the action does not apply: `$.traits.plan == "
        ),
        "{err}"
    );
    assert!(notes[1].starts_with("note: an expression failed: `abs($.type)`: "), "{err}");
}

#[tokio::test]
async fn nothing_is_sent_without_a_message() {
    let slack = FakeSlack::start().await.unwrap();
    let config = with(&slack, "{{$.traits.name}}");
    for (action, file, stdin, expected) in [
        (
            "sales",
            "-",
            ENTERPRISE,
            "action `sales` is not configured: use one of `other`, `sales-alerts`\n",
        ),
        (SALES.0, "/nonexistent/event.json", "", "/nonexistent/event.json: cannot be opened: "),
        (
            SALES.0,
            "-",
            "{}\n\n{}\n",
            "-: a second event starts on line 3: give one event, for one message\n",
        ),
        (SALES.0, "-", "", "the event is invalid (empty): an empty value; give one JSON object\n"),
        (SALES.0, "-", "[1]", "the event is invalid (array): a JSON array; give one JSON object\n"),
        (
            SALES.0,
            "-",
            r#"{"type":"identify","traits":{"plan":"enterprise"}}"#,
            "no message to post: empty message: ",
        ),
    ] {
        let (status, out, err) = run(&config, action, file, stdin).await;
        assert_eq!((status, out.as_str()), (2, ""), "{expected}");
        assert!(err.starts_with(expected), "{err}");
    }
    assert_eq!(slack.count(), 0);
}

#[tokio::test]
async fn a_missing_response_is_reported_without_the_url() {
    let config = config(vec![action("a", "a", "b")]);
    let (status, out, err) = run(&config, "a", "-", r#"{"a":1}"#).await;
    assert_eq!((status, err.as_str()), (1, ""));
    assert!(
        out.starts_with("no response from webhook `sales` after N ms: ")
            && out.contains("\nnot posted: `run` would retry\n  help: check the webhook's URL, "),
        "{out}"
    );
    assert!(!out.contains("services"), "{out}");
}

const TOKEN: &str = "xoxb-1111111111-2222222222-s3cr3tt0k3n";

/// An app's webhook, whose channel the event chooses.
fn with_app(slack: &FakeSlack, action: &str) -> Arc<Config> {
    Arc::new(fixture::checked(&format!(
        "kafka: {{brokers: k, group_id: g, topics: [events]}}\n\
         apps: {{acme: {{token: {TOKEN}, api_url: '{}'}}}}\n\
         webhooks: {{regions: {{app: acme, channel: '#sales', channels: ['#us', C024BE91L]}}}}\n\
         actions: [{{name: a, trigger: c, webhook: regions, message: '{{{{m}}}}', {action}}}]\n",
        slack.url("/api/"),
    )))
}

const CHOOSES: &str = "channel: '{{c}}'";

#[tokio::test]
async fn a_message_of_an_app_goes_to_the_chosen_channel_and_its_place_is_printed() {
    let slack = FakeSlack::start().await.unwrap();
    let config = with_app(&slack, CHOOSES);
    for (event, webhook, channel, note) in [
        (r#"{"m":"hi","c":"US"}"#, "regions/#us", "us", ""),
        (r#"{"m":"hi","c":"c024be91l"}"#, "regions/C024BE91L", "C024BE91L", ""),
        (
            r##"{"m":"hi","c":"#x\u001by"}"##,
            "regions",
            "sales",
            "note: `regions` does not list the channel `#xy`: the message goes to its own\n",
        ),
        (
            r#"{"m":"hi"}"#,
            "regions",
            "sales",
            "note: `run` would not post this, because the action does not apply: `c` is null\n",
        ),
    ] {
        let (status, out, err) = run(&config, "a", "-", event).await;
        let answer: serde_json::Value =
            serde_json::from_str(&slack.requests_in(channel).last().unwrap().answer.body).unwrap();
        let (id, ts) = (answer["channel"].as_str().unwrap(), answer["ts"].as_str().unwrap());
        let expected =
            format!("webhook `{webhook}` answered 200 after N ms\nposted: channel {id}, ts {ts}\n");
        assert_eq!((status, out, err.as_str()), (0, expected, note), "{event}");
    }
    assert_eq!(slack.count(), 4, "one attempt each");
}

/// Every kind of end, with what a person does about it.
#[tokio::test]
async fn every_refusal_of_an_app_is_printed_with_its_cure() {
    let slack = FakeSlack::start().await.unwrap();
    let config = with_app(&slack, "user: Bot");
    let rests = "`run` would keep the message and retry from time to time, until this is repaired";
    let is_final = "this response is final; `run` would drop the message";
    let connection = "check the app's `api_url`, `proxy` and `ca_file`, and the network in between";
    let page = "look the word up: https://docs.slack.dev/reference/methods/chat.postMessage#errors";
    let later = "send it again in a minute";
    for (answer, said, next, help) in [
        (
            Answer::error("not_in_channel"),
            "200 `not_in_channel`",
            rests,
            "invite the app: /invite @acme",
        ),
        (
            Answer::error("invalid_auth"),
            "200 `invalid_auth`",
            rests,
            "check the token, and the IP addresses that the app allows",
        ),
        (
            Answer::missing_scope("chat:write"),
            "200 `missing_scope`",
            rests,
            "add the scope `chat:write` to the app and install it again",
        ),
        (
            Answer::missing_scope("chat:write.customize"),
            "200 `missing_scope`",
            "the app may not set user and icon; `run` would retry without them",
            "add the scope `chat:write.customize` to the app and install it again, or leave user and icon out of the action",
        ),
        (Answer::new(404, "<html>"), "404 `HTML page`", rests, connection),
        (Answer::new(302, ""), "302 `empty answer`", rests, connection),
        (Answer::new(200, "<html>"), "200 `HTML page`", "`run` would retry", connection),
        (Answer::error("brand_new_word"), "200 `brand_new_word`", is_final, page),
        (Answer::error("msg_too_long"), "200 `msg_too_long`", is_final, page),
        (Answer::new(400, ""), "400 `empty answer`", is_final, connection),
        (
            Answer::api_rate_limited(7),
            "429 `ratelimited`",
            "rate limited; `run` would retry after 7 s",
            "send it again in 7 s",
        ),
        (
            Answer::error("ratelimited"),
            "200 `ratelimited`",
            "rate limited; `run` would retry later",
            later,
        ),
        (
            Answer::error("message_limit_exceeded"),
            "200 `message_limit_exceeded`",
            "the workspace's limit of messages is reached; `run` would retry later",
            "ask the workspace's admins, or send it again later",
        ),
        (Answer::error("internal_error"), "200 `internal_error`", "`run` would retry", later),
        (
            Answer::new(503, "").with_header("Retry-After", "3"),
            "503 `empty answer`",
            "`run` would retry after 3 s",
            "send it again in 3 s",
        ),
        (Answer::new(500, ""), "500 `empty answer`", "`run` would retry", later),
    ] {
        slack.push("/api/sales", [answer]);
        let before = slack.count();
        let expected = format!(
            "webhook `regions` answered {said} after N ms\nnot posted: {next}\n  help: {help}\n"
        );
        let ended = run(&config, "a", "-", r#"{"m":"hi","c":"us"}"#).await;
        assert_eq!(ended, (1, expected, String::new()));
        assert_eq!(slack.count(), before + 1, "one attempt");
    }
}

#[tokio::test]
async fn an_app_that_cannot_be_reached_is_reported_without_the_token() {
    let slack = FakeSlack::start().await.unwrap();
    let config = with_app(&slack, CHOOSES);
    slack.set_default_everywhere(Some(Answer::fault(Fault::Reset)));
    let (status, out, err) = run(&config, "a", "-", r#"{"m":"hi","c":"us"}"#).await;
    assert_eq!((status, err.as_str()), (1, ""));
    assert!(out.starts_with("no response from webhook `regions/#us` after N ms: "), "{out}");
    assert!(out.contains("\n  help: check the app's `api_url`"), "{out}");
    assert!(!out.contains("s3cr3t") && !out.contains("xoxb"), "{out}");
}

#[tokio::test]
async fn every_part_is_posted_until_one_is_not() {
    let slack = FakeSlack::start().await.unwrap();
    let mut config = Arc::into_inner(with(&slack, "{{$.traits.name}}")).unwrap();
    config.actions[1].long_text = LongText::Split;
    config.webhooks[0].rate_per_second = 1_000.0;
    let config = Arc::new(config);
    let words = ["a", "b", "c"].map(|word| word.repeat(3_000)).join(" ");
    let event = ENTERPRISE.replace("Ada", &words);
    let shown = |out: &str| -> Vec<String> {
        let kept = |line: &&str| line.starts_with("part") || line.contains("posted");
        out.lines().filter(kept).map(str::to_owned).collect()
    };
    let (status, out, err) = run(&config, SALES.0, "-", &event).await;
    assert_eq!((status, err.as_str(), slack.count()), (0, "", 3));
    let all = ["part 1 of 3:", "posted", "part 2 of 3:", "posted", "part 3 of 3:", "posted"];
    assert_eq!(shown(&out), all);
    slack.push(PATH, [Answer::default(), Answer::new(400, "invalid_payload")]);
    let (status, out, _) = run(&config, SALES.0, "-", &event).await;
    assert_eq!((status, slack.count(), shown(&out).len()), (1, 5, 4), "{out}");
}

#[tokio::test]
async fn refused_blocks_are_posted_without_them() {
    let slack = FakeSlack::start().await.unwrap();
    let config = with(&slack, "x");
    let webhook = Webhook { rate_per_second: 1_000.0, ..config.webhooks[0].clone() };
    let endpoint = Endpoint::open(&webhook, &[], &mut ClientPool::default()).unwrap();
    let payload = Bytes::from_static(br#"{"text":"x","blocks":[{"type":"y"}]}"#);
    slack.push(PATH, [Answer::new(400, "invalid_blocks")]);
    let mut out = Vec::new();
    let exit = post(&endpoint, &webhook, None, payload, &mut out).await.unwrap();
    let out = String::from_utf8(out).unwrap();
    assert_eq!((exit as u8, slack.count()), (0, 2));
    let refused = "not posted: the blocks were refused; posting the text without them\n";
    assert!(out.contains(refused) && out.ends_with("posted\n"), "{out}");
    let body: serde_json::Value = serde_json::from_slice(&slack.requests()[1].body).unwrap();
    assert_eq!(body, serde_json::json!({ "text": "x", "username": "Slackline" }));
}
