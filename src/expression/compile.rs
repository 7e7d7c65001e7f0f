//! Compiles the syntax tree of the crate's parser into nodes.
//!
//! Invariant: a compiled expression fails only because of an event, never for every event.

use jmespath::ast::{Ast, Comparator};

use super::error::CompileError;
use super::lexer::{Kind, Tokens, brief};
use super::lint::{Lints, offset_of};
use super::node::{Comparison, Node, RecordPart};
use super::signature::Function;
use super::syntax_error;

/// Compiles an expression; returns warnings in the order of the text.
pub(super) fn compile(source: &str) -> Result<(Node, Vec<CompileError>), CompileError> {
    let tokens = Tokens::read(source)?;
    let ast = jmespath::parse(&tokens.plain)
        .map_err(|error| syntax_error::explain(&error, &tokens, source.len()))?;
    let mut compiler = Compiler { tokens: &tokens, lints: Lints::new(&tokens) };
    let node = compiler.node(&ast)?;
    Ok((node, compiler.lints.into_warnings()))
}

struct Compiler<'t, 's> {
    tokens: &'t Tokens<'s>,
    lints: Lints<'t, 's>,
}

impl Compiler<'_, '_> {
    /// Compiles one tree. Recursion is as deep as the brackets, which the lexer limits: chains are
    /// compiled in loops.
    fn node(&mut self, ast: &Ast) -> Result<Node, CompileError> {
        Ok(match ast {
            Ast::Identity { offset } => match self.tokens.kind_at(*offset) {
                Some(Kind::Root) => Node::Root,
                Some(Kind::Record) => Node::Record,
                _ => Node::Current,
            },
            Ast::Field { name, .. } => Node::Field(name.as_str().into()),
            Ast::Index { idx, .. } => Node::Index(*idx),
            Ast::Slice { start, stop, step, offset } => {
                if *step == 0 {
                    // The parser's offset is that of `]`; the step is the token before it.
                    let offset = self.tokens.before(*offset).map_or(*offset, |step| step.offset);
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
                self.lints.check_default(&operands);
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
                self.lints.refuse_part_of_not(node)?;
                Node::Values(Box::new(self.node(node)?))
            }
            Ast::Flatten { node, .. } => {
                self.lints.refuse_part_of_not(node)?;
                Node::Flatten(Box::new(self.node(node)?))
            }
            Ast::Projection { lhs, rhs, .. } => {
                self.lints.refuse_part_of_not(lhs)?;
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
                let help = "only map, sort_by, min_by and max_by take `&expression`; `and` is \
                            written `&&`";
                let message = "`&` is only for an argument of a function";
                return Err(CompileError::new(*offset, message, help));
            }
        })
    }

    fn nodes(&mut self, asts: &mut dyn Iterator<Item = &Ast>) -> Result<Box<[Node]>, CompileError> {
        asts.map(|ast| self.node(ast)).collect()
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
        self.lints.refuse_path_of_not(ast)?;
        // `$` remains a step: `$.a` equals `a` at the top, but not in a filter.
        Ok(Node::Path(steps.into()))
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
        self.lints.check_comparison(comparison, (lhs, &nodes.0), (rhs, &nodes.1))?;
        Ok(Node::Compare(comparison, nodes))
    }

    fn call(&mut self, name: &str, args: &[Ast], bracket: usize) -> Result<Node, CompileError> {
        let offset = self.tokens.before(bracket).map_or(bracket, |name| name.offset);
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
            if function.expects_text(at) {
                self.lints.check_text_argument(arg);
            }
            nodes.push(node);
        }
        Ok(Node::Call(function, nodes.into()))
    }
}

/// Returns the operands of a chain of left-associative operators, first to last.
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
