//! Whether a URL is on this machine, whatever the resolver says.
//!
//! Such a webhook needs neither TLS nor a proxy: nothing is between it and slackline.

use url::{Host, Url};

/// Returns whether `url` is on this machine: `localhost`, a name below it, or a loopback address.
#[must_use]
pub fn is_loopback(url: &Url) -> bool {
    match url.host() {
        Some(Host::Domain(name)) => {
            let name = name.strip_suffix('.').unwrap_or(name);
            name == "localhost" || name.ends_with(".localhost")
        }
        Some(Host::Ipv4(address)) => address.is_loopback(),
        Some(Host::Ipv6(address)) => address.to_canonical().is_loopback(),
        None => false,
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "tests")]
mod tests {
    use super::*;

    #[test]
    fn loopback_is_localhost_and_its_addresses() {
        for url in [
            "http://localhost:1/x",
            "http://127.9.9.9/x",
            "http://[::1]/x",
            "http://[::ffff:127.0.0.1]/x",
            "http://a.localhost./x",
        ] {
            assert!(is_loopback(&Url::parse(url).unwrap()), "{url}");
        }
        for url in [
            "https://hooks.slack.com/x",
            "https://localhost.evil.com/x",
            "https://128.0.0.1/x",
            "https://notlocalhost/x",
        ] {
            assert!(!is_loopback(&Url::parse(url).unwrap()), "{url}");
        }
    }
}
