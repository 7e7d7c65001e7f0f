//! Properties of any file: places are exact, no damaged file causes a panic or reveals a secret,
//! and different configurations have different hashes.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "tests")]

use std::path::Path;

use proptest::prelude::*;

use super::*;

const PLANTED: &str = "pl4nt3d";

const SOUND: &str = r##"kafka:
  brokers: kafka-1:9092
  group_id: sound
  topics: [events]
  properties:
    security.protocol: SASL_SSL
    sasl.mechanism: PLAIN
    sasl.password: pl4nt3dPassword
    sasl.username: "pl4nt3d user"
apps:
  acme:
    token: xoxb-1-pl4nt3d
    posts_per_minute: 60
webhooks:
  sales:
    url: https://hooks.slack.com/services/T/B/pl4nt3d
    rate_per_second: 1
    proxy: http://user:pl4nt3d@proxy:3128
    retry: {initial: 1s, max: 5s}
  support: {url: "https://chat.example/pl4nt3d", burst: 2}
  regions: {app: acme, channel: "#regions", channels: ["#emea"], max_age: 9h}
  folded:
    url: >-
      https://chat.example/hooks/pl4nt3d
actions:
  - name: signup
    topics: [events]
    trigger: type == 'identify'
    webhook: sales
    channel: "{{channel}}"
    message: |
      Hello {{$.traits.name}},
      welcome
  - {name: b, trigger: b, webhook: support, message: "hi"}
  - {name: c, trigger: c, webhook: folded, message: "hi"}
  - {name: d, trigger: d, webhook: regions, message: "hi", channel: EMEA, user: bot}
admin:
  listen: 127.0.0.1:9464
"##;

fn check_text(text: &str) -> Result<Loaded, ConfigErrors> {
    check(text, Path::new("slackline.yaml"), &|_| None, &|_| Err(io::ErrorKind::NotFound.into()))
}

fn shown(text: &str) -> String {
    match check_text(text) {
        Ok(loaded) => {
            loaded.warnings.iter().map(|warning| warning.display("f", "").to_string()).collect()
        }
        Err(errors) => format!("{errors}\n{errors:?}"),
    }
}

fn hash(text: &str) -> u64 {
    check_text(text).unwrap_or_else(|errors| panic!("{errors}")).config.hash
}

/// One editing mistake.
#[derive(Debug, Clone)]
enum Damage {
    Delete(usize, usize),
    Insert(usize, String),
    Cut(usize),
    SwapLines(usize, usize),
}

fn damage() -> impl Strategy<Value = Damage> {
    let at = || 0..SOUND.len();
    let bit = prop_oneof![
        "[ \t\n:\\-'\"{}\\[\\],#&*!|>%@`$]{1,2}",
        Just("\n  ".to_owned()),
        Just("${X}".to_owned()),
        Just("{{".to_owned()),
        Just("\u{1b}".to_owned()),
        Just("é".to_owned()),
    ];
    prop_oneof![
        (at(), 1..4_usize).prop_map(|(at, len)| Damage::Delete(at, len)),
        (at(), bit).prop_map(|(at, bit)| Damage::Insert(at, bit)),
        at().prop_map(Damage::Cut),
        (0..30_usize, 0..30_usize).prop_map(|(a, b)| Damage::SwapLines(a, b)),
    ]
}

fn damaged(text: &str, damage: &Damage) -> String {
    let at = |at: usize| text.floor_char_boundary(at.min(text.len()));
    match damage {
        Damage::Delete(from, len) => format!("{}{}", &text[..at(*from)], &text[at(from + len)..]),
        Damage::Insert(from, bit) => format!("{}{bit}{}", &text[..at(*from)], &text[at(*from)..]),
        Damage::Cut(from) => text[..at(*from)].to_owned(),
        Damage::SwapLines(a, b) => {
            let mut lines: Vec<&str> = text.split_inclusive('\n').collect();
            if *a < lines.len() && *b < lines.len() {
                lines.swap(*a, *b);
            }
            lines.concat()
        }
    }
}

#[test]
fn the_sound_file_is_sound() {
    assert!(shown(SOUND).contains("legacy"), "{}", shown(SOUND));
    assert!(!shown(SOUND).contains(PLANTED));
}

