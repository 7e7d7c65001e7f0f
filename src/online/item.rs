//! One thing that was asked, and what came of it.

use serde::Serialize;

/// What was asked about.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Kind {
    /// One Kafka broker.
    Broker,
    /// A topic of `kafka.topics`.
    Topic,
    /// The consumer group.
    Group,
    /// A Slack app: its token.
    App,
    /// A permission of an app.
    Scope,
    /// A channel that an app posts to.
    Channel,
    /// An incoming webhook.
    Webhook,
    /// The blocks of an action.
    Blocks,
}

/// How it was answered.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Outcome {
    /// A worker can use it.
    Ok,
    /// A worker can use it, not in every way that the configuration says.
    Warning,
    /// A worker cannot use it.
    Failed,
    /// There was no answer that decides it.
    Unknown,
}

/// One line of the result. Its texts are fit for printing, and hold no secret.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Item {
    /// What was asked about.
    pub kind: Kind,
    /// Its name; what belongs to an app is `APP/NAME`.
    pub name: String,
    /// How it was answered.
    pub result: Outcome,
    /// What was found.
    pub detail: String,
    /// The remedy, where there is one.
    pub help: Option<String>,
}

impl Kind {
    /// Its word in the result.
    #[must_use]
    pub const fn word(self) -> &'static str {
        match self {
            Self::Broker => "broker",
            Self::Topic => "topic",
            Self::Group => "group",
            Self::App => "app",
            Self::Scope => "scope",
            Self::Channel => "channel",
            Self::Webhook => "webhook",
            Self::Blocks => "blocks",
        }
    }
}

impl Outcome {
    /// Its word in the result.
    #[must_use]
    pub const fn word(self) -> &'static str {
        match self {
            Self::Ok => "ok",
            Self::Warning => "warning",
            Self::Failed => "failed",
            Self::Unknown => "unknown",
        }
    }
}

/// What was found about something whose kind and name are known.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Finding {
    /// How it was answered.
    pub result: Outcome,
    /// What was found.
    pub detail: String,
    /// The remedy.
    pub help: Option<String>,
}

impl Finding {
    /// It can be used.
    pub fn ok(detail: impl Into<String>) -> Self {
        Self { result: Outcome::Ok, detail: detail.into(), help: None }
    }

    /// It can be used, with a restriction.
    pub fn warning(detail: impl Into<String>, help: impl Into<String>) -> Self {
        Self { result: Outcome::Warning, detail: detail.into(), help: Some(help.into()) }
    }

    /// It cannot be used.
    pub fn failed(detail: impl Into<String>, help: impl Into<String>) -> Self {
        Self { result: Outcome::Failed, detail: detail.into(), help: Some(help.into()) }
    }

    /// Nothing decides it.
    pub fn unknown(detail: impl Into<String>) -> Self {
        Self { result: Outcome::Unknown, detail: detail.into(), help: None }
    }

    /// The same with a remedy.
    #[must_use]
    pub fn with_help(mut self, help: impl Into<String>) -> Self {
        self.help = Some(help.into());
        self
    }

    /// The finding about this thing.
    pub fn about(self, kind: Kind, name: impl Into<String>) -> Item {
        let Self { result, detail, help } = self;
        Item { kind, name: name.into(), result, detail, help }
    }
}
