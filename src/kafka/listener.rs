//! Which protocol a port of a broker uses, and how that contradicts `security.protocol`.
//!
//! librdkafka only sees that the broker closes the connection, which has many causes. So a probe
//! ([`super::probe`]) sends the first bytes of either protocol, and the answer decides. Pure.
//!
//! Invariant: a port that does not answer contradicts nothing.

use super::refusal::Refusal;
use super::security_protocol::SecurityProtocol;

/// What answers at a port.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Listener {
    /// A server with TLS.
    Tls,
    /// A Kafka broker without TLS.
    Plain {
        /// It requires a login.
        login: bool,
    },
    /// Something else.
    Other,
}

/// The correlation id of the request, which a broker repeats.
const CORRELATION: [u8; 4] = *b"slkl";

/// Kafka's error code for a login at a port without one.
const ILLEGAL_SASL_STATE: [u8; 2] = 34i16.to_be_bytes();

/// A `SaslHandshake` request (version 1) without a mechanism: a broker answers it before any login,
/// and refuses it in two ways, depending on whether the port has a login.
#[must_use]
pub fn handshake_request() -> Vec<u8> {
    let header = [&[0, 17, 0, 1][..], &CORRELATION, &[0, 9], b"slackline"].concat();
    let request = [&header[..], &[0, 0]].concat();
    let length = u32::try_from(request.len()).unwrap_or_default();
    [&length.to_be_bytes()[..], &request].concat()
}

/// The protocol of a port, by the first bytes of its answers to a `ClientHello` of TLS and to
/// [`handshake_request`]. `None`: it answered neither.
#[must_use]
pub fn identify(to_tls: &[u8], to_kafka: &[u8]) -> Option<Listener> {
    // A record of TLS: a handshake or an alert, of version 3.x.
    if matches!(to_tls, [0x15 | 0x16, 3, ..]) {
        return Some(Listener::Tls);
    }
    match to_kafka {
        [_, _, _, _, id @ .., e1, e2] if id == CORRELATION.as_slice() => {
            Some(Listener::Plain { login: [*e1, *e2] != ILLEGAL_SASL_STATE })
        }
        [] if to_tls.is_empty() => None,
        _ => Some(Listener::Other),
    }
}

/// Returns why a client with `configured` cannot use this port of `broker`; `None` if it can.
/// `closes`: the broker closes connections at their first request.
#[must_use]
pub fn mismatch(
    configured: SecurityProtocol,
    found: Listener,
    broker: &str,
    closes: bool,
) -> Option<Refusal> {
    let SecurityProtocol { tls, login } = configured;
    let (found, said, condition) = match found {
        Listener::Tls if !tls => {
            (SecurityProtocol { tls: true, login }, "the broker expects TLS at this port", "")
        }
        Listener::Plain { login } if tls => {
            let found = SecurityProtocol { tls: false, login };
            (found, "the broker does not use TLS at this port", "")
        }
        Listener::Plain { login: found } if found != login => {
            let said = match found {
                true => "the broker requires a login at this port",
                false => "the broker has no login at this port",
            };
            (SecurityProtocol { tls, login: found }, said, "")
        }
        // What is behind TLS is not known: only that the broker closes new connections.
        Listener::Tls if !login && closes => {
            let said = "the broker closes each connection at its first request";
            (SecurityProtocol { tls, login: true }, said, ", if this port requires a login")
        }
        Listener::Other => {
            let help = "check the address and the port in `kafka.brokers`";
            return Some(Refusal::new(broker, "what answers at this port is not Kafka", help));
        }
        Listener::Tls | Listener::Plain { .. } => return None,
    };
    let mut help = format!("set `security.protocol: {}`{condition}", found.name());
    if found.login && !login {
        help += ", with `sasl.mechanism` and its user";
    }
    let refusal = Refusal::new(broker, said, help);
    Some(Refusal { until_joined: found.login && !login, ..refusal })
}

#[cfg(test)]
mod tests {
    use super::*;

    const PLAIN: SecurityProtocol = SecurityProtocol { tls: false, login: false };
    const TLS: SecurityProtocol = SecurityProtocol { tls: true, login: false };
    const SASL: SecurityProtocol = SecurityProtocol { tls: false, login: true };
    const SASL_TLS: SecurityProtocol = SecurityProtocol { tls: true, login: true };

    fn answer(error: i16) -> Vec<u8> {
        [&[0, 0, 0, 10][..], &CORRELATION, &error.to_be_bytes()].concat()
    }

    #[test]
    fn a_port_is_identified_by_its_first_bytes() {
        let tls: [&[u8]; 2] = [&[0x16, 3, 3, 0, 9], &[0x15, 3, 1, 0, 2, 2, 40]];
        for record in tls {
            assert_eq!(identify(record, &[]), Some(Listener::Tls));
        }
        assert_eq!(identify(&[], &answer(33)), Some(Listener::Plain { login: true }));
        assert_eq!(identify(&[], &answer(34)), Some(Listener::Plain { login: false }));
        assert_eq!(identify(&[], b"HTTP/1.1 400"), Some(Listener::Other));
        assert_eq!(identify(b"SSH-2.0", &[]), Some(Listener::Other));
        assert_eq!(identify(&[], &[]), None);
    }

    #[test]
    fn the_request_is_framed_as_kafka_frames_it() {
        let request = handshake_request();
        let length = u32::from_be_bytes([request[0], request[1], request[2], request[3]]);
        assert_eq!(length as usize, request.len() - 4);
    }

    #[test]
    fn a_contradiction_names_the_value_to_set_and_nothing_else_is_one() {
        let (login, open) = (Listener::Plain { login: true }, Listener::Plain { login: false });
        for (configured, found, value) in [
            (PLAIN, Listener::Tls, Some("`security.protocol: SSL`")),
            (SASL, Listener::Tls, Some("`security.protocol: SASL_SSL`")),
            (TLS, open, Some("`security.protocol: PLAINTEXT`")),
            (SASL_TLS, login, Some("`security.protocol: SASL_PLAINTEXT`")),
            (SASL_TLS, open, Some("`security.protocol: PLAINTEXT`")),
            (PLAIN, login, Some("`security.protocol: SASL_PLAINTEXT`, with `sasl.mechanism`")),
            (SASL, open, Some("`security.protocol: PLAINTEXT`")),
            (TLS, Listener::Tls, Some("`security.protocol: SASL_SSL`, if")),
            (PLAIN, Listener::Other, Some("`kafka.brokers`")),
            (PLAIN, open, None),
            (SASL, login, None),
            (SASL_TLS, Listener::Tls, None),
        ] {
            let refusal = mismatch(configured, found, "k:9093", true);
            let help = refusal.as_ref().map(|refusal| refusal.help.as_ref());
            assert_eq!(help.is_some(), value.is_some(), "{configured:?} {found:?}: {help:?}");
            let names = |value| help.is_some_and(|help| help.contains(value));
            assert!(value.is_none_or(names), "{configured:?} {found:?}: {help:?}");
        }
        assert_eq!(mismatch(TLS, Listener::Tls, "k:9093", false), None);
    }
}
