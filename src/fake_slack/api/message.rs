//! `chat.postMessage`.

use hyper::HeaderMap;
use hyper::header::CONTENT_TYPE;
use serde_json::{Map, Value, json};

use super::reply::{Call, Refusal, Reply, members};
use crate::block_kit::validate::Fault;
use crate::fake_slack::record::Post;
use crate::fake_slack::slack;
use crate::fake_slack::workspace::{CUSTOMIZE, Channel, Workspace};

/// Slack cuts longer texts, in characters.
const LONGEST_TEXT: usize = 40_000;

pub fn post(call: &Call<'_>, workspace: &mut Workspace) -> Reply {
    if !workspace.has("chat:write") {
        return Err(Refusal::missing_scope("chat:write"));
    }
    let has_charset = content_type(call.headers)?;
    let mut post = read(call.body)?;
    if post.customizes() && workspace.refuses_customization() {
        return Err(Refusal::missing_scope(CUSTOMIZE));
    }
    let name = post.channel.as_deref().ok_or("invalid_arguments")?;
    let channel = destination(name, workspace)?;
    check(&post)?;
    if workspace.hides_customization() {
        post.hide_customization();
    }
    let mut answer = members(json!({
        "channel": channel.id,
        "ts": call.ts,
        "message": echo(&post, call),
    }));
    if !has_charset {
        answer.insert("warning".to_owned(), "missing_charset".into());
        let warnings = json!({ "warnings": ["missing_charset"] });
        answer.insert("response_metadata".to_owned(), warnings);
    }
    Ok(answer)
}

/// Returns whether the content type names its charset. A token in the header requires JSON.
fn content_type(headers: &HeaderMap) -> Result<bool, Refusal> {
    let header = headers.get(CONTENT_TYPE).ok_or("missing_post_type")?;
    let text = header.to_str().map_err(|_| "invalid_post_type")?.to_ascii_lowercase();
    let mut parts = text.split(';').map(str::trim);
    match parts.next() {
        Some("application/json") => {}
        Some("application/x-www-form-urlencoded" | "multipart/form-data") => {
            return Err("invalid_form_data".into());
        }
        _ => return Err("invalid_post_type".into()),
    }
    match parts.find_map(|part| part.strip_prefix("charset=")) {
        None => Ok(false),
        Some(charset) if charset.trim_matches('"') == "utf-8" => Ok(true),
        Some(_) => Err("invalid_charset".into()),
    }
}

fn read(body: &[u8]) -> Result<Post, Refusal> {
    match serde_json::from_slice::<serde::de::IgnoredAny>(body) {
        Err(_) => Err("invalid_json".into()),
        Ok(_) if !body.trim_ascii_start().starts_with(b"{") => Err("json_not_object".into()),
        Ok(_) => slack::read(body).ok_or_else(|| "invalid_arguments".into()),
    }
}

/// Returns the channel if the app may post to it. A private channel is known by its ID only, and
/// only to its members.
fn destination(name: &str, workspace: &mut Workspace) -> Result<Channel, Refusal> {
    let channel = workspace.channel(name).ok_or("channel_not_found")?;
    let is_hidden = channel.is_private && name.trim() != channel.id;
    if is_hidden || !channel.is_visible() {
        return Err("channel_not_found".into());
    }
    if channel.is_archived {
        return Err("is_archived".into());
    }
    if !channel.is_member && !workspace.has("chat:write.public") {
        return Err("not_in_channel".into());
    }
    Ok(channel)
}

fn check(post: &Post) -> Result<(), Refusal> {
    if slack::is_blank(post) {
        return Err("no_text".into());
    }
    let faults = post.faults();
    let Some(first) = faults.first() else { return Ok(()) };
    let lines: Vec<String> = faults.iter().map(Fault::line).collect();
    let errors: Vec<&str> = lines.iter().filter_map(|line| line.strip_prefix("[ERROR] ")).collect();
    let details = json!({ "errors": errors, "response_metadata": { "messages": lines } });
    Err(Refusal::with(first.word, details))
}

/// Returns the message as Slack shows it.
fn echo(post: &Post, call: &Call<'_>) -> Value {
    let text: String = post.text.iter().flat_map(|text| text.chars()).take(LONGEST_TEXT).collect();
    let mut message = members(json!({
        "type": "message",
        "subtype": "bot_message",
        "text": text,
        "ts": call.ts,
        "bot_id": "B00FAKE",
        "app_id": "A00FAKE",
    }));
    let mut icons = Map::new();
    if let Some(user) = &post.username {
        message.insert("username".to_owned(), user.as_str().into());
    }
    if let Some(url) = &post.icon_url {
        icons.insert("image_64".to_owned(), url.as_str().into());
    }
    if let Some(emoji) = &post.icon_emoji {
        icons.insert("emoji".to_owned(), emoji.as_str().into());
    }
    if !icons.is_empty() {
        message.insert("icons".to_owned(), Value::Object(icons));
    }
    for (name, sent) in [("blocks", &post.blocks), ("attachments", &post.attachments)] {
        if !sent.is_null() {
            message.insert(name.to_owned(), sent.clone());
        }
    }
    Value::Object(message)
}
