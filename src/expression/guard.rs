//! Functions that fail where a field of the event is missing, and the conditions that keep them
//! from being called then: `tags && contains(tags, 'vip')`.
//!
//! Pure, and decided from the expression alone. Invariant: what is reported can fail; a form that
//! cannot be judged is not reported.

use super::context::Mode;
use super::node::{Node, RecordPart};
use super::signature::{Function, Takes};
use crate::event::{Value, View};
use facts::{Facts, Null, Outcome, Place, Scope, Step};

pub mod facts;

mod logic;

pub mod remedy;

#[cfg(test)]
#[allow(clippy::unwrap_used, clippy::panic, reason = "tests")]
mod tests;

/// A call that fails where a field is missing.
#[derive(Debug, PartialEq, Eq)]
pub struct Unguarded {
    /// Which call of the expression, in the order of the text.
    pub call: usize,
    pub function: Function,
    pub missing: Vec<Missing>,
}

/// An argument that is null where a field is missing.
#[derive(Debug, PartialEq, Eq)]
pub struct Missing {
    pub argument: usize,
    /// The field, as a part of the expression.
    pub path: String,
    /// The argument is a list, and the field is one of its elements.
    pub is_element: bool,
}

/// Returns the calls that nothing in the expression guards, where `known` holds.
pub fn unguarded(node: &Node, mode: Mode, known: &Facts) -> Vec<Unguarded> {
    let is_lenient = mode == Mode::Lenient;
    let mut walk = Walk { known: known.clone(), is_lenient, ..Walk::default() };
    walk.node(node, &Current::root());
    walk.found
}

/// Returns what holds for an event for which the expression is true.
pub fn implied(node: &Node) -> Facts {
    let outcome = Walk::default().node(node, &Current::root());
    outcome.when_true.of_event()
}

/// What `@` is.
#[derive(Clone)]
struct Current {
    place: Option<Place>,
    null: Null,
    /// What holds for each element, if it is a list.
    elements: Facts,
}

/// A walk over an expression in the order of its evaluation.
#[derive(Default)]
struct Walk {
    known: Facts,
    /// Whether it is an expression of a template.
    is_lenient: bool,
    found: Vec<Unguarded>,
    calls: usize,
    scopes: u32,
}

impl Walk {
    fn node(&mut self, node: &Node, current: &Current) -> Outcome {
        match node {
            Node::Current => self.outcome_of(current.clone()),
            Node::Root => self.outcome_of(Current::root()),
            Node::Record => Outcome::never_null(),
            Node::Variable(_) => Outcome::default(),
            Node::RecordPart(RecordPart::Key | RecordPart::Timestamp | RecordPart::Headers)
            | Node::Field(_)
            | Node::Index(_) => self.outcome_of(self.step(node, current)),
            Node::RecordPart(_) => Outcome::never_null(),
            Node::Literal(Value::Null) => Outcome::default(),
            Node::Literal(_) | Node::Prepared(_) => Outcome::never_null(),
            Node::Slice { .. } => Outcome { null: current.null.derived(), ..Outcome::default() },
            Node::Path(steps) => self.path(steps, current),
            Node::Any(operands) => self.any(operands, current),
            Node::All(operands) => self.all(operands, current),
            Node::Not(operand) => {
                let inner = self.node(operand, current);
                let (when_true, when_false) = (inner.when_false, inner.when_true);
                Outcome { null: Null::Never, when_true, when_false, ..Outcome::default() }
            }
            Node::Compare(comparator, sides) => self.compare(comparator, sides, current),
            Node::Where(parts) => {
                let condition = self.node(&parts.0, current);
                let mark = self.known.extend(&condition.when_true);
                self.node(&parts.1, current);
                self.known.truncate(mark);
                let is_element = matches!(parts.1, Node::Current);
                let place = current.place.as_ref().filter(|_| is_element);
                let elements = place.map(|place| condition.when_true.within(place));
                Outcome { elements: elements.unwrap_or_default(), ..Outcome::default() }
            }
            Node::Project(parts) => {
                let list = self.node(&parts.0, current);
                let each = self.each(&parts.1, &list.elements);
                let elements = match &parts.1 {
                    Node::Current => list.elements.clone(),
                    _ => each.elements,
                };
                Outcome { elements, ..list.derived() }
            }
            Node::Values(inner) | Node::Flatten(inner) => self.node(inner, current).derived(),
            Node::List(nodes) => {
                let nodes: Vec<&Node> = nodes.iter().collect();
                self.sequence(&nodes, current);
                Outcome { null: current.null.clone(), ..Outcome::default() }
            }
            Node::Hash(entries) => {
                let nodes: Vec<&Node> = entries.iter().map(|(_, node)| node).collect();
                self.sequence(&nodes, current);
                Outcome { null: current.null.clone(), ..Outcome::default() }
            }
            Node::Call(Function::If, branches) => self.choice(branches, current),
            Node::Call(Function::Default, values) => self.default_value(values, current),
            Node::Call(function, arguments) => self.call(*function, arguments, current),
        }
    }

