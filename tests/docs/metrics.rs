//! The table of metrics in `docs/operations.md` is the one that the code documents.

use slackline::metrics::DOCUMENTED;

use super::read;

const PAGE: &str = "docs/operations.md";

const START: &str =
    "<!-- metrics: compared with the code by a test; UPDATE_DOCS=1 writes them -->\n";

const END: &str = "<!-- /metrics -->";

fn table() -> String {
    let mut table = String::from("| name | type | labels | meaning |\n| --- | --- | --- | --- |\n");
    for metric in DOCUMENTED {
        let labels: Vec<String> = metric.labels.iter().map(|label| format!("`{label}`")).collect();
        let (name, kind) = (metric.name, format!("{:?}", metric.kind).to_lowercase());
        table += &format!("| `{name}` | {kind} | {} | {} |\n", labels.join(", "), metric.help);
    }
    table
}

#[test]
fn the_operations_page_lists_every_metric_as_the_code_documents_it() {
    let (page, table) = (read(PAGE), table());
    let (before, rest) = page.split_once(START).unwrap();
    let (written, after) = rest.split_once(END).unwrap();
    if std::env::var_os("UPDATE_DOCS").is_some() {
        std::fs::write(PAGE, format!("{before}{START}{table}{END}{after}")).unwrap();
    } else {
        assert_eq!(written, table, "run `UPDATE_DOCS=1 cargo test --test integration docs`");
    }
}
