//! Filters of a variable, `value | name: argument`, as calls: `name(value, argument)`.
//!
//! Pure. Invariant: what is rewritten has the author's own text in it, and an offset in it leads
//! back to the template.

use std::ops::Range;

use super::foreign;
use super::offsets::Offsets;
use super::split::{is_quoted, name, split, trimmed};
use crate::expression::compiled::Expression;
use crate::expression::error::{CompileError, refuse};
use crate::expression::lexer::brief;
use crate::expression::signature::Function;

/// The most filters of one variable: each is a bracket around the ones before it.
const MAX_FILTERS: usize = 30;

/// A part of a rewritten expression.
#[derive(Clone)]
enum Part {
    /// The author's text, at this range of the variable's inside.
    Own(Range<usize>),
    Made(&'static str),
}

/// Returns the expression of a variable whose inside, `text`, starts at `offset` of the template.
///
/// # Errors
/// An unknown filter, an argument that cannot be one, and a filter as Jinja calls it.
pub fn rewrite(text: &str, offset: usize) -> Result<(String, Offsets), CompileError> {
    let unchanged = || (text.to_owned(), Offsets::At(offset));
    let Some(segments) = split(text, '|') else { return Ok(unchanged()) };
    let mut parts: Vec<Part> = Vec::new();
    let mut filters = 0;
    let mut jmespath = Vec::new();
    for (at, segment) in segments.iter().enumerate() {
        let segment = trimmed(text, segment.clone());
        let read = Reader { text, offset, segment: segment.clone() };
        if at == 0 {
            parts.push(Part::Own(segment.clone()));
            jmespath.push(segment);
            continue;
        }
        match read.filter(&parts)? {
            Some(filter) => {
                filters += 1;
                if filters > MAX_FILTERS {
                    let message = format!("the variable has more than {MAX_FILTERS} filters");
                    return refuse(offset + segment.start, message, "remove some");
                }
                parts = filter.call(parts);
            }
            None => {
                parts.extend([Part::Made(" | "), Part::Own(segment.clone())]);
                jmespath.push(segment);
            }
        }
    }
    if filters == 0 {
        return Ok(unchanged());
    }
    for part in jmespath {
        check_value(text, offset, part)?;
    }
    let (mut source, mut offsets) = (String::new(), Vec::new());
    for part in parts {
        match part {
            Part::Made(text) => source.push_str(text),
            Part::Own(range) => {
                offsets.push((source.len(), offset + range.start..offset + range.end));
                source.push_str(text.get(range).unwrap_or_default());
            }
        }
    }
    Ok((source, Offsets::Rewritten(offsets.into())))
}

/// Refuses a value that would be several arguments of a filter.
fn check_value(text: &str, offset: usize, range: Range<usize>) -> Result<(), CompileError> {
    let inside = text.get(range.clone()).unwrap_or_default();
    if inside.is_empty() {
        let help = "write a value before the pipe, as in `name | upper`";
        return refuse(offset + range.start, "a filter without a value", help);
    }
    match split(inside, ',').as_deref() {
        Some([first, _, ..]) => {
            let help = "the arguments of a filter follow its name and a colon: `name: 'a', 'b'`";
            refuse(offset + range.start + first.end, "unexpected `,`", help)
        }
        _ => Ok(()),
    }
}

/// A filter with its arguments.
struct Filter {
    function: Function,
    name: Range<usize>,
    arguments: Vec<Range<usize>>,
}

impl Filter {
    /// Returns the call of the filter's function for a piped value.
    fn call(self, value: Vec<Part>) -> Vec<Part> {
        let mut call = vec![Part::Own(self.name), Part::Made("(")];
        let own = self.arguments.into_iter().map(Part::Own);
        let own = own.map(|argument| vec![argument]);
        let arguments: Vec<Vec<Part>> = if pipes_last(self.function) {
            own.chain([value]).collect()
        } else {
            [value].into_iter().chain(own).collect()
        };
        for (at, argument) in arguments.into_iter().enumerate() {
            if at > 0 {
                call.push(Part::Made(", "));
            }
            call.extend(argument);
        }
        call.push(Part::Made(")"));
        call
    }
}

/// Whether the piped value is a function's last argument.
fn pipes_last(function: Function) -> bool {
    matches!(function, Function::Join | Function::Map)
}

/// Reads what follows a pipe.
struct Reader<'t> {
    text: &'t str,
    offset: usize,
    segment: Range<usize>,
}

