//! Has Slack check the blocks of actions that hold no template: of others it cannot know them.

use serde_json::{Value as Json, json};

use super::item::{Finding, Item, Kind};
use crate::block_kit::fit::fit;
use crate::config::model::Action;
use crate::slack_api::{Failure, SlackApi, Validation};

/// The remedy where nothing was checked.
const PREVIEW: &str = "send those of an event with `slackline preview --online EVENT.json`";

/// Returns the items of actions that post with an app.
pub async fn ask(actions: &[&Action], api: &SlackApi) -> Vec<Item> {
    let mut items = Vec::with_capacity(actions.len());
    for action in actions {
        let finding = match constant(action) {
            Some(blocks) => judge(check(action, blocks, api).await),
            None => Finding::unknown("the blocks depend on the event").with_help(PREVIEW),
        };
        items.push(finding.about(Kind::Blocks, &action.name));
    }
    items
}

/// Returns the items of actions whose blocks cannot be checked, for this reason.
pub fn without<'a>(
    actions: impl IntoIterator<Item = &'a Action>,
    reason: &str,
) -> impl Iterator<Item = Item> {
    let item = |action: &Action| Finding::unknown(reason).about(Kind::Blocks, &action.name);
    actions.into_iter().map(item).collect::<Vec<_>>().into_iter()
}

/// Returns the blocks that are posted for every event.
fn constant(action: &Action) -> Option<Vec<Json>> {
    let blocks = action.blocks.as_ref().filter(|blocks| blocks.are_constant())?;
    let blocks = blocks.entries.iter().map(|entry| entry.part.sample(false)).collect();
    let has_color = action.color.as_ref().is_none_or(|color| color.constant().is_some());
    has_color.then(|| fit(blocks).blocks)
}

async fn check(action: &Action, blocks: Vec<Json>, api: &SlackApi) -> Result<Validation, Failure> {
    let color = action.color.as_ref().and_then(|color| color.constant());
    match color {
        Some(color) => {
            let attachment = json!({ "color": color.trim(), "blocks": blocks });
            api.validate_message(&json!({ "attachments": [attachment] }).to_string()).await
        }
        None => api.validate_blocks(&Json::Array(blocks).to_string()).await,
    }
}

fn judge(answer: Result<Validation, Failure>) -> Finding {
    let again = "run the check again in a minute";
    match answer {
        Ok(Validation::Valid) => Finding::ok("Slack accepts the blocks"),
        Ok(Validation::Invalid { word, faults }) => {
            let places: Vec<String> = faults
                .iter()
                .map(|fault| format!(" at {}: {}", fault.pointer, fault.message))
                .collect();
            let help = "correct the blocks: their messages are posted without them";
            Finding::failed(format!("{word}{}", places.join(";")), help)
        }
        Err(Failure::Refused { word, .. }) => {
            Finding::failed(word, "the app must be able to call `blocks.validate`")
        }
        Err(Failure::Throttled(_)) => Finding::failed("Slack is asked too often (429)", again),
        Err(Failure::Unavailable(word)) => {
            Finding::failed(format!("Slack is in trouble: {word}"), again)
        }
        Err(Failure::NotSlack) => {
            Finding::failed("the answer is not Slack's", "correct the app's `api_url`")
        }
        Err(Failure::NoAnswer(reason)) => Finding::failed(format!("no answer: {reason}"), again),
    }
}
