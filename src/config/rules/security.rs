//! Configuration: the rules of TLS and SASL to Kafka, and the properties whose values are in files.
//!
//! Invariant: what can be known of certificates, keys and passwords without a broker is known here: a client is made of them, and thrown away. No value of a
//! property is in any message; of OpenSSL's texts only its reason is, a closed list of words.

use rdkafka::ClientConfig;
use rdkafka::client::{Client, DefaultClientContext};
use rdkafka::error::KafkaError;
use rdkafka::types::RDKafkaType;

use super::Rules;
use super::properties::text;
use crate::config::KafkaSection;
use crate::config::values::{At, Located, Properties};

/// Properties that name a file, and the one that holds the same as text; `None`: there is none, or it is not PEM.
const FILES: [(&str, Option<&str>); 5] = [
    ("ssl.ca.location", Some("ssl.ca.pem")),
    ("ssl.certificate.location", Some("ssl.certificate.pem")),
    ("ssl.key.location", Some("ssl.key.pem")),
    ("ssl.crl.location", None),
    ("ssl.keystore.location", None),
];

impl Rules<'_> {
    /// `properties` and `property_files` as one; `None` where a file can't be read, which is reported.
    pub(super) fn written_properties(&mut self, section: &KafkaSection) -> Option<Properties> {
        let mut all = Vec::new();
        for (key, value) in section.properties.iter().flat_map(|written| &written.value.0) {
            all.push((copy(key), copy(value)));
        }
        let Some(files) = &section.property_files else { return Some(Properties(all)) };
        let mut sound = files.value.broken.is_empty();
        for (key, file) in &files.value.list {
            if all.iter().any(|(other, _)| other.value == key.value) {
                let message =
                    format!("`{}` is in both `properties` and `property_files`", key.at.shown);
                self.error(&key.at, message, "keep one of them");
                sound = false;
                continue;
            }
            match self.property_file(file) {
                Some(value) => all.push((copy(key), Located { value, at: file.at.clone() })),
                None => sound = false,
            }
        }
        sound.then_some(Properties(all))
    }

    fn property_file(&mut self, file: &Located<String>) -> Option<String> {
        let (_, bytes) = self.read(file, "property_files")?;
        let Ok(text) = String::from_utf8(bytes) else {
            self.error(
                &file.at,
                "the file is not UTF-8",
                "keep nothing but the property's value in it",
            );
            return None;
        };
        // An editor's line break; blanks may be a part of a password.
        let value = text.strip_suffix('\n').unwrap_or(&text);
        let value = value.strip_suffix('\r').unwrap_or(value);
        if value.is_empty() {
            self.error(&file.at, "the file is empty", "keep the property's value in it");
            return None;
        }
        Some(value.to_owned())
    }

    /// Whether a client can be made of what TLS and SASL are told.
    pub(super) fn security(&mut self, properties: &Properties, token: Option<&Located<String>>) {
        let protocol = text(properties, "security.protocol")
            .map_or("plaintext".to_owned(), |(it, _)| it.to_lowercase());
        let (tls, sasl) = (protocol.ends_with("ssl"), protocol.starts_with("sasl"));
        for (key, _) in &properties.0 {
            let unused = (!tls && key.value.starts_with("ssl."))
                || (!sasl && key.value.starts_with("sasl."));
            if unused {
                let message =
                    format!("`{}` is not used with `security.protocol: {protocol}`", key.at.shown);
                self.warn(
                    &key.at,
                    message,
                    "set `security.protocol` to SSL, SASL_SSL or SASL_PLAINTEXT",
                );
            }
        }
        let mechanism =
            ["sasl.mechanism", "sasl.mechanisms"].iter().find_map(|name| text(properties, name));
        let is_oauth = sasl
            && mechanism
                .is_some_and(|(mechanism, _)| mechanism.eq_ignore_ascii_case("OAUTHBEARER"));
        match (token, mechanism) {
            (None, Some((_, at))) if is_oauth => {
                let at = at.clone();
                self.error(
                    &at,
                    "`OAUTHBEARER` needs a token",
                    "add `oauth_token_file: PATH` to `kafka`",
                );
                return;
            }
            (Some(token), _) if !is_oauth => {
                let help = "set `sasl.mechanism: OAUTHBEARER` and `security.protocol: SASL_SSL`, or remove it";
                self.error(
                    &token.at,
                    "`oauth_token_file` goes with `sasl.mechanism: OAUTHBEARER` only",
                    help,
                );
            }
            _ => {}
        }
        for (one, other) in [("certificate", "key"), ("key", "certificate")] {
            let of = |part: &str| {
                ["location", "pem"]
                    .iter()
                    .find_map(|kind| text(properties, &format!("ssl.{part}.{kind}")))
            };
            if let (Some((_, at)), None) = (of(one), of(other)) {
                let at = at.clone();
                let help = format!("add `ssl.{other}.location`, or `ssl.{other}.pem`");
                self.error(&at, format!("a client's {one} is given without its {other}"), help);
                return;
            }
        }
        if tls || sasl {
            self.trial(properties);
        }
    }

    /// Makes a client as the worker does, but for the brokers.
    fn trial(&mut self, properties: &Properties) {
        let mut config = ClientConfig::new();
        // It says at once that it has no broker.
        config.set("log_level", "0");
        let mut sound = true;
        for (key, value) in &properties.0 {
            let name = key.value.as_str();
            let Some((_, as_text)) = FILES.iter().find(|(file, _)| *file == name) else {
                if ["ssl.", "sasl.", "security.", "enable.ssl."]
                    .iter()
                    .any(|part| name.starts_with(part))
                {
                    config.set(name, value.value.as_str());
                }
                continue;
            };
            match self.named_file(name, value) {
                Named::Pem(pem) => match as_text {
                    Some(as_text) => drop(config.set(*as_text, pem)),
                    None => drop(config.set(name, value.value.as_str())),
                },
                Named::Other => drop(config.set(name, value.value.as_str())),
                Named::Refused => sound = false,
            }
        }
        let made = || {
            let native = config.create_native_config()?;
            Client::new(&config, native, RDKafkaType::RD_KAFKA_CONSUMER, DefaultClientContext)
        };
        // Each property was tried by itself, and what is wrong with it reported.
        if sound && let Err(KafkaError::ClientCreation(said)) = made() {
            self.refused(properties, &said);
        }
    }

    /// Reads what a property names as librdkafka will: relative to where the program runs.
    fn named_file(&mut self, name: &str, value: &Located<String>) -> Named {
        let path = std::path::Path::new(&value.value);
        if name == "ssl.ca.location" && (value.value == "probe" || path.is_dir()) {
            return Named::Other;
        }
        match (self.files)(path) {
            Ok(bytes) => String::from_utf8(bytes).map_or(Named::Other, Named::Pem),
            Err(error) => {
                let help = "name a file that this user may read; a relative one is looked for where slackline is started";
                self.error(&value.at, format!("the file of `{name}` can't be read: {error}"), help);
                Named::Refused
            }
        }
    }

    /// Says which property a client can't be made of.
    fn refused(&mut self, properties: &Properties, said: &str) {
        let reason = said.rsplit("::").next().unwrap_or_default().trim();
        let reason = Some(reason).filter(|reason| {
            said.contains("error:")
                && reason.bytes().all(|byte| byte.is_ascii_lowercase() || byte == b' ')
        });
        let told = reason.map(|reason| format!(": {reason}")).unwrap_or_default();
        let part = |part: &str| {
            let of_part = |(key, _): &&(Located<String>, _)| {
                key.value.starts_with(&format!("ssl.{part}.")) && !key.value.ends_with("password")
            };
            properties
                .0
                .iter()
                .find(of_part)
                .map(|(key, value)| (key.value.clone(), value.at.clone()))
        };
        let file = ["ca", "certificate", "key", "crl", "keystore"]
            .into_iter()
            .find(|name| said.contains(&format!("ssl.{name}.")))
            .or(said.starts_with("Private key check").then_some("key"))
            .and_then(part);
        if let Some((name, at)) = file {
            let help = if said.starts_with("Private key check") || said.contains("mismatch") {
                "give it the key that the certificate was made with"
            } else if name.starts_with("ssl.key.") && text(properties, "ssl.key.password").is_some()
            {
                "look whether `ssl.key.password` is this key's; it has to be a private key in PEM"
            } else if name.starts_with("ssl.key") {
                "give it a private key in PEM; one that is encrypted needs its `ssl.key.password`"
            } else {
                "give it PEM, whole and unencrypted: `-----BEGIN …-----`"
            };
            self.error(&at, format!("`{name}` can't be used{told}"), help);
            return;
        }
        let Some((_, at)) = text(properties, "security.protocol") else { return };
        let at: At = at.clone();
        let (message, help) = if said.contains("sasl.username") {
            (
                "this `sasl.mechanism` needs a user and a password",
                "add `sasl.username` and `sasl.password`",
            )
        } else if said.contains("SASL mechanism") {
            (
                "this `sasl.mechanism` is not supported, or there is none",
                "set `sasl.mechanism` to PLAIN, SCRAM-SHA-256, SCRAM-SHA-512 or OAUTHBEARER",
            )
        } else {
            (
                "librdkafka can't make a client of these properties",
                "look them up in librdkafka's CONFIGURATION.md",
            )
        };
        self.error(&at, message, help);
    }
}

/// What a property that names a file comes to.
enum Named {
    /// The file's text.
    Pem(String),
    /// No file, or none of text: librdkafka will know.
    Other,
    /// It can't be read, which is reported.
    Refused,
}

fn copy(located: &Located<String>) -> Located<String> {
    Located { value: located.value.clone(), at: located.at.clone() }
}
