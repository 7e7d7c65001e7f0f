//! `slackline check --online`: each item right and wrong, and that it leaves no trace.

mod apps;

mod kafka;
