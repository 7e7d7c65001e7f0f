//! The tables of `check`: one for each section, and the triggers that need the whole event.

use std::io::{self, Write};

use comfy_table::{Table, presets};
use serde_json::Value as Json;

use super::sections;
use crate::config::model::Config;
use crate::config::section::{Listed, listed};

/// Keys whose values do not fit into a table.
const TOO_LONG: &[&str] = &["message"];

/// Keys that are off only where they are set to `false`: without them, Slack decides.
const DECISIONS: &[&str] = &["unfurl", "link_names"];

/// Prints the tables. A section without entries has none.
pub fn write(config: &Config, out: &mut dyn Write) -> io::Result<()> {
    let sections = [
        ("Kafka", vec![listed(&config.kafka)]),
        ("Apps", sections::apps(config)),
        ("Webhooks", sections::webhooks(config)),
        ("Actions", sections::actions(config)),
        ("Admin", vec![listed(&config.admin)]),
    ];
    for (title, rows) in sections.iter().filter(|(_, rows)| !rows.is_empty()) {
        writeln!(out, "{title}\n{}\n", settings(rows))?;
    }

    let mut table = table(&["name", "part that needs the whole event"]);
    for action in &config.actions {
        if let Some(part) = action.trigger.whole_event_part() {
            table.add_row([action.name.as_str(), &part]);
        }
    }
    if table.is_empty() {
        return Ok(());
    }
    writeln!(
        out,
        "Triggers that need the whole event: an event is parsed in full when it gets to this part\n{table}\n"
    )
}

/// A table of a section's settings, one row each. A key that no row sets has no column.
fn settings(rows: &[Listed]) -> Table {
    let is_shown = |column: usize| {
        let mut settings = rows.iter().filter_map(|row| row.get(column));
        settings.any(|setting| !TOO_LONG.contains(&setting.0) && !cell_of(setting).is_empty())
    };
    let keys = rows.first().into_iter().flatten().map(|(key, _)| *key).enumerate();
    let (columns, keys): (Vec<_>, Vec<_>) = keys.filter(|(column, _)| is_shown(*column)).unzip();
    let mut table = table(&keys);
    for row in rows {
        table.add_row(columns.iter().filter_map(|column| row.get(*column)).map(cell_of));
    }
    table
}

fn cell_of((key, value): &(&str, Json)) -> String {
    match value {
        Json::Bool(false) if DECISIONS.contains(key) => "false".to_owned(),
        // Their number: they do not fit, either.
        Json::Array(list) if *key == "blocks" => list.len().to_string(),
        value => cell(value),
    }
}

fn cell(value: &Json) -> String {
    match value {
        Json::Null | Json::Bool(false) => String::new(),
        Json::String(text) => text.clone(),
        Json::Number(number) => number.as_f64().unwrap_or_default().to_string(),
        Json::Bool(true) => "true".to_owned(),
        Json::Array(list) => list.iter().map(cell).collect::<Vec<_>>().join(", "),
        Json::Object(map) => {
            let inner = map.iter().map(|(key, value)| format!("{key} {}", cell(value)));
            inner.collect::<Vec<_>>().join(", ")
        }
    }
}

fn table(header: &[&str]) -> Table {
    let mut table = Table::new();
    table.load_style(presets::NOTHING).set_header(header);
    table
}
