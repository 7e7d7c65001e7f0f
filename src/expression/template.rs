//! Text with `{{ expression }}` variables and `{% if %}` tags: the message, channel, user and icon
//! of an action.
//!
//! Compiled once, rendered per match. Invariant: the links, pings and quotes of a rendered text are
//! those of the template's own text and of `{{{ … }}}`: a value of `{{ … }}` can neither ping a
//! channel nor fake a link, neither leave nor start a quote, and not leave code. With tags, that
//! holds for the text of the branches that an event takes.

use super::bindings::Bindings;
use super::budget::Budget;
use super::cache::ExpressionCache;
use super::compiled::Expression;
use super::context::Context;
use super::error::{CompileError, EvalError};
use crate::event::Event;

mod code;

mod filter;

mod flat;

mod foreign;

mod form;

mod insert;

mod names;

mod offsets;

mod parse;

mod place;

mod render;

mod rendering;

mod space;

mod split;

mod tag;

mod target;

mod token;

mod tree;

use form::Form;
use place::Scanner;
use token::Kind;
use tree::{Node, visit};

pub use foreign::{check_tag, filters_in_brackets};
pub use form::Escape;
pub use render::{element, forloop};
pub use rendering::Rendering;

#[cfg(test)]
mod hostile;

#[cfg(test)]
mod marked;

#[cfg(test)]
mod tests;

/// What an outline has in place of variables and tags: a character that no template contains.
pub const BLANK: char = '\u{1}';

/// A compiled template.
#[derive(Debug, Clone)]
pub struct Template {
    source: Box<str>,
    /// The author's own text, without what tags remove.
    own: Box<str>,
    nodes: Box<[Node]>,
    has_tags: bool,
    warnings: Box<[CompileError]>,
}

impl Template {
    /// Compiles `source`.
    ///
    /// # Errors
    /// A variable or tag that is unclosed, empty, or not a valid expression. The offset is that of
    /// the fault in `source`, in bytes.
    pub fn compile(source: &str) -> Result<Self, CompileError> {
        Self::compile_with(source, &mut ExpressionCache::default())
    }

    /// Compiles `source` with a cache, so that templates share equal expressions.
    ///
    /// # Errors
    /// Those of [`Template::compile`].
    pub fn compile_with(source: &str, cache: &mut ExpressionCache) -> Result<Self, CompileError> {
        Self::compile_in(source, cache, &Bindings::default())
    }

    /// Compiles `source` for the inside of a loop, with the names of the loops around it.
    ///
    /// # Errors
    /// Those of [`Template::compile`].
    pub fn compile_in(
        source: &str,
        cache: &mut ExpressionCache,
        bindings: &Bindings,
    ) -> Result<Self, CompileError> {
        let mut tree = parse::parse(source, cache, bindings)?;
        let is_plain = |node: &Node| matches!(node, Node::Text(_) | Node::Variable(_));
        let has_tags = !tree.nodes.iter().all(is_plain);
        if !has_tags {
            set_places(&tree.own, &mut tree.nodes);
        }
        Ok(Self {
            source: source.into(),
            own: tree.own.into(),
            nodes: tree.nodes,
            has_tags,
            warnings: tree.warnings.into(),
        })
    }

    /// Returns the warnings about its expressions for events for which `trigger` is true; offsets
    /// are into the template's source.
    #[must_use]
    pub fn warnings(&self, trigger: Option<&Expression>) -> Vec<CompileError> {
        let mut warnings = self.warnings.to_vec();
        let mut truths: Vec<&Expression> = trigger.into_iter().collect();
        visit(&self.nodes, &mut truths, &mut |site, truths| {
            let of_site = site.expression.warnings().iter().cloned();
            let of_site = of_site.chain(site.expression.unguarded_where(truths));
            warnings.extend(of_site.map(|warning| site.offsets.shift(warning)));
        });
        warnings.sort_by_key(|warning| warning.offset);
        warnings
    }

    /// The source with [`BLANK`] in place of each byte of a variable, a tag or a comment: the
    /// author's own text, at its places.
    #[must_use]
    pub fn outline(&self) -> String {
        let mut outline = String::with_capacity(self.source.len());
        for token in token::read(&self.source).unwrap_or_default() {
            match self.source.get(token.range.clone()).filter(|_| token.kind == Kind::Text) {
                Some(text) => outline.push_str(text),
                None => outline.extend(std::iter::repeat_n(BLANK, token.range.len())),
            }
        }
        outline
    }

    /// Returns each field of its expressions that is missing in the event, with the nearest key.
    #[must_use]
    pub fn missing_keys(&self, event: &Event<'_>) -> Vec<String> {
        let mut missing = Vec::new();
        visit(&self.nodes, &mut Vec::new(), &mut |site, _| {
            missing.extend(site.expression.clone().missing_keys(event));
        });
        missing
    }

    /// The template as the user wrote it.
    #[must_use]
    pub fn source(&self) -> &str {
        &self.source
    }

    /// The text that it always renders; `None` if it has variables or tags.
    #[must_use]
    pub fn constant(&self) -> Option<&str> {
        let is_text = |node: &Node| matches!(node, Node::Text(_));
        self.nodes.iter().all(is_text).then_some(&*self.own)
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
        let budget = Budget::of_delivery();
        let context = Context::lenient(event, &budget, None);
        self.render_in(&mut Rendering::new(&context, failed), escape, enough, out);
    }

    /// [`Template::render`] as a part of a delivery, whose templates share their bounds.
    pub fn render_in<'r>(
        &'r self,
        rendering: &mut Rendering<'_, 'r>,
        escape: Escape,
        enough: usize,
        out: &mut String,
    ) {
        let form = Form { escape, enough };
        if self.has_tags {
            render::branching(&self.nodes, &self.own, (rendering, form), out);
        } else {
            render::plain(&self.nodes, &self.own, (rendering, form), out);
        }
    }
}

/// Finds the places of the variables of a template without tags.
fn set_places(own: &str, nodes: &mut [Node]) {
    let mut scanner = Scanner::new(own);
    let mut at = 0;
    for node in &*nodes {
        match node {
            Node::Text(range) => {
                scanner.text(range.clone());
                at = range.end;
            }
            Node::Variable(variable) => scanner.variable(at, variable.is_raw),
            Node::Choice(_) | Node::Case(_) | Node::For(_) => {}
        }
    }
    let mut places = scanner.finish().into_iter();
    for node in nodes {
        if let Node::Variable(variable) = node {
            variable.place = places.next().unwrap_or_default();
        }
    }
}
