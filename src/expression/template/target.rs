//! What a variable is within the target of a link, `<target|label>`.
//!
//! Pure. The host decides where a link leads. Where the author wrote one, a value can change what
//! comes before it (a subdomain) and what comes after it (the path), but not lead elsewhere.

/// The most bytes of a link that are searched for its host.
const MAX_LINK: usize = 4096;

/// A variable's part of the target.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Part {
    /// In the middle of a scheme, a host name or a port: the author's own text completes it.
    Host,
    /// After a host name that the author completed: a port, a path or a query, if anything.
    AfterHost,
    /// Anything else, also a whole URL.
    Rest,
}

/// Whether the target is a mention, a date, or a URL with its scheme, as far as the author's `text`
/// after the `<` says.
pub fn has_form(text: &str) -> bool {
    let after_scheme = text.trim_start_matches(|c: char| c.is_ascii_alphanumeric());
    text.starts_with(['@', '#', '!']) || after_scheme.starts_with(':')
}

/// Returns the part of each variable of a target. `own` is the author's text around the variables:
/// one more than there are variables.
pub fn parts(own: &[&str]) -> Vec<Part> {
    let mut parts = vec![Part::Rest; own.len().saturating_sub(1)];
    let scheme = own.iter().position(|text| text.contains("://"));
    let Some((in_scheme, of_url)) = scheme.and_then(|at| parts.split_at_mut_checked(at)) else {
        return parts;
    };
    in_scheme.fill(Part::Host);
    let mut texts = own.iter().skip(in_scheme.len()).copied();
    let mut host = texts.next().and_then(|text| Some(text.split_once("://")?.1)).unwrap_or("");
    // The next text after each variable that is not empty. A loop makes thousands of variables.
    let mut next = "";
    let mut after: Vec<&str> = texts
        .clone()
        .rev()
        .map(|text| {
            next = if text.is_empty() { next } else { text };
            next
        })
        .collect();
    after.reverse();
    for (part, (text, next)) in of_url.iter_mut().zip(texts.zip(after)) {
        if host.contains(ends_host) {
            break;
        }
        *part = match host.chars().next_back() {
            _ if next.starts_with(is_host) => Part::Host,
            Some(':') => Part::Host,
            Some(last) if last.is_alphanumeric() => Part::AfterHost,
            _ => Part::Rest,
        };
        host = if text.is_empty() { host.get(last_of(host)..).unwrap_or(host) } else { text };
    }
    parts
}

/// Where the last character of a host starts: the rest of it was judged.
fn last_of(host: &str) -> usize {
    host.char_indices().next_back().map_or(0, |(at, _)| at)
}

/// Whether `value` would change the host that ends `before`, the text up to it.
pub fn changes_host(before: &str, value: &str) -> bool {
    // A longer link has its path, or is cut.
    let before = before.get(before.floor_char_boundary(before.len().saturating_sub(MAX_LINK))..);
    let before = before.unwrap_or_default();
    let target = before.rsplit('<').next().unwrap_or(before);
    let host = target.split_once("://").map_or("", |(_, host)| host);
    let is_port = |port: &str| {
        let after = port.trim_start_matches(|c: char| c.is_ascii_digit());
        after.len() < port.len() && (after.is_empty() || after.starts_with(ends_host))
    };
    !host.contains(ends_host)
        && !value.is_empty()
        && !value.starts_with(ends_host)
        && !value.strip_prefix(':').is_some_and(is_port)
}

fn ends_host(c: char) -> bool {
    matches!(c, '/' | '?' | '#')
}

/// Whether `c` can be in a scheme, a host name or a port.
pub fn is_host(c: char) -> bool {
    c.is_alphanumeric() || matches!(c, '.' | '-' | '_')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_authors_host_is_kept() {
        use Part::{AfterHost, Host, Rest};
        for (own, expected) in [
            (&["https://x.test/u/", ""][..], &[Rest][..]),
            (&["https://x.test", ""], &[AfterHost]),
            (&["https://x.test", "/end"], &[AfterHost]),
            (&["https://x.test", "", ""], &[AfterHost, AfterHost]),
            (&["https://x.test?a=", ""], &[Rest]),
            (&["https://x.test:", "/"], &[Host]),
            (&["https://", ".x.test/", ""], &[Host, Rest]),
            (&["https://", "", ".x.test", "#", ""], &[Host, Host, AfterHost, Rest]),
            (&["https://x-", ".test/"], &[Host]),
            (&["https://", "/u/", ""], &[Rest, Rest]),
            (&["https://www.", "/u"], &[Rest]),
            (&["", "://x.test/", ""], &[Host, Rest]),
            (&["", ""], &[Rest]),
            (&["", "/u/", ""], &[Rest, Rest]),
            (&["@", ""], &[Rest]),
            (&["mailto:", ""], &[Rest]),
            (&["https://x.test"], &[]),
        ] {
            assert_eq!(parts(own), expected, "{own:?}");
        }
    }

    #[test]
    fn a_value_after_a_host_starts_a_path_a_query_or_a_port() {
        for value in ["", "/u", "?a", "#a", ":80", ":80/u", ":80?a"] {
            assert!(!changes_host("<https://x.test", value), "{value}");
        }
        for value in [".evil.test", "@evil.test", ":a@evil.test", ":", ":80@e.test", "u", "\\u"] {
            assert!(changes_host("a/b <https://x.test", value), "{value}");
        }
        assert!(!changes_host("<https://x.test/u", "@evil.test"));
    }
}