proptest! {
    #[test]
    fn a_damaged_file_reveals_no_secret(damage in damage()) {
        let text = damaged(SOUND, &damage);
        let shown = shown(&text);
        prop_assert!(!shown.contains(PLANTED), "{}", shown);
        prop_assert!(!shown.contains('\u{1b}'), "{}", shown);
    }

    #[test]
    fn no_file_panics_and_every_place_is_in_it(damages in proptest::collection::vec(damage(), 1..8)) {
        let text = damages.iter().fold(SOUND.to_owned(), |text, damage| damaged(&text, damage));
        if let Err(errors) = check_text(&text) {
            prop_assert!(!errors.errors.is_empty());
            for error in errors.errors {
                let lines: Vec<&str> = text.split('\n').collect();
                prop_assert!(error.line <= lines.len());
                let width = error.line.checked_sub(1).map_or(0, |line| lines[line].chars().count());
                prop_assert!(error.column <= width + 1, "{:?} in {:?}", error, text);
                prop_assert!(!error.help.is_empty() && !error.message.is_empty());
            }
        }
    }

    #[test]
    fn errors_are_in_the_files_order(damages in proptest::collection::vec(damage(), 1..8)) {
        let text = damages.iter().fold(SOUND.to_owned(), |text, damage| damaged(&text, damage));
        if let Err(errors) = check_text(&text) {
            let places: Vec<_> = errors.errors.iter().map(|error| (error.line, error.column)).collect();
            prop_assert!(places.is_sorted(), "{:?}", places);
        }
    }

    /// The oracle: whatever the style of a value, the place of its only `%` is that of the file's
    /// only `%`.
    #[test]
    fn a_place_in_a_value_is_its_place_in_the_file(
        before in "[a-z'\"\\\\é🎉#:{ ]{0,6}( [a-z]{1,3}){0,3}",
        after in "[a-z'\"\\\\é]{1,6}(\n{0,2}[a-z]{1,3} ?[a-z]){0,3}",
        style in 0..6_u8,
    ) {
        let value = format!("x{}%{after}", before.replace('\n', " "));
        let indented = |text: &str| text.split('\n').map(|line| if line.is_empty() { String::new() } else { format!("    {line}") }).collect::<Vec<_>>().join("\n");
        let doubled = value.replace('\\', "\\\\").replace('"', "\\\"");
        let written = match style {
            0 => format!("\"{}\"", doubled.replace('\n', "\\n").replace('é', "\\u00e9").replace('🎉', "\\U0001F389")),
            1 => format!("'{}'", value.replace('\'', "''").replace('\n', "\n\n    ")),
            2 => format!("|\n{}\n", indented(&value)),
            3 => format!("|-  # why\n\n{}\n", indented(&value)),
            4 => format!(">\n{}\n", indented(&value.replace('\n', "\n\n"))),
            _ => format!("\"{}\"", doubled.replace('\n', "\n\n    ").replace("% ", "%\n      ")),
        };
        let text = format!("other: 1\nkey: {written}\n");
        let Ok(tree) = tree::parse(&text) else { return Err(TestCaseError::fail(text)) };
        let tree::Value::Map(map) = tree.value else { return Err(TestCaseError::fail(text)) };
        let tree::Value::Text(read) = &map[1].1.value else { return Err(TestCaseError::fail(text)) };
        let at = read.find('%').unwrap();
        let place = scalar_offsets::offset_in_file(&text, &map[1].1.defined, read, at);
        prop_assert_eq!(place, text.find('%'), "{:?} read as {:?}", text, read);
    }

    #[test]
    fn no_scalar_causes_a_panic(token in "[ a'\"\\\\\n|>xu0é]{0,12}", value in "[ a'\"\n]{0,8}", offset in 0..10_usize) {
        let text = format!("k: {token}");
        let _ = scalar_offsets::offset_in_file(&text, &(3..text.len()), &value, offset);
        let _ = scalar_offsets::offset_in_file(&text, &(2..text.len() + 1), &value, offset);
    }
}

