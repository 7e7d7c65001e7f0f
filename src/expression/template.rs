//! Text with `{{ expression }}` variables: the message, channel, user and icon of an action.
//!
//! Compiled once, rendered per match in one pass. Invariant: the links, pings and quotes of a
//! rendered text are those of the template's own text and of `{{{ … }}}`: a value of `{{ … }}` can
//! neither ping a channel nor fake a link, neither leave nor start a quote, and not leave code.

use std::ops::Range;

use super::cache::ExpressionCache;
use super::compiled::Expression;
use super::error::{CompileError, EvalError, refuse};
use crate::event::{Event, Value};

mod code;

mod foreign;

mod insert;

mod names;

mod place;

mod target;

use insert::{prepare, secure, write_markup};
use names::Names;
use place::{Place, Scanner};

#[cfg(test)]
mod hostile;

#[cfg(test)]
mod tests;

/// What an outline has in place of variables: a character that no template contains.
pub const BLANK: char = '\u{1}';

/// A compiled template.
#[derive(Debug, Clone)]
pub struct Template {
    source: Box<str>,
    pieces: Box<[Piece]>,
}

#[derive(Debug, Clone)]
enum Piece {
    /// The author's own text, unchanged: a range of the source.
    Text(Range<usize>),
    Variable {
        expression: Expression,
        /// Where the expression starts in the template's source, in bytes.
        offset: usize,
        place: Place,
    },
}

/// How values are escaped, `{{{ … }}}` aside.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Escape {
    /// `&`, `<`, `>` of values become `&amp;`, `&lt;`, `&gt;`, as Slack's page on formatting
    /// requires. More only where a variable is in a link or a quote of the author's, or a value
    /// would start a quote.
    Slack,
    /// The same for a message with `link_names`: a value's `@name` and `#name` stay text, too.
    SlackNames,
    /// Values are inserted unchanged: for the payload's other fields, which Slack does not format.
    Nothing,
}

impl Template {
    /// Compiles `source`.
    ///
    /// # Errors
    /// A variable that is unclosed, empty, or not a valid expression. The offset is that of the
    /// fault in `source`, in bytes.
    pub fn compile(source: &str) -> Result<Self, CompileError> {
        Self::compile_with(source, &mut ExpressionCache::default())
    }

    /// Compiles `source` with a cache, so that templates share equal expressions.
    ///
    /// # Errors
    /// Those of [`Template::compile`].
    pub fn compile_with(source: &str, cache: &mut ExpressionCache) -> Result<Self, CompileError> {
        let mut pieces = Vec::new();
        let mut scanner = Scanner::new(source);
        let mut rest = 0;
        while let Some(found) = source[rest..].find("{{") {
            let opening = rest + found;
            if found > 0 {
                foreign::check_text(&source[rest..opening], rest)?;
                pieces.push(Piece::Text(rest..opening));
                scanner.text(rest..opening);
            }
            let (variable, end) = compile_variable(source, opening, cache)?;
            pieces.push(variable);
            scanner.variable(opening..end);
            rest = end;
        }
        if rest < source.len() {
            foreign::check_text(&source[rest..], rest)?;
            pieces.push(Piece::Text(rest..source.len()));
            scanner.text(rest..source.len());
        }
        let mut places = scanner.finish().into_iter();
        for piece in &mut pieces {
            if let Piece::Variable { place, .. } = piece {
                *place = places.next().unwrap_or_default();
            }
        }
        Ok(Self { source: source.into(), pieces: pieces.into() })
    }

    /// Returns the warnings about its expressions for events for which `trigger` is true; offsets
    /// are into the template's source.
    #[must_use]
    pub fn warnings(&self, trigger: Option<&Expression>) -> Vec<CompileError> {
        let mut warnings = Vec::new();
        for piece in &self.pieces {
            if let Piece::Variable { expression, offset, .. } = piece {
                let of_variable = expression.warnings().iter().cloned();
                let of_variable = of_variable.chain(expression.unguarded(trigger));
                warnings.extend(of_variable.map(|warning| shifted(warning, *offset)));
            }
        }
        warnings
    }

    /// The source with [`BLANK`] in place of each byte of a variable: the author's own text, at its
    /// places.
    #[must_use]
    pub fn outline(&self) -> String {
        let mut outline = String::with_capacity(self.source.len());
        for piece in &self.pieces {
            if let Piece::Text(range) = piece {
                outline.extend(std::iter::repeat_n(BLANK, range.start - outline.len()));
                outline.push_str(self.source.get(range.clone()).unwrap_or_default());
            }
        }
        outline.extend(std::iter::repeat_n(BLANK, self.source.len() - outline.len()));
        outline
    }

    /// Returns each field of its expressions that is missing in the event, with the nearest key.
    #[must_use]
    pub fn missing_keys(&self, event: &Event<'_>) -> Vec<String> {
        let expression = |piece: &Piece| match piece {
            Piece::Variable { expression, .. } => Some(expression.clone()),
            Piece::Text(_) => None,
        };
        let expressions = self.pieces.iter().filter_map(expression);
        expressions.flat_map(|expression| expression.missing_keys(event)).collect()
    }

