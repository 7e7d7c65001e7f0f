//! The real program as a child process on the measured core.

use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::process::{Child, Stdio};
use std::sync::mpsc::{Receiver, sync_channel};
use std::thread;
use std::time::{Duration, Instant};

use anyhow::Context as _;

use super::process;
use super::report::Settings;
use crate::actions::{self, Setup, Triggers};

/// So long the group may take to give the partitions away.
const JOIN: Duration = Duration::from_secs(120);

/// A running `slackline run`. Dropped, it is killed: what it leaves behind is of a group that nobody asks for again.
pub struct Worker {
    child: Child,
    admin: SocketAddr,
    /// Tells of the assignment once it is there.
    assigned: Receiver<Assigned>,
}

/// The moment from which on it reads. Seen a wake-up of this process later than it was, which is some tenths of a percent of what is measured.
#[derive(Debug, Clone, Copy)]
pub struct Assigned {
    /// When.
    pub at: Instant,
    /// The processor time that it had used by then.
    pub cpu: Duration,
}

impl Worker {
    /// Starts it with so many webhooks besides that of the marks; `setup.admin` is chosen here.
    pub fn start(
        settings: &Settings,
        mut setup: Setup,
        triggers: Triggers,
    ) -> anyhow::Result<Self> {
        let admin = free_address()?;
        setup.admin = admin.to_string();
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
        let (tell, assigned) = sync_channel(1);
        let (pid, log) = (child.id(), child.stderr.take().context("no standard error")?);
        let path = settings.home.join("slackline.log");
        let mut kept = std::fs::File::create(path)?;
        thread::spawn(move || {
            for line in BufReader::new(log).lines().map_while(Result::ok) {
                // From here on it reads: the line is written before the poll loop takes the first event.
                if line.contains("partitions assigned")
                    && let Ok(cpu) = process::cpu(pid)
                {
                    let _ = tell.try_send(Assigned { at: Instant::now(), cpu });
                }
                let _ = writeln!(kept, "{line}");
            }
        });
        Ok(Self { child, admin, assigned })
    }

    /// Waits until it begins to read.
    pub fn assigned(&self) -> anyhow::Result<Assigned> {
        self.assigned
            .recv_timeout(JOIN)
            .context("no partition was assigned; `slackline.log` says why")
    }

    /// The processor time that it has used.
    pub fn cpu(&self) -> anyhow::Result<Duration> {
        process::cpu(self.child.id())
    }

    /// Bytes resident: now, and the most there ever were.
    pub fn memory(&self) -> anyhow::Result<(u64, u64)> {
        process::memory(self.child.id())
    }

    /// The sum over the series of one metric. The whole page is made for it, which costs the worker time: ask seldom.
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
}

impl Drop for Worker {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// An address that was free a moment ago.
fn free_address() -> anyhow::Result<SocketAddr> {
    Ok(TcpListener::bind(("127.0.0.1", 0))?.local_addr()?)
}
