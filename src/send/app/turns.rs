//! When an app may post again, whichever channel is next: its rate limit, its throttle, its rest.
//!
//! Pure: time and chance are arguments, counted from any fixed start. Invariants: in no span of
//! time leave more attempts than rate × span + 1, whatever the shares were (at 500 a second and
//! more: than rate × (span + 2 ms) + 1); while the app rests, one attempt at a time leaves, and
//! only when a probe is due.

use std::time::Duration;

use crate::config::model::WebhookIndex;
use crate::send::limit::Limiter;
use crate::send::rest::Rest;

/// Two channels that are throttled within this time throttle their app: Slack does not say which
/// limit was reached.
const TOGETHER: Duration = Duration::from_secs(10);

/// The timer's precision. Where turns are closer together, all that are due in this time are taken.
const TIMER: Duration = Duration::from_millis(2);

/// The state of one app on this replica.
pub struct Turns {
    /// Messages a second, for the whole group.
    rate: f64,
    /// This replica's share of it.
    share: f64,
    limiter: Limiter,
    /// The channels that were throttled within [`TOGETHER`].
    throttled: Vec<Throttled>,
    rest: Option<Rest>,
    /// The channel whose attempt is the probe that is under way.
    probing: Option<WebhookIndex>,
    /// The number of the configuration that the credential came with.
    generation: u64,
}

struct Throttled {
    channel: WebhookIndex,
    at: Duration,
    until: Duration,
}

/// When the next attempt may leave.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Ready {
    /// From this time on.
    At(Duration),
    /// Not before something else changes: the share, the configuration, or that a probe ends.
    AfterChange,
}

/// What an answer changes for the app.
#[derive(Debug, PartialEq, Eq)]
pub enum Change {
    /// The app rests from now on.
    Rests,
    /// It no longer rests: the rest that ended.
    Works(Rest),
}

impl Turns {
    /// Without a rate: [`Turns::set_rate`] sets it.
    pub fn new(now: Duration) -> Self {
        Self {
            rate: 0.0,
            share: 0.0,
            limiter: Limiter::new(0.0, 1, 0.0, now),
            throttled: Vec::new(),
            rest: None,
            probing: None,
            generation: 0,
        }
    }

    /// Lets this replica's `share` of `rate` messages a second leave. What was spent stays spent.
    /// Returns whether that is a change.
    pub fn set_rate(&mut self, rate: f64, share: f64, now: Duration) -> bool {
        let changed = (self.rate, self.share) != (rate, share);
        (self.rate, self.share) = (rate, share);
        // At most 600,000 a minute: 10,000 a second.
        let together = (self.rate() * TIMER.as_secs_f64()) as u32;
        self.limiter.set_rate(rate, 1 + together, share, now);
        changed
    }

    /// Messages a second that this replica may send.
    pub fn rate(&self) -> f64 {
        self.rate * self.share
    }

    /// Records that the configuration of this number brings another credential, or that a person
    /// requested a probe: a rest ends or goes on with the next answer.
    pub fn renew(&mut self, generation: u64, now: Duration) {
        self.generation = self.generation.max(generation);
        self.probing = None;
        if let Some(rest) = &mut self.rest {
            rest.probe_now(now);
        }
    }

    /// Whether an attempt with the configuration `generation` has the current credential. What
    /// another one came to says nothing about it.
    pub fn is_current(&self, generation: u64) -> bool {
        generation >= self.generation
    }

    /// When an attempt may leave that was made with the configuration `generation`.
    pub fn ready_at(&self, generation: u64, now: Duration) -> Ready {
        if !self.is_current(generation) || self.probing.is_some() {
            return Ready::AfterChange;
        }
        let probe = self.rest.as_ref().map_or(Duration::ZERO, Rest::next_probe);
        self.limiter.ready_at(now).map_or(Ready::AfterChange, |at| Ready::At(at.max(probe)))
    }

    /// Lets an attempt of `channel` leave at `now`. `false`: not yet, and nothing is spent.
    pub fn take(&mut self, channel: WebhookIndex, generation: u64, now: Duration) -> bool {
        let ready = matches!(self.ready_at(generation, now), Ready::At(at) if at <= now);
        let taken = ready && self.limiter.take(now);
        if taken && self.rest.is_some() {
            self.probing = Some(channel);
        }
        taken
    }

    /// Records that `channel` is throttled from `now` until `until`. Returns until when the app is
    /// throttled, where it has become so, or for longer.
    pub fn throttle(
        &mut self,
        channel: WebhookIndex,
        until: Duration,
        now: Duration,
    ) -> Option<Duration> {
        self.throttled.retain(|before| {
            before.channel != channel && now.saturating_sub(before.at) <= TOGETHER
        });
        let latest = self.throttled.iter().map(|before| before.until).max();
        self.throttled.push(Throttled { channel, at: now, until });
        let until = latest?.max(until);
        let longer =
            self.limiter.throttled_until(now).is_none_or(|current| current < until) && until > now;
        self.limiter.throttle(until);
        longer.then_some(until)
    }

    /// Records an answer that rests the app. Only a failed probe prolongs a rest: other attempts
    /// were under way when it started.
    pub fn refuse(
        &mut self,
        channel: WebhookIndex,
        word: String,
        now: Duration,
        chance: f64,
    ) -> Option<Change> {
        let probed = self.end_probe(channel);
        match &mut self.rest {
            Some(rest) => {
                if probed {
                    rest.fail(word, now, chance);
                }
                None
            }
            None => {
                self.rest = Some(Rest::start(word, now, chance));
                Some(Change::Rests)
            }
        }
    }

    /// Records any other answer: the credential works.
    pub fn answer(&mut self) -> Option<Change> {
        self.probing = None;
        self.rest.take().map(Change::Works)
    }

    /// Records that an attempt of `channel` got no answer. Where it was the probe, the next one
    /// follows after the schedule's pause.
    pub fn unanswered(&mut self, channel: WebhookIndex, now: Duration, chance: f64) {
        if self.end_probe(channel)
            && let Some(rest) = &mut self.rest
        {
            rest.fail(rest.word().to_owned(), now, chance);
        }
    }

    /// Ends the probe of `channel`. Returns whether there was one.
    fn end_probe(&mut self, channel: WebhookIndex) -> bool {
        let probed = self.probing == Some(channel);
        if probed {
            self.probing = None;
        }
        probed
    }

    /// What the app rests for.
    pub fn rest(&self) -> Option<&Rest> {
        self.rest.as_ref()
    }
}

#[cfg(test)]
mod tests;
