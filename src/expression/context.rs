//! What an evaluation depends on besides the expression: the event, the budget, and whether a
//! template is rendered.

use std::cell::Cell;

use super::budget::Budget;
use super::error::EvalError;
use crate::event::{Event, Value};
use crate::people::People;

/// What functions make of arguments that they cannot take.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Mode {
    /// The evaluation fails: for triggers.
    Strict,
    /// A message has a hole rather than no text: for templates. It is about slackline's own
    /// functions only: JMESPath's stay strict. Null stays null, a first argument of a wrong type
    /// stays unchanged, and any other wrong argument makes the result null; the last two are
    /// reported as the fault of the evaluation.
    Lenient,
}

/// What the expressions of one delivery share.
pub struct Context<'c, 'r> {
    /// The event.
    pub event: &'r Event<'r>,
    /// What they may still use.
    pub budget: &'c Budget,
    /// What functions make of arguments that they cannot take.
    pub mode: Mode,
    /// The members of the workspace by e-mail address, if they are configured.
    pub people: Option<&'c People>,
    fault: Cell<Option<EvalError>>,
}

/// The result of an expression in a template.
#[derive(Debug)]
pub struct Evaluated<'r> {
    /// The value; null where the evaluation failed.
    pub value: Value<'r>,
    /// What is counted as an expression error: at most one an evaluation.
    pub fault: Option<EvalError>,
}

impl<'c, 'r> Context<'c, 'r> {
    /// Returns the context of an evaluation that fails with its first wrong argument.
    #[must_use]
    pub fn strict(event: &'r Event<'r>, budget: &'c Budget) -> Self {
        Context { event, budget, mode: Mode::Strict, people: None, fault: Cell::new(None) }
    }

    /// Returns the context of the templates of one delivery.
    #[must_use]
    pub fn lenient(event: &'r Event<'r>, budget: &'c Budget, people: Option<&'c People>) -> Self {
        Context { event, budget, mode: Mode::Lenient, people, fault: Cell::new(None) }
    }

    /// Records a fault that does not end the evaluation; only the first one is kept.
    pub fn record(&self, fault: EvalError) {
        let first = self.fault.take().unwrap_or(fault);
        self.fault.set(Some(first));
    }

    /// Returns the recorded fault, and forgets it.
    pub(super) fn take_fault(&self) -> Option<EvalError> {
        self.fault.take()
    }
}
