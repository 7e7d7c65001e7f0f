//! The rules of TLS and SASL to Kafka.
//!
//! Invariant: mistakes in certificates, keys and passwords that can be found without a broker are
//! found here, by creating a client and discarding it. No property's value is in any message. Of
//! OpenSSL's messages only the reason is, which comes from a closed list.

use std::path::Path;

use rdkafka::ClientConfig;
use rdkafka::client::{Client, DefaultClientContext};
use rdkafka::error::KafkaError;
use rdkafka::types::RDKafkaType;

use super::written::{Property, Written};
use crate::config::located::{At, Located};
use crate::config::reader::Reader;

/// Properties that name a file, each with the one that takes the same content as text. `None`:
/// there is no such property, or the file is not PEM.
const FILES: [(&str, Option<&str>); 5] = [
    ("ssl.ca.location", Some("ssl.ca.pem")),
    ("ssl.certificate.location", Some("ssl.certificate.pem")),
    ("ssl.key.location", Some("ssl.key.pem")),
    ("ssl.crl.location", None),
    ("ssl.keystore.location", None),
];

/// The values of `security.protocol`.
const PROTOCOLS: [&str; 4] = ["plaintext", "ssl", "sasl_plaintext", "sasl_ssl"];

/// Checks that a client can be created with the properties of TLS and SASL. `token` is the place of
/// `oauth_token_file`.
pub fn check(properties: &Written, token: Option<&At>, reader: &mut Reader<'_>) {
    if properties.is_unknown("security.protocol") {
        return;
    }
    let protocol = properties
        .text("security.protocol")
        .map_or("plaintext".to_owned(), |(protocol, _)| protocol.to_lowercase());
    // Any other value is refused, and may be a secret in the wrong place: no message shows it.
    if !PROTOCOLS.contains(&protocol.as_str()) {
        return;
    }
    let (tls, sasl) = (protocol.ends_with("ssl"), protocol.starts_with("sasl"));
    for Property { name: key, .. } in &properties.0 {
        let name = &key.value;
        if (!tls && name.starts_with("ssl.")) || (!sasl && name.starts_with("sasl.")) {
            let message =
                format!("`{}` is not used with `security.protocol: {protocol}`", key.at.shown);
            let help = "set `security.protocol` to SSL, SASL_SSL or SASL_PLAINTEXT";
            reader.warn(&key.at, message, help);
        }
    }
    if has_token(properties, token, sasl, reader)
        && has_certificate_and_key(properties, reader)
        && (tls || sasl)
    {
        create_client(properties, reader);
    }
}

/// Checks that there is a token if and only if the mechanism uses one. Returns `false` if it is
/// missing.
fn has_token(
    properties: &Written,
    token: Option<&At>,
    sasl: bool,
    reader: &mut Reader<'_>,
) -> bool {
    let names = ["sasl.mechanism", "sasl.mechanisms"];
    if names.iter().any(|name| properties.is_unknown(name)) {
        return true;
    }
    let mechanism = names.iter().find_map(|name| properties.text(name));
    let is_oauth = sasl
        && mechanism.is_some_and(|(mechanism, _)| mechanism.eq_ignore_ascii_case("OAUTHBEARER"));
    match (token, mechanism) {
        (None, Some((_, at))) if is_oauth => {
            let help = "add `oauth_token_file: PATH` to `kafka`";
            reader.error(at, "`OAUTHBEARER` requires a token", help);
            false
        }
        (Some(token), _) if !is_oauth => {
            let message = "`oauth_token_file` is used with `sasl.mechanism: OAUTHBEARER` only";
            let help = "set `sasl.mechanism: OAUTHBEARER` and `security.protocol: SASL_SSL`, \
                        or remove it";
            reader.error(token, message, help);
            true
        }
        _ => true,
    }
}

/// Checks that a client's certificate comes with its key, and the key with its certificate.
fn has_certificate_and_key(properties: &Written, reader: &mut Reader<'_>) -> bool {
    let find = |part: &str| {
        let names = [format!("ssl.{part}.location"), format!("ssl.{part}.pem")];
        names.iter().find_map(|name| properties.place(name))
    };
    for (one, other) in [("certificate", "key"), ("key", "certificate")] {
        if let (Some(at), None) = (find(one), find(other)) {
            let help = format!("add `ssl.{other}.location`, or `ssl.{other}.pem`");
            reader.error(at, format!("a client's {one} is set without its {other}"), help);
            return false;
        }
    }
    true
}

