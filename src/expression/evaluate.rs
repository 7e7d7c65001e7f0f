//! Evaluates a compiled expression for one event.
//!
//! Invariant: time and memory are bounded by [`MAX_STEPS`] and [`MAX_MADE`], the stack by the
//! expression's depth.

use super::budget::Budget;
use super::compare::compare;
use super::context::{Context, Evaluated};
use super::error::EvalError;
use super::function::call;
use super::limits::{MAX_MADE, MAX_STEPS};
use super::node::{Node, RecordPart};
use crate::event::{Event, NULL, Record, Text, Value};

/// One evaluation of one expression for one event.
struct Evaluation<'c, 'r> {
    context: &'c Context<'c, 'r>,
    /// The values of the names in scope.
    variables: &'c [Value<'r>],
}

/// Returns the value of an expression for an event.
pub fn evaluate<'r>(node: &'r Node, event: &'r Event<'r>) -> Result<Value<'r>, EvalError> {
    evaluate_within(node, event, MAX_STEPS, MAX_MADE)
}

/// Whether an expression is true for an event, by JMESPath's rules of truth.
pub fn is_true(node: &Node, event: &Event<'_>) -> Result<bool, EvalError> {
    evaluate(node, event).map(|value| value.is_truthy())
}

/// Returns the value of an expression, with other limits than those of [`evaluate`].
pub fn evaluate_within<'r>(
    node: &'r Node,
    event: &'r Event<'r>,
    steps: u64,
    made: usize,
) -> Result<Value<'r>, EvalError> {
    let budget = Budget::new(steps, made);
    let context = Context::strict(event, &budget);
    Evaluation { context: &context, variables: &[] }.node(node, event.root())
}

/// Returns the value of an expression of a template with the values of the names in scope, and what
/// is counted as its error. After the budget is used up, which is one error, the value is null.
pub fn evaluate_in<'r>(
    node: &'r Node,
    context: &Context<'_, 'r>,
    variables: &[Value<'r>],
) -> Evaluated<'r> {
    if context.budget.is_used_up() {
        return Evaluated { value: Value::Null, fault: None };
    }
    let result = Evaluation { context, variables }.node(node, context.event.root());
    let fault = context.take_fault();
    match result {
        Ok(value) => Evaluated { value, fault },
        Err(error) => Evaluated { value: Value::Null, fault: Some(error) },
    }
}

