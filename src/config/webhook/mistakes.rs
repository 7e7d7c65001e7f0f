//! What a text that is not a URL is in its place: a value in quotes, a path, a token, base64.
//!
//! Pure. Invariant: no message here contains any part of the text.

use crate::sanitize::is_hazardous;

/// What is wrong with a text (a predicate: a message puts its place before it), and the remedy.
pub type Refused = (&'static str, &'static str);

const ONLY_THE_URL: &str = "store nothing but the URL, from `https://` to its end";
/// The remedy where the author has something else of Slack's.
pub const INCOMING: &str = "create an incoming webhook for the channel: \
                        its URL starts with `https://hooks.slack.com/services/`";

/// A URL with a part that nothing has replaced.
pub const PLACEHOLDER: Refused = (
    "contains a placeholder that nothing has replaced",
    "write it as `${NAME}` in the configuration: values of variables and files are not searched \
     for variables",
);

/// How Slack's tokens start, and what they are.
const TOKENS: &[(&str, &str)] = &[
    ("xoxb-", "is a bot token (`xoxb-`), not the URL of a webhook"),
    ("xoxp-", "is a user token (`xoxp-`), not the URL of a webhook"),
    ("xapp-", "is an app-level token (`xapp-`), not the URL of a webhook"),
    ("xox", "is a Slack token, not the URL of a webhook"),
];

/// How the base64 of `http`, `"http`, `hooks` and of a byte order mark starts.
const BASE64: &[&str] = &["aHR0c", "SFRUU", "Imh0dH", "J2h0dH", "aG9va3", "77u/a"];

/// Finds what surrounds a URL, where a value is not the URL alone.
pub fn around(text: &str) -> Option<Refused> {
    let scheme = text.to_ascii_lowercase().find("http");
    let first = text.chars().next()?;
    Some(match first {
        '\u{feff}' => {
            ("starts with a byte order mark (BOM)", "save it as UTF-8 without a byte order mark")
        }
        '"' | '\'' | '`' | '“' | '”' | '„' | '‘' | '’' | '«' => {
            ("starts with a quote", "store the value without quotes")
        }
        '<' => ("starts with `<`", "remove the `<` before the URL and the `>` after it"),
        '$' => (
            "starts with `$`: the name of a variable, not its value",
            "write `${NAME}` in the configuration; values of variables and files are not \
             searched for variables",
        ),
        '{' => ("starts with `{`: JSON, or a placeholder that nothing has replaced", ONLY_THE_URL),
        '%' => ("starts with `%`: the name of a variable, not its value", "write `${NAME}`"),
        _ if text.contains('\n') && scheme == Some(0) => {
            ("contains a line break", "write the URL on one line, and nothing after it")
        }
        _ if text.contains(char::is_whitespace) && scheme == Some(0) => {
            ("contains a blank", "remove it, and whatever comes after the URL")
        }
        _ if text.contains(is_hazardous) && scheme == Some(0) => {
            ("contains an invisible character", "copy the URL again, as plain text")
        }
        _ if text.contains(['"', '<', '>', '`', '“', '”']) && scheme == Some(0) => {
            ("contains a quote, `<` or `>`", ONLY_THE_URL)
        }
        _ if text.contains('\\') && scheme == Some(0) => (
            "contains a backslash",
            "write a plain `/`: escapes such as JSON's `\\/` are not decoded",
        ),
        _ if text.contains("{{") => PLACEHOLDER,
        _ => return None,
    })
}

/// Finds what a text is that is not a URL at all. `is_file`: it is the content of `url_file`.
pub fn in_place_of_a_url(text: &str, is_file: bool) -> Option<Refused> {
    let lower = text.to_ascii_lowercase();
    let token = lower.split_whitespace().find_map(|word| {
        TOKENS.iter().find(|(start, _)| word.starts_with(start)).map(|(_, what)| *what)
    });
    if let Some(what) = token {
        return Some((what, INCOMING));
    }
    if lower.starts_with("https://") || lower.starts_with("http://") {
        let is_short = text.contains('…') || text.contains("***");
        return is_short.then_some(("is shortened with `…` or `***`", "copy the whole URL"));
    }
    Some(match text.chars().next()? {
        '#' => ("is the name of a channel, not the URL of a webhook", INCOMING),
        '@' => ("is the name of a user, not the URL of a webhook", INCOMING),
        _ if BASE64.iter().any(|start| text.starts_with(start)) => (
            "is base64",
            "store it decoded: in a Kubernetes Secret, `data` is base64, `stringData` is plain",
        ),
        _ if lower.starts_with("/services/") => (
            "has no `https://` and no host",
            "write it whole: `https://hooks.slack.com/services/…`",
        ),
        _ if is_path(&lower) && is_file => {
            ("looks like the path of a file, not a URL", "put the URL itself into the file")
        }
        _ if is_path(&lower) => {
            ("looks like the path of a file", "to read the URL from a file, write `url_file: PATH`")
        }
        _ if lower.contains("https://") || lower.contains("http://") => {
            ("contains something before `https://`", ONLY_THE_URL)
        }
        _ if text.contains(char::is_whitespace) => {
            ("contains blanks or line breaks, and no `https://`", ONLY_THE_URL)
        }
        _ if lacks_scheme(&lower) => {
            ("has no `https://` before the host", "write `https://` before it")
        }
        _ => return None,
    })
}