#[test]
fn different_configurations_have_different_hashes() {
    let sound = hash(SOUND);
    assert!(sound < 1 << 53);
    let changes = [
        ("kafka-1", "kafka-2"),
        ("SASL_SSL", "SASL_PLAINTEXT"),
        ("services/T/B", "services/T/C"),
        ("rate_per_second: 1", "rate_per_second: 2"),
        ("max: 5s", "max: 6s"),
        ("xoxb-1", "xoxb-2"),
        ("minute: 60", "minute: 61"),
        ("max_age: 9h", "max_age: 8h"),
        ("\"#regions\"", "\"#region\""),
        ("[\"#emea\"]", "[\"#emea\", \"#us\"]"),
        ("channel: EMEA, ", ""),
        ("burst: 2", "burst: 3"),
        ("proxy:3128", "proxy:3129"),
        ("name: signup", "name: signups"),
        ("'identify'", "'track'"),
        ("webhook: support", "webhook: sales"),
        ("welcome", "Welcome"),
        ("{{channel}}", "{{room}}"),
    ];
    for (from, to) in changes {
        assert!(SOUND.contains(from));
        assert_ne!(hash(&SOUND.replace(from, to)), sound, "{from} → {to}");
    }
}

#[test]
fn equivalent_configurations_have_one_hash_which_depends_on_no_password() {
    let sound = hash(SOUND);
    let replicas =
        "  instance_id: slackline-1\n  properties:\n    client.id: one\n    client.rack: a\n";
    let same = [
        ("topics: [events]\n  prop", "topics:\n  - events # all\n  prop"),
        ("rate_per_second: 1", "rate_per_second: 1.0"),
        ("initial: 1s", "initial: 1000ms"),
        ("pl4nt3dPassword", "pl4nt3dOther"),
        ("user:pl4nt3d@", "user:other@"),
        ("  properties:\n", replicas),
        ("127.0.0.1:9464", "127.0.0.1:9465"),
    ];
    for (from, to) in same {
        assert!(SOUND.contains(from), "{from}");
        assert_eq!(hash(&SOUND.replace(from, to)), sound, "{from} → {to}");
    }
}

#[test]
fn a_file_is_read_as_written() {
    let config = check_text(SOUND).unwrap_or_else(|errors| panic!("{errors}")).config;
    assert_eq!(config.kafka.brokers, "kafka-1:9092");
    assert_eq!(config.kafka.properties["sasl.username"].expose(), "pl4nt3d user");
    assert_eq!(
        config.webhooks.iter().map(|webhook| webhook.name.as_str()).collect::<Vec<_>>(),
        ["sales", "support", "regions", "folded", "regions/#emea"]
    );
    assert_eq!(
        config.webhooks[3].url.as_ref().unwrap().expose().as_str(),
        "https://chat.example/hooks/pl4nt3d"
    );
    assert_eq!(config.webhooks[0].retry.max.as_secs(), 5);
    assert_eq!(config.webhooks[0].retry.max_elapsed.as_secs(), 900);
    assert_eq!((config.actions[1].webhook.0, config.actions[0].topics.len()), (1, 1));
    assert_eq!(config.actions[0].message.source(), "Hello {{$.traits.name}},\nwelcome\n");
}

#[test]
fn properties_may_be_numbers_and_booleans() {
    let text = SOUND.replace(
        "security.protocol: SASL_SSL",
        "fetch.min.bytes: 5\n    enable.metrics.push: false\n    client.id: 0x10",
    );
    let config = check_text(&text).unwrap_or_else(|errors| panic!("{errors}")).config;
    assert_eq!(config.kafka.properties["fetch.min.bytes"].expose(), "5");
    assert_eq!(config.kafka.properties["enable.metrics.push"].expose(), "false");
    // As written, not as YAML reads the number.
    assert_eq!(config.kafka.properties["client.id"].expose(), "0x10");
}

