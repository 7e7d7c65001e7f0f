//! Properties of Java's clients that librdkafka does not have: what to write instead.

const LOGIN: &str = "set `sasl.mechanism`, `sasl.username` and `sasl.password`; for OAUTHBEARER set \
                     `kafka.oauth_token_file`";
const AUTHORITIES: &str = "set `ssl.ca.location` to a PEM file of the trusted authorities \
                           (`keytool -list -rfc -keystore FILE` prints them)";
const NO_TRUSTSTORE: &str = "remove it: `ssl.ca.location` is a PEM file without a password";
const KEYSTORE: &str = "remove it: `ssl.keystore.location` is a PKCS#12 file; or set \
                        `ssl.certificate.location` and `ssl.key.location` to PEM files";
const OPENSSL: &str = "remove it: the TLS version is negotiated";
const BYTES: &str = "remove it: slackline reads the records' bytes as JSON";
const NO_CODE: &str = "remove it: a configuration may not load code";
const BATCHES: &str = "remove it: slackline chooses the size of its batches";
const TIMEOUT: &str = "set `socket.timeout.ms` instead";

/// Names, and what to do instead. A name that ends with `.` is a prefix.
const JAVA: [(&str, &str); 33] = [
    ("sasl.jaas.config", LOGIN),
    ("sasl.login.callback.handler.class", LOGIN),
    ("sasl.client.callback.handler.class", LOGIN),
    ("sasl.login.class", LOGIN),
    ("ssl.truststore.location", AUTHORITIES),
    ("ssl.truststore.password", NO_TRUSTSTORE),
    ("ssl.truststore.type", NO_TRUSTSTORE),
    ("ssl.truststore.certificates", "set `ssl.ca.pem` instead"),
    ("ssl.keystore.type", KEYSTORE),
    ("ssl.keystore.key", "set `ssl.key.pem` instead"),
    ("ssl.keystore.certificate.chain", "set `ssl.certificate.pem` instead"),
    ("ssl.enabled.protocols", OPENSSL),
    ("ssl.protocol", OPENSSL),
    ("ssl.provider", OPENSSL),
    ("ssl.trustmanager.algorithm", OPENSSL),
    ("ssl.keymanager.algorithm", OPENSSL),
    ("ssl.secure.random.implementation", OPENSSL),
    ("ssl.engine.factory.class", NO_CODE),
    ("security.providers", NO_CODE),
    ("interceptor.classes", NO_CODE),
    ("metric.reporters", NO_CODE),
    ("key.deserializer", BYTES),
    ("value.deserializer", BYTES),
    ("key.serializer", BYTES),
    ("value.serializer", BYTES),
    ("max.poll.records", BATCHES),
    ("fetch.max.wait.ms", "set `fetch.wait.max.ms` instead"),
    ("receive.buffer.bytes", "set `socket.receive.buffer.bytes` instead"),
    ("send.buffer.bytes", "set `socket.send.buffer.bytes` instead"),
    ("default.api.timeout.ms", TIMEOUT),
    ("exclude.internal.topics", "remove it: slackline reads the topics of `kafka.topics`"),
    ("schema.registry.", "remove it: slackline uses no schema registry"),
    ("spring.", "remove it: it is a property of Spring"),
];

/// What to do instead of setting a property of Java's clients; `None` for any other.
pub fn remedy(name: &str) -> Option<&'static str> {
    let is_it = |(java, _): &&(&str, &str)| match java.ends_with('.') {
        true => name.starts_with(java),
        false => name == *java,
    };
    JAVA.iter().find(is_it).map(|(_, remedy)| *remedy)
}

#[cfg(test)]
mod tests {
    use rdkafka::ClientConfig;

    use super::*;

    #[test]
    fn librdkafka_has_none_of_them_and_has_what_replaces_them() {
        for (name, help) in JAVA {
            let refused = ClientConfig::new().set(name, "x").create_native_config().is_err();
            assert!(refused, "librdkafka takes `{name}`");
            for named in help.split('`').skip(1).step_by(2).filter(|named| named.contains('.')) {
                // A value of another type is refused, a name that does not exist is unknown.
                let result = ClientConfig::new().set(named, "1").create_native_config();
                let known = !result.is_err_and(|error| format!("{error:?}").contains("UNKNOWN"));
                assert!(known || named.starts_with("kafka."), "`{named}` in the help of `{name}`");
            }
        }
    }

    #[test]
    fn a_property_of_librdkafka_has_no_remedy() {
        for name in ["sasl.password", "ssl.keystore.location", "schema.registry", "springs"] {
            assert_eq!(remedy(name), None, "{name}");
        }
        assert!(remedy("schema.registry.url").is_some());
    }
}
