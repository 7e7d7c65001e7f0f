//! Why a broker and the client refuse each other: TLS and SASL errors, recognized by librdkafka's
//! texts. Pure.
//!
//! Invariant: every refusal names the broker, the error, and the configuration key to check.

use std::borrow::Cow;
use std::fmt;
use std::time::Duration;

/// A connection that the broker or the client refuses.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Refusal {
    /// The broker's `host:port`; empty where no connection was opened.
    pub broker: String,
    /// The error.
    pub said: String,
    /// The remedy.
    pub help: Cow<'static, str>,
    /// The broker's certificate could not be verified. librdkafka does not report the reason:
    /// [`super::native::Handshake`] finds it out.
    pub is_certificate: bool,
    /// The broker refuses the client's credentials.
    pub is_login: bool,
    /// The broker accepts a connection before it closes it: only a joined group shows that the
    /// refusal is over.
    pub until_joined: bool,
}

/// A part of librdkafka's text, and the remedy; the first that matches counts.
const KNOWN: [(&str, &str); 13] = [
    ("certificate verify failed", BROKER_CERTIFICATE),
    ("Failed to verify broker certificate", BROKER_CERTIFICATE),
    ("alert certificate required", CLIENT_CERTIFICATE),
    ("alert bad certificate", CLIENT_CERTIFICATE),
    ("alert certificate", CLIENT_CERTIFICATE),
    ("alert unknown ca", CLIENT_CERTIFICATE),
    ("alert handshake failure", CLIENT_CERTIFICATE),
    ("client SSL authentication might be required", CLIENT_CERTIFICATE),
    ("OAUTHBEARER token", "check `kafka.oauth_token_file` and the program that renews it"),
    ("invalid_token", TOKEN),
    ("not valid in current SASL state", NO_LOGIN),
    ("mechanism handshake failed", "set `sasl.mechanism` to one that the broker supports"),
    ("SASL auth", USER),
];

/// Parts of librdkafka's texts for what has many causes, one of them a wrong `security.protocol`:
/// [`super::listener`] decides.
const PROTOCOL: [&str; 6] = [
    "security.protocol",
    "PLAINTEXT broker listener",
    "wrong version number",
    "http request",
    "packet length too long",
    "increase receive.message.max.bytes",
];
const BROKER_CERTIFICATE: &str = "check `ssl.ca.location` and the broker's certificate";
const USER: &str = "check `sasl.username` and `sasl.password`, and that the broker has this user";
const CLIENT_CERTIFICATE: &str = "the broker refuses this client's certificate: check `ssl.certificate.location` and `ssl.key.location`";
const TOKEN: &str = "the broker refuses the token in `kafka.oauth_token_file`: check its issuer, audience and expiry";
const NO_LOGIN: &str = "the broker has no login at this port: set `security.protocol` to PLAINTEXT, or to SSL if it is SASL_SSL now";

/// A connection that was usable for less than this was closed at its first request.
const NEW_FOR: Duration = Duration::from_secs(2);

impl Refusal {
    /// Recognizes a refusal by librdkafka's text; `None` for any other error.
    #[must_use]
    pub fn of(reason: &str) -> Option<Self> {
        if may_be_the_protocol(reason) {
            return None;
        }
        let (_, help) = KNOWN.iter().find(|(known, _)| reason.contains(known))?;
        let (broker, said) = parts(reason);
        Some(Self {
            is_certificate: *help == BROKER_CERTIFICATE,
            is_login: [TOKEN, USER].contains(help),
            ..Self::new(broker, said, *help)
        })
    }

    /// A refusal by `broker`, which is neither about a certificate nor about credentials.
    #[must_use]
    pub fn new(broker: &str, said: &str, help: impl Into<Cow<'static, str>>) -> Self {
        Self {
            broker: broker.to_owned(),
            said: said.to_owned(),
            help: help.into(),
            is_certificate: false,
            is_login: false,
            until_joined: false,
        }
    }

    /// The same for a client that logs in with a token: brokers report a refused token in various
    /// ways, so that its text does not show that the token is meant.
    #[must_use]
    pub fn of_token(mut self) -> Self {
        if self.is_login {
            self.help = TOKEN.into();
        }
        self
    }

    /// The same with the reason why the broker's certificate is not valid, given as OpenSSL's
    /// number (`x509_vfy.h`).
    #[must_use]
    pub fn because(mut self, code: i32) -> Self {
        let (said, help) = match code {
            9 => ("the broker's certificate is not valid yet", "check the clocks of both machines"),
            10 => {
                ("the broker's certificate has expired", "renew it, or check this machine's clock")
            }
            18..=21 | 2 => (
                "the broker's certificate was issued by an authority that is not trusted",
                "set `ssl.ca.location` to the certificate of that authority",
            ),
            23 => ("the broker's certificate was revoked", "renew it"),
            62 | 64 => (
                "the broker's certificate is for another host name",
                "use the name that is in the certificate in `kafka.brokers` and in the broker's `advertised.listeners`",
            ),
            _ => return self,
        };
        (self.said, self.help) = (said.to_owned(), help.into());
        self
    }
}

impl fmt::Display for Refusal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.broker.is_empty() {
            write!(f, "no connection to Kafka: {}; {}", self.said, self.help)
        } else {
            write!(f, "no connection to the broker {}: {}; {}", self.broker, self.said, self.help)
        }
    }
}