impl Reader<'_> {
    fn get(&self, range: Range<usize>) -> &str {
        self.text.get(range).unwrap_or_default()
    }

    /// Returns the filter of the segment; `None` if it is JMESPath.
    fn filter(&self, value: &[Part]) -> Result<Option<Filter>, CompileError> {
        let segment = self.get(self.segment.clone());
        let word = name(segment);
        let after = segment.get(word.len()..).unwrap_or_default();
        let arguments = after.trim_start();
        let start = self.segment.start;
        if segment.starts_with('.') {
            let value = self.value_text(value).map(|value| format!("{value}{segment}"));
            let value = value.filter(|code| code.len() <= 80 && Expression::compile(code).is_ok());
            let help = format!("write `{}`", value.unwrap_or_else(|| format!("@{segment}")));
            return refuse(self.offset + start, "a field has no pipe before it", help);
        }
        if word.is_empty() {
            return Ok(None);
        }
        if let Some(literals) = self.literals(arguments) {
            let colon = if literals.is_empty() { "" } else { ": " };
            let message = format!("`{}(…)` after a pipe is not a filter", brief(word));
            let help = format!("write `{word}{colon}{}`", brief(literals));
            return refuse(self.offset + start, message, help);
        }
        let is_operand = after.starts_with(char::is_whitespace)
            && arguments.starts_with(|c: char| c.is_ascii_alphanumeric() || "'\"`$_".contains(c));
        let is_filter = arguments.is_empty() || arguments.starts_with(':');
        if !is_filter && !is_operand {
            return Ok(None);
        }
        let known = Function::named(word);
        let Some(function) = known else {
            let value = self.value_text(value);
            return Err(foreign::unknown_filter(word, value, self.offset + start));
        };
        if is_operand {
            let message = format!("the filter `{word}` without a colon before its argument");
            let help = format!("write `{word}: {}`", brief(arguments));
            return refuse(self.offset + start + word.len(), message, help);
        }
        let name = start..start + word.len();
        let colon = self.segment.end - arguments.len();
        let arguments = match arguments.is_empty() {
            true => Vec::new(),
            false => self.arguments(colon + 1..self.segment.end)?,
        };
        Ok(Some(Filter { function, name, arguments }))
    }

    /// The value before the first filter, as the author wrote it.
    fn value_text(&self, value: &[Part]) -> Option<&str> {
        match value {
            [Part::Own(range)] => Some(self.get(range.clone())),
            _ => None,
        }
    }

    /// The arguments of a call that has nothing but literals: `(5)`, `('a', 'b')`, `()`.
    fn literals<'a>(&self, text: &'a str) -> Option<&'a str> {
        let inside = text.strip_prefix('(')?.strip_suffix(')')?;
        let parts = split(inside, ',')?;
        let is_literal = |range: &Range<usize>| {
            let part = inside.get(range.clone()).unwrap_or_default().trim();
            let digits = part.strip_prefix('-').unwrap_or(part);
            let is_number = digits.starts_with(|c: char| c.is_ascii_digit())
                && digits.chars().all(|c| c.is_ascii_digit() || c == '.');
            is_number || is_quoted(part, '\'') || is_quoted(part, '`')
        };
        let is_empty = inside.trim().is_empty();
        (is_empty || parts.iter().all(is_literal)).then_some(inside.trim())
    }

    fn arguments(&self, range: Range<usize>) -> Result<Vec<Range<usize>>, CompileError> {
        // The whole text has balanced brackets, so that this part has, too.
        let parts = split(self.get(range.clone()), ',').unwrap_or_default();
        let mut arguments = Vec::with_capacity(parts.len());
        for part in parts {
            let part = trimmed(self.text, range.start + part.start..range.start + part.end);
            self.check_argument(&part)?;
            arguments.push(part);
        }
        Ok(arguments)
    }

    fn check_argument(&self, range: &Range<usize>) -> Result<(), CompileError> {
        let argument = self.get(range.clone());
        let at = self.offset + range.start;
        if argument.is_empty() {
            return refuse(at, "empty argument of a filter", "remove the comma or the colon");
        }
        let word = name(argument);
        let after = argument.get(word.len()..).unwrap_or_default().trim_start();
        if !word.is_empty()
            && let Some(value) = after.strip_prefix(':')
        {
            let message = format!("a filter has no named arguments such as `{}:`", brief(word));
            let help = format!("write only the value: `{}`", brief(value.trim()));
            return refuse(at, message, help);
        }
        if is_quoted(argument, '"') {
            let inside = argument.trim_matches('"');
            let message = format!("`{}` is a field, not a text", brief(argument));
            let help = format!("write '{}'", brief(inside));
            return refuse(at, message, help);
        }
        Ok(())
    }
}
