#![allow(clippy::unwrap_used, reason = "tests")]
use std::io::Write as _;

use super::*;
use crate::config::fixture;
use crate::config::model::{Action, LongText, WebhookIndex};
use crate::fake_slack::{Answer, FakeSlack};
use crate::route::fixture::{ORDER, ORDER_MESSAGE, SALES, SUPPORT, action, config};
use crate::sanitize;

const ORDERED: &str =
    r#"{"type":"track","event":"Order Completed","properties":{"name":"Ada","total":49.90}}"#;

fn seed() -> Arc<Config> {
    let sales = action(SALES.0, SALES.1, "{{$.traits.name}}");
    let support = Action { webhook: WebhookIndex(1), ..action(SUPPORT.0, SUPPORT.1, "NPS") };
    config(vec![sales, support, action(ORDER.0, ORDER.1, ORDER_MESSAGE)])
}

/// Status, standard output without styles, standard error.
fn run(
    config: &Arc<Config>,
    files: &[&str],
    topic: Option<&str>,
    output: Format,
    stdin: &str,
) -> (u8, String, String) {
    let args = PreviewArgs {
        timestamp: None,
        files: files.iter().map(PathBuf::from).collect(),
        at: None,
        topic: topic.map(str::to_owned),
        output,
        online: false,
        config: ConfigFile::default(),
    };
    let (mut out, mut err) = (anstream::StripStream::new(Vec::new()), Vec::new());
    let status =
        preview(config, &args, &mut stdin.as_bytes(), &mut out, &mut err).unwrap_or_else(|error| {
            writeln!(err, "{error:#}").unwrap();
            Exit::Refused
        });
    (status as u8, String::from_utf8(out.into_inner()).unwrap(), String::from_utf8(err).unwrap())
}

fn lines(output: &str) -> Vec<serde_json::Value> {
    output.lines().map(|line| serde_json::from_str(line).unwrap()).collect()
}

#[test]
fn json_has_the_documented_fields() {
    let input = format!(
        "{ORDERED}\n\nnonsense\n{{\"type\":\"identify\",\"traits\":{{\"plan\":\"enterprise\"}}}}\n"
    );
    let (status, out, err) = run(&seed(), &["-"], None, Format::Json, &input);
    assert_eq!((status, err.as_str()), (2, ""));
    let expected = r#"{"source":"-:1","actions":[{"action":"sales-alerts","result":"no_match","reason":"`type == 'identify'` is false: `type` is \"track\""},{"action":"support-alerts","result":"no_match","reason":"`$.event == 'NPS Submitted'` is false: `$.event` is \"Order Completed\""},{"action":"order-completed","webhook":"sales","result":"post","payload":{"text":"🎉 Ada just completed an order for 49.90!","username":"Slackline"}}]}"#;
    assert_eq!(out.lines().next().unwrap(), expected);
    let lines = lines(&out);
    assert_eq!(
        lines[1],
        serde_json::json!({"source": "-:3", "invalid": "not_json", "looks_like": "text that is not JSON"})
    );
    let empty = serde_json::json!({"action": "sales-alerts", "result": "drop", "reason": "empty message: it rendered to nothing but white space"});
    assert_eq!((&lines[2]["source"], &lines[2]["actions"][0]), (&"-:4".into(), &empty));
    assert_eq!(lines.len(), 3);
}

