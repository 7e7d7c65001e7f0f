//! The processor time and the memory of a process, from `/proc`.

use std::fs;
use std::path::Path;
use std::time::Duration;

use anyhow::Context as _;

/// Returns the user and system time of all living threads. `schedstat` counts nanoseconds;
/// `/proc/PID/stat` counts hundredths of a second.
pub fn cpu(pid: u32) -> anyhow::Result<Duration> {
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
    let status = fs::read_to_string(Path::new("/proc").join(pid.to_string()).join("status"))?;
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
