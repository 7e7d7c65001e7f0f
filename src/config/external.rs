//! Values from outside the file's text: environment variables, and the contents of files. All keys
//! treat them alike.
//!
//! Rule: line breaks around a value are removed, because editors and shells add them. Blanks and
//! quotes around it are kept, since a password may have them, and warned of; so is a byte order
//! mark.

/// What is suspicious in a value, and the remedy.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Flaw {
    /// A blank before or after it.
    Blank,
    /// A pair of quotes around it.
    Quotes,
    /// A byte order mark before it.
    Mark,
}

/// The value without what editors and shells add to it.
pub fn content(value: &str) -> &str {
    value.trim_matches(['\r', '\n'])
}

/// What is suspicious in the [`content`] of a value.
pub fn flaw(content: &str) -> Option<Flaw> {
    if content.starts_with('\u{feff}') {
        return Some(Flaw::Mark);
    }
    if content.trim() != content {
        return Some(Flaw::Blank);
    }
    let is_quoted = |quote: char| {
        let inside = content.strip_prefix(quote).and_then(|rest| rest.strip_suffix(quote));
        inside.is_some_and(|inside| !inside.contains(quote))
    };
    (is_quoted('"') || is_quoted('\'')).then_some(Flaw::Quotes)
}

impl Flaw {
    /// The warning about the value of `owner`, and its remedy.
    pub fn warning(self, owner: &str) -> (String, String) {
        match self {
            Self::Blank => (
                format!("{owner} has blanks around its value"),
                "remove them there: they can count as a part of the value".to_owned(),
            ),
            Self::Mark => (
                format!("{owner} has a byte order mark before its value"),
                "save it as UTF-8 without a byte order mark".to_owned(),
            ),
            Self::Quotes => (
                format!("{owner} has quotes around its value"),
                "remove them there: they count as a part of the value".to_owned(),
            ),
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn line_breaks_are_removed_and_nothing_else() {
        for (value, expected) in [
            ("secret\n", "secret"),
            ("\r\nsecret\r\n\n", "secret"),
            (" secret ", " secret "),
            ("\"secret\"", "\"secret\""),
            ("one\ntwo", "one\ntwo"),
            ("\n", ""),
        ] {
            assert_eq!(content(value), expected, "{value:?}");
        }
    }

    #[test]
    fn blanks_a_pair_of_quotes_and_a_byte_order_mark_are_suspicious() {
        for (value, expected) in [
            (" secret", Some(Flaw::Blank)),
            ("secret\t", Some(Flaw::Blank)),
            ("secret\u{a0}", Some(Flaw::Blank)),
            ("\"secret\"", Some(Flaw::Quotes)),
            ("'a \"b\" c'", Some(Flaw::Quotes)),
            ("\"\"", Some(Flaw::Quotes)),
            ("\u{feff}secret", Some(Flaw::Mark)),
            ("", None),
            ("se cret", None),
            ("\"", None),
            ("\"secret", None),
            ("secret'", None),
            ("\"a\" or \"b\"", None),
        ] {
            assert_eq!(flaw(value), expected, "{value:?}");
        }
    }

    proptest! {
        #[test]
        fn the_content_has_no_line_break_at_its_ends(value in "[\r\n a\"']{0,8}") {
            let content = content(&value);
            prop_assert!(!content.starts_with(['\r', '\n']) && !content.ends_with(['\r', '\n']));
            prop_assert_eq!(value.replace(['\r', '\n'], ""), content.replace(['\r', '\n'], ""));
        }
    }
}
