//! How often a fault is tried, and the line that tells what came of it.

use std::io::Write as _;

use crate::checker::Faults;

/// Set to a file's path by `tests/faults.sh`: every fault is tried in its full form, and its line is appended there.
const REPORT: &str = "SLACKLINE_FAULTS_REPORT";

/// The count or the time of the full form, or of the short one.
pub fn full_or_short<T>(full: T, short: T) -> T {
    if std::env::var_os(REPORT).is_some() { full } else { short }
}

/// Prints one fault's line: which fault, how often it was tried, what was seen.
pub fn line(fault: &str, tried: usize, figures: &str) {
    let line = format!("{fault} | {tried} | {figures}");
    println!("{line}");
    if let Some(path) = std::env::var_os(REPORT) {
        let mut file = std::fs::OpenOptions::new().create(true).append(true).open(path).unwrap();
        writeln!(file, "{line}").unwrap();
    }
}

/// What the checker found, as figures of a fault's line.
pub fn figures(faults: &Faults) -> String {
    let Faults { lost, repeated, unexpected, disordered } = faults;
    let mut figures = format!(
        "lost {} · repeated {} · out of order {}",
        lost.len(),
        repeated.len(),
        disordered.len()
    );
    if !unexpected.is_empty() {
        figures.push_str(&format!(" · unexpected {}", unexpected.len()));
    }
    figures
}
