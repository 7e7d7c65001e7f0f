//! The alerts on series of the real program: `tests/alerts.sh record` has it run into each trouble that an operator is woken for, and writes what
//! Prometheus would have scraped into `tests/alerts/recordings/`, beside what must fire at which time. `tests/alerts.sh` has `promtool` judge.

mod promtool;

mod record;

mod tape;
