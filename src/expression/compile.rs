//! Compiles the syntax tree of the crate's parser into nodes.
//!
//! Invariant: a compiled expression fails only because of an event, never for every event.

use std::mem::discriminant;
use std::sync::Arc;

use jmespath::Variable;
use jmespath::ast::Ast;

use super::bindings::{Bindings, FORLOOP};
use super::error::{CompileError, refuse};
use super::lexer::{Kind, Tokens, brief};
use super::lint::{Lints, offset_of};
use super::node::{Node, RecordPart};
use super::prepared::prepare;
use super::signature::{Function, Takes};
use super::syntax_error;
use super::translate;
use crate::event::Value;

/// Compiles an expression with these names in scope; returns warnings in the order of the text.
pub fn compile(
    source: &str,
    bindings: &Bindings,
) -> Result<(Node, Vec<CompileError>), CompileError> {
    compile_plain(source, bindings).map_err(|error| {
        translate::with_remedy(error, source, |remedy| compile_plain(remedy, bindings).is_ok())
    })
}

fn compile_plain(
    source: &str,
    bindings: &Bindings,
) -> Result<(Node, Vec<CompileError>), CompileError> {
    let tokens = Tokens::read(source)?;
    tokens.check_variables(bindings)?;
    let ast = jmespath::parse(&tokens.plain)
        .map_err(|error| syntax_error::explain(&error, &tokens, source.len()))?;
    let mut compiler =
        Compiler { tokens: &tokens, lints: Lints::new(&tokens), bindings, is_outermost: true };
    let node = compiler.node(&ast)?;
    Ok((node, compiler.lints.into_warnings()))
}

struct Compiler<'t, 's> {
    tokens: &'t Tokens<'s>,
    lints: Lints<'t, 's>,
    bindings: &'t Bindings,
    /// Whether `@` is the event, so that a bare name in scope is a variable.
    is_outermost: bool,
}

impl Compiler<'_, '_> {
    /// Compiles one tree. Recursion is as deep as the brackets, which the lexer limits: chains are
    /// compiled in loops.
    fn node(&mut self, ast: &Ast) -> Result<Node, CompileError> {
        Ok(match ast {
            Ast::Identity { offset } => match self.tokens.at(*offset) {
                Some(token) if token.kind == Kind::Root => Node::Root,
                Some(token) if token.kind == Kind::Record => Node::Record,
                Some(token) if token.kind == Kind::Number => Node::Literal(token.value.clone()),
                Some(token) if token.kind == Kind::Variable => self.variable(*offset),
                _ => Node::Current,
            },
            Ast::Field { name, offset } => match self.bindings.index(name) {
                Some(index) if self.is_outermost && self.is_bare(*offset) => Node::Variable(index),
                _ => Node::Field(name.as_str().into()),
            },
            Ast::Index { idx, .. } => Node::Index(*idx),
            Ast::Slice { start, stop, step, offset } => {
                if *step == 0 {
                    // The parser's offset is that of `]`; the step is the token before it.
                    let offset = self.tokens.before(*offset).map_or(*offset, |step| step.offset);
                    return refuse(
                        offset,
                        "the step of a slice is 0",
                        "leave it out, or write `1`",
                    );
                }
                Node::Slice { start: *start, stop: *stop, step: *step }
            }
            Ast::Literal { value, offset } => Node::Literal(self.literal(value, *offset)),
            Ast::Subexpr { .. } => self.path(ast)?,
            Ast::Or { .. } => {
                let operands = chain(ast);
                self.lints.check_default(&operands);
                Node::Any(self.operands(operands)?)
            }
            Ast::And { .. } => Node::All(self.operands(chain(ast))?),
            Ast::Not { node, .. } => {
                self.lints.check_constant(node);
                Node::Not(Box::new(self.node(node)?))
            }
            Ast::Condition { predicate, then, .. } => {
                Node::Where(Box::new((self.inner(predicate)?, self.inner(then)?)))
            }
            Ast::Comparison { comparator, lhs, rhs, .. } => {
                let nodes = Box::new((self.node(lhs)?, self.node(rhs)?));
                self.lints.check_comparison(comparator, (lhs, &nodes.0), (rhs, &nodes.1))?;
                Node::Compare(comparator.clone(), nodes)
            }
            Ast::ObjectValues { node, .. } => {
                self.lints.refuse_part_of_not(node)?;
                Node::Values(Box::new(self.node(node)?))
            }
            Ast::Flatten { node, .. } => {
                self.lints.refuse_part_of_not(node)?;
                Node::Flatten(Box::new(self.node(node)?))
            }
            Ast::Projection { lhs, rhs, .. } => {
                self.lints.refuse_part_of_not(lhs)?;
                Node::Project(Box::new((self.node(lhs)?, self.inner(rhs)?)))
            }
            Ast::MultiList { elements, .. } => Node::List(self.nodes(elements)?),
            Ast::MultiHash { elements, .. } => {
                let pairs = elements
                    .iter()
                    .map(|pair| Ok((pair.key.as_str().into(), self.node(&pair.value)?)));
                Node::Hash(pairs.collect::<Result<_, CompileError>>()?)
            }
            Ast::Function { name, args, offset } => self.call(name, args, *offset)?,
            Ast::Expref { offset, .. } => {
                let help = "only map, sort_by, min_by and max_by take `&expression`; `and` is \
                            written `&&`";
                let message = "`&` is only for an argument of a function";
                return refuse(*offset, message, help);
            }
        })
    }

    /// Compiles what is evaluated against another value than the event.
    fn inner(&mut self, ast: &Ast) -> Result<Node, CompileError> {
        let outer = std::mem::replace(&mut self.is_outermost, false);
        let node = self.node(ast);
        self.is_outermost = outer;
        node
    }

