//! A sender with everything around it that a test can reach into.

use std::collections::VecDeque;
use std::ops::Range;
use std::sync::Mutex;
use std::sync::atomic::{AtomicU64, Ordering};

use reqwest::{Method, Request};
use tokio::sync::{Semaphore, mpsc, watch};
use tokio::task::JoinHandle;
use url::Url;

use super::*;
use crate::commit_hold::CommitHold;
use crate::config::fixture;
use crate::config::model::{Action, ActionIndex, Admin};
use crate::delivery::{Epoch, Origin, Ticket};
use crate::event::{Offset, Partition, Position, TopicIndex};
use crate::event_time::EventTime;
use crate::metrics::{ActionTally, AttemptResult, Metrics};
use crate::route::fixture::action;
use crate::send::app::App;
use crate::send::client::{Executing, HttpClient};
use crate::send::destination::Destination;
use crate::sender_control::SenderControl;

pub(super) use super::capture::logged;
pub(super) use crate::config::model::{Retry, Webhook};

/// A test that waits longer has failed.
pub const PATIENCE: Duration = Duration::from_secs(1_000_000);

pub fn webhook() -> Webhook {
    let url = "https://hooks.slack.com/services/T0/B0/s3cr3t";
    Webhook { queue_capacity: 1000, ..fixture::webhook("sales", url) }
}

pub fn config(webhook: Webhook) -> Arc<Config> {
    let signup = action("signup", "type == 'identify'", "hello");
    let action = Action { topics: vec![TopicIndex(0)], ..signup };
    let kafka = fixture::kafka(&["events"]);
    let admin = Admin { listen: "127.0.0.1:0".to_owned() };
    Arc::new(Config {
        kafka,
        apps: Vec::new(),
        channels: crate::config::model::ChannelIndex::default(),
        people: None,
        webhooks: vec![webhook],
        actions: vec![action],
        admin,
        hash: 0,
    })
}

pub fn post(offset: i64) -> Post {
    let partition = Partition { topic: TopicIndex(0), number: 0 };
    let position = Position { partition, offset: Offset(offset) };
    let ticket = Ticket { position, epoch: Epoch(1), action: ActionIndex(0) };
    let payload = offset.to_string().into_bytes().into();
    Post { tickets: ticket.into(), payload, time: EventTime::timestamp(0), parts_sent: 0 }
}

/// What the scripted client does for one attempt.
#[derive(Clone)]
pub struct Step {
    takes: Duration,
    answer: Result<Answer, NoAnswer>,
}

impl From<Result<Answer, NoAnswer>> for Step {
    fn from(answer: Result<Answer, NoAnswer>) -> Self {
        Self { takes: Duration::ZERO, answer }
    }
}

pub fn no_answer(result: AttemptResult) -> NoAnswer {
    NoAnswer { result, word: "refused".to_owned() }
}

fn answer(status: u16, body: &'static str) -> Step {
    Step::from(Ok(Answer {
        status,
        body: Bytes::from_static(body.as_bytes()),
        ..Answer::default()
    }))
}

pub fn ok() -> Step {
    answer(200, "ok")
}

pub fn failed(status: u16) -> Step {
    answer(status, "rollup_error")
}

/// With `Retry-After`.
pub fn failed_for(status: u16, seconds: u64) -> Step {
    let retry_after = Some(seconds.to_string());
    Step::from(Ok(Answer { status, retry_after, ..Answer::default() }))
}

pub fn rejected(word: &'static str) -> Step {
    answer(404, word)
}

/// What a person must repair.
pub fn rests() -> Step {
    answer(410, "no_service")
}

pub fn limited(seconds: Option<u64>) -> Step {
    seconds.map_or_else(|| answer(429, ""), |seconds| failed_for(429, seconds))
}

pub fn later(step: Step, millis: u64) -> Step {
    Step { takes: Duration::from_millis(millis), ..step }
}

/// A client that follows a script, then answers `ok`; it records when each attempt left.
pub struct Script {
    steps: Mutex<VecDeque<Step>>,
    attempts: Mutex<Vec<(tokio::time::Instant, Bytes)>>,
    started: tokio::time::Instant,
}

impl Script {
    pub fn new(steps: impl IntoIterator<Item = Step>) -> Arc<Self> {
        let steps = Mutex::new(steps.into_iter().collect());
        Arc::new(Self { steps, attempts: Mutex::default(), started: tokio::time::Instant::now() })
    }

