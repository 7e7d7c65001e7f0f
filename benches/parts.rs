//! The cost of single parts without Kafka and Slack: `cargo bench --bench parts [FILTER]`.
//!
//! A sample is 512 different events, so that, like with Kafka, the code is in the caches and the
//! events are not. Figures depend on the machine and its load: compare two builds in turns, or the
//! parts of one run.
#![allow(unreachable_pub, reason = "modules of one program share what is `pub`")]

use std::cell::Cell;
use std::sync::Arc;

use divan::counter::{BytesCount, ItemsCount};
use divan::{Bencher, black_box};
use slackline::commit::ledger::Ledger;
use slackline::commit::ledger::committable::Scope;
use slackline::commit::ledger::entry::Entry;
use slackline::commit::name_index::NameIndex;
use slackline::commit_hold::CommitWindow;
use slackline::config::model::{ActionIndex, Config, WebhookIndex};
use slackline::delivery::{Route, Ticket};
use slackline::event::{Event, Offset, Partition, Position, Record, TopicIndex};
use slackline::expression::template::Rendering;
use slackline::expression::{Budget, Context, EvalError, Expression};
use slackline::route::{Router, Routing, message};

mod events;

mod actions;

mod templates;

use actions::{Setup, Triggers};

/// Too many for branch prediction to learn.
const EVENTS: u64 = 8_192;

const PARTITION: Partition = Partition { topic: TopicIndex(0), number: 0 };

fn main() {
    divan::main();
}

/// One event through the router, for each kind of triggers.
#[divan::bench(sample_size = 512, max_time = 5, args = [
    Triggers::Selective(1), Triggers::Selective(100), Triggers::Selective(10_000), Triggers::Numbers(10_000),
    Triggers::Matching(10_000), Triggers::Paths3, Triggers::Paths64,
])]
fn route(bencher: Bencher<'_, '_>, triggers: &Triggers) {
    routed(bencher, *triggers, &Stream::new(events::event));
}

/// Invalid records, detected at the first byte, in the middle, and at the end.
#[divan::bench(sample_size = 512, max_time = 5, args = ["empty", "not an object", "cut off", "not UTF-8"])]
fn route_invalid(bencher: Bencher<'_, '_>, what: &str) {
    let stream = Stream::of((0..EVENTS).map(|number| {
        let mut payload = events::event(number).into_bytes();
        match what {
            "empty" => payload.clear(),
            "not an object" => payload.splice(0..0, *b"[").for_each(drop),
            "cut off" => payload.truncate(payload.len() - 1),
            _ => payload.insert(payload.len() - 1, 0xff),
        }
        payload
    }));
    routed(bencher, Triggers::Selective(1), &stream);
}

/// Parsing a whole event, as rendering a message requires.
#[divan::bench(sample_size = 512, max_time = 5)]
fn parse(bencher: Bencher<'_, '_>) {
    let stream = Stream::new(events::event);
    stream.counted(bencher).bench_local(|| black_box(Event::parse(&stream.next())).is_ok());
}

/// One message of three variables, from a parsed event.
#[divan::bench(sample_size = 512, max_time = 5)]
fn render(bencher: Bencher<'_, '_>) {
    let stream = Stream::new(events::event);
    let config = actions::config(&Setup::default(), Triggers::Selective(2));
    let events: Vec<Event<'_>> =
        (0..EVENTS).filter_map(|_| Event::parse(&stream.next()).ok()).collect();
    let mut next = events.iter().cycle();
    bencher.counter(ItemsCount::new(1_u32)).bench_local(|| {
        let Some(event) = next.next() else { return false };
        rendered(&config, event)
    });
}

/// One message of a template that is as expensive as possible.
#[divan::bench(sample_size = 1, sample_count = 20, args = templates::HOSTILE)]
fn hostile(bencher: Bencher<'_, '_>, what: &str) {
    let (config, event) = (templates::config(what), templates::event());
    let stream = Stream::of(std::iter::once(event.into_bytes()));
    let record = stream.next();
    let Ok(event) = Event::parse(&record) else { unreachable!("the benchmark's own event") };
    assert!(rendered(&config, &event), "{what}");
    bencher.bench_local(|| rendered(&config, &event));
}

