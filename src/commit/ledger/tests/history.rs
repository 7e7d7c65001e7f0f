//! Random histories of one partition: owners that read, deliver, commit and are killed; commits
//! that fail or whose acknowledgement is lost; configurations that change between two owners, and
//! by a reload; actions that choose a sender by the event.
//!
//! Whatever the room for metadata, nothing undelivered is skipped. With enough room, only
//! deliveries that no acknowledged commit contains are repeated.

use std::collections::{BTreeSet, HashMap};

use proptest::prelude::*;

use self::lives::{Answer, CHANNELS, Change, KEYS, Life, Step, TEMPLATES, events, life};
use super::super::*;
use super::{hold, window};
use crate::commit::name_index::NamedAction;
use crate::commit::restart_state::codec::decode;
use crate::commit_hold::CommitWindow;
use crate::config::model::ActionIndex;
use crate::delivery::Route;
use crate::event::TopicIndex;

mod lives;

const TOPIC: &[TopicIndex] = &[TopicIndex(0)];
const PARTITION: Partition = Partition { topic: TopicIndex(0), number: 0 };
/// Three webhooks, and the further channels of the first one.
const WEBHOOKS: [&str; 5] = ["w0", "w1", "w2", "w0/#1", "w0/#2"];
const CHOOSING: u32 = 0;

/// An action with an identity that outlasts changes of its name and webhook.
#[derive(Debug, Clone)]
struct Action {
    identity: u32,
    name: String,
    webhook: u32,
    /// How it chooses among the channels of the first webhook, if it posts to that one.
    template: Option<u32>,
    /// It matches the events that have this key.
    key: u32,
}

/// What happened to one event for one action.
#[derive(Debug, Default)]
struct Fate {
    delivered: u32,
    dropped: u32,
    /// The action was configured when an acknowledged commit's mark first passed the event, and has
    /// been since: the event must be delivered for it.
    due: bool,
    /// The action was renamed, or moved to another webhook, since. Both together make another
    /// action of it, and what was pending is not claimed.
    renamed: bool,
    moved: bool,
}

struct World {
    events: Vec<(Offset, BTreeSet<u32>)>,
    actions: Vec<Action>,
    /// The further channels that are listed.
    channels: BTreeSet<u32>,
    next_identity: u32,
    broker: Option<(Offset, String)>,
    fates: HashMap<(Offset, u32), Fate>,
    /// The highest acknowledged mark.
    covered: Offset,
    /// Delivered and perhaps in no commit: may be repeated.
    excused: BTreeSet<(Offset, u32)>,
    budget: usize,
    whole: bool,
}

/// One owner.
struct Owner {
    ledger: Ledger,
    pending: Vec<(Ticket, u32)>,
    uncommitted: Vec<(Offset, u32)>,
    window: Arc<CommitWindow>,
    outcomes: usize,
    at: usize,
}

impl World {
    fn matching(&self, offset: Offset, keys: &BTreeSet<u32>) -> Vec<Route> {
        let matching = (0..).map(ActionIndex).zip(&self.actions);
        let matching = matching.filter(|(_, action)| keys.contains(&action.key));
        matching.map(|(at, of)| Route { action: at, webhook: self.sender(of, offset) }).collect()
    }

    /// The sender that posts an event for an action.
    fn sender(&self, action: &Action, Offset(offset): Offset) -> WebhookIndex {
        let template = action.template.filter(|_| action.webhook == CHOOSING);
        let channel = template.map(|template| (offset as u32 + template) % (CHANNELS + 1));
        let listed = channel.filter(|channel| self.channels.contains(channel));
        WebhookIndex(listed.map_or(action.webhook, |channel| 2 + channel))
    }

    /// By event and action: the sender.
    fn senders(&self) -> HashMap<(Offset, u32), WebhookIndex> {
        let each = |(offset, _): &(Offset, _)| {
            let offset = *offset;
            let sender =
                move |action: &Action| ((offset, action.identity), self.sender(action, offset));
            self.actions.iter().map(sender).collect::<Vec<_>>()
        };
        self.events.iter().flat_map(each).collect()
    }

    fn names(&self) -> Arc<NameIndex> {
        let others = || self.channels.iter().map(|channel| WebhookIndex(2 + channel)).collect();
        let actions = self.actions.iter().map(|Action { name, webhook, template, .. }| {
            let template = template.filter(|_| *webhook == CHOOSING);
            let choice = template.map(|template| (TEMPLATES[template as usize], others()));
            NamedAction { name, webhook: WebhookIndex(*webhook), choice, topics: TOPIC }
        });
        Arc::new(NameIndex::of(WEBHOOKS, actions))
    }

