//! The rest of one sender: when it may probe, and what metrics, `/readyz` and log show of it.
//!
//! Invariant: each rest has one warning at its start and one line at its end.

use std::time::{Duration, SystemTime};

use tokio::time::Instant;
use tracing::{info, warn};

use super::app::{App, Attempter};
use super::cure::{RUNBOOK, cure, why};
use super::rest::{LONGEST, Rest};
use super::sender_context::SenderContext;
use super::verdict::{Repair, Verdict};
use crate::config::model::{Config, Webhook};
use crate::delivery::Ticket;
use crate::post::Post;

/// What a person must repair before a sender posts again. Times are those of its pace.
pub struct Resting {
    /// Boxed: it is rare, and there are ten thousand senders.
    rest: Option<Box<Rest>>,
    /// The number of signals that requested a reload, as far as applied.
    signals: u64,
}

impl Resting {
    /// Without a rest, after this many signals.
    pub fn new(signals: u64) -> Self {
        Self { rest: None, signals }
    }

    /// When the next probe may leave.
    pub fn next_probe(&self) -> Duration {
        self.rest.as_ref().map_or(Duration::ZERO, |rest| rest.next_probe())
    }

    /// When the age of a post that waits for its turn is checked again: while its app rests, it may
    /// become too old before the channel has a turn.
    pub fn next_age_check(&self, of: &SenderContext) -> Option<Instant> {
        of.endpoint.app.as_ref().filter(|app| app.rests()).map(|_| Instant::now() + LONGEST)
    }

    /// Whether every delivery of a post is older than its `max_age`, or without one than what a
    /// rest of the sender or of its app allows. After a first part, `max_age` does not count.
    pub fn is_expired(&self, of: &SenderContext, post: &Post) -> bool {
        let rest = self.rest.as_ref().and_then(|rest| rest.max_age());
        let rest = rest.or_else(|| of.endpoint.app.as_ref()?.max_age());
        let own = |ticket: Ticket| {
            of.config.max_age(ticket.action, of.webhook).filter(|_| post.parts_sent == 0)
        };
        let max_age = |ticket: Ticket| own(ticket).or(rest);
        let now = SystemTime::now();
        post.tickets.iter().all(|ticket| post.time.is_older(max_age(ticket), now))
    }

    /// Records what an attempt with the configuration `generation` came to at `now`: the rest of
    /// the sender or of its app starts, goes on or ends. Returns whether one of them rests.
    pub fn record(
        &mut self,
        of: &SenderContext,
        generation: u64,
        verdict: &Verdict,
        now: Duration,
    ) -> bool {
        let app = of.endpoint.app.as_deref();
        if let Some(app) = app {
            app.record(Attempter { channel: of.webhook, generation }, verdict);
        }
        match verdict {
            Verdict::Rest { whose: Repair::App, .. } if app.is_some() => {}
            Verdict::Rest { word, .. } => self.fail(of, word.clone(), now),
            _ if verdict.is_answer() => self.end(of, now),
            _ => self.unanswered(now),
        }
        self.rest.is_some() || app.is_some_and(App::rests)
    }

    /// Records an answer at `now` that starts a rest or prolongs it.
    fn fail(&mut self, of: &SenderContext, word: String, now: Duration) {
        let cure = cure(&word, of.app_name());
        of.metrics.resting(Some(why(&word, of.app_name())));
        if let Some(rest) = &mut self.rest {
            return rest.fail(word, now, rand::random());
        }
        let webhook = &of.webhook().name;
        warn!(
            webhook,
            answer = word,
            cure,
            help = RUNBOOK,
            "webhook rests: nothing is posted until this is repaired"
        );
        self.rest = Some(Box::new(Rest::start(word, now, rand::random())));
    }

    /// Records a probe at `now` that got no answer: it shows nothing about the cause.
    fn unanswered(&mut self, now: Duration) {
        if let Some(rest) = &mut self.rest {
            rest.fail(rest.word().to_owned(), now, rand::random());
        }
    }

    /// Applies a reload at `now`: another target than in `last` ends the rest, and so does the
    /// removal of the webhook. A signal makes a probe due, and so does another credential of the
    /// app.
    pub fn reload(&mut self, of: &SenderContext, last: &Config, signals: u64, now: Duration) {
        let index = of.webhook.0 as usize;
        let before = last.webhooks.get(index).and_then(Webhook::target);
        let requested = std::mem::replace(&mut self.signals, signals) != signals;
        if of.queue.is_retired() || before != of.webhook().target() {
            self.end(of, now);
        }
        let credentials = [last, &of.config].map(|config| config.app_of(of.webhook));
        let renewed = credentials[0].zip(credentials[1]).is_some_and(|(a, b)| !a.connects_like(b));
        if let Some(rest) = self.rest.as_mut().filter(|_| requested || renewed) {
            rest.probe_now(now);
        }
    }

    /// Ends the rest at `now`, if there is one.
    pub fn end(&mut self, of: &SenderContext, now: Duration) {
        if let Some(rest) = self.rest.take() {
            of.metrics.resting(None);
            let webhook = &of.webhook().name;
            let (attempts, seconds) =
                (rest.failures(), now.saturating_sub(rest.since()).as_secs_f64());
            info!(webhook, attempts, seconds, "webhook no longer rests");
        }
    }
}
