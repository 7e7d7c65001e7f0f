//! Functions that write times for readers.

use jiff::Timestamp;
use jiff::tz::TimeZone;

use super::call::Call;
use crate::event::Value;
use crate::expression::error::EvalError;
use crate::expression::format::{dates, links};

impl<'r> Call<'_, 'r> {
    /// Returns a time by a format of strftime.
    pub fn date(&self) -> Result<Value<'r>, EvalError> {
        let time = self.instant()?;
        let format = if self.nodes.len() > 1 { self.text(1) } else { dates::DATE_FORMAT };
        self.budget.bytes_read(format.len())?;
        let zone = self.zone(2)?;
        match dates::date(time, format, zone) {
            Some(text) => self.budget.text(text),
            None if dates::is_format(format) => Err(self.wrong(0, "a time that has this form")),
            None => Err(self.wrong(1, "a format of strftime")),
        }
    }

    /// Returns Slack's markup of a time, which each reader sees in their time zone.
    pub fn slack_date(&self) -> Result<Value<'r>, EvalError> {
        let time = self.instant()?;
        let format = if self.nodes.len() > 1 { self.text(1) } else { dates::SLACK_FORMAT };
        self.budget.bytes_read(format.len())?;
        if !links::is_date_format(format) {
            return Err(self.wrong(1, "a format without `^`, `<`, `>` and `|`"));
        }
        let fallback = dates::fallback(time, self.zone(2)?).unwrap_or_default();
        self.marked(links::date(time.as_second(), format, &fallback))
    }

    fn instant(&self) -> Result<Timestamp, EvalError> {
        let found = self.time()?.and_then(|time| Timestamp::from_nanosecond(time).ok());
        found.ok_or_else(|| self.wrong(0, "a time"))
    }

    fn zone(&self, at: usize) -> Result<TimeZone, EvalError> {
        if self.nodes.len() <= at {
            return Ok(TimeZone::UTC);
        }
        dates::zone(self.text(at)).ok_or_else(|| self.wrong(at, "a time zone of IANA's"))
    }
}
