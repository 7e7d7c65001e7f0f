//! What the runbook claims about the log: each quoted message is one that the code logs, and the
//! fields named beside it are that message's fields.

use std::collections::{BTreeMap, BTreeSet};

use super::{files, read};

/// The fields of every message that the code logs above the debug level. A message that is logged
/// in several places has the fields of all.
fn logged() -> BTreeMap<String, BTreeSet<String>> {
    let mut logged: BTreeMap<String, BTreeSet<String>> = BTreeMap::new();
    for path in files("src", &["rs"]) {
        let code = read(path);
        // A line that has its level from a macro counts too.
        for level in ["warn!(", "error!(", "info!(", "$level!("] {
            for (at, _) in code.match_indices(level) {
                let parts = arguments(&code[at + level.len()..]);
                let Some(message) = parts.last().and_then(|part| part.strip_prefix('"')) else {
                    continue;
                };
                // A line of code that ends in a backslash continues the text.
                let words: Vec<&str> = message.trim_end_matches('"').split_whitespace().collect();
                let message = words.into_iter().filter(|word| *word != "\\").collect::<Vec<_>>();
                let name = |part: &String| -> String {
                    let name = part.split('=').next().unwrap_or_default();
                    name.trim().trim_start_matches(['%', '?']).to_owned()
                };
                let fields = parts[..parts.len() - 1].iter().map(name);
                logged.entry(message.join(" ")).or_default().extend(fields);
            }
        }
    }
    logged
}

/// The arguments of a macro call, up to its closing bracket.
fn arguments(code: &str) -> Vec<String> {
    let (mut parts, mut part) = (Vec::new(), String::new());
    let (mut depth, mut quoted, mut escaped) = (0, false, false);
    for c in code.chars() {
        match c {
            _ if escaped => {}
            '"' => quoted = !quoted,
            '(' | '[' | '{' if !quoted => depth += 1,
            ')' if !quoted && depth == 0 => break,
            ')' | ']' | '}' if !quoted => depth -= 1,
            ',' if !quoted && depth == 0 => {
                parts.push(std::mem::take(&mut part).trim().to_owned());
                continue;
            }
            _ => {}
        }
        escaped = quoted && c == '\\' && !escaped;
        part.push(c);
    }
    parts.push(part.trim().to_owned());
    parts.retain(|part| !part.is_empty());
    parts
}

#[test]
fn the_runbook_has_the_cure_of_every_word() {
    let page = read("docs/operations.md");
    let (_, section) = page.split_once("\n### SlacklineWebhookResting\n").unwrap();
    let (section, _) = section.split_once("\n### ").unwrap();
    let rows: Vec<&str> = section.lines().filter(|line| line.starts_with("| `")).collect();
    let cures = slackline::send::cure::CURES;
    let cures: Vec<String> =
        cures.iter().map(|(word, cure)| format!("| `{word}` | {cure} |")).collect();
    assert_eq!(rows, cures);
}

/// The sentences of the runbook, each on one line.
fn sentences() -> Vec<String> {
    let page = read("docs/operations.md");
    let (_, runbook) = page.split_once("\n## Runbook\n").unwrap();
    let text: Vec<&str> = runbook.split_whitespace().collect();
    text.join(" ").split(". ").map(str::to_owned).collect()
}

/// The parts of a text between two marks.
fn between(text: &str, mark: char) -> Vec<&str> {
    text.split(mark).skip(1).step_by(2).collect()
}

#[test]
fn every_message_and_field_that_the_runbook_quotes_is_logged() {
    let logged = logged();
    let mut claims = 0;
    for sentence in sentences().iter().filter(|sentence| sentence.contains(" log")) {
        let mut last: Option<&BTreeSet<String>> = None;
        for part in sentence.split_inclusive('"').collect::<Vec<_>>().chunks(2) {
            // A quoted message, after the fields of the one before.
            let (fields, message) = (part[0].trim_end_matches('"'), part.get(1));
            for field in last.map(|_| between(fields, '`')).unwrap_or_default() {
                let known = last.is_some_and(|known| known.contains(field));
                assert!(known, "`{field}` is no field of the message before it: {sentence}");
                claims += 1;
            }
            let Some(message) = message.map(|message| message.trim_end_matches('"')) else {
                continue;
            };
            let found = logged.iter().find(|(known, _)| known.starts_with(message));
            let (_, known) = found.unwrap_or_else(|| panic!("never logged: \"{message}\""));
            last = Some(known);
            claims += 1;
        }
    }
    assert!(claims > 25, "{claims}");
}

/// A claim without a quoted message could not be checked.
#[test]
fn every_claim_of_the_runbook_about_the_log_quotes_a_message() {
    for sentence in sentences() {
        let claims = ["log has", "log names", "log says", "the log:"];
        let is_claim = claims.iter().any(|claim| sentence.contains(claim));
        assert!(!is_claim || sentence.contains('"'), "{sentence}");
    }
}

#[test]
fn messages_are_found_with_their_fields() {
    let logged = logged();
    assert!(logged.len() > 40, "{}", logged.len());
    let fields = &logged["delivery dropped"];
    for field in ["webhook", "action", "reason", "deliveries", "topic", "partition", "offset"] {
        assert!(fields.contains(field), "{field}: {fields:?}");
    }
    assert!(!fields.contains("value"), "{fields:?}");
}
