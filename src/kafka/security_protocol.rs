//! The value of `security.protocol`: TLS or not, with a login or without.

use std::collections::BTreeMap;

use crate::secret::Secret;

/// How the client talks to a port of a broker.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct SecurityProtocol {
    /// With TLS.
    pub tls: bool,
    /// With a login (SASL).
    pub login: bool,
}

impl SecurityProtocol {
    /// The one that these properties set.
    #[must_use]
    pub fn of(properties: &BTreeMap<String, Secret<String>>) -> Self {
        let value = properties.get("security.protocol").map(|value| value.expose().to_lowercase());
        let value = value.unwrap_or_default();
        Self { tls: value.ends_with("ssl"), login: value.starts_with("sasl") }
    }

    /// Kafka's name for it.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match (self.login, self.tls) {
            (false, false) => "PLAINTEXT",
            (false, true) => "SSL",
            (true, false) => "SASL_PLAINTEXT",
            (true, true) => "SASL_SSL",
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_protocol_is_its_name_in_any_case() {
        for name in ["PLAINTEXT", "SSL", "SASL_PLAINTEXT", "SASL_SSL"] {
            for value in [name.to_owned(), name.to_lowercase()] {
                let properties = BTreeMap::from([("security.protocol".into(), Secret::new(value))]);
                assert_eq!(SecurityProtocol::of(&properties).name(), name);
            }
        }
        assert_eq!(SecurityProtocol::of(&BTreeMap::new()).name(), "PLAINTEXT");
    }
}