    fn change(&mut self, change: &Change) {
        let before = self.senders();
        let mut renamed = None;
        match change {
            Change::Rename(which) if !self.actions.is_empty() => {
                let at = which.index(self.actions.len());
                let name = format!("{}'", self.actions[at].name);
                self.actions[at].name = name;
                renamed = Some(self.actions[at].identity);
            }
            Change::Move(which, to) if !self.actions.is_empty() => {
                let at = which.index(self.actions.len());
                self.actions[at].webhook = *to;
            }
            Change::Choose(which, template) if !self.actions.is_empty() => {
                let at = which.index(self.actions.len());
                self.actions[at].template = *template;
            }
            Change::List(channel) => self.channels = &self.channels ^ &BTreeSet::from([*channel]),
            Change::Remove(which) if self.actions.len() > 1 => {
                let removed = self.actions.remove(which.index(self.actions.len())).identity;
                self.fates
                    .iter_mut()
                    .filter(|((_, identity), _)| *identity == removed)
                    .for_each(|(_, fate)| fate.due = false);
            }
            Change::Add(webhook, key) => {
                let identity = self.next_identity;
                self.actions.push(Action {
                    identity,
                    name: format!("a{identity}"),
                    webhook: *webhook,
                    template: None,
                    key: *key,
                });
                self.next_identity += 1;
            }
            _ => {}
        }
        let now = self.senders();
        for (key, sender) in before {
            let fate = self.fates.entry(key).or_default();
            let is_renamed = Some(key.1) == renamed;
            let is_moved = now.get(&key) != Some(&sender);
            fate.renamed |= is_renamed;
            fate.moved |= is_moved;
            fate.due &= !(fate.renamed && fate.moved);
            // It is in doubt which of several changed actions took whose place, so events are
            // delivered again.
            let has_begun = fate.due || fate.delivered + fate.dropped > 0;
            if has_begun && (is_renamed || is_moved) {
                self.excused.insert(key);
            }
        }
    }

    /// A reload: the owner keeps its partition.
    fn reload(&mut self, owner: &mut Owner, change: &Change) {
        self.change(change);
        owner.ledger.set_names(self.names());
    }

    fn assign(&self) -> Owner {
        let mut ledger = Ledger::new(self.names());
        let (start, committed, inherited) = match &self.broker {
            None => (Offset(0), None, RestartState::default()),
            Some((offset, text)) => {
                let state = decode(text.as_bytes(), *offset).unwrap_or_default();
                (*offset, Some(*offset), state)
            }
        };
        ledger.assign(PARTITION, start, committed, inherited);
        let at = self
            .events
            .iter()
            .position(|(offset, _)| *offset >= start)
            .unwrap_or(self.events.len());
        let (pending, uncommitted, window) = (Vec::new(), Vec::new(), window());
        Owner { ledger, pending, uncommitted, window, outcomes: 0, at }
    }

    fn read(&mut self, owner: &mut Owner) {
        let Some((offset, keys)) = self.events.get(owner.at).cloned() else { return };
        owner.at += 1;
        let position = Position { partition: PARTITION, offset };
        let matched = self.matching(offset, &keys);
        let (epoch, pending) = match owner.ledger.entry(position) {
            Entry::Known => return,
            Entry::Done(done) => return done.pass(),
            Entry::New(new) => (new.record(None, matched.clone()), matched),
            Entry::Left(left) => {
                let (epoch, claimed) = left.claim(None, &matched);
                (epoch, claimed.deliveries.iter().map(|claim| claim.route).collect())
            }
        };
        for Route { action, .. } in pending {
            let identity = self.actions[action.0 as usize].identity;
            owner.pending.push((Ticket { position, epoch, action }, identity));
        }
    }

    fn settle(
        &mut self,
        owner: &mut Owner,
        which: usize,
        deliver: bool,
    ) -> Result<(), TestCaseError> {
        let (ticket, identity) = owner.pending.remove(which);
        let key = (ticket.position.offset, identity);
        let hold = if deliver { hold(&owner.window) } else { None };
        prop_assert_eq!(owner.ledger.settle(&ticket, hold), Settled::Applied);
        let fate = self.fates.entry(key).or_default();
        if deliver {
            fate.delivered += 1;
            let excused = self.excused.contains(&key) || !self.whole;
            prop_assert!(fate.delivered == 1 || excused, "{key:?} was delivered again");
            owner.uncommitted.push(key);
            owner.outcomes += 1;
        } else {
            fate.dropped += 1;
        }
        Ok(())
    }

    fn commit(
        &mut self,
        owner: &mut Owner,
        all: bool,
        answer: Answer,
    ) -> Result<(), TestCaseError> {
        let scope = if all { Scope::All } else { Scope::Urgent };
        let states = owner.ledger.to_commit(scope, self.budget);
        owner.ledger.commit_sent(&states);
        let Some(state) = states.first() else {
            prop_assert!(
                owner.uncommitted.is_empty(),
                "an outcome that no commit contains would hold its sender for good"
            );
            return Ok(());
        };
        prop_assert!(
            self.broker.as_ref().is_none_or(|(offset, _)| *offset <= state.offset),
            "the committed offset went back"
        );
        if !matches!(answer, Answer::Failed) {
            self.broker = Some((state.offset, state.metadata.clone()));
            self.cover(state);
        }
        if let Answer::Acknowledged = answer {
            prop_assert_eq!(owner.window.holds(), owner.outcomes);
            owner.ledger.commit_acknowledged(state);
            let message = "each hold ends with the commit that contains its outcome";
            prop_assert_eq!(owner.window.holds(), 0, "{}", message);
            owner.outcomes = 0;
            owner.uncommitted.clear();
        } else {
            owner.ledger.commit_failed();
            prop_assert_eq!(owner.window.holds(), owner.outcomes);
        }
        Ok(())
    }