/// Creates a client as the worker does, without brokers, and reports why that fails.
fn create_client(properties: &Written, reader: &mut Reader<'_>) {
    let mut config = ClientConfig::new();
    // The client would log that it has no broker.
    config.set("log_level", "0");
    let mut readable = true;
    for Property { name, value } in &properties.0 {
        let name = name.value.as_str();
        let is_security =
            ["ssl.", "sasl.", "security.", "enable.ssl."].iter().any(|part| name.starts_with(part));
        let Some(value) = value else {
            readable &= !is_security;
            continue;
        };
        let file = FILES.iter().find(|(file, _)| *file == name);
        match file.map(|(_, as_text)| (as_text, named_file(name, value, reader))) {
            Some((Some(as_text), Ok(Some(pem)))) => drop(config.set(*as_text, pem)),
            Some((_, Err(Unreadable))) => readable = false,
            None if !is_security => {}
            _ => drop(config.set(name, value.value.as_str())),
        }
    }
    let create = || {
        let native = config.create_native_config()?;
        Client::new(&config, native, RDKafkaType::RD_KAFKA_CONSUMER, DefaultClientContext)
    };
    // Each property was tried alone before, and what is wrong with it reported.
    if readable && let Err(KafkaError::ClientCreation(reason)) = create() {
        refused(properties, &reason, reader);
    }
}

/// A file that can't be read, which is reported, or that is not to be read.
struct Unreadable;

/// The text of the file that a property names. `None` if it is not a file, or not a text:
/// librdkafka reads it by itself.
fn named_file(
    name: &str,
    value: &Located,
    reader: &mut Reader<'_>,
) -> Result<Option<String>, Unreadable> {
    let path = Path::new(&value.value);
    if name == "ssl.ca.location" && (value.value == "probe" || path.is_dir()) {
        return Ok(None);
    }
    match reader.kafka_file(name, path).ok_or(Unreadable)? {
        Ok(bytes) => Ok(String::from_utf8(bytes).ok()),
        Err(error) => {
            let message = format!("the file of `{name}` cannot be read: {error}");
            let help = "name a file that this user may read; \
                        a relative path is resolved against the working directory";
            reader.error(&value.at, message, help);
            Err(Unreadable)
        }
    }
}

/// Reports which property makes the creation of the client fail. `error` is librdkafka's message.
fn refused(properties: &Written, error: &str, reader: &mut Reader<'_>) {
    let part = |part: &str| {
        let mut known = properties.0.iter().filter_map(|it| Some((&it.name, it.value.as_ref()?)));
        known.find(|(name, _)| {
            name.value.starts_with(&format!("ssl.{part}.")) && !name.value.ends_with("password")
        })
    };
    let file = ["ca", "certificate", "key", "crl", "keystore"]
        .into_iter()
        .find(|name| error.contains(&format!("ssl.{name}.")))
        .or(error.starts_with("Private key check").then_some("key"))
        .and_then(part);
    if let Some((key, value)) = file {
        let name = key.value.as_str();
        let help = if error.starts_with("Private key check") || error.contains("mismatch") {
            "use the key that belongs to the certificate"
        } else if name == "ssl.keystore.location" {
            "use a PKCS#12 file with `ssl.keystore.password` (`keytool -importkeystore \
             -deststoretype pkcs12` converts a Java keystore), or PEM files: \
             `ssl.certificate.location` and `ssl.key.location`"
        } else if name.starts_with("ssl.key.") && properties.text("ssl.key.password").is_some() {
            "check that it is a private key in PEM and that `ssl.key.password` is its password"
        } else if name.starts_with("ssl.key") {
            "use a private key in PEM; an encrypted one requires `ssl.key.password`"
        } else {
            "use PEM, complete and unencrypted"
        };
        let reason = openssl_reason(error).map(|reason| format!(": {reason}")).unwrap_or_default();
        reader.error(&value.at, format!("`{name}` cannot be used{reason}"), help);
        return;
    }
    let Some((_, at)) = properties.text("security.protocol") else { return };
    let is_missing = |name: &str| properties.text(name).is_none();
    let (message, help) = if error.contains("sasl.username") {
        if !is_missing("sasl.username") && !is_missing("sasl.password") {
            // One of them is empty, which is reported at its place.
            return;
        }
        (
            "this `sasl.mechanism` requires a user and a password",
            "add `sasl.username` and `sasl.password`",
        )
    } else if error.contains("SASL mechanism") {
        (
            "`sasl.mechanism` is missing or not supported",
            "set `sasl.mechanism` to PLAIN, SCRAM-SHA-256, SCRAM-SHA-512 or OAUTHBEARER",
        )
    } else {
        let message = "librdkafka cannot create a client with these properties";
        let quotes = |value: &str| !value.is_empty() && error.contains(value);
        let mut values = properties.0.iter().filter_map(|property| property.value.as_ref());
        let help = if values.any(|value| quotes(value.value.trim())) {
            "librdkafka's CONFIGURATION.md lists their values".to_owned()
        } else {
            format!("librdkafka says: {}", error.trim())
        };
        return reader.error(at, message, help);
    };
    reader.error(at, message, help);
}

/// OpenSSL's reason at the end of librdkafka's message, which contains nothing of a value.
fn openssl_reason(error: &str) -> Option<&str> {
    let reason = error.rsplit("::").next().unwrap_or_default().trim();
    let is_reason = error.contains("error:")
        && reason.bytes().all(|byte| byte.is_ascii_lowercase() || byte == b' ');
    is_reason.then_some(reason)
}
