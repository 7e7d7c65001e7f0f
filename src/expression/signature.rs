//! The built-in functions: their names, arguments and results.

mod table;

mod takes;

pub use table::Function;
pub use takes::{Takes, describe_type, whole};

impl Function {
    pub fn named(name: &str) -> Option<Function> {
        Function::ALL.iter().copied().find(|function| function.name() == name)
    }

    pub fn name(self) -> &'static str {
        let usage = self.signature().usage;
        usage.split_once('(').map_or(usage, |(name, _)| name)
    }

    /// Returns the function whose name this is with a few typing errors.
    pub fn misspelled(name: &str) -> Option<Function> {
        let name = name.to_ascii_lowercase();
        // Far longer than any function's name: not a misspelled one.
        let known: &[Function] = if name.len() > 30 { &[] } else { Function::ALL };
        let distances = known.iter().map(|known| (strsim::levenshtein(&name, known.name()), known));
        let (distance, nearest) = distances.min_by_key(|(distance, _)| *distance)?;
        let is_near = distance <= (nearest.name().len() / 3).min(2);
        is_near.then_some(*nearest)
    }

    /// Returns the remedy for an unknown name: the nearest known one, or a list of all.
    pub fn nearest(name: &str) -> String {
        match Function::misspelled(name) {
            Some(nearest) => {
                format!("did you mean `{}`: {}", nearest.name(), nearest.signature().usage)
            }
            None => {
                let names: Vec<_> = Function::ALL.iter().map(|function| function.name()).collect();
                format!("the functions are {}", names.join(", "))
            }
        }
    }

    /// Whether the result is true or false.
    pub fn is_test(self) -> bool {
        self.gives().is_some_and(|types| types == ["boolean"])
    }

    /// Returns the types of the result, if they do not depend on the arguments.
    pub fn gives(self) -> Option<&'static [&'static str]> {
        let types = self.signature().gives;
        (!types.is_empty()).then_some(types)
    }

    /// Returns the index of the argument that a filter's pipe hands over.
    pub fn piped(self) -> usize {
        usize::from(matches!(self, Function::Join | Function::Map))
    }

    /// Whether the argument at this index is nearly always a string, so that a word in double
    /// quotes is a mistake.
    pub fn expects_text(self, at: usize) -> bool {
        match self {
            Function::Contains => at == 1,
            _ => at != self.piped() && self.signature().argument(at) == Takes::Text,
        }
    }
}
