//! The minute that repeats: what happens when. Pure: time in, cues out.
//!
//! Invariant: over any sequence of adjoining spans every cue comes exactly once a round, in order.

use std::time::Duration;

use super::traffic::Channel;

/// After this the acts begin anew.
pub const ROUND: Duration = Duration::from_secs(60);

/// Something that the demo does at a certain moment.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Cue {
    /// An act begins.
    Act(&'static Act),
    /// So many orders at once.
    Burst(u32),
    /// From now on the channel's webhook answers like this.
    Slack(Channel, Mood),
}

/// A part of the minute, as it is announced.
#[derive(Debug, PartialEq, Eq)]
pub struct Act {
    /// From 1.
    pub number: u32,
    /// A few words.
    pub title: &'static str,
    /// What to look at.
    pub story: &'static str,
}

/// How the fake Slack answers.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Mood {
    /// 200 and `ok`.
    Fine,
    /// The next post gets 429 with this Retry-After; what follows is fine.
    RateLimitOnce(Duration),
    /// 503.
    Unavailable,
    /// The connection is reset.
    Resets,
}

const STEADY: Act = Act {
    number: 1,
    title: "an ordinary day",
    story: "hundreds of events a second, and a post for the few that matter",
};
const BURST: Act = Act {
    number: 2,
    title: "a flash sale",
    story: "60 orders at once; #orders takes one a second and its queue holds 10, so the rest is dropped, counted and logged",
};
const LIMITED: Act = Act {
    number: 3,
    title: "Slack says slow down",
    story: "the next post to #sales-alerts gets a 429 with Retry-After: 5; that webhook waits, the others go on",
};
const OUTAGE: Act = Act {
    number: 4,
    title: "an outage",
    story: "#support-alerts answers 503, then resets connections; its posts are tried again, in order, until it is back",
};
const CALM: Act = Act {
    number: 5,
    title: "and the way back",
    story: "everything that waited is posted; not one message was lost in the outage",
};

/// By time within the round, ascending.
const CUES: &[(Duration, Cue)] = &[
    (Duration::from_secs(0), Cue::Act(&STEADY)),
    (Duration::from_secs(12), Cue::Act(&BURST)),
    (Duration::from_secs(13), Cue::Burst(60)),
    (Duration::from_secs(24), Cue::Act(&LIMITED)),
    (
        Duration::from_secs(24),
        Cue::Slack(Channel::Sales, Mood::RateLimitOnce(Duration::from_secs(5))),
    ),
    (Duration::from_secs(36), Cue::Act(&OUTAGE)),
    (Duration::from_secs(36), Cue::Slack(Channel::Support, Mood::Unavailable)),
    (Duration::from_secs(41), Cue::Slack(Channel::Support, Mood::Resets)),
    (Duration::from_secs(46), Cue::Slack(Channel::Support, Mood::Fine)),
    (Duration::from_secs(46), Cue::Act(&CALM)),
];

/// What begins at `from` or later and before `to`, both counted from the demo's start.
pub fn cues(from: Duration, to: Duration) -> impl Iterator<Item = Cue> {
    let rounds = from.as_secs() / ROUND.as_secs()..=to.as_secs() / ROUND.as_secs();
    rounds
        .flat_map(|round| {
            CUES.iter()
                .map(move |(at, cue)| (Duration::from_secs(round * ROUND.as_secs()) + *at, *cue))
        })
        .filter(move |(at, _)| (from..to).contains(at))
        .map(|(_, cue)| cue)
}

/// How many times something that happens every `every` (at 0 too) happens from `from` on and before `to`.
#[must_use]
pub fn times(every: Duration, from: Duration, to: Duration) -> u64 {
    let before = |moment: Duration| moment.as_nanos().div_ceil(every.as_nanos().max(1));
    u64::try_from(before(to).saturating_sub(before(from))).unwrap_or(u64::MAX)
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "tests")]

    use proptest::prelude::*;

    use super::*;

    fn seconds(seconds: u64) -> Duration {
        Duration::from_secs(seconds)
    }

    #[test]
    fn a_round_shows_every_act_in_order() {
        let acts: Vec<u32> = cues(Duration::ZERO, ROUND)
            .filter_map(|cue| match cue {
                Cue::Act(act) => Some(act.number),
                Cue::Burst(_) | Cue::Slack(..) => None,
            })
            .collect();
        assert_eq!(acts, [1, 2, 3, 4, 5]);
    }

    #[test]
    fn cues_are_ascending_and_within_the_round() {
        assert!(CUES.is_sorted_by_key(|(at, _)| *at));
        assert!(CUES.iter().all(|(at, _)| *at < ROUND));
    }

    /// What one act breaks is whole again when the next begins, so that a round starts as the first did.
    #[test]
    fn every_trouble_ends_within_its_round() {
        for channel in Channel::ALL {
            let last = CUES.iter().rev().find_map(|(_, cue)| match cue {
                Cue::Slack(of, mood) if *of == channel => Some(*mood),
                _ => None,
            });
            assert!(
                matches!(last, None | Some(Mood::Fine | Mood::RateLimitOnce(_))),
                "{channel:?} stays {last:?}"
            );
        }
    }

    #[test]
    fn the_second_round_is_the_first_again() {
        let first: Vec<Cue> = cues(Duration::ZERO, ROUND).collect();
        assert_eq!(cues(ROUND * 7, ROUND * 8).collect::<Vec<_>>(), first);
        assert_eq!(cues(seconds(72), seconds(73)).collect::<Vec<_>>(), [Cue::Act(&BURST)]);
    }

    #[test]
    fn times_counts_from_zero_on() {
        assert_eq!(times(seconds(3), Duration::ZERO, seconds(3)), 1);
        assert_eq!(times(seconds(3), seconds(1), seconds(3)), 0);
        assert_eq!(times(seconds(3), seconds(3), seconds(4)), 1);
        assert_eq!(times(Duration::from_millis(4), Duration::ZERO, seconds(1)), 250);
    }

    proptest! {
        #[test]
        fn no_cue_is_lost_or_doubled_between_ticks(ticks in proptest::collection::vec(1u64..9_000, 1..80)) {
            let mut now = Duration::ZERO;
            let mut seen = Vec::new();
            let mut counted = 0;
            for tick in ticks {
                let next = now + Duration::from_millis(tick);
                seen.extend(cues(now, next));
                counted += times(Duration::from_millis(700), now, next);
                now = next;
            }
            prop_assert_eq!(seen, cues(Duration::ZERO, now).collect::<Vec<_>>());
            prop_assert_eq!(counted, times(Duration::from_millis(700), Duration::ZERO, now));
        }
    }
}
