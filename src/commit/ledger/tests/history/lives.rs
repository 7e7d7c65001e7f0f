//! What a random history consists of: a topic's events, and what each owner of it does.

use std::collections::BTreeSet;

use proptest::prelude::*;

/// How many keys events and actions have.
pub const KEYS: u32 = 6;

/// How many further channels one webhook has.
pub const CHANNELS: u32 = 2;

/// How an action can choose one of them.
pub const TEMPLATES: [&str; 2] = ["{{ a }}", "{{ b }}"];

#[derive(Debug, Clone)]
pub enum Change {
    None,
    Rename(prop::sample::Index),
    Move(prop::sample::Index, u32),
    /// It chooses by another template, or by none.
    Choose(prop::sample::Index, Option<u32>),
    /// A channel is listed if it was not, and the other way round.
    List(u32),
    Remove(prop::sample::Index),
    Add(u32, u32),
}

#[derive(Debug, Clone, Copy)]
pub enum Answer {
    Acknowledged,
    /// The broker has it, but a failure is reported to the owner.
    Lost,
    Failed,
}

#[derive(Debug, Clone)]
pub enum Step {
    Read(usize),
    /// Delivers any pending one: several queues drain at their own rates.
    Deliver(prop::sample::Index),
    Drop(prop::sample::Index),
    Commit(bool, Answer),
    Reload(Change),
}

#[derive(Debug, Clone)]
pub struct Life {
    pub change: Change,
    pub steps: Vec<Step>,
    /// It ends with a commit that is acknowledged.
    pub graceful: bool,
}

pub fn life() -> impl Strategy<Value = Life> {
    let pick = any::<prop::sample::Index>();
    let choose = (pick.clone(), prop::option::weighted(0.8, 0..TEMPLATES.len() as u32))
        .prop_map(|(which, template)| Change::Choose(which, template));
    let list = (1..=CHANNELS).prop_map(Change::List);
    let reload = prop_oneof![choose.clone(), list.clone()].prop_map(Step::Reload);
    let change = prop_oneof![
        4 => Just(Change::None),
        1 => any::<prop::sample::Index>().prop_map(Change::Rename),
        1 => (any::<prop::sample::Index>(), 0..3u32).prop_map(|(which, to)| Change::Move(which, to)),
        1 => any::<prop::sample::Index>().prop_map(Change::Remove),
        1 => choose,
        1 => list,
        1 => (0..3u32, 0..KEYS).prop_map(|(webhook, key)| Change::Add(webhook, key)),
    ];
    let answer = prop_oneof![4 => Just(Answer::Acknowledged), 1 => Just(Answer::Lost), 1 => Just(Answer::Failed)];
    let step = prop_oneof![
        4 => (1..6usize).prop_map(Step::Read),
        6 => pick.clone().prop_map(Step::Deliver),
        1 => pick.prop_map(Step::Drop),
        4 => (any::<bool>(), answer).prop_map(|(all, answer)| Step::Commit(all, answer)),
        1 => reload,
    ];
    (change, prop::collection::vec(step, 0..25), any::<bool>())
        .prop_map(|(change, steps, graceful)| Life { change, steps, graceful })
}

pub fn events() -> impl Strategy<Value = (Vec<BTreeSet<u32>>, Vec<i64>)> {
    let keys = prop::collection::vec(prop::collection::btree_set(0..KEYS, 0..4), 1..60);
    (keys, prop::collection::vec(1..4i64, 1..4))
}
