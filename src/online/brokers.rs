//! Asks the brokers. It blocks, so it runs on its own threads.
//!
//! Each address of `kafka.brokers` is tried by a client that knows no other one. The first client
//! that is answered asks every broker of the cluster, so that each is connected as a worker would.

use std::sync::Arc;
use std::thread;
use std::time::{Duration, Instant};

use rdkafka::error::KafkaResult;

use super::group::GroupQuestion;
use crate::config::model::Config;
use crate::consume::refusals::Refusals;
use crate::consume::unreachable::addresses;
use crate::kafka::ClientEvent;
use crate::kafka::inquiry::{Inquiry, Node};
use crate::kafka::native::{Described, DescribedGroup, TopicQueue};
use crate::kafka::refusal::Refusal;
use crate::topics::TopicNames;

/// How long a first answer is waited for, and then the answers to all requests: longer than a
/// client waits for a broker that accepts its connection and is silent.
const PHASE: Duration = Duration::from_secs(12);

/// How long a problem must last before it counts: a name may have several addresses, and the next
/// one may answer.
const SETTLED: Duration = Duration::from_secs(2);

/// The longest that one request for the brokers waits before the client's errors are read.
const ATTEMPT: Duration = Duration::from_secs(1);

/// The longest wait for the next event.
const TICK: Duration = Duration::from_millis(100);

/// What the brokers have answered.
#[derive(Debug, Default)]
pub struct Cluster {
    /// Every broker by its address, and why it cannot be used.
    pub brokers: Vec<(String, Option<Refusal>)>,
    /// The topics in the configuration's order; `None`: no broker has answered.
    pub topics: Option<KafkaResult<Vec<Described>>>,
    /// The group; `None`: no broker has answered.
    pub group: Option<KafkaResult<DescribedGroup>>,
}

/// A client, and what it has reported.
struct Line {
    inquiry: Inquiry,
    refusals: Refusals,
    /// The client's last error that explains nothing, in librdkafka's words.
    reason: Option<String>,
    /// Since when there is a problem.
    since: Option<Instant>,
}