impl<'r> Evaluation<'_, 'r> {
    /// Returns the value of a node for a current value.
    fn node(&self, node: &'r Node, current: &Value<'r>) -> Result<Value<'r>, EvalError> {
        self.context.budget.step()?;
        Ok(match node {
            Node::Current => current.clone(),
            Node::Root => self.context.event.root().clone(),
            Node::Variable(index) => self.variables.get(*index).unwrap_or(&NULL).clone(),
            Node::Record => self.record()?,
            Node::RecordPart(part) => self.record_part(*part)?,
            Node::Literal(value) => value.reborrow(),
            // A function reads it from the node.
            Node::Prepared(_) => Value::Null,
            Node::Field(_) | Node::Index(_) => self.reach(node, current).unwrap_or(&NULL).clone(),
            Node::Path(steps) => return self.path(steps, current),
            Node::Slice { start, stop, step } => match current {
                Value::Array(elements) => {
                    self.context.budget.array(slice(elements, *start, *stop, *step))?
                }
                _ => Value::Null,
            },
            Node::Any(operands) => return self.chain(operands, current, true),
            Node::All(operands) => return self.chain(operands, current, false),
            Node::Not(operand) => Value::Bool(!self.node(operand, current)?.is_truthy()),
            Node::Compare(comparator, operands) => {
                let (a, b) = (self.node(&operands.0, current)?, self.node(&operands.1, current)?);
                compare(comparator, &a, &b, self.context.budget)?
            }
            Node::Where(parts) => {
                if !self.node(&parts.0, current)?.is_truthy() {
                    return Ok(Value::Null);
                }
                return self.node(&parts.1, current);
            }
            Node::Project(parts) => match self.node(&parts.0, current)? {
                Value::Array(elements) => {
                    let each = |element: &Value<'r>| self.node(&parts.1, element);
                    self.context.budget.map(&elements, true, each)?
                }
                _ => Value::Null,
            },
            Node::Values(object) => match self.node(object, current)? {
                Value::Object(object) => {
                    self.context.budget.array(object.iter().map(|(_, value)| value.clone()))?
                }
                _ => Value::Null,
            },
            Node::Flatten(list) => match self.node(list, current)? {
                Value::Array(elements) => self.flatten(&elements)?,
                _ => Value::Null,
            },
            Node::List(_) | Node::Hash(_) if matches!(current, Value::Null) => Value::Null,
            Node::List(nodes) => {
                let elements = nodes.iter().map(|node| self.node(node, current));
                self.context.budget.array(elements.collect::<Result<Vec<_>, _>>()?)?
            }
            Node::Hash(pairs) => {
                let mut entries = Vec::with_capacity(pairs.len());
                for (key, node) in pairs {
                    entries.push((Text::Borrowed(key), self.node(node, current)?));
                }
                self.context.budget.object(entries)?
            }
            Node::Call(function, args) => {
                let evaluate = |node: &'r Node, current: &Value<'r>| self.node(node, current);
                return call(*function, args, current, self.context, &evaluate);
            }
        })
    }

    /// Returns the existing value that a step leads to; `None` if the step makes a new value.
    fn reach<'v>(&'v self, step: &Node, at: &'v Value<'r>) -> Option<&'v Value<'r>> {
        match (step, at) {
            (Node::Current, _) => Some(at),
            (Node::Root, _) => Some(self.context.event.root()),
            (Node::Variable(index), _) => Some(self.variables.get(*index).unwrap_or(&NULL)),
            (Node::Field(name), _) => Some(at.field(name)),
            (Node::Index(index), Value::Array(elements)) => {
                let from_end = elements.len().checked_sub(index.unsigned_abs() as usize);
                let place = usize::try_from(*index).ok().or(from_end);
                Some(place.and_then(|place| elements.get(place)).unwrap_or(&NULL))
            }
            (Node::Index(_), _) => Some(&NULL),
            _ => None,
        }
    }

    fn path(&self, steps: &'r [Node], current: &Value<'r>) -> Result<Value<'r>, EvalError> {
        // Nothing is cloned while the steps lead to existing values.
        let mut at = current;
        let mut steps = steps.iter();
        for step in steps.by_ref() {
            self.context.budget.step()?;
            match self.reach(step, at) {
                Some(part) => at = part,
                None => {
                    let mut made = self.node(step, at)?;
                    for step in steps {
                        made = self.node(step, &made)?;
                    }
                    return Ok(made);
                }
            }
        }
        Ok(at.clone())
    }

    /// Returns the first operand whose truth is `decides`, or else the last.
    fn chain(
        &self,
        operands: &'r [Node],
        current: &Value<'r>,
        decides: bool,
    ) -> Result<Value<'r>, EvalError> {
        let mut result = Value::Null;
        for operand in operands {
            result = self.node(operand, current)?;
            if result.is_truthy() == decides {
                break;
            }
        }
        Ok(result)
    }

    fn flatten(&self, elements: &[Value<'r>]) -> Result<Value<'r>, EvalError> {
        let mut flat = Vec::new();
        for element in elements {
            let inner = match element {
                Value::Array(inner) => &**inner,
                _ => std::slice::from_ref(element),
            };
            self.context.budget.steps(inner.len() + 1)?;
            self.context.budget.made(size_of_val(inner))?;
            flat.extend_from_slice(inner);
        }
        Ok(flat.into())
    }

    fn record(&self) -> Result<Value<'r>, EvalError> {
        let parts = RecordPart::ALL
            .into_iter()
            .map(|part| Ok((Text::Borrowed(part.as_str()), self.record_part(part)?)));
        self.context.budget.object(parts.collect::<Result<_, EvalError>>()?)
    }

    fn record_part(&self, part: RecordPart) -> Result<Value<'r>, EvalError> {
        let record: Record<'r> = self.context.event.record();
        Ok(match part {
            RecordPart::Topic => Value::Text(record.topic),
            RecordPart::Partition => Value::Int(record.position.partition.number.into()),
            RecordPart::Offset => Value::Int(record.position.offset.0),
            RecordPart::Timestamp => record.timestamp.map_or(Value::Null, Value::Int),
            RecordPart::Key => self.bytes(record.key)?,
            RecordPart::Headers => {
                let mut entries = Vec::new();
                record.headers.for_each(&mut |name, value| {
                    entries.push(self.bytes(value).map(|value| (Text::Borrowed(name), value)));
                });
                self.context.budget.object(entries.into_iter().collect::<Result<_, _>>()?)?
            }
        })
    }

    /// Returns bytes as a string; invalid UTF-8 becomes U+FFFD.
    fn bytes(&self, bytes: Option<&'r [u8]>) -> Result<Value<'r>, EvalError> {
        let Some(bytes) = bytes else { return Ok(Value::Null) };
        self.context.budget.bytes_read(bytes.len())?;
        Ok(String::from_utf8_lossy(bytes).into())
    }
}

/// Returns the elements of a slice, by JMESPath's (Python's) rules.
fn slice<'s, 'r>(
    elements: &'s [Value<'r>],
    start: Option<i32>,
    stop: Option<i32>,
    step: i32,
) -> impl Iterator<Item = Value<'r>> + use<'s, 'r> {
    let length = i64::try_from(elements.len()).unwrap_or(i64::MAX);
    let (step, lowest, highest) =
        if step > 0 { (i64::from(step), 0, length) } else { (i64::from(step), -1, length - 1) };
    let place = |given: Option<i32>, default: i64| match given.map(i64::from) {
        None => default,
        Some(from_end) if from_end < 0 => (from_end + length).clamp(lowest, highest),
        Some(place) => place.clamp(lowest, highest),
    };
    let (first, end) = if step > 0 {
        (place(start, 0), place(stop, length))
    } else {
        (place(start, length - 1), place(stop, -1))
    };
    let mut at = first;
    std::iter::from_fn(move || {
        if (step > 0 && at >= end) || (step < 0 && at <= end) {
            return None;
        }
        let element = elements.get(usize::try_from(at).ok()?)?;
        at += step;
        Some(element.clone())
    })
}
