use std::collections::BTreeSet;

use hyper::header::{CONTENT_TYPE, HeaderValue};

use super::*;
use crate::fake_slack::workspace::{Channel, SCOPES, Settings};

const JSON: &str = "application/json; charset=utf-8";

const HELLO: &str = r##"{"channel":"#sales","text":"hello"}"##;

fn headers(token: &str, content_type: &str) -> HeaderMap {
    let mut headers = HeaderMap::new();
    for (name, value) in [(AUTHORIZATION, token), (CONTENT_TYPE, content_type)] {
        if !value.is_empty() {
            headers.insert(name, HeaderValue::from_str(value).unwrap());
        }
    }
    headers
}

/// The answer of a valid token to a method, as JSON.
fn call(workspace: &mut Workspace, method: &str, content_type: &str, body: &str) -> Value {
    let headers = headers("Bearer xoxb-1", content_type);
    let call = Call { method, headers: &headers, body: body.as_bytes(), ts: "1.000001" };
    let answer = answer(&call, workspace);
    assert_eq!(answer.status, 200);
    assert_eq!(answer.headers["X-OAuth-Scopes"], workspace.scopes());
    serde_json::from_str(&answer.body).unwrap()
}

fn post(workspace: &mut Workspace, body: &str) -> Value {
    call(workspace, POST_MESSAGE, JSON, body)
}

/// A workspace with these channels, whose app has all scopes but these.
fn workspace(channels: Vec<Channel>, without: &[&str]) -> Workspace {
    let mut workspace = Workspace::default();
    let scopes = SCOPES.into_iter().filter(|scope| !without.contains(scope)).map(str::to_owned);
    workspace.apply(Settings {
        channels: Some(Some(channels)),
        scopes: Some(Some(scopes.collect())),
        ..Settings::default()
    });
    workspace
}

fn one_of_each() -> Vec<Channel> {
    vec![
        Channel::new("sales").with_id("C1"),
        Channel::new("open").with_id("C2").without_app(),
        Channel::new("old").with_id("C3").archived(),
        Channel::new("secret").with_id("C4").private(),
        Channel::new("hidden").with_id("C5").private().without_app(),
    ]
}

