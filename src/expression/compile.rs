//! Turns the syntax tree of the crate's parser into our own nodes, and refuses what can never do what was meant.
//!
//! Invariant: what compiles fails at evaluation only because of the event, never because of the expression alone.

use jmespath::ast::{Ast, Comparator};

use super::function::Function;
use super::lex::{Kind, Token, Tokens, brief};
use super::node::{Comparison, Node, RecordPart};
use super::{CompileError, syntax};

/// Compiles an expression; the warnings are in the order of the text.
pub(super) fn compile(source: &str) -> Result<(Node, Vec<CompileError>), CompileError> {
    let tokens = Tokens::read(source)?;
    let ast = jmespath::parse(&tokens.plain)
        .map_err(|error| syntax::explain(&error, &tokens, source.len()))?;
    let mut compiler = Compiler { tokens: &tokens, warnings: Vec::new() };
    let node = compiler.node(&ast)?;
    let mut warnings = compiler.warnings;
    warnings.sort_by_key(|warning| warning.offset);
    Ok((node, warnings))
}

struct Compiler<'t, 's> {
    tokens: &'t Tokens<'s>,
    warnings: Vec<CompileError>,
}

impl<'s> Compiler<'_, 's> {
    /// Recursion is as deep as the brackets, which are limited before: chains are taken apart in loops.
    fn node(&mut self, ast: &Ast) -> Result<Node, CompileError> {
        Ok(match ast {
            Ast::Identity { offset } => match self.kind_at(*offset) {
                Some(Kind::Root) => Node::Root,
                Some(Kind::Record) => Node::Record,
                _ => Node::Current,
            },
            Ast::Field { name, .. } => Node::Field(name.as_str().into()),
            Ast::Index { idx, .. } => Node::Index(*idx),
            Ast::Slice { start, stop, step, offset } => {
                if *step == 0 {
                    // The parser's offset is that of `]`, which the step stands before.
                    let offset = self.token_before(*offset).map_or(*offset, |step| step.offset);
                    return Err(CompileError::new(
                        offset,
                        "the step of a slice is 0",
                        "leave it out, or write `1`",
                    ));
                }
                Node::Slice { start: *start, stop: *stop, step: *step }
            }
            Ast::Literal { value, offset } => Node::Literal(self.literal(value, *offset)),
            Ast::Subexpr { .. } => self.path(ast)?,
            Ast::Or { .. } => {
                let mut operands = spine(ast, |ast| match ast {
                    Ast::Or { lhs, rhs, .. } => Some((lhs, rhs)),
                    _ => None,
                });
                self.warn_of_constant_default(&operands);
                Node::Any(self.nodes(&mut operands.drain(..))?)
            }
            Ast::And { .. } => {
                let mut operands = spine(ast, |ast| match ast {
                    Ast::And { lhs, rhs, .. } => Some((lhs, rhs)),
                    _ => None,
                });
                Node::All(self.nodes(&mut operands.drain(..))?)
            }
            Ast::Not { node, .. } => Node::Not(Box::new(self.node(node)?)),
            Ast::Condition { predicate, then, .. } => {
                Node::Where(Box::new((self.node(predicate)?, self.node(then)?)))
            }
            Ast::Comparison { comparator, lhs, rhs, .. } => {
                self.comparison(comparator, lhs, rhs)?
            }
            Ast::ObjectValues { node, .. } => {
                self.refuse_part_of_not(node)?;
                Node::Values(Box::new(self.node(node)?))
            }
            Ast::Flatten { node, .. } => {
                self.refuse_part_of_not(node)?;
                Node::Flatten(Box::new(self.node(node)?))
            }
            Ast::Projection { lhs, rhs, .. } => {
                self.refuse_part_of_not(lhs)?;
                Node::Project(Box::new((self.node(lhs)?, self.node(rhs)?)))
            }
            Ast::MultiList { elements, .. } => Node::List(self.nodes(&mut elements.iter())?),
            Ast::MultiHash { elements, .. } => {
                let pairs = elements
                    .iter()
                    .map(|pair| Ok((pair.key.as_str().into(), self.node(&pair.value)?)));
                Node::Hash(pairs.collect::<Result<_, CompileError>>()?)
            }
            Ast::Function { name, args, offset } => self.call(name, args, *offset)?,
            Ast::Expref { offset, .. } => {
                let help = "only map, sort_by, min_by and max_by take `&expression`; `and` is written `&&`";
                return Err(CompileError::new(
                    *offset,
                    "`&` is only for an argument of a function",
                    help,
                ));
            }
        })
    }

    fn nodes(&mut self, asts: &mut dyn Iterator<Item = &Ast>) -> Result<Box<[Node]>, CompileError> {
        asts.map(|ast| self.node(ast)).collect()
    }

    fn kind_at(&self, offset: usize) -> Option<Kind> {
        self.tokens.at(offset).map(|token| token.kind)
    }

    fn token_before(&self, offset: usize) -> Option<&Token<'s>> {
        let before = self.tokens.all().partition_point(|token| token.offset < offset);
        self.tokens.all().get(before.checked_sub(1)?)
    }

    fn literal(&self, value: &jmespath::Variable, offset: usize) -> crate::event::Value<'static> {
        match (self.tokens.at(offset), value) {
            (Some(token), _) if token.kind == Kind::Literal => token.value.clone(),
            (_, jmespath::Variable::String(text)) => {
                crate::event::Value::Shared(text.as_str().into())
            }
            _ => crate::event::Value::Null,
        }
    }

    fn path(&mut self, ast: &Ast) -> Result<Node, CompileError> {
        let mut steps: Vec<Node> = Vec::new();
        for part in spine(ast, |ast| match ast {
            Ast::Subexpr { lhs, rhs, .. } => Some((lhs, rhs)),
            _ => None,
        }) {
            let step = self.node(part)?;
            match (steps.last(), &step) {
                (Some(Node::Record), Node::Field(name)) => {
                    let Some(known) =
                        RecordPart::ALL.into_iter().find(|known| known.name() == &**name)
                    else {
                        let offset = match part {
                            Ast::Field { offset, .. } => *offset,
                            _ => 0,
                        };
                        let names = RecordPart::ALL.map(RecordPart::name).join(", ");
                        let message = format!("`$record` has no `{}`", brief(name));
                        return Err(CompileError::new(offset, message, format!("it has {names}")));
                    };
                    steps.pop();
                    steps.push(Node::RecordPart(known));
                }
                (_, Node::Path(_)) => {
                    if let Node::Path(inner) = step {
                        steps.extend(inner);
                    }
                }
                _ => steps.push(step),
            }
        }
        self.refuse_path_of_not(ast)?;
        // `$.a` at the top is `a`, but not in a filter: so `$` stays a step.
        Ok(Node::Path(steps.into()))
    }

    /// `!a.b` is `(!a).b` to JMESPath: the field of a boolean, always null. Only a pipe may follow.
    fn refuse_path_of_not(&self, mut ast: &Ast) -> Result<(), CompileError> {
        while let Ast::Subexpr { lhs, offset, .. } = ast {
            if self.tokens.at(*offset).is_some_and(|token| token.text != "|") {
                self.refuse_part_of_not(lhs)?;
            }
            ast = lhs;
        }
        Ok(())
    }

    fn refuse_part_of_not(&self, ast: &Ast) -> Result<(), CompileError> {
        match ast {
            Ast::Not { offset, .. } => {
                let message = "`!` binds stronger than what follows its operand: this takes a part of true or false";
                Err(CompileError::new(
                    *offset,
                    message,
                    "put brackets around the operand: `!(a.b)`",
                ))
            }
            _ => Ok(()),
        }
    }

    fn comparison(
        &mut self,
        comparator: &Comparator,
        lhs: &Ast,
        rhs: &Ast,
    ) -> Result<Node, CompileError> {
        let comparison = match comparator {
            Comparator::Equal => Comparison::Equal,
            Comparator::NotEqual => Comparison::NotEqual,
            Comparator::LessThan => Comparison::Less,
            Comparator::LessThanEqual => Comparison::LessOrEqual,
            Comparator::GreaterThan => Comparison::Greater,
            Comparator::GreaterThanEqual => Comparison::GreaterOrEqual,
        };
        let nodes = Box::new((self.node(lhs)?, self.node(rhs)?));
        self.lint_comparison(comparison, (lhs, &nodes.0), (rhs, &nodes.1))?;
        Ok(Node::Compare(comparison, nodes))
    }

    fn lint_comparison(
        &mut self,
        comparison: Comparison,
        left: (&Ast, &Node),
        right: (&Ast, &Node),
    ) -> Result<(), CompileError> {
        let ordering = !matches!(comparison, Comparison::Equal | Comparison::NotEqual);
        for (this, other) in [(left, right), (right, left)] {
            let is_bool = matches!(this.1, Node::Not(_) | Node::Compare(..));
            if let (true, Node::Literal(value)) = (is_bool, other.1)
                && value.type_name() != "boolean"
            {
                let offset = offset_of(this.0);
                let message = format!("this compares true or false with a {}", value.type_name());
                let help = match this.1 {
                    Node::Not(_) => {
                        "`!` binds stronger than the comparison: write `!(a == 'x')` or `a != 'x'`"
                    }
                    _ => "write two comparisons joined by `&&`",
                };
                return Err(CompileError::new(offset, message, help));
            }
            if let (true, Node::Literal(value)) = (ordering, this.1)
                && value.type_name() != "number"
            {
                let message = format!(
                    "`<` and `>` order numbers only: with a {} this is always null",
                    value.type_name()
                );
                let help = "write the number in backticks: `5`, or compare with `==`";
                self.warnings.push(CompileError::new(offset_of(this.0), message, help));
            }
        }
        let (left_quoted, right_quoted) = (self.quoted(left.0), self.quoted(right.0));
        match (left_quoted, right_quoted) {
            (_, Some((offset, name))) if !matches!(left.1, Node::Literal(_)) => {
                self.warn_of_quoted(offset, &name)
            }
            (Some((offset, name)), None)
                if !matches!(right.1, Node::Literal(_)) && is_plain(&name) =>
            {
                self.warn_of_quoted(offset, &name);
            }
            _ => {}
        }
        Ok(())
    }

    /// A field that is a word in double quotes and nothing else.
    fn quoted(&self, ast: &Ast) -> Option<(usize, String)> {
        match ast {
            Ast::Field { name, offset } if self.kind_at(*offset) == Some(Kind::Quoted) => {
                Some((*offset, name.clone()))
            }
            _ => None,
        }
    }

    fn warn_of_quoted(&mut self, offset: usize, name: &str) {
        let name = brief(name);
        let message = format!("`\"{name}\"` is the field `{name}`, not a text");
        self.warnings.push(CompileError::new(
            offset,
            message,
            format!("a text is written '{name}'"),
        ));
    }

    /// `a == 'x' || 'y'` is always true.
    fn warn_of_constant_default(&mut self, operands: &[&Ast]) {
        for pair in operands.windows(2) {
            if let [Ast::Comparison { .. }, Ast::Literal { offset, .. }] = pair {
                let message = "this stands alone: the comparison before `||` does not reach it";
                let help = "write it as a comparison of its own: `a == 'x' || a == 'y'`";
                self.warnings.push(CompileError::new(*offset, message, help));
            }
        }
    }

    fn call(&mut self, name: &str, args: &[Ast], bracket: usize) -> Result<Node, CompileError> {
        let offset = self.token_before(bracket).map_or(bracket, |name| name.offset);
        let Some(function) = Function::named(name) else {
            let help = Function::nearest(name);
            return Err(CompileError::new(
                offset,
                format!("unknown function `{}`", brief(name)),
                help,
            ));
        };
        let signature = function.signature();
        if let Err(expected) = signature.check_count(args.len()) {
            let message = format!("`{name}` takes {expected}, not {}", args.len());
            return Err(CompileError::new(
                offset,
                message,
                format!("write it as {}", signature.usage),
            ));
        }
        let mut nodes = Vec::with_capacity(args.len());
        for (at, arg) in args.iter().enumerate() {
            let takes = signature.argument(at);
            let wrong = |is: &str| {
                format!("`{name}` takes {} as argument {}, not {is}", takes.describe(), at + 1)
            };
            let node = match (takes.is_expression(), arg) {
                (true, Ast::Expref { ast, .. }) => self.node(ast)?,
                (true, _) => {
                    let help = format!("put `&` before it: {}", signature.usage);
                    return Err(CompileError::new(offset_of(arg), wrong("a value"), help));
                }
                (false, Ast::Expref { .. }) => {
                    let help = format!("remove the `&`: {}", signature.usage);
                    return Err(CompileError::new(offset_of(arg), wrong("an expression"), help));
                }
                (false, _) => self.node(arg)?,
            };
            if let Node::Literal(value) = &node
                && !takes.is_expression()
                && !takes.accepts(value)
            {
                let help = format!("write it as {}", signature.usage);
                return Err(CompileError::new(
                    offset_of(arg),
                    wrong(&format!("a {}", value.type_name())),
                    help,
                ));
            }
            if function.expects_text(at)
                && let Some((offset, word)) = self.quoted(arg)
                && is_plain(&word)
            {
                self.warn_of_quoted(offset, &word);
            }
            nodes.push(node);
        }
        Ok(Node::Call(function, nodes.into()))
    }
}

