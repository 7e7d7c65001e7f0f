//! A broker for one test, with a listener per case.

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::process::Command;

use tempfile::TempDir;

use super::certificates;
use super::token::Signer;
use crate::harness::cluster::Cluster;
use crate::harness::setup::Setup;
use crate::harness::slack::Slack;

/// A part of every secret here, and of no other text.
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
    /// Starts a broker, which ends when this is dropped.
    pub fn start() -> Self {
        Self::start_with(&[])
    }

    /// Starts a broker whose users may do only what an ACL allows; clients without TLS may do
    /// everything.
    pub fn with_acls() -> Self {
        let authorizer =
            "authorizer.class.name=org.apache.kafka.metadata.authorizer.StandardAuthorizer";
        Self::start_with(&["--set", authorizer, "--set", "super.users=User:ANONYMOUS"])
    }

    /// Starts a broker with these options of `tests/kafka.sh start`.
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

    /// The path of a file beside the certificates.
    pub fn path(&self, name: &str) -> String {
        self.files.path().join(name).display().to_string()
    }

    /// Writes a file beside the certificates.
    pub fn write(&self, name: &str, text: &str) -> PathBuf {
        let path = self.files.path().join(name);
        std::fs::write(&path, text).unwrap();
        path
    }

    /// Writes one of the keys encrypted with [`PASSWORD`].
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
        assert!(made.unwrap().success(), "openssl wrote no encrypted key");
        encrypted
    }

    /// The configuration of a worker at this listener, with the authority and these properties.
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
        let protocol = match listener {
            "SASL" => "SASL_SSL",
            "LOGIN" => "SASL_PLAINTEXT",
            _ => "SSL",
        };
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
