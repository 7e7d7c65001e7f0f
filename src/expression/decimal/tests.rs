//! Decimal arithmetic, compared with that of whole numbers.

use bigdecimal::num_bigint::BigInt;
use proptest::prelude::*;

use super::*;

fn read(text: &str) -> Decimal {
    Decimal::parse(text).unwrap()
}

fn plain(text: &str) -> String {
    read(text).to_string()
}

#[test]
fn numbers_print_without_exponent_and_trailing_zeros() {
    for (text, expected) in [
        ("0", "0"),
        ("-0.00", "0"),
        ("1.50", "1.5"),
        ("100", "100"),
        ("1e3", "1000"),
        ("1E+3", "1000"),
        ("-12.5e-3", "-0.0125"),
        ("79000000000000000000000000000", "79000000000000000000000000000"),
        ("0e999999999999999999999", "0"),
        ("1e-999999999999999999999", "0"),
        ("0.1e-99", "0"),
        ("0.000001e7", "10"),
    ] {
        let expected =
            if text == "0.1e-99" { format!("0.{}1", "0".repeat(99)) } else { expected.to_owned() };
        assert_eq!(plain(text), expected, "{text}");
    }
}

#[test]
fn other_texts_are_no_numbers() {
    for text in ["", "-", "+1", "01", ".5", "5.", "1e", "1e+", "0x1", "1_000", " 1", "NaN", "1.2.3"]
    {
        assert_eq!(Decimal::parse(text), Err(DecimalError::NotANumber), "{text}");
    }
    for text in ["1e29", "-79000000000000000000000000001", "1e99999999999999999999", "9e308"] {
        assert_eq!(Decimal::parse(text), Err(DecimalError::OutOfRange), "{text}");
    }
}

#[test]
fn arithmetic_is_decimal() {
    let of = |result: Result<Decimal, DecimalError>| result.map(|result| result.to_string());
    let (a, b) = (read("0.1"), read("0.2"));
    assert_eq!(of(a.plus(&b)).unwrap(), "0.3");
    assert_eq!(of(read("49.90").times(&read("2"))).unwrap(), "99.8");
    assert_eq!(of(read("1").divided_by(&read("3"))).unwrap(), format!("0.{}", "3".repeat(28)));
    assert_eq!(of(read("2").divided_by(&read("3"))).unwrap(), format!("0.{}7", "6".repeat(27)));
    assert_eq!(of(read("-2").divided_by(&read("3"))).unwrap(), format!("-0.{}7", "6".repeat(27)));
    for (a, b, expected) in
        [("5", "3", "2"), ("-5", "3", "1"), ("5", "-3", "-1"), ("-5", "-3", "-2"), ("6", "3", "0")]
    {
        assert_eq!(of(read(a).modulo(&read(b))).unwrap(), expected, "{a} {b}");
    }
    assert_eq!(read("5.5").modulo(&read("0.1")).unwrap().to_string(), "0");
    let (zero, most) = (read("0"), read("7.9e28"));
    assert_eq!(of(a.divided_by(&zero)), Err(DecimalError::DivisionByZero));
    assert_eq!(of(a.modulo(&zero)), Err(DecimalError::DivisionByZero));
    assert_eq!(of(most.times(&read("2"))), Err(DecimalError::OutOfRange));
    assert_eq!(of(most.plus(&read("10"))), Err(DecimalError::OutOfRange));
}

#[test]
fn halves_round_to_even_in_arithmetic_and_away_from_zero_otherwise() {
    // 29 digits, the last one 5.
    for (text, expected) in [
        ("1.0000000000000000000000000005", "1"),
        ("1.0000000000000000000000000015", "1.000000000000000000000000002"),
        (
            "1.00000000000000000000000000050000000000000000000000000000000000000000000000001",
            "1.000000000000000000000000001",
        ),
    ] {
        assert_eq!(read(text).plus(&read("0")).unwrap().to_string(), expected, "{text}");
    }
    for (text, places, expected) in [
        ("0.5", 0, "1"),
        ("-0.5", 0, "-1"),
        ("2.5", 0, "3"),
        ("1.005", 2, "1.01"),
        ("1.00499999999999999999999999999999999", 2, "1"),
        ("-0.004", 2, "0"),
        ("12", 2, "12"),
    ] {
        assert_eq!(read(text).rounded(places).to_string(), expected, "{text}");
    }
    assert_eq!(read("-3607.99").truncated().to_string(), "-3607");
}