/// The operands of a chain that leans to the left, first to last.
fn spine<'x>(ast: &'x Ast, parts: impl Fn(&'x Ast) -> Option<(&'x Ast, &'x Ast)>) -> Vec<&'x Ast> {
    let mut operands = Vec::new();
    let mut ast = ast;
    while let Some((lhs, rhs)) = parts(ast) {
        operands.push(rhs);
        ast = lhs;
    }
    operands.push(ast);
    operands.reverse();
    operands
}

/// Whether a name needs no quotes.
fn is_plain(name: &str) -> bool {
    name.starts_with(|c: char| c.is_ascii_alphabetic() || c == '_')
        && name.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'_')
}

/// Where an expression begins; a loop, since chains are long.
fn offset_of(mut ast: &Ast) -> usize {
    loop {
        match ast {
            Ast::Comparison { lhs, .. }
            | Ast::And { lhs, .. }
            | Ast::Or { lhs, .. }
            | Ast::Subexpr { lhs, .. }
            | Ast::Projection { lhs, .. } => ast = lhs,
            Ast::Condition { offset, .. }
            | Ast::Identity { offset }
            | Ast::Expref { offset, .. }
            | Ast::Flatten { offset, .. }
            | Ast::Function { offset, .. }
            | Ast::Field { offset, .. }
            | Ast::Index { offset, .. }
            | Ast::Literal { offset, .. }
            | Ast::MultiList { offset, .. }
            | Ast::MultiHash { offset, .. }
            | Ast::Not { offset, .. }
            | Ast::ObjectValues { offset, .. }
            | Ast::Slice { offset, .. } => return *offset,
        }
    }
}
