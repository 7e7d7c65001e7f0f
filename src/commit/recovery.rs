//! Which deliveries a new owner makes of the events that its predecessor had read. Pure.
//!
//! Invariant: below the mark only a listed delivery is made, or one at or above its webhook's
//! position; above the mark every delivery. Where it is in doubt whether a delivery was made, it is
//! made.

use crate::config::model::{ActionIndex, WebhookIndex};
use crate::delivery::{Origin, REMOVED_ACTION, Route};
use crate::event::Offset;

use super::name_index::{Name, NameHash, NameIndex};
use super::restart_state::{Leftover, Listed, Pending, Positions};

/// What is to be done for an event below the mark.
#[derive(Debug, Default, PartialEq, Eq)]
pub struct Claimed {
    /// The deliveries to make.
    pub deliveries: Vec<Claim>,
    /// Pending deliveries that no matching action claims.
    pub unclaimed: Vec<Unclaimed>,
    /// The deliveries of the event that have an outcome.
    pub done: Vec<Name>,
}

/// A delivery to make.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Claim {
    /// The delivery.
    pub route: Route,
    /// On what ground it is made.
    pub origin: Origin,
    /// The action whose delivery was pending; `None`: it is in doubt which one was.
    pub action: Option<NameHash>,
    /// How many parts of the message were posted.
    pub parts_sent: u8,
}

/// A pending delivery that no action claims.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Unclaimed {
    /// The action, whose trigger no longer applies to the event; or [`REMOVED_ACTION`].
    pub action: ActionIndex,
    /// The sender to which it posts; `None` if its webhook was removed too.
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

    /// Which deliveries to make for the event at `offset`, which these actions match now, each with
    /// the sender that posts it now.
    #[must_use]
    pub fn claim(&self, offset: Offset, matched: &[Route], names: &NameIndex) -> Claimed {
        let mut claimed = Claimed::default();
        match &self.pending {
            Pending::Listed(list) => {
                for listed in list.get(&offset).into_iter().flatten() {
                    claim_listed(listed, matched, names, &mut claimed);
                }
            }
            Pending::Positions(positions) => {
                let wanted = matched.iter().filter(|route| {
                    names
                        .name(**route)
                        .and_then(|name| positions.start(name, names.hash()))
                        .is_some_and(|start| start <= offset)
                });
                claimed.deliveries.extend(wanted.map(|route| {
                    let action = names.action(route.action);
                    Claim { route: *route, origin: Origin::Position, action, parts_sent: 0 }
                }));
            }
        }
        for &route in matched {
            if !claimed.has(route) {
                claimed.done.extend(names.name(route));
            }
        }
        claimed
    }
}

impl Claimed {
    fn has(&self, route: Route) -> bool {
        self.deliveries.iter().any(|claim| claim.route == route)
    }
}

fn claim_listed(listed: &Listed, matched: &[Route], names: &NameIndex, claimed: &mut Claimed) {
    for &pending in &listed.pending {
        let named = names.actions_named(pending);
        // No action has the name, so the action may have been renamed: a matching action that posts
        // to the same sender claims the delivery, unless the event lists that action too.
        let takes_its_place = |route: Route| {
            names.name(route).is_some_and(|name| {
                name.webhook == listed.webhook
                    && !listed.done.contains(&name.action)
                    && !listed.pending.contains(&name.action)
            })
        };
        // An action that has the name claims the delivery wherever it posts now: its webhook, or
        // the channel that the event chooses, may be another one than before.
        let claims = |route: Route| {
            if named.is_empty() { takes_its_place(route) } else { named.contains(&route.action) }
        };
        let claiming = || matched.iter().copied().filter(|route| claims(*route));
        let is_claimed = claiming().next().is_some();
        // Of several actions, none is surely the one that has posted parts.
        let action = Some(pending).filter(|_| claiming().nth(1).is_none());
        for route in claiming() {
            match claimed.deliveries.iter_mut().find(|claim| claim.route == route) {
                Some(claim) => claim.action = None,
                None => claimed.deliveries.push(Claim {
                    route,
                    origin: Origin::Listed,
                    action,
                    parts_sent: 0,
                }),
            }
        }
        if !is_claimed {
            claimed.unclaimed.push(match named.first() {
                Some(&action) => {
                    Unclaimed { action, webhook: names.sender_named(action, listed.webhook) }
                }
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
