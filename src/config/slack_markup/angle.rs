//! What is between `<` and `>`: Slack's own mentions and links, and HTML.

use super::{Mark, Text};
use crate::config::source::quotable;
use crate::expression::template::BLANK;

/// Tags of HTML, with what Slack has in their place.
const TAGS: &[(&[&str], &str)] = &[
    (&["b", "strong"], "write `*bold*`"),
    (&["i", "em"], "write `_italic_`"),
    (&["s", "del", "strike"], "write `~struck~`"),
    (&["h1", "h2", "h3", "h4", "h5", "h6"], "write the heading as a line in bold: `*heading*`"),
    (&["br", "p", "div", "hr"], "write a line break"),
    (&["code", "tt", "kbd"], "put the text between backticks"),
    (&["pre"], "put the text between lines of three backticks"),
    (&["blockquote"], "start the line with `> `"),
    (&["ul", "ol", "li"], "start each line with `• `"),
    (&["a"], "write `<https://…|text>`"),
    (&["img"], "write the URL of the image alone"),
    (&["u", "span", "font", "small", "sup", "sub", "table", "tr", "td", "th"], "remove the tag"),
];

/// Named entities that Slack does not decode. It decodes `&amp;`, `&lt;` and `&gt;`.
const ENTITIES: &[&str] = &[
    "nbsp", "quot", "apos", "mdash", "ndash", "hellip", "copy", "reg", "trade", "euro", "pound",
    "bull", "middot", "rarr", "larr", "times", "laquo", "raquo", "lsquo", "rsquo", "ldquo",
    "rdquo", "auml", "ouml", "uuml", "szlig", "eacute",
];

/// Judges the `<` at `at`; returns the mark, and the length of what was judged.
pub fn read(text: &Text<'_>, at: usize) -> (Option<Mark>, usize) {
    let Some(end) = text.line(at).find('>').map(|end| at + end) else { return (None, 1) };
    let inside = &text.outline[at + 1..end];
    let written = quotable(text.written(at, end + 1));
    let found = match inside.chars().next() {
        Some('@') => user(&inside[1..], &written),
        Some('#') => channel(&inside[1..], &written),
        Some('!') => special(&inside[1..], &written),
        Some(BLANK) => None,
        _ if inside.contains("://") && !inside.starts_with("a ") => None,
        _ if inside.starts_with("mailto:") || inside.contains('|') => None,
        _ => {
            let Some(help) = tag(inside, text.before(at)) else { return (None, 1) };
            let message = format!("`{written}` is HTML, which Slack posts as plain text");
            Some((message, help.to_owned()))
        }
    };
    let mark = found.map(|(message, help)| Mark::new(at, message, help));
    (mark, end + 1 - at)
}

/// `&nbsp;` and its kin.
pub fn entity(text: &Text<'_>, at: usize) -> Option<Mark> {
    let rest = &text.outline[at + 1..];
    let name = rest.get(..rest.find(';').filter(|end| *end <= 8)?)?;
    let is_number = name.strip_prefix('#').is_some_and(|number| {
        let digits = number.strip_prefix(['x', 'X']).unwrap_or(number);
        !digits.is_empty() && digits.bytes().all(|byte| byte.is_ascii_hexdigit())
    });
    let message = format!("`&{name};` is HTML, which Slack posts as plain text");
    let help = "write the character itself";
    (is_number || ENTITIES.contains(&name)).then(|| Mark::new(at, message, help))
}

type Found = Option<(String, String)>;

fn user(id: &str, written: &str) -> Found {
    let id = id.split('|').next().unwrap_or_default();
    if is_id(id, &['U', 'W', 'B']) {
        return None;
    }
    let message = format!("`{written}` mentions no one: it has no member ID");
    let help = match id {
        "here" | "channel" | "everyone" => format!("write `<!{id}>`"),
        _ if is_id(id, &['S']) => format!("a group is written `<!subteam^{id}>`"),
        _ => "write the ID that the member's profile shows: `<@U012AB3CD>`".to_owned(),
    };
    Some((message, help))
}

fn channel(id: &str, written: &str) -> Found {
    let id = id.split('|').next().unwrap_or_default();
    let message = format!("`{written}` links no channel: it has no channel ID");
    let help = "write the ID that the channel's details show: `<#C012AB3CD>`";
    (!is_id(id, &['C', 'G', 'D'])).then(|| (message, help.to_owned()))
}

fn special(command: &str, written: &str) -> Found {
    let name = command.split(['|', '^']).next().unwrap_or_default();
    let is_known = matches!(name, "here" | "channel" | "everyone" | "group" | "subteam" | "date");
    let message = format!("`{written}` is not a mention that Slack knows");
    let help = "write `<!here>`, `<!channel>`, `<!everyone>`, `<!subteam^ID>` or `<@ID>`";
    let is_comment = command.starts_with("--");
    (!is_known && !is_comment && !name.contains(BLANK)).then(|| (message, help.to_owned()))
}

/// Whether `id` is an ID of Slack's of one of these kinds, or comes from a variable.
fn is_id(id: &str, kinds: &[char]) -> bool {
    let is_upper = |c: char| c.is_ascii_uppercase() || c.is_ascii_digit();
    id.contains(BLANK) || (id.len() > 1 && id.starts_with(kinds) && id.chars().all(is_upper))
}

/// The remedy for a tag of HTML; `before` is the character before it.
fn tag(inside: &str, before: Option<char>) -> Option<&'static str> {
    let inside = inside.strip_prefix('/').unwrap_or(inside);
    let end = inside.find(|c: char| !c.is_ascii_alphanumeric()).unwrap_or(inside.len());
    let (name, rest) = inside.split_at(end);
    let name = name.to_ascii_lowercase();
    let is_tag = rest.is_empty() || rest.starts_with('/') || rest.contains('=');
    // `List<b>` is a type.
    let is_type = name.len() == 1 && rest.is_empty() && before.is_some_and(char::is_alphanumeric);
    let entry = TAGS.iter().find(|(names, _)| names.contains(&name.as_str()));
    entry.filter(|_| is_tag && !is_type).map(|(_, help)| *help)
}
