//! The names that the loops around an expression give to their elements.

use crate::expression::name;

/// What a loop's `forloop` has.
pub const FORLOOP: [&str; 4] = ["index", "first", "last", "length"];

/// The names in scope, outermost first: of each loop its element's and `forloop`. The values are in
/// the same order while the template is rendered.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Bindings(Vec<Box<str>>);

impl Bindings {
    /// Whether `name` can be that of a loop's element.
    #[must_use]
    pub fn accepts(name: &str) -> bool {
        name::is_plain(name) && !matches!(name, "forloop" | "record")
    }

    /// Returns these names and those of one more loop inside.
    #[must_use]
    pub fn with_loop(&self, name: &str) -> Self {
        let mut names = self.0.clone();
        names.extend([name.into(), "forloop".into()]);
        Self(names)
    }

    /// The place of the innermost value of this name.
    #[must_use]
    pub fn index(&self, name: &str) -> Option<usize> {
        self.0.iter().rposition(|known| &**known == name)
    }

    /// Whether there is no loop around the expression.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// All names, for a key of a cache.
    pub fn joined(&self) -> String {
        self.0.join(",")
    }
}
