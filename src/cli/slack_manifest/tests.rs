#![allow(clippy::unwrap_used, clippy::panic, reason = "tests")]

use serde_json::{Value as Json, json};

use super::*;
use crate::config::load_app_uses;

const KAFKA: &str = "kafka: {brokers: 'localhost:9092', group_id: g, topics: [events]}\n";

/// What this configuration uses its apps for. It is read without a variable and without a file.
fn uses(rest: &str) -> Vec<AppUse> {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("slackline.yaml");
    std::fs::write(&path, format!("{KAFKA}{rest}")).unwrap();
    load_app_uses(&path, &|_| None).unwrap_or_else(|errors| panic!("{errors}")).config
}

/// One app `acme` with this channel, these further ones, and these keys of an action.
fn one(channel: &str, channels: &str, action: &str) -> AppUse {
    let text = format!(
        "apps: {{acme: {{token: '${{SLACK_TOKEN}}'}}}}\n\
         webhooks: {{w: {{app: acme, channel: '{channel}', channels: [{channels}]}}}}\n\
         actions: [{{name: a, trigger: a, webhook: w, message: m{action}}}]\n"
    );
    uses(&text).remove(0)
}

fn as_json(app: &AppUse) -> Json {
    serde_json::to_value(Manifest::of(app)).unwrap()
}

fn scopes(app: &AppUse) -> String {
    let manifest = as_json(app);
    let scopes = manifest["oauth_config"]["scopes"]["bot"].as_array().unwrap().clone();
    scopes.iter().map(|scope| scope.as_str().unwrap()).collect::<Vec<_>>().join(" ")
}

/// Standard output and standard error.
fn shown(apps: &[AppUse], name: Option<&str>, syntax: Syntax) -> Result<[String; 2], String> {
    let (mut out, mut err) = (Vec::new(), Vec::new());
    show(apps, name, syntax, &mut out, &mut err).map_err(|error| error.to_string())?;
    Ok([out, err].map(|bytes| String::from_utf8(bytes).unwrap()))
}

/// What <https://docs.slack.dev/reference/app-manifest> allows in the sections that are used.
fn schema() -> Json {
    let object = |required: &[&str], properties: Json| {
        json!({
            "type": "object",
            "additionalProperties": false,
            "required": required,
            "properties": properties,
        })
    };
    let flag = json!({ "type": "boolean" });
    let text = |most: u32| json!({ "type": "string", "minLength": 1, "maxLength": most });
    let scopes = json!({ "type": "array", "items": text(50), "uniqueItems": true });
    let app_home = json!({
        "home_tab_enabled": flag,
        "messages_tab_enabled": flag,
        "messages_tab_read_only_enabled": flag,
    });
    let features = json!({
        "app_home": object(&[], app_home),
        "bot_user": object(&["display_name"], json!({ "display_name": text(80), "always_online": flag })),
    });
    let settings = json!({
        "org_deploy_enabled": flag,
        "socket_mode_enabled": flag,
        "token_rotation_enabled": { "const": false },
    });
    let display = json!({ "name": text(35), "description": text(140) });
    let metadata =
        json!({ "major_version": { "const": 1 }, "minor_version": { "type": "integer" } });
    object(
        &["display_information"],
        json!({
            "_metadata": object(&[], metadata),
            "display_information": object(&["name"], display),
            "features": object(&["bot_user"], features),
            "oauth_config": object(&["scopes"], json!({ "scopes": object(&["bot"], json!({ "bot": scopes })) })),
            "settings": object(&["token_rotation_enabled"], settings),
        }),
    )
}

#[test]
fn yaml_and_json_are_one_manifest_that_slack_takes() {
    let validator = jsonschema::validator_for(&schema()).unwrap();
    let long = "Long.name_of-the-app_that_is_64_characters_long_and_so_at_the_max";
    for app in [
        one("#sales", "", ""),
        one("U024BE7LH", "D024BE91L, '#yes'", ", user: u"),
        AppUse { name: long[..64].to_owned(), ..one("C024BE91L", "", ", icon_emoji: ':bell:'") },
        // Words and numbers that YAML would read as something else.
        AppUse { name: "true".to_owned(), ..one("#sales", "", "") },
        AppUse { name: "007".to_owned(), ..one("#sales", "", "") },
        AppUse { name: "1.5e3".to_owned(), ..one("#sales", "", "") },
    ] {
        let apps = [app];
        let [yaml, _] = shown(&apps, None, Syntax::Yaml).unwrap();
        let [text, _] = shown(&apps, None, Syntax::Json).unwrap();
        let (yaml, manifest): (Json, Json) =
            (serde_saphyr::from_str(&yaml).unwrap(), serde_json::from_str(&text).unwrap());
        assert_eq!(yaml, manifest);
        let faults: Vec<String> =
            validator.iter_errors(&manifest).map(|fault| fault.to_string()).collect();
        assert!(faults.is_empty(), "{faults:?}\n{text}");
        assert_eq!(manifest["features"]["bot_user"]["display_name"], apps[0].name);
    }
}

