//! Remedies for a file that is not YAML: what the author probably meant, on the author's own text.
//!
//! Invariant: no message contains the value of a secret.

use super::diagnostic::Findings;
use super::source::{Source, harmless};
use super::tree::SyntaxError;
use super::yaml_text::{
    FREE_TEXTS, bracket_end, entry, flow_value, in_quotes, is_odd_blank, key_of, odd_blank, quote,
    quote_end, starts_blank,
};

mod misread;

use misread::{COMMENT, is_header, misread, own_text};

/// A place, what is wrong there, and the remedy.
type Hint = (usize, String, String);

/// The file around the error.
struct Place<'a> {
    source: &'a Source<'a>,
    offset: usize,
    /// The library's message.
    message: String,
    /// Where the error's line starts.
    start: usize,
    line: &'a str,
}

/// Reports a file that is not YAML. The most likely reason is a value that starts with one of
/// YAML's own characters.
pub fn syntax(error: &SyntaxError, source: &Source<'_>, findings: &mut Findings) {
    let offset = error.offset.min(source.text.len());
    let start = source.text[..offset].rfind('\n').map_or(0, |at| at + 1);
    let line = source.text[start..].lines().next().unwrap_or_default();
    let place = Place { source, offset, message: harmless(&error.message), start, line };
    let hint = tab(&place)
        .or_else(|| blank(&place))
        .or_else(|| second_document(&place))
        .or_else(|| value(&place))
        .or_else(|| variable_in_flow(&place))
        .or_else(|| comment_line(&place))
        .or_else(|| block_line(&place))
        .or_else(|| flow(&place))
        .or_else(|| colon(&place))
        .or_else(|| open_quote(&place));
    let (at, message, help) = hint.unwrap_or_else(|| general(&place));
    findings.error(at, message, help);
}

impl<'a> Place<'a> {
    fn says(&self, part: &str) -> bool {
        self.message.contains(part)
    }

    /// Describes what is wrong, with the library's own message behind it.
    fn not_yaml(&self, what: &str) -> String {
        format!("not YAML: {what} ({})", self.message)
    }

    /// The remedy for a value: quotes around the author's own text.
    fn quotes(&self, start: usize, line: &str, at: usize, text: &str) -> String {
        let place = start + at..start + at + text.len();
        if self.source.is_hidden(&place) {
            return "put the value in quotes".to_owned();
        }
        let text = text.replace("\\'", "'");
        format!("put the value in quotes: `{}`", in_quotes(line, at, &text))
    }

    /// The lines before the error's line, the nearest first, each with its offset.
    fn before(&self) -> impl Iterator<Item = (usize, &'a str)> {
        let lines = self.source.text[..self.start].split_inclusive('\n').rev();
        lines.scan(self.start, |start, line| {
            *start -= line.len();
            Some((*start, line.trim_end()))
        })
    }
}

/// A tab in the indentation. The library reports most of them at the value before.
fn tab(place: &Place<'_>) -> Option<Hint> {
    let is_about_tabs = place
        .message
        .split(|c: char| !c.is_alphanumeric())
        .any(|word| matches!(word, "tab" | "tabs"));
    let count = if is_about_tabs { usize::MAX } else { 1 };
    let mut start = place.start;
    for line in place.source.text[place.start..].split_inclusive('\n').take(count) {
        let content = line.trim_start();
        let indentation = &line[..line.len() - content.len()];
        if !content.is_empty()
            && !content.starts_with('#')
            && let Some(at) = indentation.find('\t')
        {
            let help = "use spaces: YAML allows no tab there";
            return Some((
                start + at,
                "not YAML: a tab in the indentation".to_owned(),
                help.to_owned(),
            ));
        }
        start += line.len();
    }
    is_about_tabs.then(|| {
        (place.offset, place.not_yaml("a tab"), "use spaces in place of the tab".to_owned())
    })
}

/// A blank that is not a space, in the indentation or after a key's colon.
fn blank(place: &Place<'_>) -> Option<Hint> {
    if let Some(found) =
        place.source.text[place.offset..].chars().next().filter(|c| is_odd_blank(*c))
    {
        let what = format!("the invisible character U+{:04X}", u32::from(found));
        return Some((
            place.offset,
            place.not_yaml(&what),
            "remove it, or write a space".to_owned(),
        ));
    }
    let content = place.line.trim_start_matches(|c: char| c.is_whitespace() || is_odd_blank(c));
    let indentation = &place.line[..place.line.len() - content.len()];
    let after_colon = || {
        let colon = place.line.find(':')?;
        let next = place.line[colon + 1..].chars().next().filter(|c| is_odd_blank(*c))?;
        Some((colon + 1, next))
    };
    let (at, found) = odd_blank(indentation).or_else(after_colon)?;
    let what = format!("the character U+{:04X} in place of a space", u32::from(found));
    Some((place.start + at, place.not_yaml(&what), "write a space there".to_owned()))
}