/// Renders the message of the first action; returns whether it has a text.
fn rendered(config: &Config, event: &Event<'_>) -> bool {
    let (budget, failed) = (Budget::of_delivery(), &mut |_: &Expression, _: &EvalError| {});
    let context = Context::lenient(black_box(event), &budget, None);
    message::render(&config.actions[0], None, &mut Rendering::new(&context, failed)).is_ok()
}

/// The ledger: one event without a match.
#[divan::bench(sample_size = 512, max_time = 5)]
fn ledger_unmatched(bencher: Bencher<'_, '_>) {
    let mut ledger = ledger();
    let mut offset = 0;
    bencher.counter(ItemsCount::new(1_u32)).bench_local(|| {
        let position = Position { partition: PARTITION, offset: Offset(offset) };
        offset += 1;
        if let Entry::New(new) = black_box(ledger.entry(position)) {
            new.pass();
        }
    });
}

/// The ledger: one event with a delivery, settled while 100 others are pending, and the offsets to
/// commit.
#[divan::bench(sample_size = 512, max_time = 5)]
fn ledger_matched_settled_offered(bencher: Bencher<'_, '_>) {
    const OUT: i64 = 100;
    let mut ledger = ledger();
    let (action, window) = (ActionIndex(0), Arc::new(CommitWindow::new(10_000.0)));
    let route = Route { action, webhook: WebhookIndex(0) };
    let mut tickets = std::collections::VecDeque::new();
    let mut offset = 0;
    bencher.counter(ItemsCount::new(1_u32)).bench_local(|| {
        let position = Position { partition: PARTITION, offset: Offset(offset) };
        offset += 1;
        if let Entry::New(new) = ledger.entry(position) {
            let epoch = new.record(Some(offset), vec![route]);
            tickets.push_back(Ticket { position, epoch, action });
        }
        if tickets.len() as i64 > OUT
            && let Some(ticket) = tickets.pop_front()
        {
            ledger.settle(&ticket, window.try_acquire());
        }
        ledger.to_commit(Scope::Urgent, 3_000).len()
    });
}

fn routed(bencher: Bencher<'_, '_>, triggers: Triggers, stream: &Stream) {
    let router = Router::new(Arc::new(actions::config(&Setup::default(), triggers)));
    let mut routing = Routing::default();
    stream.counted(bencher).bench_local(|| black_box(router.route(&stream.next(), &mut routing)));
}

fn ledger() -> Ledger {
    let mut ledger = Ledger::new(Arc::new(NameIndex::new(&actions::config(
        &Setup::default(),
        Triggers::Selective(2),
    ))));
    ledger.assign(PARTITION, Offset(0), None, Default::default());
    ledger
}

/// Payloads in a cycle.
struct Stream {
    payloads: Vec<Vec<u8>>,
    next: Cell<usize>,
}

impl Stream {
    fn new(event: fn(u64) -> String) -> Self {
        Self::of((0..EVENTS).map(|number| event(number).into_bytes()))
    }

    fn of(payloads: impl Iterator<Item = Vec<u8>>) -> Self {
        Self { payloads: payloads.collect(), next: Cell::new(0) }
    }

    fn next(&self) -> Record<'_> {
        let at = self.next.replace((self.next.get() + 1) % self.payloads.len());
        Record {
            position: Position { partition: PARTITION, offset: Offset(0) },
            topic: "events",
            timestamp: None,
            key: None,
            headers: &(),
            payload: Some(&self.payloads[at]),
        }
    }

    /// Counts events, and their average number of bytes.
    fn counted<'a, 'b>(&self, bencher: Bencher<'a, 'b>) -> Bencher<'a, 'b> {
        let average = self.payloads.iter().map(Vec::len).sum::<usize>() / self.payloads.len();
        bencher.counter(ItemsCount::new(1_u32)).counter(BytesCount::new(average))
    }
}
