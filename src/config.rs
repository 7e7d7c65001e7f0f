//! The configuration: from the file's text to [`model::Config`], and every mistake on the way.
//!
//! text → [`tree`] (YAML with places) → [`file`] and the files of its sections, each with the table
//! of its keys (see [`section`]) → [`model::Config`]. The JSON Schema, the reference in
//! `docs/configuration.md`, the hash and the keys that need a restart follow from the tables too.
//! Invariant: every mistake is reported with file, line, column and remedy, all of them in one run,
//! and no message contains a secret.

use std::io;
use std::path::Path;

mod tree;

mod mask;

mod slack_token;

mod source;

mod scalar_offsets;

mod environment;

mod external;

mod file_content;

mod located;

mod long_text;

mod origin;

mod outside;

mod destinations;

pub(crate) mod names;

mod foreign_keys;

pub mod diagnostic;

mod yaml_text;

mod yaml_syntax;

mod yaml_hints;

mod reader;

pub(crate) mod section;

mod setting_value;

pub(crate) mod duration;

mod kinds;

mod yaml_traps;

mod slack_markup;

mod index;

mod kafka;

mod retry;

mod webhook;

mod app;

pub mod app_use;

mod senders;

mod action_text;

mod block_mark;

mod blocks;

mod action;

mod admin;

mod people;

mod file;

pub mod model;

pub mod reload;

pub mod schema;

pub mod reference;

#[cfg(test)]
#[allow(clippy::panic, reason = "tests")]
pub(crate) mod fixture;

#[cfg(test)]
mod tests;

use app_use::{AppUse, DECISIVE};
use diagnostic::{ConfigErrors, Diagnostic, Findings};
use mask::SecretKeys;
use model::Config;
use outside::Outside;
use reader::Reader;
use section::Table;
use source::Source;
use tree::Node;

/// A valid configuration.
pub struct Loaded<T = Config> {
    /// What the stages are built from.
    pub config: T,
    /// What is valid but probably not intended.
    pub warnings: Vec<Diagnostic>,
}

/// Reads and checks the file at `path`, and the files that it names. `env` looks up `${NAME}`.
///
/// # Errors
/// Every mistake; or that the file cannot be read.
pub fn load(path: &Path, env: &dyn Fn(&str) -> Option<String>) -> Result<Loaded, ConfigErrors> {
    load_through(path, env, &|path| std::fs::read(path))
}

/// [`load`] with `files` to read files: first the configuration, then those that it names.
///
/// # Errors
/// As [`load`].
pub fn load_through(
    path: &Path,
    env: &dyn Fn(&str) -> Option<String>,
    files: &dyn Fn(&Path) -> io::Result<Vec<u8>>,
) -> Result<Loaded, ConfigErrors> {
    let text = read(path, files)?;
    check(&text, path, env, files)
}

/// Reads what the file at `path` uses each app for, in the file's order, and reports every mistake
/// of its text. What else it takes from outside is not needed and not read: the apps' tokens, the
/// webhooks' URLs, and other variables and files.
///
/// # Errors
/// As [`load`].
pub fn load_app_uses(
    path: &Path,
    env: &dyn Fn(&str) -> Option<String>,
) -> Result<Loaded<Vec<AppUse>>, ConfigErrors> {
    let files: &dyn Fn(&Path) -> io::Result<Vec<u8>> = &|path| std::fs::read(path);
    let text = read(path, files)?;
    let outside = Outside { env, files, directory: directory(path), only: Some(DECISIVE) };
    checked(&text, path, &outside, |tree, reader| {
        file::read(tree, reader);
        Some(AppUse::all(&reader.destinations))
    })
}

fn directory(path: &Path) -> &Path {
    path.parent().unwrap_or(Path::new(""))
}

/// Reads the text of the file at `path`.
fn read(path: &Path, files: &dyn Fn(&Path) -> io::Result<Vec<u8>>) -> Result<String, ConfigErrors> {
    let whole_file = |message, help: &str| ConfigErrors {
        file: path.display().to_string(),
        errors: vec![Diagnostic::of_file(message, help)],
        warnings: Vec::new(),
    };
    let bytes = files(path).map_err(|error| {
        let help = match error.kind() {
            io::ErrorKind::NotFound => {
                "name the file: `slackline check FILE`, `-c FILE` or `SLACKLINE_CONFIG`"
            }
            _ => "make it a file that this user may read",
        };
        whole_file(format!("the configuration cannot be read: {error}"), help)
    })?;
    String::from_utf8(bytes).map_err(|error| {
        let valid = &error.as_bytes()[..error.utf8_error().valid_up_to()];
        let line = valid.iter().filter(|byte| **byte == b'\n').count() + 1;
        whole_file(format!("the configuration is not UTF-8 (line {line})"), "save it as UTF-8")
    })
}

/// Checks the text of a configuration without its own I/O. Messages name the file `path`, and
/// relative paths start from its directory; `files` reads files.
///
/// # Errors
/// Every mistake.
pub fn check(
    text: &str,
    path: &Path,
    env: &dyn Fn(&str) -> Option<String>,
    files: &dyn Fn(&Path) -> io::Result<Vec<u8>>,
) -> Result<Loaded, ConfigErrors> {
    let outside = Outside { env, files, directory: directory(path), only: None };
    checked(text, path, &outside, file::read)
}

/// Parses a text, and reads from it what `read` returns: `None`, if something was reported.
fn checked<T>(
    text: &str,
    path: &Path,
    outside: &Outside<'_>,
    read: impl FnOnce(&Node, &mut Reader<'_>) -> Option<T>,
) -> Result<Loaded<T>, ConfigErrors> {
    let text = text.strip_prefix('\u{feff}').unwrap_or(text);
    let file = path.display().to_string();
    let secrets = SecretKeys::new(&file::File::document());
    let mut source = Source::new(text);
    let tree = match tree::parse(text) {
        Ok(tree) => tree,
        Err(error) => {
            let mut findings = Findings::default();
            source.hide(secrets.in_text(text));
            yaml_syntax::syntax(&error, &source, &mut findings);
            let (errors, warnings) = findings.diagnostics(&source);
            return Err(ConfigErrors { file, errors, warnings });
        }
    };
    source.hide(secrets.in_tree(&tree, text));
    source.show(mask::shown_in_blocks(&tree));
    if matches!(tree.value, tree::Value::Null) {
        let message = "the configuration is empty".to_owned();
        let empty = Diagnostic::of_file(message, "add `kafka`, `webhooks` and `actions`");
        return Err(ConfigErrors { file, errors: vec![empty], warnings: Vec::new() });
    }
    let mut reader = Reader::new(&source, outside);
    let config = read(&tree, &mut reader);
    let (errors, warnings) = reader.findings.diagnostics(&source);
    match config {
        Some(config) if errors.is_empty() => Ok(Loaded { config, warnings }),
        _ => Err(ConfigErrors { file, errors, warnings }),
    }
}
