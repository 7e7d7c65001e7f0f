//! What becomes of a value on its way into a message.
//!
//! Pure. Invariant: a value starts, ends or labels no link, is no mention, neither leaves nor
//! starts a quote, and does not leave code. A value without the characters that could is not
//! copied.

use std::fmt::Write;

use super::code::Code;
use super::form::{Escape, Form, clip};
use super::names::{Names, found};
use super::place::{Context, Place, is_at_line_start, is_blank, is_break, starts_mark};
use super::target::{Part, changes_host, is_host};
use crate::event::Value;

/// Takes a sign its meaning for Slack, and shows nothing: a zero-width space.
const GUARD: char = '\u{200b}';

/// Where a value is inserted.
pub struct Spot<'s> {
    pub place: &'s Place,
    pub form: Form,
    /// The author's own text.
    pub own: &'s str,
}

/// Appends a value to `out`, harmless at its place.
pub fn insert(out: &mut String, value: &Value<'_>, spot: &Spot<'_>) {
    let names = match spot.form.escape {
        Escape::Slack => Names::Everyone,
        Escape::SlackNames => Names::All,
        Escape::Nothing => return write_value(out, value, spot),
        Escape::Url => {
            let start = out.len();
            write_value(out, value, spot);
            return secure_url(out, start);
        }
    };
    prepare(out, spot.place);
    if write_markup(value, spot.place, names, out) {
        return;
    }
    let start = out.len();
    write_value(out, value, spot);
    secure(out, start, spot.place, names, spot.own);
}

fn write_value(out: &mut String, value: &Value<'_>, spot: &Spot<'_>) {
    value.write_text(out);
    clip(out, spot.form.enough);
}

/// Percent-encodes what a URL of a block cannot contain.
fn secure_url(out: &mut String, start: usize) {
    let is_special =
        |c: char| c.is_whitespace() || c.is_control() || matches!(c, '<' | '>' | '"' | '|');
    let Some(tail) = from(out, start, is_special) else { return };
    for c in tail.chars() {
        if is_special(c) { push_percent(out, c) } else { out.push(c) }
    }
}

fn push_percent(out: &mut String, c: char) {
    for byte in c.encode_utf8(&mut [0; 4]).bytes() {
        let _infallible = write!(out, "%{byte:02X}");
    }
}

/// Prepares `out` for a value at `place`.
fn prepare(out: &mut String, place: &Place) {
    if place.ends_entity && starts_mark(out) {
        out.push(GUARD);
    }
}

/// Appends a value as its markup, if it has any and Slack reads markup at `place`; returns whether
/// it did. The free text of the markup is made harmless.
fn write_markup(value: &Value<'_>, place: &Place, names: Names, out: &mut String) -> bool {
    let Value::Marked(marked) = value else { return false };
    let is_raw = place.context == Context::Raw;
    let start = out.len();
    match marked.angle() {
        Some((before, text, after))
            if is_raw || matches!(place.context, Context::Text | Context::Quote(_)) =>
        {
            out.push_str(before);
            let text_start = out.len();
            out.push_str(text);
            secure_names(out, text_start, names);
            out.push_str(after);
        }
        None if is_raw => out.push_str(marked.markup()),
        _ => return false,
    }
    if let Some(code) = place.code.filter(|_| !is_raw) {
        secure_code(out, start, code);
    }
    true
}

/// Makes the value that `out` ends with, from `start` on, harmless at its `place` in the author's
/// own text, `source`. Each of `names` in it stays text.
fn secure(out: &mut String, start: usize, place: &Place, names: Names, source: &str) {
    match &place.context {
        Context::Raw => {}
        Context::Text => secure_text(out, start, None),
        Context::Quote(prefix) => secure_text(out, start, source.get(prefix.clone())),
        Context::Label => secure_label(out, start),
        Context::Target(part) => secure_target(out, start, *part),
    }
    if matches!(place.context, Context::Text | Context::Quote(_) | Context::Label) {
        secure_names(out, start, names);
    }
    if let Some(code) = place.code.filter(|_| place.context != Context::Raw) {
        secure_code(out, start, code);
    }
    if place.before_sign && (out.ends_with('<') || is_at_line_start(out)) {
        out.push(GUARD);
    }
}

