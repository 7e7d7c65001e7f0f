//! Renders a message for a terminal, as it would look in its channel. Pure.
//!
//! Invariant: the output contains only visible text and line feeds of the message; every escape
//! sequence is written here.

use std::time::{SystemTime, UNIX_EPOCH};

use anstyle::{AnsiColor, Style};
use serde_json::Value;

use super::api::APP;
use super::record::{Post, Request};
use crate::block_kit::show::{self, Line, Look};
use crate::sanitize;

const BOLD: Style = Style::new().bold();
const DIM: Style = Style::new().dimmed();
const CHANNEL: Style = AnsiColor::Cyan.on_default();
const MENTION: Style = AnsiColor::Yellow.on_default().bold();
const LINK: Style = AnsiColor::Blue.on_default().underline();
const REFUSED: Style = AnsiColor::Red.on_default();

/// The number of lines shown of one text, which can have 40,000 characters.
const LINES: usize = 12;

/// The number of lines shown of the blocks of a message.
const BLOCK_LINES: usize = 40;

/// Renders a request with styles: the message in its channel, or why it was not posted. Write it
/// through `anstream`, which removes styles without a terminal.
pub fn request(request: &Request) -> String {
    // In place of the name of the webhook's own channel, which a request does not have.
    let last = request.path.rsplit('/').find(|segment| !segment.is_empty()).unwrap_or("webhook");
    let home = request.channel.as_deref().unwrap_or(last);
    if let Some(message) = request.post.as_ref().filter(|_| request.is_posted()) {
        // The Web API knows a channel by its name, whatever the message calls it.
        let shown = match request.is_call() {
            true => (home, APP),
            false => (message.channel.as_deref().unwrap_or(home), "incoming-webhook"),
        };
        return post(message, shown, request.time);
    }
    let said: Value = serde_json::from_str(&request.answer.body).unwrap_or_default();
    let place = match (request.is_call(), &request.channel) {
        (true, None) => sanitize::one_line(home, 80),
        _ => format!("#{}", sanitize::one_line(home, 80)),
    };
    let given = &request.answer;
    let (style, answer) = match (given.fault, given.headers.get("Retry-After"), &said["error"]) {
        (Some(fault), ..) => (REFUSED, format!("✗ injected fault: {fault:?}")),
        (None, Some(seconds), _) => {
            (REFUSED, format!("✗ {}, Retry-After: {seconds}", given.status))
        }
        (None, None, Value::String(word)) if request.is_call() => (REFUSED, format!("✗ {word}")),
        (None, None, _) if request.is_call() && said["ok"] == true => (DIM, "✓".to_owned()),
        (None, None, _) => (REFUSED, format!("✗ {} {}", given.status, given.body)),
    };
    let (clock, answer) = (clock(request.time), sanitize::one_line(&answer, 90));
    format!("{DIM}{clock}{DIM:#} {CHANNEL}{place}{CHANNEL:#}  {style}{answer}{style:#}")
}

/// Renders a message that was posted at `time` in a channel, by a user unless it has another.
fn post(post: &Post, (channel, user): (&str, &str), time: SystemTime) -> String {
    let channel = sanitize::one_line(channel, 80);
    let user = sanitize::one_line(post.username.as_deref().unwrap_or(user), 80);
    let sign = if channel.starts_with(['#', '@']) { "" } else { "#" };
    let (clock, picture) = (clock(time), picture(post));
    let mut shown = format!(
        "{DIM}{clock}{DIM:#} {CHANNEL}{sign}{channel}{CHANNEL:#}  {picture}{BOLD}{user}{BOLD:#} {DIM}[APP]{}{DIM:#}",
        options(post)
    );
    let (mut lines, most): (Vec<String>, usize) = match block_lines(post) {
        lines if lines.is_empty() => {
            let text = post.text.as_deref().unwrap_or_default();
            (text.lines().map(|line| styled(line, Style::new())).collect(), LINES)
        }
        lines => (lines, BLOCK_LINES),
    };
    let more = lines.len().saturating_sub(most);
    lines.truncate(most);
    for line in lines {
        shown.push_str("\n         ");
        shown.push_str(&line);
    }
    if more > 0 {
        shown.push_str(&format!("\n         {DIM}… {more} more lines{DIM:#}"));
    }
    shown
}

