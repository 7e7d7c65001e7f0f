//! The plain names that notify everyone in a channel, such as `@here`.
//!
//! Pure. Slack takes them for mentions where a message sets `link_names`, and Mattermost,
//! Rocket.Chat and Discord always do.

const NAMES: [&str; 5] = ["all", "channel", "everyone", "group", "here"];

/// Returns where in `text`, from `start` on, a name starts that follows an `@`. The end of the text
/// counts as the rest of a name, which the next variable may hold.
pub fn names(text: &str, start: usize) -> impl Iterator<Item = usize> {
    let value = text.get(start..).unwrap_or_default();
    let signs = value.match_indices('@').map(move |(at, _)| start + at);
    signs.filter(|at| follows_no_word(text, *at)).map(|at| at + 1).filter(|at| is_name(text, *at))
}

/// Whether the `@` at `at` is not one of an address.
fn follows_no_word(text: &str, at: usize) -> bool {
    let before = text.get(..at).and_then(|before| before.chars().next_back());
    before.is_none_or(|c| !c.is_alphanumeric() && !matches!(c, '.' | '_' | '-' | '+' | '%'))
}

fn is_name(text: &str, at: usize) -> bool {
    let rest = text.get(at..).unwrap_or_default();
    let length = rest.find(|c: char| !c.is_alphanumeric() && c != '_').unwrap_or(rest.len());
    let (word, after) = rest.split_at(length);
    NAMES.iter().any(|name| match name.get(..word.len()) {
        Some(start) if after.is_empty() => start.eq_ignore_ascii_case(word),
        _ => name.eq_ignore_ascii_case(word),
    })
}
