//! Code in a message, in which Slack reads no markup.

use super::Mark;
use crate::expression::template::BLANK;

/// Names of languages that Markdown allows behind an opening fence.
const LANGUAGES: [&str; 16] = [
    "json",
    "yaml",
    "yml",
    "xml",
    "sql",
    "bash",
    "sh",
    "shell",
    "python",
    "js",
    "javascript",
    "ts",
    "html",
    "diff",
    "text",
    "console",
];

/// Returns the text with code blanked out: between two fences, and between two backticks on one
/// line. A fence with a language is a mark.
pub fn blanked(outline: &str) -> (String, Vec<Mark>) {
    let (mut blanked, mut marks) = (String::with_capacity(outline.len()), Vec::new());
    let mut at = 0;
    while let Some(found) = outline[at..].find('`') {
        let start = at + found;
        blanked.push_str(&outline[at..start]);
        let rest = &outline[start..];
        let fence = if rest.starts_with("```") { "```" } else { "`" };
        let inside = &rest[fence.len()..];
        let area =
            if fence.len() == 1 { inside.lines().next().unwrap_or_default() } else { inside };
        let length = match area.find(fence) {
            Some(end) if end > 0 || fence.len() > 1 => end + 2 * fence.len(),
            _ => fence.len(),
        };
        let language = inside.split_once('\n').map(|(language, _)| language.trim());
        if let Some(language) = language.filter(|name| fence.len() > 1 && LANGUAGES.contains(name))
        {
            let message = format!("Slack posts `{language}` as the first line of the code");
            let help = "remove the language after the three backticks";
            marks.push(Mark::new(start + fence.len(), message, help));
        }
        blanked.extend(rest[..length].chars().flat_map(|c| {
            let kept = if c == '\n' { '\n' } else { BLANK };
            std::iter::repeat_n(kept, c.len_utf8())
        }));
        at = start + length;
    }
    blanked.push_str(&outline[at..]);
    (blanked, marks)
}
