//! The real program as a child process on the measured core.

use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::process::{Child, Stdio};
use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::mpsc::{Receiver, sync_channel};
use std::thread;
use std::time::Duration;

use anyhow::Context as _;

use super::process::{self, Moment};
use super::settings::Settings;
use crate::actions::{self, Setup, Triggers};

/// The limit for the assignment of the partitions.
const JOIN: Duration = Duration::from_secs(120);

/// A running `slackline run`. Dropping it kills the process; its group id is not used again.
pub struct Worker {
    child: Child,
    admin: SocketAddr,
    /// Receives the moment of the assignment.
    assigned: Receiver<Moment>,
}

impl Worker {
    /// Starts a worker. It sets the broker, the group and the admin address itself.
    pub fn start(settings: &Settings, setup: Setup, triggers: Triggers) -> anyhow::Result<Self> {
        let admin = TcpListener::bind(("127.0.0.1", 0))?.local_addr()?;
        let brokers = settings.brokers.clone();
        let setup = Setup { brokers, group: group(), admin: admin.to_string(), ..setup };
        let file = settings.home.join("slackline.yaml");
        std::fs::write(&file, actions::yaml(&setup, triggers))?;
        let mut child = settings
            .measured(&settings.slackline)
            .args(["run", "-c"])
            .arg(&file)
            .env_remove("RUST_LOG")
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(Stdio::piped())
            .spawn()
            .context("cannot start slackline")?;
        let (sender, assigned) = sync_channel(1);
        let (pid, log) = (child.id(), child.stderr.take().context("no standard error")?);
        let mut kept = std::fs::File::create(settings.home.join("slackline.log"))?;
        thread::spawn(move || {
            for line in BufReader::new(log).lines().map_while(Result::ok) {
                // The line is written before the poll loop takes the first event.
                if line.contains("partitions assigned")
                    && let Ok(moment) = Moment::of(pid)
                {
                    let _ = sender.try_send(moment);
                }
                let _ = writeln!(kept, "{line}");
            }
        });
        Ok(Self { child, admin, assigned })
    }

    /// Waits for the assignment and returns its moment, from which on the worker reads. It is
    /// recorded one wake-up of this process late: some tenths of a percent of the measured time.
    pub fn assigned(&self) -> anyhow::Result<Moment> {
        self.assigned
            .recv_timeout(JOIN)
            .context("no partition was assigned; `slackline.log` says why")
    }

    /// Returns the current moment.
    pub fn now(&self) -> anyhow::Result<Moment> {
        Moment::of(self.child.id())
    }

    /// Resident bytes: the current and the largest number.
    pub fn memory(&self) -> anyhow::Result<(u64, u64)> {
        process::memory(self.child.id())
    }

    /// Returns the sum over the series of one metric. Each call costs the worker the time of a
    /// whole scrape.
    pub fn sum(&self, metric: &str) -> anyhow::Result<f64> {
        let mut stream = TcpStream::connect(self.admin)?;
        stream.set_read_timeout(Some(Duration::from_secs(30)))?;
        write!(stream, "GET /metrics HTTP/1.0\r\nHost: {}\r\n\r\n", self.admin)?;
        let mut page = String::new();
        stream.read_to_string(&mut page)?;
        let values = page.lines().filter(|line| {
            line.strip_prefix(metric).is_some_and(|rest| rest.starts_with(['{', ' ']))
        });
        let mut sum = 0.0;
        for line in values {
            sum += line.rsplit(' ').next().unwrap_or_default().parse::<f64>()?;
        }
        Ok(sum)
    }

    /// Returns the number of events that were read so far.
    pub fn consumed(&self) -> anyhow::Result<u64> {
        Ok(self.sum("slackline_events_consumed_total")? as u64)
    }
}

impl Drop for Worker {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// Returns a new group id.
pub fn group() -> String {
    static NEXT: AtomicU32 = AtomicU32::new(0);
    format!("slackline-{}-{}", std::process::id(), NEXT.fetch_add(1, Ordering::Relaxed))
}