    /// Returns where a step leads from a value.
    fn step(&self, step: &Node, from: &Current) -> Current {
        let (base, step) = match step {
            Node::RecordPart(part) => (Some(Place::of(Scope::Record)), name(part.as_str())),
            Node::Field(field) => (from.place.clone(), name(field)),
            Node::Index(index) => (from.place.clone(), Step::Index(*index)),
            _ => (None, Step::Index(0)),
        };
        let Some(place) = base.map(|base| base.then(step)) else {
            return Current { place: None, null: from.null.derived(), elements: Facts::default() };
        };
        let null = if place.is_headers() || self.known.has(&place) {
            Null::Never
        } else {
            Null::Where(place.clone())
        };
        Current { place: Some(place), null, elements: Facts::default() }
    }

    fn outcome_of(&self, current: Current) -> Outcome {
        let null = match current.null {
            Null::Where(place) if self.known.has(&place) => Null::Never,
            null => null,
        };
        let when_true = Facts::of(current.place);
        Outcome { null, when_true, elements: current.elements, ..Outcome::default() }
    }

    fn path(&mut self, steps: &[Node], current: &Current) -> Outcome {
        let mut at = current.clone();
        let mut outcome = Outcome::default();
        let mark = self.known.mark();
        for step in steps {
            let is_plain = matches!(
                step,
                Node::Current
                    | Node::Root
                    | Node::Field(_)
                    | Node::Index(_)
                    | Node::RecordPart(
                        RecordPart::Key | RecordPart::Timestamp | RecordPart::Headers
                    )
            );
            let before = outcome.in_both();
            outcome = self.node(step, &at);
            let source = at.null.place().cloned();
            at = match step {
                Node::Current => at,
                Node::Root => Current::root(),
                step if is_plain => self.step(step, &at),
                _ => Current {
                    place: None,
                    null: outcome.null.clone(),
                    elements: outcome.elements.clone(),
                },
            };
            if !is_plain {
                outcome.when_true.extend(&Facts::of(source));
            }
            outcome.when_true.extend(&before);
            outcome.when_false.extend(&before);
            self.known.extend(&outcome.in_both());
        }
        self.known.truncate(mark);
        outcome
    }

    /// Walks nodes that are evaluated one after the other.
    fn sequence(&mut self, nodes: &[&Node], current: &Current) -> Vec<Outcome> {
        let mark = self.known.mark();
        let mut outcomes = Vec::with_capacity(nodes.len());
        for node in nodes {
            let outcome = self.node(node, current);
            self.known.extend(&outcome.in_both());
            outcomes.push(outcome);
        }
        self.known.truncate(mark);
        outcomes
    }

    /// Walks an expression that is evaluated for every element of a list.
    fn each(&mut self, node: &Node, elements: &Facts) -> Outcome {
        self.scopes += 1;
        let place = Place::of(Scope::Element(self.scopes));
        let mark = self.known.extend(&elements.at(&place));
        let current =
            Current { place: Some(place.clone()), null: Null::Never, elements: Facts::default() };
        let outcome = self.node(node, &current);
        self.known.truncate(mark);
        outcome
    }

    /// Walks `if(condition, a, b)`, of which one branch is evaluated.
    fn choice(&mut self, branches: &[Node], current: &Current) -> Outcome {
        self.calls += 1;
        let [condition, yes, no] = branches else { return Outcome::default() };
        let condition = self.node(condition, current);
        let mark = self.known.extend(&condition.when_true);
        let yes = self.node(yes, current);
        self.known.truncate(mark);
        self.known.extend(&condition.when_false);
        let no = self.node(no, current);
        self.known.truncate(mark);
        let is_never_null = yes.null == Null::Never && no.null == Null::Never;
        let null = if is_never_null { Null::Never } else { Null::Unknown(None) };
        let always = condition.in_both();
        Outcome { null, when_true: always.clone(), when_false: always, ..Outcome::default() }
    }

    /// Walks `default(value, other)`, of which the second is evaluated only if it is needed.
    fn default_value(&mut self, values: &[Node], current: &Current) -> Outcome {
        self.calls += 1;
        let [value, other] = values else { return Outcome::default() };
        let always = self.node(value, current).in_both();
        let is_never_null = self.node(other, current).null == Null::Never;
        let null = if is_never_null { Null::Never } else { Null::Unknown(None) };
        Outcome { null, when_true: always.clone(), when_false: always, ..Outcome::default() }
    }

