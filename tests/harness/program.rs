//! The real program as a child process: started with a configuration, scraped while it runs, and
//! ended.
//!
//! Its metrics are scraped all the time, and every scrape must add up, in every test.

use std::collections::BTreeSet;
use std::fmt::Write as _;
use std::io::{BufRead, BufReader};
use std::net::SocketAddr;
use std::process::{Child, Command, ExitStatus, Stdio};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex};
use std::thread::{self, JoinHandle};
use std::time::{Duration, Instant};

use tempfile::TempDir;

use super::holds::Holds;
use super::http::get;
use super::poll::{poll, poll_for};
use super::port::free_address;
use super::scrape::Scrape;
use super::setup::{SECRET_OF_APPS, Setup};

/// A running `slackline run`. Dropping it kills the process, and prints its log if the test failed.
pub struct Program {
    child: Child,
    admin: SocketAddr,
    log: Arc<Mutex<String>>,
    watched: Arc<Watched>,
    threads: Vec<JoinHandle<()>>,
    home: TempDir,
}

#[derive(Default)]
struct Watched {
    over: AtomicBool,
    last: Mutex<Option<Scrape>>,
    holds: Mutex<Holds>,
    /// The first scrape that did not add up.
    violation: Mutex<Option<String>>,
}

/// A part of every webhook's URL here and of every app's token, each of no other text.
const SECRETS: [&str; 2] = ["/services/", SECRET_OF_APPS];

/// The signals that a test can send to the program.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Signal {
    /// SIGTERM: a graceful stop.
    Term,
    /// SIGINT: the same from a keyboard.
    Int,
    /// SIGHUP: reload the configuration.
    Hup,
    /// SIGKILL: end immediately.
    Kill,
    /// SIGSTOP: pause the process.
    Stop,
    /// SIGCONT: resume the process.
    Cont,
}

impl Program {
    /// Starts the program, without waiting until it is ready.
    pub fn start(setup: &Setup) -> Self {
        Self::start_logging(setup, "")
    }

    /// Starts the program with this `RUST_LOG`.
    pub fn start_logging(setup: &Setup, level: &str) -> Self {
        let home = TempDir::new().unwrap();
        let admin = free_address();
        let file = home.path().join("slackline.yaml");
        std::fs::write(&file, setup.yaml(admin)).unwrap();
        let mut child = Command::new(env!("CARGO_BIN_EXE_slackline"))
            .args(["run", "-c"])
            .arg(&file)
            .current_dir(home.path())
            .env("RUST_LOG", level)
            .env_remove("SLACKLINE_CONFIG")
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap();
        let log = Arc::new(Mutex::new(String::new()));
        let watched = Arc::new(Watched::default());
        let mut stderr = BufReader::new(child.stderr.take().unwrap());
        let threads = vec![
            thread::spawn({
                let log = log.clone();
                move || {
                    let mut line = Vec::new();
                    while stderr.read_until(b'\n', &mut line).is_ok_and(|read| read > 0) {
                        log.lock().unwrap().push_str(&String::from_utf8_lossy(&line));
                        line.clear();
                    }
                }
            }),
            thread::spawn({
                let watched = watched.clone();
                move || watch(admin, &watched)
            }),
        ];
        Self { child, admin, log, watched, threads, home }
    }

    /// Replaces the configuration file as Kubernetes does: by swapping a symbolic link.
    pub fn configure(&self, setup: &Setup) {
        self.write(&setup.yaml(self.admin));
    }

    /// The same, and waits until the new configuration is active.
    pub fn reconfigure(&self, setup: &Setup) {
        let hash = |scrape: &Scrape| scrape.only("slackline_config_hash", &[]);
        let before = hash(&self.scrape());
        self.configure(setup);
        self.await_metrics("another configuration", |scrape| hash(scrape) != before);
    }

    /// Replaces the configuration file by this text.
    pub fn write(&self, text: &str) {
        let file = tempfile::Builder::new().suffix(".yaml").tempfile_in(self.home.path()).unwrap();
        std::fs::write(&file, text).unwrap();
        let (_, file) = file.keep().unwrap();
        let link = self.home.path().join("next");
        std::os::unix::fs::symlink(file, &link).unwrap();
        std::fs::rename(link, self.home.path().join("slackline.yaml")).unwrap();
    }

    /// Starts the program and waits until it is ready.
    #[track_caller]
    pub fn ready(setup: &Setup) -> Self {
        let mut program = Self::start(setup);
        program.await_ready();
        program
    }

