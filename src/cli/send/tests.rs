#![allow(clippy::unwrap_used, reason = "tests")]
use super::*;
use crate::fake_slack::{Answer, FakeSlack};
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
    for (answer, status, expected) in [
        (Answer::default(), 0, "webhook `sales` answered 200 `ok` after N ms\nposted\n"),
        (
            Answer::new(404, "no_active_hooks"),
            1,
            "webhook `sales` answered 404 `no_active_hooks` after N ms\nnot posted: `run` would keep the message and retry from time to time, until this is repaired\n",
        ),
        (
            Answer::new(403, "<html>Ada is blocked</html>"),
            1,
            "webhook `sales` answered 403 `HTML page` after N ms\nnot posted: `run` would retry\n",
        ),
        (
            Answer::new(404, "no Ada here"),
            1,
            "webhook `sales` answered 404 after N ms\nnot posted: `run` would keep the message and retry from time to time, until this is repaired\n",
        ),
        (
            Answer::new(503, "busy").with_header("Retry-After", "7"),
            1,
            "webhook `sales` answered 503 `busy` after N ms\nnot posted: `run` would retry after 7 s\n",
        ),
        (
            Answer::new(503, "busy"),
            1,
            "webhook `sales` answered 503 `busy` after N ms\nnot posted: `run` would retry\n",
        ),
    ] {
        slack.push(PATH, [answer]);
        let before = slack.count();
        assert_eq!(
            run(&config, SALES.0, "-", ENTERPRISE).await,
            (status, expected.to_owned(), String::new())
        );
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
    assert!(notes[1].starts_with("note: a variable failed and is empty: `abs($.type)`: "), "{err}");
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
            && out.ends_with("`run` would retry\n"),
        "{out}"
    );
    assert!(!out.contains("services"), "{out}");
}
