//! One broker with a listener for each case, of a test's own.

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::process::Command;

use tempfile::TempDir;

use super::certificates;
use super::token::Signer;
use crate::harness::cluster::Cluster;
use crate::harness::setup::Setup;
use crate::harness::slack::Slack;

/// Part of every secret here, and of nothing else.
pub const PLANTED: &str = "pl4nt3dKafka";

/// The password of the user `slackline`.
pub const PASSWORD: &str = "pl4nt3dKafkaPassword";

pub struct Secure {
    pub cluster: Cluster,
    pub signer: Signer,
    listeners: BTreeMap<String, String>,
    files: TempDir,
}

impl Secure {
    /// Starts one, gone when it is dropped.
    pub fn start() -> Self {
        Self::start_with(&[])
    }

    /// One whose users may do nothing but what an ACL allows; who comes without TLS may do everything.
    pub fn with_acls() -> Self {
        let authorizer =
            "authorizer.class.name=org.apache.kafka.metadata.authorizer.StandardAuthorizer";
        Self::start_with(&["--set", authorizer, "--set", "super.users=User:ANONYMOUS"])
    }

    /// One with these options of `tests/kafka.sh start`.
    pub fn start_with(options: &[&str]) -> Self {
        let (files, signer) = (TempDir::new().unwrap(), Signer::new());
        certificates::write(files.path());
        std::fs::write(files.path().join("password"), PASSWORD).unwrap();
        std::fs::write(files.path().join("jwks.json"), signer.jwks()).unwrap();
        let cluster =
            Cluster::start(&[&["--secure", files.path().to_str().unwrap()], options].concat());
        let listeners = cluster.file("secure");
        let listeners = listeners.split(',').filter_map(|one| one.split_once('='));
        let listeners =
            listeners.map(|(name, address)| (name.to_owned(), address.to_owned())).collect();
        Self { cluster, signer, listeners, files }
    }

    /// A file that the certificates are in.
    pub fn path(&self, name: &str) -> String {
        self.files.path().join(name).display().to_string()
    }

    /// A new file beside them.
    pub fn write(&self, name: &str, text: &str) -> PathBuf {
        let path = self.files.path().join(name);
        std::fs::write(&path, text).unwrap();
        path
    }

    /// A key of theirs as a file that takes [`PASSWORD`] to read.
    pub fn encrypted_key(&self, name: &str) -> String {
        let encrypted = self.path(&format!("encrypted-{name}"));
        let pass = format!("pass:{PASSWORD}");
        let made = Command::new("openssl")
            .args([
                "pkcs8",
                "-topk8",
                "-v2",
                "aes-256-cbc",
                "-in",
                &self.path(name),
                "-out",
                &encrypted,
            ])
            .args(["-passout", &pass])
            .status();
        assert!(made.unwrap().success(), "openssl made no encrypted key");
        encrypted
    }

    /// A worker behind that listener, with these properties besides the authority.
    pub fn setup(
        &self,
        slack: &Slack,
        topic: &str,
        listener: &str,
        properties: &[(&'static str, &str)],
    ) -> Setup {
        let mut setup =
            Setup::new(&self.cluster, &[topic]).webhook(slack, "a", &["rate_per_second: 100"]);
        setup.brokers = self.listeners[listener].clone();
        let protocol = if listener == "SASL" { "SASL_SSL" } else { "SSL" };
        setup.properties.push(("security.protocol", protocol.to_owned()));
        if !properties.iter().any(|(name, _)| name.starts_with("ssl.ca")) {
            setup.properties.push(("ssl.ca.location", self.path("ca.pem")));
        }
        setup
            .properties
            .extend(properties.iter().map(|(name, value)| (*name, (*value).to_owned())));
        setup
    }
}