fn second_document(place: &Place<'_>) -> Option<Hint> {
    let help = "keep one: remove `---` and the text after it";
    place
        .says("multiple YAML documents")
        .then(|| (place.offset, "a second YAML document starts here".to_owned(), help.to_owned()))
}

fn variable_in_flow(place: &Place<'_>) -> Option<Hint> {
    let before = place.line.get(..place.offset - place.start + 1)?;
    let help = "put a value with `${…}` in quotes within `{ }` or `[ ]`";
    before
        .contains("${")
        .then(|| (place.offset, format!("not YAML: {}", place.message), help.to_owned()))
}

/// A value that YAML cannot read as its author wrote it: on the error's line, or on the line of the
/// last key before it.
fn value(place: &Place<'_>) -> Option<Hint> {
    let judge = |start: usize, line: &str| -> Option<Hint> {
        let entry = entry(line)?;
        // The error is the key's own colon: the line continues the text above it.
        if place.offset == start + entry.key_at + entry.key.len() && place.says("mapping values") {
            return None;
        }
        let is_open = FREE_TEXTS.contains(&entry.key)
            && place.says("bracket")
            && entry.value.starts_with(['[', '{'])
            && bracket_end(entry.value).is_none();
        let what = match misread(entry.value, &place.message) {
            None if is_open => {
                "a value starts with a bracket, which YAML reads as a list or mapping"
            }
            what => what?,
        };
        let help = match what {
            COMMENT => "put all of the text in quotes, or write `|` after its key and the text \
                        below it"
                .to_owned(),
            _ => place.quotes(start, line, entry.at, own_text(entry.value)),
        };
        Some((start + entry.at, place.not_yaml(what), help))
    };
    if let Some(hint) = judge(place.start, place.line) {
        return Some(hint);
    }
    let has_key = |line: &str| entry(line).is_some_and(|entry| !entry.key.is_empty());
    let mut is_near = !has_key(place.line);
    // The library notices an unclosed `{{` only lines later.
    for (start, line) in place.before() {
        let is_template = entry(line).is_some_and(|entry| entry.value.starts_with("{{"));
        if (is_near || (is_template && (place.says("flow") || place.says("bracket"))))
            && let Some(hint) = judge(start, line)
        {
            return Some(hint);
        }
        is_near &= !has_key(line);
    }
    None
}

/// A line of a text that starts with `#`: a comment, which ends the text.
fn comment_line(place: &Place<'_>) -> Option<Hint> {
    let (start, line) = place.before().find(|(_, line)| !line.trim().is_empty())?;
    let content = line.trim_start();
    let is_text = |c: char| c.is_alphanumeric() || c == '{';
    let is_comment = content.strip_prefix('#')?.starts_with(is_text);
    let what =
        place.not_yaml("a line that starts with `#` is a comment, and ends the text above it");
    let help = "write `|` after the key and the text below it, or put the text in quotes";
    let is_likely = is_comment && entry(place.line).is_none();
    is_likely.then(|| (start + line.len() - content.len(), what, help.to_owned()))
}

/// A line of a `|` or `>` that is indented less than the text's first line.
fn block_line(place: &Place<'_>) -> Option<Hint> {
    let above =
        place.before().find_map(|(_, line)| entry(line).filter(|entry| !entry.key.is_empty()))?;
    let is_block = above.value.starts_with(['|', '>']) && is_header(above.value);
    let what = place.not_yaml("a line of a text is indented less than its first line");
    let help = "indent all lines of the text alike, further than its key";
    let is_text = entry(place.line).is_none() && !place.says("simple key expected");
    (is_block && is_text).then(|| (place.offset, what, help.to_owned()))
}

/// A value within `{ }` or `[ ]` in which YAML's own signs have a meaning.
fn flow(place: &Place<'_>) -> Option<Hint> {
    let at = place.offset - place.start;
    let is_flow =
        |at: usize| place.line.get(..at).is_some_and(|before| before.contains(['{', '[']));
    if place.says("bracket") || place.says("comments must") {
        let at = place.line.match_indices('#').map(|(at, _)| at).find(|at| {
            let is_comment = place.line[..*at].ends_with([' ', '[', '{', ',']);
            is_comment && !place.line[at + 1..].is_empty() && !starts_blank(&place.line[at + 1..])
        })?;
        let what = place.not_yaml("` #` starts a comment");
        let help = "put the value in quotes that contains the `#`";
        return is_flow(at).then(|| (place.start + at, what, help.to_owned()));
    }
    if !is_flow(at) || !(place.says("flow") || place.says("anchor") || place.says("character")) {
        return None;
    }
    let before = place.line.get(..at)?;
    let value_at = match key_of(before, before.len()) {
        Some(_) => at,
        None => before.rfind(": ")? + 2,
    };
    let text = flow_value(&place.line[value_at..]);
    let what =
        place.not_yaml("a value within `{ }` or `[ ]` contains signs that YAML reads itself");
    let help = place.quotes(place.start, place.line, value_at, text);
    (!text.is_empty()).then_some((place.start + value_at, what, help))
}

