//! Constant arguments that a function never has a result with, refused when it is compiled.

use super::format::{dates, figures, links};
use super::signature::Function;
use crate::event::{Value, View};

/// The most decimal places of a number.
const MOST_PLACES: i64 = 28;

/// Why a constant argument is refused: the message and the remedy of an error.
pub type Refusal = (String, String);

/// Checks the constant argument at this index of one of the functions that format values.
///
/// # Errors
/// The message and the remedy.
pub fn check(function: Function, at: usize, value: &Value<'_>) -> Result<(), Refusal> {
    let name = function.name();
    match (function, at, value.view()) {
        (Function::Money, 1, View::String(code)) if !figures::is_currency(code) => Err((
            format!("`{name}` takes the code of a currency, of three letters"),
            "write it as in `money: 'EUR'`".to_owned(),
        )),
        (Function::Round | Function::Number | Function::Percent, 1, view) => {
            let places = match view {
                View::Number(number) => number.as_i64(),
                View::String(text) => text.parse().ok(),
                _ => None,
            };
            match places {
                Some(0..=MOST_PLACES) => Ok(()),
                _ => Err((
                    format!("`{name}` takes the number of decimal places, from 0 to {MOST_PLACES}"),
                    format!("write it as in `{name}: 2`"),
                )),
            }
        }
        (Function::Date | Function::SlackDate, 0, View::String(text)) if is_now(text) => Err((
            format!("`{name}` has no current time: a restart would render another text"),
            format!("write `$record.timestamp | {name}: …`, the time of the event"),
        )),
        (Function::Date, 1, View::String(format)) => dates::check_format(format),
        (Function::SlackDate, 1, View::String(format)) if !links::is_date_format(format) => Err((
            format!("the format of `{name}` is empty, or contains `^`, `<`, `>` or `|`"),
            format!("write it as in `{name}: '{}'`", dates::SLACK_FORMAT),
        )),
        (Function::Date | Function::SlackDate, 2, View::String(zone)) => dates::check_zone(zone),
        _ => Ok(()),
    }
}

/// Whether a text is Liquid's current time.
fn is_now(text: &str) -> bool {
    let text = text.trim();
    text.eq_ignore_ascii_case("now") || text.eq_ignore_ascii_case("today")
}
