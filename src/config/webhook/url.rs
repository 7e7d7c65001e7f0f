//! The rules for the URLs of webhooks and proxies.
//!
//! Invariant: no message here contains any part of a URL.

use url::Url;

use super::mistakes::{Refused, around};
use crate::loopback::is_loopback;
use crate::slack_host::is_slack;

const NO_HOST: Refused = ("has no host", "write a complete URL: `https://host/path`");
const NOT_A_URL: Refused = ("is not a URL", "write a complete one: `https://host/path`");
const INVALID_PORT: Refused =
    ("has an invalid port", "write a port from 1 to 65535, or leave it out");

/// Parses a webhook's URL.
pub fn webhook(text: &str, allow_http: bool) -> Result<Url, Refused> {
    let url = parse(text)?;
    match url.scheme() {
        "https" => {}
        "http" if allow_http || is_loopback(&url) => {}
        "http" => {
            return Err((
                "is http, not https",
                "use https; for a receiver inside your network, set `allow_http: true`",
            ));
        }
        _ => return Err(("is not https", "write a URL that starts with `https://`")),
    }
    if !url.username().is_empty() || url.password().is_some() {
        return Err(("contains a user name or a password", "remove the part before the `@`"));
    }
    if url.fragment().is_some() {
        return Err(("contains a fragment", "remove the `#` and the text after it"));
    }
    Ok(url)
}

/// Parses a proxy's URL, which may contain a password.
pub fn proxy(text: &str) -> Result<Url, Refused> {
    let url = match parse(text) {
        Err(NOT_A_URL) => return Err(("has no `http://`", "write it as `http://host:port`")),
        parsed => parsed?,
    };
    if !matches!(url.scheme(), "http" | "https") {
        return Err(("is neither http nor https", "write it as `http://host:port`"));
    }
    Ok(url)
}

fn parse(text: &str) -> Result<Url, Refused> {
    if let Some(refused) = around(text) {
        return Err(refused);
    }
    if text.contains(|c: char| c.is_whitespace() || c.is_control()) {
        return Err(("contains blanks or line breaks", "remove them"));
    }
    // The URL standard accepts `https:///x` and `https:x`, with `x` as the host.
    if text
        .split_once("://")
        .is_some_and(|(_, rest)| rest.is_empty() || rest.starts_with(['/', '\\']))
    {
        return Err(NO_HOST);
    }
    if !text.contains("://") {
        return Err(NOT_A_URL);
    }
    let url = Url::parse(text).map_err(|error| match error {
        url::ParseError::EmptyHost => NO_HOST,
        url::ParseError::InvalidPort => INVALID_PORT,
        _ => NOT_A_URL,
    })?;
    if url.host_str().is_none_or(str::is_empty) {
        return Err(NO_HOST);
    }
    if url.port() == Some(0) {
        return Err(INVALID_PORT);
    }
    Ok(url)
}

/// Whether Slack shows the messages, or its stand-in on this machine: a server with Slack's paths.
pub fn formats_as_slack(url: &Url) -> bool {
    is_slack(url) || (is_loopback(url) && url.path().starts_with("/services/"))
}

#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "tests")]
mod tests {
    use super::*;

    #[test]
    fn plain_http_needs_leave_or_loopback() {
        for fine in [
            "http://localhost:1/x",
            "http://a.localhost/",
            "http://127.8.9.1/x",
            "http://[::1]:80/x",
            "https://h/x",
        ] {
            assert!(webhook(fine, false).is_ok(), "{fine}");
        }
        for plain in [
            "http://slack.test/x",
            "http://localhost.evil.test/",
            "http://10.0.0.1/",
            "http://127.0.0.1.evil.test/",
            "http://0.0.0.0/",
        ] {
            assert!(webhook(plain, false).is_err(), "{plain}");
            assert!(webhook(plain, true).is_ok(), "{plain}");
        }
    }

    #[test]
    fn slack_formats_on_its_own_hosts() {
        let formats = |url: &str| formats_as_slack(&Url::parse(url).unwrap());
        for url in [
            "https://hooks.slack.com/services/T/B/x",
            "https://slack.com/x",
            "https://hooks.slack-gov.com/x",
            "http://127.0.0.1:9465/services/T/B/x",
        ] {
            assert!(formats(url), "{url}");
        }
        for url in [
            "https://notslack.com/services/T/B/x",
            "https://hooks.slack.com.evil.example/x",
            "https://chat.example/services/T/B/x",
            "http://localhost:8065/hooks/x",
        ] {
            assert!(!formats(url), "{url}");
        }
    }

    #[test]
    fn half_urls_are_refused() {
        for half in [
            "",
            "x",
            "https://",
            "https:///x",
            "https://u@h/",
            "https://u:p@h/",
            "https://h/#f",
            "https://h:0/",
            "https://h:99999/",
            "ftp://h/",
            "https://h/ x",
            "https://h/\nx",
            "file:///x",
        ] {
            assert!(webhook(half, true).is_err(), "{half}");
        }
        for half in ["", "proxy:3128", "socks5://p:1", "http://"] {
            assert!(proxy(half).is_err(), "{half}");
        }
        assert!(proxy("http://user:pass@proxy:3128").is_ok());
    }
}