    /// Waits until `/readyz` answers 200.
    #[track_caller]
    pub fn await_ready(&mut self) {
        poll("ready", || {
            assert_eq!(
                self.child.try_wait().unwrap(),
                None,
                "the program ended before it was ready"
            );
            match get(self.admin, "/readyz") {
                Ok((200, _)) => Ok(()),
                other => Err(format!("`/readyz` says {other:?}")),
            }
        });
    }

    /// Status and body of `/readyz`, once the admin server answers.
    #[track_caller]
    pub fn readiness(&self) -> (u16, String) {
        poll("an answer of `/readyz`", || {
            get(self.admin, "/readyz").map_err(|error| error.to_string())
        })
    }

    /// Status of `/healthz`.
    #[track_caller]
    pub fn health(&self) -> u16 {
        poll("an answer of `/healthz`", || {
            get(self.admin, "/healthz").map_err(|error| error.to_string())
        })
        .0
    }

    /// The current metrics.
    #[track_caller]
    pub fn scrape(&self) -> Scrape {
        Scrape::parse(&poll("the metrics", || match get(self.admin, "/metrics") {
            Ok((200, text)) => Ok(text),
            other => Err(format!("{other:?}")),
        }))
    }

    /// The current metrics, or `None` if the program does not answer.
    pub fn try_scrape(&self) -> Option<Scrape> {
        get(self.admin, "/metrics")
            .ok()
            .filter(|(status, _)| *status == 200)
            .map(|(_, text)| Scrape::parse(&text))
    }

    /// The last scrape, also after the program has ended.
    pub fn last_scrape(&self) -> Scrape {
        self.watched.last.lock().unwrap().clone().unwrap_or_default()
    }

    /// The longest hold of one of its webhooks so far.
    pub fn longest_hold(&self) -> Duration {
        self.watched.holds.lock().unwrap().longest()
    }

    /// The topic and number of each partition that is assigned to it now.
    pub fn owned(&self) -> BTreeSet<(String, i32)> {
        let scrape = self.scrape();
        let owned = scrape.select("slackline_unsettled_events", &[]);
        owned
            .map(|series| {
                (series.labels["topic"].clone(), series.labels["partition"].parse().unwrap())
            })
            .collect()
    }

    /// Waits until the metrics satisfy a condition, and returns them.
    #[track_caller]
    pub fn await_metrics(&self, what: &str, mut condition: impl FnMut(&Scrape) -> bool) -> Scrape {
        poll(what, || {
            let scrape = self.scrape();
            if condition(&scrape) { Ok(scrape) } else { Err(shown(&scrape)) }
        })
    }

    /// Waits until the sum of a metric over these labels has this value.
    #[track_caller]
    pub fn await_sum(&self, name: &str, labels: &[(&str, &str)], value: f64) -> Scrape {
        self.await_metrics(&format!("{name} {labels:?} = {value}"), |scrape| {
            scrape.sum(name, labels) == value
        })
    }

    /// The log so far.
    pub fn log(&self) -> String {
        self.log.lock().unwrap().clone()
    }

    /// The warnings and errors in the log that contain `text`.
    pub fn warnings(&self, text: &str) -> Vec<String> {
        let bad = |line: &&str| line.contains(" WARN ") || line.contains("ERROR ");
        self.log()
            .lines()
            .filter(bad)
            .filter(|line| line.contains(text))
            .map(str::to_owned)
            .collect()
    }

    /// Returns whether the process still runs.
    pub fn is_running(&mut self) -> bool {
        self.child.try_wait().unwrap().is_none()
    }

    /// Its process id.
    pub fn pid(&self) -> u32 {
        self.child.id()
    }

    /// Resident memory in bytes: now, and its maximum so far.
    pub fn memory(&self) -> (u64, u64) {
        let status = std::fs::read_to_string(format!("/proc/{}/status", self.pid())).unwrap();
        let of = |name: &str| -> u64 {
            let line = status.lines().find_map(|line| line.strip_prefix(name)).unwrap();
            line.trim().trim_end_matches(" kB").parse::<u64>().unwrap() * 1024
        };
        (of("VmRSS:"), of("VmHWM:"))
    }

