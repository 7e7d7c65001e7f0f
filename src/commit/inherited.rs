//! [5] What a new owner delivers of the events that its predecessor had read. Pure.
//!
//! Invariant: below the mark only what is listed is delivered, or what lies at or above its webhook's position; above it everything. Where it is in doubt whether
//! something was delivered, it is delivered.

use crate::config::model::{ActionIndex, WebhookIndex};
use crate::delivery::Origin;
use crate::event::Offset;

use super::roster::{NameHash, Roster};
use super::state::{Left, Listed, Name, Pending, Positions};

/// What an event below the mark comes to.
#[derive(Debug, Default, PartialEq, Eq)]
pub struct Claimed {
    /// Which of the actions that match are to be delivered, and on what ground.
    pub deliveries: Vec<(ActionIndex, Origin)>,
    /// What was pending and finds no action any more.
    pub unclaimed: Vec<Unclaimed>,
    /// The actions that are done with it, with their webhooks.
    pub done: Vec<Name>,
}

/// Whose a pending delivery was that nobody claims.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Unclaimed {
    /// This action's, whose trigger does not apply to the event any more.
    Action(ActionIndex),
    /// An action's that is gone, of this webhook.
    Webhook(WebhookIndex),
    /// An action's whose webhook is gone too.
    Nobody,
}

impl Left {
    /// Whether anything can be pending of the event at this offset. `false`: it need not even be parsed.
    #[must_use]
    pub fn may_want(&self, offset: Offset) -> bool {
        match &self.pending {
            Pending::Listed(list) => list.contains_key(&offset),
            Pending::Positions(positions) => {
                positions.lowest().is_some_and(|lowest| lowest <= offset)
            }
        }
    }

    /// What the event at `offset`, which these actions match now, comes to.
    #[must_use]
    pub fn claim(&self, offset: Offset, matched: &[ActionIndex], roster: &Roster) -> Claimed {
        let mut claimed = Claimed::default();
        match &self.pending {
            Pending::Listed(list) => {
                for listed in list.get(&offset).into_iter().flatten() {
                    claim_listed(listed, matched, roster, &mut claimed);
                }
            }
            Pending::Positions(positions) => {
                let wanted = matched.iter().filter(|action| {
                    roster
                        .action(**action)
                        .zip(roster.webhook_of(**action))
                        .and_then(|((action, _), webhook)| {
                            positions.start(action, webhook, roster.hash())
                        })
                        .is_some_and(|start| start <= offset)
                });
                claimed.deliveries.extend(wanted.map(|action| (*action, Origin::Position)));
            }
        }
        for &action in matched {
            if !claimed.has(action)
                && let Some((name, webhook)) = roster.action(action)
                && let Some(webhook) = roster.webhook(webhook)
            {
                claimed.done.push(Name { webhook, action: name });
            }
        }
        claimed
    }
}

impl Claimed {
    fn has(&self, action: ActionIndex) -> bool {
        self.deliveries.iter().any(|(claimed, _)| *claimed == action)
    }

    fn add(&mut self, action: ActionIndex) {
        if !self.has(action) {
            self.deliveries.push((action, Origin::Listed));
        }
    }
}

fn claim_listed(listed: &Listed, matched: &[ActionIndex], roster: &Roster, claimed: &mut Claimed) {
    for &name in &listed.pending {
        let named = roster.named(name);
        // Renamed, where nobody has the name: the action of that webhook that now matches has taken its place, unless it had a name and an outcome of its own.
        let takes_its_place = |action: ActionIndex| {
            roster.action(action).is_some_and(|(other, webhook)| {
                roster.webhook(webhook) == Some(listed.webhook)
                    && !listed.done.contains(&other)
                    && !listed.pending.contains(&other)
            })
        };
        let claims = |action: ActionIndex| {
            if named.is_empty() { takes_its_place(action) } else { named.contains(&action) }
        };
        let mut nobody = true;
        for &action in matched.iter().filter(|action| claims(**action)) {
            claimed.add(action);
            nobody = false;
        }
        if nobody {
            claimed.unclaimed.push(match (named.first(), roster.webhook_named(listed.webhook)) {
                (Some(action), _) => Unclaimed::Action(*action),
                (None, Some(webhook)) => Unclaimed::Webhook(webhook),
                (None, None) => Unclaimed::Nobody,
            });
        }
    }
    let done = |action: &NameHash| Name { webhook: listed.webhook, action: *action };
    claimed.done.extend(listed.done.iter().map(done));
}

impl Positions {
    /// From where on events of an action may be undelivered; `None`: all are done.
    fn start(
        &self,
        action: NameHash,
        webhook: NameHash,
        roster: Option<NameHash>,
    ) -> Option<Offset> {
        let position = self.webhooks.get(&webhook).copied();
        let lagging = self.lagging.may_have(action);
        if self.roster.is_some() && self.roster == roster {
            return if lagging { position.or(self.floor) } else { None };
        }
        // The configuration has changed since.
        match position {
            // It may have come here from any lagging webhook.
            _ if lagging => self.lowest(),
            // It may be one of this webhook's with a new name.
            Some(position) => Some(position),
            // The same, of a webhook that is not named; `None` where all are.
            None => self.floor,
        }
    }
}