/// Clients that are no longer needed. Dropping one takes seconds where a name is still being
/// resolved.
pub struct Clients(#[expect(dead_code, reason = "to be dropped")] Vec<Line>);

/// Asks everything, within twice [`PHASE`].
pub fn ask(config: &Arc<Config>) -> (Cluster, Clients) {
    let configured = addresses(&config.kafka.brokers);
    let end = Instant::now() + PHASE;
    let reached: Vec<_> = thread::scope(|scope| {
        let threads: Vec<_> = configured
            .iter()
            .map(|address| scope.spawn(move || Line::reach(config, address, end)))
            .collect();
        threads.into_iter().map(|thread| thread.join().ok()).collect()
    });
    let mut cluster = Cluster::default();
    let (mut lines, mut nodes) = (Vec::new(), None);
    for (address, reached) in configured.into_iter().zip(reached) {
        let (line, found) = reached.unwrap_or_else(|| (None, Err(silent(&address, None))));
        if let Ok(found) = &found {
            nodes = nodes.or_else(|| Some((lines.len(), found.clone())));
        }
        lines.extend(line);
        cluster.brokers.push((address, found.err()));
    }
    if let Some((first, nodes)) = nodes
        && let Some(line) = lines.get_mut(first)
    {
        line.ask(config, nodes, &mut cluster);
    }
    (cluster, Clients(lines))
}

/// The finding about a broker that does not answer; `reason`: the client's last error.
fn silent(address: &str, reason: Option<&str>) -> Refusal {
    let reason = reason.map(|reason| format!(": {reason}")).unwrap_or_default();
    let said = format!("{address} does not answer within {} s{reason}", PHASE.as_secs());
    Refusal::new(address, &said, "check `kafka.brokers`, and that the broker runs")
}

impl Line {
    /// Connects to the broker at `address`, and requests the brokers of its cluster.
    fn reach(
        config: &Arc<Config>,
        address: &str,
        end: Instant,
    ) -> (Option<Self>, Result<Vec<Node>, Refusal>) {
        let inquiry = match Inquiry::open(&config.kafka, address) {
            Ok(inquiry) => inquiry,
            Err(error) => {
                let said = format!("cannot create the Kafka client: {error}");
                return (None, Err(Refusal::new(address, &said, "check `kafka.properties`")));
            }
        };
        let names = TopicNames::new(config.kafka.topics.iter().cloned());
        let refusals = Refusals::new(names, Arc::clone(config));
        let mut line = Self { inquiry, refusals, reason: None, since: None };
        let topic = config.kafka.topics.first().map(String::as_str).unwrap_or_default();
        let found = line.nodes(topic, address, end);
        (Some(line), found)
    }

    /// Waits until the broker has answered, a problem has lasted, or the time is over.
    fn nodes(&mut self, topic: &str, address: &str, end: Instant) -> Result<Vec<Node>, Refusal> {
        loop {
            let now = Instant::now();
            self.serve(now);
            if let Some(problem) = self.lasting(now, |_| true) {
                return Err(problem);
            }
            let left = end.saturating_duration_since(now);
            if left.is_zero() {
                let problem = self.refusals.connections().into_iter().next();
                return Err(problem.unwrap_or_else(|| silent(address, self.reason.as_deref())));
            }
            if let Ok(nodes) = self.inquiry.nodes(topic, left.min(ATTEMPT)) {
                self.since = None;
                return Ok(nodes);
            }
        }
    }

    /// Asks every broker about the topics, which shows that it can be used, and the coordinator
    /// about the group.
    fn ask(&mut self, config: &Config, nodes: Vec<Node>, cluster: &mut Cluster) {
        let end = Instant::now() + PHASE;
        let topics: Vec<&str> = config.kafka.topics.iter().map(String::as_str).collect();
        let mut pending: Vec<(Node, KafkaResult<TopicQueue>)> = Vec::new();
        for node in nodes {
            let queue = self.inquiry.topics().and_then(|queue| {
                queue.request(Some(node.id), &topics, PHASE)?;
                Ok(queue)
            });
            pending.push((node, queue));
        }
        let mut group = match GroupQuestion::ask(&self.inquiry, &config.kafka.group_id, end) {
            Ok(question) => Some(question),
            Err(error) => {
                cluster.group = Some(Err(error));
                None
            }
        };
        while !(pending.is_empty() && group.is_none()) {
            let now = Instant::now();
            self.serve(now);
            pending.retain(|(node, queue)| {
                let answer = match queue {
                    Ok(queue) => queue.answer(&topics),
                    Err(error) => Some(Err(error.clone())),
                };
                let problem = self.lasting(now, |broker| broker == node.address);
                match (answer, problem) {
                    (Some(answer), _) => cluster.add(node, answer, || self.problem_of(node)),
                    (None, Some(problem)) => cluster.add_broker(node, Some(problem)),
                    (None, None) if now >= end => {
                        cluster.add_broker(node, Some(self.problem_of(node)));
                    }
                    (None, None) => return true,
                }
                false
            });
            if let Some(answer) = group.as_mut().and_then(|question| question.answer(now)) {
                cluster.group = Some(answer);
            }
            // A coordinator that cannot be reached does not answer before the end.
            let is_stuck = pending.is_empty() && self.lasting(now, |_| true).is_some();
            if cluster.group.is_some() || is_stuck || now >= end {
                group = None;
            }
            self.inquiry.wait(TICK);
        }
    }

    fn serve(&mut self, now: Instant) {
        for event in self.inquiry.serve() {
            match event {
                ClientEvent::Error(error, reason) => {
                    self.refusals.record(&error, &reason, now);
                    self.reason = Some(reason);
                }
                ClientEvent::ConnectionFailed(reason) => {
                    self.refusals.record_failed_connection(&reason, now);
                }
                ClientEvent::Assigned(_)
                | ClientEvent::Revoked { .. }
                | ClientEvent::Statistics(_) => {}
            }
        }
        self.refusals.take_findings(now);
        if self.since.is_none() && !self.refusals.connections().is_empty() {
            self.since = Some(now);
        }
    }

    /// The problem of such a broker, once there has been one for a while.
    fn lasting(&self, now: Instant, of: impl Fn(&str) -> bool) -> Option<Refusal> {
        self.since.filter(|since| now >= *since + SETTLED)?;
        self.refusals.connections().into_iter().find(|problem| of(&problem.broker))
    }

    fn problem_of(&self, node: &Node) -> Refusal {
        let known = self.refusals.connections().into_iter();
        let mut known = known.filter(|problem| problem.broker == node.address);
        known.next().unwrap_or_else(|| silent(&node.address, self.reason.as_deref()))
    }
}

impl Cluster {
    /// Adds a broker's answer about the topics.
    fn add(
        &mut self,
        node: &Node,
        answer: KafkaResult<Vec<Described>>,
        problem: impl FnOnce() -> Refusal,
    ) {
        let problem = answer.is_err().then(problem);
        if !matches!(self.topics, Some(Ok(_))) {
            self.topics = Some(answer);
        }
        self.add_broker(node, problem);
    }

    /// Adds what was found about a broker. One that is in `kafka.brokers`, too, is listed once.
    fn add_broker(&mut self, node: &Node, problem: Option<Refusal>) {
        match self.brokers.iter_mut().find(|(address, _)| *address == node.address) {
            Some((_, found)) => *found = found.take().or(problem),
            None => self.brokers.push((node.address.clone(), problem)),
        }
    }
}