    /// The CPU time that it has used so far.
    pub fn cpu(&self) -> Duration {
        let stat = std::fs::read_to_string(format!("/proc/{}/stat", self.pid())).unwrap();
        // Counted after the name, which may contain spaces: fields 12 and 13 are user and system
        // time, in hundredths of a second on Linux.
        let fields = stat.rsplit_once(')').unwrap().1.split_whitespace().skip(11).take(2);
        Duration::from_millis(fields.map(|ticks| ticks.parse::<u64>().unwrap() * 10).sum())
    }

    /// Sends a signal.
    pub fn signal(&self, signal: Signal) {
        let name = match signal {
            Signal::Term => "TERM",
            Signal::Int => "INT",
            Signal::Hup => "HUP",
            Signal::Kill => "KILL",
            Signal::Stop => "STOP",
            Signal::Cont => "CONT",
        };
        // The shell's own `kill`, because a machine may not have the program.
        let sent = Command::new("sh")
            .args(["-c", &format!("kill -{name} {}", self.pid())])
            .status()
            .unwrap();
        assert!(sent.success(), "signal {name} could not be sent");
    }

    /// Waits until the process ends.
    #[track_caller]
    pub fn await_end(&mut self, deadline: Duration) -> ExitStatus {
        poll_for(deadline, "the program's end", || {
            self.child.try_wait().unwrap().ok_or_else(|| "it still runs".to_owned())
        })
    }

    /// Sends SIGTERM. The program must end with exit code 0.
    #[track_caller]
    pub fn stop(mut self) -> Scrape {
        self.signal(Signal::Term);
        let status = self.await_end(Duration::from_secs(20));
        assert_eq!(status.code(), Some(0), "a graceful stop ends with {status}");
        self.last_scrape()
    }

    /// The same, and returns the whole log.
    #[track_caller]
    pub fn stop_and_log(mut self) -> String {
        self.signal(Signal::Term);
        let status = self.await_end(Duration::from_secs(20));
        assert_eq!(status.code(), Some(0), "a graceful stop ends with {status}");
        // The log is complete once its reader has ended.
        self.threads.remove(0).join().unwrap();
        self.log()
    }

    /// Sends SIGKILL.
    pub fn kill(mut self) {
        self.signal(Signal::Kill);
        self.await_end(Duration::from_secs(20));
    }
}

/// Scrapes until the program has ended, and records the first scrape that does not add up.
fn watch(admin: SocketAddr, watched: &Watched) {
    while !watched.over.load(Ordering::Acquire) {
        if let Ok((200, text)) = get(admin, "/metrics") {
            let scrape = Scrape::parse(&text);
            let secret = if SECRETS.iter().any(|secret| text.contains(secret)) {
                Err("a webhook's URL or an app's token in the metrics".to_owned())
            } else {
                Ok(())
            };
            if let Err(error) = scrape.conservation().and(secret) {
                watched.violation.lock().unwrap().get_or_insert(error);
            }
            watched.holds.lock().unwrap().record(&scrape, Instant::now());
            *watched.last.lock().unwrap() = Some(scrape);
        }
        thread::sleep(Duration::from_millis(50));
    }
}

/// The few metrics that explain why a test waits in vain.
fn shown(scrape: &Scrape) -> String {
    let mut out = String::new();
    for series in scrape.series().iter().filter(|series| {
        series.value != 0.0
            && !series.name.contains("_seconds_")
            && !series.name.starts_with("slackline_config")
    }) {
        let _ = write!(out, "\n  {} {:?} {}", series.name, series.labels, series.value);
    }
    out
}

impl Drop for Program {
    fn drop(&mut self) {
        drop(self.child.kill());
        drop(self.child.wait());
        self.watched.over.store(true, Ordering::Release);
        for thread in self.threads.drain(..) {
            drop(thread.join());
        }
        if thread::panicking() {
            let (pid, log, metrics) = (self.child.id(), self.log(), shown(&self.last_scrape()));
            eprintln!(
                "--- what the program (pid {pid}) logged:\n{log}--- and its last metrics:{metrics}\n---"
            );
            return;
        }
        // Checked in every test: scrapes add up, the program does not panic, and no webhook's URL
        // and no app's token is logged.
        assert_eq!(*self.watched.violation.lock().unwrap(), None, "a scrape did not add up");
        let log = self.log();
        assert!(!log.contains("panicked"), "{log}");
        let leaks = SECRETS.iter().any(|secret| log.contains(secret));
        assert!(!leaks, "the URL of a webhook or the token of an app was logged:\n{log}");
    }
}
