//! Names in messages: the nearest known one for a misspelled one, and lists of them.

use super::source::quotable;

/// A webhook's or an action's name, which is a metric's label and a word on the command line.
pub const NAME_PATTERN: &str = "^[A-Za-z0-9_][A-Za-z0-9_.-]{0,63}$";

/// Whether `name` matches [`NAME_PATTERN`].
pub fn is_name(name: &str) -> bool {
    let legal = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'_' | b'.' | b'-');
    (1..=64).contains(&name.len()) && name.bytes().all(legal) && !name.starts_with(['.', '-'])
}

/// Returns the nearest of `known`, if it is near enough to be a misspelling.
pub fn nearest<'k>(name: &str, known: &[&'k str]) -> Option<&'k str> {
    let name = name.to_lowercase();
    let scored = known.iter().map(|known| (strsim::damerau_levenshtein(&name, known), *known));
    let near = scored
        .filter(|(distance, known)| *distance <= tolerance(known))
        .min()
        .map(|(_, known)| known);
    // `webhook_url` is not a typing error.
    near.or_else(|| {
        let is_part =
            |known: &&&str| known.len() > 2 && name.split(['_', '-']).any(|part| part == **known);
        known.iter().find(is_part).copied()
    })
}

/// How many typing errors a misspelling of `known` may have.
pub fn tolerance(known: &str) -> usize {
    1 + known.len() / 4
}

/// Names, each in backticks.
pub fn list(names: &[impl AsRef<str>]) -> String {
    let quoted: Vec<String> =
        names.iter().map(|name| format!("`{}`", quotable(name.as_ref()))).collect();
    quoted.join(", ")
}