    pub fn times(&self) -> Vec<Duration> {
        self.attempts.lock().unwrap().iter().map(|(at, _)| *at - self.started).collect()
    }
}

impl HttpClient for Arc<Script> {
    fn execute(&self, request: Request) -> Executing<'_> {
        Box::pin(async move {
            let payload = request.body().and_then(|body| body.as_bytes()).unwrap();
            let payload = Bytes::copy_from_slice(payload);
            self.attempts.lock().unwrap().push((tokio::time::Instant::now(), payload));
            let step = self.steps.lock().unwrap().pop_front().unwrap_or_else(ok);
            tokio::time::sleep(step.takes).await;
            step.answer
        })
    }
}

/// A destination that is not Slack's: the sender depends on the trait alone.
struct Letterbox;

impl Destination for Letterbox {
    fn request(&self, payload: Bytes) -> Request {
        let mut request = Request::new(Method::PUT, Url::parse("https://letterbox.test").unwrap());
        *request.body_mut() = Some(payload.into());
        request
    }

    fn judge(&self, payload: &[u8], answer: &Answer, now: SystemTime) -> Verdict {
        let word = answer.word();
        if let Some(refused) = refused_blocks::verdict(Some(&word), payload, answer) {
            return refused;
        }
        match answer.status {
            200 => Verdict::Delivered,
            429 => Verdict::RateLimited { retry_after: answer.retry_after(now) },
            500.. => {
                let retry_after = answer.retry_after(now);
                let result = AttemptResult::ServerError;
                Verdict::Retry { result, word: answer.word(), retry_after }
            }
            401 => Verdict::Rest { word: answer.word(), whose: Repair::App },
            410 => Verdict::Rest { word: answer.word(), whose: Repair::Channel },
            _ => Verdict::Rejected { word: answer.word() },
        }
    }

    fn mask(&self, _: &str) -> Option<String> {
        None
    }
}

/// The other ends of what a sender works with.
pub struct Rest {
    pub metrics: Arc<Metrics>,
    pub queue: Arc<Queue>,
    pub control: watch::Sender<SenderControl>,
    pub reports: mpsc::Receiver<Report>,
    pub wakes: Arc<AtomicU64>,
    pub active: watch::Sender<ActiveConfig>,
}

pub fn sender(webhook: Webhook, endpoint: Endpoint) -> (SenderContext, Rest) {
    let queue = Arc::new(Queue::new(webhook.queue_capacity, webhook.when_full, [ActionIndex(0)]));
    let config = config(webhook);
    let metrics = Metrics::new(&config);
    let (control, controlled) =
        watch::channel(SenderControl { rate_share: 1.0, ..SenderControl::default() });
    let (reports_in, reports) = mpsc::channel(2);
    let wakes = Arc::new(AtomicU64::new(0));
    let wake = {
        let wakes = Arc::clone(&wakes);
        Arc::new(move || {
            wakes.fetch_add(1, Ordering::Relaxed);
        })
    };
    let endpoint = Arc::new(endpoint);
    let endpoints = vec![Arc::clone(&endpoint)];
    let active = ActiveConfig { config: Arc::clone(&config), endpoints, signals: 0 };
    let (active, active_config) = watch::channel(active);
    let sender = SenderContext {
        active_config,
        webhook: WebhookIndex(0),
        queue: Arc::clone(&queue),
        endpoint,
        control: controlled,
        window: Arc::new(CommitWindow::new(1e6)),
        connection_permits: Arc::new(Semaphore::new(PERMITS)),
        reports: reports_in,
        wake,
        metrics: metrics.webhook(WebhookIndex(0)),
        config,
    };
    (sender, Rest { metrics, queue, control, reports, wakes, active })
}

/// The offset and the outcome that are reported next, with the hold.
pub async fn outcome(
    reports: &mut mpsc::Receiver<Report>,
    patience: Duration,
) -> ((i64, Outcome), Option<CommitHold>) {
    loop {
        let report =
            tokio::time::timeout(patience, reports.recv()).await.expect("a report").unwrap();
        if let Report::Ended { tickets, outcome, hold } = report {
            return ((tickets.first().unwrap().position.offset.0, outcome), hold);
        }
    }
}

/// A running sender with a scripted client.
pub struct Rig {
    metrics: Arc<Metrics>,
    pub queue: Arc<Queue>,
    pub control: watch::Sender<SenderControl>,
    pub window: Arc<CommitWindow>,
    pub connection_permits: Arc<Semaphore>,
    pub reports: mpsc::Receiver<Report>,
    pub script: Arc<Script>,
    holds: Vec<CommitHold>,
    wakes: Arc<AtomicU64>,
    active: watch::Sender<ActiveConfig>,
    task: JoinHandle<String>,
}