    /// Events below the mark of a commit that the broker has are due from then on.
    fn cover(&mut self, committed: &Committable) {
        let Committable { metadata, offset, .. } = committed;
        let state = decode(metadata.as_bytes(), *offset).unwrap_or_default();
        let mark = state.leftover.map_or(*offset, |leftover| leftover.mark);
        let passed: Vec<_> = self
            .events
            .iter()
            .filter(|(offset, _)| *offset >= self.covered && *offset < mark)
            .cloned()
            .collect();
        for (offset, keys) in passed {
            for Route { action, .. } in self.matching(offset, &keys) {
                self.fates
                    .entry((offset, self.actions[action.0 as usize].identity))
                    .or_default()
                    .due = true;
            }
        }
        self.covered = self.covered.max(mark);
    }

    fn live(&mut self, life: &Life) -> Result<(), TestCaseError> {
        self.change(&life.change);
        let mut owner = self.assign();
        for step in &life.steps {
            match step {
                Step::Read(count) => (0..*count).for_each(|_| self.read(&mut owner)),
                Step::Deliver(_) | Step::Drop(_) if owner.pending.is_empty() => {}
                Step::Deliver(which) | Step::Drop(which) => {
                    let at = which.index(owner.pending.len());
                    self.settle(&mut owner, at, matches!(step, Step::Deliver(_)))?;
                }
                Step::Commit(all, answer) => self.commit(&mut owner, *all, *answer)?,
                Step::Reload(change) => self.reload(&mut owner, change),
            }
        }
        if life.graceful {
            self.commit(&mut owner, true, Answer::Acknowledged)?;
        }
        // Killed: an outcome that no commit contains may be repeated.
        self.excused.append(&mut owner.uncommitted.into_iter().collect());
        prop_assert_eq!(owner.window.holds(), owner.outcomes);
        owner.ledger.revoke(PARTITION);
        prop_assert_eq!(owner.window.holds(), 0, "the other holds end with the assignment");
        Ok(())
    }

    /// A last owner reads and delivers everything: then nothing may be missing.
    fn finish(&mut self) -> Result<(), TestCaseError> {
        let mut owner = self.assign();
        while owner.at < self.events.len() {
            self.read(&mut owner);
        }
        while !owner.pending.is_empty() {
            self.settle(&mut owner, 0, true)?;
        }
        self.commit(&mut owner, true, Answer::Acknowledged)?;
        let end = self.events.last().map_or(Offset(0), |(offset, _)| offset.next());
        prop_assert_eq!(self.broker.as_ref().map(|(offset, _)| *offset), Some(end));
        for (key, fate) in self.fates.iter().filter(|(_, fate)| fate.due) {
            prop_assert!(fate.delivered + fate.dropped > 0, "{key:?} was skipped");
        }
        Ok(())
    }
}

fn history(
    lives: &[Life],
    keys: &[BTreeSet<u32>],
    gaps: &[i64],
    budget: usize,
    whole: bool,
) -> Result<(), TestCaseError> {
    let mut offset = 0;
    let events = keys.iter().zip(gaps.iter().cycle()).map(|(keys, gap)| {
        offset += gap;
        (Offset(offset), keys.clone())
    });
    let action = |identity: u32| Action {
        identity,
        name: format!("a{identity}"),
        webhook: identity % 3,
        template: (identity < 4).then_some(identity % 2),
        key: identity % KEYS,
    };
    let mut world = World {
        events: events.collect(),
        actions: (0..5).map(action).collect(),
        channels: (1..=CHANNELS).collect(),
        next_identity: 5,
        broker: None,
        fates: HashMap::new(),
        covered: Offset(0),
        excused: BTreeSet::new(),
        budget,
        whole,
    };
    for life in lives {
        world.live(life)?;
    }
    world.finish()
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 1_000, ..ProptestConfig::default() })]

    #[test]
    fn with_room_nothing_is_skipped_and_nothing_is_repeated(lives in prop::collection::vec(life(), 1..7), (keys, gaps) in events()) {
        history(&lives, &keys, &gaps, 100_000, true)?;
    }

    #[test]
    fn without_room_nothing_is_skipped(lives in prop::collection::vec(life(), 1..7), (keys, gaps) in events(), budget in 0..220usize) {
        history(&lives, &keys, &gaps, budget, false)?;
    }
}
