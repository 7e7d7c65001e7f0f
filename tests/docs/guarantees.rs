//! Each promise of `docs/guarantees.md`, and each invariant of `docs/architecture.md`, names tests
//! that exist. Each drop reason is explained.

use slackline::delivery::Reason;

use super::{files, read, rows};

/// The names of all tests in the repository, property tests included.
fn tests() -> Vec<String> {
    let mut names = Vec::new();
    for path in files("src", &["rs"]).into_iter().chain(files("tests", &["rs"])) {
        let code = read(path);
        for (at, _) in code.match_indices("fn ") {
            let before = &code[..at];
            let attributes = before.lines().rev().take(8).collect::<Vec<_>>().join("\n");
            let is_test = attributes.contains("#[test]")
                || attributes.contains("#[tokio::test")
                || before.contains("proptest! {");
            let name = code[at + 3..].split('(').next().unwrap_or_default();
            if is_test {
                names.push(name.to_owned());
            }
        }
    }
    names
}

/// Fails unless each row's last cell names at least one test, and only tests that exist.
fn assert_rows_are_tested(page: &str, header: &str, least: usize) {
    let (tests, rows) = (tests(), rows(&read(page), header));
    for row in &rows {
        let named: Vec<&str> = row.last().unwrap().split('`').skip(1).step_by(2).collect();
        assert!(!named.is_empty(), "{page}: no test is named: {}", row[0]);
        for name in named {
            assert!(tests.iter().any(|test| test == name), "{page}: `{name}` is not a test");
        }
    }
    assert!(rows.len() >= least, "{page}: {} rows", rows.len());
}

#[test]
fn every_promise_names_its_tests() {
    assert_rows_are_tested("docs/guarantees.md", "| promise | shown by |", 23);
}

#[test]
fn every_invariant_names_its_tests() {
    let header = "| invariant | tests that fail when it is broken |";
    assert_rows_are_tested("docs/architecture.md", header, 9);
}

#[test]
fn every_drop_reason_is_explained() {
    let rows = rows(&read("docs/guarantees.md"), "| reason | cause |");
    let explained: Vec<String> = rows.iter().map(|row| row[0].replace('`', "")).collect();
    assert_eq!(explained, Reason::ALL.map(|reason| reason.as_str().to_owned()));
}
