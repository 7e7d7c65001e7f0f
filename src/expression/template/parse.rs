//! Compiles the tokens of a template into its tree.
//!
//! Invariant: the recursion is as deep as the block tags, which [`MAX_NESTING`] limits.

use std::ops::Range;

use super::filter::rewrite;
use super::foreign;
use super::offsets::Offsets;
use super::space;
use super::tag::{self, Block, Loop, Tag};
use super::token::{Kind, Token, read};
use super::tree::{Branch, Case, Choice, For, Node, Site, Tree, Variable};
use crate::expression::bindings::Bindings;
use crate::expression::cache::ExpressionCache;
use crate::expression::error::{CompileError, refuse};
use crate::expression::lexer::brief;

/// How deep block tags may nest.
const MAX_NESTING: usize = 8;

/// Compiles a template for which `bindings` are known.
///
/// # Errors
/// The first fault of the tags or the expressions.
pub fn parse(
    source: &str,
    cache: &mut ExpressionCache,
    bindings: &Bindings,
) -> Result<Tree, CompileError> {
    let tokens = read(source)?;
    let kept = space::kept(source, &tokens);
    let tree = Tree { own: String::with_capacity(source.len()), ..Tree::default() };
    let mut parser = Parser {
        source,
        tokens: &tokens,
        kept: &kept,
        at: 0,
        cache,
        bindings: bindings.clone(),
        open: Vec::new(),
        tree,
    };
    let (nodes, end) = parser.nodes(None, 0)?;
    if let Some(end) = end {
        return Err(parser.closes_nothing(&end));
    }
    Ok(Tree { nodes, ..parser.tree })
}

struct Parser<'p> {
    source: &'p str,
    tokens: &'p [Token],
    /// What is kept of each token's text.
    kept: &'p [Range<usize>],
    at: usize,
    cache: &'p mut ExpressionCache,
    bindings: Bindings,
    /// The open blocks, the outermost first.
    open: Vec<Block>,
    tree: Tree,
}

/// A tag that continues or ends the block that it is in.
struct End {
    tag: Tag,
    at: usize,
}

