//! Plain names that notify someone or become links, such as `@here`, `@ada` and `#sales`.
//!
//! Pure. Slack reads them where a message sets `link_names`. Mattermost, Rocket.Chat and Discord
//! always do.

/// The names that must stay text.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Names {
    /// Those of everyone in a channel.
    Everyone,
    /// Those of users and channels too: the message sets `link_names`.
    All,
}

const NAMES: [&str; 5] = ["all", "channel", "everyone", "group", "here"];

/// Returns where in `text`, from `start` on, one of `names` starts, after its `@` or `#`. The end
/// of the text counts as the rest of a name, which the next variable may hold.
pub fn found(text: &str, start: usize, names: Names) -> impl Iterator<Item = usize> {
    let value = text.get(start..).unwrap_or_default();
    value.match_indices(['@', '#']).filter_map(move |(at, sign)| {
        let (before, name) = (text.get(..start + at)?, value.get(at + 1..)?);
        let is_name = match names {
            Names::Everyone => sign == "@" && is_everyone(name),
            Names::All => !name.starts_with(char::is_whitespace),
        };
        // An address has an `@` within a word.
        (is_name && !before.ends_with(char::is_alphanumeric)).then_some(start + at + 1)
    })
}

/// Whether `text` starts with a name of everyone in a channel.
fn is_everyone(text: &str) -> bool {
    let word = text.split(|c: char| !c.is_alphanumeric()).next().unwrap_or(text);
    NAMES.iter().any(|name| match name.get(..word.len()) {
        Some(start) if word.len() == text.len() => start.eq_ignore_ascii_case(word),
        _ => name.eq_ignore_ascii_case(word),
    })
}