    /// Compiles the `$name` at this offset: the lexer's check has found it in scope.
    fn variable(&self, offset: usize) -> Node {
        let name = self.tokens.at(offset).and_then(|token| token.text.strip_prefix('$'));
        let index = name.and_then(|name| self.bindings.index(name));
        index.map_or(Node::Current, Node::Variable)
    }

    fn is_bare(&self, offset: usize) -> bool {
        self.tokens.at(offset).is_some_and(|token| token.kind == Kind::Name)
    }

    fn nodes<'a>(
        &mut self,
        asts: impl IntoIterator<Item = &'a Ast>,
    ) -> Result<Box<[Node]>, CompileError> {
        asts.into_iter().map(|ast| self.node(ast)).collect()
    }

    fn operands(&mut self, asts: Vec<&Ast>) -> Result<Box<[Node]>, CompileError> {
        asts.iter().for_each(|operand| self.lints.check_constant(operand));
        self.nodes(asts)
    }

    fn literal(&self, value: &Variable, offset: usize) -> Value<'static> {
        match (self.tokens.at(offset), value) {
            (Some(token), _) if token.kind == Kind::Literal => token.value.clone(),
            (_, Variable::String(text)) => Value::Shared(text.as_str().into()),
            _ => Value::Null,
        }
    }

    fn path(&mut self, ast: &Ast) -> Result<Node, CompileError> {
        let mut steps: Vec<Node> = Vec::new();
        for (at, part) in chain(ast).into_iter().enumerate() {
            let step = if at == 0 { self.node(part)? } else { self.inner(part)? };
            match (steps.last_mut(), step) {
                (Some(Node::Variable(index)), Node::Field(name))
                    if self.bindings.index("forloop") == Some(*index)
                        && !FORLOOP.contains(&&*name) =>
                {
                    let message = format!("`forloop` has no `{}`", brief(&name));
                    let help = format!("it has {}", FORLOOP.join(", "));
                    return refuse(offset_of(part), message, help);
                }
                (Some(record @ Node::Record), Node::Field(name)) => {
                    let known = RecordPart::ALL.into_iter().find(|known| known.as_str() == &*name);
                    let Some(known) = known else {
                        let names = RecordPart::NAMES.join(", ");
                        let message = format!("`$record` has no `{}`", brief(&name));
                        return refuse(offset_of(part), message, format!("it has {names}"));
                    };
                    *record = Node::RecordPart(known);
                }
                (_, Node::Path(inner)) => steps.extend(inner),
                (_, step) => steps.push(step),
            }
        }
        self.lints.refuse_path_of_not(ast)?;
        self.lints.refuse_pipe_of_condition(ast)?;
        // `$` remains a step: `$.a` equals `a` at the top, but not in a filter.
        Ok(Node::Path(steps.into()))
    }

    fn call(&mut self, name: &str, args: &[Ast], bracket: usize) -> Result<Node, CompileError> {
        let offset = self.tokens.before(bracket).map_or(bracket, |name| name.offset);
        let Some(function) = Function::named(name) else {
            let message = format!("unknown function `{}`", brief(name));
            return refuse(offset, message, Function::nearest(name));
        };
        let signature = function.signature();
        let usage = signature.usage;
        if let Err(expected) = signature.check_count(args.len()) {
            let message = format!("`{name}` takes {expected}, not {}", args.len());
            return refuse(offset, message, format!("write it as {usage}"));
        }
        let mut nodes = Vec::with_capacity(args.len());
        for (at, arg) in args.iter().enumerate() {
            let takes = signature.argument(at);
            let wrong = |is: &str, help: &str| {
                let expected = takes.describe();
                let message = format!("`{name}` takes {expected} as argument {}, not {is}", at + 1);
                refuse(offset_of(arg), message, format!("{help} {usage}"))
            };
            let node = match (takes, arg) {
                (Takes::Expression, Ast::Expref { ast, .. }) => self.inner(ast)?,
                (Takes::Expression, _) => return wrong("a value", "put `&` before it:"),
                (_, Ast::Expref { .. }) => return wrong("an expression", "remove the `&`:"),
                _ => match self.node(arg)? {
                    Node::Literal(value) if !takes.accepts(&value) => {
                        return wrong(&takes.describe_refused(&value), "write it as");
                    }
                    Node::Literal(value) => match prepare(function, at, &value) {
                        Ok(Some(prepared)) => Node::Prepared(Arc::new(prepared)),
                        Ok(None) => Node::Literal(value),
                        Err((message, help)) => return refuse(offset_of(arg), message, help),
                    },
                    _ if takes == Takes::Pattern => {
                        return wrong("a value of the event", "write it in single quotes:");
                    }
                    node => node,
                },
            };
            self.lints.check_constant(arg);
            self.lints.check_index_argument(arg);
            if function == Function::Mention {
                self.lints.check_mention(arg);
            }
            if function.expects_text(at) {
                self.lints.check_text_argument(arg);
            }
            nodes.push(node);
        }
        Ok(Node::Call(function, nodes.into()))
    }
}

/// Returns the operands of a chain of one left-associative operator, first to last.
fn chain(mut ast: &Ast) -> Vec<&Ast> {
    let operator = discriminant(ast);
    let mut operands = Vec::new();
    while let Ast::Or { lhs, rhs, .. } | Ast::And { lhs, rhs, .. } | Ast::Subexpr { lhs, rhs, .. } =
        ast
        && discriminant(ast) == operator
    {
        operands.push(&**rhs);
        ast = lhs;
    }
    operands.push(ast);
    operands.reverse();
    operands
}
