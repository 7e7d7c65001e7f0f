//! What a configuration takes from outside its own text: environment variables, and the contents of
//! files.

use std::io;
use std::path::Path;

/// Where values outside the text come from.
pub struct Outside<'a> {
    /// Looks up an environment variable.
    pub env: &'a dyn Fn(&str) -> Option<String>,
    /// Reads a file.
    pub files: &'a dyn Fn(&Path) -> io::Result<Vec<u8>>,
    /// The directory that relative paths start from.
    pub directory: &'a Path,
    /// The only keys that take their values from outside. Where the value of another one is there,
    /// it is not known. `None`: all keys.
    pub only: Option<&'static [&'static str]>,
}

impl Outside<'_> {
    /// Whether `key` takes its value from outside.
    pub fn serves(&self, key: &str) -> bool {
        self.only.is_none_or(|only| only.contains(&key))
    }

    /// Reads the file that `key` names. `None`: its content is not known.
    pub fn file(&self, key: &str, path: &Path) -> Option<io::Result<Vec<u8>>> {
        self.serves(key).then(|| (self.files)(path))
    }
}
