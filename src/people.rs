//! The people of a Slack workspace: e-mail addresses, and the user or group that each one is.
//!
//! Pure. Invariant: no message about the file contains an address, only the line's number.

use rustc_hash::FxHashMap;

mod line;

/// The most entries of a file.
const MOST: usize = 100_000;

/// The most faults that are reported of a file.
const REPORTED: usize = 20;

/// The longest address, in bytes.
const LONGEST: usize = 254;

/// Who each e-mail address is: the ID of a user (`U…`, `W…`) or of a group of users (`S…`).
#[derive(Debug, Clone, Default)]
pub struct People(FxHashMap<Box<str>, Box<str>>);

/// What is wrong in a file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Fault {
    /// The line, from 1.
    pub line: usize,
    /// The fault, without the line's content.
    pub message: String,
    /// The remedy.
    pub help: &'static str,
}

impl Fault {
    fn new(line: usize, message: impl Into<String>, help: &'static str) -> Self {
        Fault { line, message: message.into(), help }
    }
}

impl People {
    /// Reads a file of lines `e-mail,ID`.
    ///
    /// # Errors
    /// Its faults, at most 20 of them, in the order of the lines.
    pub fn parse(bytes: &[u8]) -> Result<Self, Vec<Fault>> {
        let bytes = bytes.strip_prefix("\u{feff}".as_bytes()).unwrap_or(bytes);
        let text = std::str::from_utf8(bytes).map_err(|error| {
            let valid = bytes.get(..error.valid_up_to()).unwrap_or_default();
            let line = valid.iter().filter(|byte| **byte == b'\n').count() + 1;
            vec![Fault::new(line, "the file is not UTF-8", "save it as UTF-8")]
        })?;
        let lines = (1..).zip(text.lines());
        let is_entry = |line: &str| !line.is_empty() && !line.starts_with('#');
        let entries = lines.filter(|(_, line)| is_entry(line.trim()));
        let (mut ids, mut first, mut faults) = (FxHashMap::default(), FxHashMap::default(), vec![]);
        for (at, (number, line)) in entries.enumerate() {
            if faults.len() == REPORTED {
                break;
            }
            if ids.len() == MOST {
                let help = "a file has at most 100,000 entries: remove those of people who left";
                faults.push(Fault::new(number, "too many entries", help));
                break;
            }
            let (address, id) = match line::read(line) {
                Ok((address, _)) if at == 0 && is_heading(&address) => continue,
                Ok((address, Some(id))) => (address.to_lowercase(), id),
                Ok((_, None)) => {
                    faults.push(Fault::new(number, "no ID", line::HELP));
                    continue;
                }
                Err(message) => {
                    faults.push(Fault::new(number, message, line::HELP));
                    continue;
                }
            };
            if !is_address(&address) {
                let help = "write an address such as `ann@example.com` before the comma";
                faults.push(Fault::new(number, "invalid e-mail address", help));
            } else if !is_id(&id) {
                let help = "copy the member ID from the profile in Slack: `U`, `W` or `S` \
                            (a group), then capitals and digits, 3 to 21 in all";
                faults.push(Fault::new(number, "invalid ID", help));
            } else if let Some(first) = first.insert(address.clone(), number) {
                let message = format!("duplicate e-mail address: the first is on line {first}");
                faults.push(Fault::new(number, message, "remove one of them"));
            } else {
                ids.insert(address.into(), id.into());
            }
        }
        if faults.is_empty() { Ok(People(ids)) } else { Err(faults) }
    }

    /// Returns the ID of an e-mail address, in any case and with blanks around it.
    #[must_use]
    pub fn id(&self, address: &str) -> Option<&str> {
        let address = address.trim();
        if address.len() > LONGEST {
            return None;
        }
        self.0.get(&*address.to_lowercase()).map(|id| &**id)
    }

    /// Returns the number of addresses.
    #[must_use]
    pub fn len(&self) -> usize {
        self.0.len()
    }

    /// Whether there is no address.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }
}

fn is_heading(field: &str) -> bool {
    ["email", "e-mail"].iter().any(|heading| field.eq_ignore_ascii_case(heading))
}

/// Whether a text has the form of an e-mail address.
#[must_use]
pub fn is_address(text: &str) -> bool {
    let has_parts = text
        .split_once('@')
        .is_some_and(|(name, host)| !name.is_empty() && !host.is_empty() && !host.contains('@'));
    has_parts
        && text.len() <= LONGEST
        && !text.contains(|c: char| c.is_whitespace() || c.is_control())
}

/// Whether a text has the form of the ID of a user or a group of users.
fn is_id(text: &str) -> bool {
    text.starts_with(['U', 'W', 'S'])
        && (3..=21).contains(&text.len())
        && text.bytes().all(|byte| byte.is_ascii_uppercase() || byte.is_ascii_digit())
}

#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "tests")]
mod tests;
