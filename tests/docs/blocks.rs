//! The recipes of blocks: the payload on the page is what the action posts for its event.

use std::process::Command;

use serde_json::Value;

use super::read;

/// The fenced blocks of a text: language and content.
fn fences(text: &str) -> Vec<(&str, &str)> {
    let mut found = Vec::new();
    let mut rest = text;
    while let Some((_, after)) = rest.split_once("\n```") {
        let Some((fence, end)) = after.split_once("\n```") else { break };
        found.extend(fence.split_once('\n'));
        rest = end;
    }
    found
}

/// What `preview` says is posted for an event, without the user that an incoming webhook adds.
fn posted(fields: &str, event: &str) -> Value {
    let folder = tempfile::tempdir().unwrap();
    let action: String = fields.lines().map(|line| format!("  {line}\n")).collect();
    let text = format!(
        "kafka: {{brokers: k, group_id: g, topics: [events]}}\n\
         webhooks: {{w: {{url: 'https://hooks.slack.com/services/T0/B0/x'}}}}\n\
         actions:\n- name: a\n  trigger: '@'\n  webhook: w\n{action}"
    );
    let (config, file) = (folder.path().join("c.yaml"), folder.path().join("e.json"));
    std::fs::write(&config, text).unwrap();
    std::fs::write(&file, event).unwrap();
    let run = Command::new(env!("CARGO_BIN_EXE_slackline"))
        .args(["preview", "--output", "json"])
        .args([&config, &file])
        .output()
        .unwrap();
    let line: Value = serde_json::from_slice(&run.stdout)
        .unwrap_or_else(|_| panic!("{}\n{fields}", String::from_utf8_lossy(&run.stderr)));
    let mut payload = line["actions"][0]["payload"].clone();
    payload.as_object_mut().map(|members| members.remove("username"));
    payload
}

#[test]
fn every_recipe_posts_what_the_page_shows() {
    let page = read("docs/messages.md");
    let section = page.split_once("## Blocks\n").unwrap().1;
    let section = section.split("\n## ").next().unwrap();
    let fences = fences(section);
    let mut count = 0;
    for recipe in fences.windows(3) {
        if let [("yaml", fields), ("json", event), ("json", payload)] = recipe {
            let expected: Value = serde_json::from_str(payload).unwrap();
            assert_eq!(posted(fields, event), expected, "{fields}");
            count += 1;
        }
    }
    assert_eq!(count, 3);
}