impl Rig {
    pub fn start(webhook: Webhook, script: impl IntoIterator<Item = Step>) -> Self {
        // So wide that it never holds the sender.
        Self::start_in(CommitWindow::new(1e6), webhook, None, script)
    }

    /// With the window that the webhook's rate gives.
    pub fn start_held(webhook: Webhook, script: impl IntoIterator<Item = Step>) -> Self {
        Self::start_in(CommitWindow::new(webhook.rate_per_second), webhook, None, script)
    }

    pub fn start_in(
        window: CommitWindow,
        webhook: Webhook,
        app: Option<Arc<App>>,
        script: impl IntoIterator<Item = Step>,
    ) -> Self {
        let script = Script::new(script);
        let client = Box::new(Arc::clone(&script));
        let endpoint = Endpoint { destination: Box::new(Letterbox), client, app };
        let (mut sender, rest) = sender(webhook, endpoint);
        let Rest { metrics, queue, control, reports, wakes, active } = rest;
        let window = Arc::new(window);
        sender.window = Arc::clone(&window);
        let connection_permits = Arc::clone(&sender.connection_permits);
        Self {
            metrics,
            queue,
            control,
            window,
            connection_permits,
            reports,
            script,
            holds: Vec::new(),
            wakes,
            active,
            task: tokio::spawn(run(sender)),
        }
    }

    pub fn push(&mut self, offsets: Range<i64>) {
        for offset in offsets {
            self.queue.push(post(offset), Origin::Read);
        }
    }

    /// Pushes deliveries of events of this age.
    pub fn push_aged(&mut self, offsets: Range<i64>, age: Duration) {
        let then = SystemTime::now() - age;
        for offset in offsets {
            let time = EventTime::of(None, || then);
            self.queue.push(Post { time, ..post(offset) }, Origin::Read);
        }
    }

    /// Reloads with this webhook; `signals` are those so far.
    pub fn reload(&self, webhook: Webhook, signals: u64) {
        self.active.send_modify(|active| {
            active.config = config(webhook);
            active.signals = signals;
        });
        self.control.send_modify(|control| control.generation += 1);
    }

    pub fn resting(&self) -> Vec<String> {
        self.metrics.resting()
    }

    /// Whether the webhook is shown as resting.
    pub fn is_resting(&self) -> bool {
        let shown = self.metric("slackline_webhook_resting{webhook=\"sales\"}") == 1.0;
        assert_eq!(shown, self.resting().len() == 1);
        shown
    }

    /// The next outcome, which stays uncommitted.
    pub async fn outcome(&mut self) -> (i64, Outcome) {
        let (outcome, hold) = outcome(&mut self.reports, PATIENCE).await;
        self.holds.extend(hold);
        outcome
    }

    /// A commit of every outcome so far is acknowledged.
    pub fn commit(&mut self) {
        self.holds.clear();
    }

    /// From now on the replica has this share of the rate.
    pub fn share(&self, share: f64) {
        self.control.send_modify(|control| control.rate_share = share);
    }

    /// Lets everything happen that can happen now.
    pub async fn settle(&self) {
        for _ in 0..50 {
            tokio::task::yield_now().await;
        }
    }

    pub async fn ended(&mut self) {
        tokio::time::timeout(PATIENCE, &mut self.task).await.expect("the sender ends").unwrap();
    }

    pub fn times(&self) -> Vec<Duration> {
        self.script.times()
    }

    pub fn payloads(&self) -> Vec<String> {
        self.script
            .attempts
            .lock()
            .unwrap()
            .iter()
            .map(|(_, payload)| String::from_utf8(payload.to_vec()).unwrap())
            .collect()
    }

    pub fn tally(&self) -> ActionTally {
        self.queue.tally().actions[0].1
    }

    pub fn in_flight(&self) -> u64 {
        self.queue.tally().in_flight
    }

    /// The value of a series on the metrics page.
    pub fn metric(&self, series: &str) -> f64 {
        let text = self.metrics.text();
        let line = text.lines().find_map(|line| line.strip_prefix(series)?.strip_prefix(' '));
        line.unwrap_or_else(|| panic!("no {series} in {text}")).parse().unwrap()
    }

    pub fn wakes(&self) -> u64 {
        self.wakes.load(Ordering::Relaxed)
    }
}