#[test]
fn numbers_and_flags_may_come_from_the_environment() {
    let text = SOUND.replace(
        "rate_per_second: 1",
        "rate_per_second: ${RATE}\n    burst: ${BURST}\n    allow_http: ${FLAG}\n    timeout: ${T}s",
    );
    let env = |name: &str| {
        Some(
            match name {
                "RATE" => "0.5",
                "BURST" => "7",
                "FLAG" => "true",
                _ => "3",
            }
            .to_owned(),
        )
    };
    let loaded = check(&text, Path::new("x"), &env, &|_| Err(io::ErrorKind::NotFound.into()))
        .unwrap_or_else(|errors| panic!("{errors}"));
    let sales = &loaded.config.webhooks[0];
    assert_eq!((sales.rate_per_second, sales.burst, sales.timeout.as_secs()), (0.5, 7, 3));
}

#[test]
fn anchors_under_an_ignored_key_work() {
    let text = format!(
        "x-slow: &slow {{rate_per_second: 0.5, burst: 7}}\nx-1: [nonsense: 1]\n{}",
        SOUND.replace("rate_per_second: 1", "<<: *slow")
    );
    let loaded = check_text(&text).unwrap_or_else(|errors| panic!("{errors}"));
    let sales = &loaded.config.webhooks[0];
    assert_eq!((sales.rate_per_second, sales.burst), (0.5, 7));
    // Only at the top level, and only with this prefix.
    for wrong in ["xslow: 1\n", "X-slow: 1\n"] {
        assert!(shown(&format!("{wrong}{SOUND}")).contains("unknown key"), "{wrong}");
    }
    let inside = SOUND.replace("rate_per_second: 1", "x-rate: 1");
    assert!(shown(&inside).contains("unknown key `x-rate`"), "{}", shown(&inside));
}

#[test]
fn a_secret_under_an_ignored_key_or_in_a_default_is_never_shown() {
    let url = format!("https://hooks.slack.com/services/T/B/{PLANTED}");
    for (head, value) in [
        (format!("x-hook: &hook '{url}'\n"), "*hook nonsense".to_owned()),
        (format!("x-hook: &hook 'ftp://x/{PLANTED}'\n"), "*hook".to_owned()),
        (String::new(), format!("'${{NOPE:-ftp://x/{PLANTED}}}'")),
        (String::new(), format!("'${{NOPE:-{url}'")),
        (String::new(), format!("'${{NOPE:-{url}${{A}}}}'")),
    ] {
        let text = format!(
            "{head}kafka: {{brokers: k, group_id: g, topics: [t], properties: {{ssl.key.pem: {value}}}}}\n\
             webhooks:\n  w:\n    url: {value}\n\
             actions: [{{name: a, trigger: a, webhook: w, message: m}}]\n"
        );
        let shown = shown(&text);
        assert!(!shown.is_empty() && !shown.contains(PLANTED), "{text}\n{shown}");
    }
}

#[test]
fn a_missing_file_is_named() {
    let Err(errors) = load(Path::new("/no/such/slackline.yaml"), &|_| None) else {
        panic!("the file exists")
    };
    let shown = errors.to_string();
    assert!(
        shown
            .starts_with("/no/such/slackline.yaml: the configuration cannot be read: No such file"),
        "{shown}"
    );
    assert!(shown.contains("help: name the file: `slackline check FILE`, `-c FILE`"), "{shown}");
}

#[test]
fn endless_nesting_is_refused() {
    for (open, close) in [("[", "]"), ("{a: ", "}")] {
        let text = format!("kafka: {}{}", open.repeat(100_000), close.repeat(100_000));
        assert!(shown(&text).starts_with("slackline.yaml:1:"), "{open}");
    }
}

#[test]
fn a_thousand_of_each_are_checked() {
    let webhooks: String = (0..1000)
        .map(|n| format!("  w{n}: {{url: 'https://hooks.slack.com/services/T/B/{n}'}}\n"))
        .collect();
    let actions: String = (0..1000)
        .map(|n| format!("  - {{name: a{n}, trigger: a, webhook: w{n}, message: m, channel: c}}\n"))
        .collect();
    let text = format!(
        "kafka: {{brokers: k, group_id: g, topics: [events]}}\nwebhooks:\n{webhooks}actions:\n{actions}"
    );
    let loaded = check_text(&text).unwrap_or_else(|errors| panic!("{errors}"));
    assert_eq!(
        (loaded.config.webhooks.len(), loaded.config.actions.len(), loaded.warnings.len()),
        (1000, 1000, 1000)
    );
}
