//! Apps, their scopes and their channels.

use std::net::{Ipv4Addr, SocketAddr};

use slackline::fake_slack::{Answer, FakeSlack};
use tokio::runtime::Runtime;

use crate::harness::broker::{Broker, unique};
use crate::harness::online::{Online, check, check_online};

const TOKEN: &str = "xoxb-1-2-pl4nt3d";

const SCOPES: &str = "chat:write,chat:write.public,chat:write.customize,channels:read,groups:read";

/// A workspace, and Kafka beside it.
struct Workspace {
    fake: FakeSlack,
    broker: Broker,
    topic: String,
    _runtime: Runtime,
}

impl Workspace {
    /// A workspace whose app has these scopes, and whose channels are these.
    fn new(scopes: &str, channels: &str) -> Self {
        let runtime = Runtime::new().unwrap();
        let address = SocketAddr::from((Ipv4Addr::LOCALHOST, 0));
        let fake = runtime.block_on(FakeSlack::start_on(address)).unwrap();
        let broker = Broker::mock();
        let topic = broker.topic(1);
        let identity = r#"{"ok":true,"team":"Acme","user":"slackline"}"#;
        let workspace = Self { fake, broker, topic, _runtime: runtime };
        workspace
            .answer("auth.test", Answer::new(200, identity).with_header("x-oauth-scopes", scopes));
        workspace.answer(
            "conversations.list",
            Answer::new(200, format!(r#"{{"ok":true,"channels":[{channels}]}}"#)),
        );
        workspace
    }

    fn answer(&self, method: &str, answer: Answer) {
        self.fake.set_default(&format!("/api/{method}"), Some(answer));
    }

    fn refuse(&self, method: &str, word: &str) {
        self.answer(method, Answer::new(200, format!(r#"{{"ok":false,"error":"{word}"}}"#)));
    }

    /// The configuration with one webhook of an app. `more` are more keys of it and of its action.
    fn yaml(&self, webhook: &str, action: &str) -> String {
        format!(
            "kafka: {{brokers: '{}', group_id: {}, topics: [{}]}}\n\
             apps: {{acme: {{token: {TOKEN}, api_url: '{}'}}}}\n\
             webhooks: {{support: {{app: acme, {webhook}}}}}\n\
             actions: [{{name: a, trigger: a, webhook: support, message: m{action}}}]\n",
            self.broker.address,
            unique("slackline"),
            self.topic,
            self.fake.url("/api/"),
        )
    }

    /// Checks it; nothing is posted, and the token is nowhere.
    #[track_caller]
    fn check(&self, webhook: &str, action: &str) -> Online {
        let online = check_online(&self.yaml(webhook, action));
        for request in self.fake.requests() {
            let reads = ["/api/auth.test", "/api/conversations.info", "/api/conversations.list"];
            assert!(reads.contains(&request.path.as_str()), "{}", request.path);
        }
        assert!(!online.to_string().contains("pl4nt3d"), "{online}");
        online
    }

    /// The number of requests for a method.
    fn asked(&self, method: &str) -> usize {
        self.fake.requests_to(&format!("/api/{method}")).len()
    }
}

const CHANNELS: &str = r#"
    {"id":"C1","name":"support","is_member":true},
    {"id":"C2","name":"open","is_member":false},
    {"id":"C3","name":"old","is_member":true,"is_archived":true},
    {"id":"C4","name":"secret","is_member":true,"is_private":true}"#;

#[test]
fn an_app_with_all_it_needs_is_ok() {
    let workspace = Workspace::new(SCOPES, CHANNELS);
    let member = r#"{"ok":true,"channel":{"id":"C9","name":"by-id","is_member":true}}"#;
    workspace.answer("conversations.info", Answer::new(200, member));
    let online =
        workspace.check("channel: '#support', channels: ['#open', C4, C9, U1]", ", user: Bot");
    online
        .exits(0)
        .says("app", "acme", "ok", "`slackline` of the workspace `Acme`")
        .says("scope", "acme/chat:write", "ok", "")
        .says("scope", "acme/chat:write.customize", "ok", "")
        .says("channel", "acme/#support", "ok", "C1, public, a member")
        .says("channel", "acme/#open", "ok", "`chat:write.public`")
        .says("channel", "acme/C4", "ok", "#secret, private, a member")
        .says("channel", "acme/C9", "ok", "#by-id")
        .says("channel", "acme/U1", "unknown", "`users:read`");
    assert_eq!(
        [1, 1, 1],
        ["auth.test", "conversations.list", "conversations.info"]
            .map(|method| workspace.asked(method))
    );
}

/// A channel on the second page, and an ID that is the name of another channel.
#[test]
fn the_list_is_read_to_the_end_and_names_are_not_taken_for_ids() {
    let workspace = Workspace::new(SCOPES, CHANNELS);
    let page = r#"{"ok":true,"channels":[{"id":"C7","name":"c9","is_member":true}],"response_metadata":{"next_cursor":"x="}}"#;
    workspace.fake.push("/api/conversations.list", [Answer::new(200, page)]);
    workspace.refuse("conversations.info", "channel_not_found");
    workspace
        .check("channel: '#support', channels: [C9, '#none']", "")
        .exits(1)
        .says("channel", "acme/#support", "ok", "")
        .says("channel", "acme/C9", "failed", "channel_not_found")
        .says("channel", "acme/#none", "failed", "channel_not_found");
    assert_eq!(
        (workspace.asked("conversations.list"), workspace.asked("conversations.info")),
        (2, 1)
    );
}

/// Slack allows about 50 single questions a minute.
#[test]
fn many_ids_are_found_in_the_list() {
    let ids: Vec<String> = (100..130).map(|n| format!("C{n}")).collect();
    let channel = |id: &String| format!(r#"{{"id":"{id}","name":"n{id}","is_member":true}}"#);
    let channels: Vec<String> = ids.iter().map(channel).collect();
    let workspace = Workspace::new(SCOPES, &channels.join(","));
    let (own, further) = ids.split_first().unwrap();
    let online =
        workspace.check(&format!("channel: {own}, channels: [{}]", further.join(", ")), "");
    online.exits(0).says("channel", "acme/C129", "ok", "#nC129");
    assert_eq!(
        (workspace.asked("conversations.list"), workspace.asked("conversations.info")),
        (1, 0)
    );
}

#[test]
fn each_wrong_item_fails_with_its_remedy() {
    let workspace = Workspace::new("channels:read,groups:read", CHANNELS);
    workspace.refuse("conversations.info", "channel_not_found");
    let channels = "channel: '#support', channels: ['#open', '#old', '#none', '#secret', C9, C1]";
    let online = workspace.check(channels, ", user: Bot");
    online
        .exits(1)
        .says("app", "acme", "ok", "")
        .says("scope", "acme/chat:write", "failed", "add the scope `chat:write`")
        .says("scope", "acme/chat:write.customize", "warning", "without the actions' user")
        .says("channel", "acme/#support", "ok", "")
        .says("channel", "acme/#open", "failed", "/invite @slackline")
        .says("channel", "acme/#old", "failed", "is_archived")
        .says("channel", "acme/#none", "failed", "channel_not_found")
        .says("channel", "acme/#secret", "failed", "write `C4`")
        .says("channel", "acme/C9", "failed", "channel_not_found")
        .says("channel", "acme/C1", "failed", "the same channel as `#support`");
    // What no action needs is not checked.
    let online = workspace.check("channel: '#support'", "");
    assert!(!online.to_string().contains("customize"), "{online}");
}

#[test]
fn a_scope_that_is_missing_for_looking_is_unknown() {
    let workspace = Workspace::new("chat:write", CHANNELS);
    let online = workspace.check("channel: '#support', channels: [C9]", "");
    for channel in ["acme/#support", "acme/C9"] {
        online.says("channel", channel, "unknown", "`channels:read`");
    }
    online.exits(0);
    assert_eq!(workspace.asked("conversations.list") + workspace.asked("conversations.info"), 0);

    let workspace = Workspace::new("chat:write,channels:read", CHANNELS);
    workspace
        .check("channel: '#support', channels: ['#none']", "")
        .exits(0)
        .says("channel", "acme/#support", "ok", "")
        .says("channel", "acme/#none", "unknown", "`groups:read`");
    let sent = workspace.fake.requests_to("/api/conversations.list").remove(0);
    assert!(String::from_utf8_lossy(&sent.body).starts_with("types=public_channel&"));
}

#[test]
fn an_app_that_cannot_be_asked_is_failed_or_unknown_with_the_reason() {
    let workspace = Workspace::new(SCOPES, CHANNELS);
    for (answer, result, words) in [
        (Answer::new(200, r#"{"ok":false,"error":"invalid_auth"}"#), "failed", "invalid_auth"),
        (
            Answer::new(200, r#"{"ok":false,"error":"account_inactive"}"#),
            "failed",
            "account_inactive",
        ),
        (Answer::new(404, "<html>"), "failed", "http_404"),
        (Answer::new(200, "<html>"), "failed", "not Slack's"),
        (Answer::new(503, ""), "unknown", "http_503"),
        (Answer::rate_limited(11), "unknown", "429"),
    ] {
        workspace.answer("auth.test", answer);
        let online = workspace.check("channel: '#support'", "");
        online.exits(i32::from(result == "failed")).says("app", "acme", result, words).says(
            "channel",
            "acme/#support",
            "unknown",
            "the app cannot be asked",
        );
        let help = online.item("app", "acme")["help"].as_str();
        assert!(help.is_some_and(|help| !help.is_empty()), "{online}");
    }
}

#[test]
fn a_short_retry_after_is_waited_for() {
    let workspace = Workspace::new(SCOPES, CHANNELS);
    workspace.fake.push("/api/conversations.list", [Answer::rate_limited(1)]);
    workspace.check("channel: '#support'", "").exits(0).says("channel", "acme/#support", "ok", "");
    workspace.fake.push("/api/conversations.list", [Answer::rate_limited(60)]);
    workspace.check("channel: '#support'", "").exits(0).says(
        "channel",
        "acme/#support",
        "unknown",
        "429",
    );
}

#[test]
fn the_text_is_a_table_with_remedies_below_and_without_colours_in_a_pipe() {
    let workspace = Workspace::new(SCOPES, CHANNELS);
    let (code, out, err) = check(&workspace.yaml("channel: '#old'", ""), &[]);
    assert_eq!(code, Some(1), "{out}{err}");
    let (_, table) = out.split_once("\nOnline\n").unwrap();
    let lines: Vec<&str> = table.lines().collect();
    assert!(lines[0].split_whitespace().eq(["item", "result", "detail"]), "{out}");
    assert!(
        lines.iter().any(|line| {
            line.split_whitespace().eq(["channel", "acme/#old", "failed", "is_archived", "(C3)"])
        }),
        "{out}"
    );
    assert!(
        lines.contains(&"channel acme/#old: unarchive the channel, or post to another one"),
        "{out}"
    );
    assert!(lines.last().unwrap().contains(": ok; online: "), "{out}");
    assert!(!out.contains('\u{1b}') && !out.contains("pl4nt3d") && err.is_empty(), "{out}{err}");
}
