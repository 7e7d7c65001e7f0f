//! The demo's terminal: lines that scroll, above two live lines that are updated in place.
//!
//! Invariant: on a terminal the live lines are always the last ones. Without a terminal, every line
//! is a plain line.

use std::io::{self, IsTerminal as _, Write};
use std::time::Duration;

use anstyle::{AnsiColor, Style};
use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};

use super::counters::Counters;

const TITLE: Style = AnsiColor::Cyan.on_default().bold();
const QUIET: Style = Style::new().dimmed();

/// How often the counters are printed without a terminal.
const PLAIN_INTERVAL: Duration = Duration::from_secs(5);

/// The time over which the rate of the live line is measured.
const RATE_PERIOD: Duration = Duration::from_secs(2);

/// Prints the demo's lines.
pub struct Screen<'a> {
    out: &'a mut dyn Write,
    bar: ProgressBar,
    /// When the counters were last printed as a plain line.
    printed: Option<Duration>,
    /// The time and the number of consumed events from which the rate is measured.
    since: (Duration, u64),
    /// Consumed events a second.
    rate: f64,
    /// Shown in the live lines.
    pub metrics_url: String,
}

/// Creates the live lines, hidden unless standard output and standard error are terminals.
#[must_use]
pub fn live_line() -> ProgressBar {
    let live = io::stdout().is_terminal() && io::stderr().is_terminal();
    let target = if live { ProgressDrawTarget::stderr() } else { ProgressDrawTarget::hidden() };
    let bar = ProgressBar::with_draw_target(None, target);
    if let Ok(style) = ProgressStyle::with_template("{prefix}\n{wide_msg}") {
        bar.set_style(style);
    }
    bar
}

impl<'a> Screen<'a> {
    /// Creates a screen that prints on `out`, above `bar`.
    pub fn new(out: &'a mut dyn Write, bar: ProgressBar) -> Self {
        Self {
            out,
            bar,
            printed: None,
            since: (Duration::ZERO, 0),
            rate: 0.0,
            metrics_url: String::new(),
        }
    }

    /// Prints one or more scrolling lines, which may contain styles.
    ///
    /// # Errors
    /// Standard output is closed.
    pub fn print(&mut self, text: &str) -> io::Result<()> {
        let out = &mut self.out;
        self.bar.suspend(|| {
            writeln!(out, "{text}")?;
            out.flush()
        })
    }

    /// Prints a headline.
    ///
    /// # Errors
    /// Standard output is closed.
    pub fn headline(&mut self, text: &str) -> io::Result<()> {
        self.print(&format!("\n{TITLE}── {text}{TITLE:#}"))
    }

    /// Prints a dimmed line.
    ///
    /// # Errors
    /// Standard output is closed.
    pub fn remark(&mut self, text: &str) -> io::Result<()> {
        self.print(&format!("{QUIET}{text}{QUIET:#}"))
    }

    /// Shows the counters, `elapsed` after the start of the first act.
    ///
    /// # Errors
    /// Standard output is closed.
    pub fn counters(&mut self, counters: &Counters, elapsed: Duration) -> io::Result<()> {
        let (then, consumed) = self.since;
        let over = elapsed.saturating_sub(then);
        if over >= RATE_PERIOD {
            self.rate = counters.consumed.saturating_sub(consumed) as f64 / over.as_secs_f64();
            self.since = (elapsed, counters.consumed);
        }
        let line = format!("{counters} · {:.0}/s", self.rate);
        let dropped = format!("dropped {}{}", counters.dropped(), counters.reasons());
        if !self.bar.is_hidden() {
            self.bar.set_prefix(line);
            self.bar.set_message(format!("{dropped} · {}", self.metrics_url));
            return Ok(());
        }
        if self.printed.is_some_and(|printed| elapsed < printed + PLAIN_INTERVAL) {
            return Ok(());
        }
        self.printed = Some(elapsed);
        self.print(&format!("[{:>3} s] {line} · {dropped}", elapsed.as_secs()))
    }

    /// Removes the live lines.
    pub fn clear(&self) {
        self.bar.finish_and_clear();
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "tests")]

    use super::*;

    #[test]
    fn without_a_terminal_the_counters_are_a_line_every_five_seconds() {
        let mut out = Vec::new();
        let mut screen = Screen::new(&mut out, ProgressBar::hidden());
        for second in 0..12 {
            let counters = Counters { consumed: second * 300, ..Counters::default() };
            screen.counters(&counters, Duration::from_secs(second)).unwrap();
        }
        screen.print("hello").unwrap();
        let text = String::from_utf8(out).unwrap();
        let lines: Vec<&str> = text.lines().collect();
        assert_eq!(lines.len(), 4, "{text}");
        assert!(lines[0].starts_with("[  0 s] consumed 0 ·"), "{text}");
        assert!(
            lines[1].starts_with("[  5 s] consumed 1500 ·")
                && lines[1].ends_with("· 300/s · dropped 0"),
            "{text}"
        );
        assert!(lines[2].starts_with("[ 10 s] consumed 3000 ·"), "{text}");
        assert_eq!(lines[3], "hello");
    }
}
