//! Two deployments and rollouts, as one member sees them.

use proptest::prelude::*;

use super::*;
use crate::event::TopicIndex;

const SECOND: Duration = Duration::from_secs(1);

fn partition(number: i32) -> Partition {
    Partition { topic: TopicIndex(0), number }
}

#[test]
fn a_rollout_that_renames_every_action_is_reported_once_and_then_over() {
    let (mut sightings, now) = (Sightings::default(), Instant::now());
    // Pods of the earlier version stop one after the other: their partitions come here, and some go
    // on to other pods of this version.
    assert_eq!(sightings.assigned(&[partition(0), partition(1)], now), Some(News::Appeared(2)));
    assert_eq!(sightings.assigned(&[partition(2)], now + 20 * SECOND), None);
    sightings.released(&[partition(0)], now + 30 * SECOND);
    assert_eq!(sightings.assigned(&[partition(3)], now + 40 * SECOND), None);
    assert!(!sightings.takes_survey(now + 59 * SECOND));
    assert!(sightings.takes_survey(now + 60 * SECOND));
    assert!(!sightings.takes_survey(now + 61 * SECOND), "one at a time");
    assert_eq!(sightings.surveyed(1, now + 61 * SECOND), None);
    assert_eq!(sightings.current().map(|current| current.partitions), Some(1));
    assert!(sightings.takes_survey(now + 120 * SECOND));
    assert_eq!(sightings.surveyed(0, now + 121 * SECOND), Some(News::Disappeared));
    assert_eq!(sightings.current(), None);
    assert!(!sightings.takes_survey(now + 600 * SECOND), "nothing is in sight");
}

#[test]
fn a_second_deployment_stays_in_sight_without_a_rebalance() {
    let (mut sightings, now) = (Sightings::default(), Instant::now());
    assert_eq!(sightings.assigned(&[partition(0)], now), Some(News::Appeared(1)));
    for minute in 1..600 {
        let now = now + minute * 60 * SECOND;
        assert!(sightings.takes_survey(now));
        assert_eq!(sightings.surveyed(3, now), None);
        let current = sightings.current().map(|current| (current.partitions, current.alternates()));
        assert_eq!(current, Some((3, false)));
    }
}

#[test]
fn a_partition_that_comes_back_with_anothers_commit_within_an_hour_alternates() {
    for (after, expected) in [
        (MEMORY - SECOND, News::Alternates(1)),
        // That long ago, it may have been a rollback.
        (MEMORY, News::Appeared(2)),
    ] {
        let (mut sightings, now) = (Sightings::default(), Instant::now());
        assert_eq!(sightings.assigned(&[], now), None);
        sightings.released(&[partition(0), partition(7)], now);
        let back = [partition(0), partition(1)];
        assert_eq!(sightings.assigned(&back, now + after), Some(expected));
    }
}

#[test]
fn commits_that_have_alternated_stay_in_sight_for_an_hour() {
    let (mut sightings, now) = (Sightings::default(), Instant::now());
    sightings.released(&[partition(0)], now);
    sightings.assigned(&[partition(0)], now);
    assert_eq!(sightings.surveyed(0, now + MEMORY - SECOND), None);
    assert!(sightings.current().is_some_and(|current| current.alternates()));
    assert_eq!(sightings.surveyed(0, now + MEMORY), Some(News::Disappeared));
}

/// Something that happens to this member.
#[derive(Debug, Clone)]
enum Event {
    /// Partitions are assigned: these had a foreign commit.
    Assigned(Vec<i32>),
    Released(Vec<i32>),
    Surveyed(u64),
}

/// An event, and the seconds before it.
fn event() -> impl Strategy<Value = (u64, Event)> {
    let numbers = || prop::collection::vec(0..4, 0..3);
    let event = prop_oneof![
        numbers().prop_map(Event::Assigned),
        numbers().prop_map(Event::Released),
        (0..3u64).prop_map(Event::Surveyed),
    ];
    (0..3_000u64, event)
}

/// Remembers everything.
#[derive(Default)]
struct Naive {
    releases: Vec<(i32, u64)>,
    in_sight: bool,
    alternated: Option<u64>,
}

impl Naive {
    fn take(&mut self, event: &Event, now: u64) -> Option<News> {
        let is_recent = |then: &u64| now - then < MEMORY.as_secs();
        match event {
            Event::Assigned(numbers) if numbers.is_empty() => None,
            Event::Assigned(numbers) => {
                let is_back = |number: &&i32| {
                    self.releases.iter().any(|(at, then)| at == *number && is_recent(then))
                };
                let back = numbers.iter().filter(is_back).count() as u64;
                let is_new = !std::mem::replace(&mut self.in_sight, true);
                if back > 0 {
                    self.alternated = Some(now);
                    return Some(News::Alternates(back));
                }
                is_new.then_some(News::Appeared(numbers.len() as u64))
            }
            Event::Released(numbers) => {
                self.releases.extend(numbers.iter().map(|number| (*number, now)));
                None
            }
            Event::Surveyed(count) => {
                let alternates = self.alternated.as_ref().is_some_and(is_recent);
                if !self.in_sight || *count > 0 || alternates {
                    return None;
                }
                (self.in_sight, self.alternated) = (false, None);
                Some(News::Disappeared)
            }
        }
    }
}

proptest! {
    #[test]
    fn the_news_are_those_of_the_naive_model(history in prop::collection::vec(event(), 0..30)) {
        let (mut sightings, mut naive) = (Sightings::default(), Naive::default());
        let (start, mut now) = (Instant::now(), 0);
        for (passed, event) in history {
            now += passed;
            let at = start + Duration::from_secs(now);
            let partitions = |numbers: &[i32]| -> Vec<Partition> {
                numbers.iter().copied().map(partition).collect()
            };
            let news = match &event {
                Event::Assigned(numbers) => sightings.assigned(&partitions(numbers), at),
                Event::Released(numbers) => {
                    sightings.released(&partitions(numbers), at);
                    None
                }
                Event::Surveyed(count) => sightings.surveyed(*count, at),
            };
            prop_assert_eq!(news, naive.take(&event, now));
            prop_assert_eq!(sightings.current().is_some(), naive.in_sight);
            prop_assert_eq!(sightings.clone().takes_survey(at + SURVEY_EVERY), naive.in_sight);
        }
    }
}
