//! The real MirrorMaker 2 between two clusters, with the properties that `docs/operations.md`
//! shows.

use std::process::{Child, Command, Stdio};

use tempfile::TempDir;

use super::broker::Broker;

/// A running MirrorMaker, which dropping it kills.
pub struct MirrorMaker {
    process: Child,
    home: TempDir,
}

/// What one broker needs, and how a test need not wait: lines after the page's.
const ONE_BROKER: &str = "
replication.factor = 1
checkpoints.topic.replication.factor = 1
heartbeats.topic.replication.factor = 1
offset-syncs.topic.replication.factor = 1
offset.storage.replication.factor = 1
status.storage.replication.factor = 1
config.storage.replication.factor = 1
emit.checkpoints.interval.seconds = 1
sync.group.offsets.interval.seconds = 1
";

impl MirrorMaker {
    /// Starts to copy a topic, and the offsets of a group, from one cluster to another.
    #[track_caller]
    pub fn start(from: &Broker, to: &Broker, topic: &str, group: &str) -> Self {
        let page = include_str!("../../docs/operations.md");
        let start = page.find("# mm2.properties\n").expect("the properties in the page");
        let mut properties = page[start..].split("```").next().unwrap().to_owned();
        for (shown, used) in [
            ("old.example:9092\n", &*from.address),
            ("new.example:9092\n", &to.address),
            ("topics = events\n", &format!("topics = {topic}")),
            ("groups = slackline\n", &format!("groups = {group}")),
        ] {
            assert_eq!(properties.matches(shown).count(), 1, "`{shown}` in\n{properties}");
            properties = properties.replace(shown, &format!("{used}\n"));
        }
        let home = TempDir::new().unwrap();
        let file = home.path().join("mm2.properties");
        std::fs::write(&file, properties + ONE_BROKER).unwrap();
        let log = std::fs::File::create(home.path().join("log")).unwrap();
        // It starts slowly, beside tests that bound a time.
        let process = Command::new("nice")
            .args(["-n", "10", concat!(env!("CARGO_MANIFEST_DIR"), "/tests/kafka.sh")])
            .args(["mirror", "--dir"])
            .arg(home.path().join("mirror"))
            .arg(file)
            .env("KAFKA_TEST_HEAP", "-Xms64m -Xmx320m")
            .stdin(Stdio::null())
            .stdout(log.try_clone().unwrap())
            .stderr(log)
            .spawn()
            .unwrap();
        Self { process, home }
    }
}

impl Drop for MirrorMaker {
    fn drop(&mut self) {
        if std::thread::panicking() {
            let log = std::fs::read_to_string(self.home.path().join("log"));
            eprintln!("MirrorMaker's log:\n{}", log.unwrap_or_default());
        }
        drop(self.process.kill());
        drop(self.process.wait());
    }
}
