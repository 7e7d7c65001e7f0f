//! Times by a format of strftime, in a time zone. The zones are built in: a container has none.

use jiff::Timestamp;
use jiff::fmt::strtime;
use jiff::tz::TimeZone;

/// What `date` shows without a format.
pub const DATE_FORMAT: &str = "%Y-%m-%d %H:%M";

/// What a date of Slack's falls back to.
const FALLBACK_FORMAT: &str = "%Y-%m-%d %H:%M %Z";

/// What `slack_date` shows without a format.
pub const SLACK_FORMAT: &str = "{date_short_pretty} at {time}";

/// Returns the time zone with this name of IANA's.
pub fn zone(name: &str) -> Option<TimeZone> {
    TimeZone::get(name).ok()
}

/// Whether a format has only known directives.
pub fn is_format(format: &str) -> bool {
    date(Timestamp::UNIX_EPOCH, format, TimeZone::UTC).is_some()
}

/// Refuses a format with an unknown directive.
///
/// # Errors
/// The message and the remedy.
pub fn check_format(format: &str) -> Result<(), (String, String)> {
    if is_format(format) {
        return Ok(());
    }
    Err((
        format!("unknown directive `{}` in the format of a date", first_fault(format)),
        "write directives of strftime, as in `%Y-%m-%d %H:%M`; `%%` is a percent sign".to_owned(),
    ))
}

/// Returns the first directive of an invalid format that is not known.
fn first_fault(format: &str) -> &str {
    let flags = |c: char| c.is_ascii_digit() || matches!(c, '-' | '_' | '^' | '#' | ':' | '.');
    let mut directives = format;
    while let Some(at) = directives.find('%') {
        let rest = directives.get(at + 1..).unwrap_or_default();
        let name = rest.trim_start_matches(flags);
        let length = 1 + rest.len() - name.len() + name.chars().next().map_or(0, char::len_utf8);
        let (directive, rest) =
            directives.get(at..).unwrap_or_default().split_at_checked(length).unwrap_or(("%", ""));
        if !is_format(directive) {
            return directive;
        }
        directives = rest;
    }
    "%"
}

/// Refuses an unknown time zone.
///
/// # Errors
/// The message and the remedy.
pub fn check_zone(name: &str) -> Result<(), (String, String)> {
    match zone(name) {
        Some(_) => Ok(()),
        None => Err((
            "unknown time zone".to_owned(),
            "write a name of IANA's list, such as `Europe/Berlin`, `America/New_York` or `UTC`"
                .to_owned(),
        )),
    }
}

/// Returns a time by a format, in a zone; `None` if it has no such form.
pub fn date(time: Timestamp, format: &str, zone: TimeZone) -> Option<String> {
    strtime::format(format, &time.to_zoned(zone)).ok()
}

/// Returns a time as the fallback of a date of Slack's.
pub fn fallback(time: Timestamp, zone: TimeZone) -> Option<String> {
    date(time, FALLBACK_FORMAT, zone)
}
