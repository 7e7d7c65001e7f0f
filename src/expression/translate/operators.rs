//! Operators: `=`, `<>`, `and`, `not`, `in`, `is`, `=~`, `a ? b : c`.

use super::words::{Form, Word, text};
use super::{made, operand_end, operand_start};
use crate::expression::lint::constant::constant;

/// Words that other languages have for operators.
const KEYWORDS: [&str; 27] = [
    "and",
    "or",
    "not",
    "in",
    "is",
    "like",
    "ilike",
    "matches",
    "contains",
    "includes",
    "has",
    "startswith",
    "starts_with",
    "beginswith",
    "endswith",
    "ends_with",
    "eq",
    "neq",
    "ne",
    "gt",
    "gte",
    "ge",
    "lt",
    "lte",
    "le",
    "between",
    "then",
];

/// What an operand of an infix operator ends at.
const STOPS: [&str; 8] = ["&&", "||", "|", ",", "!", "?", ":", "??"];

pub fn is_keyword(word: &str) -> bool {
    KEYWORDS.contains(&word.to_lowercase().as_str())
}

/// Rewrites signs.
pub fn symbols(mut words: Vec<Word>) -> Vec<Word> {
    for word in words.iter_mut().filter(|word| word.form == Form::Sign) {
        let sign = match word.text.as_str() {
            "=" | "===" => "==",
            "!==" | "<>" => "!=",
            "=>" => ">=",
            "=<" => "<=",
            "&" => "&&",
            "??" | "?:" => "||",
            _ => continue,
        };
        sign.clone_into(&mut word.text);
    }
    words
}

/// Rewrites words that are operators.
pub fn keywords(mut words: Vec<Word>) -> Vec<Word> {
    for at in 0..words.len() {
        let Some(sign) = sign_of(&words, at) else { continue };
        if let Some(word) = words.get_mut(at) {
            *word = Word::sign(sign, false);
        }
    }
    // The last one first, so that what it becomes is an operand of those before it.
    for at in (0..words.len()).rev() {
        if is_prefix_not(&words, at) {
            negate(&mut words, at);
        } else {
            infix(&mut words, at);
        }
    }
    words
}

/// Whether the word at `at` is between two operands.
fn is_between(words: &[Word], at: usize) -> bool {
    let before = at.checked_sub(1).and_then(|before| words.get(before));
    let is_operand = |word: &Word| {
        word.ends_operand() && (word.text.eq_ignore_ascii_case("not") || !is_keyword(&word.text))
    };
    before.is_some_and(is_operand) && words.get(at + 1).is_some_and(Word::starts_operand)
}

fn sign_of(words: &[Word], at: usize) -> Option<&'static str> {
    let word = words.get(at).filter(|word| word.form == Form::Name)?;
    let sign = match word.text.to_lowercase().as_str() {
        "and" => "&&",
        "or" => "||",
        "eq" => "==",
        "ne" | "neq" => "!=",
        "gt" => ">",
        "gte" | "ge" => ">=",
        "lt" => "<",
        "lte" | "le" => "<=",
        _ => return None,
    };
    is_between(words, at).then_some(sign)
}

fn is_prefix_not(words: &[Word], at: usize) -> bool {
    let is_not = words
        .get(at)
        .is_some_and(|word| word.form == Form::Name && word.text.eq_ignore_ascii_case("not"));
    let is_start = at.checked_sub(1).and_then(|at| words.get(at)).is_none_or(|w| !w.ends_operand());
    is_not && is_start && words.get(at + 1).is_some_and(Word::starts_operand)
}

/// `not a.b` is `!(a.b)`.
fn negate(words: &mut Vec<Word>, at: usize) {
    let end = operand_end(words, at + 1, &["&&", "||", "|", ","]);
    let operand = text(words.get(at + 1..end).unwrap_or_default());
    let is_glued = words.get(at).is_some_and(|word| word.is_glued);
    let is_bracketed = operand.starts_with('(') && operand.ends_with(')');
    let negated = if is_bracketed { format!("!{operand}") } else { format!("!({operand})") };
    words.splice(at..end, [made(&negated, is_glued)]);
}

