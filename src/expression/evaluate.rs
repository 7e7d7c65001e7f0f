//! Walks a compiled expression over one event.
//!
//! Invariant: time and memory are bounded by [`MAX_STEPS`] and [`MAX_MADE`], the stack by the expression's depth.

use std::borrow::Cow;
use std::cell::Cell;

use super::compare::compare;
use super::function::call;
use super::node::{Node, RecordPart};
use crate::event::{Event, NULL, Object, Record, Text, Value, View};

/// Steps that one evaluation may take: a node evaluated, an element visited, 64 bytes of text read.
/// Measured: 0.1 to 0.3 s of CPU to reach it, and up to 1.1 s where [`MAX_MADE`] is reached by writing JSON.
pub const MAX_STEPS: u64 = 16_000_000;

/// Bytes of new arrays, objects and texts that one evaluation may make, all counted, whether kept or not: 128 MiB.
pub const MAX_MADE: usize = 128 << 20;

/// Why an expression has no result for an event.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum EvalError {
    /// An argument of a wrong type.
    #[error("`{function}` takes {expected} as argument {position}, not {actual}")]
    Argument {
        /// The function's name.
        function: &'static str,
        /// The argument's place, from 1.
        position: usize,
        /// What it takes.
        expected: &'static str,
        /// What it got.
        actual: Cow<'static, str>,
    },
    /// The expression that a function was given had a result of a wrong type.
    #[error("the expression of `{function}` must give {expected} for every element, not {actual}")]
    Result {
        /// The function's name.
        function: &'static str,
        /// What it must give.
        expected: &'static str,
        /// What it gave.
        actual: &'static str,
    },
    /// Arithmetic beyond the range of f64.
    #[error("the result of `{function}` is not a finite number")]
    NotFinite {
        /// The function's name.
        function: &'static str,
    },
    /// More than [`MAX_STEPS`].
    #[error("the expression takes more than 16,000,000 steps for this event")]
    TooManySteps,
    /// More than [`MAX_MADE`].
    #[error("the expression makes more than 128 MiB of values for this event")]
    TooMuchMade,
}

/// What is left of an evaluation's bounds.
pub(super) struct Budget {
    steps: Cell<u64>,
    made: Cell<usize>,
}

impl Default for Budget {
    fn default() -> Self {
        Budget::new(MAX_STEPS, MAX_MADE)
    }
}

impl Budget {
    fn new(steps: u64, made: usize) -> Self {
        Budget { steps: Cell::new(steps), made: Cell::new(made) }
    }

    /// Pays for one step.
    pub(super) fn step(&self) -> Result<(), EvalError> {
        self.steps(1)
    }

    /// Pays for a number of steps.
    pub(super) fn steps(&self, count: usize) -> Result<(), EvalError> {
        self.steps.set(self.steps.get().checked_sub(count as u64).ok_or(EvalError::TooManySteps)?);
        Ok(())
    }

    /// Pays for reading a text.
    pub(super) fn bytes_read(&self, count: usize) -> Result<(), EvalError> {
        self.steps(count / 64)
    }

    /// Pays for making something, and for the time that takes.
    pub(super) fn made(&self, bytes: usize) -> Result<(), EvalError> {
        self.bytes_read(bytes)?;
        self.made.set(self.made.get().checked_sub(bytes).ok_or(EvalError::TooMuchMade)?);
        Ok(())
    }

    /// Bytes that may still be made.
    pub(super) fn left(&self) -> usize {
        self.made.get()
    }
}

/// One evaluation of one expression for one event.
pub(super) struct Evaluation<'r> {
    event: &'r Event<'r>,
    pub(super) budget: Budget,
}

/// What an expression gives for an event.
pub(super) fn evaluate<'r>(node: &'r Node, event: &'r Event<'r>) -> Result<Value<'r>, EvalError> {
    evaluate_within(node, event, MAX_STEPS, MAX_MADE)
}

/// The same with other bounds.
pub(super) fn evaluate_within<'r>(
    node: &'r Node,
    event: &'r Event<'r>,
    steps: u64,
    made: usize,
) -> Result<Value<'r>, EvalError> {
    Evaluation { event, budget: Budget::new(steps, made) }.node(node, event.root())
}

