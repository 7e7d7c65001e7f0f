//! Values as people read them: figures, durations, times, links, and shortened texts.
//!
//! Pure: the functions of expressions check their arguments and call these.

pub mod dates;

pub mod duration;

pub mod figures;

pub mod links;

pub mod words;

#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "tests")]
mod tests;