fn is_path(text: &str) -> bool {
    let is_drive = text.as_bytes().get(1) == Some(&b':')
        && text.starts_with(|c: char| c.is_ascii_alphabetic())
        && matches!(text.as_bytes().get(2), Some(b'\\' | b'/'));
    let is_rooted = text.starts_with('/') && !text.starts_with("//");
    is_rooted
        || is_drive
        || ["./", "../", "~/", ".\\", "..\\", "file:"].iter().any(|start| text.starts_with(start))
}

/// Whether a text starts with a host, or with a scheme that lacks a part.
fn lacks_scheme(text: &str) -> bool {
    let host = text.split(['/', ':', '?']).next().unwrap_or_default();
    let is_host = host.contains('.') || host == "localhost";
    let is_legal = |c: char| c.is_ascii_alphanumeric() || matches!(c, '.' | '-');
    (!text.contains("://") && is_host && host.chars().all(is_legal))
        || ["//", "://", "https:", "http:", "https/", "http/"]
            .iter()
            .any(|start| text.starts_with(start) && !text.starts_with("https:///"))
}

#[cfg(test)]
#[allow(clippy::unwrap_used, clippy::panic, reason = "tests")]
mod tests {
    use super::*;

    fn what(text: &str) -> String {
        let refused = around(text).or_else(|| in_place_of_a_url(text, false));
        let (what, help) = refused.unwrap_or_else(|| panic!("{text} has no name"));
        format!("{what}: {help}")
    }

    #[test]
    fn each_kind_of_mistake_is_named() {
        for (text, named) in [
            ("\"https://hooks.slack.com/services/T0/B0/x\"", "quote"),
            ("'https://hooks.slack.com/services/T0/B0/x'", "quote"),
            ("“https://hooks.slack.com/services/T0/B0/x”", "quote"),
            ("https://hooks.slack.com/services/T0/B0/x\",", "quote"),
            ("<https://hooks.slack.com/services/T0/B0/x|here>", "`<`"),
            ("https://hooks.slack.com/services/T0/B0/x>", "`>`"),
            ("$SALES_WEBHOOK_URL", "${NAME}"),
            ("${SALES_WEBHOOK_URL}", "${NAME}"),
            ("$(cat /run/secrets/sales)", "${NAME}"),
            ("%SALES_WEBHOOK_URL%", "${NAME}"),
            ("{{ .Values.url }}", "placeholder"),
            ("https://hooks.slack.com/services/{{REST}}", "placeholder"),
            ("{\"url\":\"https://hooks.slack.com/services/T0/B0/x\"}", "JSON"),
            ("/run/secrets/sales", "url_file"),
            ("./sales", "url_file"),
            ("~/sales", "url_file"),
            ("C:\\secrets\\sales", "url_file"),
            ("file:///run/secrets/sales", "url_file"),
            ("/services/T0/B0/x", "no host"),
            ("xoxb-1-2-3", "bot token"),
            ("Bearer xoxb-1-2-3", "bot token"),
            ("xoxp-1-2-3", "user token"),
            ("xapp-1-2-3", "app-level token"),
            ("xoxe.xoxp-1-2", "Slack token"),
            ("hooks.slack.com/services/T0/B0/x", "no `https://`"),
            ("//hooks.slack.com/services/T0/B0/x", "no `https://`"),
            ("https:/hooks.slack.com/services/T0/B0/x", "no `https://`"),
            ("localhost:8065/hooks/x", "no `https://`"),
            ("#sales", "name of a channel"),
            ("@ada", "name of a user"),
            ("\u{feff}https://hooks.slack.com/services/T0/B0/x", "byte order mark"),
            ("aHR0cHM6Ly9ob29rcy5zbGFjay5jb20=", "base64"),
            ("aHR0cHM6Ly9ob29rcy5zbGFjay5jb20v\nc2VydmljZXM=", "base64"),
            ("https://hooks.slack.com/services/T0/ B0/x", "blank"),
            ("https://hooks.slack.com/services/T0/\nB0/x", "line break"),
            ("https://hooks.slack.com/services/T0/\u{200b}B0/x", "invisible"),
            ("https:\\/\\/hooks.slack.com\\/services\\/T0\\/B0\\/x", "backslash"),
            ("https://hooks.slack.com/services/T0/B0/…", "shortened"),
            ("SALES_URL=https://hooks.slack.com/services/T0/B0/x", "before `https://`"),
            ("curl https://hooks.slack.com/services/T0/B0/x", "before `https://`"),
            ("[sales](https://hooks.slack.com/services/T0/B0/x)", "before `https://`"),
        ] {
            assert!(what(text).contains(named), "{text}: {}", what(text));
        }
    }

    #[test]
    fn a_url_is_no_mistake() {
        for url in [
            "https://hooks.slack.com/services/T0/B0/x",
            "HTTPS://chat.example:8443/hooks/a-b_c?token=xoxb&x=%20#f",
            "https://chat.example/hooks/~ada/(1)*'x'",
            "http://[::1]:8065/hooks/x?to=https://example.com/y",
            "https://bücher.example/x",
        ] {
            assert_eq!(around(url).or_else(|| in_place_of_a_url(url, false)), None, "{url}");
        }
    }
}