impl<'r> Evaluation<'r> {
    /// What a node gives for a current value.
    pub(super) fn node(&self, node: &'r Node, current: &Value<'r>) -> Result<Value<'r>, EvalError> {
        self.budget.step()?;
        Ok(match node {
            Node::Current => current.clone(),
            Node::Root => self.event.root().clone(),
            Node::Record => self.record()?,
            Node::RecordPart(part) => self.record_part(*part)?,
            Node::Literal(value) => value.reborrow(),
            Node::Field(_) | Node::Index(_) => self.reach(node, current).unwrap_or(&NULL).clone(),
            Node::Path(steps) => return self.path(steps, current),
            Node::Slice { start, stop, step } => match current {
                Value::Array(elements) => self.array(slice(elements, *start, *stop, *step))?,
                _ => Value::Null,
            },
            Node::Any(operands) => return self.chain(operands, current, true),
            Node::All(operands) => return self.chain(operands, current, false),
            Node::Not(operand) => Value::Bool(!self.node(operand, current)?.is_truthy()),
            Node::Compare(comparison, operands) => {
                let (a, b) = (self.node(&operands.0, current)?, self.node(&operands.1, current)?);
                compare(*comparison, &a, &b, &self.budget)?
            }
            Node::Where(parts) => {
                if !self.node(&parts.0, current)?.is_truthy() {
                    return Ok(Value::Null);
                }
                return self.node(&parts.1, current);
            }
            Node::Project(parts) => match self.node(&parts.0, current)? {
                Value::Array(elements) => self.map(&elements, &parts.1, true)?,
                _ => Value::Null,
            },
            Node::Values(object) => match self.node(object, current)? {
                Value::Object(object) => {
                    self.array(object.iter().map(|(_, value)| value.clone()))?
                }
                _ => Value::Null,
            },
            Node::Flatten(list) => match self.node(list, current)? {
                Value::Array(elements) => self.flatten(&elements)?,
                _ => Value::Null,
            },
            Node::List(_) | Node::Hash(_) if matches!(current, Value::Null) => Value::Null,
            Node::List(nodes) => {
                let elements = nodes.iter().map(|node| self.node(node, current)).collect::<Result<
                    Vec<_>,
                    _,
                >>(
                )?;
                self.array(elements)?
            }
            Node::Hash(pairs) => {
                let mut entries = Vec::with_capacity(pairs.len());
                for (key, node) in pairs {
                    entries.push((Text::Borrowed(key), self.node(node, current)?));
                }
                self.object(entries)?
            }
            Node::Call(function, args) => return call(*function, args, current, self),
        })
    }

    /// The results of a node for every element.
    pub(super) fn map(
        &self,
        elements: &[Value<'r>],
        node: &'r Node,
        skip_null: bool,
    ) -> Result<Value<'r>, EvalError> {
        let mut results = Vec::new();
        for element in elements {
            let result = self.node(node, element)?;
            if !(skip_null && matches!(result, Value::Null)) {
                self.budget.made(size_of::<Value<'_>>())?;
                results.push(result);
            }
        }
        Ok(results.into())
    }

    /// A new array, paid for.
    pub(super) fn array(
        &self,
        elements: impl IntoIterator<Item = Value<'r>>,
    ) -> Result<Value<'r>, EvalError> {
        let mut paid = Vec::new();
        for element in elements {
            self.budget.step()?;
            self.budget.made(size_of::<Value<'_>>())?;
            paid.push(element);
        }
        Ok(paid.into())
    }

    /// A new object, paid for.
    pub(super) fn object(
        &self,
        entries: Vec<(Text<'r>, Value<'r>)>,
    ) -> Result<Value<'r>, EvalError> {
        self.budget.made(entries.len() * size_of::<(Text<'_>, Value<'_>)>())?;
        Ok(Value::Object(Object::new(entries).into()))
    }

    /// A new text, paid for.
    pub(super) fn text(&self, text: String) -> Result<Value<'r>, EvalError> {
        self.budget.made(text.len())?;
        Ok(Value::Shared(text.into()))
    }

    /// The part of a value that a step leads to without making anything; `None` where the step has to be evaluated.
    fn reach<'v>(&'v self, step: &Node, at: &'v Value<'r>) -> Option<&'v Value<'r>> {
        match (step, at) {
            (Node::Current, _) => Some(at),
            (Node::Root, _) => Some(self.event.root()),
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
        // As long as the steps only lead into what is there, nothing is cloned.
        let mut at = current;
        let mut steps = steps.iter();
        for step in steps.by_ref() {
            self.budget.step()?;
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

    /// The first operand that decides, or the last.
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
            self.budget.steps(inner.len() + 1)?;
            self.budget.made(size_of_val(inner))?;
            flat.extend_from_slice(inner);
        }
        Ok(flat.into())
    }

    fn record(&self) -> Result<Value<'r>, EvalError> {
        let parts = RecordPart::ALL
            .into_iter()
            .map(|part| Ok((Text::Borrowed(part.name()), self.record_part(part)?)));
        self.object(parts.collect::<Result<_, EvalError>>()?)
    }

    fn record_part(&self, part: RecordPart) -> Result<Value<'r>, EvalError> {
        let record: Record<'r> = self.event.record();
        Ok(match part {
            RecordPart::Topic => Value::Text(record.topic),
            RecordPart::Partition => Value::Int(record.position.partition.number.into()),
            RecordPart::Offset => Value::Int(record.position.offset.0),
            RecordPart::Timestamp => record.timestamp.map_or(Value::Null, Value::Int),
            RecordPart::Key => self.bytes(record.key)?,
            RecordPart::Headers => {
                let mut entries = Vec::new();
                record
                    .headers
                    .for_each(&mut |name, value| entries.push((Text::Borrowed(name), value)));
                let entries =
                    entries.into_iter().map(|(name, value)| Ok((name, self.bytes(value)?)));
                self.object(entries.collect::<Result<_, EvalError>>()?)?
            }
        })
    }

    /// Bytes as text; what is not UTF-8 in them is U+FFFD.
    fn bytes(&self, bytes: Option<&'r [u8]>) -> Result<Value<'r>, EvalError> {
        let Some(bytes) = bytes else { return Ok(Value::Null) };
        self.budget.bytes_read(bytes.len())?;
        Ok(String::from_utf8_lossy(bytes).into())
    }
}

/// JMESPath's (Python's) slice.
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

/// The elements of an array; nothing for other values, whose type was checked before.
pub(super) fn elements<'v, 'r>(value: &'v Value<'r>) -> &'v [Value<'r>] {
    match value.view() {
        View::Array(elements) => elements,
        _ => &[],
    }
}