/// `a in ['x']` is `contains(['x'], a)`, and so on.
fn infix(words: &mut Vec<Word>, at: usize) {
    let Some(word) = words.get(at).filter(|_| is_between(words, at)) else { return };
    let operator = word.text.to_lowercase();
    let is_regex = word.is_any(&["=~", "!~"]);
    if !(is_regex || word.form == Form::Name && is_keyword(&operator)) {
        return;
    }
    let is_not = |at: Option<usize>| {
        at.and_then(|at| words.get(at)).is_some_and(|word| word.text.eq_ignore_ascii_case("not"))
    };
    let not_before = is_not(at.checked_sub(1));
    let not_after = operator == "is" && is_not(Some(at + 1));
    let left_end = at - usize::from(not_before && at > 0);
    let right_start = at + 1 + usize::from(not_after);
    let start = operand_start(words, left_end, &STOPS);
    let end = operand_end(words, right_start, &STOPS);
    let (left, right) = (words.get(start..left_end), words.get(right_start..end));
    let (Some(left @ [first, ..]), Some(right @ [_, ..])) = (left, right) else { return };
    let is_negated = not_before || not_after || word.is("!~");
    let Some(condition) = condition(&operator, left, right, is_negated) else { return };
    let is_glued = first.is_glued;
    words.splice(start..end, [made(&condition, is_glued)]);
}

fn condition(operator: &str, left: &[Word], right: &[Word], is_negated: bool) -> Option<String> {
    let (left, value) = (text(left), text(right));
    let call = match operator {
        "in" => {
            let list = match right {
                [open, inside @ .., close] if open.is("(") && close.is(")") => {
                    format!("[{}]", text(inside))
                }
                _ => value,
            };
            format!("contains({list}, {left})")
        }
        "contains" | "includes" | "has" => format!("contains({left}, {value})"),
        "startswith" | "starts_with" | "beginswith" => format!("starts_with({left}, {value})"),
        "endswith" | "ends_with" => format!("ends_with({left}, {value})"),
        "is" => {
            let sign = if is_negated { "!=" } else { "==" };
            let json = right.first().and_then(|word| constant(&word.text));
            let value = json.filter(|_| right.len() == 1).map(|json| format!("`{json}`"));
            return Some(format!("{left} {sign} {}", value.unwrap_or_else(|| text(right))));
        }
        "=~" | "!~" | "like" | "ilike" | "matches" => {
            let [pattern] = right else { return None };
            match part_of(&pattern.text) {
                Some((function, part)) => format!("{function}({left}, '{part}')"),
                None if pattern.text.contains('\'') => return None,
                None if operator.ends_with("like") => {
                    format!("glob({left}, '{}')", pattern.text.replace('%', "*").replace('_', "?"))
                }
                None => format!("matches({left}, '{}')", pattern.text),
            }
        }
        _ => return None,
    };
    Some(if is_negated { format!("!{call}") } else { call })
}

/// Returns the function and the text for a simple pattern.
fn part_of(pattern: &str) -> Option<(&'static str, &str)> {
    let open = |text: &'static str| move |pattern: &str| pattern.ends_with(text);
    let is_like = pattern.contains('%');
    let (starts, ends) = match is_like {
        true => (!pattern.starts_with('%'), !open("%")(pattern)),
        false => (pattern.starts_with('^'), pattern.ends_with('$')),
    };
    let part = pattern.trim_matches('%').trim_start_matches('^').trim_end_matches('$');
    let part = part.trim_start_matches(".*").trim_end_matches(".*");
    let is_text = |c: char| c.is_alphanumeric() || matches!(c, ' ' | '_' | '-' | '@' | ':' | '/');
    if part.is_empty() || !part.chars().all(is_text) {
        return None;
    }
    match (starts, ends) {
        (true, true) => None,
        (true, false) => Some(("starts_with", part)),
        (false, true) => Some(("ends_with", part)),
        (false, false) => Some(("contains", part)),
    }
}

/// Rewrites `a ? b : c` as `a && b || c`.
pub fn conditionals(mut words: Vec<Word>) -> Vec<Word> {
    while let Some(at) = words.iter().rposition(|word| word.is("?")) {
        let colon = operand_end(&words, at + 1, &[":"]);
        if !words.get(colon).is_some_and(|word| word.is(":")) {
            return words;
        }
        let start = operand_start(&words, at, &[",", ":", "?"]);
        let is_wide = words.get(start..at).unwrap_or_default().iter().any(|word| word.is("||"));
        if let Some(word) = words.get_mut(colon) {
            *word = Word::sign("||", false);
        }
        if let Some(word) = words.get_mut(at) {
            *word = Word::sign("&&", false);
        }
        if is_wide {
            let condition = text(words.get(start..at).unwrap_or_default());
            words.splice(start..at, [made(&format!("({condition})"), false)]);
        }
    }
    words
}
