//! `conversations.info` and `conversations.list`.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD as BASE64;
use serde_json::{Value, json};

use super::reply::{Refusal, Reply, members};
use crate::fake_slack::workspace::{Channel, Workspace, is_id};

/// The channels of a page, unless the caller sets it.
const PAGE: usize = 100;

const LARGEST_PAGE: usize = 1000;

/// What a page's cursor holds before the index of its first channel.
const CURSOR: &str = "channel:";

/// Which scope shows which type of channel.
const TYPES: [(&str, &str); 4] = [
    (PUBLIC, "channels:read"),
    (PRIVATE, "groups:read"),
    ("mpim", "mpim:read"),
    (DIRECT, "im:read"),
];

const PUBLIC: &str = "public_channel";

const PRIVATE: &str = "private_channel";

const DIRECT: &str = "im";

/// The names and values of a call's arguments.
type Arguments = [(String, String)];

/// One channel, by its ID.
pub fn info(arguments: &Arguments, workspace: &mut Workspace) -> Reply {
    let scopes = TYPES.map(|(_, scope)| scope);
    if scopes.iter().all(|scope| !workspace.has(scope)) {
        return Err(Refusal::missing_scope(scopes.join(",")));
    }
    let id = argument(arguments, "channel").ok_or("invalid_arguments")?;
    let channel = if is_id(id) { workspace.channel(id) } else { None };
    let channel = channel.filter(|channel| channel.is_listed() && channel.is_visible());
    let channel = channel.ok_or("channel_not_found")?;
    let kind = kind(&channel);
    let scope = TYPES.iter().find(|(name, _)| *name == kind).map_or("", |(_, scope)| scope);
    if !workspace.has(scope) {
        return Err(Refusal::missing_scope(scope));
    }
    Ok(members(json!({ "channel": shown(&channel) })))
}

/// One page of the channels that the app sees. Where every channel exists, there is no list of
/// them: one that lacked a name would say that it does not exist.
pub fn list(arguments: &Arguments, workspace: &Workspace) -> Reply {
    let types = types(argument(arguments, "types"), workspace)?;
    if workspace.is_open() {
        return Err("every_channel_exists".into());
    }
    let limit = match argument(arguments, "limit").map(str::parse) {
        None | Some(Ok(0)) => PAGE,
        Some(Ok(limit)) if limit <= LARGEST_PAGE => limit,
        _ => return Err("invalid_limit".into()),
    };
    let without_archived = argument(arguments, "exclude_archived") == Some("true");
    let seen: Vec<&Channel> = workspace
        .channels()
        .iter()
        .filter(|channel| channel.is_listed() && channel.is_visible())
        .filter(|channel| types.contains(&kind(channel)))
        .filter(|channel| !(without_archived && channel.is_archived))
        .collect();
    let first = argument(arguments, "cursor").map_or(Some(0), index);
    let first = first.filter(|first| *first <= seen.len()).ok_or("invalid_cursor")?;
    let last = (first + limit).min(seen.len());
    let page: Vec<Value> =
        seen.iter().take(last).skip(first).map(|channel| shown(channel)).collect();
    let next = if last < seen.len() { cursor(last) } else { String::new() };
    Ok(members(json!({ "channels": page, "response_metadata": { "next_cursor": next } })))
}

/// Returns the requested types.
fn types<'a>(argument: Option<&'a str>, workspace: &Workspace) -> Result<Vec<&'a str>, Refusal> {
    let (mut types, mut needed) = (Vec::new(), Vec::new());
    for name in argument.unwrap_or(PUBLIC).split(',').map(str::trim) {
        let (_, scope) = TYPES.iter().find(|(known, _)| *known == name).ok_or("invalid_types")?;
        if !workspace.has(scope) {
            needed.push(*scope);
        }
        types.push(name);
    }
    if needed.is_empty() { Ok(types) } else { Err(Refusal::missing_scope(needed.join(","))) }
}

/// Returns the value of an argument that is not empty.
fn argument<'a>(arguments: &'a Arguments, name: &str) -> Option<&'a str> {
    let mut values = arguments.iter().filter(|(key, value)| key == name && !value.is_empty());
    values.next().map(|(_, value)| value.as_str())
}

fn cursor(index: usize) -> String {
    BASE64.encode(format!("{CURSOR}{index}"))
}

fn index(cursor: &str) -> Option<usize> {
    let text = String::from_utf8(BASE64.decode(cursor).ok()?).ok()?;
    text.strip_prefix(CURSOR)?.parse().ok()
}

/// Its type.
fn kind(channel: &Channel) -> &'static str {
    match channel {
        _ if channel.is_direct() => DIRECT,
        Channel { is_private: true, .. } => PRIVATE,
        Channel { is_private: false, .. } => PUBLIC,
    }
}

fn shown(channel: &Channel) -> Value {
    if channel.is_direct() {
        return json!({ "id": channel.id, "is_im": true, "user": "U00FAKE" });
    }
    json!({
        "id": channel.id,
        "name": channel.name,
        "is_channel": !channel.is_private,
        "is_group": channel.is_private,
        "is_im": false,
        "is_private": channel.is_private,
        "is_archived": channel.is_archived,
        "is_member": channel.is_member,
    })
}
