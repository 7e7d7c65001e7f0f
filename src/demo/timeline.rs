//! The timeline of the demo: a round of one minute that repeats. Pure: time in, steps out.
//!
//! Invariant: over any sequence of adjoining time spans, each step occurs exactly once per round,
//! in order.

use std::time::Duration;

use super::traffic::Channel;

/// The length of a round.
pub const ROUND: Duration = Duration::from_secs(60);

/// Something that the demo does at a given time.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Step {
    /// An act starts: a part of the round, as shown on the screen.
    Act {
        /// The number, from 1.
        number: u32,
        /// A few words that name it.
        title: &'static str,
        /// What happens in it.
        description: &'static str,
    },
    /// This many orders are produced immediately.
    Burst(u32),
    /// The channel's webhook answers like this from now on.
    Slack(Channel, Behavior),
}

/// How a webhook of the fake Slack answers.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Behavior {
    /// 200 with the body `ok`.
    Normal,
    /// 429 with this `Retry-After` for the next message, then normal.
    RateLimitOnce(Duration),
    /// Status 503.
    Unavailable,
    /// Connection resets.
    Resets,
}

/// The steps by the second within the round, ascending.
const STEPS: &[(u64, Step)] = &[
    (
        0,
        Step::Act {
            number: 1,
            title: "an ordinary day",
            description: "hundreds of events a second, and a message for the few that match an action",
        },
    ),
    (
        12,
        Step::Act {
            number: 2,
            title: "a flash sale",
            description: "60 orders in an instant; #orders accepts one a second and its queue holds 10, \
                          so the others are dropped, counted and logged",
        },
    ),
    (13, Step::Burst(60)),
    (
        24,
        Step::Act {
            number: 3,
            title: "Slack says slow down",
            description: "the next message to #sales-alerts gets a 429 with Retry-After: 5; that channel \
                          waits, the others continue",
        },
    ),
    (24, Step::Slack(Channel::Sales, Behavior::RateLimitOnce(Duration::from_secs(5)))),
    (
        36,
        Step::Act {
            number: 4,
            title: "an outage",
            description: "#support-alerts answers 503, then resets connections; its messages are \
                          retried, in order, until it recovers",
        },
    ),
    (36, Step::Slack(Channel::Support, Behavior::Unavailable)),
    (41, Step::Slack(Channel::Support, Behavior::Resets)),
    (46, Step::Slack(Channel::Support, Behavior::Normal)),
    (
        46,
        Step::Act {
            number: 5,
            title: "the recovery",
            description: "everything that waited is posted; the outage lost no message",
        },
    ),
];

/// Returns the steps from `from` up to, but not including, `to`, both since the first act started.
pub fn steps(from: Duration, to: Duration) -> impl Iterator<Item = Step> {
    let round = ROUND.as_secs();
    let rounds = from.as_secs() / round..=to.as_secs() / round;
    rounds
        .flat_map(move |number| {
            STEPS.iter().map(move |(at, step)| (Duration::from_secs(number * round + at), *step))
        })
        .filter(move |(at, _)| (from..to).contains(at))
        .map(|(_, step)| step)
}

/// Returns how often something that happens at 0 and then in each `interval` happens from `from` up
/// to, but not including, `to`.
#[must_use]
pub fn times(interval: Duration, from: Duration, to: Duration) -> u64 {
    let before = |moment: Duration| moment.as_nanos().div_ceil(interval.as_nanos().max(1));
    before(to).saturating_sub(before(from)) as u64
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
        let acts: Vec<u32> = steps(Duration::ZERO, ROUND)
            .filter_map(|step| match step {
                Step::Act { number, .. } => Some(number),
                Step::Burst(_) | Step::Slack(..) => None,
            })
            .collect();
        assert_eq!(acts, [1, 2, 3, 4, 5]);
    }

    #[test]
    fn steps_are_ascending_and_within_the_round() {
        assert!(STEPS.is_sorted_by_key(|(at, _)| *at));
        assert!(STEPS.iter().all(|(at, _)| seconds(*at) < ROUND));
    }

    /// Each round starts in the same state as the first one.
    #[test]
    fn every_webhook_is_normal_at_the_end_of_a_round() {
        for channel in Channel::ALL {
            let last = STEPS.iter().rev().find_map(|(_, step)| match step {
                Step::Slack(of, behavior) if *of == channel => Some(*behavior),
                _ => None,
            });
            assert!(
                matches!(last, None | Some(Behavior::Normal | Behavior::RateLimitOnce(_))),
                "{channel:?} stays {last:?}"
            );
        }
    }

    #[test]
    fn every_round_is_the_same() {
        let first: Vec<Step> = steps(Duration::ZERO, ROUND).collect();
        assert_eq!(steps(ROUND * 7, ROUND * 8).collect::<Vec<_>>(), first);
        let second: Vec<Step> = steps(seconds(72), seconds(73)).collect();
        assert!(matches!(second[..], [Step::Act { number: 2, .. }]), "{second:?}");
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
        fn no_step_is_lost_or_repeated_between_ticks(ticks in proptest::collection::vec(1u64..9_000, 1..80)) {
            let mut now = Duration::ZERO;
            let mut seen = Vec::new();
            let mut counted = 0;
            for tick in ticks {
                let next = now + Duration::from_millis(tick);
                seen.extend(steps(now, next));
                counted += times(Duration::from_millis(700), now, next);
                now = next;
            }
            prop_assert_eq!(seen, steps(Duration::ZERO, now).collect::<Vec<_>>());
            prop_assert_eq!(counted, times(Duration::from_millis(700), Duration::ZERO, now));
        }
    }
}