#[test]
fn json_contains_failures() {
    let config = config(vec![action("bad", "abs(s)", "x"), action("half", "s", "x{{abs(s)}}")]);
    let (status, out, _) = run(&config, &["-"], None, Format::Json, r#"{"s":"x"}"#);
    let actions = &lines(&out)[0]["actions"];
    assert_eq!(
        (status, &actions[0]["result"], &actions[1]["result"]),
        (0, &"error".into(), &"post".into())
    );
    assert!(actions[0]["reason"].as_str().unwrap().contains("`abs(s)`"), "{out}");
    assert!(actions[1]["errors"][0].as_str().unwrap().starts_with("`abs(s)`: "), "{out}");
}

#[test]
fn several_files_pretty_printed_ones_and_missing_ones() {
    let dir = tempfile::tempdir().unwrap();
    let (a, b, missing) =
        (dir.path().join("a.json"), dir.path().join("b.ndjson"), dir.path().join("missing"));
    let pretty =
        serde_json::to_string_pretty(&serde_json::from_str::<serde_json::Value>(ORDERED).unwrap())
            .unwrap();
    std::fs::File::create(&a).unwrap().write_all(pretty.as_bytes()).unwrap();
    std::fs::write(&b, "{}\n{\"type\":\"track\"}\n").unwrap();
    let [a, b, missing] = [&a, &b, &missing].map(|path| path.to_str().unwrap());
    let (status, out, err) = run(&seed(), &[a, missing, b], None, Format::Json, "");
    let sources: Vec<_> =
        lines(&out).iter().map(|line| line["source"].as_str().unwrap().to_owned()).collect();
    assert_eq!(sources, [format!("{a}:1"), format!("{b}:1"), format!("{b}:2")]);
    assert_eq!(status, 2);
    assert!(
        err.starts_with(&format!("{missing}: cannot be opened: ")) && err.lines().count() == 1,
        "{err}"
    );
}

#[test]
fn the_record_has_the_documented_values() {
    let config = config(vec![action(
        "a",
        "'x'",
        "{{ $record.[topic, partition, offset, timestamp, key] }}",
    )]);
    let (_, out, _) = run(&config, &["-"], Some("orders"), Format::Json, "{}\n{}\n");
    let texts: Vec<_> = lines(&out)
        .iter()
        .map(|line| line["actions"][0]["payload"]["text"].as_str().unwrap().to_owned())
        .collect();
    assert_eq!(texts, [r#"["orders",0,0,null,null]"#, r#"["orders",0,1,null,null]"#]);
}

#[test]
fn the_timestamp_of_the_command_line_is_the_records() {
    let args = |text: &str| {
        use clap::Parser;
        #[derive(Parser)]
        struct Command {
            #[command(flatten)]
            args: PreviewArgs,
        }
        Command::try_parse_from(text.split(' ')).map(|command| command.args)
    };
    let config = config(vec![action(
        "a",
        "age('2026-11-28 11:58:00') > 60",
        "{{ $record.timestamp }} {{ age('2026-11-28T11:58:59.500Z') }}",
    )]);
    let args = args("preview --output json --timestamp 2026-11-28T12:00:00Z -").unwrap();
    let mut out = Vec::new();
    preview(&config, &args, &mut "{}".as_bytes(), &mut out, &mut Vec::new()).unwrap();
    let line = lines(&String::from_utf8(out).unwrap()).remove(0);
    assert_eq!(line["actions"][0]["payload"]["text"], "1795867200000 60.5");
}

#[test]
fn an_unknown_topic_is_refused_with_the_known_ones() {
    let (status, out, err) = run(&seed(), &["-"], Some("event"), Format::Text, "{}");
    assert_eq!((status, out.as_str()), (2, ""));
    assert_eq!(
        err,
        "topic `event` is not configured: use one of `events`, `orders`, or add it to `kafka.topics`\n"
    );
}

#[test]
fn text_aligns_the_actions() {
    let input = format!("{ORDERED}\n{{\"a\": }}\n");
    let (status, out, _) = run(&seed(), &["-"], None, Format::Text, &input);
    let expected = "\
-:1  1 message, of 3 actions
  · sales-alerts     no match: `type == 'identify'` is false: `type` is \"track\"
  · support-alerts   no match: `$.event == 'NPS Submitted'` is false: `$.event` is \"Order Completed\"
  ✓ order-completed  post to sales
    {
      \"text\": \"🎉 Ada just completed an order for 49.90!\",
      \"username\": \"Slackline\"
    }

-:2  invalid: not_json: expected value at line 2 column 7

2 events: 1 message, 1 invalid
";
    assert_eq!((status, out.as_str()), (2, expected));
}

#[test]
fn a_mistake_in_a_pretty_printed_event_has_the_line_of_the_file() {
    let (status, out, _) =
        run(&seed(), &["-"], None, Format::Text, "{}\n{\n  \"a\": 1,\n  \"b\": }\n}\n");
    assert!(out.contains("-:2  invalid: not_json: expected value at line 4 column 8\n"), "{out}");
    assert_eq!(status, 2);
}

#[test]
fn an_event_cannot_control_the_terminal() {
    let config = config(vec![action("a", "a", "{{a}}"), action("b", "a == 'x'", "b")]);
    let (_, out, _) =
        run(&config, &["-"], None, Format::Text, "{\"a\":\"\\u001b[2J\\u009b2J\\u007f\\u202e\"}");
    assert!(
        !out.contains(|character: char| sanitize::is_hazardous(character) && character != '\n'),
        "{out:?}"
    );
    assert_eq!(out.matches("\\u001b[2J\\u009b2J\\u007f\\u202e").count(), 2, "{out}");
}

/// An app's webhook with a further channel; the event chooses.
fn channels() -> Arc<Config> {
    let text = r##"
kafka: { brokers: k, group_id: g, topics: [events] }
apps: { acme: { token: xoxb-1-2-secret } }
webhooks: { regions: { app: acme, channel: "#sales", channels: ["#sales-us"] } }
actions:
  - { name: a, trigger: c, webhook: regions, channel: "#sales-{{c}}", user: "{{u}}", message: hi }
"##;
    Arc::new(crate::config::fixture::checked(text))
}

#[test]
fn the_message_of_an_app_is_shown_with_its_channel() {
    let events = "{\"c\":\"US\",\"u\":\"Bot\"}\n{\"c\":\"x\\u001by\"}\n";
    let (status, out, _) = run(&channels(), &["-"], None, Format::Text, events);
    let expected = "\
-:1  1 message, of 1 action
  ✓ a  post to regions/#sales-us
    {
      \"text\": \"hi\",
      \"username\": \"Bot\",
      \"channel\": \"#sales-us\"
    }

-:2  1 message, of 1 action
  ✓ a  post to regions
    {
      \"text\": \"hi\",
      \"channel\": \"#sales\"
    }
    `regions` does not list the channel `#sales-x\\u001by`: it goes to its own

2 events: 2 messages, 0 invalid
";
    assert_eq!((status, out.as_str()), (0, expected));

    let (_, out, _) = run(&channels(), &["-"], None, Format::Json, events);
    let shown: Vec<_> = lines(&out).iter().map(|line| line["actions"][0].clone()).collect();
    let first = serde_json::json!({"action": "a", "webhook": "regions/#sales-us", "result": "post", "payload": {"channel": "#sales-us", "text": "hi", "username": "Bot"}});
    assert_eq!(shown[0], first);
    assert_eq!(shown[1]["webhook"], "regions");
    assert_eq!(shown[1]["payload"]["channel"], "#sales");
    assert_eq!(shown[1]["channel_not_listed"], "#sales-x\u{1b}y");
}

#[test]
fn each_part_of_a_long_text_is_shown_and_what_was_cut() {
    let words = ["a", "b", "c"].map(|word| word.repeat(3_000)).join(" ");
    let event = serde_json::json!({ "m": words, "u": "u".repeat(3_000) }).to_string();
    let user = crate::expression::template::Template::compile("{{u}}").ok();
    let of = |long_text, output| {
        let action = Action { long_text, user: user.clone(), ..action("a", "m", "{{m}}") };
        run(&config(vec![action]), &["-"], None, output, &event).1
    };
    let shown = |long_text| lines(&of(long_text, Format::Json))[0]["actions"][0].clone();
    let split = shown(LongText::Split);
    let parts = split["parts"].as_array().unwrap();
    assert_eq!((parts.len(), &parts[0]), (3, &split["payload"]));
    assert_eq!(parts[2]["text"], "c".repeat(3_000));
    assert_eq!(split["truncated"], serde_json::json!(["field"]));
    let cut = shown(LongText::Truncate);
    assert_eq!(cut["truncated"], serde_json::json!(["message", "field"]));
    assert!(cut.get("parts").is_none());
    let text = of(LongText::Split, Format::Text);
    assert!((1..=3).all(|part| text.contains(&format!("    part {part} of 3:\n"))));
    assert!(text.contains("    too long for Slack, cut: field\n"));
}

/// A configuration of an app of this fake Slack whose only action has these blocks.
fn with_blocks(slack: &FakeSlack, blocks: &str) -> Arc<Config> {
    Arc::new(fixture::checked(&format!(
        "kafka: {{brokers: k, group_id: g, topics: [events]}}\n\
         apps: {{acme: {{token: xoxb-1-2, api_url: '{}'}}}}\n\
         webhooks: {{w: {{app: acme, channel: '#a'}}}}\n\
         actions:\n- name: order\n  trigger: a\n  webhook: w\n  message: \"new {{{{a}}}}\"\n{blocks}",
        slack.url("/api/"),
    )))
}

#[test]
fn blocks_are_shown_as_they_look_and_checked_by_slack() {
    let runtime = tokio::runtime::Runtime::new().unwrap();
    let slack = runtime.block_on(FakeSlack::start()).unwrap();
    let config = with_blocks(&slack, "  color: good\n  blocks: [{section: '*{{a}}*'}, divider]\n");
    let run = |online: bool, output: Format| {
        let args = PreviewArgs {
            files: vec!["-".into()],
            at: None,
            topic: None,
            timestamp: None,
            output,
            online,
            config: ConfigFile::default(),
        };
        let mut out = anstream::StripStream::new(Vec::new());
        let stdin = &mut br#"{"a":"\u001b[31mx"}"#.as_slice();
        let exit = preview(&config, &args, stdin, &mut out, &mut Vec::new()).unwrap();
        (exit as u8, String::from_utf8(out.into_inner()).unwrap())
    };
    let shown = "-:1  1 message, of 1 action\n  ✓ order  post to w\n    ▌ [31mx\n    ▌ ────────────────────\n    {\n      \"text\": \"new \\u001b[31mx\",\n      \"channel\": \"#a\"\n    }\n";
    assert_eq!(run(false, Format::Text), (0, shown.to_owned()));
    let (status, out) = run(true, Format::Text);
    assert_eq!((status, out), (0, format!("{shown}  order: Slack accepts the blocks\n")));
    let sent = slack.requests_to("/api/blocks.validate").remove(0);
    assert!(sent.body.starts_with(b"message=%7B%22attachments%22"), "{sent:?}");

    let refused = r#"{"ok":false,"error":"invalid_message","errors":[{"pointer":"/attachments/0","message":"no"}]}"#;
    slack.push("/api/blocks.validate", [Answer::new(200, refused)]);
    let (status, out) = run(true, Format::Json);
    let line: serde_json::Value = serde_json::from_str(&out).unwrap();
    let detail = "Slack refuses: invalid_message at /attachments/0: no";
    assert_eq!((status, &line["actions"][0]["online"]["detail"]), (1, &detail.into()));
    drop(slack);
    assert_eq!(run(true, Format::Text).0, 1, "an unreachable API is a failure");
}
