//! Templates and events that were made to cost as much as possible: an event must not take more
//! than 10 ms of a message.

use std::fmt::Write as _;

use slackline::config::model::Config;

/// What is expensive, by name.
pub const HOSTILE: [&str; 10] = [
    "rounds",
    "arithmetic",
    "nested loops",
    "dates",
    "patterns",
    "JSON",
    "long text",
    "graphemes",
    "table",
    "blocks",
];

/// Returns the fields of an action.
fn fields(what: &str) -> &'static str {
    match what {
        "rounds" => {
            "message: '{% for a in l %}{% for b in l %}{% for c in l %}x{% endfor %}{% endfor %}{% endfor %}'"
        }
        "arithmetic" => {
            "message: '{% for a in l %}{% for b in l %}{{ $.n | times: a.n | divided_by: 7 | plus: b.n | money: \"EUR\" }}{% endfor %}{% endfor %}'"
        }
        "nested loops" => {
            "message: '{% for a in l %}{{ length($.l[?n > a.n]) }}{{ $.l[*].n | sort | join: \",\" }}{% endfor %}'"
        }
        "dates" => {
            "message: '{% for a in l %}{% for b in l %}{{ $.t | date: \"%A %d %B %Y %H:%M %Z\", \"Europe/Berlin\" }}{% endfor %}{% endfor %}'"
        }
        "patterns" => {
            "message: '{% for a in l %}{{ matches($.text, ''[ab]*a[ab]{50}c'') }}{% endfor %}'"
        }
        "JSON" => "message: '{% for a in l %}{{ to_string($) | size }}{% endfor %}'",
        "long text" => {
            "message: '{% for a in l %}{{ $.text | upper | replace: \"A\", \"<<<\" | truncate: 39000 }}{% endfor %}'\n  long_text: split"
        }
        "graphemes" => {
            "message: '{% for a in l %}{{ $.flags | truncate: 200000 | size }}{% endfor %}'"
        }
        "table" => {
            "message: m\n  blocks:\n  - type: table\n    rows:\n    - for_each: $.l\n      as: row\n      item:\n      - {for_each: $.l, item: {type: raw_text, text: '{{row.n}} {{item.n}}'}}"
        }
        _ => {
            "message: m\n  blocks:\n  - {for_each: $.l, section: '{{$.text}}', fields: [{for_each: $.l, as: f, item: '{{$.text}}{{f.n}}'}]}"
        }
    }
}

/// Returns a configuration with one such action.
///
/// # Panics
/// If it is invalid.
pub fn config(what: &str) -> Config {
    let fields = fields(what).replace('"', "''");
    let text = format!(
        "kafka: {{brokers: k, group_id: g, topics: [t]}}\n\
         webhooks: {{w: {{url: 'https://hooks.slack.com/services/T/B/x'}}}}\n\
         actions:\n- name: a\n  trigger: l\n  webhook: w\n  {fields}\n"
    );
    super::actions::checked(&text)
}

/// Returns the event: a list of 100 elements, and texts of 64 KiB.
pub fn event() -> String {
    let mut list = String::new();
    for at in 0..100 {
        let comma = if at == 0 { "" } else { "," };
        let _infallible = write!(list, "{comma}{{\"n\":{at}.25,\"name\":\"<item {at}> & co\"}}");
    }
    format!(
        "{{\"n\":1234567.891,\"t\":\"2026-11-28T12:00:00Z\",\"l\":[{list}],\"text\":\"{}\",\"flags\":\"{}\"}}",
        "ab".repeat(32 << 10),
        "👩‍👩‍👧‍👦".repeat(2_600),
    )
}
