//! Documentation held to the code: links, examples, promises, metrics and alerts, and the
//! project's own rules of language and layout.

use std::path::{Path, PathBuf};

mod readme;

mod examples;

mod guarantees;

mod metrics;

mod monitoring;

mod runbook;

mod links;

mod messages;

mod language;

mod layout;

/// The text of a file, by its path from the root of the repository.
fn read(path: impl AsRef<Path>) -> String {
    let path = path.as_ref();
    let bytes = std::fs::read(path).unwrap_or_else(|error| panic!("{}: {error}", path.display()));
    String::from_utf8_lossy(&bytes).into_owned()
}

/// The files below `folder` with one of `extensions`. Build output and hidden folders are left out.
fn files(folder: &str, extensions: &[&str]) -> Vec<PathBuf> {
    let (mut found, mut folders) = (Vec::new(), vec![PathBuf::from(folder)]);
    while let Some(folder) = folders.pop() {
        for entry in std::fs::read_dir(&folder).unwrap() {
            let path = entry.unwrap().path();
            let name = path.file_name().unwrap().to_string_lossy().into_owned();
            if path.is_dir() {
                if name != "target" && !name.starts_with('.') {
                    folders.push(path);
                }
            } else if path.extension().is_some_and(|is| extensions.iter().any(|one| is == *one)) {
                found.push(path);
            }
        }
    }
    found.sort();
    found
}

/// Every Markdown page of the repository.
fn pages() -> Vec<PathBuf> {
    let pages = files(".", &["md"]);
    assert!(pages.len() > 8, "{pages:?}");
    pages
}

/// The table rows below a header row, each as its cells.
fn rows(page: &str, header: &str) -> Vec<Vec<String>> {
    let columns = header.matches('|').count() - 1;
    let start = format!("{header}\n|{}\n", " --- |".repeat(columns));
    let (_, table) = page.split_once(&start).unwrap_or_else(|| panic!("no table `{header}`"));
    let rows = table.lines().take_while(|line| line.starts_with('|'));
    rows.map(|row| {
        let row = row.trim_start_matches("| ").trim_end_matches(" |");
        row.splitn(columns, " | ").map(str::to_owned).collect()
    })
    .collect()
}
