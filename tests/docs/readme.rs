//! The README is the first screen of the repository and of the crate: short, and with a quick start
//! that works.

use super::read;

const LINES: usize = 150;

const COLUMNS: usize = 100;

#[test]
fn the_readme_is_short_and_narrow() {
    let readme = read("README.md");
    assert!(readme.lines().count() <= LINES, "{} lines", readme.lines().count());
    for (at, line) in readme.lines().enumerate() {
        let exempt = line.starts_with('|') || line.contains("](");
        assert!(exempt || line.chars().count() <= COLUMNS, "README.md:{}: too wide", at + 1);
    }
}

/// A reader finds the two commands without scrolling.
#[test]
fn the_first_screen_has_the_two_commands() {
    let readme = read("README.md");
    let screen = readme.lines().take(25).collect::<Vec<_>>().join("\n");
    for command in ["cargo run --release -- demo", "cargo test"] {
        assert!(screen.contains(command), "`{command}` is not on the first screen");
    }
}
