//! Values of command-line options.

use std::time::Duration;

use crate::config::duration;
use crate::expression::time;

/// Parses a duration in the format of the configuration.
pub fn parse_duration(text: &str) -> Result<Duration, &'static str> {
    duration::parse(text).ok_or(duration::HELP)
}

/// Parses a rate: a finite number above 0.
pub fn parse_rate(text: &str) -> Result<f64, &'static str> {
    let rate = text.parse().ok().filter(|rate: &f64| rate.is_finite() && *rate > 0.0);
    rate.ok_or("give a number above 0, such as `1` or `0.5`")
}

/// Parses the timestamp of a record, in milliseconds since 1970, from RFC 3339.
pub fn parse_timestamp(text: &str) -> Result<i64, &'static str> {
    let time = time::of_rfc3339(text).map(|time| time.as_millisecond());
    time.ok_or("write date, time and zone as in `2026-11-28T12:00:00Z`")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_duration_has_a_unit() {
        assert_eq!(parse_duration("90s"), Ok(Duration::from_secs(90)));
        assert_eq!(parse_duration("2m"), Ok(Duration::from_secs(120)));
        for refused in
            ["", "90", "s", "-1s", "1.5s", "1 s", "99999999999999999999s", "18446744073709551615h"]
        {
            assert!(parse_duration(refused).is_err(), "{refused}");
        }
    }

    #[test]
    fn a_timestamp_has_a_zone() {
        assert_eq!(parse_timestamp("2026-11-28T12:00:00Z"), Ok(1_795_867_200_000));
        assert_eq!(parse_timestamp("2026-11-28T13:00:00.250+01:00"), Ok(1_795_867_200_250));
        for refused in ["", "now", "2026-11-28", "2026-11-28T12:00:00", "1795867200"] {
            assert!(parse_timestamp(refused).is_err(), "{refused}");
        }
    }
}