/// Returns the lines of a message's blocks, with styles; of an attachment's blocks with a bar
/// before them.
#[must_use]
pub fn block_lines(post: &Post) -> Vec<String> {
    let list = |value: &Value| value.as_array().cloned().unwrap_or_default();
    let mut lines: Vec<String> = show::lines(&list(&post.blocks)).iter().map(block_line).collect();
    for attachment in list(&post.attachments) {
        let blocks = show::lines(&list(&attachment["blocks"]));
        lines.extend(blocks.iter().map(|line| format!("{DIM}▌{DIM:#} {}", block_line(line))));
    }
    lines
}

fn block_line(line: &Line) -> String {
    let style = match line.look {
        Look::Normal => Style::new(),
        Look::Bold => BOLD,
        Look::Dim => DIM,
    };
    if line.markup {
        return styled(&line.text, style);
    }
    let mut shown = style.to_string();
    unread(&mut shown, &line.text);
    shown.push_str(&format!("{style:#}"));
    shown
}

/// The emoji before the sender's name, or the file of the picture. Slack shows the emoji if a
/// message has both.
fn picture(post: &Post) -> String {
    let file = |url: &str| {
        let path = url.split(['?', '#']).next().unwrap_or_default();
        format!("[{}]", path.rsplit('/').next().unwrap_or_default())
    };
    let icon = post.icon_emoji.clone().or_else(|| post.icon_url.as_deref().map(file));
    icon.map_or_else(String::new, |icon| format!("{} ", sanitize::one_line(&icon, 80)))
}

/// What the message asks of Slack, where it is not left to Slack.
fn options(post: &Post) -> String {
    let options = [
        ("unfurl_links", post.unfurl_links),
        ("unfurl_media", post.unfurl_media),
        ("link_names", post.link_names),
    ];
    let set = options.into_iter().filter_map(|(name, value)| Some(format!(" {name}={}", value?)));
    set.collect()
}

/// Returns the time of day in UTC.
fn clock(time: SystemTime) -> String {
    let seconds = time.duration_since(UNIX_EPOCH).unwrap_or_default().as_secs() % 86_400;
    format!("{:02}:{:02}:{:02}", seconds / 3600, seconds / 60 % 60, seconds % 60)
}

/// Renders one line as Slack does: links and mentions in `<…>`, `*bold*`, and entities. The rest
/// has the style `outer`.
fn styled(line: &str, outer: Style) -> String {
    let mut shown = outer.to_string();
    let mut rest = line;
    while let Some(at) = rest.find(['<', '*']) {
        let (before, from) = rest.split_at(at);
        plain(&mut shown, before);
        rest = match angle(from).or_else(|| bold(from, before)) {
            Some((style, text, after)) => {
                shown.push_str(&style.to_string());
                plain(&mut shown, &text);
                shown.push_str(&format!("{style:#}{outer}"));
                after
            }
            None => {
                plain(&mut shown, &from[..1]);
                &from[1..]
            }
        };
    }
    plain(&mut shown, rest);
    shown.push_str(&format!("{outer:#}"));
    shown
}

/// A piece of a line with its style, and what follows it.
type Piece<'a> = (Style, String, &'a str);

fn angle(from: &str) -> Option<Piece<'_>> {
    let (inside, after) = from.strip_prefix('<')?.split_once('>')?;
    let (target, label) =
        inside.split_once('|').map_or((inside, None), |(target, label)| (target, Some(label)));
    let (style, text) = match (target.chars().next()?, label) {
        ('!', None) => (MENTION, target.replacen('!', "@", 1)),
        ('!', Some(label)) => (MENTION, label.to_owned()),
        (sign @ ('@' | '#'), Some(label)) => (MENTION, format!("{sign}{label}")),
        ('@' | '#', None) => (MENTION, target.to_owned()),
        _ => (LINK, label.unwrap_or(target).to_owned()),
    };
    Some((style, text, after))
}

/// Bold text starts after white space or at the start of the line, has no white space at its edges,
/// and ends on the same line.
fn bold<'a>(from: &'a str, before: &str) -> Option<Piece<'a>> {
    let (inside, after) = from.strip_prefix('*')?.split_once('*')?;
    let is_bold = !inside.is_empty()
        && inside.trim() == inside
        && !inside.contains('<')
        && !before.ends_with(char::is_alphanumeric)
        && !after.starts_with(char::is_alphanumeric);
    is_bold.then(|| (BOLD, inside.to_owned(), after))
}

/// Appends text: decodes Slack's three entities once, and removes control characters.
fn plain(shown: &mut String, text: &str) {
    let text = text.replace("&lt;", "<").replace("&gt;", ">").replace("&amp;", "&");
    unread(shown, &text);
}

