//! Why a broker and the client refuse each other: TLS and SASL errors, recognized by librdkafka's
//! texts. Pure.
//!
//! Invariant: every refusal names the broker, the error, and the configuration key to check.

use std::fmt;

/// A connection that the broker or the client refuses.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Refusal {
    /// The broker's `host:port`; empty where no connection was opened.
    pub broker: String,
    /// The error.
    pub said: String,
    /// The remedy.
    pub help: &'static str,
    /// The broker's certificate could not be verified. librdkafka does not report the reason:
    /// [`super::native::Handshake`] finds it out.
    pub is_certificate: bool,
    /// The broker refuses the client's credentials.
    pub is_login: bool,
}

/// A part of librdkafka's text, and the remedy; the first that matches counts.
const KNOWN: [(&str, &str); 14] = [
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
    ("mechanism handshake failed", "set `sasl.mechanism` to one that the broker supports"),
    ("SASL auth", USER),
    ("wrong version number", PROTOCOL),
    ("security.protocol", PROTOCOL),
];
const BROKER_CERTIFICATE: &str = "check `ssl.ca.location` and the broker's certificate";
const USER: &str = "check `sasl.username` and `sasl.password`, and that the broker has this user";
const CLIENT_CERTIFICATE: &str = "the broker refuses this client's certificate: check `ssl.certificate.location` and `ssl.key.location`";
const TOKEN: &str = "the broker refuses the token in `kafka.oauth_token_file`: check its issuer, audience and expiry";
const PROTOCOL: &str = "set `security.protocol` to the protocol of this port of the broker";

impl Refusal {
    /// Recognizes a refusal by librdkafka's text; `None` for any other error.
    #[must_use]
    pub fn of(reason: &str) -> Option<Self> {
        let (_, help) = KNOWN.iter().find(|(known, _)| reason.contains(known))?;
        let (broker, said) = parts(reason);
        // Without librdkafka's time and connection state.
        let said = said.rsplit_once(" (after ").map_or(said, |(said, _)| said);
        Some(Self {
            broker: broker.to_owned(),
            said: said.to_owned(),
            help,
            is_certificate: *help == BROKER_CERTIFICATE,
            is_login: [TOKEN, USER].contains(help),
        })
    }

    /// The same for a client that logs in with a token: brokers report a refused token in various
    /// ways, so that its text does not show that the token is meant.
    #[must_use]
    pub fn of_token(mut self) -> Self {
        if self.is_login {
            self.help = TOKEN;
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
        (self.said, self.help) = (said.to_owned(), help);
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

/// Splits librdkafka's text into broker and error: `sasl_ssl://host:port/1: text`,
/// `GroupCoordinator: host:port: text`, or a text alone.
fn parts(reason: &str) -> (&str, &str) {
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
