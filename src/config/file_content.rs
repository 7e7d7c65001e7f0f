//! The content of a file that the configuration names, as the value of a key.

use super::external;
use super::located::Located;
use super::reader::{NamedFile, Reader};
use super::tree::Node;

/// A key whose value is in a file.
pub struct FileContent<'a> {
    /// The key that names the file.
    pub key: &'a str,
    /// How messages call the file.
    pub owner: &'a str,
    /// What the file should contain.
    pub what: &'a str,
}

impl FileContent<'_> {
    /// The content of the file that `node` names, at the place of its name.
    pub fn read(&self, node: &Node, reader: &mut Reader<'_>) -> Option<Located> {
        let Self { key, owner, what } = self;
        let NamedFile { bytes, at, .. } = reader.file(node, key)?;
        let Ok(text) = String::from_utf8(bytes) else {
            let help = format!("write nothing but {what} into it");
            reader.error(&at, format!("{owner} is not UTF-8"), help);
            return None;
        };
        let content = external::content(&text);
        if let Some(flaw) = external::flaw(content) {
            reader.findings.suspect(at.start, (*owner).to_owned(), flaw.warning(owner));
        }
        if content.trim().is_empty() {
            reader.error(&at, format!("{owner} is empty"), format!("write {what} into it"));
            return None;
        }
        Some(Located { value: content.to_owned(), at })
    }
}
