//! The page on messages: the templates of its table compile, and its recipes render what it shows.

use std::io::Write;
use std::process::{Command, Stdio};

use serde_json::Value;
use slackline::expression::template::Template;

use super::read;

const PAGE: &str = "docs/messages.md";

/// The cells of a table's row. A pipe within a cell is written `\\|`.
fn cells(row: &str) -> Vec<String> {
    let row = row.trim().trim_start_matches('|').trim_end_matches('|');
    let cells = row.replace("\\|", "\u{1}");
    cells.split('|').map(|cell| cell.trim().replace('\u{1}', "|")).collect()
}

/// The texts between backticks, also between two of them.
fn spans(cell: &str) -> Vec<String> {
    let mut spans = Vec::new();
    let mut rest = cell;
    while let Some(start) = rest.find('`') {
        let fence = rest[start..].bytes().take_while(|byte| *byte == b'`').count();
        let after = &rest[start + fence..];
        let end = after.find(&"`".repeat(fence)).unwrap_or_else(|| panic!("open code in {cell}"));
        spans.push(after[..end].to_owned());
        rest = &after[end + fence..];
    }
    spans
}

#[test]
fn the_templates_of_the_liquid_table_compile() {
    let page = read(PAGE);
    let (_, table) = page.split_once("| Liquid | here |\n| --- | --- |\n").unwrap();
    let mut count = 0;
    for row in table.lines().take_while(|line| line.starts_with('|')) {
        let cells = cells(row);
        let templates = spans(cells.last().unwrap());
        assert_eq!(cells.len(), 2, "{row}");
        assert!(!templates.is_empty(), "{row}");
        for template in templates {
            let compiled = Template::compile(&template);
            let compiled = compiled.unwrap_or_else(|error| panic!("{template}: {error}"));
            assert!(
                compiled.constant().is_none_or(|text| text == "{{ }}" || text.is_empty()),
                "{template}"
            );
            count += 1;
        }
    }
    assert!(count >= 20, "{count} templates");
}

/// One fenced block: its language and its content.
struct Block<'p> {
    language: &'p str,
    content: &'p str,
    /// Whether only white space is between it and the block before.
    follows: bool,
}

fn blocks(page: &str) -> Vec<Block<'_>> {
    let mut blocks = Vec::new();
    let mut rest = page;
    while let Some((before, after)) = rest.split_once("```") {
        let (language, after) = after.split_once('\n').unwrap();
        let (content, after) = after.split_once("```").unwrap();
        let follows = before.trim().is_empty() && !blocks.is_empty();
        blocks.push(Block { language: language.trim(), content, follows });
        rest = after;
    }
    blocks
}

/// The payload that `preview` shows for an action with these fields.
fn payload(fields: &str, event: &str) -> Value {
    let fields: String = fields.lines().map(|line| format!("    {line}\n")).collect();
    let config = format!(
        "kafka: {{brokers: 'localhost:9092', group_id: g, topics: [events]}}\n\
         webhooks: {{sales: {{url: 'https://hooks.slack.com/services/T/B/x'}}}}\n\
         actions:\n  - name: recipe\n    trigger: \"@\"\n    webhook: sales\n{fields}"
    );
    let mut file = tempfile::Builder::new().suffix(".yaml").tempfile().unwrap();
    file.write_all(config.as_bytes()).unwrap();
    let mut program = Command::new(env!("CARGO_BIN_EXE_slackline"))
        .args(["preview", "--output", "json", "--config"])
        .arg(file.path())
        .arg("-")
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    program.stdin.take().unwrap().write_all(event.as_bytes()).unwrap();
    let output = program.wait_with_output().unwrap();
    let (out, err) =
        (String::from_utf8(output.stdout).unwrap(), String::from_utf8_lossy(&output.stderr));
    let shown: Value = serde_json::from_str(out.lines().next().unwrap_or_default())
        .unwrap_or_else(|error| panic!("{error}\n{out}\n{err}\n{config}"));
    assert!(!err.contains("warning"), "{err}\n{config}");
    shown["actions"][0]["payload"].clone()
}

#[test]
fn the_recipes_render_what_the_page_shows() {
    let page = read(PAGE);
    let blocks = blocks(&page);
    let mut count = 0;
    for recipe in blocks.windows(3) {
        let [fields, event, result] = recipe else { continue };
        let is_recipe = (fields.language, event.language) == ("yaml", "json");
        if !is_recipe || !event.follows || !result.follows {
            continue;
        }
        let payload = payload(fields.content, event.content);
        match result.language {
            "text" => {
                let text = payload["text"].as_str().unwrap_or_default();
                assert_eq!(text.trim_end(), result.content.trim_end(), "{}", fields.content);
            }
            "json" => {
                let expected: Value = serde_json::from_str(result.content).unwrap();
                assert_eq!(payload, expected, "{}", fields.content);
            }
            other => panic!("a recipe ends with a block of `{other}`: {}", fields.content),
        }
        count += 1;
    }
    assert!(count >= 8, "{count} recipes");
}
