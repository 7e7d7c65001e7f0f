//! The Slack of the measurements: it takes the marks, and tells when each came.

use std::collections::HashMap;
use std::time::Instant;

use slackline::fake_slack::{Answer, FakeSlack, Fault};
use tokio::runtime::{Builder, Runtime};

use crate::actions::{MARKS, path};

/// It ends, with every connection, when it is dropped.
pub struct Slack {
    fake: FakeSlack,
    _runtime: Runtime,
}

impl Slack {
    /// Starts it on a free port, on one thread. It leaves all posts but the marks without an answer.
    pub fn hanging() -> anyhow::Result<Self> {
        let slack = Self::start()?;
        slack.fake.set_default_everywhere(Some(Answer::fault(Fault::Hang)));
        Ok(slack)
    }

    /// The same, and it answers every post at once.
    pub fn start() -> anyhow::Result<Self> {
        let runtime = Builder::new_multi_thread().worker_threads(1).enable_all().build()?;
        let fake = runtime.block_on(FakeSlack::start())?;
        fake.set_default(&path(MARKS), Some(Answer::default()));
        Ok(Self { fake, _runtime: runtime })
    }

    /// Where it is, as the beginning of a webhook's URL.
    pub fn url(&self) -> String {
        self.fake.url("")
    }

    /// The texts of the marks that came, and when.
    pub fn marks(&self) -> HashMap<String, Instant> {
        let posts = self.fake.requests_to(&path(MARKS)).into_iter();
        posts
            .filter_map(|request| Some((request.post.as_ref()?.text.clone()?, request.at)))
            .collect()
    }
}
