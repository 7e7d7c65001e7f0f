//! The rates of an app and of its channels, and the channels' turns, with two to six members.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use super::random::Random;
use super::report::{figures, full_or_short, line};
use super::team::{JITTER, Team};
use crate::checker::group::GroupRate;
use crate::checker::turns::longest_waits;
use crate::checker::{Expected, Faults};
use crate::harness::broker::{Broker, Record};
use crate::harness::setup::Setup;
use crate::harness::slack::Slack;

const PARTITIONS: i32 = 12;

/// Posts a second of the app, for all its channels and the whole group: the eager channels' rates
/// are far above it.
const APP_RATE: f64 = 12.0;

/// A webhook of the app: its name, its channels, and the rate of each of them.
type Kind = (&'static str, [&'static str; 4], f64);

/// Always ready to post.
const EAGER: Kind = ("eager", ["e0", "e1", "e2", "e3"], 100.0);

/// Slower than their turns: these never wait long for the app.
const CALM: Kind = ("calm", ["c0", "c1", "c2", "c3"], 0.8);

const CHANNELS: usize = EAGER.1.len() + CALM.1.len();

/// The configuration of one member, whose posts show its name as the user.
fn setup(setup: &Setup, slack: &Slack, member: &str, faster: f64) -> Setup {
    let lines = [format!("posts_per_minute: {}", APP_RATE * faster * 60.0)];
    let setup = setup.clone().app(slack, "acme", &lines.each_ref().map(String::as_str));
    [EAGER, CALM].iter().fold(setup, |setup, (name, channels, rate)| {
        let further: Vec<String> = channels[1..].iter().map(|name| format!("#{name}")).collect();
        let lines = [
            format!("rate_per_second: {}", rate * faster),
            format!("channels: {further:?}"),
            "queue_capacity: 5000".to_owned(),
        ];
        let action = format!(
            "  - {{name: {name}, trigger: \"event == '{name}'\", webhook: {name}, channel: '{{{{to}}}}', user: {member}, message: '{{{{n}}}}'}}\n"
        );
        let lines = lines.each_ref().map(String::as_str);
        setup.webhook_with(slack, name, &lines, &action).in_app_as("acme", name, channels[0])
    })
}

/// Produces `each` events for every channel to every partition, the channels in turn.
fn produce(broker: &Broker, topic: &str, each: u64) -> Vec<Expected> {
    let mut expected = Vec::new();
    for partition in 0..PARTITIONS {
        let events = (0..each).flat_map(|n| {
            [EAGER, CALM].into_iter().flat_map(move |(kind, channels, _)| {
                channels.map(|to| (kind, to, n * PARTITIONS as u64 + partition as u64))
            })
        });
        let (events, records): (Vec<_>, Vec<_>) = events
            .map(|(kind, to, n)| {
                let event = format!(r#"{{"type":"track","event":"{kind}","to":"{to}","n":{n}}}"#);
                ((to, n), Record::new(partition, event))
            })
            .unzip();
        let offsets = broker.produce(topic, &records);
        expected.extend(events.into_iter().zip(offsets).map(|((to, id), offset)| Expected {
            webhook: to.to_owned(),
            id,
            partition: (topic.to_owned(), partition),
            offset,
        }));
    }
    expected
}

/// The eager channels always have deliveries to send, at every member. Then one that is faster
/// delivers the rest.
#[test]
#[ignore = "needs a broker: tests/kafka.sh"]
fn two_to_six_members_keep_the_rates_of_an_app_and_its_channels_and_each_gets_its_turn() {
    let (broker, slack, mut random) = (Broker::real(), Arc::new(Slack::start()), Random::new());
    let topic = broker.topic(PARTITIONS);
    let base = Setup::new(&broker, &[&topic]);
    let mut team = Team::new(&slack);
    let start = |team: &mut Team, place: usize| {
        team.start_ready(&setup(&base, &slack, &format!("m{place}"), 1.0))
    };
    for place in 0..2 {
        start(&mut team, place);
    }
    let rounds = full_or_short(5, 1);
    let expected = produce(&broker, &topic, 3 + 9 * rounds as u64);
    for round in 0..rounds {
        for place in 2..6 {
            start(&mut team, 4 * round + place);
            random.let_pass(500, 1500);
        }
        for _ in 0..4 {
            let running = team.running();
            team.stop(running[random.below(running.len())]);
            random.let_pass(500, 1500);
        }
    }
    let (until, lifetimes) = (slack.now(), team.lifetimes().to_vec());
    let posts = slack.posts();
    let users = slack.users();
    for place in team.running() {
        team.stop(place);
    }
    let last = team.start_ready(&setup(&base, &slack, "last", 100.0));
    slack.await_all_accepted(&expected);
    broker.await_committed(&base.group, &topic, PARTITIONS);
    team.stop(last);

    let mut waits: BTreeMap<&str, usize> = BTreeMap::new();
    for member in users.iter().collect::<BTreeSet<_>>() {
        let of_member = posts.iter().zip(&users).filter(|(_, user)| *user == member);
        let waits_there = longest_waits(of_member.map(|(post, _)| post.webhook.as_str()));
        for (channel, wait) in waits_there {
            let most = waits.entry(channel).or_default();
            *most = wait.max(*most);
        }
    }
    let longest = EAGER.1.iter().map(|channel| waits[channel]).max().unwrap();
    let seconds = (until - posts[0].at).as_secs_f64();
    let faults = Faults::find(&expected, &slack.posts());
    let of = |channel: &str| posts.iter().filter(|post| post.webhook == channel).count();
    line(
        "an app's channels with two to six members",
        8 * rounds,
        &format!(
            "{} · rates kept · {:.1} of at most {APP_RATE} posts/s · an eager channel waited for at most {longest} others' posts",
            figures(&faults),
            posts.len() as f64 / seconds,
        ),
    );
    faults.assert_none();
    let rate =
        |per_second| GroupRate { per_second, burst: 1.0, lifetimes: &lifetimes, jitter: JITTER };
    rate(APP_RATE).assert_kept_together("the app", &posts, |_| true);
    for (_, channels, per_second) in [EAGER, CALM] {
        channels.iter().for_each(|channel| rate(per_second).assert_kept(channel, &posts));
    }
    // One turn of each other channel, and one more of those that were faster in a hold.
    assert!(longest < 2 * CHANNELS, "an eager channel waited for {longest} posts: {waits:?}");
    for channel in CALM.1 {
        let (posts, most) = (of(channel) as f64, CALM.2 * seconds);
        assert!(posts > most / 2.0, "`{channel}` got {posts} posts in {seconds:.0} s");
    }
    assert!(posts.len() as f64 > APP_RATE * seconds / 2.0, "{} posts in {seconds}s", posts.len());
}