#[test]
fn the_scopes_are_those_that_the_channels_need() {
    for (channel, channels, is_public) in [
        ("#sales", "", true),
        ("C024BE91L", "", true),
        ("G024BE91L", "", false),
        ("D024BE91L", "", false),
        ("U024BE7LH", "", false),
        ("W024BE7LH", "", false),
        ("G024BE91L", "D024BE91L, U024BE7LH", false),
        ("G024BE91L", "U024BE7LH, '#sales'", true),
        ("G024BE91L", "C024BE91L", true),
    ] {
        let public = if is_public { " chat:write.public" } else { "" };
        assert_eq!(
            scopes(&one(channel, channels, "")),
            format!("chat:write{public} channels:read groups:read"),
            "{channel} {channels}"
        );
    }
}

#[test]
fn user_and_icons_need_a_scope() {
    for (action, customizes) in [
        (", user: u", true),
        (", icon_url: 'https://example.com/bell.png'", true),
        (", icon_emoji: ':bell:'", true),
        (", user: '{{name}}'", true),
        (", channel: '#sales'", false),
        (", unfurl: false, link_names: true, max_age: 1h", false),
        ("", false),
    ] {
        let scopes = scopes(&one("#sales", "", action));
        assert_eq!(scopes.contains("chat:write.customize"), customizes, "{action}: {scopes}");
    }
}

const TWO: &str = "\
apps:
  sales: {token_file: sales-token}
  support: {token: '${SUPPORT_TOKEN}', api_url: 'https://slack-gov.com/api/'}
  unused: {token: xoxb-1-2}
webhooks:
  a: {app: sales, channel: '#sales'}
  b: {app: support, channel: G024BE91L}
  c: {app: support, channel: D024BE91L}
  d: {url: '${URL}'}
actions:
  - {name: a, trigger: a, webhook: a, message: m}
  - {name: b, trigger: a, webhook: b, message: m, user: u}
  - {name: d, trigger: a, webhook: d, message: m, user: u}
";

#[test]
fn each_app_has_what_its_own_webhooks_and_actions_need() {
    let apps = uses(TWO);
    let all: Vec<(&str, String)> =
        apps.iter().map(|app| (app.name.as_str(), scopes(app))).collect();
    assert_eq!(
        all,
        [
            ("sales", "chat:write chat:write.public channels:read groups:read".to_owned()),
            ("support", "chat:write chat:write.customize channels:read groups:read".to_owned()),
            ("unused", "chat:write channels:read groups:read".to_owned()),
        ]
    );
}

#[test]
fn an_app_that_writes_to_people_has_its_messages_tab() {
    let tab = |app: &AppUse| as_json(app)["features"]["app_home"]["messages_tab_enabled"].clone();
    let apps = uses(TWO);
    let tabs: Vec<Json> = apps.iter().map(tab).collect();
    assert_eq!(tabs, [Json::Null, true.into(), Json::Null]);
}

#[test]
fn one_of_several_apps_is_named() {
    let apps = uses(TWO);
    let error = |apps: &[AppUse], name| shown(apps, name, Syntax::Yaml).unwrap_err();
    assert_eq!(
        error(&apps, None),
        "there are several apps: choose one of `sales`, `support`, `unused` with `--app NAME`"
    );
    assert_eq!(
        error(&apps, Some("suport")),
        "app `suport` is not configured: did you mean `support`?"
    );
    assert_eq!(
        error(&apps, Some("marketing")),
        "app `marketing` is not configured: use one of `sales`, `support`, `unused`"
    );
    assert_eq!(error(&apps[..1], Some("x")), "app `x` is not configured: use one of `sales`");
    for name in [None, Some("sales")] {
        assert!(error(&[], name).starts_with("no app is configured: "));
    }
    let [manifest, _] = shown(&apps, Some("support"), Syntax::Yaml).unwrap();
    assert!(manifest.contains("display_name: support\n"), "{manifest}");
}

#[test]
fn the_steps_name_the_workspace_the_private_channels_and_the_place_of_the_token() {
    let apps = uses(TWO);
    let steps = |name| shown(&apps, Some(name), Syntax::Json).unwrap()[1].clone();
    let sales = steps("sales");
    for part in [
        "https://api.slack.com/apps",
        "`/invite @sales`: `#sales`.",
        "into the file `sales-token`.",
    ] {
        assert!(sales.contains(part), "{part}: {sales}");
    }
    let support = steps("support");
    for part in [
        "https://api.slack-gov.com/apps",
        "`/invite @support`: `G024BE91L`.",
        "into the environment variable `SUPPORT_TOKEN`.",
    ] {
        assert!(support.contains(part), "{part}: {support}");
    }
    let unused = steps("unused");
    assert!(unused.contains("into `token` of the app `unused`."), "{unused}");
    assert!(!unused.contains("/invite") && !unused.contains("xoxb-1-2"), "{unused}");
}

#[test]
fn of_many_private_channels_some_are_named() {
    let further: Vec<String> = (1..=12).map(|n| format!("'#c{n}'")).collect();
    let app = one("#c0", &further.join(", "), "");
    assert!(steps(&app).contains("`#c0`, `#c1`"), "{}", steps(&app));
    assert!(steps(&app).contains("`#c9` and 3 more.\n"), "{}", steps(&app));
}
