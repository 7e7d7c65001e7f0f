//! The demo's terminal: lines that scroll, and under them two that live.
//!
//! Invariant: on a terminal the live lines are always the last; without one everything is a plain line.

use std::io::{self, IsTerminal as _, Write};
use std::time::Duration;

use anstyle::{AnsiColor, Style};
use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};

use super::counters::Counters;
use super::timeline::Act;

const TITLE: Style = AnsiColor::Cyan.on_default().bold();
const QUIET: Style = Style::new().dimmed();

/// Without a terminal, so often the counters are printed.
const PLAIN_EVERY: Duration = Duration::from_secs(5);

/// Over this much time the rates of the live line are taken.
const RATE_OVER: Duration = Duration::from_secs(2);

/// What the demo prints on.
pub struct Screen<'a> {
    out: &'a mut dyn Write,
    bar: ProgressBar,
    /// The last plain line of counters.
    printed: Option<Duration>,
    /// The counters that the rate is taken from, and the rate.
    since: (Duration, u64),
    rate: f64,
    /// Where to look further: stays in sight.
    further: String,
}

/// The live lines: hidden unless both outputs are a terminal.
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
    /// Prints on `out`, above `bar`.
    pub fn new(out: &'a mut dyn Write, bar: ProgressBar) -> Self {
        Self {
            out,
            bar,
            printed: None,
            since: (Duration::ZERO, 0),
            rate: 0.0,
            further: String::new(),
        }
    }

    /// Whether there is a terminal on which a line can live.
    #[must_use]
    pub fn is_live(&self) -> bool {
        !self.bar.is_hidden()
    }

    /// One scrolling line or more; may be styled.
    ///
    /// # Errors
    /// Standard output is gone.
    pub fn print(&mut self, text: &str) -> io::Result<()> {
        let out = &mut self.out;
        self.bar.suspend(|| {
            writeln!(out, "{text}")?;
            out.flush()
        })
    }

    /// Announces an act.
    ///
    /// # Errors
    /// Standard output is gone.
    pub fn act(&mut self, act: &Act) -> io::Result<()> {
        let Act { number, title, story } = act;
        self.headline(&format!("Act {number}: {title}"))?;
        self.remark(&format!("   {story}"))
    }

    /// A line that stands out.
    ///
    /// # Errors
    /// Standard output is gone.
    pub fn headline(&mut self, text: &str) -> io::Result<()> {
        self.print(&format!("\n{TITLE}── {text}{TITLE:#}"))
    }

    /// A remark of the demo's own.
    ///
    /// # Errors
    /// Standard output is gone.
    pub fn remark(&mut self, text: &str) -> io::Result<()> {
        self.print(&format!("{QUIET}{text}{QUIET:#}"))
    }

    /// Where to look further; shown with the counters on a terminal.
    pub fn look_further(&mut self, at: String) {
        self.further = at;
    }

    /// The counters, `elapsed` after the demo's start.
    ///
    /// # Errors
    /// Standard output is gone.
    pub fn counters(&mut self, counters: &Counters, elapsed: Duration) -> io::Result<()> {
        let (then, consumed) = self.since;
        let over = elapsed.saturating_sub(then);
        if over >= RATE_OVER {
            self.rate = as_float(counters.consumed.saturating_sub(consumed)) / over.as_secs_f64();
            self.since = (elapsed, counters.consumed);
        }
        let line = format!("{counters} · {:.0}/s", self.rate);
        let dropped = format!("dropped {}{}", counters.dropped(), counters.reasons());
        if self.is_live() {
            self.bar.set_prefix(line);
            self.bar.set_message(format!("{dropped} · {}", self.further));
            return Ok(());
        }
        if self.printed.is_some_and(|printed| elapsed < printed + PLAIN_EVERY) {
            return Ok(());
        }
        self.printed = Some(elapsed);
        self.print(&format!("[{:>3} s] {line} · {dropped}", elapsed.as_secs()))
    }

    /// Takes the live line away.
    pub fn clear(&self) {
        self.bar.finish_and_clear();
    }
}

#[allow(clippy::cast_precision_loss, reason = "a rate for the eye")]
fn as_float(count: u64) -> f64 {
    count as f64
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
