//! Which sender of a webhook posts an action's message: a webhook of an app has one for each of its
//! channels.
//!
//! Pure. Invariant: the data of an event chooses among the channels that the webhook lists, and
//! nothing else.

use crate::config::model::{Action, Config, Reach, WebhookIndex, key_of};
use crate::event::Event;
use crate::expression::template::{Escape, Rendering, Template};
use crate::expression::{EvalError, Expression};

/// The longest rendered channel that is compared, in bytes: a listed one is shorter.
const ENOUGH: usize = 1_000;

/// How the sender of an action's messages is chosen, as far as it does not depend on the event.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ChannelChoice {
    /// There is one: an incoming webhook, whose payload may name a channel.
    InPayload,
    /// It is always this one.
    Fixed(WebhookIndex),
    /// The action's `channel` is rendered for each event.
    Rendered,
}

impl ChannelChoice {
    /// The choice of an action of `config`.
    pub fn of(action: &Action, config: &Config) -> Self {
        let is_app = config.channels.senders(action.webhook).is_some();
        match config.reach(action) {
            Reach::ByChannel { .. } => Self::Rendered,
            Reach::One(_) if !is_app => Self::InPayload,
            Reach::One(sender) => Self::Fixed(sender),
        }
    }

    /// The channel that a payload of the action names: only an incoming webhook's has one.
    pub fn in_payload(self, action: &Action) -> Option<&Template> {
        action.channel.as_ref().filter(|_| self == Self::InPayload)
    }
}

/// Returns the sender of the channel that the action's `channel` renders; that of the
/// webhook's own channel where it renders nothing or one that is not listed, and whether it is not.
pub fn choose<'r>(
    action: &'r Action,
    config: &'r Config,
    rendering: &mut Rendering<'_, 'r>,
) -> (WebhookIndex, bool) {
    let Reach::ByChannel { template, senders } = config.reach(action) else {
        return (action.webhook, false);
    };
    let mut channel = String::new();
    template.render_in(rendering, Escape::Nothing, ENOUGH, &mut channel);
    let key = key_of(&channel);
    match senders.get(&key) {
        Some(sender) => (*sender, false),
        None => (action.webhook, !key.is_empty()),
    }
}

/// Returns what an action's `channel` renders for `event`.
pub fn render(
    template: &Template,
    event: &Event<'_>,
    failed: &mut dyn FnMut(&Expression, &EvalError),
) -> String {
    let mut channel = String::new();
    template.render(event, Escape::Nothing, ENOUGH, &mut channel, failed);
    channel
}

#[cfg(test)]
mod tests;
