//! Decimal numbers, for arithmetic and for figures in a message.
//!
//! Pure. Invariant: time and memory are bounded: a number is in the range of [`MAX`], and has at
//! most [`MAX_DIGITS`] digits and [`MAX_SCALE`] decimal places, whatever the text that it was read
//! from, and its exponent.

use std::fmt;
use std::num::NonZeroU64;

use bigdecimal::num_bigint::{BigInt, Sign};
use bigdecimal::{BigDecimal, RoundingMode, Zero};

/// The significant digits of a result.
const PRECISION: u64 = 28;

/// The greatest magnitude: beyond, a number is out of range.
const MAX: i128 = 79_000_000_000_000_000_000_000_000_000;

/// The most digits that are read of a number. Further ones only count as more than nothing.
const MAX_DIGITS: usize = 60;

/// The most zeros after the point of a number below one; a smaller one counts as 0.
const MAX_SCALE: i64 = 100;

/// A decimal number.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Decimal(BigDecimal);

/// Why there is no number.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum DecimalError {
    /// The text is not a number in JSON's grammar.
    #[error("not a number")]
    NotANumber,
    /// The number is beyond ±7.9e28.
    #[error("a number beyond ±7.9e28")]
    OutOfRange,
    /// The divisor is 0.
    #[error("a division by zero")]
    DivisionByZero,
}

impl Decimal {
    /// Reads a number in JSON's grammar.
    ///
    /// # Errors
    /// [`DecimalError::NotANumber`], [`DecimalError::OutOfRange`].
    pub fn parse(text: &str) -> Result<Self, DecimalError> {
        let unsigned = text.strip_prefix('-').unwrap_or(text);
        let (mantissa, exponent) = match unsigned.split_once(['e', 'E']) {
            Some((mantissa, exponent)) => (mantissa, read_exponent(exponent)?),
            None => (unsigned, 0),
        };
        let (whole, fraction) = match mantissa.split_once('.') {
            Some((_, "")) => return Err(DecimalError::NotANumber),
            Some(parts) => parts,
            None => (mantissa, ""),
        };
        let is_digits = |text: &str| text.bytes().all(|byte| byte.is_ascii_digit());
        let has_leading_zero = whole.len() > 1 && whole.starts_with('0');
        if whole.is_empty() || has_leading_zero || !is_digits(whole) || !is_digits(fraction) {
            return Err(DecimalError::NotANumber);
        }
        let digits = || whole.bytes().chain(fraction.bytes());
        let zeros = digits().take_while(|digit| *digit == b'0').count();
        // The places after the point that the significant digits start at, and the places before.
        let length = whole.len() + fraction.len();
        if zeros == length {
            return Ok(Decimal(BigDecimal::zero()));
        }
        let first = exponent.saturating_add(signed(whole.len())).saturating_sub(signed(zeros));
        if first > 29 {
            return Err(DecimalError::OutOfRange);
        }
        if first < -MAX_SCALE {
            return Ok(Decimal(BigDecimal::zero()));
        }
        let mut kept: Vec<u8> = digits().skip(zeros).take(MAX_DIGITS).collect();
        if digits().skip(zeros + MAX_DIGITS).any(|digit| digit != b'0') {
            kept.push(b'1');
        }
        let scale = signed(kept.len()) - first;
        let kept = BigInt::parse_bytes(&kept, 10).ok_or(DecimalError::NotANumber)?;
        let kept = if text.starts_with('-') { -kept } else { kept };
        in_range(BigDecimal::from_bigint(kept, scale))
    }

    /// Returns the sum.
    ///
    /// # Errors
    /// [`DecimalError::OutOfRange`], here and below.
    pub fn plus(&self, other: &Self) -> Result<Self, DecimalError> {
        result(&self.0 + &other.0)
    }

    /// Returns the difference.
    pub fn minus(&self, other: &Self) -> Result<Self, DecimalError> {
        result(&self.0 - &other.0)
    }

    /// Returns the product.
    pub fn times(&self, other: &Self) -> Result<Self, DecimalError> {
        result(&self.0 * &other.0)
    }