    /// The template as the user wrote it.
    #[must_use]
    pub fn source(&self) -> &str {
        &self.source
    }

    /// The text that it always renders; `None` if it has variables.
    #[must_use]
    pub fn constant(&self) -> Option<&str> {
        let is_text = |piece: &Piece| matches!(piece, Piece::Text(_));
        self.pieces.iter().all(is_text).then_some(&*self.source)
    }

    /// Appends the text for `event` to `out`. A variable whose expression fails is empty, and
    /// `failed` is called with the expression and its error.
    ///
    /// Once `out` is longer than `enough` bytes and not blank, the rest is left out: the caller
    /// cuts the text anyway, and an event of megabytes must not be copied once per variable.
    pub fn render(
        &self,
        event: &Event<'_>,
        escape: Escape,
        enough: usize,
        out: &mut String,
        failed: &mut dyn FnMut(&Expression, &EvalError),
    ) {
        for piece in &self.pieces {
            match piece {
                Piece::Text(range) => {
                    out.push_str(self.source.get(range.clone()).unwrap_or_default())
                }
                Piece::Variable { expression, place, .. } => {
                    let secures = escape != Escape::Nothing;
                    if secures {
                        prepare(out, place);
                    }
                    let start = out.len();
                    let links_names = escape == Escape::SlackNames;
                    let names = if links_names { Names::All } else { Names::Everyone };
                    let value = expression.evaluate(event).unwrap_or_else(|error| {
                        failed(expression, &error);
                        Value::Null
                    });
                    if !(secures && write_markup(&value, place, names, out)) {
                        value.write_text(out);
                        clip(out, enough);
                        if secures {
                            secure(out, start, place, names, &self.source);
                        }
                    }
                }
            }
            if clip(out, enough) {
                return;
            }
        }
    }
}

/// Compiles the variable whose `{{` is at `opening`; returns it and where the text after it starts.
fn compile_variable(
    source: &str,
    opening: usize,
    cache: &mut ExpressionCache,
) -> Result<(Piece, usize), CompileError> {
    let raw = source[opening..].starts_with("{{{");
    let (open, close) = if raw { ("{{{", "}}}") } else { ("{{", "}}") };
    let inner = opening + open.len();
    let length =
        closing(&source[inner..], close).map_err(|quote| unclosed(open, close, opening, quote))?;
    let expression = &source[inner..inner + length];
    let trimmed = expression.trim();
    if trimmed.is_empty() {
        let message = format!("empty variable `{open} {close}`");
        let help = format!("write an expression, as in `{open} $.properties.name {close}`");
        return refuse(opening, message, help);
    }
    let offset = inner + (expression.len() - expression.trim_start().len());
    foreign::check_variable(trimmed).map_err(|error| shifted(error, offset))?;
    let expression = cache.compile(trimmed).map_err(|error| shifted(error, offset))?;
    let place = Place::default();
    Ok((Piece::Variable { expression, offset, place }, inner + length + close.len()))
}

/// A quote that is never closed: its character, and its position inside of the variable.
type OpenQuote = Option<(char, usize)>;

/// Returns where in `inside` the variable ends: at the first `close` outside of the expression's
/// own braces and quotes (`'…'`, `"…"`, `` `…` ``). In quotes, a backslash escapes the next
/// character.
fn closing(inside: &str, close: &str) -> Result<usize, OpenQuote> {
    let mut depth = 0_usize;
    let mut quote: OpenQuote = None;
    let mut characters = inside.char_indices();
    while let Some((at, character)) = characters.next() {
        match (quote, character) {
            (Some(_), '\\') => drop(characters.next()),
            (Some((mark, _)), _) if mark == character => quote = None,
            (Some(_), _) => {}
            (None, '\'' | '"' | '`') => quote = Some((character, at)),
            (None, '{') => depth += 1,
            (None, '}') if depth == 0 && inside[at..].starts_with(close) => return Ok(at),
            (None, '}') => depth = depth.saturating_sub(1),
            (None, _) => {}
        }
    }
    Err(quote)
}

fn unclosed(open: &str, close: &str, opening: usize, quote: OpenQuote) -> CompileError {
    match quote {
        Some((mark, at)) => CompileError::new(
            opening + open.len() + at,
            format!("unclosed quote {mark} in the variable that starts with `{open}`"),
            format!(
                "close the quote before the `{close}`; a `{close}` inside quotes belongs to the \
                 expression"
            ),
        ),
        None => CompileError::new(
            opening,
            format!("unclosed variable: `{open}` without its `{close}`"),
            format!(
                "close it with `{close}`, or write `{{{{ '{open}' }}}}` to show `{open}` itself"
            ),
        ),
    }
}

fn shifted(error: CompileError, by: usize) -> CompileError {
    CompileError { offset: error.offset + by, ..error }
}

/// Cuts a text that is longer than `enough` bytes and not blank before there; returns whether it
/// did. A blank start is not cut: whether a message is empty depends on all of it.
fn clip(out: &mut String, enough: usize) -> bool {
    let end = out.floor_char_boundary(enough);
    let clips = end < out.len() && !out[..end].trim_start().is_empty();
    if clips {
        out.truncate(end);
    }
    clips
}