    fn call(&mut self, function: Function, nodes: &[Node], current: &Current) -> Outcome {
        let call = self.calls;
        self.calls += 1;
        let signature = function.signature();
        let is_lenient = self.is_lenient && signature.in_templates == Mode::Lenient;
        let arguments = self.arguments(function, nodes, current);
        let mut missing = Vec::new();
        let mut needed = Facts::default();
        for (at, (node, outcome)) in nodes.iter().zip(&arguments).enumerate() {
            let takes = signature.argument(at);
            let is_passed = is_lenient && at == function.piped();
            if is_passed || !takes.is_value() || takes.accepts(&Value::Null) {
                continue;
            }
            let mut require = |node: &Node, null: &Null, is_element: bool| {
                needed.extend(&Facts::of(null.place().cloned()));
                if matches!(null, Null::Where(_))
                    && let Some(path) = remedy::path_of(node)
                {
                    missing.push(Missing { argument: at, path, is_element });
                }
            };
            require(node, &outcome.null, false);
            if let (Node::List(elements), true) = (node, takes.has_typed_elements()) {
                // Numbered when the list was walked: the calls in it are not reported again.
                let (calls, found) = (self.calls, self.found.len());
                for element in elements {
                    let null = self.node(element, current).null;
                    require(element, &null, true);
                }
                self.calls = calls;
                self.found.truncate(found);
            }
        }
        if !missing.is_empty() {
            self.found.push(Unguarded { call, function, missing });
        }
        let mut always = needed;
        for outcome in &arguments {
            always.extend(&outcome.in_both());
        }
        let mut when_true = always.clone();
        if let (Function::Contains, [list, _], [_, value]) = (function, nodes, &*arguments)
            && has_no_null(list)
        {
            when_true.extend(&Facts::of(value.null.place().cloned()));
            when_true.extend(&nodes.get(1).map(|it| self.typed(it, current)).unwrap_or_default());
        }
        let null = match function {
            _ if is_lenient && !signature.argument(function.piped()).accepts(&Value::Null) => {
                arguments.get(function.piped()).map(|it| it.null.derived()).unwrap_or_default()
            }
            Function::NotNull if arguments.iter().any(|it| it.null == Null::Never) => Null::Never,
            Function::ParseJson | Function::ToNumber | Function::NotNull
                if arguments.len() == 1 =>
            {
                arguments.first().map(|it| it.null.derived()).unwrap_or_default()
            }
            Function::NotNull
            | Function::ParseJson
            | Function::ToNumber
            | Function::Avg
            | Function::Max
            | Function::MaxBy
            | Function::Min
            | Function::MinBy => Null::Unknown(None),
            _ => match signature.in_templates {
                Mode::Strict => Null::Never,
                Mode::Lenient if function.gives().is_some_and(|it| !it.contains(&"null")) => {
                    Null::Never
                }
                Mode::Lenient => Null::Unknown(None),
            },
        };
        Outcome { null, when_true, when_false: always, ..Outcome::default() }
    }

    /// Walks the arguments of a call. An `&expression` is evaluated for the elements of the list
    /// beside it, whichever of the two is first in the text.
    fn arguments(&mut self, function: Function, nodes: &[Node], current: &Current) -> Vec<Outcome> {
        let signature = function.signature();
        match (signature.argument(0), signature.argument(1), nodes) {
            (Takes::Expression, _, [expression, list]) => {
                let first = self.calls;
                self.calls += calls_in(expression);
                let of_list = self.node(list, current);
                let last = std::mem::replace(&mut self.calls, first);
                self.each(expression, &of_list.elements);
                self.calls = last;
                vec![Outcome::default(), of_list]
            }
            (_, Takes::Expression, [list, expression]) => {
                let of_list = self.node(list, current);
                self.each(expression, &of_list.elements);
                vec![of_list, Outcome::default()]
            }
            _ => self.sequence(&nodes.iter().collect::<Vec<_>>(), current),
        }
    }
}

impl Current {
    fn root() -> Self {
        let place = Some(Place::of(Scope::Event));
        Current { place, null: Null::Never, elements: Facts::default() }
    }
}

fn name(name: &str) -> Step {
    Step::Name(name.into())
}

fn calls_in(node: &Node) -> usize {
    let own = usize::from(matches!(node, Node::Call(..)));
    own + node.children().into_iter().map(calls_in).sum::<usize>()
}

/// Whether a list is written out, and neither null nor its type's name is in it.
fn has_no_null(list: &Node) -> bool {
    let is_other = |value: &Value<'_>| !matches!(value, Value::Null) && !is_null_type(value);
    match list {
        Node::Literal(Value::Array(elements)) => elements.iter().all(is_other),
        Node::List(nodes) => {
            nodes.iter().all(|node| matches!(node, Node::Literal(value) if is_other(value)))
        }
        _ => false,
    }
}

fn is_null_type(value: &Value<'_>) -> bool {
    matches!(value.view(), View::String("null"))
}