/// A key without a blank after its colon, or the text of a `|` that is not indented.
fn colon(place: &Place<'_>) -> Option<Hint> {
    let is_key_expected = place.says("simple key expected");
    if !is_key_expected && !place.says("mapping values are not allowed") {
        return None;
    }
    let above = place.before().find(|(_, line)| !line.trim().is_empty());
    for (start, line) in [(place.start, place.line)].into_iter().chain(above) {
        if let Some((at, key, rest)) = close_colon(line) {
            let message = place.not_yaml(&format!("no blank after the colon of `{key}`"));
            let range = start + at..start + line.len();
            let help = match place.source.is_hidden(&range) {
                true => format!("write a blank after it: `{key}: …`"),
                false
                    if rest.starts_with(|c: char| c.is_alphanumeric() || c == '"' || c == '\'') =>
                {
                    format!("write a blank after it: `{key}: {}`", harmless(rest))
                }
                false => format!("write a blank after it: `{key}: {}`", quote(rest)),
            };
            return Some((start + at, message, help));
        }
        if is_key_expected && entry(line).is_some_and(|entry| entry.value.starts_with(['|', '>'])) {
            let message = place.not_yaml("the text of a `|` or `>` is not indented");
            let help = "indent each line of the text further than its key";
            return Some((place.offset, message, help.to_owned()));
        }
    }
    let help = "indent the keys of one section alike; put a text that contains `: ` in quotes, or \
                write `|` after its key and the text below it";
    (!is_key_expected)
        .then(|| (place.offset, format!("not YAML: {}", place.message), help.to_owned()))
}

/// A key whose colon no blank follows: the offset of its colon in the line, the key, the rest.
/// Not that of a URL, an address or a time.
pub fn close_colon(line: &str) -> Option<(usize, &str, &str)> {
    let body = line.trim_start_matches([' ', '\t', '-']).trim_end();
    let (key, rest) = body.split_once(':')?;
    let is_key = !key.is_empty() && key.chars().all(|c| c.is_ascii_lowercase() || c == '_');
    let is_close = !rest.is_empty() && !rest.starts_with([' ', '\t', '/', ':']);
    let is_port = rest.starts_with(|c: char| c.is_ascii_digit());
    let at = line.trim_end().len() - rest.len() - 1;
    (is_key && is_close && !is_port).then_some((at, key, rest))
}

/// A quote that is closed by one that was meant to open another text.
fn open_quote(place: &Place<'_>) -> Option<Hint> {
    let mark = match () {
        () if place.says("after double-quoted") => '"',
        () if place.says("after single-quoted") => '\'',
        () => return None,
    };
    let opens = |line: &str| {
        let entry = entry(line)?;
        (entry.value.starts_with(mark) && quote_end(entry.value).is_none()).then_some(entry.at)
    };
    let (start, at) = place.before().find_map(|(start, line)| Some((start, opens(line)?)))?;
    let message = place.not_yaml("a quote that is not closed on its line");
    Some((start + at, message, "close it at the end of the value".to_owned()))
}

fn general(place: &Place<'_>) -> Hint {
    let text = &place.source.text[place.offset..];
    let help = if place.says("unexpected character") {
        "put values in quotes that start with `@`, `%` or a backtick".to_owned()
    } else if place.says("unclosed bracket") {
        "close the bracket".to_owned()
    } else if place.says("unclosed quote") {
        "close the quote".to_owned()
    } else if place.says("anchor") && place.source.is_hidden(&(place.offset..place.offset + 1)) {
        "define the anchor (`&name`) before it is used".to_owned()
    } else if place.says("anchor") {
        let at = place.offset - place.start;
        let value = flow_value(text.lines().next().unwrap_or_default());
        let quoted = in_quotes(place.line, at, value);
        format!("define the anchor (`&name`) before it is used, or quote a text: `{quoted}`")
    } else {
        "check the indentation, and quote values that contain `: `, ` #`, quotes or brackets"
            .to_owned()
    };
    (place.offset, format!("not YAML: {}", place.message), help)
}
