//! What is known about the fields of an event: which of them are not null.

/// What a place is relative to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Scope {
    Event,
    Record,
    /// An element of a list: one number for each expression that is evaluated for elements.
    Element(u32),
}

/// One step of a place.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Step {
    Name(Box<str>),
    Index(i32),
}

/// A field of the event, of the record, or of an element.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Place {
    scope: Scope,
    steps: Vec<Step>,
}

/// Places that are not null, in the order in which that became known.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Facts(Vec<Place>);

/// Whether a value can be null.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Null {
    Never,
    /// Exactly where this is missing.
    Where(Place),
    /// Perhaps; always where the place is missing, if there is one.
    Unknown(Option<Place>),
}

/// What an expression's evaluation says.
#[derive(Debug, Clone, Default)]
pub struct Outcome {
    pub null: Null,
    pub when_true: Facts,
    pub when_false: Facts,
    /// What holds for each element of the result, relative to the element.
    pub elements: Facts,
}

impl Default for Null {
    fn default() -> Self {
        Null::Unknown(None)
    }
}

impl Null {
    /// The place that exists if the value is not null.
    pub fn place(&self) -> Option<&Place> {
        match self {
            Null::Never => None,
            Null::Where(place) => Some(place),
            Null::Unknown(place) => place.as_ref(),
        }
    }

    /// The same for a part of the value.
    pub fn derived(&self) -> Null {
        Null::Unknown(self.place().cloned())
    }
}

impl Outcome {
    pub fn never_null() -> Self {
        Outcome { null: Null::Never, ..Outcome::default() }
    }

    /// What holds after the evaluation, whatever its result.
    pub fn in_both(&self) -> Facts {
        self.when_true.common(&self.when_false)
    }

    /// The outcome of a projection of this value: null where the value is.
    pub fn derived(self) -> Self {
        let place = Facts::of(self.null.place().cloned());
        let mut when_true = self.in_both();
        when_true.extend(&place);
        Outcome { when_true, ..self }
    }
}

impl Place {
    pub fn of(scope: Scope) -> Self {
        Place { scope, steps: Vec::new() }
    }

    pub fn then(mut self, step: Step) -> Self {
        self.steps.push(step);
        self
    }

    /// Whether it is the headers of the record, which are never null.
    pub fn is_headers(&self) -> bool {
        let is_headers = |step: &Step| matches!(step, Step::Name(name) if &**name == "headers");
        self.scope == Scope::Record && self.steps.len() == 1 && self.steps.iter().all(is_headers)
    }

    /// The rest of this place after `start`.
    fn after(&self, start: &Place) -> Option<&[Step]> {
        let rest = self.steps.strip_prefix(&*start.steps)?;
        (self.scope == start.scope).then_some(rest)
    }
}

impl Facts {
    /// Returns the fact that this place is not null.
    pub(crate) fn of(place: Option<Place>) -> Self {
        Facts(place.into_iter().collect())
    }

    /// Whether a place is known not to be null: what has fields is not null.
    pub(crate) fn has(&self, place: &Place) -> bool {
        place.steps.is_empty() || self.0.iter().any(|known| known.after(place).is_some())
    }

    /// The number to give to [`Facts::truncate`].
    pub(crate) fn mark(&self) -> usize {
        self.0.len()
    }

    /// Adds facts; returns the mark before them.
    pub(crate) fn extend(&mut self, more: &Facts) -> usize {
        let mark = self.mark();
        for place in &more.0 {
            if !self.has(place) {
                self.0.push(place.clone());
            }
        }
        mark
    }

    /// Removes what was added after the mark.
    pub(crate) fn truncate(&mut self, mark: usize) {
        self.0.truncate(mark);
    }

    /// The facts that both have.
    pub(crate) fn common(&self, other: &Facts) -> Facts {
        let mut common = Facts::default();
        for (these, those) in [(self, other), (other, self)] {
            let shared = these.0.iter().filter(|place| those.has(place));
            common.extend(&Facts(shared.cloned().collect()));
        }
        common
    }

    /// The facts on the event and on the record.
    pub(crate) fn of_event(self) -> Facts {
        let mut places = self.0;
        places.retain(|place| !matches!(place.scope, Scope::Element(_)));
        Facts(places)
    }

    /// The facts on what is in `place`, relative to it.
    pub(crate) fn within(&self, place: &Place) -> Facts {
        let inside = self.0.iter().filter_map(|known| known.after(place));
        Facts(inside.map(|steps| Place { scope: Scope::Event, steps: steps.to_vec() }).collect())
    }

    /// Relative facts, as facts on what is in `place`.
    pub(crate) fn at(&self, place: &Place) -> Facts {
        let absolute = self.0.iter().map(|known| Place {
            scope: place.scope,
            steps: place.steps.iter().chain(&known.steps).cloned().collect(),
        });
        Facts(absolute.collect())
    }
}
