//! Mistakes in the configuration: what is wrong, where, and the remedy.
//!
//! Invariant: values in messages come from `Source`, which masks secrets.

use std::collections::HashSet;
use std::fmt;

use serde::Serialize;

use super::source::{Source, without_tokens};

/// One mistake, or one warning.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Diagnostic {
    /// From 1; 0 if it concerns the whole file, such as one that cannot be read.
    pub line: usize,
    /// From 1, in characters; 0 if it concerns the whole file.
    pub column: usize,
    /// What is wrong.
    pub message: String,
    /// The remedy.
    pub help: String,
    /// The line, with secrets masked, and a caret under the place: two lines, or empty if it
    /// concerns the whole file.
    #[serde(skip)]
    pub excerpt: String,
}

/// Every mistake of one file, in the file's order.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ConfigErrors {
    /// The file as named on the command line.
    pub file: String,
    /// At least one.
    pub errors: Vec<Diagnostic>,
    /// What is valid but probably not intended, as far as the file could be read.
    pub warnings: Vec<Diagnostic>,
}

impl Diagnostic {
    /// A mistake that concerns the whole file.
    pub fn of_file(message: String, help: &str) -> Self {
        Self { line: 0, column: 0, message, help: help.to_owned(), excerpt: String::new() }
    }

    /// Writes it for a terminal: `FILE:LINE:COLUMN: message`, the excerpt, the remedy. `label`
    /// comes before the message (`"warning: "`).
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

/// The mistakes and warnings found so far, by byte offset.
#[derive(Default)]
pub struct Findings {
    errors: Vec<Finding>,
    warnings: Vec<Finding>,
    /// Each with what it is about.
    suspicions: Vec<(String, Finding)>,
}

struct Finding {
    offset: usize,
    message: String,
    help: String,
}

impl Findings {
    /// Records an error at a byte offset of the file.
    pub fn error(&mut self, offset: usize, message: impl Into<String>, help: impl Into<String>) {
        self.errors.push(Finding { offset, message: message.into(), help: help.into() });
    }

    /// Records a warning at a byte offset of the file.
    pub fn warn(&mut self, offset: usize, message: impl Into<String>, help: impl Into<String>) {
        self.warnings.push(Finding { offset, message: message.into(), help: help.into() });
    }

    /// Records a warning that is shown beside errors too, since it may be their cause, unless one
    /// at the same byte offset names `owner` itself.
    pub fn suspect(&mut self, offset: usize, owner: String, (message, help): (String, String)) {
        self.suspicions.push((owner, Finding { offset, message, help }));
    }

    /// Errors and warnings in the file's order, each once: a merged (`<<`) section is read several
    /// times, and so is a value that another key's rule depends on.
    pub fn diagnostics(mut self, source: &Source<'_>) -> (Vec<Diagnostic>, Vec<Diagnostic>) {
        for (owner, suspicion) in self.suspicions {
            let is_named = |error: &Finding| {
                error.offset == suspicion.offset && error.message.contains(&owner)
            };
            if self.errors.is_empty() {
                self.warnings.push(suspicion);
            } else if !self.errors.iter().any(is_named) {
                self.errors.push(suspicion);
            }
        }
        (in_order(self.errors, source), in_order(self.warnings, source))
    }
}

fn in_order(mut findings: Vec<Finding>, source: &Source<'_>) -> Vec<Diagnostic> {
    findings.sort_by_key(|finding| finding.offset);
    let mut seen = HashSet::new();
    findings.retain(|finding| seen.insert((finding.offset, finding.message.clone())));
    let diagnostics = findings.into_iter().map(|finding| {
        let (line, column) = source.position(finding.offset);
        let excerpt = source.excerpt(finding.offset);
        let (message, help) = (without_tokens(finding.message), without_tokens(finding.help));
        Diagnostic { line, column, message, help, excerpt }
    });
    diagnostics.collect()
}
