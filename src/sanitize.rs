//! Text from outside (event data, a webhook's answer), made safe for a terminal or a log.
//!
//! Invariant: the result holds no control character, no escape sequence, and nothing that changes
//! the reading direction.

/// Returns whether printing `c` could do more than show it: control characters, and invisible ones
/// that reorder or hide text.
#[must_use]
pub fn is_hazardous(c: char) -> bool {
    c.is_control()
        || matches!(c,
            '\u{200B}'..='\u{200C}' | '\u{200E}'..='\u{200F}' | '\u{2028}'..='\u{202E}' | '\u{2060}'..='\u{2069}'
            | '\u{061C}' | '\u{FEFF}' | '\u{FFF9}'..='\u{FFFB}' | '\u{E0000}'..='\u{E007F}')
}

/// Returns `text` on one line: white space becomes one space, hazardous characters are removed, and
/// more than `limit` characters end in `…`.
#[must_use]
pub fn one_line(text: &str, limit: usize) -> String {
    let mut line = String::new();
    let mut count = 0;
    for c in
        text.split_whitespace().flat_map(|word| std::iter::once(' ').chain(word.chars())).skip(1)
    {
        if is_hazardous(c) {
            continue;
        }
        if count == limit {
            line.pop();
            line.push('…');
            break;
        }
        line.push(c);
        count += 1;
    }
    line
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_line_is_one_line_without_escapes() {
        assert_eq!(one_line("  a\r\n\tb\x1b[31m c\u{202E}d \u{9b}31m ", 100), "a b[31m cd 31m");
        assert_eq!(one_line("abcdef", 4), "abc…");
        assert_eq!(one_line("abcd", 4), "abcd");
        assert_eq!(one_line(" \n ", 4), "");
    }

    #[test]
    fn emoji_sequences_stay_whole() {
        assert_eq!(one_line("👩\u{200D}💻", 10), "👩\u{200D}💻");
    }
}