/// Escapes `&`, `<`, `>`. A `>` at the start of a line gets a guard, since Slack takes `&gt;` there
/// for the mark of a quote. With `quote`, each line of the value starts with it.
fn secure_text(out: &mut String, start: usize, quote: Option<&str>) {
    let Some(tail) =
        from(out, start, |c| matches!(c, '&' | '<' | '>') || quote.is_some() && is_break(c))
    else {
        return;
    };
    let mut at_start = is_at_line_start(out);
    let mut rest = tail.chars().peekable();
    while let Some(c) = rest.next() {
        match quote {
            Some(_) if c == '\r' && rest.peek() == Some(&'\n') => continue,
            Some(quote) if is_break(c) => {
                out.push('\n');
                out.push_str(quote);
            }
            _ => {
                if c == '>' && at_start {
                    out.push(GUARD);
                }
                push_escaped(out, c);
            }
        }
        at_start = is_break(c) || at_start && is_blank(c);
    }
}

/// Escapes `&`, `<`, `>`, replaces `|`, and puts the value on one line.
fn secure_label(out: &mut String, start: usize) {
    if may_ping(out, start, &['<']) {
        out.insert(start, GUARD);
    }
    let is_special = |c| matches!(c, '&' | '<' | '>' | '|') || is_break(c);
    let Some(tail) = from(out, start, is_special) else { return };
    let mut rest = tail.chars().peekable();
    while let Some(c) = rest.next() {
        match c {
            '|' => out.push('¦'),
            '\r' if rest.peek() == Some(&'\n') => {}
            _ if is_break(c) => out.push(' '),
            _ => push_escaped(out, c),
        }
    }
}

/// Percent-encodes what would end the target, and what would lead to another host.
fn secure_target(out: &mut String, start: usize, part: Part) {
    let is_special = |c: char| {
        c.is_whitespace()
            || c.is_control()
            || matches!(c, '|' | '<' | '>' | '^' | '\\')
            || part == Part::Host && !is_host(c)
    };
    let leaves = part == Part::AfterHost
        && out.split_at_checked(start).is_some_and(|(before, value)| changes_host(before, value));
    let sigil = may_ping(out, start, &['<', '@', '#', '!']);
    let tail = if sigil {
        Some(out.split_off(start))
    } else {
        from(out, start, |c| c == '&' || is_special(c))
    };
    if leaves {
        out.insert(start, '/');
    }
    for (at, c) in tail.iter().flat_map(|tail| tail.char_indices()) {
        if is_special(c) || sigil && at == 0 {
            push_percent(out, c);
        } else {
            push_escaped(out, c);
        }
    }
}

/// Separates the names that must stay text from their `@` or `#`.
fn secure_names(out: &mut String, start: usize, names: Names) {
    let found: Vec<usize> = found(out, start, names).collect();
    let Some(first) = found.first().copied() else { return };
    let tail = out.split_off(first);
    for (at, c) in tail.char_indices() {
        if found.binary_search(&(first + at)).is_ok() {
            out.push(GUARD);
        }
        out.push(c);
    }
    if found.last() == Some(&(first + tail.len())) {
        out.push(GUARD);
    }
}

/// Keeps the value's backticks from closing the code that it is in.
fn secure_code(out: &mut String, start: usize, code: Code) {
    let Some(tail) = from(out, start, |c| c == '`') else { return };
    for c in tail.chars() {
        match (c, code) {
            ('`', Code::Span) => out.push('ˋ'),
            ('`', Code::Block) if out.ends_with('`') => out.extend([GUARD, '`']),
            _ => out.push(c),
        }
    }
    if out.ends_with('`') {
        out.push(GUARD);
    }
}

/// Whether the value from `start` on starts with the sign of a mention, directly after one of
/// `signs`.
fn may_ping(out: &str, start: usize, signs: &[char]) -> bool {
    let is_sign = out.get(start..).is_some_and(|value| value.starts_with(['@', '#', '!']));
    is_sign && out.get(..start).is_some_and(|before| before.ends_with(signs))
}

/// Takes the end of the value off, from the first special character on.
fn from(out: &mut String, start: usize, is_special: impl Fn(char) -> bool) -> Option<String> {
    let first = out.get(start..)?.find(is_special)?;
    Some(out.split_off(start + first))
}

fn push_escaped(out: &mut String, c: char) {
    match c {
        '&' => out.push_str("&amp;"),
        '<' => out.push_str("&lt;"),
        '>' => out.push_str("&gt;"),
        other => out.push(other),
    }
}
