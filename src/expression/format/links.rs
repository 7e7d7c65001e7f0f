//! Slack's markup in angle brackets: links, mentions, channels and dates.
//!
//! Invariant: each result is one `<…>`, whatever the values in it.

use percent_encoding::percent_encode_byte;

use crate::event::Marked;

/// Returns a link to `url`, shown as `text`, if it has any. `None` for a URL that is not one of a
/// web page or a mail address.
pub fn link(url: &str, text: Option<&str>) -> Option<Marked> {
    let is_url = ["https://", "http://", "mailto:"].iter().any(|scheme| {
        url.get(..scheme.len()).is_some_and(|start| start.eq_ignore_ascii_case(scheme))
            && url.len() > scheme.len()
    });
    if !is_url {
        return None;
    }
    let mut markup = String::from("<");
    for c in url.chars() {
        if c.is_whitespace() || c.is_control() || matches!(c, '<' | '>' | '|') {
            for byte in c.encode_utf8(&mut [0; 4]).bytes() {
                markup.push_str(percent_encode_byte(byte));
            }
        } else {
            push_escaped(&mut markup, c);
        }
    }
    let text = text.filter(|text| !text.trim().is_empty());
    let start = markup.len() + 1;
    if let Some(text) = text {
        markup.push('|');
        push_text(&mut markup, text);
    }
    let label = start.min(markup.len())..markup.len();
    markup.push('>');
    Some(Marked::new(markup, label, text.unwrap_or(url)))
}

/// Returns the mention of a user or a group of users with this ID; `None` if it is not one.
pub fn mention(id: &str, plain: &str) -> Option<Marked> {
    let sign = match id.bytes().next().filter(|_| is_id(id))? {
        b'U' | b'W' => "@",
        b'S' => "!subteam^",
        _ => return None,
    };
    Some(Marked::new(format!("<{sign}{id}>"), 0..0, plain))
}

/// Returns the link to the channel with this ID; `None` if it is not one.
pub fn channel(id: &str) -> Option<Marked> {
    let is_channel = is_id(id) && id.starts_with(['C', 'G']);
    is_channel.then(|| Marked::new(format!("<#{id}>"), 0..0, &format!("#{id}")))
}

/// Whether a text has the form of an ID of Slack's.
fn is_id(text: &str) -> bool {
    (3..=21).contains(&text.len())
        && text.bytes().all(|byte| byte.is_ascii_uppercase() || byte.is_ascii_digit())
}

/// Whether a text can be the format of a date in Slack's markup.
pub fn is_date_format(format: &str) -> bool {
    !format.trim().is_empty() && !format.contains(['^', '<', '>', '|'])
}

/// Returns a time in the reader's time zone, for a format that [`is_date_format`]. `fallback` is
/// shown where Slack cannot format it.
pub fn date(seconds: i64, format: &str, fallback: &str) -> Marked {
    let mut markup = format!("<!date^{seconds}^");
    let start = markup.len();
    push_text(&mut markup, format);
    let label = start..markup.len();
    markup.push('|');
    push_text(&mut markup, fallback);
    markup.push('>');
    Marked::new(markup, label, fallback)
}

/// Appends text that is a part of the markup, on one line.
fn push_text(out: &mut String, text: &str) {
    let mut rest = text.chars().peekable();
    while let Some(c) = rest.next() {
        match c {
            '|' => out.push('¦'),
            '\r' if rest.peek() == Some(&'\n') => {}
            '\n' | '\r' | '\u{b}' | '\u{c}' | '\u{85}' | '\u{2028}' | '\u{2029}' => out.push(' '),
            _ => push_escaped(out, c),
        }
    }
}

/// Returns a text with Slack's three entities.
pub fn escaped(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    text.chars().for_each(|c| push_escaped(&mut out, c));
    out
}

fn push_escaped(out: &mut String, c: char) {
    match c {
        '&' => out.push_str("&amp;"),
        '<' => out.push_str("&lt;"),
        '>' => out.push_str("&gt;"),
        other => out.push(other),
    }
}
