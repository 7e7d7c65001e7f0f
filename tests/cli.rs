//! The command line from the outside: exit codes, and which output goes where.

use std::io::{BufRead as _, BufReader, Read as _};
use std::process::{Command, Output, Stdio};

fn slackline(arguments: &[&str]) -> Output {
    let mut command = Command::new(env!("CARGO_BIN_EXE_slackline"));
    command
        .args(arguments)
        .env_remove("SLACKLINE_CONFIG")
        .env_remove("RUST_LOG")
        .stdin(Stdio::null());
    command.output().unwrap()
}

fn text(bytes: &[u8]) -> &str {
    std::str::from_utf8(bytes).unwrap()
}

#[test]
fn help_succeeds_and_bad_usage_is_code_2() {
    let help = slackline(&["--help"]);
    assert_eq!((help.status.code(), text(&help.stderr)), (Some(0), ""));
    for command in [
        "run",
        "check",
        "preview",
        "send",
        "slack-manifest",
        "fake-slack",
        "sample-events",
        "health",
        "demo",
    ] {
        assert!(
            text(&help.stdout).contains(&format!("\n  {command} ")),
            "{command} is not in --help"
        );
        let help = slackline(&[command, "--help"]);
        assert_eq!(help.status.code(), Some(0), "{command}");
        assert!(text(&help.stdout).contains("slackline "), "{command} has no example");
    }
    for wrong in [
        &["fly"][..],
        &["demo", "--for", "soon"],
        &["run", "now"],
        &["health", "--url", "https://x/"],
        &["sample-events", "--rate", "0"],
        &["send", "x.json"],
        &["slack-manifest", "--output", "text"],
    ] {
        let refused = slackline(wrong);
        assert_eq!((refused.status.code(), text(&refused.stdout)), (Some(2), ""), "{wrong:?}");
        assert!(!refused.stderr.is_empty(), "{wrong:?}");
    }
}

#[test]
fn a_missing_configuration_is_code_2_and_names_the_file() {
    for command in [
        &["run"][..],
        &["check"],
        &["preview", "-"],
        &["send", "--action", "a", "-"],
        &["slack-manifest"],
    ] {
        let refused = slackline(&[command, &["-c", "/no/such/file.yaml"]].concat());
        assert_eq!((refused.status.code(), text(&refused.stdout)), (Some(2), ""), "{command:?}");
        assert!(
            text(&refused.stderr).contains("/no/such/file.yaml"),
            "{command:?}: {}",
            text(&refused.stderr)
        );
    }
}

/// In a directory without the files that the configuration names, and without its variables.
#[test]
fn the_manifest_is_all_of_standard_output_and_needs_no_secret() {
    let shown = slackline(&["slack-manifest", "deploy/examples/full.yaml"]);
    assert_eq!(shown.status.code(), Some(0), "{}", text(&shown.stderr));
    let manifest: serde_json::Value = serde_saphyr::from_str(text(&shown.stdout)).unwrap();
    let scopes = &manifest["oauth_config"]["scopes"]["bot"];
    assert_eq!(
        scopes,
        &serde_json::json!([
            "chat:write",
            "chat:write.public",
            "chat:write.customize",
            "channels:read",
            "groups:read"
        ])
    );
    let steps = text(&shown.stderr);
    for step in ["\n1. ", "\n2. ", "\n3. ", "slack-token"] {
        assert!(steps.contains(step), "{step}: {steps}");
    }
    for refused in [
        &["slack-manifest", "deploy/examples/minimal.yaml"][..],
        &["slack-manifest", "deploy/examples/full.yaml", "--app", "acne"],
        &["slack-manifest", "tests/config/bad/app_token_mistakes.yaml"],
    ] {
        let refused = slackline(refused);
        assert_eq!((refused.status.code(), text(&refused.stdout)), (Some(2), ""));
        assert!(!refused.stderr.is_empty());
    }
}

#[test]
fn the_demo_prints_its_configuration() {
    let printed = slackline(&["demo", "--print-config"]);
    assert_eq!((printed.status.code(), text(&printed.stderr)), (Some(0), ""));
    assert!(
        text(&printed.stdout).contains(
            "🎉 {{$.properties.name}} just completed an order for {{$.properties.total}}!"
        )
    );
}

/// The demo without a terminal: from start to a post, and from Ctrl-C to a clean stop.
#[test]
fn the_demo_delivers_and_stops() {
    let mut demo = Command::new(env!("CARGO_BIN_EXE_slackline"))
        .arg("demo")
        .env_remove("RUST_LOG")
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    let mut out = BufReader::new(demo.stdout.take().unwrap());
    let mut shown = String::new();
    // The demo ends with an error if the worker is not ready in time.
    let posts = [
        "▌ 🎉 Ada Lovelace just completed an order\n         ▌ Total  $",
        "#sales-alerts  :rocket: Sales bot [APP]",
        "#support-alerts  [support.png] Support bot [APP]",
    ];
    while !posts.iter().all(|post| shown.contains(post)) {
        assert_ne!(out.read_line(&mut shown).unwrap(), 0, "the demo ended without a post: {shown}");
    }
    let interrupted = Command::new("kill").args(["-INT", &demo.id().to_string()]).status().unwrap();
    assert!(interrupted.success());
    out.read_to_string(&mut shown).unwrap();
    let ended = demo.wait_with_output().unwrap();
    let err = text(&ended.stderr);
    assert_eq!(ended.status.code(), Some(0), "{shown}{err}");
    assert!(shown.contains("Act 1") && shown.contains("Stopped after"), "{shown}");
    assert!(!shown.contains('\u{1b}'), "colours without a terminal: {shown}");
    for secret in ["/services/", "xoxb-"] {
        assert!(!shown.contains(secret) && !err.contains(secret), "a credential is shown");
    }
}
