//! Asks Slack about one app: its token, its scopes, and its channels.

use std::collections::{HashMap, HashSet};

use super::blocks;
use super::channels::{self, AppFacts, Lookup, failed, no_scope};
use super::item::{Finding, Item, Kind};
use crate::config::model::{Action, App, Channel};
use crate::send::cure::{cure, of_connection, of_missing_scope};
use crate::slack_api::{Conversation, Failure, SlackApi};

/// More IDs than this are looked up in the list of all channels: it takes fewer requests.
const SINGLE_LOOKUPS: usize = 20;

/// The scope for seeing direct messages.
const SEE_DIRECT: &str = "im:read";

/// What the configuration wants of one app.
pub struct Wanted<'c> {
    /// The app.
    pub app: &'c App,
    /// Every channel that it posts to, each once.
    pub channels: Vec<&'c Channel>,
    /// An action that posts with it sets the user or an icon.
    pub customizes: bool,
    /// The actions with blocks that post with it.
    pub with_blocks: Vec<&'c Action>,
}

/// Asks everything about an app.
pub async fn ask(wanted: &Wanted<'_>, api: &SlackApi) -> Vec<Item> {
    let app = wanted.app.name.as_str();
    let identity = match api.identity().await {
        Ok(identity) => identity,
        Err(failure) => return without(wanted, &refusal(app, &failure)),
    };
    let facts = AppFacts { name: app, user: identity.body.user(), scopes: identity.scopes };
    let detail = match (facts.user.as_str(), identity.body.team()) {
        ("", _) => "Slack accepts the token".to_owned(),
        (user, team) => format!("`{user}` of the workspace `{team}`"),
    };
    let mut items = vec![Finding::ok(detail).about(Kind::App, app)];
    items.extend(scopes(&facts, wanted));
    let found = look(&facts, &wanted.channels, api).await;
    items.extend(channels::items(&facts, &found));
    items.extend(blocks::ask(&wanted.with_blocks, api).await);
    items
}

/// The items of an app that cannot be asked, for the reason in `finding`.
pub fn without(wanted: &Wanted<'_>, finding: &Finding) -> Vec<Item> {
    let app = wanted.app.name.as_str();
    let channels = wanted.channels.iter().map(|channel| {
        let name = format!("{app}/{}", channel.as_str());
        Finding::unknown("the app cannot be asked").about(Kind::Channel, name)
    });
    let blocks = blocks::without(wanted.with_blocks.iter().copied(), "the app cannot be asked");
    [finding.clone().about(Kind::App, app)].into_iter().chain(channels).chain(blocks).collect()
}

/// What a failed `auth.test` means.
fn refusal(app: &str, failure: &Failure) -> Finding {
    let connection = || of_connection(Some(app));
    match failure {
        Failure::Refused { word, .. } => Finding::failed(word, cure(word, Some(app))),
        Failure::Throttled(_) => Finding::unknown("Slack is asked too often (429)")
            .with_help("run the check again in a minute"),
        Failure::Unavailable(word) => Finding::unknown(format!("Slack is in trouble: {word}"))
            .with_help("run the check again in a minute"),
        Failure::NotSlack => Finding::failed("the answer is not Slack's", connection()),
        Failure::NoAnswer(reason) => Finding::failed(format!("no answer: {reason}"), connection()),
    }
}

/// The scopes that are needed for posting.
fn scopes(facts: &AppFacts<'_>, wanted: &Wanted<'_>) -> Vec<Item> {
    let name = |scope: &str| format!("{}/{scope}", facts.name);
    let Some(scopes) = &facts.scopes else {
        let finding = Finding::unknown("Slack does not list the app's scopes");
        return vec![finding.about(Kind::Scope, name("chat:write"))];
    };
    let judge = |scope: &str, missing: Finding| {
        let finding = if scopes.has(scope) { Finding::ok("granted") } else { missing };
        finding.about(Kind::Scope, name(scope))
    };
    let mut items = vec![judge(
        "chat:write",
        Finding::failed("missing: no message is posted", of_missing_scope("chat:write")),
    )];
    if wanted.customizes {
        let scope = "chat:write.customize";
        let detail = "missing: messages are posted without the actions' user and icon";
        items.push(judge(scope, Finding::warning(detail, of_missing_scope(scope))));
    }
    items
}

/// Looks the channels up, in their order.
async fn look<'c>(
    facts: &AppFacts<'_>,
    wanted: &[&'c Channel],
    api: &SlackApi,
) -> Vec<(&'c Channel, Lookup)> {
    let names = wanted.iter().filter(|channel| channel.as_str().starts_with('#')).count();
    let listed = if names > 0 || wanted.len() > SINGLE_LOOKUPS {
        list(facts, wanted, api).await
    } else {
        Listed::default()
    };
    let mut found = Vec::with_capacity(wanted.len());
    for channel in wanted {
        let written = channel.as_str();
        let lookup = match (listed.found.get(written), written.chars().next()) {
            (Some(conversation), _) => Lookup::Found(conversation.clone()),
            (None, Some('#')) => listed.rest.clone().unwrap_or_else(|| facts.unseen()),
            (None, Some('U' | 'W')) => no_scope("to see a user", "users:read"),
            (None, _) => one(facts, written, api).await,
        };
        found.push((*channel, lookup));
    }
    found
}

/// The wanted channels that are in the list of all channels.
#[derive(Default)]
struct Listed {
    /// By what the configuration calls them: `#name`, or the ID.
    found: HashMap<String, Conversation>,
    /// What is known of the others, if the list has not been read to its end.
    rest: Option<Lookup>,
}

/// Reads the list of all channels until every wanted one is found.
async fn list(facts: &AppFacts<'_>, wanted: &[&Channel], api: &SlackApi) -> Listed {
    let mut listed = Listed::default();
    let Some(types) = facts.types() else { return listed };
    let mut missing: HashSet<&str> = wanted.iter().map(|channel| channel.as_str()).collect();
    let mut cursor = String::new();
    loop {
        let page = match api.conversations(types, &cursor).await {
            Ok(page) => page,
            Err(failure) => {
                listed.rest = Some(failed(&failure));
                return listed;
            }
        };
        let next = page.next().map(str::to_owned);
        for conversation in page.channels {
            let name = format!("#{}", conversation.name.to_lowercase());
            for written in [name, conversation.id.clone()] {
                if missing.remove(written.as_str()) {
                    listed.found.insert(written, conversation.clone());
                }
            }
        }
        match next {
            Some(next) if !missing.is_empty() && next != cursor => cursor = next,
            _ => return listed,
        }
    }
}

/// Looks one channel, or the direct message, up by its ID.
async fn one(facts: &AppFacts<'_>, id: &str, api: &SlackApi) -> Lookup {
    let is_direct = id.starts_with('D');
    if is_direct && !facts.may_have(SEE_DIRECT) {
        return no_scope("to see a direct message", SEE_DIRECT);
    }
    if !is_direct && facts.types().is_none() {
        return facts.unseen();
    }
    match api.conversation(id).await {
        Ok(conversation) => Lookup::Found(conversation),
        Err(Failure::Refused { word, .. }) if word == "channel_not_found" && is_direct => {
            Lookup::NotFound
        }
        Err(Failure::Refused { word, .. }) if word == "channel_not_found" => facts.unseen(),
        Err(failure) => failed(&failure),
    }
}