    /// Returns the quotient, or [`DecimalError::DivisionByZero`].
    pub fn divided_by(&self, divisor: &Self) -> Result<Self, DecimalError> {
        if divisor.0.is_zero() {
            return Err(DecimalError::DivisionByZero);
        }
        let (numerator, numerator_scale) = self.0.as_bigint_and_scale();
        let (denominator, denominator_scale) = divisor.0.as_bigint_and_scale();
        // Two digits more than the result keeps: whether anything remains decides on a half.
        let wanted = PRECISION + 2 + divisor.0.digits();
        let added = wanted.saturating_sub(self.0.digits());
        let numerator = &*numerator * power_of_ten(added);
        let (quotient, rest) = (&numerator / &*denominator, &numerator % &*denominator);
        let negative = (numerator.sign() == Sign::Minus) != (denominator.sign() == Sign::Minus);
        let last = match (rest.is_zero(), negative) {
            (true, _) => BigInt::zero(),
            (false, false) => BigInt::from(1),
            (false, true) => BigInt::from(-1),
        };
        let scale = numerator_scale - denominator_scale + signed_digits(added) + 1;
        result(BigDecimal::from_bigint(quotient * 10 + last, scale))
    }

    /// Returns what remains of a division; it has the divisor's sign.
    /// [`DecimalError::DivisionByZero`] for the divisor 0.
    pub fn modulo(&self, divisor: &Self) -> Result<Self, DecimalError> {
        if divisor.0.is_zero() {
            return Err(DecimalError::DivisionByZero);
        }
        let rest = &self.0 % &divisor.0;
        let is_other_sign = rest.sign() != Sign::NoSign && rest.sign() != divisor.0.sign();
        result(if is_other_sign { rest + &divisor.0 } else { rest })
    }

    /// Returns the number with at most this many decimal places, a half rounded away from zero.
    #[must_use]
    pub fn rounded(&self, places: u8) -> Self {
        Decimal(self.0.with_scale_round(i64::from(places), RoundingMode::HalfUp).normalized())
    }

    /// Returns the whole part, without the fraction.
    #[must_use]
    pub fn truncated(&self) -> Self {
        Decimal(self.0.with_scale_round(0, RoundingMode::Down).normalized())
    }

    /// Returns the number without its sign.
    #[must_use]
    pub fn abs(&self) -> Self {
        Decimal(self.0.abs())
    }

    /// Whether the number is below zero.
    #[must_use]
    pub fn is_negative(&self) -> bool {
        self.0.sign() == Sign::Minus
    }
}

impl From<i64> for Decimal {
    fn from(int: i64) -> Self {
        Decimal(int.into())
    }
}

/// Without exponent, and without zeros at the end of the fraction.
impl fmt::Display for Decimal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.normalized().write_plain_string(f)
    }
}

/// Rounds the result of an operation to [`PRECISION`], a half to the even digit.
fn result(exact: BigDecimal) -> Result<Decimal, DecimalError> {
    let precision = NonZeroU64::new(PRECISION).unwrap_or(NonZeroU64::MIN);
    in_range(exact.with_precision_round(precision, RoundingMode::HalfEven))
}

fn in_range(number: BigDecimal) -> Result<Decimal, DecimalError> {
    let number = number.normalized();
    if number.abs() > MAX {
        return Err(DecimalError::OutOfRange);
    }
    let (_, scale) = number.as_bigint_and_scale();
    let zeros = scale - signed_digits(number.digits());
    Ok(Decimal(if zeros > MAX_SCALE { BigDecimal::zero() } else { number }))
}

fn read_exponent(text: &str) -> Result<i64, DecimalError> {
    let digits = text.strip_prefix(['+', '-']).unwrap_or(text);
    if digits.is_empty() || !digits.bytes().all(|byte| byte.is_ascii_digit()) {
        return Err(DecimalError::NotANumber);
    }
    // An exponent that does not parse has too many digits.
    let size = digits.parse().unwrap_or(i64::MAX);
    Ok(if text.starts_with('-') { -size } else { size })
}

fn power_of_ten(exponent: u64) -> BigInt {
    BigInt::from(10).pow(u32::try_from(exponent).unwrap_or(u32::MAX))
}

fn signed(count: usize) -> i64 {
    i64::try_from(count).unwrap_or(i64::MAX)
}

fn signed_digits(count: u64) -> i64 {
    i64::try_from(count).unwrap_or(i64::MAX)
}

#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "tests")]
mod tests;