/// The number `digits` / 10^`scale`, rounded to 28 digits, as text.
fn model(digits: &BigInt, scale: u32) -> String {
    let negative = digits.sign() == Sign::Minus;
    let (mut digits, mut scale) = (digits.magnitude().to_string(), i64::from(scale));
    if let Some(cut) = digits.len().checked_sub(28).filter(|cut| *cut > 0) {
        let rest = digits.split_off(28);
        scale -= cut as i64;
        let half = format!("5{}", "0".repeat(cut - 1));
        let odd = digits.as_bytes()[27] % 2 == 1;
        if rest > half || rest == half && odd {
            digits = (digits.parse::<u128>().unwrap() + 1).to_string();
        }
    }
    let places = usize::try_from(scale).unwrap_or(0);
    digits.push_str(&"0".repeat(usize::try_from(-scale).unwrap_or(0)));
    let digits = format!("{}{digits}", "0".repeat((places + 1).saturating_sub(digits.len())));
    let (whole, fraction) = digits.split_at(digits.len() - places);
    let fraction = fraction.trim_end_matches('0');
    let text = if fraction.is_empty() { whole.to_owned() } else { format!("{whole}.{fraction}") };
    if negative && text != "0" { format!("-{text}") } else { text }
}

fn written(digits: i128, scale: u32) -> String {
    format!("{digits}e-{scale}")
}

proptest! {
    #[test]
    fn results_equal_those_of_whole_numbers(
        a in -10_i128.pow(28)..10_i128.pow(28), b in -10_i128.pow(28)..10_i128.pow(28),
        scale in 0_u32..20, other in 0_u32..20,
    ) {
        let (x, y) = (read(&written(a, scale)), read(&written(b, other)));
        let (a, b) = (BigInt::from(a), BigInt::from(b));
        let common = scale.max(other);
        let ten = |by: u32| BigInt::from(10).pow(by);
        let (a_wide, b_wide) = (&a * ten(common - scale), &b * ten(common - other));
        prop_assert_eq!(x.plus(&y).unwrap().to_string(), model(&(&a_wide + &b_wide), common));
        prop_assert_eq!(x.minus(&y).unwrap().to_string(), model(&(&a_wide - &b_wide), common));
        if let Ok(product) = x.times(&y) {
            prop_assert_eq!(product.to_string(), model(&(&a * &b), scale + other));
        }
        if b_wide != BigInt::zero() && let Ok(quotient) = x.divided_by(&y) {
            // Times 10^90, and its last digit odd if anything remains: a half is never mistaken.
            let numerator = &a_wide * ten(90);
            let mut exact = (&numerator / &b_wide) * 10;
            if &numerator % &b_wide != BigInt::zero() {
                exact += if numerator.sign() == b_wide.sign() { 1 } else { -1 };
            }
            prop_assert_eq!(quotient.to_string(), model(&exact, 91));
        }
    }

    #[test]
    fn any_number_is_read_or_refused(text in "-?[0-9]{1,80}(\\.[0-9]{1,80})?([eE][+-]?[0-9]{1,30})?") {
        if let Ok(number) = Decimal::parse(&text) {
            let shown = number.to_string();
            prop_assert!(shown.len() < 200, "{}", shown);
            prop_assert_eq!(Decimal::parse(&shown).unwrap(), number);
        }
    }

    #[test]
    fn no_text_panics(text in ".{0,20}") {
        let _ = Decimal::parse(&text);
    }
}
