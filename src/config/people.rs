//! The section `people`.
//!
//! Invariant: no address of the file is in a message, the list of settings, or a log.

use std::sync::Arc;

use serde_json::{Value as Json, json};
use xxhash_rust::xxh3::Xxh3;

use super::kinds::{PATH, Text};
use super::reader::{NamedFile, Reader};
use super::section::{Section, SettingValue, section};
use super::tree::Node;
use crate::people;

section! {
    /// The people of the Slack workspace, whom the filter `mention` finds by their e-mail address.
    pub People, PeopleKeys {
        /// A file of lines `e-mail,ID`: the member ID of a user (`U…`, `W…`), or the ID of a group
        /// of users (`S…`). At most 100,000; a first line `email,…`, blank lines and those that
        /// start with `#` are skipped. It is read again when it changes. A relative path is
        /// resolved against the configuration's directory.
        file: PeopleFile = Text(PATH, file), example = Some("people.csv");
    }
}

impl Section for People {}

/// The file, and what it contains.
#[derive(Clone)]
pub struct PeopleFile {
    /// Its path as configured, for `check`.
    path: String,
    /// The hash of its content.
    digest: u64,
    /// Who is in it.
    pub people: Arc<people::People>,
}

impl SettingValue for PeopleFile {
    fn shown(&self) -> Json {
        json!(self.path)
    }

    /// Includes the content: replicas with other people post other mentions.
    fn add_to(&self, hash: &mut Xxh3) {
        hash.update(&self.digest.to_le_bytes());
    }
}

/// Reads a file of people. Each of its faults is reported at its name.
fn file(node: &Node, key: &str, reader: &mut Reader<'_>) -> Option<PeopleFile> {
    reader.has_people = true;
    let NamedFile { path, bytes, at } = reader.file(node, key)?;
    match people::People::parse(&bytes) {
        Ok(people) => {
            if people.is_empty() {
                let help = "write lines `e-mail,ID` into it, or remove `people`";
                reader.warn(&at, "the file of `people` has no entry", help);
            }
            let mut digest = Xxh3::new();
            digest.update(&bytes);
            let people = Arc::new(people);
            Some(PeopleFile { path: path.display().to_string(), digest: digest.digest(), people })
        }
        Err(faults) => {
            for people::Fault { line, message, help } in faults {
                let message = format!("line {line} of the file of `people`: {message}");
                reader.error(&at, message, help);
            }
            None
        }
    }
}
