//! Where a variable is in Slack's markup, as the author's own text says.
//!
//! Pure; runs when a template is compiled. A `<` that no `>` of the author's closes on the same
//! line is text, as in `a < b`. Slack reads `&gt;` at the start of a line as it reads `>`: as the
//! mark of a quote.

use std::ops::Range;

use super::code::{Backticks, Code};
use super::target::{Part, has_form, parts};

/// Where a variable is, and so what its value must not contain.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Place {
    /// What is around it.
    pub context: Context,
    /// The code that it is in.
    pub code: Option<Code>,
    /// The author's text before it is `&`, `&g` or `&gt`, and may be at the start of a line.
    pub ends_entity: bool,
    /// The author's text after it is the mark of a quote or the sign of a mention, if the value is
    /// empty or ends with a line break.
    pub before_sign: bool,
}

/// What is around a variable.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub enum Context {
    /// Written `{{{ … }}}`: the author vouches for the value.
    Raw,
    #[default]
    Text,
    /// On a line that the author quoted: the range of the line's start, with its `>`.
    Quote(Range<usize>),
    /// In `<…>` before the `|`.
    Target(Part),
    /// In `<…>` after the `|`, or between a `<` and a `>` that can't be a link's.
    Label,
}

/// Reads a template's texts and variables in their order.
pub struct Scanner<'s> {
    /// The author's own text, without the variables.
    source: &'s str,
    places: Vec<Place>,
    form: Option<Form>,
    backticks: Backticks,
    line: Line,
    /// After `>>>` everything is quoted.
    all_quoted: bool,
}

/// A `<` that is not closed yet.
struct Form {
    /// The first variable after it.
    first: usize,
    /// The author's texts of the target around its variables, the last one up to `end`.
    own: Vec<Range<usize>>,
    /// Where the text after the last variable starts.
    text: usize,
    /// The first variable after the `|`.
    label: Option<usize>,
}

impl Form {
    /// Whether there are only variables between the `<` and `at`, at least one.
    fn is_empty(&self, at: usize) -> bool {
        let is_empty = self.own.iter().all(Range::is_empty) && self.text == at;
        self.label.is_none() && !self.own.is_empty() && is_empty
    }
}

/// The line that is read.
struct Line {
    start: usize,
    lead: Lead,
    /// Its start with the marks, once more follows.
    quote: Option<Range<usize>>,
}

/// What there is on the line so far, white space aside.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Lead {
    Blank,
    /// `>`, once or more.
    Marks,
    /// `&`, `&g` or `&gt`, after one of the others.
    Entity,
    /// Anything, and then a variable: its value may be empty, or end with a line break.
    Variable,
    Other,
}

impl<'s> Scanner<'s> {
    pub fn new(source: &'s str) -> Self {
        let line = Line { start: 0, lead: Lead::Blank, quote: None };
        let backticks = Backticks::default();
        Self { source, places: Vec::new(), form: None, backticks, line, all_quoted: false }
    }

    /// Reads the author's text at `range`.
    pub fn text(&mut self, range: Range<usize>) {
        let mut at = range.start;
        while let Some(rest) = self.source.get(at..range.end)
            && let Some(c) = rest.chars().next()
        {
            let backticks = rest.len() - rest.trim_start_matches('`').len();
            self.form(at, c);
            self.code(backticks, c);
            self.line(at, rest);
            at += mark(rest).unwrap_or(c.len_utf8()).max(backticks);
        }
    }

    /// Reads a variable between the author's texts that end and start at `at`.
    pub fn variable(&mut self, at: usize, is_raw: bool) {
        if let Some(form) = self.form.as_mut().filter(|form| form.label.is_none()) {
            form.own.push(form.text..at);
            form.text = at;
        }
        let line = &mut self.line;
        if line.lead == Lead::Marks {
            line.quote = Some(line.start..at);
        }
        let context = match &line.quote {
            _ if is_raw => Context::Raw,
            Some(quote) if !self.all_quoted => Context::Quote(quote.clone()),
            _ => Context::Text,
        };
        let ends_entity = line.lead == Lead::Entity && !is_raw;
        line.lead = if is_raw { Lead::Other } else { Lead::Variable };
        self.places.push(Place { context, code: None, ends_entity, before_sign: false });
    }

    /// The places of the variables, in their order.
    pub fn finish(self) -> Vec<Place> {
        self.places
    }

    fn form(&mut self, at: usize, c: char) {
        match (c, &mut self.form) {
            ('<', _) => {
                let first = self.places.len();
                self.form = Some(Form { first, own: Vec::new(), text: at + 1, label: None });
            }
            ('|', Some(form)) if form.label.is_none() => {
                form.own.push(form.text..at);
                form.label = Some(self.places.len());
            }
            ('>', Some(_)) => self.close(at),
            ('@' | '#' | '!', Some(form)) if form.is_empty(at) => expect_sign(&mut self.places),
            _ if is_break(c) => self.form = None,
            _ => {}
        }
    }

