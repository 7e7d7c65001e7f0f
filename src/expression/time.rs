//! Times as events write them: RFC 3339, dates, RFC 2822, Unix seconds and milliseconds.
//!
//! Pure. Invariant: a text or number that is not a time of the years -9999 to 9999 has no result.

use jiff::Timestamp;
use jiff::civil::{Date, DateTime};
use jiff::fmt::rfc2822;
use jiff::tz::TimeZone;

/// The longest text that can be a time, in bytes.
const LONGEST: usize = 100;

/// A number of this size or more counts milliseconds: as seconds it would be the year 5138.
const MILLISECONDS_FROM: u64 = 100_000_000_000;

const NANOSECONDS: i128 = 1_000_000_000;

/// Returns the time that a text names. Without a zone it is UTC.
#[must_use]
pub fn of_text(text: &str) -> Option<Timestamp> {
    let text = text.trim();
    if text.len() > LONGEST {
        return None;
    }
    if !text.starts_with(|c: char| c.is_ascii_digit() || c == '-') {
        return rfc2822::DateTimeParser::new().parse_timestamp(text).ok();
    }
    of_number(text).or_else(|| of_date(text)).or_else(|| {
        // RFC 2822 without its day of the week.
        rfc2822::DateTimeParser::new().parse_timestamp(text).ok()
    })
}

/// Returns the time of a text that starts with `2026-11-28`.
fn of_date(text: &str) -> Option<Timestamp> {
    let shape = |text: &str, at| text.as_bytes().get(at).copied();
    if shape(text, 4) != Some(b'-') || shape(text, 7) != Some(b'-') {
        return None;
    }
    let utc = |time: DateTime| TimeZone::UTC.to_timestamp(time).ok();
    match shape(text, 10) {
        None => utc(text.parse::<Date>().ok()?.into()),
        Some(b'T' | b't' | b' ') if shape(text, 13) == Some(b':') => of_rfc3339(text)
            .or_else(|| utc(text.parse::<DateTime>().ok().filter(|_| is_civil(text))?)),
        Some(_) => None,
    }
}

/// Returns the time of a text in RFC 3339, which names a zone's offset.
#[must_use]
pub fn of_rfc3339(text: &str) -> Option<Timestamp> {
    // A zone's name in RFC 9557's brackets is not part of it.
    let is_plain = text.len() <= LONGEST && !text.contains('[');
    text.parse().ok().filter(|_| is_plain)
}

/// Whether the text after the date has neither an offset nor a zone.
fn is_civil(text: &str) -> bool {
    let time = text.get(11..).unwrap_or_default();
    time.bytes().all(|byte| byte.is_ascii_digit() || matches!(byte, b':' | b'.'))
}

/// Returns the time of a number in JSON's grammar: Unix seconds, or milliseconds from 1e11 on.
#[must_use]
pub fn of_number(text: &str) -> Option<Timestamp> {
    let nanoseconds = nanoseconds(text)?;
    let is_milliseconds =
        nanoseconds.unsigned_abs() >= u128::from(MILLISECONDS_FROM) * NANOSECONDS.unsigned_abs();
    Timestamp::from_nanosecond(if is_milliseconds { nanoseconds / 1000 } else { nanoseconds }).ok()
}

/// Returns a decimal number in billionths, without what is smaller; `None` for a text that is not a
/// number, and for numbers that no time has.
fn nanoseconds(text: &str) -> Option<i128> {
    let (sign, unsigned) = match text.strip_prefix('-') {
        Some(unsigned) => (-1, unsigned),
        None => (1, text),
    };
    let (mantissa, exponent) = unsigned.split_once(['e', 'E']).unwrap_or((unsigned, "0"));
    let (whole, fraction) = mantissa.split_once('.').unwrap_or((mantissa, ""));
    let is_number = |digits: &str| digits.bytes().all(|byte| byte.is_ascii_digit());
    let is_whole = is_number(whole) && (whole.len() == 1 || !whole.starts_with('0'));
    if whole.is_empty() || !is_whole || !is_number(fraction) || mantissa.ends_with('.') {
        return None;
    }
    if mantissa.bytes().all(|byte| matches!(byte, b'0' | b'.')) {
        return Some(0);
    }
    // How many of the digits are whole billionths.
    let exponent: i64 = exponent.parse().ok()?;
    let kept = exponent.checked_add(i64::try_from(whole.len()).ok()?)?.checked_add(9)?;
    let mut digits = whole.bytes().chain(fraction.bytes()).map(|byte| i128::from(byte - b'0'));
    let mut value = 0_i128;
    let mut taken = 0;
    while taken < kept {
        match digits.next() {
            Some(digit) => value = value.checked_mul(10)?.checked_add(digit)?,
            None if value == 0 => break,
            None => value = value.checked_mul(10)?,
        }
        taken += 1;
    }
    Some(sign * value)
}

