//! Figures with grouped digits: numbers, amounts of money, percentages and sizes.

use crate::expression::decimal::{Decimal, DecimalError};

/// The units of a size, each 1,000 times the one before.
const UNITS: [&str; 9] = ["B", "kB", "MB", "GB", "TB", "PB", "EB", "ZB", "YB"];

/// Returns a number with a comma between groups of three digits. With `places`, its fraction is
/// rounded and padded to this many digits.
pub fn grouped(number: &Decimal, places: Option<u8>) -> String {
    let number = places.map_or_else(|| number.clone(), |places| number.rounded(places));
    let text = number.to_string();
    let (sign, unsigned) = text.strip_prefix('-').map_or(("", &*text), |unsigned| ("-", unsigned));
    let (whole, fraction) = unsigned.split_once('.').unwrap_or((unsigned, ""));
    let mut out = sign.to_owned();
    for (at, digit) in whole.char_indices() {
        if at > 0 && (whole.len() - at) % 3 == 0 {
            out.push(',');
        }
        out.push(digit);
    }
    let places = places.map_or(fraction.len(), usize::from);
    if places > 0 {
        out.push('.');
        out.push_str(fraction);
        out.extend(std::iter::repeat_n('0', places.saturating_sub(fraction.len())));
    }
    out
}

/// Whether a text can be the code of a currency: three letters.
pub fn is_currency(code: &str) -> bool {
    code.len() == 3 && code.bytes().all(|byte| byte.is_ascii_alphabetic())
}

/// Returns an amount in the currency with this code, of three letters.
pub fn money(amount: &Decimal, code: &str) -> String {
    let code = code.to_ascii_uppercase();
    let (prefix, places) = match &*code {
        "EUR" => ("€", 2),
        "USD" => ("$", 2),
        "GBP" => ("£", 2),
        "JPY" => ("¥", 0),
        _ => ("", 2),
    };
    let amount = amount.rounded(places);
    let sign = if amount.is_negative() { "-" } else { "" };
    let figure = grouped(&amount.abs(), Some(places));
    if prefix.is_empty() {
        format!("{sign}{code} {figure}")
    } else {
        format!("{sign}{prefix}{figure}")
    }
}

/// Returns a share of 1 in percent.
///
/// # Errors
/// [`DecimalError::OutOfRange`].
pub fn percent(share: &Decimal, places: u8) -> Result<String, DecimalError> {
    let percent = share.times(&Decimal::from(100))?;
    Ok(format!("{}%", grouped(&percent, Some(places))))
}

/// Returns a number of bytes in the largest unit that gives at least 1, with at most one digit
/// after the point.
///
/// # Errors
/// None: 1,000 is not 0.
pub fn bytes(count: &Decimal) -> Result<String, DecimalError> {
    let thousand = Decimal::from(1000);
    let mut units = UNITS.into_iter();
    let (mut unit, mut exact) = (units.next().unwrap_or_default(), count.clone());
    let mut shown = exact.rounded(0);
    while shown.abs() >= thousand
        && let Some(larger) = units.next()
    {
        unit = larger;
        exact = exact.divided_by(&thousand)?;
        shown = exact.rounded(1);
    }
    Ok(format!("{} {unit}", grouped(&shown, None)))
}