    /// The author's `>` at `at` makes a link or a mention of the open form.
    fn close(&mut self, at: usize) {
        let Some(mut form) = self.form.take() else { return };
        if form.label.is_none() {
            form.own.push(form.text..at);
        }
        let own = form.own.iter().map(|range| self.source.get(range.clone()).unwrap_or_default());
        let own: Vec<&str> = own.collect();
        let has_blank = own.iter().any(|text| text.contains(char::is_whitespace));
        // A comparison, such as `5 <{{a}} and {{b}}> 7`: a link's target has no white space.
        let is_text = has_blank && !own.first().is_some_and(|text| has_form(text));
        let targets = if is_text { Vec::new() } else { parts(&own) };
        let mut targets = targets.into_iter();
        for place in self.places.iter_mut().skip(form.first) {
            let context = targets.next().map_or(Context::Label, Context::Target);
            if place.context != Context::Raw {
                place.context = context;
            }
        }
    }

    fn code(&mut self, backticks: usize, c: char) {
        if is_break(c) {
            self.backticks.end_line();
        }
        if backticks > 0
            && let Some((code, before)) = self.backticks.read(backticks, self.places.len())
        {
            self.places.iter_mut().skip(before).for_each(|place| place.code = Some(code));
        }
    }

    fn line(&mut self, at: usize, rest: &str) {
        let c = rest.chars().next().unwrap_or_default();
        let line = &mut self.line;
        if is_break(c) {
            *line = Line { start: at + c.len_utf8(), lead: Lead::Blank, quote: None };
            return;
        }
        // No variable is before it: one would be at the same place of the author's own text.
        if at == line.start && line.lead == Lead::Blank && starts_long_quote(rest) {
            self.all_quoted = true;
        }
        let is_mark = mark(rest).is_some();
        line.lead = match line.lead {
            Lead::Blank | Lead::Marks if is_mark => Lead::Marks,
            Lead::Variable if is_mark => {
                expect_sign(&mut self.places);
                Lead::Other
            }
            lead if is_blank(c) => lead,
            Lead::Entity => Lead::Entity,
            lead => {
                if lead == Lead::Marks {
                    line.quote = Some(line.start..at);
                }
                let may_be_mark = lead != Lead::Other && matches!(rest, "&" | "&g" | "&gt");
                if may_be_mark { Lead::Entity } else { Lead::Other }
            }
        };
    }
}

/// The author's next character is a sign, which the last variable keeps from meaning one.
fn expect_sign(places: &mut [Place]) {
    if let Some(place) = places.last_mut() {
        place.before_sign = place.context != Context::Raw;
    }
}

/// Whether Slack, or a client of it, might start a new line there.
pub fn is_break(c: char) -> bool {
    matches!(c, '\n' | '\r' | '\u{b}' | '\u{c}' | '\u{85}' | '\u{2028}' | '\u{2029}')
}

/// Whether nothing is visible there, and the line might still be at its start.
pub fn is_blank(c: char) -> bool {
    !is_break(c) && (c.is_whitespace() || c.is_control() || c == '\u{feff}')
}

/// The most bytes of a line that are searched for its start.
const MAX_LEAD: usize = 1024;

/// Whether a `>` after `text` would be at the start of a line, or only after other marks; also
/// where that is not known, because only marks and white space are before it.
pub fn is_at_line_start(text: &str) -> bool {
    let start = text.floor_char_boundary(text.len().saturating_sub(MAX_LEAD));
    let mut text = text.get(start..).unwrap_or_default();
    loop {
        let before = text.trim_end_matches(|c| c == '>' || is_blank(c));
        match before.strip_suffix("&gt;") {
            Some(shorter) => text = shorter,
            None => return before.chars().next_back().is_none_or(is_break),
        }
    }
}

/// Whether a value after `text` could make a mark of its end, `&`, `&g` or `&gt`.
pub fn starts_mark(text: &str) -> bool {
    let rest = ["&", "&g", "&gt"].into_iter().find_map(|start| text.strip_suffix(start));
    rest.is_some_and(is_at_line_start)
}

/// The length of the quote mark that `text` starts with.
fn mark(text: &str) -> Option<usize> {
    ["&gt;", ">"].into_iter().find(|mark| text.starts_with(mark)).map(str::len)
}

/// Whether `text` starts with `>>>`.
fn starts_long_quote(text: &str) -> bool {
    let rest = mark(text).and_then(|first| text.get(first..));
    let rest = rest.and_then(|rest| rest.get(mark(rest)?..));
    rest.is_some_and(|rest| mark(rest).is_some())
}
