//! Configuration: what is wrong with the file, where, and what would be right.
//!
//! Invariant: texts come from `Source` and its masks, so none holds a secret.

use std::collections::HashSet;
use std::fmt;

use serde::Serialize;

use super::source::Source;

/// One broken rule, or one warning.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Diagnostic {
    /// From 1; 0 where the file as a whole is meant (it could not be read).
    pub line: usize,
    /// From 1, in characters; 0 where the file as a whole is meant.
    pub column: usize,
    /// What is wrong.
    pub message: String,
    /// What would be right.
    pub help: String,
    /// The line, secrets masked, and a caret under the place: two lines, or empty where the file as a whole is meant.
    #[serde(skip)]
    pub excerpt: String,
}

/// Every broken rule of one file, in the file's order.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ConfigErrors {
    /// The file as it was named on the command line.
    pub file: String,
    /// At least one.
    pub errors: Vec<Diagnostic>,
}

impl Diagnostic {
    /// For the file as a whole.
    pub(super) fn of_file(message: String, help: &str) -> Self {
        Self { line: 0, column: 0, message, help: help.to_owned(), excerpt: String::new() }
    }

    /// As a terminal shows it: `FILE:LINE:COLUMN: message`, the excerpt, the remedy. `label` goes before the message (`"warning: "`).
    pub fn display<'a>(&'a self, file: &'a str, label: &'a str) -> impl fmt::Display + 'a {
        fmt::from_fn(move |f| {
            write!(f, "{file}:")?;
            if self.line > 0 {
                write!(f, "{}:{}:", self.line, self.column)?;
            }
            write!(f, " {label}{}", self.message)?;
            if !self.excerpt.is_empty() {
                write!(f, "\n{}", self.excerpt)?;
            }
            write!(f, "\n  help: {}", self.help)
        })
    }
}

impl fmt::Display for ConfigErrors {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (number, error) in self.errors.iter().enumerate() {
            if number > 0 {
                f.write_str("\n\n")?;
            }
            write!(f, "{}", error.display(&self.file, ""))?;
        }
        Ok(())
    }
}

impl std::error::Error for ConfigErrors {}

/// What the rules found so far, by byte offset.
#[derive(Default)]
pub(super) struct Findings {
    errors: Vec<Finding>,
    warnings: Vec<Finding>,
}

struct Finding {
    offset: usize,
    message: String,
    help: String,
}

impl Findings {
    pub(super) fn error(
        &mut self,
        offset: usize,
        message: impl Into<String>,
        help: impl Into<String>,
    ) {
        self.errors.push(Finding { offset, message: message.into(), help: help.into() });
    }

    pub(super) fn warn(
        &mut self,
        offset: usize,
        message: impl Into<String>,
        help: impl Into<String>,
    ) {
        self.warnings.push(Finding { offset, message: message.into(), help: help.into() });
    }

    /// Errors and warnings in the file's order, each once (a merged section would tell its faults again).
    pub(super) fn told(self, source: &Source<'_>) -> (Vec<Diagnostic>, Vec<Diagnostic>) {
        (tell(self.errors, source), tell(self.warnings, source))
    }
}

fn tell(mut findings: Vec<Finding>, source: &Source<'_>) -> Vec<Diagnostic> {
    findings.sort_by_key(|finding| finding.offset);
    let mut seen = HashSet::new();
    findings.retain(|finding| seen.insert((finding.offset, finding.message.clone())));
    let told = findings.into_iter().map(|finding| {
        let (line, column) = source.position(finding.offset);
        let excerpt = source.excerpt(finding.offset);
        Diagnostic { line, column, message: finding.message, help: finding.help, excerpt }
    });
    told.collect()
}
