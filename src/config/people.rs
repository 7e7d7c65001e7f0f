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
    /// The hash of the content.
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

/// Reads a file of people. Each fault is reported at the file's name.
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

#[cfg(test)]
#[allow(clippy::unwrap_used, clippy::panic, reason = "tests")]
mod tests {
    use std::path::Path;

    use crate::config::{check, diagnostic::ConfigErrors, model::Config};

    /// A configuration with this message and a file of people: its hash, and its warnings.
    fn checked(message: &str, people: Option<&str>) -> Result<(Config, Vec<String>), ConfigErrors> {
        let section = people.map_or("", |_| "people: {file: people.csv}\n");
        let text = format!(
            "kafka: {{brokers: k, group_id: g, topics: [t]}}\n\
             webhooks: {{w: {{url: 'https://hooks.slack.com/services/T/B/x'}}}}\n{section}\
             actions: [{{name: a, trigger: a, webhook: w, message: \"{message}\"}}]\n"
        );
        let files = |path: &Path| match people {
            Some(people) if path == Path::new("conf/people.csv") => Ok(people.into()),
            _ => Err(std::io::ErrorKind::NotFound.into()),
        };
        let loaded = check(&text, Path::new("conf/slackline.yaml"), &|_| None, &files)?;
        let warnings = loaded.warnings.iter().map(|warning| warning.message.clone()).collect();
        Ok((loaded.config, warnings))
    }

    #[test]
    fn the_file_is_beside_the_configuration_and_a_part_of_its_hash() {
        let (one, warnings) = checked("m", Some("ann@x.test,U012AB\n")).unwrap();
        assert_eq!(one.people.unwrap().id("ann@x.test"), Some("U012AB"));
        assert_eq!(warnings, Vec::<String>::new());
        let (other, _) = checked("m", Some("ann@x.test,U012AC\n")).unwrap();
        let (none, _) = checked("m", None).unwrap();
        assert!(none.people.is_none());
        assert!(one.hash != other.hash && one.hash != none.hash);
        let (_, warnings) = checked("m", Some("email,id\n")).unwrap();
        assert_eq!(warnings, ["the file of `people` has no entry"]);
    }

    #[test]
    fn a_fault_is_named_by_its_line_only() {
        let errors = checked("m", Some("ann@x.test,U012AB\nann@x.test,U012AB\n")).err().unwrap();
        let shown = errors.to_string();
        assert!(shown.contains("line 2 of the file of `people`: duplicate"), "{shown}");
        assert!(!shown.contains("x.test") && !shown.contains("U012"), "{shown}");
    }

    #[test]
    fn a_mention_of_an_address_needs_people() {
        for (message, is_warned) in [
            ("{{ mention('ann@x.test') }}", true),
            ("{{ $.owner.email | mention }}", true),
            ("{{ mention(Mail) }}", true),
            ("{{ $.user_id | mention }}", false),
            ("{{ mention('U012AB') }}", false),
        ] {
            let warning = "message: `mention` of an e-mail address, without `people` to find it in";
            let (_, warnings) = checked(message, None).unwrap();
            assert_eq!(
                warnings.iter().any(|it| it == warning),
                is_warned,
                "{message}: {warnings:?}"
            );
            let (_, warnings) = checked(message, Some("ann@x.test,U012AB\n")).unwrap();
            assert_eq!(warnings, Vec::<String>::new(), "{message}");
        }
    }
}