/// Returns whether a wrong `security.protocol` is among the causes of what librdkafka says.
#[must_use]
pub fn may_be_the_protocol(reason: &str) -> bool {
    let is_early = reason.contains("Disconnected")
        && matches!(state(reason), Some((_, "APIVERSION_QUERY" | "SSL_HANDSHAKE")));
    is_early || is_closed_when_up(reason) || PROTOCOL.iter().any(|part| reason.contains(part))
}

/// Returns whether the broker closed a connection at its first request: it may require a login.
#[must_use]
pub fn is_closed_when_up(reason: &str) -> bool {
    let is_new = matches!(state(reason), Some((lasted, "UP")) if lasted < NEW_FOR);
    is_new && reason.contains("Disconnected")
}

/// For how long a connection was in which state, at the end of librdkafka's text.
fn state(reason: &str) -> Option<(Duration, &str)> {
    let (_, end) = reason.rsplit_once(" (after ")?;
    let (milliseconds, state) = end.split_once("ms in state ")?;
    let state = state.split([',', ')']).next()?;
    Some((Duration::from_millis(milliseconds.parse().ok()?), state))
}

/// Splits librdkafka's text into broker and error, without time and connection state:
/// `sasl_ssl://host:port/1: text (after 5ms in state UP)`, `GroupCoordinator: host:port: text`, or
/// a text alone.
#[must_use]
pub fn parts(reason: &str) -> (&str, &str) {
    let reason = reason.rsplit_once(" (after ").map_or(reason, |(reason, _)| reason);
    let is_address = |text: &str| {
        text.rsplit_once(':').is_some_and(|(_, port)| {
            !port.is_empty() && port.bytes().all(|byte| byte.is_ascii_digit())
        })
    };
    let Some((first, rest)) = reason.split_once(": ") else { return ("", reason) };
    let (scheme, name) = first.split_once("://").unwrap_or(("", first));
    let name = name.split_once('/').map_or(name, |(name, _)| name);
    match rest.split_once(": ") {
        Some((second, rest)) if scheme.is_empty() && is_address(second) => (second, rest),
        _ if !scheme.is_empty() || is_address(name) => (name, rest),
        _ => ("", reason),
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "tests")]
mod tests {
    use super::*;

    #[test]
    fn a_refusal_names_broker_reason_and_remedy() {
        let reason = "sasl_ssl://127.0.0.1:9093/bootstrap: SASL authentication error: Authentication failed (after 5ms in state AUTH_REQ)";
        let refusal = Refusal::of(reason).unwrap();
        assert_eq!(refusal.broker, "127.0.0.1:9093");
        assert_eq!(refusal.said, "SASL authentication error: Authentication failed");
        assert!(refusal.help.contains("`sasl.password`") && !refusal.is_certificate);
        let refusal = Refusal::of(
            "GroupCoordinator: k:9093: SSL handshake failed: certificate verify failed",
        )
        .unwrap();
        assert_eq!((refusal.broker.as_str(), refusal.is_certificate), ("k:9093", true));
        assert_eq!(refusal.because(10).said, "the broker's certificate has expired");
        let refusal =
            Refusal::of("Failed to acquire SASL OAUTHBEARER token: it has expired").unwrap();
        assert_eq!(refusal.broker, "");
    }

    #[test]
    fn a_connection_that_is_closed_early_leaves_the_protocol_in_doubt() {
        for (reason, in_doubt, when_up) in [
            (
                "k:9093/bootstrap: Disconnected: connection closed by peer: receive 0 after POLLIN (after 114ms in state APIVERSION_QUERY, 1 identical error(s) suppressed)",
                true,
                false,
            ),
            (
                "ssl://k:9092/bootstrap: SSL handshake failed: Disconnected: connection closed by peer: connecting to a PLAINTEXT broker listener? (after 3ms in state SSL_HANDSHAKE)",
                true,
                false,
            ),
            (
                "k:9092/bootstrap: Disconnected: connection closed by peer (after 5ms in state UP)",
                true,
                true,
            ),
            (
                "k:9092/1: Disconnected: connection closed by peer (after 600001ms in state UP)",
                false,
                false,
            ),
            (
                "k:9092/1: Connection setup timed out in state APIVERSION_QUERY (after 10001ms in state APIVERSION_QUERY)",
                false,
                false,
            ),
            (
                "k:9092/bootstrap: Connect to ipv4#10.0.0.1:9092 failed: Connection refused (after 0ms in state CONNECT)",
                false,
                false,
            ),
        ] {
            assert_eq!(may_be_the_protocol(reason), in_doubt, "{reason}");
            assert_eq!(is_closed_when_up(reason), when_up, "{reason}");
            assert_eq!(Refusal::of(reason), None);
        }
    }

    #[test]
    fn a_client_with_a_token_gets_the_remedy_for_tokens() {
        for said in [r#"{"status":"invalid_token"}"#, "SASL authentication error: no"] {
            let refusal = Refusal::of(&format!(
                "sasl_ssl://k:9093/bootstrap: SASL authentication error: {said}"
            ))
            .unwrap();
            assert!(refusal.is_login);
            assert!(refusal.of_token().help.contains("`kafka.oauth_token_file`"));
        }
        let other =
            Refusal::of("ssl://k:9093/1: SSL handshake failed: certificate verify failed").unwrap();
        assert_eq!(other.clone().of_token(), other);
    }

    #[test]
    fn an_unreachable_broker_is_not_a_refusal() {
        assert_eq!(
            Refusal::of(
                "k:9092/bootstrap: Connect to ipv4#10.0.0.1:9092 failed: Connection refused"
            ),
            None
        );
        assert_eq!(Refusal::of("1/1 brokers are down"), None);
    }
}
