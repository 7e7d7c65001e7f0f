//! Lines that YAML joins although each looks like its own line.
//!
//! Joining is what `>` and texts of several lines are for, so that a line counts only if a blank in
//! place of its line break would destroy what Slack shows.

use crate::config::scalar_offsets::Style;

/// A line of this many characters is more likely full than ended by its author.
const FULL: usize = 60;

/// Returns the place of the first line that its author probably meant as its own line. Each
/// line has the offset of its text.
pub fn joined(style: Style, lines: &[(usize, &str)]) -> Option<usize> {
    if style == Style::Literal {
        return None;
    }
    let indent = |line: &str| line.len() - line.trim_start().len();
    let base = lines.first().map_or(0, |(_, line)| indent(line));
    let pairs = lines.windows(2).enumerate().filter_map(|(number, pair)| match pair {
        [(_, line), (at, next)] => Some((number, *line, *at, *next)),
        _ => None,
    });
    let mut pairs = pairs.filter(|(_, line, _, next)| {
        let is_kept = line.trim().is_empty() || next.trim().is_empty() || line.ends_with('\\');
        // `>` keeps the line breaks around a line that is indented further.
        let is_folded = indent(line).max(indent(next)) <= base || style != Style::Folded;
        !is_kept && is_folded
    });
    pairs.find_map(|(number, line, at, next)| {
        let (line, next) = (line.trim(), next.trim());
        let is_own = is_marked(next)
            || (line.starts_with("> ") && number == 0)
            || (style != Style::Folded && ends_itself(line));
        is_own.then_some(at)
    })
}

/// Whether a line starts with a mark of a list, a quote or a block of code.
fn is_marked(line: &str) -> bool {
    let digits = line.trim_start_matches(|c: char| c.is_ascii_digit());
    let is_numbered = digits.len() < line.len() && digits.starts_with([')', '.']);
    let is_numbered = is_numbered && digits[1..].starts_with(' ');
    let marks = ["- ", "• ", "* ", "> ", "– ", "◦ ", "```", "#"];
    is_numbered || marks.iter().any(|mark| line.starts_with(mark))
}

/// Whether a line ends where its author wanted it to: with a sentence, or before a list, although
/// there is room for more.
fn ends_itself(line: &str) -> bool {
    line.chars().count() < FULL && line.ends_with(['.', '!', '?', ':'])
}

#[cfg(test)]
mod tests {
    use super::*;

    fn is_joined(style: Style, text: &str) -> bool {
        let lines: Vec<_> = text.lines().map(|line| (0, line)).collect();
        joined(style, &lines).is_some()
    }

    #[test]
    fn a_separate_line_is_marked_or_ends_itself() {
        for text in ["Paid:\n- {{a}}", "a\n• b", "> {{a}}\nb", "a\n1. b", "a\n```\nb\n```"] {
            assert!(is_joined(Style::Folded, text), "{text}");
            assert!(is_joined(Style::Plain, text), "{text}");
            assert!(!is_joined(Style::Literal, text), "{text}");
        }
        assert!(is_joined(Style::Plain, "Order paid!\n  By {{name}}"));
        assert!(!is_joined(Style::Folded, "Order paid!\nBy {{name}}"));
    }

    #[test]
    fn a_wrapped_text_is_joined_silently() {
        for text in [
            "{{name}} joined\n  on the {{plan}} plan",
            "Order paid!\n\n  By {{name}}",
            "Paid!\\n\\\n  By {{name}}",
            "a\n-b",
            "2\n3",
            "a wrapped text of which the first line is full, and ends here by chance.\n  More",
        ] {
            assert!(!is_joined(Style::Double, text), "{text}");
        }
        assert!(!is_joined(Style::Folded, "List\n  - kept\n  - kept"));
    }
}
