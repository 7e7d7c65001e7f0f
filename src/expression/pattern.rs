//! Patterns that a text is compared with: regular expressions and globs.
//!
//! Pure. Invariant: a match takes time in proportion to its cost, whatever the text: the regex
//! crate does not backtrack.

use regex::{Regex, RegexBuilder, bytes};

/// The most memory of a compiled pattern, in bytes.
const MAX_SIZE: usize = 1 << 20;

/// The memory of the automaton that is built while matching, in bytes.
const MAX_CACHE: usize = 2 << 20;

/// The size up to which a pattern is matched by a small automaton in any case, in bytes.
const SMALL: usize = 512;

/// The bytes of a compiled pattern that make up one place in it.
const PLACE: usize = 32;

/// A compiled pattern.
#[derive(Debug, Clone)]
pub struct Pattern {
    regex: Regex,
    /// How many steps 8 bytes of text cost.
    cost: usize,
}

impl Pattern {
    /// Compiles a regular expression of the regex crate.
    ///
    /// # Errors
    /// What is wrong with it, on one line.
    pub fn regex(text: &str) -> Result<Self, String> {
        match RegexBuilder::new(text).size_limit(MAX_SIZE).dfa_size_limit(MAX_CACHE).build() {
            Ok(regex) => Ok(Pattern { regex, cost: cost(text) }),
            Err(regex::Error::Syntax(message)) => {
                let last = message.lines().last().unwrap_or_default();
                Err(last.trim_start_matches("error: ").to_owned())
            }
            Err(_) => Err("it takes more than 1 MiB when it is compiled".to_owned()),
        }
    }

    /// Compiles a glob: `*` is any text, `?` one character, and a backslash makes the next one a
    /// plain character.
    ///
    /// # Errors
    /// It is too long.
    pub fn glob(text: &str) -> Result<Self, String> {
        let mut regex = String::from(r"(?s)\A");
        let mut characters = text.chars().peekable();
        while let Some(c) = characters.next() {
            match c {
                '*' => {
                    while characters.peek() == Some(&'*') {
                        characters.next();
                    }
                    regex.push_str(".*");
                }
                '?' => regex.push('.'),
                '\\' => push_plain(&mut regex, characters.next().unwrap_or('\\')),
                other => push_plain(&mut regex, other),
            }
        }
        regex.push_str(r"\z");
        Pattern::regex(&regex)
    }

    /// Returns what a match costs, in steps.
    #[must_use]
    pub fn cost(&self, text: &str) -> usize {
        (text.len() / 8 + 1).saturating_mul(self.cost)
    }

    /// Whether the text has a part that the pattern matches; a glob matches the whole text.
    #[must_use]
    pub fn matches(&self, text: &str) -> bool {
        self.regex.is_match(text)
    }
}

/// Returns how many steps 8 bytes of text cost. A text can be made such that the automaton becomes
/// too large, and all places of the pattern are followed at each byte.
fn cost(pattern: &str) -> usize {
    // Without Unicode, a class is one place, as while matching. The size is known only as the limit
    // that is not reached. A pattern that needs Unicode counts in full.
    let fits = |size: usize| {
        let plain = bytes::RegexBuilder::new(pattern).unicode(false).size_limit(size).build();
        match plain {
            Err(regex::Error::Syntax(_)) => {
                RegexBuilder::new(pattern).size_limit(size.saturating_mul(16)).build().is_ok()
            }
            plain => plain.is_ok(),
        }
    };
    let mut size = SMALL;
    while size < MAX_SIZE && !fits(size) {
        size *= 2;
    }
    if size == SMALL { 1 } else { 2 * size / PLACE }
}

fn push_plain(regex: &mut String, c: char) {
    let mut bytes = [0; 4];
    regex.push_str(&regex::escape(c.encode_utf8(&mut bytes)));
}

#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "tests")]
mod tests {
    use proptest::prelude::*;

    use super::*;

    /// A glob's meaning, written down.
    fn matches_naively(pattern: &[char], text: &[char]) -> bool {
        match (pattern, text) {
            ([], _) => text.is_empty(),
            (['*', rest @ ..], _) => (0..=text.len()).any(|at| matches_naively(rest, &text[at..])),
            (['?', rest @ ..], [_, text @ ..]) => matches_naively(rest, text),
            (['\\', c, rest @ ..], [first, text @ ..]) => c == first && matches_naively(rest, text),
            (['\\'], ['\\']) => true,
            (['\\' | '?', ..], _) => false,
            ([c, rest @ ..], [first, text @ ..]) => c == first && matches_naively(rest, text),
            ([_, ..], []) => false,
        }
    }

    proptest! {
        #[test]
        fn a_glob_matches_as_written_down(pattern in r"[ab*?\\.\n]{0,8}", text in r"[ab*?\\.\nä]{0,8}") {
            let (chars, of_text): (Vec<char>, Vec<char>) = (pattern.chars().collect(), text.chars().collect());
            let glob = Pattern::glob(&pattern).unwrap();
            prop_assert_eq!(glob.matches(&text), matches_naively(&chars, &of_text));
        }

        #[test]
        fn no_pattern_panics(pattern in "\\PC{0,30}|[\\[\\](){}*+?|\\\\^$.a-c0-9,-]{0,30}", text in "\\PC{0,20}") {
            if let Ok(pattern) = Pattern::regex(&pattern) {
                let _ = pattern.matches(&text);
            }
            let _ = Pattern::glob(&pattern).unwrap().matches(&text);
        }
    }

    #[test]
    fn a_regular_expression_is_searched_for() {
        let matches = |pattern: &str, text: &str| Pattern::regex(pattern).unwrap().matches(text);
        assert!(matches("b+", "abbc"));
        assert!(!matches("^b+$", "abbc"));
        assert!(matches(r"(?i)ÄB", "xäb"));
        assert!(matches("", "x"));
    }

    #[test]
    fn an_invalid_pattern_says_why() {
        let refused = |pattern: &str| Pattern::regex(pattern).unwrap_err();
        assert_eq!(refused("(a"), "unclosed group");
        assert_eq!(
            refused(r"(?=a)"),
            "look-around, including look-ahead and look-behind, is not supported"
        );
        assert_eq!(refused(r"\w{1000}"), "it takes more than 1 MiB when it is compiled");
        assert_eq!(refused("a{99999999}"), "it takes more than 1 MiB when it is compiled");
    }

    #[test]
    fn a_larger_pattern_costs_more() {
        let text = "ab".repeat(500);
        let cost = |pattern: &str| Pattern::regex(pattern).unwrap().cost(&text);
        assert_eq!(cost("a+b"), 126);
        assert_eq!(cost(r"^\w+@\w+$"), 126, "a class counts once");
        assert!(cost("[ab]*a[ab]{20}c") > 1_000);
        assert!(cost("[ab]*a[ab]{1000}c") > 1_000_000);
        assert!(cost(r"\p{Greek}{20}x") > cost(r"\p{Greek}x"));
    }
}
