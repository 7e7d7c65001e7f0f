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

/// Returns a time by a format, in a zone; `None` if it has no such form.
pub fn date(time: Timestamp, format: &str, zone: TimeZone) -> Option<String> {
    strtime::format(format, &time.to_zoned(zone)).ok()
}

/// Returns a time as the fallback of a date of Slack's.
pub fn fallback(time: Timestamp, zone: TimeZone) -> Option<String> {
    date(time, FALLBACK_FORMAT, zone)
}
