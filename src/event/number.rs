//! Numbers as written, compared by their decimal value.
//!
//! Invariant: two numbers are equal exactly if their decimal values are: `1`, `1.0` and `1e0` are
//! equal, two 64-bit ids that differ in the last digit are not. A number beyond the range of f64
//! counts as infinite. No comparison converts to f64.

use std::borrow::Cow;
use std::cmp::Ordering;

/// A number, by its origin.
#[derive(Debug, Clone, Copy)]
pub enum Number<'v> {
    /// A number of an event or an expression, in JSON's grammar.
    Written(&'v str),
    /// A computed whole number.
    Int(i64),
    /// A computed number, finite. It is shown as, and compared by, the shortest decimal that
    /// parses to it.
    Float(f64),
}

/// The largest exponent that is distinguished; real numbers are far from it.
const EXPONENT_LIMIT: i64 = 1_000_000_000_000_000_000;

impl<'v> Number<'v> {
    /// Returns the value if it is a whole number of 64 bits, written without fraction and exponent.
    #[must_use]
    pub fn as_i64(self) -> Option<i64> {
        match self {
            Number::Written(text) if text.len() <= 20 => text.parse().ok(),
            Number::Written(_) | Number::Float(_) => None,
            Number::Int(int) => Some(int),
        }
    }

    /// Returns the nearest f64, which can be infinite.
    #[must_use]
    pub fn as_f64(self) -> f64 {
        match self {
            // `f64::from_str` takes every number of JSON's grammar.
            Number::Written(text) => text.parse().unwrap_or(f64::NAN),
            #[allow(clippy::cast_precision_loss, reason = "the nearest f64 is the result")]
            Number::Int(int) => int as f64,
            Number::Float(float) => float,
        }
    }

    /// Returns the number as text: as written, or in the shortest form (`3`, not `3.0`) if it was
    /// computed. Always valid JSON.
    #[must_use]
    pub fn text(self) -> Cow<'v, str> {
        match self {
            Number::Written(text) => Cow::Borrowed(text),
            Number::Int(int) => Cow::Owned(int.to_string()),
            Number::Float(float) => Cow::Owned(float_text(float)),
        }
    }
}

/// Returns the shortest text that parses to this f64.
fn float_text(float: f64) -> String {
    if float == 0.0 {
        return "0".to_owned();
    }
    // `{:?}` writes an exponent from 1e16 on and below 1e-5; `{}` would write 300 digits.
    let mut text = format!("{float:?}");
    if text.ends_with(".0") {
        text.truncate(text.len() - 2);
    }
    text
}

impl PartialEq for Number<'_> {
    fn eq(&self, other: &Self) -> bool {
        self.cmp(other) == Ordering::Equal
    }
}

impl Eq for Number<'_> {}

impl PartialOrd for Number<'_> {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl Ord for Number<'_> {
    fn cmp(&self, other: &Self) -> Ordering {
        if let (Some(a), Some(b)) = (self.as_i64(), other.as_i64()) {
            return a.cmp(&b);
        }
        let (a, b) = (self.text(), other.text());
        Decimal::read(&a).cmp(&Decimal::read(&b))
    }
}

/// The parts of a written number, borrowed from it.
struct Decimal<'t> {
    negative: bool,
    size: Size,
    /// The mantissa from its first to its last digit that is not zero; it can contain the point.
    /// Empty for zero and infinity.
    mantissa: &'t str,
}

#[derive(PartialEq, Eq, PartialOrd, Ord, Clone, Copy)]
enum Size {
    Zero,
    /// The exponent of ten of the first digit that is not zero.
    Exponent(i64),
    Infinite,
}

impl<'t> Decimal<'t> {
    fn read(text: &'t str) -> Self {
        let negative = text.starts_with('-');
        let unsigned = text.strip_prefix('-').unwrap_or(text);
        let (mantissa, exponent) = unsigned.split_once(['e', 'E']).unwrap_or((unsigned, "0"));
        let Some(first) = mantissa.find(|digit| digit != '0' && digit != '.') else {
            return Decimal { negative: false, size: Size::Zero, mantissa: "" };
        };
        let point = mantissa.find('.').unwrap_or(mantissa.len());
        // A text is shorter than 2^63 bytes.
        let (first_at, point_at) = (first as i64, point as i64);
        let own = if first < point { point_at - first_at - 1 } else { point_at - first_at };
        let exponent =
            own.saturating_add(read_exponent(exponent)).clamp(-EXPONENT_LIMIT, EXPONENT_LIMIT);
        let infinite =
            exponent > 308 || exponent == 308 && unsigned.parse().is_ok_and(f64::is_infinite);
        if infinite {
            return Decimal { negative, size: Size::Infinite, mantissa: "" };
        }
        let mantissa = mantissa.get(first..).unwrap_or_default().trim_end_matches(['0', '.']);
        Decimal { negative, size: Size::Exponent(exponent), mantissa }
    }

    fn digits(&self) -> impl Iterator<Item = u8> {
        self.mantissa.bytes().filter(u8::is_ascii_digit)
    }

    fn cmp_magnitude(&self, other: &Self) -> Ordering {
        self.size.cmp(&other.size).then_with(|| self.digits().cmp(other.digits()))
    }

    fn cmp(&self, other: &Self) -> Ordering {
        match (self.negative, other.negative) {
            (false, false) => self.cmp_magnitude(other),
            (true, true) => other.cmp_magnitude(self),
            (true, false) => Ordering::Less,
            (false, true) => Ordering::Greater,
        }
    }
}

fn read_exponent(text: &str) -> i64 {
    let limit = if text.starts_with('-') { -EXPONENT_LIMIT } else { EXPONENT_LIMIT };
    // An exponent that does not parse has too many digits.
    let digits = text.trim_start_matches(['+', '-']).trim_start_matches('0');
    match digits.parse::<i64>() {
        _ if digits.is_empty() => 0,
        Ok(exponent) => exponent.min(EXPONENT_LIMIT) * limit.signum(),
        Err(_) => limit,
    }
}
