//! A cluster for one test, whose brokers can be killed, paused and cut off.

use std::ops::Deref;
use std::path::Path;
use std::process::{Command, Stdio};

use tempfile::TempDir;

use super::broker::Broker;
use super::port::free_address;
use super::proxy::Proxy;

/// A cluster that `tests/kafka.sh` starts, and that ends when this is dropped. It dereferences to a
/// [`Broker`].
pub struct Cluster {
    broker: Broker,
    home: TempDir,
}

impl Cluster {
    /// Starts a cluster with these options of `tests/kafka.sh start`.
    #[track_caller]
    pub fn start(options: &[&str]) -> Self {
        let home = TempDir::new().unwrap();
        kafka(home.path(), "start", options);
        let broker = Broker::connect(&read(home.path(), "brokers"));
        Self { broker, home }
    }

    /// Starts one broker and a proxy in front of it. A client that bootstraps at the proxy's
    /// address reaches the broker only through the proxy.
    #[track_caller]
    pub fn proxied() -> (Self, Proxy) {
        let address = free_address();
        let cluster = Self::start(&["--proxied", &address.to_string()]);
        let proxy = Proxy::start(address, &read(cluster.home.path(), "proxied"));
        (cluster, proxy)
    }

    /// The contents of a file that the script wrote.
    pub fn file(&self, name: &str) -> String {
        read(self.home.path(), name)
    }

    /// Sets a user's password for SCRAM-SHA-512.
    #[track_caller]
    pub fn scram(&self, user: &str, password: &str) {
        kafka(self.home.path(), "scram", &[user, password]);
    }

    /// Sends SIGKILL to one broker; brokers are numbered from 1.
    #[track_caller]
    pub fn kill(&self, broker: i32) {
        kafka(self.home.path(), "kill", &[&broker.to_string()]);
    }

    /// Starts a killed broker and waits until it serves.
    #[track_caller]
    pub fn restart(&self, broker: i32) {
        kafka(self.home.path(), "restart", &[&broker.to_string()]);
    }

    /// Truncates a partition's log on a killed broker to its older half.
    #[track_caller]
    pub fn cut_log(&mut self, broker: i32, topic: &str, partition: i32) {
        let log = format!("kafka/{broker}/data/{topic}-{partition}/00000000000000000000.log");
        let file = std::fs::File::options().write(true).open(self.home.path().join(log)).unwrap();
        file.set_len(file.metadata().unwrap().len() / 2).unwrap();
        // The old producer would continue behind records that the broker does not have any more.
        self.broker = Broker::connect(&self.broker.address);
    }

    /// Sends SIGSTOP to one broker: its connections stay open, and it does not answer.
    #[track_caller]
    pub fn pause(&self, broker: i32) {
        kafka(self.home.path(), "pause", &[&broker.to_string()]);
    }

    /// Sends SIGCONT to one broker.
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
        // A failing test has already reported its own error.
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
    // Small, because several clusters may run at the same time.
    script.env("KAFKA_TEST_HEAP", "-Xms64m -Xmx320m").stdin(Stdio::null());
    script
}

fn read(home: &Path, file: &str) -> String {
    std::fs::read_to_string(home.join("kafka").join(file)).unwrap().trim().to_owned()
}
