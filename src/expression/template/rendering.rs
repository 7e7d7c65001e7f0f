//! What the templates of one delivery share while they render.

use super::tree::Site;
use crate::event::Value;
use crate::expression::compare::equal;
use crate::expression::compiled::Expression;
use crate::expression::context::Context;
use crate::expression::error::EvalError;

/// The most rounds of all loops of a delivery, inner and outer.
const MAX_ROUNDS: u32 = 10_000;

/// What the templates of one delivery share: its event, its bounds, and the loops around them.
pub struct Rendering<'c, 'r> {
    context: &'c Context<'c, 'r>,
    /// The rounds that loops may still have.
    rounds: u32,
    left_out: bool,
    /// The values of the names in scope, outermost first.
    variables: Vec<Value<'r>>,
    failed: &'c mut dyn FnMut(&Expression, &EvalError),
}

impl<'c, 'r> Rendering<'c, 'r> {
    /// Starts a delivery. `failed` is called with each expression that fails, and its error.
    pub fn new(
        context: &'c Context<'c, 'r>,
        failed: &'c mut dyn FnMut(&Expression, &EvalError),
    ) -> Self {
        Self { context, rounds: MAX_ROUNDS, left_out: false, variables: Vec::new(), failed }
    }

    /// Whether rounds were left out because a loop, or all of them, had too many.
    #[must_use]
    pub fn left_out_rounds(&self) -> bool {
        self.left_out
    }

    /// Returns the value of an expression; null if it fails.
    pub fn value(&mut self, expression: &'r Expression) -> Value<'r> {
        let evaluated = expression.evaluate_with(self.context, &self.variables);
        if let Some(fault) = &evaluated.fault {
            self.fail(expression, fault);
        }
        evaluated.value
    }

    /// Starts a round of a loop with its element and its `forloop`.
    pub fn enter(&mut self, values: [Value<'r>; 2]) {
        self.variables.extend(values);
    }

    /// Ends the round.
    pub fn leave(&mut self) {
        self.variables.truncate(self.variables.len().saturating_sub(2));
    }

    /// Whether one more round over the list of this expression is allowed; counts it, and charges
    /// its nodes.
    pub fn next_round(&mut self, list: &Expression, nodes: usize) -> bool {
        if self.context.budget.is_used_up() {
            return false;
        }
        if let Err(error) = self.context.budget.steps(nodes + 1) {
            self.fail(list, &error);
            return false;
        }
        let left = self.rounds.checked_sub(1);
        self.left_out |= left.is_none();
        self.rounds = left.unwrap_or(0);
        left.is_some()
    }

    /// Notes that a loop has more elements than rounds.
    pub fn leave_out(&mut self) {
        self.left_out = true;
    }

    /// Reports the error of an expression.
    pub fn fail(&mut self, expression: &Expression, error: &EvalError) {
        (self.failed)(expression, error);
    }

    pub(super) fn evaluate(&mut self, site: &'r Site) -> Value<'r> {
        self.value(&site.expression)
    }

    /// Whether a value equals that of an expression.
    pub(super) fn is_equal(&mut self, value: &Value<'r>, other: &'r Site) -> bool {
        let other_value = self.evaluate(other);
        equal(value, &other_value, self.context.budget).unwrap_or_else(|error| {
            self.fail(&other.expression, &error);
            false
        })
    }
}
