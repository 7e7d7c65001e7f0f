//! Which deliveries a new owner makes of the events that its predecessor had read. Pure.
//!
//! Invariant: below the mark only a listed delivery is made, or one at or above its webhook's
//! position; above the mark every delivery. Where it is in doubt whether a delivery was made, it is
//! made.

use crate::config::model::{ActionIndex, WebhookIndex};
use crate::delivery::{Origin, REMOVED_ACTION};
use crate::event::Offset;

use super::name_index::{Name, NameHash, NameIndex};
use super::restart_state::{Leftover, Listed, Pending, Positions};

/// What is to be done for an event below the mark.
#[derive(Debug, Default, PartialEq, Eq)]
pub struct Claimed {
    /// The matching actions whose deliveries are to be made, and on what ground.
    pub deliveries: Vec<(ActionIndex, Origin)>,
    /// Pending deliveries that no matching action claims.
    pub unclaimed: Vec<Unclaimed>,
    /// The actions whose deliveries of the event have an outcome.
    pub done: Vec<Name>,
}

/// A pending delivery that no action claims.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Unclaimed {
    /// The action, whose trigger no longer applies to the event; or [`REMOVED_ACTION`].
    pub action: ActionIndex,
    /// The webhook to which it posts; `None` if the webhook was removed too.
    pub webhook: Option<WebhookIndex>,
}

impl Leftover {
    /// Whether anything may be pending of the event at this offset. If not, it need not be parsed.
    #[must_use]
    pub fn may_want(&self, offset: Offset) -> bool {
        match &self.pending {
            Pending::Listed(list) => list.contains_key(&offset),
            Pending::Positions(positions) => {
                positions.lowest().is_some_and(|lowest| lowest <= offset)
            }
        }
    }

    /// Which deliveries to make for the event at `offset`, which these actions match now.
    #[must_use]
    pub fn claim(&self, offset: Offset, matched: &[ActionIndex], names: &NameIndex) -> Claimed {
        let mut claimed = Claimed::default();
        match &self.pending {
            Pending::Listed(list) => {
                for listed in list.get(&offset).into_iter().flatten() {
                    claim_listed(listed, matched, names, &mut claimed);
                }
            }
            Pending::Positions(positions) => {
                let wanted = matched.iter().filter(|action| {
                    names
                        .name(**action)
                        .and_then(|name| positions.start(name, names.hash()))
                        .is_some_and(|start| start <= offset)
                });
                claimed.deliveries.extend(wanted.map(|action| (*action, Origin::Position)));
            }
        }
        for &action in matched {
            if !claimed.has(action) {
                claimed.done.extend(names.name(action));
            }
        }
        claimed
    }
}

impl Claimed {
    fn has(&self, action: ActionIndex) -> bool {
        self.deliveries.iter().any(|(claimed, _)| *claimed == action)
    }
}

fn claim_listed(
    listed: &Listed,
    matched: &[ActionIndex],
    names: &NameIndex,
    claimed: &mut Claimed,
) {
    for &pending in &listed.pending {
        let named = names.actions_named(pending);
        // No action has the name, so the action may have been renamed: a matching action of the
        // same webhook claims the delivery, unless the event lists that action too.
        let takes_its_place = |action: ActionIndex| {
            names.name(action).is_some_and(|name| {
                name.webhook == listed.webhook
                    && !listed.done.contains(&name.action)
                    && !listed.pending.contains(&name.action)
            })
        };
        let claims = |action: ActionIndex| {
            if named.is_empty() { takes_its_place(action) } else { named.contains(&action) }
        };
        let mut is_claimed = false;
        for &action in matched.iter().filter(|action| claims(**action)) {
            is_claimed = true;
            if !claimed.has(action) {
                claimed.deliveries.push((action, Origin::Listed));
            }
        }
        if !is_claimed {
            claimed.unclaimed.push(match named.first() {
                Some(&action) => Unclaimed { action, webhook: names.webhook_of(action) },
                None => {
                    let webhook = names.webhook_named(listed.webhook);
                    Unclaimed { action: REMOVED_ACTION, webhook }
                }
            });
        }
    }
    let done = |action: &NameHash| Name { webhook: listed.webhook, action: *action };
    claimed.done.extend(listed.done.iter().map(done));
}

impl Positions {
    /// The first offset from which deliveries of an action may be pending; `None` if all are done.
    fn start(&self, Name { webhook, action }: Name, names: Option<NameHash>) -> Option<Offset> {
        let position = self.webhooks.get(&webhook).copied().or(self.floor);
        let lagging = self.lagging.may_contain(action);
        if self.names.is_some() && self.names == names {
            return position.filter(|_| lagging);
        }
        // The configuration has changed since: a lagging action may have been moved here from any
        // lagging webhook, and another one may be one of this webhook's actions with a new name.
        if lagging { self.lowest() } else { position }
    }
}
