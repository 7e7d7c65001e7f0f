//! Durations in days, hours, minutes and seconds.

use crate::expression::decimal::{Decimal, DecimalError};

/// The units, from the largest: the letter, and the seconds of one.
const UNITS: [(char, i64); 4] = [('d', 86_400), ('h', 3_600), ('m', 60), ('s', 1)];

/// Returns a number of seconds as its largest unit and the next one, without what is below; the
/// next one is left out if it is 0. Below a second, in milliseconds.
///
/// # Errors
/// [`DecimalError::OutOfRange`] from 2^63 seconds on.
pub fn duration(seconds: &Decimal) -> Result<String, DecimalError> {
    let size = seconds.abs();
    let text = if size < Decimal::from(1) {
        format!("{}ms", size.times(&Decimal::from(1000))?.truncated())
    } else {
        let whole = size.truncated().to_string();
        in_units(whole.parse().map_err(|_| DecimalError::OutOfRange)?)
    };
    Ok(if seconds.is_negative() && text != "0ms" { format!("-{text}") } else { text })
}

fn in_units(seconds: i64) -> String {
    let mut units = UNITS.into_iter();
    let (name, size) = units.find(|(_, size)| seconds >= *size).unwrap_or(('s', 1));
    let largest = format!("{}{name}", seconds / size);
    match units.next().map(|(name, next)| (name, seconds % size / next)) {
        Some((name, count)) if count > 0 => format!("{largest} {count}{name}"),
        _ => largest,
    }
}
