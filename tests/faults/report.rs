//! The repetitions of a fault, and its line in the report.

use std::io::Write as _;

use crate::checker::Faults;

/// The environment variable in which `tests/faults.sh` passes the report's path. If it is set,
/// every fault runs in its full form, and appends its line there.
const REPORT: &str = "SLACKLINE_FAULTS_REPORT";

/// Returns the count or the time of the full form, or of the short one.
pub fn full_or_short<T>(full: T, short: T) -> T {
    if std::env::var_os(REPORT).is_some() { full } else { short }
}

/// Prints the line of a fault: its name, how often it was tried, and the figures.
pub fn line(fault: &str, tried: usize, figures: &str) {
    let line = format!("{fault} | {tried} | {figures}");
    println!("{line}");
    if let Some(path) = std::env::var_os(REPORT) {
        let mut file = std::fs::OpenOptions::new().create(true).append(true).open(path).unwrap();
        writeln!(file, "{line}").unwrap();
    }
}

/// The checker's result as figures of a fault's line.
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