/// Returns nanoseconds as seconds, a number in JSON's grammar.
#[must_use]
pub fn seconds(nanoseconds: i128) -> String {
    let sign = if nanoseconds < 0 { "-" } else { "" };
    let nanoseconds = nanoseconds.unsigned_abs();
    let unit = NANOSECONDS.unsigned_abs();
    let (whole, fraction) = (nanoseconds / unit, nanoseconds % unit);
    let text = format!("{sign}{whole}.{fraction:09}");
    text.trim_end_matches('0').trim_end_matches('.').to_owned()
}

#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "tests")]
mod tests {
    use super::*;

    fn shown(text: &str) -> Option<String> {
        of_text(text).map(|time| seconds(time.as_nanosecond()))
    }

    #[test]
    fn texts_of_events_are_times() {
        for (text, expected) in [
            ("2026-11-28T12:00:00Z", "1795867200"),
            ("2026-11-28T12:00:00.250Z", "1795867200.25"),
            ("2026-11-28t13:00:00+01:00", "1795867200"),
            ("2026-11-28 13:00:00+01:00", "1795867200"),
            ("2026-11-28", "1795824000"),
            ("2026-11-28 12:00:00", "1795867200"),
            ("2026-11-28T12:00:00", "1795867200"),
            ("2026-11-28 12:00", "1795867200"),
            (" 2026-11-28 ", "1795824000"),
            ("Sat, 28 Nov 2026 12:00:00 +0000", "1795867200"),
            ("Sat, 28 Nov 2026 12:00:00 GMT", "1795867200"),
            ("28 Nov 2026 13:00:00 +0100", "1795867200"),
            ("1795867200", "1795867200"),
            ("1795867200.5", "1795867200.5"),
            ("1795867200123", "1795867200.123"),
            ("1.7958672e9", "1795867200"),
            ("99999999999", "99999999999"),
            ("100000000000", "100000000"),
            ("-1", "-1"),
            ("-0.5", "-0.5"),
            ("0", "0"),
            ("1e-400", "0"),
            ("0.0000000001", "0"),
            ("0e999999999999", "0"),
        ] {
            assert_eq!(shown(text).as_deref(), Some(expected), "{text}");
        }
    }

    #[test]
    fn other_texts_are_not() {
        for text in [
            "",
            " ",
            "soon",
            "now",
            "today",
            "2026",
            "2026-13-01",
            "2026-11-31",
            "2026-11",
            "2026-11-28T",
            "2026-11-28T25:00:00Z",
            "2026-11-28T12:00:00Z[Europe/Berlin]",
            "2026-11-28x12:00:00",
            "28.11.2026",
            "11/28/2026",
            "12:00:00",
            "1e400",
            "1e16",
            "1e99999999999999999999",
            "1.",
            ".5",
            "0x10",
            "-",
            "Mon, 28 Nov 2026 12:00:00 +0000",
        ] {
            // A year alone is a number of seconds.
            let expected = (text == "2026").then(|| text.to_owned());
            assert_eq!(shown(text), expected, "{text}");
        }
    }

    proptest::proptest! {
        #[test]
        fn no_text_panics(text in "[-0-9eE.T:Z+ ]{0,40}|\\PC{0,40}") {
            let _ = of_text(&text);
        }

        #[test]
        fn a_number_is_its_own_seconds(whole in -9_999_999_999_i64..9_999_999_999, milli in 1..1000_u32) {
            let text = format!("{whole}.{milli:03}");
            let expected = text.trim_end_matches('0');
            proptest::prop_assert_eq!(shown(&text).unwrap(), expected);
        }
    }
}
