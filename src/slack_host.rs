//! Whether a URL is Slack's own, not that of a compatible receiver or of a server in between.
//!
//! Slack's incoming webhooks answer by their own rules, which no other receiver keeps exactly.

use url::Url;

/// The domain of every workspace that is not GovSlack's.
pub const SLACK: &str = "slack.com";

const DOMAINS: [&str; 2] = [SLACK, "slack-gov.com"];

/// Returns whether the host of `url` is one of Slack's domains, or below one.
#[must_use]
pub fn is_slack(url: &Url) -> bool {
    domain(url).is_some()
}

/// Returns which of Slack's domains, GovSlack's included, the host of `url` is or is below.
#[must_use]
pub fn domain(url: &Url) -> Option<&'static str> {
    let host = url.domain()?;
    let host = host.strip_suffix('.').unwrap_or(host);
    let is_below = |domain: &&str| {
        host.strip_suffix(domain).is_some_and(|below| below.is_empty() || below.ends_with('.'))
    };
    DOMAINS.into_iter().find(is_below)
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