#[test]
fn a_message_is_echoed_with_channel_and_time() {
    let mut workspace = Workspace::default();
    assert_eq!(
        post(
            &mut workspace,
            r##"{"channel":"#sales","text":"<b>","username":"Bot","icon_emoji":":tada:","blocks":[{"type":"divider"}]}"##
        ),
        json!({
            "ok": true,
            "channel": "C0000000001",
            "ts": "1.000001",
            "message": {
                "type": "message",
                "subtype": "bot_message",
                "text": "<b>",
                "ts": "1.000001",
                "bot_id": "B00FAKE",
                "app_id": "A00FAKE",
                "username": "Bot",
                "icons": {"emoji": ":tada:"},
                "blocks": [{"type": "divider"}],
            },
        })
    );
    let long = format!(r#"{{"channel":"C1","text":"{}"}}"#, "é".repeat(40_001));
    let text = post(&mut workspace, &long)["message"]["text"].as_str().unwrap().to_owned();
    assert_eq!(text.chars().count(), 40_000);
}

#[test]
fn a_token_is_needed_and_must_be_a_bots() {
    for (token, expected) in [
        ("", json!({"ok": false, "error": "not_authed"})),
        ("Bearer", json!({"ok": false, "error": "invalid_auth"})),
        ("Basic xoxb-1", json!({"ok": false, "error": "invalid_auth"})),
        ("Bearer xoxp-1", json!({"ok": false, "error": "invalid_auth"})),
    ] {
        for method in ["auth.test", POST_MESSAGE, "conversations.list"] {
            let headers = headers(token, JSON);
            let call = Call { method, headers: &headers, body: HELLO.as_bytes(), ts: "1.0" };
            let answer = answer(&call, &mut Workspace::default());
            let body: Value = serde_json::from_str(&answer.body).unwrap();
            assert_eq!(body, expected, "{token} {method}");
            assert!(answer.headers.is_empty(), "only a valid token has scopes");
        }
    }
    let mut workspace = Workspace::default();
    assert_eq!(call(&mut workspace, "auth.test", "", "")["team"], "Fake");
    assert_eq!(call(&mut workspace, "auth.tset", "", "")["error"], "unknown_method");
}

#[test]
fn each_wrong_request_has_its_word() {
    for (content_type, body, word) in [
        ("", HELLO, "missing_post_type"),
        ("text/plain", HELLO, "invalid_post_type"),
        ("application/x-www-form-urlencoded", "channel=sales&text=x", "invalid_form_data"),
        ("multipart/form-data; boundary=x", HELLO, "invalid_form_data"),
        ("application/json; charset=latin1", HELLO, "invalid_charset"),
        (JSON, "{", "invalid_json"),
        (JSON, "[1]", "json_not_object"),
        (JSON, r#"{"channel":"C1","text":7}"#, "invalid_arguments"),
        (JSON, r#"{"text":"x"}"#, "invalid_arguments"),
        (JSON, r#"{"channel":"","text":"x"}"#, "channel_not_found"),
        (JSON, r#"{"channel":"C1","text":" "}"#, "no_text"),
    ] {
        let answer = call(&mut Workspace::default(), POST_MESSAGE, content_type, body);
        assert_eq!(answer, json!({"ok": false, "error": word}), "{content_type} {body}");
    }
}

#[test]
fn invalid_blocks_are_refused_with_their_places() {
    let divider = json!({"type": "divider"});
    let header = json!({"type": "header", "text": {"type": "mrkdwn", "text": "x"}});
    for (part, value, word, line) in [
        (
            "blocks",
            json!(vec![divider.clone(); 51]),
            "invalid_blocks",
            "no more than 50 items allowed [json-pointer:/blocks]",
        ),
        (
            "blocks",
            json!([divider, header]),
            "invalid_blocks",
            "unsupported type: mrkdwn [json-pointer:/blocks/1/text/type]",
        ),
        (
            "blocks",
            json!([1]),
            "invalid_blocks_format",
            "must be an array of objects [json-pointer:/blocks]",
        ),
        (
            "attachments",
            json!(vec![json!({}); 101]),
            "too_many_attachments",
            "too many attachments [json-pointer:/attachments]",
        ),
    ] {
        let message = json!({"channel": "C1", "text": "x", part: value}).to_string();
        let expected = json!({
            "ok": false,
            "error": word,
            "errors": [line],
            "response_metadata": {"messages": [format!("[ERROR] {line}")]},
        });
        assert_eq!(post(&mut Workspace::default(), &message), expected, "{message}");
    }
}

#[test]
fn blocks_are_validated_without_a_scope() {
    let mut workspace = workspace(one_of_each(), &SCOPES);
    let mut validate = |kind: &str, body: &str| call(&mut workspace, "blocks.validate", kind, body);
    let form = "application/x-www-form-urlencoded";
    let ok = json!({"ok": true});
    assert_eq!(validate(form, "blocks=%5B%7B%22type%22%3A%22divider%22%7D%5D"), ok);
    assert_eq!(validate(JSON, r#"{"blocks":"[{\"type\":\"divider\"}]"}"#), ok);
    assert_eq!(validate(JSON, r#"{"message":{"text":"x","blocks":[{"type":"divider"}]}}"#), ok);
    let error = |pointer: &str| {
        json!([{
            "code": "failed_constraint",
            "message": "missing required field: text",
            "pointer": pointer,
            "constraint": {"type": "required", "expected": ["text"]},
        }])
    };
    assert_eq!(
        validate(JSON, r#"{"blocks":[{"type":"header"}]}"#),
        json!({"ok": false, "error": "invalid_blocks", "errors": error("/0")})
    );
    assert_eq!(
        validate(JSON, r#"{"message":{"attachments":[{"blocks":[{"type":"header"}]}]}}"#),
        json!({"ok": false, "error": "invalid_message", "errors": error("/attachments/0/blocks/0")})
    );
    for body in ["{}", r#"{"blocks":[],"message":{}}"#, "[", ""] {
        assert_eq!(validate(JSON, body)["error"], "invalid_arguments", "{body}");
    }
}

#[test]
fn a_missing_charset_is_a_warning() {
    let mut workspace = Workspace::default();
    let answer = call(&mut workspace, POST_MESSAGE, "application/json", HELLO);
    assert_eq!((&answer["ok"], &answer["warning"]), (&json!(true), &json!("missing_charset")));
    assert_eq!(answer["response_metadata"], json!({"warnings": ["missing_charset"]}));
    for with in [JSON, "Application/JSON;charset=\"UTF-8\""] {
        let answer = call(&mut workspace, POST_MESSAGE, with, HELLO);
        assert!(answer["ok"] == true && answer.get("warning").is_none(), "{with} {answer}");
    }
}

#[test]
fn a_channel_and_the_scopes_decide_who_may_post() {
    let public = "chat:write.public";
    for (channel, without, word) in [
        ("#sales", &[public][..], ""),
        ("SALES", &[], ""),
        ("C1", &[], ""),
        ("#none", &[], "channel_not_found"),
        ("C9", &[], "channel_not_found"),
        ("#open", &[], ""),
        ("#open", &[public], "not_in_channel"),
        ("C2", &[public], "not_in_channel"),
        ("#old", &[], "is_archived"),
        ("C4", &[public], ""),
        ("#secret", &[], "channel_not_found"),
        ("C5", &[], "channel_not_found"),
        ("#sales", &["chat:write"], "missing_scope"),
    ] {
        let body = json!({"channel": channel, "text": "x"}).to_string();
        let answer = post(&mut workspace(one_of_each(), without), &body);
        let said = answer["error"].as_str().unwrap_or_default();
        assert_eq!((said, &answer["ok"]), (word, &json!(word.is_empty())), "{channel} {without:?}");
    }
}

#[test]
fn a_user_or_icon_without_the_scope_is_refused_or_ignored() {
    let customize = "chat:write.customize";
    for member in ["username", "icon_url", "icon_emoji"] {
        let body = json!({"channel": "C1", "text": "x", member: "y"}).to_string();
        let mut workspace = workspace(one_of_each(), &[customize]);
        assert_eq!(
            post(&mut workspace, &body),
            json!({
                "ok": false,
                "error": "missing_scope",
                "needed": customize,
                "provided": "channels:read,chat:write,chat:write.public,groups:read",
            })
        );
        assert_eq!(post(&mut workspace, r#"{"channel":"C1","text":"x"}"#)["ok"], true);
        workspace.apply(Settings { ignore_customization: Some(true), ..Settings::default() });
        let ignored = post(&mut workspace, &body);
        assert_eq!(ignored["ok"], true, "{ignored}");
        let message = &ignored["message"];
        assert!(message.get("username").is_none() && message.get("icons").is_none(), "{ignored}");
    }
}

#[test]
fn one_channel_is_found_by_its_id() {
    let info = |without: &[&str], id: &str| {
        let mut workspace = workspace(one_of_each(), without);
        call(&mut workspace, "conversations.info", "", &format!("channel={id}"))
    };
    assert_eq!(
        info(&[], "C3")["channel"],
        json!({
            "id": "C3", "name": "old", "is_channel": true, "is_group": false, "is_im": false,
            "is_private": false, "is_archived": true, "is_member": true,
        })
    );
    assert_eq!(info(&[], "C2")["channel"]["is_member"], false);
    assert_eq!(info(&[], "C4")["channel"]["is_private"], true);
    for (without, id, word) in [
        (&[][..], "sales", "channel_not_found"),
        (&[], "C9", "channel_not_found"),
        (&[], "C5", "channel_not_found"),
        (&[], "", "invalid_arguments"),
        (&["groups:read"], "C4", "missing_scope"),
        (&["channels:read"], "C1", "missing_scope"),
        (&["channels:read", "groups:read"], "C9", "missing_scope"),
    ] {
        assert_eq!(info(without, id)["error"], word, "{without:?} {id}");
    }
    let direct = vec![Channel::new("").with_id("D1")];
    for (scopes, expected) in [
        ("im:read", json!({"ok": true, "channel": {"id": "D1", "is_im": true, "user": "U00FAKE"}})),
        (
            "channels:read",
            json!({"ok": false, "error": "missing_scope", "needed": "im:read", "provided": "channels:read"}),
        ),
    ] {
        let mut workspace = workspace(direct.clone(), &[]);
        let scopes = Some(Some(BTreeSet::from([scopes.to_owned()])));
        workspace.apply(Settings { scopes, ..Settings::default() });
        assert_eq!(call(&mut workspace, "conversations.info", "", "channel=D1"), expected);
    }
    // An open workspace has no user among its channels, and a name is no ID.
    let mut open = Workspace::default();
    for id in ["U024BE91L", "sales"] {
        let answer = call(&mut open, "conversations.info", "", &format!("channel={id}"));
        assert_eq!(answer["error"], "channel_not_found");
    }
}

#[test]
fn every_page_together_holds_every_channel_once() {
    let channels: Vec<_> = (0..25).map(|n| Channel::new(format!("c{n}"))).collect();
    let mut workspace = workspace(channels, &[]);
    for (limit, pages) in [(1, 25), (10, 3), (12, 3), (25, 1), (0, 1), (1000, 1)] {
        let (mut seen, mut cursor, mut count) = (Vec::new(), String::new(), 0);
        loop {
            let encode = form_urlencoded::byte_serialize(cursor.as_bytes()).collect::<String>();
            let body = format!("limit={limit}&cursor={encode}");
            let page = call(&mut workspace, "conversations.list", "", &body);
            let names = page["channels"].as_array().unwrap().iter();
            seen.extend(names.map(|channel| channel["name"].as_str().unwrap().to_owned()));
            count += 1;
            cursor = page["response_metadata"]["next_cursor"].as_str().unwrap().to_owned();
            if cursor.is_empty() {
                break;
            }
        }
        assert_eq!((seen.len(), count), (25, pages), "{limit}");
        assert_eq!(seen.iter().collect::<BTreeSet<_>>().len(), 25);
    }
}

/// A list that lacked a channel would say that it does not exist.
#[test]
fn where_every_channel_exists_there_is_no_list() {
    let answer = call(&mut Workspace::default(), "conversations.list", "", "");
    assert_eq!(answer, json!({"ok": false, "error": "every_channel_exists"}));
}

#[test]
fn the_list_holds_what_the_app_sees_of_these_types() {
    let all = "types=public_channel,private_channel";
    for (without, body, expected) in [
        (&[][..], "", Ok("sales open old")),
        (&[], all, Ok("sales open old secret")),
        (&[], "types=private_channel", Ok("secret")),
        (&[], "exclude_archived=true", Ok("sales open")),
        (&["groups:read"], "", Ok("sales open old")),
        (&["groups:read"], all, Err(("missing_scope", "groups:read"))),
        (
            &["channels:read", "groups:read"],
            all,
            Err(("missing_scope", "channels:read,groups:read")),
        ),
        (&[], "types=im", Err(("missing_scope", "im:read"))),
        (&[], "types=channel", Err(("invalid_types", ""))),
        (&[], "limit=1001", Err(("invalid_limit", ""))),
        (&[], "limit=-1", Err(("invalid_limit", ""))),
        (&[], "cursor=x", Err(("invalid_cursor", ""))),
    ] {
        let mut workspace = workspace(one_of_each(), without);
        let answer = call(&mut workspace, "conversations.list", "", body);
        let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
        let said = match answer["channels"].as_array() {
            Some(channels) => Ok(channels
                .iter()
                .map(|channel| text(&channel["name"]))
                .collect::<Vec<_>>()
                .join(" ")),
            None => Err((text(&answer["error"]), text(&answer["needed"]))),
        };
        let expected = expected
            .map(str::to_owned)
            .map_err(|(word, needed)| (word.to_owned(), needed.to_owned()));
        assert_eq!(said, expected, "{without:?} {body}");
    }
}
