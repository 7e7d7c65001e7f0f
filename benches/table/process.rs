//! The processor time and the memory of a process, from `/proc`.

use std::fs;
use std::time::{Duration, Instant};

use anyhow::Context as _;

/// The time and the processor time of a process at one moment.
#[derive(Debug, Clone, Copy)]
pub struct Moment {
    pub at: Instant,
    pid: u32,
    cpu: Duration,
}

impl Moment {
    /// Returns the current moment of a process.
    pub fn of(pid: u32) -> anyhow::Result<Self> {
        Ok(Self { at: Instant::now(), pid, cpu: cpu(pid)? })
    }

    /// Returns the processor time since this moment, in µs.
    pub fn cpu_us(&self) -> anyhow::Result<f64> {
        Ok(cpu(self.pid)?.saturating_sub(self.cpu).as_secs_f64() * 1e6)
    }
}

/// Returns the user and system time of all living threads. `schedstat` counts nanoseconds;
/// `/proc/PID/stat` counts hundredths of a second.
fn cpu(pid: u32) -> anyhow::Result<Duration> {
    let mut nanoseconds = 0;
    for task in fs::read_dir(format!("/proc/{pid}/task"))
        .with_context(|| format!("process {pid} does not exist"))?
    {
        // A thread may end in between; such a thread was idle.
        let Ok(text) = fs::read_to_string(task?.path().join("schedstat")) else { continue };
        let spent = text.split(' ').next().and_then(|number| number.parse::<u64>().ok());
        nanoseconds += spent.context("no number in `schedstat`")?;
    }
    Ok(Duration::from_nanos(nanoseconds))
}

/// Returns the resident bytes: the current and the largest number.
pub fn memory(pid: u32) -> anyhow::Result<(u64, u64)> {
    let status = fs::read_to_string(format!("/proc/{pid}/status"))?;
    let of = |name: &str| {
        let line = status
            .lines()
            .find_map(|line| line.strip_prefix(name))
            .with_context(|| format!("no `{name}`"))?;
        let kilobytes: u64 = line.split_whitespace().next().context("no number")?.parse()?;
        anyhow::Ok(kilobytes * 1024)
    };
    Ok((of("VmRSS:")?, of("VmHWM:")?))
}
