//! A cluster of a test's own, whose brokers can be killed, stopped, and cut off.

use std::ops::Deref;
use std::path::Path;
use std::process::{Command, Stdio};

use tempfile::TempDir;

use super::broker::Broker;
use super::port::free_address;
use super::proxy::Proxy;

/// Started by `tests/kafka.sh`, gone when it is dropped. It is used as a [`Broker`] is.
pub struct Cluster {
    broker: Broker,
    home: TempDir,
}

impl Cluster {
    /// With these options of `tests/kafka.sh start`.
    #[track_caller]
    pub fn start(options: &[&str]) -> Self {
        let home = TempDir::new().unwrap();
        kafka(home.path(), "start", options);
        let broker = Broker::connect(&read(home.path(), "brokers"));
        Self { broker, home }
    }

    /// One broker, and the proxy in front of it: who bootstraps at the proxy's address stays behind it.
    #[track_caller]
    pub fn proxied() -> (Self, Proxy) {
        let address = free_address();
        let cluster = Self::start(&["--proxied", &address.to_string()]);
        let proxy = Proxy::start(address, &read(cluster.home.path(), "proxied"));
        (cluster, proxy)
    }

    /// What the script left in that file.
    pub fn file(&self, name: &str) -> String {
        read(self.home.path(), name)
    }

    /// Gives a user that password for SCRAM-SHA-512.
    #[track_caller]
    pub fn scram(&self, user: &str, password: &str) {
        kafka(self.home.path(), "scram", &[user, password]);
    }

    /// SIGKILL of one broker; they are numbered from 1.
    #[track_caller]
    pub fn kill(&self, broker: i32) {
        kafka(self.home.path(), "kill", &[&broker.to_string()]);
    }

    /// Starts a killed broker and waits until it serves.
    #[track_caller]
    pub fn restart(&self, broker: i32) {
        kafka(self.home.path(), "restart", &[&broker.to_string()]);
    }

    /// Takes the newer half of a partition's log away from a broker that was killed.
    #[track_caller]
    pub fn cut_log(&self, broker: i32, topic: &str, partition: i32) {
        let log = format!("kafka/{broker}/data/{topic}-{partition}/00000000000000000000.log");
        let file = std::fs::File::options().write(true).open(self.home.path().join(log)).unwrap();
        file.set_len(file.metadata().unwrap().len() / 2).unwrap();
    }

    /// SIGSTOP of one broker: its connections stay, and nothing is answered.
    #[track_caller]
    pub fn pause(&self, broker: i32) {
        kafka(self.home.path(), "pause", &[&broker.to_string()]);
    }

    /// SIGCONT.
    #[track_caller]
    pub fn resume(&self, broker: i32) {
        kafka(self.home.path(), "resume", &[&broker.to_string()]);
    }
}

impl Deref for Cluster {
    type Target = Broker;

    fn deref(&self) -> &Broker {
        &self.broker
    }
}

impl Drop for Cluster {
    fn drop(&mut self) {
        // A failing test has said what matters already.
        drop(script(self.home.path(), "stop", &[]).status());
    }
}

#[track_caller]
fn kafka(home: &Path, command: &str, options: &[&str]) {
    let output = script(home, command, options).output().unwrap();
    assert!(
        output.status.success(),
        "kafka.sh {command}: {}",
        String::from_utf8_lossy(&output.stderr)
    );
}

fn script(home: &Path, command: &str, options: &[&str]) -> Command {
    let mut script = Command::new(concat!(env!("CARGO_MANIFEST_DIR"), "/tests/kafka.sh"));
    script.arg(command).arg("--dir").arg(home.join("kafka")).args(options);
    // Small: several clusters may run at once.
    script.env("KAFKA_TEST_HEAP", "-Xms64m -Xmx320m").stdin(Stdio::null());
    script
}

fn read(home: &Path, file: &str) -> String {
    std::fs::read_to_string(home.join("kafka").join(file)).unwrap().trim().to_owned()
}
