//! Why Kafka is not reached though a broker is there: TLS and SASL, in the words that librdkafka has for it. Pure.
//!
//! Invariant: every refusal says which broker, what the layer said, and which key of the configuration to look at.

use std::fmt;

/// A connection that one side refuses.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Refusal {
    /// The broker's `host:port`; empty where it came to none.
    pub broker: String,
    /// What the layer said.
    pub said: String,
    /// What to do.
    pub help: &'static str,
    /// The broker's certificate could not be verified: the reason is not told, and has to be found out.
    pub is_certificate: bool,
    /// The broker does not take what the client logs in with.
    pub is_login: bool,
}

/// What a text of librdkafka's holds, and what to do then; the first counts.
const KNOWN: [(&str, &str); 14] = [
    ("certificate verify failed", "look at `ssl.ca.location` and at the broker's certificate"),
    (
        "Failed to verify broker certificate",
        "look at `ssl.ca.location` and at the broker's certificate",
    ),
    ("alert certificate required", CLIENT_CERTIFICATE),
    ("alert bad certificate", CLIENT_CERTIFICATE),
    ("alert certificate", CLIENT_CERTIFICATE),
    ("alert unknown ca", CLIENT_CERTIFICATE),
    ("alert handshake failure", CLIENT_CERTIFICATE),
    ("client SSL authentication might be required", CLIENT_CERTIFICATE),
    ("OAUTHBEARER token", "look at `kafka.oauth_token_file`, and at what keeps it fresh"),
    ("invalid_token", TOKEN),
    ("mechanism handshake failed", "set `sasl.mechanism` to one that the broker supports"),
    (
        "SASL auth",
        "look at `sasl.username` and `sasl.password`, and whether the broker knows the user",
    ),
    ("wrong version number", PROTOCOL),
    ("security.protocol", PROTOCOL),
];
const CLIENT_CERTIFICATE: &str = "the broker refuses this client's certificate: look at `ssl.certificate.location` and `ssl.key.location`";
const TOKEN: &str = "the broker refuses the token in `kafka.oauth_token_file`: look at who has signed it, its audience and its expiry";
const PROTOCOL: &str = "set `security.protocol` to what this port of the broker speaks";

impl Refusal {
    /// From what librdkafka tells of an error; `None`: it is none of these.
    #[must_use]
    pub fn of(reason: &str) -> Option<Self> {
        let (known, help) = KNOWN.iter().find(|(known, _)| reason.contains(known))?;
        let (broker, said) = parts(reason);
        // How long it took, and how librdkafka calls where it was.
        let said = said.rsplit_once(" (after ").map_or(said, |(said, _)| said);
        Some(Self {
            broker: broker.to_owned(),
            said: said.to_owned(),
            help,
            is_certificate: known.contains("certificate verify")
                || known.starts_with("Failed to verify"),
            is_login: *known == "invalid_token" || *known == "SASL auth",
        })
    }

    /// The same of a client that logs in with a token: brokers have words of their own for one that they refuse.
    #[must_use]
    pub fn of_token(mut self) -> Self {
        if self.is_login {
            self.help = TOKEN;
        }
        self
    }

    /// The same with the reason why the broker's certificate is not valid: OpenSSL's number (`x509_vfy.h`).
    #[must_use]
    pub fn because(mut self, code: i32) -> Self {
        let (said, help) = match code {
            9 => {
                ("the broker's certificate is not valid yet", "look at the clocks of both machines")
            }
            10 => (
                "the broker's certificate has expired",
                "have it renewed, or look at this machine's clock",
            ),
            18..=21 | 2 => (
                "the broker's certificate is of an authority that is not trusted",
                "set `ssl.ca.location` to the authority that the broker's certificate is of",
            ),
            23 => ("the broker's certificate was revoked", "have it renewed"),
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

/// `sasl_ssl://host:port/1: text`, `GroupCoordinator: host:port: text`, or a text alone.
fn parts(reason: &str) -> (&str, &str) {
    let is_address = |text: &str| {
        text.rsplit_once(':').is_some_and(|(_, port)| {
            !port.is_empty() && port.bytes().all(|byte| byte.is_ascii_digit())
        })
    };
    let Some((first, rest)) = reason.split_once(": ") else { return ("", reason) };
    if let Some((_, name)) = first.split_once("://") {
        return (name.split('/').next().unwrap_or(name), rest);
    }
    match rest.split_once(": ") {
        Some((second, rest)) if is_address(second) => (second, rest),
        _ if is_address(first.split('/').next().unwrap_or(first)) => {
            (first.split('/').next().unwrap_or(first), rest)
        }
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
    fn who_logs_in_with_a_token_is_told_of_the_token() {
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
    fn a_broker_that_is_not_there_refuses_nothing() {
        assert_eq!(
            Refusal::of(
                "k:9092/bootstrap: Connect to ipv4#10.0.0.1:9092 failed: Connection refused"
            ),
            None
        );
        assert_eq!(Refusal::of("1/1 brokers are down"), None);
    }
}
