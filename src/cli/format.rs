//! The two formats of results and logs.

use clap::ValueEnum;

// Variants without doc comments keep the list of values in `--help` on one line.
/// The format of a command's results (`--output`) or of the logs (`--log-format`): text for people,
/// which may change in any version, or JSON for programs, one object a line.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum Format {
    Text,
    Json,
}

/// Returns a number with its noun, in the plural unless it is 1.
pub fn counted(number: usize, noun: &str) -> String {
    if number == 1 { format!("1 {noun}") } else { format!("{number} {noun}s") }
}
