//! What a split of a text must not divide: `<…>` forms, entities, `:emoji:` names, code fences.
//!
//! Pure, in one pass. Invariant: the forms are in order and do not overlap; each is inside one
//! fence or outside of all.

use std::ops::Range;

/// The entities that Slack knows.
const ENTITIES: [&str; 3] = ["&amp;", "&lt;", "&gt;"];

/// What opens and closes a code fence.
pub const FENCE: &str = "```";

/// The start of an emoji's skin tone, which follows the emoji.
const SKIN_TONE: &str = ":skin-tone-";

/// A code fence that is closed and has content.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Fence {
    /// From its opening to its closing backticks, both included.
    pub whole: Range<usize>,
    /// Its content without white space at the ends.
    pub content: Range<usize>,
    /// Its length in characters.
    pub length: usize,
}

/// The marks of one text, as ranges of bytes.
#[derive(Debug, Default)]
pub struct Marks {
    /// Forms, entities and names of emoji, each with its length in characters.
    pub forms: Vec<(Range<usize>, usize)>,
    /// Code fences.
    pub fences: Vec<Fence>,
}

impl Marks {
    /// Finds the marks of `text`.
    #[must_use]
    pub fn of(text: &str) -> Self {
        let mut marks = Self::default();
        let (mut at, mut open) = (0, None);
        while let Some(rest) = text.get(at..) {
            let Some(next) = rest.find(['<', '&', ':', '`']) else { break };
            let (start, rest) = (at + next, rest.get(next..).unwrap_or_default());
            if rest.starts_with(FENCE) {
                at = start + FENCE.len();
                open = match open.take() {
                    None => Some(start),
                    Some(opened) => {
                        marks.fences.extend(fence(text, opened..at));
                        None
                    }
                };
                continue;
            }
            let length = form(rest);
            if length > 0 {
                let form = rest.get(..length).unwrap_or_default();
                marks.forms.push((start..start + length, form.chars().count()));
            }
            at = start + length.max(1);
        }
        marks
    }

    /// Returns the fence inside of which `at` is; neither its start nor its end is inside.
    #[must_use]
    pub fn fence_around(&self, at: usize) -> Option<&Fence> {
        let next = self.fences.partition_point(|fence| fence.whole.end <= at);
        self.fences.get(next).filter(|fence| fence.whole.start < at)
    }

    /// Returns the number of characters of the form inside of which `at` is.
    #[must_use]
    pub fn form_around(&self, at: usize) -> Option<usize> {
        let next = self.forms.partition_point(|(form, _)| form.end <= at);
        let (form, length) = self.forms.get(next)?;
        (form.start < at).then_some(*length)
    }
}

/// The fence at `whole`. Backticks around nothing are text.
fn fence(text: &str, whole: Range<usize>) -> Option<Fence> {
    let inside = text.get(whole.start + FENCE.len()..whole.end - FENCE.len())?;
    let start = whole.start + FENCE.len() + (inside.len() - inside.trim_start().len());
    let content = start..start + inside.trim().len();
    let length = text.get(whole.clone())?.chars().count();
    (!content.is_empty()).then_some(Fence { whole, content, length })
}

/// Returns the length of the form at the start of `text` in bytes; 0 without a form.
fn form(text: &str) -> usize {
    match text.as_bytes().first() {
        Some(b'<') => angle(text),
        Some(b'&') => ENTITIES.into_iter().find(|it| text.starts_with(it)).map_or(0, str::len),
        Some(b':') => emoji(text),
        _ => 0,
    }
}

/// `<…>` in one line.
fn angle(text: &str) -> usize {
    let inside = text.get(1..).unwrap_or_default();
    match inside.find(['<', '>', '\n']) {
        Some(end) if inside[end..].starts_with('>') => end + 2,
        _ => 0,
    }
}

/// `:name:`, with its skin tone.
fn emoji(text: &str) -> usize {
    let one = |text: &str| {
        let inside = text.strip_prefix(':')?;
        let is_name = |c: char| c.is_alphanumeric() || matches!(c, '_' | '-' | '+' | '\'');
        let end = inside.find(|c| !is_name(c))?;
        (end > 0 && inside[end..].starts_with(':')).then_some(end + 2)
    };
    let Some(length) = one(text) else { return 0 };
    let rest = text.get(length..).unwrap_or_default();
    let tone = one(rest).filter(|_| rest.starts_with(SKIN_TONE));
    length + tone.unwrap_or_default()
}
