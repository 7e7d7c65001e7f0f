//! The limits of an expression: of its text, and of one evaluation.

/// The longest expression, in bytes.
pub const MAX_SOURCE: usize = 256 * 1024;

/// The most parts (names, literals, operators, brackets) of an expression.
pub const MAX_TOKENS: usize = 4096;

/// How deep brackets, prefixes, projections and comparisons of an expression may nest.
pub const MAX_DEPTH: usize = 64;

/// The most steps of one evaluation. A step is a node evaluated, an element visited, or 64 bytes
/// of text read. Measured: 0.1 to 0.3 s of CPU to reach the limit, and up to 1.1 s to reach
/// [`MAX_MADE`] by writing JSON.
pub const MAX_STEPS: u64 = 16_000_000;

/// The most bytes of new arrays, objects and strings in one evaluation, whether kept or not.
pub const MAX_MADE: usize = 128 << 20;

/// The most steps of all templates and conditions of one delivery.
pub const DELIVERY_STEPS: u64 = 1_000_000;

/// The most bytes of new values in all templates and conditions of one delivery.
pub const DELIVERY_MADE: usize = 16 << 20;
