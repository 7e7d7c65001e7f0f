//! Expressions as other languages write them, in JMESPath: `a = 'x' and b.0.c > 5` is
//! `a == 'x' && b[0].c > 5`. They are remedies, in the user's own names, for what does not
//! compile.
//!
//! Invariant: what is offered compiles.

use super::error::CompileError;
use words::{Form, Word};

mod calls;

mod operands;

mod operators;

mod paths;

#[cfg(test)]
#[allow(clippy::unwrap_used, clippy::panic, reason = "tests")]
mod tests;

mod words;

/// The longest expression that is translated, in bytes.
const MAX_SOURCE: usize = 1000;

/// The longest remedy, in characters; of a longer one, only the part that differs is shown.
const MAX_REMEDY: usize = 100;

/// Adds the translated expression to the remedy of an error, if it compiles. Of the help, what
/// follows the first `; ` is kept: it is about another meaning.
pub fn with_remedy(
    error: CompileError,
    source: &str,
    compiles: impl Fn(&str) -> bool,
) -> CompileError {
    let Some(translated) = translated(source, compiles) else { return error };
    let note = error.help.split_once("; ").map(|(_, note)| format!("; {note}"));
    let remedy = changed_part(source, &translated);
    CompileError { help: format!("write {remedy}{}", note.unwrap_or_default()), ..error }
}

/// Returns an expression in JMESPath; `None` if it is not known how, or would be the same.
pub fn translated(source: &str, compiles: impl Fn(&str) -> bool) -> Option<String> {
    if source.len() > MAX_SOURCE {
        return None;
    }
    let mut words = words::read(source)?;
    for pass in [
        operators::symbols,
        paths::paths,
        operators::keywords,
        calls::methods,
        calls::calls,
        operators::conditionals,
        operands::constants,
    ] {
        words = pass(words);
    }
    let text = words::text(&words);
    let without_blanks = |text: &str| text.split_whitespace().collect::<String>();
    (without_blanks(&text) != without_blanks(source) && compiles(&text)).then_some(text)
}

/// Returns a condition or an argument of another template language in JMESPath; `None` if it is
/// blank, or a quote is never closed.
pub fn argument(source: &str) -> Option<String> {
    let mut words = operands::constants(operators::keywords(paths::paths(operators::symbols(
        words::read(source)?,
    ))));
    if let [Word { form, .. }] = &mut *words
        && *form == Form::Quoted
    {
        *form = Form::Text;
    }
    Some(words::text(&words)).filter(|text| !text.is_empty())
}

/// Returns the conditions of the translation that differ from the source, if all of it is long.
fn changed_part<'t>(source: &str, translated: &'t str) -> &'t str {
    if translated.chars().count() <= MAX_REMEDY {
        return translated;
    }
    let same = source.chars().zip(translated.chars()).take_while(|(a, b)| a == b);
    let start: usize = same.map(|(_, c)| c.len_utf8()).sum();
    let same = source.chars().rev().zip(translated.chars().rev()).take_while(|(a, b)| a == b);
    let end = translated.len() - same.map(|(_, c)| c.len_utf8()).sum::<usize>();
    let (before, after) = (translated.get(..start), translated.get(end.max(start)..));
    let edges = |text: &str, at: fn(&str, &str) -> Option<usize>| {
        [" && ", " || "].into_iter().filter_map(|sign| at(text, sign)).collect::<Vec<_>>()
    };
    let first = before.map(|text| edges(text, |text, sign| text.rfind(sign).map(|at| at + 4)));
    let last = after.map(|text| edges(text, |text, sign| text.find(sign)));
    let first = first.and_then(|edges| edges.into_iter().max()).unwrap_or(0);
    let last = last.and_then(|edges| edges.into_iter().min());
    let last = last.map_or(translated.len(), |at| end.max(start) + at);
    translated.get(first..last).unwrap_or(translated)
}

/// Returns the ends of the operand that reaches from `from` to the next of `stops` outside of
/// brackets, or to the bracket that closes around it.
fn operand_end(words: &[Word], from: usize, stops: &[&str]) -> usize {
    let mut depth = 0_i32;
    let rest = words.get(from..).unwrap_or_default();
    let end = rest.iter().position(|word| {
        let is_end = depth == 0 && (word.depth_change() < 0 || word.is_any(stops));
        depth += word.depth_change();
        is_end
    });
    end.map_or(words.len(), |end| from + end)
}

/// Returns where the operand starts that ends before `end`.
fn operand_start(words: &[Word], end: usize, stops: &[&str]) -> usize {
    let mut depth = 0_i32;
    let before = words.get(..end).unwrap_or_default();
    let edge = before.iter().rposition(|word| {
        let is_edge = depth == 0 && (word.depth_change() > 0 || word.is_any(stops));
        depth -= word.depth_change();
        is_edge
    });
    edge.map_or(0, |edge| edge + 1)
}

/// Returns the arguments between brackets, split at commas.
fn arguments(words: &[Word]) -> Vec<&[Word]> {
    let mut found = Vec::new();
    let mut start = 0;
    while start < words.len() {
        let end = operand_end(words, start, &[","]);
        found.extend(words.get(start..end));
        start = end + 1;
    }
    found
}

/// Returns words for a text in JMESPath, in place of others.
fn made(text: &str, is_glued: bool) -> Word {
    Word { text: text.to_owned(), form: Form::Done, is_glued }
}
