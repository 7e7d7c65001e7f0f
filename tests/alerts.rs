//! The alerts on series of the real program. `tests/alerts.sh record` runs the program into each
//! fault that an operator must act on, and writes the scraped series to `tests/alerts/recordings/`,
//! with the alerts that must fire at each time. `tests/alerts.sh` evaluates them with `promtool`.

mod promtool;

mod record;

mod recording;
