//! Enums with a name for each value, as the metrics' labels and the logs have it.
//!
//! Invariant: a value is declared in one place. The list of all values follows from it, and so do
//! the counts that are kept for each.

/// Declares an enum whose values have a name.
macro_rules! label {
    ($(#[$meta:meta])* $label:ident { $($(#[$doc:meta])* $value:ident = $name:literal,)* }) => {
        $(#[$meta])*
        #[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
        pub enum $label { $($(#[$doc])* $value,)* }

        impl $label {
            /// Every value. Its index here is its index in an array of counts.
            pub const ALL: [Self; Self::NAMES.len()] = [$(Self::$value),*];

            /// The name of every value.
            pub const NAMES: [&'static str; [$($name),*].len()] = [$($name),*];

            /// Returns the name.
            #[must_use]
            pub fn as_str(self) -> &'static str {
                Self::NAMES[self as usize]
            }
        }
    };
}

pub(crate) use label;