/// Appends text in which Slack reads no markup, without control characters.
fn unread(shown: &mut String, text: &str) {
    shown.extend(
        text.chars()
            .map(|c| if c == '\t' { ' ' } else { c })
            .filter(|c| !sanitize::is_hazardous(*c)),
    );
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use proptest::prelude::*;
    use serde_json::json;

    use super::*;

    fn unstyled(text: &str) -> String {
        anstream::adapter::strip_str(text).to_string()
    }

    #[test]
    fn a_message_looks_as_in_slack() {
        let message = Post {
            text: Some("🎉 Ada &amp; Co joined on the *enterprise* plan\n<https://x.io|open> &lt;!here&gt; <!here> <@U1> 2*3*4".to_owned()),
            username: Some("Sales bot".to_owned()),
            ..Post::default()
        };
        let shown = post(
            &message,
            ("#sales-alerts", "-"),
            UNIX_EPOCH + Duration::from_secs(86_400 + 3_723),
        );
        assert_eq!(
            unstyled(&shown),
            "01:02:03 #sales-alerts  Sales bot [APP]\n         🎉 Ada & Co joined on the enterprise plan\n         open <!here> @here @U1 2*3*4"
        );
        assert!(shown.contains("\u{1b}[1menterprise\u{1b}[0m"), "{shown:?}");
    }

    #[test]
    fn an_entity_is_unescaped_once() {
        assert_eq!(styled("&amp;lt; &amp;amp; &#39;", Style::new()), "&lt; &amp; &#39;");
    }

    #[test]
    fn a_webhook_has_its_own_channel_and_name() {
        assert_eq!(
            unstyled(&post(&Post::default(), ("sales", "incoming-webhook"), UNIX_EPOCH)),
            "00:00:00 #sales  incoming-webhook [APP]"
        );
    }

    #[test]
    fn an_emoji_and_options_are_shown() {
        let message = Post {
            icon_emoji: Some(":bell:".to_owned()),
            unfurl_links: Some(false),
            link_names: Some(true),
            ..Post::default()
        };
        assert_eq!(
            unstyled(&post(&message, ("sales", "slackline"), UNIX_EPOCH)),
            "00:00:00 #sales  :bell: slackline [APP] unfurl_links=false link_names=true"
        );
    }

    #[test]
    fn blocks_are_shown_in_place_of_the_text() {
        let section =
            |text: &str| json!({ "type": "section", "text": { "type": "mrkdwn", "text": text } });
        let header = json!({ "type": "header", "text": { "type": "plain_text", "text": "A *b* &amp;\u{1b}[1m" } });
        let message = Post {
            text: Some("fallback".to_owned()),
            blocks: json!([header, section("*a* &amp; b")]),
            attachments: json!([{ "color": "good", "blocks": [section("c")] }, { "fallback": "d" }]),
            ..Post::default()
        };
        let shown = unstyled(&post(&message, ("sales", "slackline"), UNIX_EPOCH));
        assert_eq!(
            shown,
            "00:00:00 #sales  slackline [APP]\n         A *b* &amp;[1m\n         a & b\n         ▌ c"
        );
    }

    #[test]
    fn a_long_message_is_cut() {
        let message = Post { text: Some("x\n".repeat(100)), ..Post::default() };
        assert!(post(&message, ("c", "-"), UNIX_EPOCH).contains("… 88 more lines"));
    }

    proptest! {
        #[test]
        fn no_escape_sequence_of_the_message_is_kept(text in "[\\x00-\\x7f<>*|!@#\u{9b}\u{202e}a-z\n]*", channel in any::<String>(), user in any::<String>()) {
            let object = json!({ "type": "mrkdwn", "text": text });
            let blocks = json!([{ "type": "context", "elements": [object] }, { "type": "section", "text": object }]);
            let blocks = if text.len() % 2 == 0 { blocks } else { Value::Null };
            let message = Post { text: Some(text), username: Some(user), blocks, ..Post::default() };
            let shown = post(&message, (&channel, "-"), UNIX_EPOCH);
            // Once our own sequences are removed, no control character may be left.
            let ours = [DIM, CHANNEL, MENTION, LINK, BOLD];
            let mut rest = shown;
            for style in ours {
                rest = rest.replace(&format!("{style:#}"), "").replace(&format!("{style}"), "");
            }
            prop_assert!(!rest.chars().any(|c| c != '\n' && sanitize::is_hazardous(c)), "{rest:?}");
        }
    }
}