impl Parser<'_> {
    /// Compiles nodes up to a tag that continues or ends the innermost open block.
    fn nodes(
        &mut self,
        open: Option<Block>,
        depth: usize,
    ) -> Result<(Box<[Node]>, Option<End>), CompileError> {
        let mut nodes = Vec::new();
        while let Some((token, kept)) = self.tokens.get(self.at).zip(self.kept.get(self.at)) {
            self.at += 1;
            match token.kind {
                Kind::Text => self.text(kept.clone(), &mut nodes),
                Kind::Silent => {}
                Kind::Variable | Kind::Raw => nodes.push(self.variable(token)?),
                Kind::Tag => {
                    let tag = tag::read(self.source, token.inside.clone(), open)?;
                    let starts = matches!(tag, Tag::If(..) | Tag::Case(_) | Tag::For(_));
                    let at = token.range.start;
                    if !starts {
                        return Ok((nodes.into(), Some(End { tag, at })));
                    }
                    if depth >= MAX_NESTING {
                        let message = format!("tags nest deeper than {MAX_NESTING} levels");
                        return refuse(at, message, "join conditions with `&&`");
                    }
                    nodes.push(self.block(tag, at, depth + 1)?);
                }
            }
        }
        Ok((nodes.into(), None))
    }

    /// Adds the author's text at `range` of the source, joined with the text before it.
    fn text(&mut self, range: Range<usize>, nodes: &mut Vec<Node>) {
        let text = self.source.get(range).unwrap_or_default();
        if text.is_empty() {
            return;
        }
        let start = self.tree.own.len();
        self.tree.own.push_str(text);
        match nodes.last_mut() {
            Some(Node::Text(before)) if before.end == start => before.end = self.tree.own.len(),
            _ => nodes.push(Node::Text(start..self.tree.own.len())),
        }
    }

    fn variable(&mut self, token: &Token) -> Result<Node, CompileError> {
        let is_raw = token.kind == Kind::Raw;
        let inside = super::split::trimmed(self.source, token.inside.clone());
        let text = self.source.get(inside.clone()).unwrap_or_default();
        if text.is_empty() {
            let (open, close) = if is_raw { ("{{{", "}}}") } else { ("{{", "}}") };
            let message = format!("empty variable `{open} {close}`");
            let help = format!("write an expression, as in `{open} $.properties.name {close}`");
            return refuse(token.range.start, message, help);
        }
        let at = Offsets::At(inside.start);
        foreign::check_variable(text).map_err(|error| at.shift(error))?;
        let (code, offsets) = rewrite(text, inside.start)?;
        let warnings = foreign::filters_in_brackets(text, false).into_iter();
        self.tree.warnings.extend(warnings.map(|warning| at.shift(warning)));
        let site = self.site(&code, offsets)?;
        Ok(Node::Variable(Variable { site, is_raw, place: Default::default() }))
    }

    /// Compiles the expression of a tag.
    fn expression(&mut self, range: Range<usize>) -> Result<Site, CompileError> {
        let text = self.source.get(range.clone()).unwrap_or_default();
        let offsets = Offsets::At(range.start);
        foreign::check_tag(text).map_err(|error| offsets.shift(error))?;
        let warnings = foreign::filters_in_brackets(text, true).into_iter();
        self.tree.warnings.extend(warnings.map(|warning| offsets.shift(warning)));
        self.site(text, offsets)
    }

    /// Compiles a value of `{% when %}`.
    fn value(&mut self, range: Range<usize>) -> Result<Site, CompileError> {
        let text = self.source.get(range.clone()).unwrap_or_default();
        let offsets = Offsets::At(range.start);
        let warning = foreign::check_when(text).map_err(|error| offsets.shift(error))?;
        self.tree.warnings.extend(warning.map(|warning| offsets.shift(warning)));
        self.expression(range)
    }

    fn site(&mut self, code: &str, offsets: Offsets) -> Result<Site, CompileError> {
        let expression = self.cache.compile_in(code, &self.bindings);
        let expression = expression.map_err(|error| offsets.shift(error))?;
        Ok(Site { expression, offsets })
    }

    fn block(&mut self, start: Tag, at: usize, depth: usize) -> Result<Node, CompileError> {
        let block = match &start {
            Tag::If(block, _) => *block,
            Tag::Case(_) => Block::Case,
            _ => Block::For,
        };
        self.open.push(block);
        let node = match start {
            Tag::Case(value) => Node::Case(Box::new(self.case(value, at, depth)?)),
            Tag::For(head) => Node::For(Box::new(self.repeat(head, at, depth)?)),
            Tag::If(block, condition) => {
                Node::Choice(self.choice((block, condition), at, depth)?)
            }
            // Not a start: `nodes` hands on no other tag.
            _ => Node::Text(0..0),
        };
        self.open.pop();
        Ok(node)
    }

    fn choice(
        &mut self,
        start: (Block, Range<usize>),
        at: usize,
        depth: usize,
    ) -> Result<Choice, CompileError> {
        let (block, condition) = start;
        let mut condition = Some(self.expression(condition)?);
        let mut is_negated = block == Block::Unless;
        let (mut branches, mut otherwise) = (Vec::new(), None);
        loop {
            let (nodes, end) = self.nodes(Some(block), depth)?;
            match condition.take() {
                Some(condition) => branches.push(Branch { condition, is_negated, nodes }),
                None => otherwise = Some(nodes),
            }
            is_negated = false;
            let end = self.end_of(block, at, end)?;
            match end.tag {
                Tag::Elsif(next) if otherwise.is_none() => condition = Some(self.expression(next)?),
                Tag::Else if otherwise.is_none() => {}
                Tag::End(ended) if ended == block => break,
                _ => return Err(self.misplaced(&end, block, at)),
            }
        }
        Ok(Choice { branches: branches.into(), otherwise: otherwise.unwrap_or_default() })
    }

    fn case(&mut self, value: Range<usize>, at: usize, depth: usize) -> Result<Case, CompileError> {
        let value = self.expression(value)?;
        let (mut branches, mut otherwise) = (Vec::new(), None);
        // The text before the first `when` is dropped.
        let own = self.tree.own.len();
        let (_, end) = self.nodes(Some(Block::Case), depth)?;
        self.tree.own.truncate(own);
        let mut end = self.end_of(Block::Case, at, end)?;
        loop {
            match &end.tag {
                Tag::When(values) if otherwise.is_none() => {
                    let values = values.clone().into_iter();
                    let values = values.map(|value| self.value(value));
                    let values = values.collect::<Result<Box<[Site]>, _>>()?;
                    let (nodes, next) = self.nodes(Some(Block::Case), depth)?;
                    branches.push((values, nodes));
                    end = self.end_of(Block::Case, at, next)?;
                }
                Tag::Else if otherwise.is_none() => {
                    let (nodes, next) = self.nodes(Some(Block::Case), depth)?;
                    otherwise = Some(nodes);
                    end = self.end_of(Block::Case, at, next)?;
                }
                Tag::End(Block::Case) => break,
                _ => return Err(self.misplaced(&end, Block::Case, at)),
            }
        }
        Ok(Case { value, branches: branches.into(), otherwise: otherwise.unwrap_or_default() })
    }

    fn repeat(&mut self, head: Loop, at: usize, depth: usize) -> Result<For, CompileError> {
        let list = self.expression(head.list)?;
        let outer = self.bindings.clone();
        let name = self.source.get(head.name).unwrap_or_default();
        self.bindings = outer.with_loop(name);
        let start = self.tokens.get(self.at).map_or(self.source.len(), |token| token.range.start);
        let (nodes, end) = self.nodes(Some(Block::For), depth)?;
        let mut end = self.end_of(Block::For, at, end)?;
        self.bindings = outer;
        let body = self.source.get(start..end.at).unwrap_or_default();
        let counts = body.contains("forloop");
        let mut otherwise = Box::default();
        if end.tag == Tag::Else {
            let (nodes, next) = self.nodes(Some(Block::For), depth)?;
            otherwise = nodes;
            end = self.end_of(Block::For, at, next)?;
        }
        if end.tag != Tag::End(Block::For) {
            return Err(self.misplaced(&end, Block::For, at));
        }
        Ok(For { list, limit: head.limit, counts, nodes, otherwise })
    }

    fn end_of(&self, block: Block, at: usize, end: Option<End>) -> Result<End, CompileError> {
        end.ok_or_else(|| {
            let word = block.word();
            let message = format!("`{{% {word} %}}` without its end");
            CompileError::new(at, message, format!("add `{{% end{word} %}}` after it"))
        })
    }

    /// The error of a tag that neither continues nor ends the innermost open `block`, which starts
    /// at `at`: its own end is missing if the tag is one of a block around it.
    fn misplaced(&self, end: &End, block: Block, at: usize) -> CompileError {
        let outer = self.open.split_last().map_or(&[][..], |(_, outer)| outer);
        let is_of_outer = match &end.tag {
            Tag::End(ended) => outer.contains(ended),
            Tag::When(_) => block != Block::Case && outer.contains(&Block::Case),
            Tag::Elsif(_) => {
                let takes = |block: &Block| matches!(block, Block::If | Block::Unless);
                !takes(&block) && outer.iter().any(takes)
            }
            _ => false,
        };
        if is_of_outer {
            let (open, word) = (block.word(), self.word_at(end.at));
            let message = format!("`{{% {open} %}}` without its end");
            let help = format!("add `{{% end{open} %}}` before `{{% {word} %}}`");
            return CompileError::new(at, message, help);
        }
        let line = self.source.get(..at).unwrap_or_default().matches('\n').count() + 1;
        let (word, open) = (self.word_at(end.at), block.word());
        let message = format!("`{{% {word} %}}` in the `{{% {open} %}}` of line {line}");
        let help = match &end.tag {
            Tag::Elsif(_) | Tag::Else => {
                format!("the last part of `{open}` is its `else`: remove it")
            }
            Tag::When(_) if block == Block::Case => "write `{% else %}` after it".to_owned(),
            Tag::When(_) => "`when` is a part of `{% case %}`".to_owned(),
            _ => format!("write `{{% end{open} %}}` first"),
        };
        CompileError::new(end.at, message, help)
    }

    fn closes_nothing(&self, end: &End) -> CompileError {
        let word = self.word_at(end.at);
        let start = match &end.tag {
            Tag::End(block) => block.word(),
            Tag::When(_) => "case",
            _ => "if",
        };
        let message = format!("`{{% {word} %}}` without a `{{% {start} %}}` before it");
        CompileError::new(
            end.at,
            message,
            format!("write `{{% {start} … %}}` before it, or remove it"),
        )
    }

    fn word_at(&self, at: usize) -> String {
        let inside = self.source.get(at + 2..).unwrap_or_default();
        brief(super::token::first_word(inside.trim_start_matches('-'))).to_owned()
    }
}
