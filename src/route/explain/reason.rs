//! [2] Why a trigger is not true: which of its conditions, and by what value of the event.
//!
//! Pure. Invariant: it only words what the evaluator says of the trigger and of parts of it that stand for themselves.

use crate::event::{Event, Value};
use crate::expression::Expression;

/// The most of a value that a reason shows, in characters.
const LONGEST_VALUE: usize = 80;

/// Why `trigger`, which did not fail, is not true for `event`.
pub(super) fn of(trigger: &Expression, event: &Event<'_>) -> String {
    let conditions = split_at(trigger.source(), &["&&"]);
    let part = conditions.into_iter().find_map(|condition| untrue(condition, event));
    part.or_else(|| untrue(trigger.source(), event)).unwrap_or_else(|| "the trigger is not true".to_owned())
}

/// Says of a condition that is not true what it is, and what the sides of its comparison are.
fn untrue(condition: &str, event: &Event<'_>) -> Option<String> {
    let value = shown(condition, event, |value| !value.is_truthy())?;
    let mut text = format!("`{condition}` is {value}");
    let sides = split_at(condition, &["==", "!=", "<=", ">=", "<", ">"]);
    let mut link = ": ";
    if let [_, _] = sides[..] {
        for side in sides.into_iter().filter(|side| !side.starts_with(['\'', '`'])) {
            if let Some(value) = shown(side, event, |_| true) {
                text = format!("{text}{link}`{side}` is {value}");
                link = ", ";
            }
        }
    }
    Some(text)
}

/// The value of `source` as JSON, if it has one that is `wanted`.
fn shown(source: &str, event: &Event<'_>, wanted: impl FnOnce(&Value<'_>) -> bool) -> Option<String> {
    let expression = Expression::compile(source).ok()?;
    let value = expression.evaluate(event).ok()?;
    if !wanted(&value) {
        return None;
    }
    let mut text = String::new();
    value.write_json(&mut text);
    if let Some((end, _)) = text.char_indices().nth(LONGEST_VALUE) {
        text.truncate(end);
        text.push('…');
    }
    Some(text)
}

/// The parts of `source` between those `operators` that stand outside quotes and brackets; one part, itself, where an operator that binds less
/// (`||`, `|`) stands there too.
fn split_at<'s>(source: &'s str, operators: &[&str]) -> Vec<&'s str> {
    let (mut parts, mut begin, mut skip_to) = (Vec::new(), 0, 0);
    let mut depth = 0_usize;
    let mut quote = None;
    let mut characters = source.char_indices();
    while let Some((at, character)) = characters.next() {
        match (quote, character) {
            (Some(_), '\\') => drop(characters.next()),
            (Some(mark), _) => quote = (mark != character).then_some(mark),
            (None, '\'' | '"' | '`') => quote = Some(character),
            (None, '(' | '[' | '{') => depth += 1,
            (None, ')' | ']' | '}') => depth = depth.saturating_sub(1),
            (None, '|') if depth == 0 => return vec![source],
            (None, _) if depth == 0 && at >= skip_to => {
                if let Some(operator) = operators.iter().find(|operator| source[at..].starts_with(**operator)) {
                    parts.push(source[begin..at].trim());
                    begin = at + operator.len();
                    skip_to = begin;
                }
            }
            (None, _) => {}
        }
    }
    parts.push(source[begin..].trim());
    parts
}
