//! Whether a URL is Slack's own, not that of a compatible receiver or of a server in between.
//!
//! Slack's incoming webhooks answer by their own rules, which no other receiver keeps exactly.

use url::Url;

/// Slack's domains: the second one is GovSlack's.
const DOMAINS: [&str; 2] = ["slack.com", "slack-gov.com"];

/// Returns whether the host of `url` is one of Slack's domains, or below one.
#[must_use]
pub fn is_slack(url: &Url) -> bool {
    let Some(host) = url.domain() else { return false };
    let host = host.strip_suffix('.').unwrap_or(host);
    DOMAINS.iter().any(|domain| {
        host.strip_suffix(domain).is_some_and(|below| below.is_empty() || below.ends_with('.'))
    })
}

#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "tests")]
mod tests {
    use super::*;

    #[test]
    fn slack_is_its_domains_and_what_is_below_them() {
        for url in [
            "https://hooks.slack.com/services/T/B/x",
            "https://HOOKS.SLACK.COM./x",
            "https://slack.com/api/chat.postMessage",
            "https://hooks.slack-gov.com/x",
            "http://acme.enterprise.slack.com:8080/x",
        ] {
            assert!(is_slack(&Url::parse(url).unwrap()), "{url}");
        }
        for url in [
            "https://hooks.slack.com.evil.test/services/T/B/x",
            "https://notslack.com/x",
            "https://slack.test/slack.com",
            "https://my-slack-gov.com/x",
            "http://127.0.0.1/x",
            "http://[::1]/x",
        ] {
            assert!(!is_slack(&Url::parse(url).unwrap()), "{url}");
        }
    }
}
