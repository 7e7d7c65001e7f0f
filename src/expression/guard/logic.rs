//! `&&`, `||` and comparisons: what each operand says about those after it.

use jmespath::ast::Comparator;

use super::facts::{Facts, Null, Outcome, Place};
use super::{Current, Walk, is_null_type};
use crate::event::Value;
use crate::expression::node::Node;
use crate::expression::signature::Function;

impl Walk {
    pub fn any(&mut self, operands: &[Node], current: &Current) -> Outcome {
        let mark = self.known.mark();
        let (mut falses, mut when_true) = (Facts::default(), None);
        let mut null = Null::Unknown(None);
        for operand in operands {
            let outcome = self.node(operand, current);
            let mut here = falses.clone();
            here.extend(&outcome.when_true);
            when_true = Some(match when_true {
                None => here,
                Some(earlier) => here.common(&earlier),
            });
            falses.extend(&outcome.when_false);
            self.known.extend(&outcome.when_false);
            null = outcome.null;
        }
        self.known.truncate(mark);
        let null = if null == Null::Never { null } else { Null::Unknown(None) };
        let when_true = when_true.unwrap_or_default();
        Outcome { null, when_true, when_false: falses, ..Outcome::default() }
    }

    pub fn all(&mut self, operands: &[Node], current: &Current) -> Outcome {
        let mark = self.known.mark();
        let (mut trues, mut when_false) = (Facts::default(), None);
        let mut is_never = true;
        for operand in operands {
            let outcome = self.node(operand, current);
            when_false = Some(match when_false {
                None => outcome.when_false,
                Some(earlier) => {
                    let mut here = trues.clone();
                    here.extend(&outcome.when_false);
                    here.common(&earlier)
                }
            });
            trues.extend(&outcome.when_true);
            self.known.extend(&outcome.when_true);
            is_never &= outcome.null == Null::Never;
        }
        self.known.truncate(mark);
        let null = if is_never { Null::Never } else { Null::Unknown(None) };
        let when_false = when_false.unwrap_or_default();
        Outcome { null, when_true: trues, when_false, ..Outcome::default() }
    }

    pub fn compare(
        &mut self,
        comparator: &Comparator,
        sides: &(Node, Node),
        at: &Current,
    ) -> Outcome {
        let outcomes = self.sequence(&[&sides.0, &sides.1], at);
        let [left, right] = &*outcomes else { return Outcome::default() };
        let mut always = left.in_both();
        always.extend(&right.in_both());
        let (mut equal, mut unequal) = (always.clone(), always.clone());
        for (this, this_node, other, other_node) in
            [(left, &sides.0, right, &sides.1), (right, &sides.1, left, &sides.0)]
        {
            let place = Facts::of(this.null.place().cloned());
            match other_node {
                Node::Literal(Value::Null) => unequal.extend(&place),
                _ if other.null == Null::Never => equal.extend(&place),
                _ => 0,
            };
            if let Node::Literal(kind) = other_node {
                let typed = self.typed(this_node, at);
                if is_null_type(kind) {
                    unequal.extend(&typed)
                } else {
                    equal.extend(&typed)
                };
            }
        }
        let (when_true, when_false) = match comparator {
            Comparator::Equal => (equal, unequal),
            Comparator::NotEqual => (unequal, equal),
            _ => {
                let mut both = always.clone();
                both.extend(&Facts::of(left.null.place().cloned()));
                both.extend(&Facts::of(right.null.place().cloned()));
                (both, always)
            }
        };
        let is_order = !matches!(comparator, Comparator::Equal | Comparator::NotEqual);
        let null = if is_order { Null::Unknown(None) } else { Null::Never };
        Outcome { null, when_true, when_false, ..Outcome::default() }
    }

    /// Returns the place of `x` for `type(x)`: it is not null if its type is another one.
    pub fn typed(&self, node: &Node, current: &Current) -> Facts {
        match node {
            Node::Call(Function::Type, arguments) => {
                Facts::of(arguments.first().and_then(|it| self.node_place(it, current)))
            }
            _ => Facts::default(),
        }
    }

    /// Returns the place of a plain path, without judging it.
    fn node_place(&self, node: &Node, current: &Current) -> Option<Place> {
        let steps = match node {
            Node::Path(steps) => steps,
            step => std::slice::from_ref(step),
        };
        let mut at = current.clone();
        for step in steps {
            at = match step {
                Node::Current => at,
                Node::Root => Current::root(),
                Node::Field(_) | Node::Index(_) | Node::RecordPart(_) => self.step(step, &at),
                _ => return None,
            };
        }
        at.place
    }
}
